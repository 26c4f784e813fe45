//! The thread that drives the writers of one journal connection: the partitions of one primary.
//!
//! A turn asks every writer what it wants. Whatever is to be appended, to however many partitions, goes to the
//! journal in one flush.

use crate::bell::Bell;
use crate::partition::{Order, Partition, Reply};
use crate::queue::{Submission, Verdict};
use crate::writer::{Io, IoResult, Phase, Writer};
use domain::clock::{Clock, Timestamp};
use domain::ids::PartitionId;
use domain::record::NodeId;
use metrics::{Counter, Gauge, Histogram};
use std::sync::Arc;
use std::time::Duration;
use store::journal::{Append, Journal, JournalError};

/// How long an idle lane sleeps before it looks whether it should stop.
const IDLE: Duration = Duration::from_millis(500);
/// How long to wait after a journal that does not work.
const BACKOFF: Duration = Duration::from_millis(50);
/// Turns that a lane may still take for its waiters once the queues are closed: enough for every
/// batch that can wait, and an end for a journal that does not work.
const CLOSING_TURNS_MAX: u32 = 200;
/// How much of the journal is read at once while catching up.
const READ_BYTES_MAX: usize = 4 << 20;

/// What a writer tells the operator.
struct Figures {
    batches: Counter,
    records: Counter,
    failures: Counter,
    batch_len: Histogram,
    commit_seconds: Histogram,
    durable_seq: Gauge,
    /// 1 while the partition is out of service and an operator must look at it.
    halted: Gauge,
}

impl Figures {
    fn new(partition: PartitionId) -> Self {
        let label = partition.to_string();
        Self {
            batches: metrics::counter!("buono_journal_batches_total", "partition" => label.clone()),
            records: metrics::counter!("buono_journal_records_total", "partition" => label.clone()),
            failures: metrics::counter!("buono_journal_failures_total", "partition" => label.clone()),
            batch_len: metrics::histogram!("buono_journal_batch_records", "partition" => label.clone()),
            commit_seconds: metrics::histogram!("buono_journal_commit_seconds", "partition" => label.clone()),
            durable_seq: metrics::gauge!("buono_journal_durable_seq", "partition" => label.clone()),
            halted: metrics::gauge!("buono_journal_halted", "partition" => label),
        }
    }
}

/// A partition with its writer and what waits for it.
struct Seat {
    partition: Arc<Partition>,
    writer: Writer<Reply>,
    figures: Figures,
    intake: Vec<Submission<Reply>>,
    released: Vec<(Reply, Verdict)>,
    /// Since when it waits to try again.
    paused: Option<Timestamp>,
    /// Its queue is closed and empty.
    ended: bool,
}

impl Seat {
    /// What the writer wants, with everything that has come in.
    fn next(&mut self, now: Timestamp) -> Io {
        self.ended = !self.partition.queue.take(&mut self.intake);
        if self.paused.is_some_and(|since| now < since.plus_micros(BACKOFF.as_micros() as i64)) {
            return Io::Pause;
        }
        self.paused = None;
        let before = self.writer.phase();
        self.partition.order(|order| match order {
            Order::TakeUp { checkpoint, seen_seq } => self.writer.take_up(checkpoint, seen_seq),
            Order::LayDown => self.writer.lay_down(),
        });
        if self.writer.phase() != before {
            tracing::info!(partition = %self.partition.id, phase = ?self.writer.phase(), "the partition changes hands");
        }
        self.writer.next(&mut self.intake, now)
    }

    fn done(&mut self, result: IoResult) {
        if let Some(error) = failure(&result) {
            self.figures.failures.increment(1);
            tracing::error!(partition = %self.partition.id, %error, "the journal did not do as asked");
        }
        let before = self.writer.phase();
        self.writer.done(result);
        self.tell_halt(before);
        self.figures.durable_seq.set(self.writer.head().seq as f64);
    }

    /// Tells the operator, once, that the partition halted, and which record was the last good one.
    fn tell_halt(&self, before: Phase) {
        let Phase::Halted(why) = self.writer.phase() else { return };
        if self.writer.phase() != before {
            let (partition, seq) = (self.partition.id, self.writer.head().seq);
            tracing::error!(%partition, %why, last_good_record = seq, "out of service: an operator must look at it");
        }
    }

    /// Lets everybody know where the partition is, and gives the answers that have become true.
    fn publish(&mut self) {
        self.partition.publish(self.writer.phase(), self.writer.generation(), self.writer.head().seq);
        self.figures.halted.set(f64::from(u8::from(matches!(self.writer.phase(), Phase::Halted(_)))));
        self.released.extend(self.writer.drain());
        self.partition.remember(&self.released);
        for (reply, verdict) in self.released.drain(..) {
            // whoever hung up can still ask by key
            let _ = reply.send(verdict);
        }
    }
}

/// Drives its partitions until their queues are closed and empty.
pub(crate) struct Lane {
    /// The only connection through which these partitions are written.
    journal: Box<dyn Journal>,
    seats: Vec<Seat>,
    bell: Arc<Bell>,
    node: NodeId,
    clock: Arc<dyn Clock>,
}

/// What a turn came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Idle,
    Paused,
    Busy,
}

impl Lane {
    pub fn new(journal: Box<dyn Journal>, bell: Arc<Bell>, node: NodeId, clock: Arc<dyn Clock>) -> Self {
        Self { journal, seats: Vec::new(), bell, node, clock }
    }

    /// Gives it another partition to drive.
    pub fn seat(&mut self, partition: Arc<Partition>, writer: Writer<Reply>) {
        let (figures, intake, released) = (Figures::new(partition.id), Vec::new(), Vec::new());
        self.seats.push(Seat { partition, writer, figures, intake, released, paused: None, ended: false });
    }

    /// Runs until the queues are closed and everything in them is answered.
    pub fn run(mut self) {
        let mut last_turns = CLOSING_TURNS_MAX;
        loop {
            let turn = self.turn();
            let closing = self.seats.iter().all(|seat| seat.partition.queue.is_closed());
            if closing {
                let waiting = self.seats.iter().any(|seat| !seat.ended || seat.writer.is_waiting());
                last_turns -= 1;
                if !waiting || last_turns == 0 {
                    return;
                }
            }
            match turn {
                Turn::Busy => {}
                Turn::Paused => self.rest(),
                Turn::Idle => self.bell.wait(IDLE),
            }
        }
    }

    /// Waits before trying again.
    fn rest(&mut self) {
        std::thread::sleep(BACKOFF);
        self.seats.iter_mut().for_each(|seat| seat.paused = None);
    }

    fn turn(&mut self) -> Turn {
        let (now, mut turn) = (self.clock.now(), Turn::Idle);
        let (mut appends, mut appending) = (Vec::new(), Vec::new());
        for at in 0..self.seats.len() {
            let io = self.seats[at].next(now);
            turn = turn.max(match io {
                Io::Idle => Turn::Idle,
                Io::Pause => Turn::Paused,
                _ => Turn::Busy,
            });
            match io {
                Io::Idle => {}
                Io::Pause => self.seats[at].paused = self.seats[at].paused.or(Some(now)),
                Io::Append { previous_seq, batch } => {
                    appends.push(Append { partition: self.seats[at].partition.id, previous_seq, batch });
                    appending.push(at);
                }
                other => self.perform(at, &other),
            }
        }
        if !appends.is_empty() {
            self.flush(&appends, &appending);
        }
        self.seats.iter_mut().for_each(Seat::publish);
        turn
    }

    fn perform(&mut self, at: usize, io: &Io) {
        let (partition, journal) = (self.seats[at].partition.id, &mut self.journal);
        let result = match *io {
            Io::Head => IoResult::Head(journal.head(partition)),
            Io::Open { expected_epoch, at } => IoResult::Opened(journal.open(partition, self.node, expected_epoch, at)),
            Io::Read { from_seq } => IoResult::Read(journal.read(partition, from_seq, READ_BYTES_MAX)),
            Io::Check { epoch } => IoResult::Checked(journal.check(partition, epoch)),
            Io::Idle | Io::Pause | Io::Append { .. } => return,
        };
        self.hear(at, result);
    }

    fn flush(&mut self, appends: &[Append], appending: &[usize]) {
        let before = self.clock.now();
        let results = self.journal.flush(appends);
        let took = Duration::from_micros((self.clock.now().micros() - before.micros()).unsigned_abs());
        for ((append, at), result) in appends.iter().zip(appending).zip(results) {
            let figures = &self.seats[*at].figures;
            figures.commit_seconds.record(took);
            figures.batches.increment(1);
            figures.records.increment(append.batch.len() as u64);
            figures.batch_len.record(append.batch.len() as f64);
            self.hear(*at, IoResult::Appended(result));
        }
    }

    /// After an unknown outcome the old connection's generation ends: nothing of it may be mistaken for an answer.
    fn hear(&mut self, at: usize, result: IoResult) {
        if matches!(failure(&result), Some(JournalError::Unknown(_))) {
            self.journal.reconnect();
        }
        self.seats[at].done(result);
    }
}

fn failure(result: &IoResult) -> Option<&JournalError> {
    match result {
        IoResult::Head(Err(error))
        | IoResult::Opened(Err(error))
        | IoResult::Read(Err(error))
        | IoResult::Appended(Err(error))
        | IoResult::Checked(Err(error)) => Some(error),
        _ => None,
    }
}
