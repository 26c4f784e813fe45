//! Everything at once over the real actors: tills that hang up and ask again, a journal that fails,
//! a ledger that lags, actors that die and vouchers that leave memory.
//!
//! The simulator's tills ask, and its check of histories judges. Threads make each run another one,
//! so the seed only says what is asked.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;
#[path = "simulator/dice.rs"]
mod dice;
#[path = "simulator/tills.rs"]
#[allow(dead_code, reason = "the storm asks no auditor, and waits by itself")]
mod tills;

use common::history::{Fact, Heard, History, Question, Told};
use common::stage::{Moods, Stage};
use dice::Dice;
use domain::clock::{Clock, Timestamp};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Command, Decision, Entry, Origin, Terms, Voucher, decide};
use engine::cell::Ask;
use engine::{Answer, NotDone};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use tills::{Till, VOUCHERS};

const ROUNDS: u64 = 8;
const TILLS: usize = 60;

/// What was asked and heard so far.
#[derive(Default)]
struct Log {
    questions: Vec<Question>,
    heard: Vec<Heard>,
}

/// The first three vouchers, as the office issued them.
fn founded(log: &mut Log) -> Vec<Entry> {
    let issue = |at: usize| {
        let key = OpKey([0xf0 + u8::try_from(at).unwrap(); 16]);
        let command = Command {
            operation: tills::operation(at),
            origin: Origin::System,
            key,
            request_hash: RequestHash(key.0),
            action: tills::issue(),
        };
        let (voucher, clock) = (tills::voucher(at), Timestamp::from_micros(2));
        log.questions.push(Question { voucher, ask: Ask::Execute(command), sent_at: 0, clock });
        match decide(&Voucher::new(voucher), &command, clock) {
            Decision::Record(entry) => entry,
            other => panic!("{other:?}"),
        }
    };
    (0..VOUCHERS - 1).map(issue).collect()
}

/// One till, until it has what it wants; now and then it hangs up and asks again.
async fn shop(stage: Rc<Stage>, log: Rc<RefCell<Log>>, mut till: Till, mut dice: Dice) {
    loop {
        let question = log.borrow().questions.len();
        let Some(ask) = till.ask(question, Terms::OPEN) else { return };
        let voucher = tills::voucher(till.voucher);
        let sent_at = stage.moods.tick();
        log.borrow_mut().questions.push(Question { voucher, ask, sent_at, clock: Timestamp::EPOCH });
        let asking = {
            let (stage, deadline) = (Rc::clone(&stage), stage.clock.far());
            actix_rt::spawn(async move {
                match ask {
                    Ask::Execute(command) => stage.vouchers.execute(voucher, command, deadline).await,
                    Ask::View => stage.vouchers.view(voucher, deadline).await.map(|v| Answer::Viewed(v.map(Box::new))),
                }
            })
        };
        if dice.chance(10) {
            // it hangs up, and what it asked goes on without it
            actix_rt::task::yield_now().await;
            continue;
        }
        let verdict = asking.await.unwrap();
        let heard_at = stage.moods.tick();
        log.borrow_mut().questions[question].clock = stage.clock.now();
        if matches!(verdict, Err(NotDone::Halted)) {
            // three deaths in a row, which the weather can bring about: the voucher is left alone
            return;
        }
        assert!(!matches!(verdict, Err(NotDone::Stale)), "this never leaves the engine");
        if let Some(told) = Told::of(&verdict) {
            till.hears(&told);
            log.borrow_mut().heard.push(Heard { question, released_at: heard_at, heard_at: Some(heard_at), told });
        }
        actix_rt::time::sleep(Duration::from_micros(dice.roll(800))).await;
    }
}

/// What goes wrong, until nobody asks any more.
async fn weather(stage: Rc<Stage>, mut dice: Dice) {
    loop {
        actix_rt::time::sleep(Duration::from_micros(dice.between(100, 2_500))).await;
        match dice.roll(24) {
            0 => stage.moods.silent_appends.store(1, SeqCst),
            1 => stage.moods.failing_checks.store(1, SeqCst),
            2 => {
                stage.moods.full.store(true, SeqCst);
                actix_rt::time::sleep(Duration::from_millis(3)).await;
                stage.moods.full.store(false, SeqCst);
            }
            3 => stage.clock.deaths.store(1, SeqCst),
            4..8 => {
                stage.vouchers.passivate(stage.ledger.as_ref(), stage.clock.far()).await;
            }
            // the ledger lags behind the journal, by something else each time
            _ => {
                let end = stage.ledger.end();
                stage.ledger.seq.fetch_max(end.saturating_sub(dice.roll(6)), SeqCst);
            }
        }
    }
}

/// Facts with the moment when each was in the journal.
fn facts(stage: &Stage) -> Vec<Fact> {
    let durable = stage.moods.durable.lock().unwrap().clone();
    let at = |seq| durable.iter().find(|(last, _)| *last >= seq).map_or(0, |(_, at)| *at);
    let fact =
        |(seq, entry): (u64, Entry)| Fact { seq, entry, durable_at: if seq <= VOUCHERS as u64 { 0 } else { at(seq) } };
    stage.ledger.written().into_iter().map(fact).collect()
}

async fn round(seed: u64) -> usize {
    let mut log = Log::default();
    let founded = founded(&mut log);
    let stage = Rc::new(Stage::start_with(&founded, Moods::default(), Duration::ZERO));
    // behind the opening record and the three issues
    stage.ledger.seq.store(VOUCHERS as u64, SeqCst);
    stage.moods.time.store(1, SeqCst);
    let log = Rc::new(RefCell::new(log));
    let mut dice = Dice::new(seed);
    let mut shops: Vec<Till> = (0..TILLS).map(|number| Till::new(number, &mut dice)).collect();
    shops.push(Till::issuer(TILLS));
    let weather = actix_rt::spawn(weather(Rc::clone(&stage), Dice::new(seed + 1_000)));
    let shops = shops
        .into_iter()
        .zip(2_000..)
        .map(|(till, at)| actix_rt::spawn(shop(Rc::clone(&stage), Rc::clone(&log), till, Dice::new(seed + at))));
    for shop in shops.collect::<Vec<_>>() {
        shop.await.unwrap();
    }
    weather.abort();
    stage.moods.full.store(false, SeqCst);
    stage.stop().await;
    let (log, facts) = (log.borrow(), facts(&stage));
    let history = History { questions: &log.questions, heard: &log.heard, facts: &facts };
    history.check().unwrap_or_else(|why| panic!("round {seed}: {why}"));
    log.heard.len()
}

#[actix_rt::test]
async fn no_weather_makes_anybody_hear_what_is_not_so() {
    // actors die on purpose: nobody wants to read of it
    std::panic::set_hook(Box::new(|panic| {
        if !panic.to_string().contains("as the test wants") {
            println!("{panic}");
        }
    }));
    let mut heard = 0;
    for seed in 0..ROUNDS {
        heard += round(seed).await;
    }
    assert!(heard > 500, "only {heard} answers: they prove nothing");
}
