//! The writer of one partition, as a pure state machine: rules 5 to 8 of the commit protocol.
//!
//! The writer never touches the journal. [`Writer::next`] says what to do, whoever drives it does
//! that, and [`Writer::done`] hears what came of it; [`Writer::drain`] gives the answers that have
//! become true. Production drives it with a thread and a file, the simulator with a scheduler that
//! loses replies, delays bytes and crashes.
//!
//! ```text
//!    ┌──────the own opening is gone─┐
//!    ▼                              │
//!  Asking ──▶ Opening ──▶ CatchingUp ──▶ Serving ──Fenced──▶ SteppedDown
//!               ▲  │Race      │bad           │
//!               │  ▼          ▼              │ any other outcome: the generation ends,
//!               │ Inspecting  Halted         │ waiters wait until the fence has moved
//!               └────────────────────────────┘ and the journal has been read
//! ```
//!
//! Where several nodes share the partitions, their leases say who takes one up and lays it down: a writer
//! that stepped down begins again at Asking. Safety does not depend on that, only on the fence.

mod halt;
mod recovery;

pub use halt::Halt;

use crate::answer::{Answer, NotDone, Proof};
use crate::queue::{Submission, Verdict, What};
use domain::clock::Timestamp;
use domain::ids::VoucherId;
use domain::record::{Body, NodeId};
use std::collections::HashMap;
use std::sync::Arc;
use store::journal::{Batch, Head, JournalError, Opened};

/// Records in one batch at most; what is left goes with the next.
pub const BATCH_LEN_MAX: usize = 4096;

/// What to do with the journal next.
#[derive(Clone, Debug)]
pub enum Io {
    /// Nothing: wait for submissions.
    Idle,
    /// Nothing works at the moment: wait a little, then ask again.
    Pause,
    /// Ask where the journal ends.
    Head,
    /// Move the fence.
    Open {
        /// The epoch that this writer believes to be current.
        expected_epoch: u64,
        /// The time of the opening.
        at: Timestamp,
    },
    /// Read on.
    Read {
        /// The first record wanted.
        from_seq: u64,
    },
    /// Append a batch behind this record.
    Append {
        /// The last record that must be there.
        previous_seq: u64,
        /// What to append.
        batch: Arc<Batch>,
    },
    /// Make sure that the fence has not moved.
    Check {
        /// The epoch that must be current.
        epoch: u64,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum IoResult {
    /// Of [`Io::Head`].
    Head(Result<Head, JournalError>),
    /// Of [`Io::Open`].
    Opened(Result<Opened, JournalError>),
    /// Of [`Io::Read`].
    Read(Result<Vec<Arc<Batch>>, JournalError>),
    /// Of [`Io::Append`].
    Appended(Result<(), JournalError>),
    /// Of [`Io::Check`].
    Checked(Result<(), JournalError>),
}

/// Where the writer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It does not know yet where the journal ends.
    Asking,
    /// It moves the fence.
    Opening,
    /// Somebody moved the fence: it looks whether that was its own, late, opening.
    Inspecting {
        /// The epoch it found.
        current: u64,
        /// Where it reads on.
        from_seq: u64,
    },
    /// It reads what the journal holds up to its own opening.
    CatchingUp {
        /// The opening.
        opened: Head,
    },
    /// It writes.
    Serving,
    /// Another owner moved the fence.
    SteppedDown,
    /// Something is wrong that only an operator can judge.
    Halted(Halt),
}

/// The writer of one partition. `R` is whoever waits for an answer.
#[derive(Debug)]
pub struct Writer<R> {
    node: NodeId,
    phase: Phase,
    /// The last record known to be durable, and checked.
    head: Head,
    /// The last record that this node ever saw durable; all that is known of it is its number.
    seen_seq: u64,
    /// The epoch believed to be current.
    epoch: u64,
    generation: u64,
    /// After a failure: wait before the next try.
    pause: bool,
    /// Submissions of the batch on its way, in order.
    in_flight: Vec<Submission<R>>,
    batch: Option<Arc<Batch>>,
    /// Facts found again after an unknown outcome.
    found: HashMap<(VoucherId, u64), (Arc<Batch>, usize)>,
    released: Vec<(R, Verdict)>,
}

impl<R> Writer<R> {
    /// A writer that will verify the journal behind `checkpoint`, the ledger's last record.
    #[must_use]
    pub fn new(node: NodeId, checkpoint: Head) -> Self {
        Self {
            node,
            phase: Phase::Asking,
            epoch: checkpoint.epoch,
            head: checkpoint,
            seen_seq: 0,
            generation: 1,
            pause: false,
            in_flight: Vec::new(),
            batch: None,
            found: HashMap::new(),
            released: Vec::new(),
        }
    }

    /// A writer that serves once it is told to: another node may have the partition.
    #[must_use]
    pub fn resting(node: NodeId) -> Self {
        Self { phase: Phase::SteppedDown, ..Self::new(node, Head::START) }
    }

    /// Serves from now on, behind what the ledger holds, unless the journal ends before a record that was seen.
    /// Says whether that is settled: a partition that is served or halted stays as it is.
    pub fn take_up(&mut self, checkpoint: Head, seen_seq: u64) -> bool {
        if self.phase == Phase::SteppedDown {
            self.seen_seq = seen_seq;
            if checkpoint.seq > self.head.seq {
                self.head = checkpoint;
            }
            self.epoch = self.head.epoch;
            self.generation += 1;
            self.phase = Phase::Asking;
        }
        true
    }

    /// Serves no more, so that another may. Says whether that is settled: not while an outcome is unknown.
    pub fn lay_down(&mut self) -> bool {
        if self.is_waiting() {
            return false;
        }
        if !matches!(self.phase, Phase::SteppedDown | Phase::Halted(_)) {
            self.generation += 1;
            self.phase = Phase::SteppedDown;
        }
        true
    }

    /// Where it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The life of the partition: what was decided in an earlier one is void.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The last record known to be durable.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Whether somebody waits for what is on its way.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// The answers that have become true since the last call, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (R, Verdict)> {
        self.released.drain(..)
    }

    /// What to do next. Takes what it needs from the front of `intake`.
    pub fn next(&mut self, intake: &mut Vec<Submission<R>>, now: Timestamp) -> Io {
        if std::mem::take(&mut self.pause) {
            return Io::Pause;
        }
        match self.phase {
            Phase::Serving => self.next_batch(intake),
            Phase::Asking => self.meanwhile(intake, NotDone::Stale, Io::Head),
            Phase::Opening => {
                let open = Io::Open { expected_epoch: self.epoch, at: now };
                self.meanwhile(intake, NotDone::Stale, open)
            }
            Phase::Inspecting { from_seq, .. } => self.meanwhile(intake, NotDone::Stale, Io::Read { from_seq }),
            Phase::CatchingUp { .. } => {
                let read = Io::Read { from_seq: self.head.seq + 1 };
                self.meanwhile(intake, NotDone::Stale, read)
            }
            Phase::SteppedDown => self.meanwhile(intake, NotDone::Moved, Io::Idle),
            Phase::Halted(_) => self.meanwhile(intake, NotDone::Halted, Io::Idle),
        }
    }

    /// Outside of service nothing is taken in: none of it was ever on its way to the journal.
    fn meanwhile(&mut self, intake: &mut Vec<Submission<R>>, verdict: NotDone, io: Io) -> Io {
        self.released.extend(intake.drain(..).filter_map(|s| s.reply.map(|reply| (reply, Err(verdict)))));
        io
    }

    fn next_batch(&mut self, intake: &mut Vec<Submission<R>>) -> Io {
        let mut facts = 0;
        let mut taken = 0;
        for submission in intake.iter() {
            if matches!(submission.what, What::Fact(_)) && submission.generation == self.generation {
                if facts == BATCH_LEN_MAX {
                    break;
                }
                facts += 1;
            }
            taken += 1;
        }
        for submission in intake.drain(..taken) {
            if submission.generation == self.generation {
                self.in_flight.push(submission);
            } else if let Some(reply) = submission.reply {
                self.released.push((reply, Err(NotDone::Stale)));
            }
        }
        if facts > 0 {
            let bodies = self.in_flight.iter().filter_map(|submission| match &submission.what {
                What::Fact(entry) => Some(Body::Entry(**entry)),
                What::Answer(_) => None,
            });
            let batch = Arc::new(Batch::encode(self.epoch, &self.head, bodies));
            self.batch = Some(Arc::clone(&batch));
            Io::Append { previous_seq: self.head.seq, batch }
        } else if self.in_flight.is_empty() {
            Io::Idle
        } else {
            Io::Check { epoch: self.epoch }
        }
    }

    /// Hears what came of the last [`Io`].
    pub fn done(&mut self, result: IoResult) {
        match (self.phase, result) {
            (Phase::Asking, IoResult::Head(result)) => self.asked(&result),
            (Phase::Opening, IoResult::Opened(result)) => self.opened(&result),
            (Phase::Inspecting { current, .. }, IoResult::Read(result)) => self.inspected(current, result),
            (Phase::CatchingUp { opened }, IoResult::Read(result)) => self.caught_up(opened, result),
            (Phase::Serving, IoResult::Appended(Ok(()))) => self.durable(),
            (Phase::Serving, IoResult::Checked(Ok(()))) => self.release(),
            (Phase::Serving, IoResult::Appended(Err(error)) | IoResult::Checked(Err(error))) => self.failed(&error),
            // an answer to a question that is no longer asked
            _ => {}
        }
    }

    fn durable(&mut self) {
        if let Some(batch) = &self.batch {
            self.head = batch.head();
        }
        self.release();
    }

    /// Everything taken in is durable: its answers are true, in order.
    fn release(&mut self) {
        let batch = self.batch.take();
        let mut index = 0;
        for Submission { what, reply, .. } in self.in_flight.drain(..) {
            let answer = match (what, &batch) {
                (What::Fact(entry), Some(batch)) => {
                    index += 1;
                    Answer::Recorded { entry, proof: Proof::Batch(Arc::clone(batch), index - 1) }
                }
                (What::Answer(Answer::Durable { .. }), _) => Answer::Durable { seq: self.head.seq },
                (What::Answer(answer), _) => answer,
                (What::Fact(_), None) => continue,
            };
            if let Some(reply) = reply {
                self.released.push((reply, Ok(answer)));
            }
        }
    }

    /// Rule 7, and rule 8 for a fence that has moved.
    fn failed(&mut self, error: &JournalError) {
        self.generation += 1;
        match (error, Halt::of(error)) {
            (JournalError::Fenced, _) => self.step_down(),
            (_, Some(why)) => self.halt(why),
            (_, None) => self.phase = Phase::Opening,
        }
    }

    fn step_down(&mut self) {
        self.give_up(NotDone::Moved);
        self.phase = Phase::SteppedDown;
    }

    fn halt(&mut self, why: Halt) {
        self.give_up(NotDone::Halted);
        self.phase = Phase::Halted(why);
    }

    /// Claims nothing about facts that were on their way. Of what only asked, nothing needs to be known.
    fn give_up(&mut self, asked: NotDone) {
        self.batch = None;
        self.found.clear();
        self.released.extend(self.in_flight.drain(..).filter_map(|s| {
            let verdict = match s.what {
                What::Fact(_) => NotDone::Unknown,
                What::Answer(_) => asked,
            };
            s.reply.map(|reply| (reply, Err(verdict)))
        }));
    }
}
