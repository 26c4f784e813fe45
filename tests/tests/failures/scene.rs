//! A load, and what strikes it; the verdict comes at the end.

use crate::arena::{Arena, Kind};
use crate::cases::Case;
use crate::dice::Dice;
use crate::table::Row;
use crate::town::town;
use clap::Parser;
use loadtest::{Load, Options, Verdict};
use std::ops::Range;
use std::time::Duration;

/// Payments that must have been answered before anything breaks.
const WARM: usize = 100;
/// A service that is away this much longer than what was wrong has not come back by itself.
const AWAY_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long faults last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For `make test`.
    Short,
    /// As they happen.
    Long,
}

pub struct Scene {
    pub arena: Arena,
    pub load: Load,
    pub dice: Dice,
    pub form: Form,
}

impl Scene {
    pub fn new(form: Form, seed: u64, on: Kind) -> Self {
        println!("{}, BUONO_SEED={seed}", on.name());
        let (arena, mut dice) = (Arena::new(on), Dice::new(seed));
        let town = town(&arena.node, &mut dice);
        let words = format!(
            "failures --seed {seed} --rate 250 --connections 64 --warm-up 0 --duration 86000 --fund-cents 1000000
             --mix lookups=10,duplicates=5,refusals=5,reversals=5 --hang-up 5 --patience 600 --clock-slack 200000"
        );
        let load = Load::start(Options::parse_from(words.split_whitespace()), town);
        let load = load.unwrap_or_else(|failure| panic!("the load does not begin: {failure}\n{}", arena.log()));
        let scene = Self { arena, load, dice, form };
        scene.until("the load begins", || scene.load.payments() >= WARM);
        scene
    }

    /// Waits until something has happened.
    pub fn until(&self, what: &str, happened: impl Fn() -> bool) {
        let from = self.load.now();
        while !happened() {
            assert!(self.load.now() - from < AWAY_MAX, "{what}: not within {AWAY_MAX:?}\n{}", self.arena.log());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Some time, so that nobody knows what is under way.
    pub fn any_moment(&mut self) {
        self.pause(0..300);
    }

    pub fn pause(&mut self, millis: Range<u64>) {
        std::thread::sleep(self.dice.millis(millis));
    }

    /// Strikes as often as the case says. The longest time from the end of what was wrong to the first payment
    /// that was sent after it and answered.
    fn strike(&mut self, case: &Case) -> Duration {
        let mut away = Duration::ZERO;
        for _ in 0..case.times {
            self.any_moment();
            let lifted = case.fault.strike(self);
            self.until(case.name, || self.load.paid_since(lifted).is_some());
            away = away.max(self.load.paid_since(lifted).unwrap().saturating_sub(lifted));
        }
        away
    }

    /// Everything that was told is true: by the tills' memory, by the shops' lists, and by `buono verify`.
    pub fn judge(mut self) -> (Verdict, Arena, Dice) {
        self.load.stop();
        let ended = self.load.finish().unwrap();
        ended.settled.unwrap_or_else(|failure| panic!("the load cannot be judged: {failure}\n{}", self.arena.log()));
        let verdict = ended.verdict.unwrap();
        assert_eq!((verdict.breaches_count, verdict.open_keys_count), (0, 0), "{verdict}\n{}", self.arena.log());
        assert!(verdict.ledger_rows_count.unwrap() >= verdict.operations_count, "{verdict}");
        // some of those that were answered are repetitions
        assert!(verdict.operations_count > WARM as u64 / 2, "{verdict}");
        self.arena.node.end();
        let verified = self.arena.verify();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        println!("{verdict} {}", String::from_utf8_lossy(&verified.stdout));
        (verdict, self.arena, self.dice)
    }
}

/// Strikes with each case after the other under one load, and judges at the end.
pub fn run(form: Form, seed: u64, on: Kind, cases: &[Case]) -> Vec<Row> {
    let mut scene = Scene::new(form, seed, on);
    let away: Vec<Duration> = cases
        .iter()
        .map(|case| {
            let away = scene.strike(case);
            let at = scene.load.now();
            println!("  {at:.1?}: {} x {}: served again after {away:.2?}", case.times, case.name);
            away
        })
        .collect();
    let (verdict, ..) = scene.judge();
    cases.iter().zip(away).map(|(case, away)| Row::of(case, &verdict, away, seed)).collect()
}
