//! A whole run: look around, send the tills off, and compare at the end.

use crate::Failure;
use crate::checker::{Verdict, check};
use crate::clock::{Clock, run_number};
use crate::figures::micros;
use crate::forms::Forms;
use crate::history::{Act, History, Outcome, Record};
use crate::http::Targets;
use crate::mix::{Cast, Chooser, Kind};
use crate::options::{Options, Spread};
use crate::pace::End;
use crate::report::report;
use crate::run::{Crew, Plan};
use crate::survey::Survey;
use crate::town::Town;
use crate::{settle, survey};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A load under way.
pub struct Load {
    plan: Arc<Plan>,
    town: Town,
    survey: Survey,
    seed: u64,
    crew: Crew,
    runtime: Runtime,
}

/// What came of it.
pub struct Ended {
    /// Everything that was measured, as JSON.
    pub report: Value,
    /// Whether the promises were kept; `None` when nothing was checked.
    pub verdict: Option<Verdict>,
    /// Why the server could not be asked for all that it holds, or that nothing was answered at all.
    pub settled: Result<(), Failure>,
}

impl Ended {
    /// Writes the report to a file.
    ///
    /// # Errors
    /// When that does not work.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let written = std::fs::write(path, format!("{:#}\n", self.report));
        written.map_err(|error| Failure(format!("{}: {error}", path.display())))
    }
}

impl Load {
    /// Looks at every voucher and sends the tills off.
    ///
    /// # Errors
    /// When the server is not there or the town is not as the options say.
    pub fn start(options: Options, town: Town) -> Result<Self, Failure> {
        let targets = Targets::parse(town.addresses())?;
        let number = run_number();
        let seed = options.seed.unwrap_or(number);
        let forms = Forms::new(&town, &targets.at(0).host, number);
        let (clock, end) = (Clock::start(), End::default());
        let start = Duration::ZERO;
        let mut plan = Plan { options, clock, start, end, targets, forms, vouchers: Vec::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure(format!("this machine runs nothing more: {error}")))?;
        let survey = runtime.block_on(look_around(&plan, &town))?;
        let (vouchers, terminals) = (survey.active.len(), town.terminals.len());
        eprintln!("{vouchers} vouchers, {terminals} terminals, --seed {seed}");
        plan.vouchers.clone_from(&survey.vouchers);
        let choosers = choosers(&plan.options, &survey, &town, seed)?;
        plan.begin();
        let plan = Arc::new(plan);
        let crew = Crew::start(&plan, choosers)?;
        Ok(Self { plan, town, survey, seed, crew, runtime })
    }

    /// The time of the run.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.plan.clock.now()
    }

    /// Tells each second how it goes, until the run is over.
    pub fn watch(&self) {
        self.crew.watch(&self.plan);
    }

    /// From now on whoever connects takes turns among these servers.
    ///
    /// # Errors
    /// When one is no address.
    pub fn turn_to(&self, urls: &[&str]) -> Result<(), Failure> {
        self.plan.targets.replace(urls.iter().copied())
    }

    /// Payments that were answered up to now, each try for itself.
    #[must_use]
    pub fn payments(&self) -> usize {
        let paid = |record: &&Record| record.act == Act::Redeem && record.outcome == Outcome::Done;
        self.crew.count(|records| records.iter().filter(paid).count())
    }

    /// Answers up to now that said "not executed", or that it is not known.
    #[must_use]
    pub fn refusals(&self) -> usize {
        let refused = |record: &&Record| matches!(record.outcome, Outcome::NotExecuted | Outcome::Unknown);
        self.crew.count(|records| records.iter().filter(refused).count())
    }

    /// When the first payment that was sent after this instant was answered, if one was.
    #[must_use]
    pub fn paid_since(&self, instant: Duration) -> Option<Duration> {
        let from_us = micros(instant);
        let paid = |record: &&Record| {
            record.act == Act::Redeem && record.outcome == Outcome::Done && record.sent_us >= from_us
        };
        let first = self.crew.first(|records| records.iter().filter(paid).map(Record::received_us).min());
        first.map(Duration::from_micros)
    }

    /// Lets the tills go home: what is under way is still answered.
    pub fn stop(&self) {
        self.plan.end.bring_forward(self.now());
    }

    /// Waits until the run is over, asks the server for all that it holds, and compares.
    ///
    /// # Errors
    /// When a thread of the load died.
    pub fn finish(self) -> Result<Ended, Failure> {
        let Self { plan, town, survey, seed, crew, runtime } = self;
        let (mut log, cpu) = crew.join()?;
        let vouchers = survey.active.len();
        let (verdict, settled) = match plan.options.no_check {
            true => (None, Ok(())),
            false => runtime.block_on(judge(&plan, survey, &town, std::mem::take(&mut log.records))),
        };
        let setting = json!({
            "target": town.base_url, "seed": seed, "keys": plan.forms.keys, "vouchers_count": vouchers,
            "terminals_count": town.terminals.len(), "connections": plan.options.connections,
            "threads": plan.options.threads, "rate_per_second": plan.options.rate,
            "warm_up_s": plan.options.warm_up, "duration_s": plan.options.duration,
        });
        let report = report(&setting, &log, cpu, verdict.as_ref());
        let settled = match log.measured.all().answered() {
            0 => Err(Failure(format!("nothing was answered: {}", log.measured.trouble.unwrap_or_default()))),
            _ => settled,
        };
        Ok(Ended { report, verdict, settled })
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
            hang_up: options.hang_up / 100.0,
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
