//! I4: the shops' lists hold exactly what was answered, once.

use super::Court;
use super::keys::Outcomes;
use crate::history::{Act, Listed};

/// The rows of all lists, in the order in which they are compared.
pub(super) struct Rows(Vec<Listed>);

pub(super) fn sorted(ledger: Option<Vec<Listed>>) -> Option<Rows> {
    let mut rows = ledger?;
    rows.sort_unstable_by_key(|row| (row.voucher, row.voucher_seq));
    Some(Rows(rows))
}

impl Rows {
    pub(super) fn of(&self, voucher: u32) -> &[Listed] {
        let from = self.0.partition_point(|row| row.voucher < voucher);
        let to = self.0.partition_point(|row| row.voucher <= voucher);
        &self.0[from..to]
    }
}

fn row_words(row: &Listed) -> String {
    let (cents, seq, id) = (row.amount_cents, row.voucher_seq, row.operation);
    format!("a {} of {cents} cents, seq {seq}, operation {id}, balance {}", row.act.words(), row.balance_cents)
}

/// Compares one voucher's operations with its rows; both are in the order of its life.
pub(super) fn check(court: &mut Court<'_>, found: &Outcomes<'_>, rows: &[Listed]) {
    // what lies before the first look was there before the run
    let first =
        found.events.iter().find(|event| event.record.act == Act::Read).map_or(0, |event| event.record.voucher_seq);
    let mut rows = rows.iter().peekable();
    let told = found.events.iter().map(|event| event.record).filter(|record| record.act != Act::Read);
    let unannounced = |court: &mut Court<'_>, row: &Listed| {
        if row.voucher_seq > first && found.open_keys == 0 {
            court.verdict.untold_count += 1;
            court.breach("I4", |names| {
                let (voucher, shop) = (names.voucher(row.voucher), names.shop(row.shop));
                format!(
                    "the list of {shop} holds what no answer told of, or holds it twice: on {voucher} {}",
                    row_words(row)
                )
            });
        }
    };
    for record in told {
        while let Some(row) = rows.next_if(|row| row.voucher_seq < record.voucher_seq) {
            unannounced(court, row);
        }
        let same = |row: &&Listed| row.voucher_seq == record.voucher_seq && row.operation == record.operation;
        let Some(row) = rows.next_if(same) else {
            court.verdict.lost_count += 1;
            court.breach("I4", |names| format!("answered and not in the shop's list: {}", names.told(record)));
            continue;
        };
        let shop = court.names.terminals[usize::from(record.terminal)].shop;
        if (row.act, row.amount_cents, row.balance_cents, row.shop)
            != (record.act, record.amount_cents, record.balance_cents, shop)
        {
            court.breach("I4", |names| {
                let list = names.shop(row.shop);
                format!(
                    "answered otherwise than the list of {list} says: {}; the list: {}",
                    names.told(record),
                    row_words(row)
                )
            });
        }
    }
    rows.for_each(|row| unannounced(court, row));
}
