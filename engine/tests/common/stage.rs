//! The real engine between a journal with moods, a ledger that lags as the test wants, and a clock
//! that can stop whoever asks for the time.

use super::commands::P;
use domain::clock::{Clock, Timestamp};
use domain::ids::{PartitionId, VoucherId};
use domain::record::{Body, NodeId};
use domain::voucher::Entry;
use engine::source::{Facts, Pending};
use engine::{Options, Primary, Source, Vouchers};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use store::journal::{Append, Appended, Batch, Head, Journal, JournalError, MemoryJournal, Opened};

/// A door that a thread waits at while it is shut.
#[derive(Default)]
pub struct Door {
    shut: Mutex<bool>,
    opened: Condvar,
    /// How many have come to it while it was shut.
    pub waiting: AtomicU64,
}

impl Door {
    pub fn shut(&self) {
        *self.shut.lock().unwrap() = true;
    }

    pub fn open(&self) {
        *self.shut.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut shut = self.shut.lock().unwrap();
        if *shut {
            self.waiting.fetch_add(1, SeqCst);
        }
        while *shut {
            shut = self.opened.wait(shut).unwrap();
        }
    }
}

/// A clock that goes on by a microsecond whenever it is asked; actors ask it with each question.
#[derive(Default)]
pub struct StageClock {
    pub now: AtomicI64,
    /// Where actors, and nobody else, wait.
    pub actors: Door,
    /// Actors that will die when they ask.
    pub deaths: AtomicU64,
}

impl StageClock {
    /// A deadline far away.
    pub fn far(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(SeqCst) + 60_000_000)
    }
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        if std::thread::current().name().is_some_and(|name| name.contains("arbiter")) {
            self.actors.pass();
            let dies = self.deaths.fetch_update(SeqCst, SeqCst, |deaths| deaths.checked_sub(1)).is_ok();
            assert!(!dies, "the actor dies here, as the test wants");
        }
        Timestamp::from_micros(self.now.fetch_add(1, SeqCst) + 1_000)
    }
}

/// How the journal behaves.
#[derive(Default)]
pub struct Moods {
    /// Nothing can be appended, as on a full disk.
    pub full: AtomicBool,
    /// So many appends happen, and nobody hears of it.
    pub silent_appends: AtomicU64,
    /// So many checks fail.
    pub failing_checks: AtomicU64,
    /// Where every append waits.
    pub appends: Door,
    /// Where the first question of all waits.
    pub head: Door,
    /// How often the fence was moved.
    pub opened: AtomicU64,
    /// Counts what happens, for whoever compares histories.
    pub time: AtomicU64,
    /// When each batch, named by its last record, was in the journal.
    pub durable: Mutex<Vec<(u64, u64)>>,
}

impl Moods {
    /// The next moment.
    pub fn tick(&self) -> u64 {
        self.time.fetch_add(1, SeqCst)
    }
}

/// A journal in memory, with moods.
pub struct MoodyJournal {
    pub journal: MemoryJournal,
    pub moods: Arc<Moods>,
}

impl MoodyJournal {
    fn put(&mut self, Append { partition, previous_seq, batch }: &Append) -> Appended {
        if self.moods.full.load(SeqCst) {
            return unknown("the disk is full");
        }
        self.journal.append(*partition, *previous_seq, batch)?;
        self.moods.durable.lock().unwrap().push((batch.head().seq, self.moods.tick()));
        if one_less(&self.moods.silent_appends) { unknown("no answer") } else { Ok(()) }
    }
}

fn unknown<T>(why: &str) -> Result<T, JournalError> {
    Err(JournalError::Unknown(why.to_owned()))
}

fn one_less(count: &AtomicU64) -> bool {
    count.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Journal for MoodyJournal {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        self.journal.create(partition)
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        self.journal.partitions()
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        self.journal.restore(partition, end, batches)
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        self.moods.head.pass();
        self.journal.head(partition)
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        if self.moods.full.load(SeqCst) {
            return unknown("the disk is full");
        }
        self.moods.opened.fetch_add(1, SeqCst);
        self.journal.open(partition, node, expected_epoch, at)
    }

    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        self.moods.appends.pass();
        appends.iter().map(|append| self.put(append)).collect()
    }

    fn check(&mut self, partition: PartitionId, epoch: u64) -> Result<(), JournalError> {
        if one_less(&self.moods.failing_checks) {
            return unknown("no answer");
        }
        self.journal.check(partition, epoch)
    }

    fn read(&mut self, partition: PartitionId, from: u64, bytes_max: usize) -> Result<Vec<Arc<Batch>>, JournalError> {
        self.journal.read(partition, from, bytes_max)
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        self.journal.trim(partition, upto, floor)
    }

    fn reconnect(&mut self) {}
}

/// A ledger that holds the journal up to where the test says.
pub struct Lagging {
    journal: MemoryJournal,
    pub seq: AtomicU64,
    /// Where the copy ends that vouchers are read from, if that is earlier.
    pub copy: AtomicU64,
}

impl Lagging {
    /// All facts in the journal, in order.
    pub fn written(&self) -> Vec<(u64, Entry)> {
        let batches = self.journal.clone().read(P, 1, usize::MAX).unwrap();
        let records = batches.iter().flat_map(|batch| batch.records().to_vec());
        let fact = records.filter_map(|record| match record.body {
            Body::Entry(entry) => Some((record.seq, entry)),
            Body::Open { .. } => None,
        });
        fact.collect()
    }

    /// Where the journal ends.
    pub fn end(&self) -> u64 {
        self.journal.clone().head(P).unwrap().seq
    }
}

impl Source for Lagging {
    fn facts(&self, _: PartitionId, voucher: VoucherId) -> Pending<'_, Facts> {
        let through = self.seq.load(SeqCst).min(self.copy.load(SeqCst));
        let own = self.written().into_iter().filter(|(seq, entry)| *seq <= through && entry.voucher == voucher);
        let entries = own.map(|(_, entry)| entry).collect();
        Box::pin(async move { Ok(Facts { through, entries }) })
    }

    fn checkpoint(&self, _: PartitionId) -> Pending<'_, Head> {
        Box::pin(async move { Ok(Head { seq: self.seq.load(SeqCst), ..Head::START }) })
    }

    fn seen_seq(&self, _: PartitionId) -> u64 {
        0
    }
}

/// The engine and everything around it.
pub struct Stage {
    pub vouchers: Vouchers,
    pub moods: Arc<Moods>,
    pub ledger: Arc<Lagging>,
    pub clock: Arc<StageClock>,
}

impl Stage {
    /// The facts are in the journal and in the ledger before the engine starts; what comes then is
    /// in the ledger at once, unless the test says otherwise.
    pub fn start(entries: &[Entry]) -> Self {
        Self::start_with(entries, Moods::default(), Duration::from_secs(900))
    }

    pub fn start_with(entries: &[Entry], moods: Moods, idle: Duration) -> Self {
        let mut journal = MemoryJournal::default();
        journal.create(P).unwrap();
        let head = journal.open(P, NodeId(9), 0, Timestamp::from_micros(1)).unwrap().head;
        if !entries.is_empty() {
            let bodies = entries.iter().map(|entry| Body::Entry(*entry));
            journal.append(P, head.seq, &Arc::new(Batch::encode(head.epoch, &head, bodies))).unwrap();
        }
        let checkpoint = journal.head(P).unwrap();
        let ledger = Arc::new(Lagging {
            journal: journal.clone(),
            seq: AtomicU64::new(u64::MAX),
            copy: AtomicU64::new(u64::MAX),
        });
        let stage_clock = Arc::new(StageClock::default());
        let moods = Arc::new(moods);
        let moody = MoodyJournal { journal, moods: Arc::clone(&moods) };
        let (source, clock): (Arc<dyn Source>, Arc<dyn Clock>) = (ledger.clone(), stage_clock.clone());
        let options = Options { node: NodeId(1), idle };
        let primary = Primary { journal: Box::new(moody), partitions: vec![(P, checkpoint)] };
        let vouchers = Vouchers::start(&options, vec![primary], &source, &clock, None).unwrap();
        Self { vouchers, moods, ledger, clock: stage_clock }
    }

    /// Ends the engine without blocking whoever waits for answers.
    pub async fn stop(&self) {
        let vouchers = self.vouchers.clone();
        actix_rt::task::spawn_blocking(move || vouchers.stop()).await.unwrap();
    }
}

/// Waits until it is so.
pub async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        actix_rt::time::sleep(Duration::from_millis(2)).await;
    }
}
