//! The projector: every fact is in the ledger once, whatever it dies of and whenever; a record that
//! cannot be stops its own partition and no other.

use super::town::{Town, holders, ledger, voucher};
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use store::journal::{Apart, Append, Appended, Batch, Head, Journal, JournalError, MemoryJournal, Opened};
use store::ledger::Db;
use workers::pace::Pace;
use workers::projector::{Projector, Watcher};

const FAR: Timestamp = Timestamp::LAST;

/// What the engine would be told.
#[derive(Default)]
pub struct Told {
    pub durable: AtomicU64,
    projected: AtomicU64,
    /// The journal is another process'.
    pub elsewhere: AtomicBool,
    pub stopped: Mutex<Vec<(PartitionId, String)>>,
}

impl Watcher for Told {
    fn durable_seq(&self, _: PartitionId) -> Option<u64> {
        Some(self.durable.load(SeqCst)).filter(|_| !self.elsewhere.load(SeqCst))
    }

    fn projected(&self, _: PartitionId, seq: u64) {
        let before = self.projected.swap(seq, SeqCst);
        assert!(before <= seq, "the ledger went back from {before} to {seq}");
    }

    fn stopped(&self, partition: PartitionId, why: &str) {
        self.stopped.lock().unwrap().push((partition, why.to_owned()));
    }
}

fn projector(db: &Db, town: &Town, told: &Arc<Told>) -> Projector {
    told.durable.store(town.head.seq, SeqCst);
    let watcher: Arc<dyn Watcher> = Arc::clone(told) as _;
    let (journal, pace) = (town.reader(), Arc::new(Pace::beside_tills(1)));
    Projector { db: db.clone(), journal, partition: town.partition, watcher, pace }
}

/// Runs until it has waited for something so many times, and dies there; whether it ended before.
async fn dies_after(waits: usize, work: impl Future<Output = ()>) -> bool {
    let (mut work, mut left) = (pin!(work), waits);
    std::future::poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
}

#[tokio::test]
async fn every_fact_is_in_the_ledger_once_through_any_number_of_deaths() {
    const VOUCHERS: u128 = 40;
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    holders(&db, 1..=VOUCHERS).await;
    let (mut town, told) = (Town::new(db.clone(), PartitionId(0)), Arc::new(Told::default()));
    (1..=VOUCHERS).for_each(|number| town.issue(number, 10_000, FAR));
    let (stop, mut deaths) = (Arc::new(AtomicBool::new(false)), 0_u32);
    for round in 0..60 {
        // a few more facts, and a life that ends somewhere in between
        (1..=5).for_each(|at| town.redeem(1 + (round * 7 + at) % VOUCHERS, 1, Timestamp::from_micros(2_000)));
        let waits = 1 + usize::try_from(round).unwrap() % 9;
        deaths += u32::from(!dies_after(waits, projector(&db, &town, &told).run(Arc::clone(&stop))).await);
        let checkpoint = db.checkpoint(town.partition).await.unwrap();
        assert!(told.projected.load(SeqCst) <= checkpoint.seq, "somebody was told before the commit");
    }
    assert!(deaths > 20, "only {deaths} deaths: too few to prove anything");
    // told to end, it first brings everything durable into the ledger
    stop.store(true, SeqCst);
    projector(&db, &town, &told).run(stop).await;
    assert_eq!(db.checkpoint(town.partition).await.unwrap(), town.head);
    assert_eq!(told.projected.load(SeqCst), town.head.seq);
    for number in 1..=VOUCHERS {
        assert_eq!(db.facts(PartitionId(0), voucher(number)).await.unwrap().1, town.facts(number), "voucher {number}");
    }
    // a link for each voucher and a message for each purchase, none twice
    assert_eq!(db.due_messages(i64::MAX).await.unwrap().unsigned_abs(), u64::try_from(VOUCHERS + 60 * 5).unwrap());
    assert!(told.stopped.lock().unwrap().is_empty());
}

/// A journal whose primary does not answer until somebody lets it.
struct Frozen {
    journal: MemoryJournal,
    thaws: Receiver<()>,
}

impl Journal for Frozen {
    fn read(&mut self, partition: PartitionId, from: u64, bytes_max: usize) -> Result<Vec<Arc<Batch>>, JournalError> {
        assert!(self.thaws.recv().is_err(), "it thaws when the other end is dropped");
        self.journal.read(partition, from, bytes_max)
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        self.journal.head(partition)
    }

    fn reconnect(&mut self) {}

    fn create(&mut self, _: PartitionId) -> Result<(), JournalError> {
        unreachable!("a projector only reads")
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        unreachable!("a projector only reads")
    }

    fn restore(&mut self, _: PartitionId, _: &Head, _: &[Arc<Batch>]) -> Result<(), JournalError> {
        unreachable!("a projector only reads")
    }

    fn open(&mut self, _: PartitionId, _: NodeId, _: u64, _: Timestamp) -> Result<Opened, JournalError> {
        unreachable!("a projector only reads")
    }

    fn flush(&mut self, _: &[Append]) -> Vec<Appended> {
        unreachable!("a projector only reads")
    }

    fn check(&mut self, _: PartitionId, _: u64) -> Result<(), JournalError> {
        unreachable!("a projector only reads")
    }

    fn trim(&mut self, _: PartitionId, _: u64, _: u64) -> Result<(), JournalError> {
        unreachable!("a projector only reads")
    }
}

#[tokio::test]
async fn a_primary_that_does_not_answer_holds_up_no_other_partition() {
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    holders(&db, 1..=2).await;
    let (mut frozen, mut sound) = (Town::new(db.clone(), PartitionId(0)), Town::new(db.clone(), PartitionId(1)));
    frozen.issue(1, 5_000, FAR);
    sound.issue(2, 5_000, FAR);
    let (told, others) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let (thaw, thaws) = channel();
    let (mut waiting, mut going) = (projector(&db, &frozen, &told), projector(&db, &sound, &others));
    waiting.journal = Apart::new(Box::new(Frozen { journal: frozen.journal.clone(), thaws }));
    going.pace = Arc::clone(&waiting.pace);
    let stop = Arc::new(AtomicBool::new(true));
    let goes = async {
        going.run(Arc::clone(&stop)).await;
        assert_eq!(db.checkpoint(sound.partition).await.unwrap(), sound.head);
        assert_ne!(db.checkpoint(frozen.partition).await.unwrap(), frozen.head);
        drop(thaw);
    };
    // the one that waits has the first turn
    tokio::join!(waiting.run(Arc::clone(&stop)), goes);
    assert_eq!(db.checkpoint(frozen.partition).await.unwrap(), frozen.head);
}

/// Says how far the journal is, which a moment later is further, with the end told on top.
struct Overtaken {
    told: Arc<Told>,
    before: u64,
    stop: Arc<AtomicBool>,
}

impl Watcher for Overtaken {
    fn durable_seq(&self, partition: PartitionId) -> Option<u64> {
        if self.stop.swap(true, SeqCst) { self.told.durable_seq(partition) } else { Some(self.before) }
    }

    fn projected(&self, partition: PartitionId, seq: u64) {
        self.told.projected(partition, seq);
    }

    fn stopped(&self, partition: PartitionId, why: &str) {
        self.told.stopped(partition, why);
    }
}

#[tokio::test]
async fn what_becomes_durable_just_before_the_end_is_told_is_in_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    let (mut town, told) = (Town::new(db.clone(), PartitionId(0)), Arc::new(Told::default()));
    town.issue(1, 5_000, FAR);
    town.project().await;
    let (before, stop) = (town.head.seq, Arc::new(AtomicBool::new(false)));
    town.redeem(1, 700, Timestamp::from_micros(2_000));
    let mut projector = projector(&db, &town, &told);
    projector.watcher = Arc::new(Overtaken { told, before, stop: Arc::clone(&stop) });
    projector.run(stop).await;
    assert_eq!(db.checkpoint(town.partition).await.unwrap(), town.head);
}

#[tokio::test]
async fn a_record_that_cannot_be_stops_its_own_partition_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    let (mut sick, mut sound) = (Town::new(db.clone(), PartitionId(0)), Town::new(db.clone(), PartitionId(1)));
    sick.issue(1, 5_000, FAR);
    sick.project().await;
    let good = sick.head;
    // the same fact again, as no engine writes it, with others behind it
    let first = sick.facts(1)[0];
    sick.append(&[first]);
    sick.issue(2, 5_000, FAR);
    (11..=20).for_each(|number| sound.issue(number, 5_000, FAR));
    let (told, others) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let healthy = projector(&db, &sound, &others).run(Arc::clone(&stop));
    let end = async {
        // it ends by itself, without being told to
        projector(&db, &sick, &told).run(Arc::clone(&stop)).await;
        sound.issue(21, 5_000, FAR);
        others.durable.store(sound.head.seq, SeqCst);
        stop.store(true, SeqCst);
    };
    tokio::join!(end, healthy);
    let stopped = told.stopped.lock().unwrap().clone();
    assert_eq!(stopped.len(), 1, "{stopped:?}");
    assert!(stopped[0].0 == sick.partition && stopped[0].1.contains("contradict"), "{stopped:?}");
    assert_eq!(db.checkpoint(sick.partition).await.unwrap(), good, "nothing of it, and nothing behind it");
    assert!(db.facts(PartitionId(0), voucher(2)).await.unwrap().1.is_empty());
    assert_eq!(db.checkpoint(sound.partition).await.unwrap(), sound.head);
    assert!(others.stopped.lock().unwrap().is_empty());
    // another life stops at the same place: nothing is ever skipped
    projector(&db, &sick, &told).run(Arc::new(AtomicBool::new(false))).await;
    assert_eq!(told.stopped.lock().unwrap().len(), 2);
    assert_eq!(db.checkpoint(sick.partition).await.unwrap(), good);
}

#[tokio::test]
async fn a_projector_that_was_overtaken_and_finds_the_journal_trimmed_goes_on_from_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    let (mut town, told) = (Town::new(db.clone(), PartitionId(0)), Arc::new(Told::default()));
    town.issue(1, 5_000, FAR);
    let stop = Arc::new(AtomicBool::new(false));
    let slow = projector(&db, &town, &told).run(Arc::clone(&stop));
    let others = async {
        while told.projected.load(SeqCst) < town.head.seq {
            tokio::task::yield_now().await;
        }
        // another is faster, and what it wrote is let go of before this one looks again
        (2..=9).for_each(|number| town.issue(number, 5_000, FAR));
        town.project().await;
        let floor = town.head.seq;
        town.journal.trim(town.partition, floor, floor).unwrap();
        town.issue(10, 5_000, FAR);
        told.durable.store(town.head.seq, SeqCst);
        stop.store(true, SeqCst);
    };
    tokio::join!(slow, others);
    assert!(told.stopped.lock().unwrap().is_empty(), "{:?}", told.stopped);
    assert_eq!(db.checkpoint(town.partition).await.unwrap(), town.head);
}

#[tokio::test]
async fn a_projector_beside_another_process_follows_the_journal_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let db = ledger(&folder).await;
    let (mut town, told) = (Town::new(db.clone(), PartitionId(0)), Arc::new(Told::default()));
    told.elsewhere.store(true, SeqCst);
    let stop = Arc::new(AtomicBool::new(false));
    let work = projector(&db, &town, &told).run(Arc::clone(&stop));
    let elsewhere = async {
        for number in 1..=5 {
            town.issue(number, 5_000, FAR);
            while told.projected.load(SeqCst) < town.head.seq {
                tokio::task::yield_now().await;
            }
        }
        stop.store(true, SeqCst);
    };
    tokio::join!(work, elsewhere);
    assert_eq!(db.checkpoint(town.partition).await.unwrap(), town.head);
}
