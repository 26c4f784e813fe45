//! The workers over a real ledger and vouchers that are decided as the engine decides them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod expiry;
mod mail;
mod messages;
#[path = "../../../store/tests/common/postgres.rs"]
mod postgres;
mod projection;
mod races;
mod town;
