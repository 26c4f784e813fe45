//! What only a server can go through, on Redis as Debian has it and on a current Valkey.

pub mod damage;
mod failures;
#[path = "../common/proxy.rs"]
mod proxy;
pub mod server;
mod settings;
