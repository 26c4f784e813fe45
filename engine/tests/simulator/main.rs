//! A seeded world of tills, owners and a journal that loses replies, delays bytes, runs out of
//! room, loses its power and is taken over, driving the very [`engine::cell::Cell`] and
//! [`engine::writer::Writer`] of production.
//!
//! Each seed is one history. What everybody was told is compared with what the disk holds at the
//! end: see `common/history.rs`. Then each rule of the protocol is left out in turn, and the
//! simulator must notice.
//!
//! - `BUONO_SEEDS=n` runs so many seeds (`make simulate`: a million).
//! - `BUONO_SEED=n` replays one with its trace; `BUONO_WITHOUT="no open record"` leaves a rule out.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "only the rate is measured by the machine's own clock")]

mod agenda;
#[path = "../common/mod.rs"]
mod common;
mod dice;
mod disk;
mod faults;
mod ledger;
mod network;
mod owner;
mod questions;
mod rules;
mod tills;
mod trace;
mod world;

use rules::Without;
use std::collections::BTreeMap;
use std::time::Duration;
use world::World;

/// Seeds in `make test`, with and without the rules.
const SEEDS: u64 = 20_000;
const SEEDS_WITHOUT: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn history(seed: u64, without: Without) -> Result<(), String> {
    World::new(seed, without, false).run().0
}

/// The history once more, told in full.
fn replay(seed: u64, without: Without) {
    let (verdict, trace) = World::new(seed, without, true).run();
    println!("seed {seed}, without {without:?}");
    trace.iter().for_each(|line| println!("{line}"));
    println!("verdict: {verdict:?}");
}

/// Counts the seeds that broke a promise, on every core.
fn breaches(seeds: u64, without: Without) -> Vec<(u64, String)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let run = |core: u64| {
        (core..seeds)
            .step_by(cores as usize)
            .filter_map(|seed| Some((seed, history(seed, without).err()?)))
            .collect::<Vec<_>>()
    };
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(move || run(core))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    found.sort_unstable();
    found
}

#[test]
fn the_protocol_keeps_every_promise() {
    if let Some(seed) = number("BUONO_SEED") {
        let wanted = std::env::var("BUONO_WITHOUT").unwrap_or_default();
        let without =
            Without::RULES.iter().find(|(_, name)| *name == wanted).map_or(Without::Nothing, |(rule, _)| *rule);
        return replay(seed, without);
    }
    let seeds = number("BUONO_SEEDS").unwrap_or(SEEDS);
    let started = std::time::Instant::now();
    let found = breaches(seeds, Without::Nothing);
    let took = started.elapsed().max(Duration::from_millis(1));
    println!(
        "{seeds} seeds of the full protocol in {took:.1?}: {:.0} a minute",
        seeds as f64 / took.as_secs_f64() * 60.0
    );
    if let Some((seed, why)) = found.first() {
        replay(*seed, Without::Nothing);
        panic!("{} of {seeds} seeds broke a promise; the first, {seed}: {why}", found.len());
    }
}

#[test]
fn without_any_one_rule_money_is_lost() {
    let seeds = number("BUONO_SEEDS").map_or(SEEDS_WITHOUT, |seeds| seeds.min(20_000));
    for (without, name) in Without::RULES {
        let found = breaches(seeds, without);
        println!("{name:<48} found in {:>6} of {seeds} seeds: {}", found.len(), by_invariant(&found));
        assert!(!found.is_empty(), "{name}: left out, and nothing was noticed in {seeds} seeds");
    }
}

/// How often each invariant was broken, and where first.
fn by_invariant(found: &[(u64, String)]) -> String {
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for (seed, why) in found {
        let kind = why.split_once(':').map_or("no answer", |(kind, _)| kind);
        kinds.entry(kind).or_insert((0, *seed)).0 += 1;
    }
    let told: Vec<String> =
        kinds.iter().map(|(kind, (count, first))| format!("{kind} {count} (seed {first})")).collect();
    told.join(", ")
}
