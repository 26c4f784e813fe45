//! A journal in memory, for tests: as strict as the others, and gone with the process.

use super::batch::{continues, vouched_for};
use super::{Append, Appended, Batch, Head, Journal, JournalError, Opened};
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A journal in memory; clones share it, as connections share a server.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    partitions: Arc<Mutex<BTreeMap<PartitionId, Sequence>>>,
}

#[derive(Debug)]
struct Sequence {
    head: Head,
    batches: Vec<Arc<Batch>>,
}

impl Sequence {
    fn push(&mut self, batch: Arc<Batch>) {
        self.head = batch.head();
        self.batches.push(batch);
    }

    fn append(&mut self, append: &Append) -> Appended {
        if append.batch.epoch() != self.head.epoch {
            return Err(JournalError::Fenced);
        }
        if append.previous_seq != self.head.seq || append.batch.follows(&self.head).is_err() {
            return Err(JournalError::Gap);
        }
        self.push(Arc::clone(&append.batch));
        Ok(())
    }
}

impl MemoryJournal {
    fn with<T>(
        &self,
        partition: PartitionId,
        act: impl FnOnce(&mut Sequence) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        act(self.partitions.lock().get_mut(&partition).ok_or(JournalError::NoFence)?)
    }
}

impl Journal for MemoryJournal {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        let empty = Sequence { head: Head::START, batches: Vec::new() };
        self.partitions.lock().entry(partition).or_insert(empty);
        Ok(())
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        Ok(self.partitions.lock().keys().copied().collect())
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        self.with(partition, |sequence| Ok(sequence.head))
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        self.with(partition, |sequence| {
            vouched_for(sequence.batches.last().map(Arc::as_ref), &sequence.head)?;
            let current = sequence.head.epoch;
            if current != expected_epoch {
                return Err(JournalError::Race { current });
            }
            sequence.push(Arc::new(Batch::opening(&sequence.head, node, at)));
            Ok(Opened { head: sequence.head })
        })
    }

    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        let put = |append: &Append| self.with(append.partition, |sequence| sequence.append(append));
        appends.iter().map(put).collect()
    }

    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError> {
        self.with(partition, |sequence| {
            let mut bytes = 0;
            let start = sequence.batches.partition_point(|batch| batch.head().seq < from_seq);
            let wanted = sequence.batches[start..].iter().take_while(|batch| {
                let first = bytes == 0;
                bytes += batch.bytes().len();
                first || bytes <= bytes_max
            });
            Ok(wanted.cloned().collect())
        })
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        if upto > floor {
            return Err(JournalError::Floor { floor });
        }
        self.with(partition, |sequence| {
            let end = sequence.head.seq;
            sequence.batches.retain(|batch| batch.head().seq > upto || batch.head().seq == end);
            Ok(())
        })
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        let empty = Sequence { head: *end, batches: Vec::new() };
        self.partitions.lock().entry(partition).or_insert(empty);
        self.with(partition, |sequence| {
            if sequence.head == Head::START {
                sequence.head = *end;
            }
            let stored = sequence.batches.last().map(|batch| batch.head());
            if sequence.head != *end || !continues(stored, batches, end) {
                return Err(JournalError::Gap);
            }
            sequence.batches.extend_from_slice(batches);
            Ok(())
        })
    }

    fn reconnect(&mut self) {}
}
