//! What several tests of the engine share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod commands;
pub mod history;
pub mod stage;
