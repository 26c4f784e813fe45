//! `buono-loadtest`: will it hold on the day of the payout, and does it tell the truth under load?
//!
//! The parts, in the order in which a run uses them: [`options`] and [`town`] say where to go with
//! what; [`survey`] looks at every voucher before; [`pace`] says when the next request is due and
//! [`mix`] which one it is; [`forms`] writes it, [`http`] carries it, [`answer`] reads what came back;
//! [`figures`] measures and [`history`] remembers; [`settle`] asks the server afterwards for all that
//! it holds; [`checker`], which is pure, compares; [`report`] tells.
//!
//! To add a kind of request: a variant of [`mix::Kind`] with its share, its text in [`forms`], what its
//! answer means in [`answer`], and, if it can break a promise, a planted breach in `checker/tests.rs`.
#![allow(clippy::print_stdout, reason = "the result goes to standard output, progress to standard error")]

mod answer;
mod asker;
mod checker;
mod clock;
mod figures;
mod forms;
mod history;
mod http;
mod mix;
mod options;
mod pace;
mod report;
mod run;
mod settle;
mod survey;
mod town;

use checker::{Verdict, check};
use clap::Parser;
use clock::{Clock, run_number};
use forms::Forms;
use history::{History, Record};
use http::Target;
use mix::{Cast, Chooser, Kind};
use options::{Options, Spread};
use report::{page, report};
use run::{Plan, run};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use survey::Survey;
use town::Town;

/// Why there is no verdict; ends the program with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

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
    let town = Town::read(&options)?;
    let target = Target::parse(&town.base_url)?;
    let number = run_number();
    let seed = options.seed.unwrap_or(number);
    let forms = Forms::new(&town, &target.host, number);
    let mut plan = Plan { options, clock: Clock::start(), start: Duration::ZERO, target, forms, vouchers: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure(format!("this machine runs nothing more: {error}")))?;
    let survey = runtime.block_on(look_around(&plan, &town))?;
    let (vouchers, terminals) = (survey.active.len(), town.terminals.len());
    eprintln!("{vouchers} vouchers, {terminals} terminals, --seed {seed}");
    plan.vouchers.clone_from(&survey.vouchers);
    let choosers = choosers(&plan.options, &survey, &town, seed)?;
    plan.start = plan.clock.now();
    let plan = Arc::new(plan);
    let (mut log, cpu) = run(&plan, choosers)?;
    let (verdict, settled) = match plan.options.no_check {
        true => (None, Ok(())),
        false => runtime.block_on(judge(&plan, survey, &town, std::mem::take(&mut log.records))),
    };
    let setting = json!({
        "target": town.base_url, "seed": seed, "keys": plan.forms.keys, "vouchers_count": vouchers,
        "terminals_count": terminals, "connections": plan.options.connections, "threads": plan.options.threads,
        "rate_per_second": plan.options.rate, "warm_up_s": plan.options.warm_up, "duration_s": plan.options.duration,
    });
    let report = report(&setting, &log, cpu, verdict.as_ref());
    println!("{}", page(&report).map_err(|error| Failure(error.to_string()))?);
    println!("{}", verdict.as_ref().map_or("Nothing was checked.".to_owned(), Verdict::to_string));
    if let Some(path) = &plan.options.json {
        let written = std::fs::write(path, format!("{report:#}\n"));
        written.map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    }
    match verdict.map_or(0, |verdict| verdict.breaches_count) {
        0 if log.measured.all().answered() == 0 => {
            Err(Failure(format!("nothing was answered: {}", log.measured.trouble.unwrap_or_default())))
        }
        0 => settled.map(|()| 0),
        count => Ok(count),
    }
}

/// Without a check nobody has to know what the vouchers are worth, unless they are to be filled up.
async fn look_around(plan: &Plan, town: &Town) -> Result<Survey, Failure> {
    if !plan.options.no_check || plan.options.fund_cents.is_some() {
        return survey::survey(plan, town).await;
    }
    let count = if plan.options.vouchers == Spread::One { 1 } else { town.vouchers.len() };
    Ok(Survey { active: (0..).take(count).collect(), began: survey::greet(plan).await?, ..Survey::default() })
}

/// One for each thread, with the seed of its instants.
fn choosers(options: &Options, survey: &Survey, town: &Town, seed: u64) -> Result<Vec<(Chooser, u64)>, Failure> {
    let mix = options.mix.unwrap_or_default();
    let has_link = |at: &u32| town.vouchers[*at as usize].link_token().is_some();
    let linked: Vec<u32> = survey.active.iter().copied().filter(has_link).collect();
    if linked.is_empty() && mix.has(Kind::Link) {
        return Err(Failure(
            "no voucher has a link: add them, or give --mix links=0 and what else you want".to_owned(),
        ));
    }
    let parts = u32::try_from(options.threads).unwrap_or(u32::MAX);
    let chooser = |part: u32| {
        let cast = Cast {
            vouchers: survey.active.clone(),
            linked: linked.clone(),
            terminals: u16::try_from(town.terminals.len()).unwrap_or(u16::MAX),
            amount_cents_max: options.amount_cents_max,
            part: (part, parts),
        };
        let seed = seed.wrapping_add(part.into());
        (Chooser::new(seed, mix, cast), seed)
    };
    Ok((0..parts).map(chooser).collect())
}

/// Compares what was answered with itself and with what the server holds, if that can be had.
async fn judge(
    plan: &Plan,
    survey: Survey,
    town: &Town,
    mut records: Vec<Record>,
) -> (Option<Verdict>, Result<(), Failure>) {
    records.extend(&survey.looks);
    eprintln!("checking {} answers", records.len());
    let settled = settle::settle(plan, &survey, &mut records).await;
    let (ledger, settled) = settled.map_or_else(|failure| (None, Err(failure)), |rows| (Some(rows), Ok(())));
    let vouchers = town.vouchers.iter().map(|voucher| voucher.name.clone()).collect();
    let history = History { keys: plan.forms.keys.clone(), terminals: survey.terminals, vouchers, records, ledger };
    (Some(check(history)), settled)
}
