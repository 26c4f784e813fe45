//! One voucher's decisions, without the actor around them.

use crate::answer::Answer;
use crate::queue::{Submission, What};
use domain::clock::Timestamp;
use domain::voucher::{Command, Corrupt, Decision, Entry, Voucher, decide, due_release};
use serde::{Deserialize, Serialize};

/// What is asked of a voucher.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Do something.
    Execute(Command),
    /// Show what it is.
    View,
}

/// A voucher in memory, ahead of the disk: it decides on what it has decided, and the writer holds
/// the answers back until what they depend on is durable.
#[derive(Debug)]
pub struct Cell {
    voucher: Voucher,
    generation: u64,
}

impl Cell {
    /// A voucher rebuilt from its facts, for one life of its partition.
    ///
    /// # Errors
    /// [`Corrupt`] when the facts do not add up.
    pub fn replay(mut voucher: Voucher, generation: u64, entries: &[Entry]) -> Result<Self, Corrupt> {
        entries.iter().try_for_each(|entry| voucher.apply(entry))?;
        Ok(Self { voucher, generation })
    }

    /// The life of the partition that it belongs to.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Decides, and hands every decision to `submit` in order; the reply goes with the last.
    ///
    /// # Errors
    /// [`Corrupt`] when a decision does not fit its own state: a defect, after which this cell
    /// must not be used.
    pub fn handle<R>(
        &mut self,
        ask: &Ask,
        now: Timestamp,
        reply: R,
        mut submit: impl FnMut(Submission<R>),
    ) -> Result<(), Corrupt> {
        let generation = self.generation;
        while let Some(release) = due_release(&self.voucher, now) {
            self.voucher.apply(&release)?;
            submit(Submission { generation, what: What::Fact(Box::new(release)), reply: None });
        }
        let what = match ask {
            Ask::View => What::Answer(Answer::Viewed(self.voucher.view().map(Box::new))),
            Ask::Execute(command) => match decide(&self.voucher, command, now) {
                Decision::Record(entry) => {
                    self.voucher.apply(&entry)?;
                    What::Fact(Box::new(entry))
                }
                Decision::Known(outcome) => What::Answer(Answer::Known(Box::new(outcome))),
                Decision::Refuse(refusal) => What::Answer(Answer::Refused(refusal)),
                Decision::Unchanged => What::Answer(Answer::Unchanged),
            },
        };
        submit(Submission { generation, what, reply: Some(reply) });
        Ok(())
    }
}
