//! Everything that is kept: the only crate with SQL.
//!
//! - [`journal`] is the write-ahead truth: append-only, ordered, fenced, chained.
//! - [`receipt`] proves to a shop what the journal says.

pub mod journal;
pub mod receipt;
