//! What comes back from the engine.

use domain::voucher::{Entry, Outcome, Refusal, View};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::journal::Batch;
use store::receipt::Receipt;

/// A true answer: everything it depends on is durable.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A new fact was recorded: a success, or a decline that is final for its key.
    Recorded {
        /// The fact.
        entry: Box<Entry>,
        /// What its receipt is made of.
        proof: Proof,
    },
    /// The same request was decided before.
    Known(Box<Outcome>),
    /// Nothing happened and nothing is remembered.
    Refused(Refusal),
    /// Nothing happened: it was already as asked.
    Unchanged,
    /// What the voucher is; `None` when there is none.
    Viewed(Option<Box<View>>),
    /// Everything submitted before is durable up to this place of the partition's journal.
    Durable {
        /// The partition's last durable record.
        seq: u64,
    },
}

/// What shows that a fact was recorded.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The batch that carries it, and its place in there.
    Batch(Arc<Batch>, usize),
    /// The receipt that another node made of that.
    Receipt(Box<Receipt<'static>>),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NotDone {
    /// This attempt did nothing and never will; the same key may be sent again.
    #[error("not executed")]
    NotExecuted,
    /// What it was decided on is void and it was never written; ask again. Never leaves the engine.
    #[error("decided on a state that is void")]
    Stale,
    /// Another node has the voucher's partition, and nothing was done here. Never leaves the engine.
    #[error("another node has the partition")]
    Moved,
    /// It is not known what became of it; ask by its key.
    #[error("the outcome is not known")]
    Unknown,
    /// The partition, or this voucher, is out of service until an operator looks at it.
    #[error("out of service until an operator has looked at it")]
    Halted,
}
