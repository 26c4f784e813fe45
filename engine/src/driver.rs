//! The thread that drives a partition's writer over a blocking journal.

use crate::partition::{Partition, Reply};
use crate::queue::Submission;
use crate::writer::{Io, IoResult, Writer};
use domain::clock::Clock;
use domain::ids::PartitionId;
use domain::record::NodeId;
use metrics::{Counter, Gauge, Histogram};
use std::sync::Arc;
use std::time::Duration;
use store::journal::Journal;

/// How long an idle writer sleeps before it looks whether it should stop.
const IDLE: Duration = Duration::from_millis(500);
/// How long to wait after a journal that does not work.
const BACKOFF: Duration = Duration::from_millis(50);
/// Steps that a writer may still take for its waiters once the queue is closed: enough for every
/// batch that can wait, and an end for a journal that does not work.
const CLOSING_STEPS_MAX: u32 = 200;
/// How much of the journal is read at once while catching up.
const READ_BYTES_MAX: usize = 4 << 20;

/// What the writer tells the operator.
struct Figures {
    batches: Counter,
    records: Counter,
    failures: Counter,
    batch_len: Histogram,
    commit_seconds: Histogram,
    durable_seq: Gauge,
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
            durable_seq: metrics::gauge!("buono_journal_durable_seq", "partition" => label),
        }
    }
}

/// Drives one partition until its queue is closed and empty.
pub struct Driver {
    /// The partition.
    pub(crate) partition: Arc<Partition>,
    /// Its journal; this thread is the only one that writes to it.
    pub(crate) journal: Box<dyn Journal>,
    /// The pure writer.
    pub(crate) writer: Writer<Reply>,
    /// This process.
    pub(crate) node: NodeId,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Driver {
    /// Runs until the queue is closed and everything in it is answered.
    pub fn run(mut self) {
        let figures = Figures::new(self.partition.id);
        let (mut intake, mut released) = (Vec::<Submission<Reply>>::new(), Vec::new());
        let mut patience = Duration::ZERO;
        let mut last_steps = CLOSING_STEPS_MAX;
        while self.partition.queue.take(&mut intake, patience) || self.writer.is_waiting() && last_steps > 0 {
            if self.partition.queue.is_closed() {
                last_steps -= 1;
            }
            let io = self.writer.next(&mut intake, self.clock.now());
            patience = match io {
                Io::Idle if intake.is_empty() => IDLE,
                _ => Duration::ZERO,
            };
            self.perform(io, &figures);
            self.partition.publish(self.writer.phase(), self.writer.generation(), self.writer.head().seq);
            released.extend(self.writer.drain());
            self.partition.remember(&released);
            for (reply, verdict) in released.drain(..) {
                // whoever hung up can still ask by key
                let _ = reply.send(verdict);
            }
        }
    }

    fn perform(&mut self, io: Io, figures: &Figures) {
        let partition = self.partition.id;
        let journal = &mut self.journal;
        let result = match io {
            Io::Idle => return,
            Io::Pause => {
                std::thread::sleep(BACKOFF);
                return;
            }
            Io::Head => IoResult::Head(journal.head(partition)),
            Io::Open { expected_epoch, at } => {
                // the old connection's generation ends here: nothing of it may be mistaken for an answer
                journal.reconnect();
                IoResult::Opened(journal.open(partition, self.node, expected_epoch, at))
            }
            Io::Read { from_seq } => IoResult::Read(journal.read(partition, from_seq, READ_BYTES_MAX)),
            Io::Check { epoch } => IoResult::Checked(journal.check(partition, epoch)),
            Io::Append { previous_seq, batch } => {
                let before = self.clock.now();
                let result = journal.append(partition, previous_seq, &batch);
                let micros = self.clock.now().micros() - before.micros();
                figures.commit_seconds.record(Duration::from_micros(micros.unsigned_abs()));
                figures.batches.increment(1);
                figures.records.increment(batch.len() as u64);
                figures.batch_len.record(batch.len() as f64);
                IoResult::Appended(result)
            }
        };
        if let Some(error) = failure(&result) {
            figures.failures.increment(1);
            tracing::error!(%partition, %error, "the journal did not do as asked");
        }
        self.writer.done(result);
        figures.durable_seq.set(self.writer.head().seq as f64);
    }
}

fn failure(result: &IoResult) -> Option<&store::journal::JournalError> {
    match result {
        IoResult::Head(Err(error))
        | IoResult::Opened(Err(error))
        | IoResult::Read(Err(error))
        | IoResult::Appended(Err(error))
        | IoResult::Checked(Err(error)) => Some(error),
        _ => None,
    }
}
