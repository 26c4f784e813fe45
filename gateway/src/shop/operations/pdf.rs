//! The operations as a document.

use super::export::List;
use super::totals::{Sum, by_day, by_staff, by_till};
use crate::texts::{day, euro, moment};
use documents::{Operation, Operations, Total};
use domain::rome;
use store::ledger::TakenRow;

/// What the document says.
pub(super) fn form(list: &List<'_>) -> Operations {
    let (wanted, lang) = (&list.wanted, list.wanted.lang);
    let on = |micros| day(lang, micros);
    let first = list.rows.first().map_or(wanted.now, |row| row.operation.decided_at).max(wanted.filter.from);
    let from = if wanted.filter.from > 0 { wanted.filter.from } else { first };
    let period = [("from", on(from).into()), ("to", on(wanted.filter.to.min(wanted.now + 1) - 1).into())];
    let operation = |TakenRow { operation: row, staff_id }: &TakenRow| Operation {
        at: moment(lang, row.decided_at),
        receipt_code: List::receipt(row),
        kind: list.kind(row),
        till: list.till(row.terminal_id).to_owned(),
        staff: list.staff(*staff_id).to_owned(),
        amount: euro(lang, List::owed(row)),
    };
    let total = |of: String, sum: Sum| Total { of, count: sum.count, amount: euro(lang, sum.cents) };
    let days = by_day(&list.hours);
    let all = days.values().map(|sum| sum.cents).sum();
    let of_day = |(date, sum)| total(on(rome::start_of_day(date).micros()), sum);
    let staff = by_staff(&list.hours).into_iter().filter(|_| list.names_staff());
    let shop = [&wanted.shop.name, &wanted.shop.legal_name, &wanted.shop.vat_number];
    Operations {
        shop: shop.into_iter().filter(|line| !line.is_empty()).cloned().collect(),
        period: list.texts.get(lang, "paper-period", &period),
        only: list.only.clone(),
        made_at: list.texts.get(lang, "paper-made-at", &[("at", moment(lang, wanted.now).into())]),
        operations: list.rows.iter().map(operation).collect(),
        days: days.into_iter().map(of_day).collect(),
        tills: by_till(&list.hours).into_iter().map(|(till, sum)| total(list.till(till).to_owned(), sum)).collect(),
        staff: staff.map(|(id, sum)| total(list.staff(id).to_owned(), sum)).collect(),
        total: euro(lang, all),
    }
}
