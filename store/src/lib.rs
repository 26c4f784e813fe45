//! Everything that is kept: the only crate with SQL.
//!
//! - [`journal`] is the write-ahead truth: append-only, ordered, fenced, chained.
//! - [`ledger`] is everything one queries; [`ledger::Db::project`] is its only writer of money.
//! - [`keys`], [`codes`] and [`seal`] keep what is personal or secret: derived, indexed blindly, sealed.
//! - [`files`] are there whole or not at all.
//! - [`tls`] and [`postgres`] say how servers on other machines are reached.
//! - [`receipt`] proves to a shop what the journal says.

pub mod codes;
pub mod files;
pub mod journal;
pub mod keys;
pub mod ledger;
mod migrations;
pub mod postgres;
pub mod receipt;
pub mod seal;
pub mod tls;
