//! The journal's contract, rule by rule, on every adapter.
//!
//! To add an adapter: one line in [`stores::each_store`]. What only a file can go through is in
//! [`damage`] and [`disk`], what only a server can in [`redis`], [`server`] and [`tls`].
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/certificates.rs"]
mod certificates;
mod crowds;
mod damage;
mod disk;
mod leases;
#[path = "../common/postgres.rs"]
mod postgres;
mod redis;
mod restore;
mod rules;
mod server;
mod stores;
mod tls;
mod upgrade;
