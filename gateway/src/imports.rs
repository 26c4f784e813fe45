//! Reading uploaded files: bytes to rows to typed rows, with every problem of every row at once.

mod archive;
pub mod beneficiaries;
pub mod columns;
pub mod decode;
pub mod shops;

pub use shops::ShopContacts;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Problems that a report lists; beyond it only their number is said.
pub const PROBLEMS_MAX: usize = 1_000;

/// Something wrong, or odd, in an upload. Never shows a personal value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowProblem {
    /// As the spreadsheet counts: the header is row 1. Zero for the whole file.
    pub row: usize,
    /// Which column.
    pub field: String,
    /// What, a stable name; texts are `import-problem-<code>` in the catalogue.
    pub code: String,
    /// The same in words, in the reader's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl RowProblem {
    /// A problem.
    #[must_use]
    pub fn new(row: usize, field: &str, code: &str) -> Self {
        Self { row, field: field.to_owned(), code: code.to_owned(), text: None }
    }
}

/// Rows that can be used, and what is wrong with the others.
#[derive(Debug)]
pub struct Parsed<T> {
    /// Rows without a problem.
    pub rows: Vec<T>,
    /// Rows there were.
    pub total: usize,
    /// Why the other rows cannot be used.
    pub problems: Vec<RowProblem>,
    /// What somebody should look at.
    pub warnings: Vec<RowProblem>,
}
