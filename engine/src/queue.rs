//! The queue between the actors and the writer.
//!
//! The writer takes everything at once: whatever gathered while the last batch was on its way is
//! the next batch, so batches grow by themselves under load and nothing ever waits for company.

use crate::answer::{Answer, NotDone};
use crate::bell::Bell;
use domain::voucher::Entry;
use parking_lot::Mutex;
use std::sync::Arc;

/// Submissions that may wait; beyond it callers are told to come back.
pub const QUEUE_LEN_MAX: usize = 1 << 16;

/// Something for the writer, in the order in which it was decided.
#[derive(Debug)]
pub struct Submission<R> {
    /// Which life of the partition it was decided in.
    pub generation: u64,
    /// What it is.
    pub what: What,
    /// Who waits for it; a time-out's release has nobody.
    pub reply: Option<R>,
}

/// What is submitted.
#[derive(Debug)]
pub enum What {
    /// A fact to write; its answer is that it is written.
    Fact(Box<Entry>),
    /// An answer that is true once everything before it is durable.
    Answer(Answer),
}

/// What becomes of a submission.
pub type Verdict = Result<Answer, NotDone>;

/// The queue of one partition.
#[derive(Debug)]
pub struct Queue<R> {
    state: Mutex<State<R>>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct State<R> {
    waiting: Vec<Submission<R>>,
    closed: bool,
}

impl<R> Queue<R> {
    /// A queue that rings when something comes into it.
    pub fn new(bell: Arc<Bell>) -> Self {
        Self { state: Mutex::new(State { waiting: Vec::new(), closed: false }), bell }
    }

    /// Whether another submission fits. Asked before deciding, since a decision must be submitted.
    pub fn has_room(&self) -> bool {
        let state = self.state.lock();
        !state.closed && state.waiting.len() < QUEUE_LEN_MAX
    }

    /// Adds a submission; gives it back once the queue is closed.
    pub fn push(&self, submission: Submission<R>) -> Result<(), Submission<R>> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(submission);
        }
        state.waiting.push(submission);
        let wake = state.waiting.len() == 1;
        drop(state);
        if wake {
            self.bell.ring();
        }
        Ok(())
    }

    /// Moves everything that waits to the end of `into`. `false` once the queue is closed and empty.
    pub fn take(&self, into: &mut Vec<Submission<R>>) -> bool {
        let mut state = self.state.lock();
        if into.is_empty() {
            std::mem::swap(into, &mut state.waiting);
        } else {
            into.append(&mut state.waiting);
        }
        !(state.closed && into.is_empty())
    }

    /// Whether nothing more comes in.
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Nothing more comes in; what waits is still taken.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.bell.ring();
    }
}
