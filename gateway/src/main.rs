//! The `buono` binary.

use gateway::config::{parse, run};
use std::process::ExitCode;

/// Steadier tails under load than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    run(parse(&args).unwrap_or_else(|error| error.exit()))
}
