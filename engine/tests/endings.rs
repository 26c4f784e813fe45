//! The end of a process, orderly and under load, and a journal that fails and recovers.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::commands::{facts, issue, redeem, voucher};
use common::stage::{Stage, until};
use engine::{Answer, NotDone};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// What tills were told while they kept asking.
#[derive(Default)]
struct Told {
    done: BTreeSet<u128>,
    not_executed: BTreeSet<u128>,
    unknown: BTreeSet<u128>,
    /// Anything else, which no till should ever hear.
    odd: Vec<String>,
}

impl Told {
    fn hears(&mut self, number: u128, verdict: &Result<Answer, NotDone>) {
        match verdict {
            Ok(Answer::Recorded { .. }) => drop(self.done.insert(number)),
            Err(NotDone::NotExecuted) => drop(self.not_executed.insert(number)),
            Err(NotDone::Unknown) => drop(self.unknown.insert(number)),
            other => self.odd.push(format!("{number}: {other:?}")),
        }
    }

    /// Nothing that was answered is lost, and nothing happened that was said not to have.
    fn check(&self, stage: &Stage) -> BTreeSet<u128> {
        let written: BTreeSet<u128> =
            stage.ledger.written().into_iter().map(|(_, entry)| entry.operation.uuid().as_u128()).collect();
        assert_eq!(self.odd, [""; 0]);
        assert!(self.done.is_subset(&written), "answered and lost: {:?}", self.done.difference(&written));
        let untrue: Vec<_> = self.not_executed.intersection(&written).collect();
        assert!(untrue.is_empty(), "not executed and there: {untrue:?}");
        written
    }
}

/// Tills that ask as fast as they are answered, until they are told to stop.
fn tills(stage: &Stage, count: u128, stop: &Arc<AtomicBool>) -> Vec<actix_rt::task::JoinHandle<Told>> {
    let till = |till: u128| {
        let (vouchers, clock, stop) = (stage.vouchers.clone(), Arc::clone(&stage.clock), Arc::clone(stop));
        actix_rt::spawn(async move {
            let mut told = Told::default();
            for at in 0.. {
                if stop.load(SeqCst) {
                    break;
                }
                let number = 1_000 + till + 1_000 * at;
                let id = voucher(6 + number % 3);
                let deadline = domain::clock::Timestamp::from_micros(clock.now.load(SeqCst) + 2_000_000);
                let verdict = vouchers.execute(id, redeem(number, 1), deadline).await;
                told.hears(number, &verdict);
                if told.odd.len() > 100 {
                    return told;
                }
                if verdict.is_err() {
                    actix_rt::time::sleep(Duration::from_millis(5)).await;
                }
            }
            told
        })
    };
    (0..count).map(till).collect()
}

async fn all(tills: Vec<actix_rt::task::JoinHandle<Told>>) -> Told {
    let mut all = Told::default();
    for till in tills {
        let told = till.await.unwrap();
        all.done.extend(told.done);
        all.not_executed.extend(told.not_executed);
        all.unknown.extend(told.unknown);
        all.odd.extend(told.odd);
    }
    all
}

fn three_vouchers() -> Stage {
    let issued = (6..9).flat_map(|number| facts(voucher(number), &[issue(number, 1_000_000)]));
    Stage::start(&issued.collect::<Vec<_>>())
}

#[actix_rt::test]
async fn an_end_under_load_answers_everybody_and_loses_nothing() {
    let (stage, stop) = (three_vouchers(), Arc::new(AtomicBool::new(false)));
    let tills = tills(&stage, 50, &stop);
    let enough = stage.ledger.end() + 2_000;
    until(|| stage.ledger.end() > enough).await;
    stage.stop().await;
    let end = stage.ledger.end();
    // the tills go on asking for a while, as tills do
    actix_rt::time::sleep(Duration::from_millis(30)).await;
    stop.store(true, SeqCst);
    let told = all(tills).await;
    let written = told.check(&stage);
    assert_eq!(stage.ledger.end(), end, "nothing is written after the end");
    let open = written.iter().filter(|number| **number >= 1_000 && !told.done.contains(number)).count();
    assert!(open <= told.unknown.len(), "{open} were written that nobody heard of");
    assert!(told.done.len() > 1_000 && !told.not_executed.is_empty(), "too little happened to prove anything");
}

#[actix_rt::test]
async fn an_end_while_the_journal_fails_answers_everybody_and_claims_nothing() {
    let (stage, stop) = (three_vouchers(), Arc::new(AtomicBool::new(false)));
    let tills = tills(&stage, 20, &stop);
    let enough = stage.ledger.end() + 500;
    until(|| stage.ledger.end() > enough).await;
    stage.moods.full.store(true, SeqCst);
    actix_rt::time::sleep(Duration::from_millis(100)).await;
    let end = stage.ledger.end();
    stop.store(true, SeqCst);
    stage.clock.now.fetch_add(1_000_000, SeqCst);
    stage.stop().await;
    let told = all(tills).await;
    told.check(&stage);
    assert_eq!(stage.ledger.end(), end);
    assert!(told.done.len() > 100);
    assert!(!told.unknown.is_empty(), "of what was under way nobody can say anything");
}

/// A payment that is on its way to the journal, and an end that waits for it.
async fn ending_over(stage: &Stage, number: u128) -> actix_rt::task::JoinHandle<Result<Answer, NotDone>> {
    stage.vouchers.view(voucher(6), stage.clock.far()).await.unwrap();
    stage.moods.appends.shut();
    let (vouchers, far) = (stage.vouchers.clone(), stage.clock.far());
    let paying = actix_rt::spawn(async move { vouchers.execute(voucher(6), redeem(number, 1), far).await });
    until(|| stage.moods.appends.waiting.load(SeqCst) == 1).await;
    let vouchers = stage.vouchers.clone();
    actix_rt::spawn(actix_rt::task::spawn_blocking(move || vouchers.stop()));
    // the end has begun when nothing is taken in any more
    loop {
        let verdict = stage.vouchers.barrier(stage.clock.far().plus_seconds(-59)).await;
        if verdict == Err(NotDone::NotExecuted) {
            return paying;
        }
    }
}

#[actix_rt::test]
async fn the_last_batch_is_found_again_if_its_reply_is_lost() {
    let stage = three_vouchers();
    let paying = ending_over(&stage, 100).await;
    stage.moods.silent_appends.store(1, SeqCst);
    stage.moods.appends.open();
    assert!(matches!(paying.await.unwrap(), Ok(Answer::Recorded { .. })));
}

#[actix_rt::test]
async fn an_actor_that_dies_at_the_end_leaves_nobody_with_a_false_answer() {
    let stage = three_vouchers();
    let paying = ending_over(&stage, 100).await;
    stage.clock.deaths.store(1, SeqCst);
    let verdict = stage.vouchers.execute(voucher(6), redeem(101, 1), stage.clock.far()).await;
    assert_eq!(verdict.unwrap_err(), NotDone::Unknown, "it may have submitted something before it died");
    stage.moods.appends.open();
    assert!(matches!(paying.await.unwrap(), Ok(Answer::Recorded { .. })));
}

#[actix_rt::test]
async fn a_full_journal_is_a_503_and_goes_on_by_itself() {
    let (stage, stop) = (three_vouchers(), Arc::new(AtomicBool::new(false)));
    let tills = tills(&stage, 20, &stop);
    for _ in 0..5 {
        let enough = stage.ledger.end() + 200;
        until(|| stage.ledger.end() > enough).await;
        stage.moods.full.store(true, SeqCst);
        actix_rt::time::sleep(Duration::from_millis(60)).await;
        let end = stage.ledger.end();
        actix_rt::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(stage.ledger.end(), end, "nothing is written to a full disk");
        stage.moods.full.store(false, SeqCst);
    }
    let enough = stage.ledger.end() + 200;
    until(|| stage.ledger.end() > enough).await;
    stop.store(true, SeqCst);
    let told = all(tills).await;
    let written = told.check(&stage);
    assert!(!told.not_executed.is_empty(), "nobody noticed");
    assert_eq!(written.len(), told.done.len() + 3, "what was taken was told, and nothing else was taken");
    stage.stop().await;
}

#[actix_rt::test]
async fn an_answer_that_the_journal_lost_is_found_again() {
    let stage = three_vouchers();
    let asked = AtomicU64::new(0);
    for number in 100..150 {
        stage.moods.silent_appends.store(number as u64 % 2, SeqCst);
        let verdict = stage.vouchers.execute(voucher(6), redeem(number, 1), stage.clock.far()).await;
        assert!(matches!(verdict, Ok(Answer::Recorded { .. })), "{verdict:?}");
        asked.fetch_add(1, SeqCst);
    }
    let view = stage.vouchers.view(voucher(6), stage.clock.far()).await.unwrap().unwrap();
    assert_eq!(view.balance.get(), 1_000_000 - 50);
    stage.stop().await;
}
