//! From Asking to Serving: moving the fence, and reading everything behind what the ledger holds.

use super::{Halt, Phase, Writer};
use crate::answer::{Answer, NotDone, Proof};
use crate::queue::{Submission, What};
use domain::record::Body;
use std::sync::Arc;
use store::journal::{Batch, Head, JournalError, Opened};

impl<R> Writer<R> {
    pub(super) fn asked(&mut self, result: &Result<Head, JournalError>) {
        match *result {
            Ok(head) if head.seq < self.head.seq.max(self.seen_seq) => self.halt(Halt::JournalBehindLedger),
            Ok(head) => {
                self.epoch = head.epoch;
                self.phase = Phase::Opening;
            }
            Err(ref error) => self.halt_or_pause(error),
        }
    }

    pub(super) fn opened(&mut self, result: &Result<Opened, JournalError>) {
        match *result {
            // records that were durable are gone, and nothing read from here on would show it
            Ok(opened) if opened.head.seq <= self.head.seq => self.halt(Halt::JournalBehindLedger),
            Ok(opened) => {
                self.epoch = opened.head.epoch;
                self.phase = Phase::CatchingUp { opened: opened.head };
            }
            // an epoch that was durable is gone, and the records of its life with it
            Err(JournalError::Race { current }) if current < self.head.epoch => self.halt(Halt::JournalBehindLedger),
            Err(JournalError::Race { current }) => {
                if current < self.epoch {
                    // an opening that was seen and not yet durable: a power cut took it back
                    self.epoch = self.head.epoch;
                }
                self.phase = Phase::Inspecting { current, from_seq: self.head.seq + 1 };
            }
            Err(ref error) => self.halt_or_pause(error),
        }
    }

    fn halt_or_pause(&mut self, error: &JournalError) {
        match Halt::of(error) {
            Some(why) => self.halt(why),
            None => self.pause = true,
        }
    }

    /// An opening whose reply was lost is found in the journal under this node's own id, however
    /// much lies before it.
    pub(super) fn inspected(&mut self, current: u64, result: Result<Vec<Arc<Batch>>, JournalError>) {
        let batches = match result {
            Ok(batches) => batches,
            Err(error) => return self.halt_or_pause(&error),
        };
        let records = batches.iter().flat_map(|batch| batch.records());
        let opener = records.filter(|record| record.epoch == current).find_map(|record| match record.body {
            Body::Open { node, .. } => Some(node),
            Body::Entry(_) => None,
        });
        match (opener, batches.last()) {
            (Some(node), _) if node == self.node => {
                self.epoch = current;
                self.phase = Phase::Opening;
            }
            (Some(_), _) => self.step_down(),
            (None, Some(batch)) => self.phase = Phase::Inspecting { current, from_seq: batch.head().seq + 1 },
            // that opening never reached the disk: nobody has taken over after all
            (None, None) => self.phase = Phase::Opening,
        }
    }

    /// Everything up to the own opening is read and checked; only then are waiters answered.
    pub(super) fn caught_up(&mut self, opened: Head, result: Result<Vec<Arc<Batch>>, JournalError>) {
        let batches = match result {
            Ok(batches) if !batches.is_empty() => batches,
            // the own opening was durable and is not there: whether the journal was exchanged says its end
            Ok(_) => {
                self.seen_seq = self.seen_seq.max(opened.seq);
                self.phase = Phase::Asking;
                self.pause = true;
                return;
            }
            Err(error) => return self.halt_or_pause(&error),
        };
        for batch in batches {
            if batch.follows(&self.head).is_err() {
                return self.halt(Halt::DamagedJournal);
            }
            self.remember(&batch);
            self.head = batch.head();
            if self.head.seq == opened.seq {
                break;
            }
        }
        if self.head.seq < opened.seq {
            return;
        }
        if self.head != opened {
            return self.halt(Halt::DamagedJournal);
        }
        self.settle();
        self.phase = Phase::Serving;
    }

    /// Keeps the facts of a batch that may be the one whose outcome is unknown.
    fn remember(&mut self, batch: &Arc<Batch>) {
        if self.in_flight.is_empty() {
            return;
        }
        for (index, record) in batch.records().iter().enumerate() {
            if let Body::Entry(entry) = &record.body {
                self.found.insert((entry.voucher, entry.voucher_seq), (Arc::clone(batch), index));
            }
        }
    }

    /// Answers the waiters of an unknown outcome from what the journal says.
    fn settle(&mut self) {
        let found = std::mem::take(&mut self.found);
        self.batch = None;
        for Submission { what, reply, .. } in self.in_flight.drain(..) {
            let Some(reply) = reply else { continue };
            let verdict = match what {
                What::Answer(_) => Err(NotDone::Stale),
                What::Fact(entry) => match found.get(&(entry.voucher, entry.voucher_seq)) {
                    Some((batch, index)) if batch.records()[*index].body == Body::Entry(*entry) => {
                        Ok(Answer::Recorded { entry, proof: Proof::Batch(Arc::clone(batch), *index) })
                    }
                    _ => Err(NotDone::NotExecuted),
                },
            };
            self.released.push((reply, verdict));
        }
    }
}
