//! A voucher is in memory once for each life of its partition, whatever happens while it is loaded.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::commands::{facts, issue, redeem, voucher};
use common::stage::{Moods, Stage, until};
use domain::voucher::{Decline, Event};
use engine::{Answer, NotDone};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

fn event(answer: Result<Answer, NotDone>) -> Event {
    match answer {
        Ok(Answer::Recorded { entry, .. }) => entry.event,
        other => panic!("{other:?}"),
    }
}

/// Of 50 euro 40 were taken, and the ledger does not know of it yet, when 40 are to be taken again.
async fn pay_again(stage: &Stage, first: Result<Answer, NotDone>) {
    let first = event(first);
    assert!(matches!(first, Event::Redeem { .. }), "{first:?}");
    let second = event(stage.vouchers.execute(voucher(6), redeem(11, 4_000), stage.clock.far()).await);
    let declined = matches!(second, Event::Decline { decline: Decline::InsufficientBalance, .. });
    assert!(declined, "4,000 of 5,000 were taken twice: {second:?}");
}

/// A first payment of 40 euro, asked for beside everything else.
fn pay(stage: &Stage) -> actix_rt::task::JoinHandle<Result<Answer, NotDone>> {
    let (vouchers, far) = (stage.vouchers.clone(), stage.clock.far());
    actix_rt::spawn(async move { vouchers.execute(voucher(6), redeem(10, 4_000), far).await })
}

#[actix_rt::test]
async fn a_question_that_came_before_the_partition_served() {
    let moods = Moods::default();
    moods.head.shut();
    let stage = Stage::start_with(&facts(voucher(6), &[issue(5, 5_000)]), moods, Duration::from_secs(900));
    // the ledger holds everything up to the opening that is about to come, and then stands still
    stage.ledger.seq.store(stage.ledger.end() + 1, SeqCst);
    let early = pay(&stage);
    until(|| stage.moods.head.waiting.load(SeqCst) == 1).await;
    assert_eq!(stage.vouchers.resident(), 0, "nobody comes into memory before the journal was read");
    stage.moods.head.open();
    pay_again(&stage, early.await.unwrap()).await;
    stage.stop().await;
}

#[actix_rt::test]
async fn whoever_asks_a_partition_that_does_not_serve_is_soon_told_that_nothing_was_done() {
    let moods = Moods::default();
    moods.head.shut();
    let stage = Stage::start_with(&facts(voucher(6), &[issue(5, 5_000)]), moods, Duration::from_secs(900));
    let far = stage.clock.far();
    assert_eq!(stage.vouchers.view(voucher(6), far).await.err(), Some(NotDone::NotExecuted));
    assert_eq!(stage.vouchers.execute(voucher(6), redeem(10, 4_000), far).await.err(), Some(NotDone::NotExecuted));
    stage.moods.head.open();
    assert!(stage.vouchers.view(voucher(6), far).await.unwrap().is_some());
    stage.stop().await;
}

#[actix_rt::test]
async fn a_voucher_that_was_being_loaded_when_the_partition_was_opened_anew() {
    let mut both = facts(voucher(6), &[issue(5, 5_000)]);
    both.extend(facts(voucher(7), &[issue(8, 5_000)]));
    let stage = Stage::start(&both);
    let far = stage.clock.far();
    assert!(stage.vouchers.view(voucher(7), far).await.unwrap().is_some());
    stage.ledger.seq.store(stage.ledger.end() + 1, SeqCst);
    // the thread of the actors stands still over a question to one voucher …
    stage.clock.actors.shut();
    let busy = stage.vouchers.clone();
    let busy = actix_rt::spawn(async move { busy.view(voucher(7), far).await });
    until(|| stage.clock.actors.waiting.load(SeqCst) == 1).await;
    // … the other is to be loaded behind it …
    let late = pay(&stage);
    until(|| stage.vouchers.resident() == 2).await;
    // … and the partition is opened anew in the meantime
    let opened = stage.moods.opened.load(SeqCst);
    stage.moods.failing_checks.store(1, SeqCst);
    stage.vouchers.barrier(far).await.unwrap();
    assert_eq!(stage.moods.opened.load(SeqCst), opened + 1);
    stage.clock.actors.open();
    pay_again(&stage, late.await.unwrap()).await;
    assert!(busy.await.unwrap().unwrap().is_some());
    stage.stop().await;
}

#[actix_rt::test]
async fn questions_that_wait_when_a_life_ends_are_all_answered_in_the_next() {
    let stage = Stage::start(&facts(voucher(6), &[issue(5, 5_000)]));
    let far = stage.clock.far();
    for round in 0..5 {
        assert!(stage.vouchers.view(voucher(6), far).await.unwrap().is_some());
        stage.clock.actors.shut();
        let waiting = stage.clock.actors.waiting.load(SeqCst);
        let asking = (0..20).map(|number| {
            let vouchers = stage.vouchers.clone();
            actix_rt::spawn(
                async move { vouchers.execute(voucher(6), redeem(100 * (round + 1) + number, 1), far).await },
            )
        });
        let asking: Vec<_> = asking.collect();
        until(|| stage.clock.actors.waiting.load(SeqCst) > waiting).await;
        stage.moods.failing_checks.store(1, SeqCst);
        stage.vouchers.barrier(far).await.unwrap();
        stage.clock.actors.open();
        for one in asking {
            assert!(matches!(event(one.await.unwrap()), Event::Redeem { .. }));
        }
    }
    assert_eq!(stage.vouchers.view(voucher(6), far).await.unwrap().unwrap().balance.get(), 4_900);
    stage.stop().await;
}

/// Whoever brings the ledger up to date is away, and the partition was opened anew.
#[actix_rt::test]
async fn who_waits_for_a_ledger_that_does_not_follow_is_told_that_nothing_was_done() {
    let stage = Stage::start(&facts(voucher(6), &[issue(5, 5_000)]));
    let far = stage.clock.far();
    stage.vouchers.barrier(far).await.unwrap();
    stage.ledger.seq.store(stage.ledger.end(), SeqCst);
    stage.moods.failing_checks.store(1, SeqCst);
    stage.vouchers.barrier(far).await.unwrap();
    let asking: Vec<_> = (0..3)
        .map(|number| {
            let vouchers = stage.vouchers.clone();
            actix_rt::spawn(async move { vouchers.execute(voucher(6), redeem(20 + number, 1), far).await })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap().err(), Some(NotDone::NotExecuted), "not unknown: it was never decided");
    }
    stage.ledger.seq.store(u64::MAX, SeqCst);
    assert!(matches!(event(stage.vouchers.execute(voucher(6), redeem(30, 1), far).await), Event::Redeem { .. }));
    stage.stop().await;
}
