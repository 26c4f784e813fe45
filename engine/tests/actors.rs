//! What happens to questions when there are too many, when they are late, when their actor dies or
//! leaves memory, and when there are a hundred thousand of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::commands::{again, facts, issue, redeem, voucher};
use common::stage::{Lagging, Moods, Stage, StageClock, until};
use domain::ids::{PartitionId, VoucherId};
use domain::voucher::{Command, Event, Kind};
use engine::source::{Facts, Pending};
use engine::{Answer, NotDone, Source, Vouchers};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;
use std::time::Duration;
use store::journal::Head;

type Verdict = Result<Answer, NotDone>;
type Asking<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// More than a voucher's mailbox holds.
const TOO_MANY: u128 = engine::actor::MAILBOX_LEN_MAX as u128 + 1_000;

/// Sends a question without waiting; gives it back if it was not answered at once.
async fn send<'a>(mut asking: Asking<'a>) -> Result<Asking<'a>, Verdict> {
    let polled = std::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
    match polled {
        Poll::Ready(verdict) => Err(verdict),
        Poll::Pending => Ok(asking),
    }
}

fn recorded(verdict: &Verdict) -> Option<u128> {
    match verdict {
        Ok(Answer::Recorded { entry, .. }) => Some(entry.operation.uuid().as_u128()),
        _ => None,
    }
}

/// The operations that the journal holds, without the issues.
fn written(stage: &Stage) -> BTreeSet<u128> {
    let redeems = stage.ledger.written().into_iter().filter(|(_, entry)| entry.event.kind() != Kind::Issue);
    redeems.map(|(_, entry)| entry.operation.uuid().as_u128()).collect()
}

fn one_voucher() -> Stage {
    Stage::start(&facts(voucher(6), &[issue(5, 1_000_000)]))
}

/// Lets actors die without a trace on the terminal, which takes longer than dying.
fn die_quietly() {
    std::panic::set_hook(Box::new(|_| {}));
}

#[actix_rt::test]
async fn a_full_mailbox_refuses_and_nothing_of_it_happens_later() {
    let stage = one_voucher();
    let (vouchers, far) = (&stage.vouchers, stage.clock.far());
    vouchers.view(voucher(6), far).await.unwrap();
    stage.clock.actors.shut();
    let (mut under_way, mut refused) = (Vec::new(), BTreeSet::new());
    for number in 100..100 + TOO_MANY {
        match send(Box::pin(vouchers.execute(voucher(6), redeem(number, 1), far))).await {
            Ok(asking) => under_way.push(asking),
            Err(verdict) => {
                assert_eq!(verdict.unwrap_err(), NotDone::NotExecuted, "{number}");
                refused.insert(number);
            }
        }
    }
    assert!(refused.len() >= 500 && under_way.len() > 4_000, "{} refused", refused.len());
    stage.clock.actors.open();
    let mut done = BTreeSet::new();
    for asking in under_way {
        done.insert(recorded(&asking.await).expect("what was taken in is carried out"));
    }
    assert_eq!(written(&stage), done);
    assert!(done.is_disjoint(&refused));
    // a refused one may be sent again under the same key
    let number = *refused.first().unwrap();
    let verdict = vouchers.execute(voucher(6), redeem(number, 1), far).await;
    assert_eq!(recorded(&verdict), Some(number));
    stage.stop().await;
}

#[actix_rt::test]
async fn a_question_that_is_too_late_is_never_executed() {
    let stage = one_voucher();
    let vouchers = &stage.vouchers;
    vouchers.view(voucher(6), stage.clock.far()).await.unwrap();
    let past = stage.clock.far().plus_seconds(-3_600);
    let verdict = vouchers.execute(voucher(6), redeem(10, 1), past).await;
    assert_eq!(verdict.unwrap_err(), NotDone::NotExecuted, "it was late when it came");
    // another becomes late in the mailbox, and nobody can say so before its actor looks at it
    stage.clock.actors.shut();
    let soon = stage.clock.far().plus_seconds(-59);
    let asking = send(Box::pin(vouchers.execute(voucher(6), redeem(11, 1), soon))).await.ok().unwrap();
    stage.clock.now.fetch_add(10_000_000, SeqCst);
    assert_eq!(asking.await.unwrap_err(), NotDone::Unknown);
    stage.clock.actors.open();
    vouchers.view(voucher(6), stage.clock.far()).await.unwrap();
    assert_eq!(written(&stage), BTreeSet::new());
    stage.stop().await;
}

#[actix_rt::test]
async fn a_voucher_that_kills_its_actor_is_left_alone_and_the_others_go_on() {
    let mut both = facts(voucher(6), &[issue(5, 5_000)]);
    both.extend(facts(voucher(7), &[issue(8, 5_000)]));
    let stage = Stage::start(&both);
    let (vouchers, far) = (&stage.vouchers, stage.clock.far());
    die_quietly();
    // two deaths, and an answer in the end; and the same again: not three in a row
    for round in 0..3_u128 {
        stage.clock.deaths.store(2, SeqCst);
        let number = 10 + round;
        assert_eq!(recorded(&vouchers.execute(voucher(6), redeem(number, 1), far).await), Some(number));
    }
    stage.clock.deaths.store(3, SeqCst);
    let verdict = vouchers.execute(voucher(6), redeem(20, 1), far).await;
    assert_eq!(verdict.unwrap_err(), NotDone::Halted);
    stage.clock.deaths.store(0, SeqCst);
    let verdict = vouchers.execute(voucher(6), redeem(21, 1), far).await;
    assert_eq!(verdict.unwrap_err(), NotDone::Halted, "it stays alone until somebody looks at it");
    assert_eq!(recorded(&vouchers.execute(voucher(7), redeem(30, 1), far).await), Some(30));
    drop(std::panic::take_hook());
    assert_eq!(written(&stage), BTreeSet::from([10, 11, 12, 30]));
    stage.stop().await;
}

#[actix_rt::test]
async fn a_voucher_that_left_memory_comes_back_with_every_keys_outcome() {
    let stage = Stage::start_with(&facts(voucher(6), &[issue(5, 200)]), Moods::default(), Duration::ZERO);
    let vouchers = &stage.vouchers;
    let mut told: Vec<(Command, Event)> = Vec::new();
    for number in 10..40 {
        let command = redeem(number, 15);
        let verdict = vouchers.execute(voucher(6), command, stage.clock.far()).await.unwrap();
        let Answer::Recorded { entry, .. } = verdict else { panic!("{verdict:?}") };
        told.push((command, entry.event));
        stage.clock.now.fetch_add(120_000_000, SeqCst);
        // it leaves only once the ledger has everything
        stage.ledger.seq.store(stage.ledger.end() - 1, SeqCst);
        assert_eq!(vouchers.passivate(stage.ledger.as_ref(), stage.clock.far()).await, 0);
        stage.ledger.seq.store(u64::MAX, SeqCst);
        assert_eq!(vouchers.passivate(stage.ledger.as_ref(), stage.clock.far()).await, 1);
        assert_eq!(vouchers.resident(), 0);
        for (command, event) in &told {
            let known = vouchers.execute(voucher(6), again(1_000 + number, command), stage.clock.far()).await.unwrap();
            let Answer::Known(outcome) = known else { panic!("{known:?}") };
            assert_eq!((outcome.operation, outcome.kind), (command.operation, event.kind()));
        }
    }
    let declines = told.iter().filter(|(_, event)| event.kind() == Kind::Decline).count();
    assert_eq!((declines, told.len()), (17, 30), "13 times 15 of 200 cents");
    stage.stop().await;
}

#[actix_rt::test]
async fn a_question_that_meets_a_closed_mailbox_is_delivered_to_the_next() {
    let stage = one_voucher();
    let (vouchers, far) = (&stage.vouchers, stage.clock.far());
    vouchers.view(voucher(6), far).await.unwrap();
    die_quietly();
    for number in 10..40 {
        // the actor dies under somebody who hung up, so that the next question finds it closed
        stage.clock.deaths.store(1, SeqCst);
        drop(send(Box::pin(vouchers.view(voucher(6), far).map_view())).await);
        until(|| stage.clock.deaths.load(SeqCst) == 0).await;
        assert_eq!(recorded(&vouchers.execute(voucher(6), redeem(number, 1), far).await), Some(number));
    }
    drop(std::panic::take_hook());
    assert_eq!(written(&stage), (10..40).collect());
    stage.stop().await;
}

/// A look at a voucher as a verdict like any other.
trait MapView {
    fn map_view(self) -> impl Future<Output = Verdict>;
}

impl<F: Future<Output = Result<Option<domain::voucher::View>, NotDone>>> MapView for F {
    async fn map_view(self) -> Verdict {
        self.await.map(|view| Answer::Viewed(view.map(Box::new)))
    }
}

#[actix_rt::test]
async fn one_voucher_takes_a_hundred_thousand_payments() {
    const PAYMENTS: u128 = 100_000;
    const AT_ONCE: usize = 2_000;
    let stage = one_voucher();
    let (vouchers, far) = (&stage.vouchers, stage.clock.far());
    let mut under_way: std::collections::VecDeque<Asking<'_>> = std::collections::VecDeque::new();
    let mut places = BTreeSet::new();
    let mut take = |verdict: Verdict| match verdict.unwrap() {
        Answer::Recorded { entry, .. } => {
            assert_eq!(entry.balance_after.get(), 1_000_001 - i64::try_from(entry.voucher_seq).unwrap());
            assert!(places.insert(entry.voucher_seq), "two answers for one place");
        }
        other => panic!("{other:?}"),
    };
    for number in 0..PAYMENTS {
        match send(Box::pin(vouchers.execute(voucher(6), redeem(1_000 + number, 1), far))).await {
            Ok(asking) => under_way.push_back(asking),
            Err(verdict) => take(verdict),
        }
        if under_way.len() == AT_ONCE {
            take(under_way.pop_front().unwrap().await);
        }
    }
    for asking in under_way {
        take(asking.await);
    }
    assert_eq!((places.len(), places.first(), places.last()), (PAYMENTS as usize, Some(&2), Some(&100_001)));
    let view = vouchers.view(voucher(6), far).await.unwrap().unwrap();
    assert_eq!((view.balance.get(), view.voucher_seq), (900_000, 100_001));
    stage.stop().await;
}

/// A ledger that is asked for its end while the clock is set back and a till pays.
struct SetBack {
    ledger: Arc<Lagging>,
    clock: Arc<StageClock>,
    vouchers: Vouchers,
}

impl Source for SetBack {
    fn facts(&self, partition: PartitionId, voucher: VoucherId) -> Pending<'_, Facts> {
        self.ledger.facts(partition, voucher)
    }

    fn checkpoint(&self, partition: PartitionId) -> Pending<'_, Head> {
        Box::pin(async move {
            self.clock.now.fetch_sub(2 * 3_600 * 1_000_000, SeqCst);
            let paid = self.vouchers.execute(voucher(6), redeem(10, 15), self.clock.far()).await;
            assert_eq!(recorded(&paid), Some(10));
            self.ledger.checkpoint(partition).await
        })
    }

    fn seen_seq(&self, partition: PartitionId) -> u64 {
        self.ledger.seen_seq(partition)
    }
}

#[actix_rt::test]
async fn nothing_is_decided_from_an_older_copy_of_the_ledger_than_the_one_that_said_how_far_it_is() {
    let stage = one_voucher();
    let paid = stage.vouchers.execute(voucher(6), redeem(10, 15), stage.clock.far()).await;
    assert_eq!(recorded(&paid), Some(10));
    // the clock goes on by itself: everybody is idle
    stage.clock.now.fetch_add(2 * 3_600 * 1_000_000, SeqCst);
    assert_eq!(stage.vouchers.passivate(&*stage.ledger, stage.clock.far()).await, 1);
    // a standby, to which another connection leads: it lacks the payment
    stage.ledger.copy.store(stage.ledger.end() - 1, SeqCst);
    let asked = stage.vouchers.execute(voucher(6), again(11, &redeem(10, 15)), stage.clock.far());
    let back = async {
        actix_rt::time::sleep(Duration::from_millis(50)).await;
        stage.ledger.copy.store(u64::MAX, SeqCst);
    };
    let (told, ()) = futures_util::future::join(asked, back).await;
    assert!(matches!(told, Ok(Answer::Known(_))), "the same key was decided twice: {told:?}");
    stage.stop().await;
}

#[actix_rt::test]
async fn a_clock_that_is_set_back_while_vouchers_leave_memory_takes_none_that_was_just_asked_for() {
    let stage = one_voucher();
    stage.vouchers.view(voucher(6), stage.clock.far()).await.unwrap();
    stage.ledger.seq.store(stage.ledger.end(), SeqCst);
    let source = SetBack {
        ledger: Arc::clone(&stage.ledger),
        clock: Arc::clone(&stage.clock),
        vouchers: stage.vouchers.clone(),
    };
    stage.vouchers.passivate(&source, stage.clock.far()).await;
    let told = stage.vouchers.execute(voucher(6), again(11, &redeem(10, 15)), stage.clock.far()).await;
    assert!(matches!(told, Ok(Answer::Known(_))), "the same key was decided twice: {told:?}");
    stage.ledger.seq.store(u64::MAX, SeqCst);
    stage.stop().await;
}
