//! Many rows in one statement: a round trip to the database costs more than a row.

use super::super::db::Db;
use std::fmt::Write;
use uuid::Uuid;

/// How many rows one statement writes. One text for full statements and one for each remainder keeps
/// the cache of prepared statements small; both databases take far more parameters than this needs.
pub(super) const ROWS_A_STATEMENT: usize = 64;

/// A value to bind; `None` keeps its type, which Postgres wants to know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Id(Option<Uuid>),
    Number(Option<i64>),
    Text(Option<&'static str>),
    Bytes(&'a [u8]),
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

/// A statement around a list of rows.
pub(super) struct Table {
    /// The text before the rows.
    pub before: &'static str,
    /// The text after them.
    pub after: &'static str,
    /// How many values a row has.
    pub width: usize,
    /// Whether a row that finds nothing to write contradicts the journal.
    pub each_row_counts: bool,
}

/// What one step writes with one statement.
pub(super) struct Rows<'a> {
    pub table: &'static Table,
    pub values: Vec<Value<'a>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'static Table) -> Self {
        Self { table, values: Vec::new() }
    }

    pub(super) fn push<const N: usize>(&mut self, row: [Value<'a>; N]) {
        debug_assert_eq!(N, self.table.width);
        self.values.extend(row);
    }

    pub(super) fn width(&self) -> usize {
        self.table.width
    }

    /// The statement for so many rows.
    pub(super) fn statement(&self, db: &Db, rows: usize) -> String {
        let mut text =
            String::with_capacity(self.table.before.len() + self.table.after.len() + rows * self.width() * 6);
        text.push_str(self.table.before);
        for row in 0..rows {
            text.push_str(if row == 0 { " VALUES (" } else { "), (" });
            for column in 1..=self.width() {
                text.push_str(if column == 1 { "" } else { ", " });
                match db {
                    // writing to a String cannot fail
                    Db::Pg(_) => drop(write!(text, "${}", row * self.width() + column)),
                    // SQLite looks a numbered parameter up in a list, which is quadratic in a thousand of them
                    Db::Lite(_) => text.push('?'),
                }
            }
        }
        text.push(')');
        text.push_str(self.table.after);
        text
    }
}
