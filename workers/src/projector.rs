//! Brings the journal into the ledger: read from the checkpoint on, write one bounded step, tell
//! whoever watches.
//!
//! Any number of projectors may work at one partition: the checkpoint moves in the transaction that
//! writes the rows, and whoever finds it moved begins again from there. What nobody knows, whether a
//! commit that was not answered took place, the checkpoint says.

use crate::pace::{self, Pace, Turn};
use domain::ids::PartitionId;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::journal::{Apart, Batch, Head, Journal, JournalError};
use store::ledger::{Db, Error, ProjectError, within};
use tokio::time::{Instant, timeout};

/// How often to look for new records.
const POLL: Duration = Duration::from_millis(10);
/// How long the journal may take to read before other partitions are written meanwhile.
const READING: Duration = Duration::from_millis(50);
/// How long to let records come together: they share pages, and each page is written but once.
const GATHER: Duration = Duration::from_millis(100);
/// How long the ledger may take to say where it is, and to write a step: on a connection to a machine that is gone nothing
/// comes any more, not even an end.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP_PATIENCE: Duration = Duration::from_secs(30);
/// How often to try again at the end: a step that was cut off is worth it, a ledger that is away is not waited for.
const LAST_TRIES: u32 = 2;
/// How often to ask a ledger that seems to hold everything whether it still does: one that was taken over by a copy that was
/// behind tells nobody.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long to wait after something failed.
const BACKOFF: Duration = Duration::from_millis(250);

/// Who wants to know what is in the ledger now.
pub trait Watcher: Send + Sync {
    /// How far the partition's journal is durable; `None` where only the journal can say, because
    /// another process writes it.
    fn durable_seq(&self, partition: PartitionId) -> Option<u64>;

    /// The ledger holds the partition up to here. Called after the commit.
    fn projected(&self, partition: PartitionId, seq: u64);

    /// Projection of the partition has stopped: what is in the journal contradicts the ledger.
    fn stopped(&self, partition: PartitionId, why: &str);
}

/// The projector of one partition.
pub struct Projector {
    /// The ledger.
    pub db: Db,
    /// A reading connection to the journal.
    pub journal: Apart<dyn Journal>,
    /// Which partition.
    pub partition: PartitionId,
    /// Who is told.
    pub watcher: Arc<dyn Watcher>,
    /// Shared by the projectors of one process.
    pub pace: Arc<Pace>,
}

/// For how long at least the ledger has lacked the next record.
#[derive(Default)]
struct Lag {
    now: Duration,
    /// How far the journal was durable at instants in the past.
    seen: VecDeque<(Instant, u64)>,
}

impl Lag {
    /// The ledger now holds everything up to `written`.
    fn look(&mut self, written: u64, durable: u64) -> Duration {
        let now = Instant::now();
        self.seen.push_back((now, durable));
        while self.seen.front().is_some_and(|(_, durable)| *durable <= written) {
            self.seen.pop_front();
        }
        self.now = self.seen.front().map_or(Duration::ZERO, |(then, _)| now.duration_since(*then));
        self.now
    }
}

/// What a step wrote.
struct Written {
    /// Up to which record.
    seq: u64,
    /// How far the journal was durable before it.
    durable: Option<u64>,
    /// Whether there was more than a step takes, or nearly.
    full: bool,
    took: Duration,
}

/// What one look came to.
enum Step {
    Nothing,
    Done(Written),
    /// Another projector was faster.
    Overtaken,
    Failed,
    Stop,
}

impl Projector {
    /// Runs until `stop` is set and, if the journal is written in this process, everything durable is in
    /// the ledger; or until the journal contradicts it.
    pub async fn run(mut self, stop: Arc<AtomicBool>) {
        let (mut head, mut lag, mut last_tries) = (None, Lag::default(), LAST_TRIES);
        let mut sure = Instant::now();
        loop {
            if sure.elapsed() >= ASK_AGAIN && !stop.load(Ordering::Acquire) {
                sure = Instant::now();
                // one that is away now says so when there is something to write
                head = self.checkpoint().await.ok().or(head);
            }
            let mut turn = self.pace.turn().await;
            // before the look: only one that began afterwards sees all that was durable when the end was told
            let ending = stop.load(Ordering::Acquire);
            let step = self.step(&mut head, lag.now, &mut turn).await;
            let (rest, alone) = match step {
                Step::Stop => return,
                Step::Nothing if ending => return,
                Step::Failed if ending && last_tries == 0 => return,
                // others go on writing the journal: there is no end to wait for
                Step::Done(_) | Step::Overtaken if ending && self.watcher.durable_seq(self.partition).is_none() => {
                    return;
                }
                Step::Overtaken => continue,
                Step::Done(_) if ending => continue,
                Step::Done(written) => self.pauses(&written, &mut lag),
                Step::Nothing => {
                    lag = Lag::default();
                    (Duration::ZERO, POLL)
                }
                Step::Failed => {
                    last_tries -= u32::from(ending);
                    // a step that took too long is tried again as a small one
                    lag = Lag::default();
                    (Duration::ZERO, BACKOFF)
                }
            };
            if !rest.is_zero() {
                tokio::time::sleep(rest).await;
            }
            drop(turn);
            tokio::time::sleep(alone).await;
        }
    }

    async fn step(&mut self, known: &mut Option<Head>, lag: Duration, turn: &mut Turn) -> Step {
        let head = match *known {
            Some(head) => head,
            None => match self.checkpoint().await {
                Ok(head) => {
                    self.watcher.projected(self.partition, head.seq);
                    *known.insert(head)
                }
                Err(error) => return self.failed(&error),
            },
        };
        let durable = self.watcher.durable_seq(self.partition);
        if durable.is_some_and(|durable| durable <= head.seq) {
            return Step::Nothing;
        }
        let bytes_max = pace::step_bytes(lag);
        let batches = match self.read(head.seq + 1, bytes_max, turn).await {
            Ok(batches) if batches.is_empty() => return Step::Nothing,
            Ok(batches) => batches,
            Err(JournalError::Corrupt(why)) => return self.contradicted(known, head, &why).await,
            Err(error) => return self.failed(&error),
        };
        let started = Instant::now();
        match within(STEP_PATIENCE, self.db.project(self.partition, &head, &batches)).await {
            Ok(done) => {
                *known = batches.last().map(|batch| batch.head());
                metrics::counter!("buono_projector_records_total").increment(done.records as u64);
                metrics::gauge!("buono_projector_seq", "partition" => self.partition.to_string()).set(done.seq as f64);
                self.watcher.projected(self.partition, done.seq);
                let full = batches.iter().map(|batch| batch.bytes().len()).sum::<usize>() >= bytes_max / 2;
                Step::Done(Written { seq: done.seq, durable, full, took: started.elapsed() })
            }
            Err(ProjectError::Moved) => {
                *known = None;
                metrics::counter!("buono_projector_overtaken_total").increment(1);
                Step::Overtaken
            }
            // not even whether this was written is known: ask before going on
            Err(ProjectError::Ledger(error)) => {
                *known = None;
                self.failed(&error)
            }
            Err(contradiction @ ProjectError::Contradiction { .. }) => {
                self.contradicted(known, head, &contradiction.to_string()).await
            }
        }
    }

    async fn checkpoint(&mut self) -> Result<Head, Error> {
        within(PATIENCE, self.db.checkpoint(self.partition)).await
    }

    /// What the journal holds from a record on. A primary that does not answer keeps no other partition waiting.
    async fn read(&mut self, from: u64, bytes_max: usize, turn: &mut Turn) -> Result<Vec<Arc<Batch>>, JournalError> {
        let partition = self.partition;
        let mut reading = pin!(self.journal.ask(move |journal| journal.read(partition, from, bytes_max)));
        if let Ok(read) = timeout(READING, &mut reading).await {
            return read;
        }
        *turn = None;
        let read = reading.await;
        *turn = self.pace.turn().await;
        read
    }

    /// How long all projectors of the process rest after a step, and how long then this one alone: where there is
    /// little to write nobody waits for the rests of others, and what was answered is soon in the ledger.
    fn pauses(&self, written: &Written, lag: &mut Lag) -> (Duration, Duration) {
        let durable = self.watcher.durable_seq(self.partition);
        // also where there is no rest: the next step is as large as the lag is long
        let lag = durable.map_or(Duration::ZERO, |durable| lag.look(written.seq, durable));
        if durable.is_some_and(|durable| written.seq < durable) && durable == written.durable {
            // what a busy hour left behind is caught up with at once when it is over
            return (Duration::ZERO, Duration::ZERO);
        }
        let rest = self.pace.rest(written.took, lag);
        if written.full { (rest, Duration::ZERO) } else { (Duration::ZERO, rest.max(GATHER)) }
    }

    fn failed(&self, error: &dyn std::error::Error) -> Step {
        tracing::warn!(partition = %self.partition, error = %error, "projection will be tried again");
        Step::Failed
    }

    /// Behind a checkpoint that others have moved on, the journal may have been trimmed: that is no damage.
    async fn contradicted(&mut self, known: &mut Option<Head>, head: Head, why: &str) -> Step {
        match self.checkpoint().await {
            Ok(now) if now == head => self.stop(why),
            Ok(now) => {
                *known = Some(now);
                Step::Overtaken
            }
            Err(error) => self.failed(&error),
        }
    }

    fn stop(&self, why: &str) -> Step {
        tracing::error!(partition = %self.partition, why, "projection has stopped: an operator must look at it");
        metrics::gauge!("buono_projector_stopped", "partition" => self.partition.to_string()).set(1.0);
        self.watcher.stopped(self.partition, why);
        Step::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::journal::MemoryJournal;

    /// The journal ends here.
    struct At(u64);

    impl Watcher for At {
        fn durable_seq(&self, _: PartitionId) -> Option<u64> {
            Some(self.0)
        }

        fn projected(&self, _: PartitionId, _: u64) {}

        fn stopped(&self, _: PartitionId, _: &str) {}
    }

    #[tokio::test]
    async fn what_is_caught_up_with_without_rest_is_as_late_as_it_is() {
        const PAUSE: Duration = Duration::from_millis(20);
        let folder = tempfile::tempdir().unwrap();
        let projector = Projector {
            db: Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap(),
            journal: Apart::new(Box::new(MemoryJournal::default())),
            partition: PartitionId(0),
            watcher: Arc::new(At(10)),
            pace: Arc::new(Pace::beside_tills(1)),
        };
        let (mut lag, none) = (Lag::default(), (Duration::ZERO, Duration::ZERO));
        let step = |seq| Written { seq, durable: Some(10), full: true, took: PAUSE };
        assert_eq!(projector.pauses(&step(3), &mut lag), none);
        tokio::time::sleep(PAUSE).await;
        assert_eq!(projector.pauses(&step(6), &mut lag), none);
        assert!(lag.now >= PAUSE, "{:?}", lag.now);
    }

    #[tokio::test]
    async fn the_lag_is_counted_from_when_the_first_record_that_is_missing_was_there() {
        const PAUSE: Duration = Duration::from_millis(20);
        let mut lag = Lag::default();
        assert_eq!(lag.look(10, 10), Duration::ZERO, "nothing is missing");
        assert!(lag.look(5, 10) < PAUSE, "seen just now");
        tokio::time::sleep(PAUSE).await;
        assert!(lag.look(7, 14) >= PAUSE, "record 8 was there before");
        assert!(lag.look(10, 14) < PAUSE, "record 11 came only now");
        tokio::time::sleep(PAUSE).await;
        assert!(lag.look(12, 20) >= PAUSE);
        assert_eq!(lag.look(20, 20), Duration::ZERO);
        assert!(lag.seen.is_empty(), "what is in the ledger needs no memory");
    }
}
