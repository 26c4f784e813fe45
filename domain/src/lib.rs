//! The rules of Buono, with nothing around them.
//!
//! Everything here is pure: no input or output, no clock, no randomness, no `async`. Time and ids
//! are arguments. That is what lets the same code decide a payment in production, replay a journal
//! after a crash, and run under a simulator at tens of thousands of histories a minute.
//!
//! - [`voucher`] is the heart: [`voucher::decide`] says what a command does to a voucher,
//!   [`voucher::Voucher::apply`] makes it so.
//! - [`record`] wraps decided facts into the numbered records of a partition's journal.
//! - [`cents`], [`ids`], [`keys`], [`clock`] and [`rome`] are the vocabulary.

pub mod cents;
pub mod clock;
pub mod codice_fiscale;
pub mod contacts;
pub mod ids;
pub mod keys;
pub mod partita_iva;
pub mod record;
pub mod rome;
pub mod voucher;
