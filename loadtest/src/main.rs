//! `buono-loadtest`: the load tester on the command line.
#![allow(clippy::print_stdout, reason = "the result goes to standard output, progress to standard error")]

use clap::Parser;
use loadtest::{Failure, Load, Options, Town, Verdict, page};
use std::process::ExitCode;

fn main() -> ExitCode {
    match load(Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("buono-loadtest: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Runs everything in order; how many promises were broken.
fn load(options: Options) -> Result<u64, Failure> {
    options.check()?;
    let (town, path) = (Town::read(&options)?, options.json.clone());
    let load = Load::start(options, town)?;
    load.watch();
    let ended = load.finish()?;
    println!("{}", page(&ended.report)?);
    println!("{}", ended.verdict.as_ref().map_or("Nothing was checked.".to_owned(), Verdict::to_string));
    if let Some(path) = &path {
        ended.write(path)?;
    }
    match ended.verdict.map_or(0, |verdict| verdict.breaches_count) {
        0 => ended.settled.map(|()| 0),
        count => Ok(count),
    }
}
