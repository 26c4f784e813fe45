//! An actor that dies takes nothing with it that a till was told.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::commands::{P, cents, issue, redeem, voucher};
use domain::clock::{Clock, Timestamp};
use domain::ids::{PartitionId, VoucherId};
use domain::record::{Body, NodeId};
use domain::voucher::{Decline, Event};
use engine::source::{Facts, Pending};
use engine::{Answer, Options, Primary, Source, Vouchers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use store::journal::{Head, Journal, MemoryJournal};

/// A clock that kills the next actor that asks for the time.
#[derive(Default)]
struct DeadlyClock {
    now: AtomicI64,
    armed: AtomicBool,
}

impl Clock for DeadlyClock {
    fn now(&self) -> Timestamp {
        let actor = std::thread::current().name().is_some_and(|name| name.contains("arbiter"));
        assert!(!(actor && self.armed.swap(false, Ordering::SeqCst)), "the actor dies here, as the test wants");
        Timestamp::from_micros(self.now.fetch_add(1, Ordering::SeqCst) + 1_000)
    }
}

/// A ledger that is as far as the test says.
struct Lagging {
    journal: MemoryJournal,
    seq: AtomicU64,
}

impl Source for Lagging {
    fn facts(&self, _: PartitionId, voucher: VoucherId) -> Pending<'_, Facts> {
        let through = self.seq.load(Ordering::SeqCst);
        let batches = self.journal.clone().read(P, 1, usize::MAX).unwrap();
        let records = batches.iter().flat_map(|batch| batch.records().to_vec());
        let own = records.filter(|record| record.seq <= through).filter_map(|record| match record.body {
            Body::Entry(entry) if entry.voucher == voucher => Some(entry),
            _ => None,
        });
        let entries = own.collect();
        Box::pin(async move { Ok(Facts { through, entries }) })
    }

    fn checkpoint(&self, _: PartitionId) -> Pending<'_, Head> {
        Box::pin(async move { Ok(Head { seq: self.seq.load(Ordering::SeqCst), ..Head::START }) })
    }

    fn seen_seq(&self, _: PartitionId) -> u64 {
        0
    }
}

fn event(answer: Answer) -> Event {
    match answer {
        Answer::Recorded { entry, .. } => entry.event,
        other => panic!("{other:?}"),
    }
}

#[actix_rt::test]
async fn a_voucher_that_died_comes_back_with_everything_that_was_answered() {
    let mut journal = MemoryJournal::default();
    journal.create(P).unwrap();
    let ledger = Arc::new(Lagging { journal: journal.clone(), seq: AtomicU64::new(1) });
    let deadly = Arc::new(DeadlyClock::default());
    let (clock, source): (Arc<dyn Clock>, Arc<dyn Source>) = (deadly.clone(), ledger.clone());
    let options = Options { node: NodeId(1), idle: Duration::from_secs(900) };
    let primary = Primary { journal: Box::new(journal), partitions: vec![(P, Head::START)] };
    let vouchers = Vouchers::start(&options, vec![primary], &source, &clock, None).unwrap();
    let (voucher, far) = (voucher(6), Timestamp::from_micros(1_000_000_000));

    vouchers.execute(voucher, issue(5, 5_000), far).await.unwrap();
    let taken = event(vouchers.execute(voucher, redeem(10, 4_000), far).await.unwrap());
    assert_eq!(taken, Event::Redeem { amount: cents(4_000) });
    // the ledger has the voucher, and not yet what was taken from it
    ledger.seq.store(2, Ordering::SeqCst);

    // the actor dies under a till that has hung up, so nobody is there to notice
    // printing a backtrace takes longer than dying: without it the mailbox is closed at once
    std::panic::set_hook(Box::new(|_| {}));
    deadly.armed.store(true, Ordering::SeqCst);
    {
        let mut hung_up = std::pin::pin!(vouchers.execute(voucher, redeem(11, 1), far));
        std::future::poll_fn(|context| Poll::Ready(hung_up.as_mut().poll(context).is_pending())).await;
    }
    while deadly.armed.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(std::panic::take_hook());

    let catching_up = ledger.clone();
    actix_rt::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        catching_up.seq.store(u64::MAX, Ordering::SeqCst);
    });
    let next = event(vouchers.execute(voucher, redeem(12, 4_000), far).await.unwrap());
    assert!(
        matches!(next, Event::Decline { decline: Decline::InsufficientBalance, .. }),
        "4,000 of 5,000 were taken twice: {next:?}"
    );
    actix_rt::task::spawn_blocking(move || vouchers.stop()).await.unwrap();
}
