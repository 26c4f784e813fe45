//! The gateway: what shops, citizens, municipalities and operators talk to, and the `buono` binary.
//!
//! To add an endpoint: a file in [`shop`], [`citizen`] or [`admin`] with a handler that takes
//! [`auth::Till`], [`auth::Citizen`] or [`auth::Staff`] and returns `Result<HttpResponse, Problem>`,
//! the types it takes and sends, and its description, which names the same roles and every way to
//! fail ([`openapi`]); its route in that part's `configure`; a code in [`problem::TABLE`] with its texts
//! in both catalogues for each new way to fail; a test over real HTTP in `tests/tests`. The generated
//! tests there then try it with every role, from every town, and with nonsense.

pub mod admin;
pub mod auth;
mod background;
pub mod citizen;
pub mod claims;
pub mod config;
pub mod csv_out;
pub mod demo;
pub mod directory;
pub mod docs;
pub mod edge;
mod figures;
pub mod headers;
pub mod hub;
pub mod imports;
pub mod ledger_watch;
pub mod limits;
pub mod mail;
pub mod messages;
pub mod node;
pub mod nothing;
pub mod openapi;
pub mod ops;
pub mod pages;
pub mod paper;
mod passwords;
pub mod problem;
pub mod seen;
pub mod serve;
pub mod settings;
pub mod shop;
pub mod state;
pub mod stores;
pub mod texts;
mod unrouted;
pub mod upkeep;
pub mod wire;
pub mod work;
