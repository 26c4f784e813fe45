//! The operations as a file that Italian Excel opens.

use super::export::List;
use super::kind_of;
use crate::csv_out::{Cell, Csv};

/// The columns; `kind` has the interface's stable names, since programs read these files too.
const COLUMNS: [&str; 12] = [
    "day",
    "time",
    "kind",
    "amount",
    "reversed",
    "balance",
    "till",
    "receipt",
    "operation",
    "voucher",
    "voucher-seq",
    "staff",
];

/// All operations of the list.
pub(super) fn file(list: &List<'_>) -> Vec<u8> {
    let heads = COLUMNS.map(|column| list.head(column));
    let mut csv = Csv::new(&heads.each_ref().map(String::as_str));
    for taken in &list.rows {
        let row = &taken.operation;
        let at = List::at(row);
        csv.row(&[
            Cell::Text(&at.strftime("%d/%m/%Y").to_string()),
            Cell::Text(&at.strftime("%H:%M:%S").to_string()),
            Cell::Text(kind_of(row)),
            Cell::Cents(List::owed(row)),
            Cell::Cents(row.reversed_cents),
            Cell::Cents(row.balance_after_cents),
            Cell::Text(list.till(row.terminal_id)),
            Cell::Text(&List::receipt(row)),
            Cell::Text(&row.id.to_string()),
            Cell::Text(&row.voucher_id.to_string()),
            Cell::Number(row.voucher_seq),
            Cell::Text(list.staff(taken.staff_id)),
        ]);
    }
    csv.finish().into_bytes()
}
