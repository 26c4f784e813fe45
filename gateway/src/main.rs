//! The `buono` binary.

use clap::Parser;
use gateway::config::{Cli, run};
use std::process::ExitCode;

/// Steadier tails under load than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run(Cli::parse())
}
