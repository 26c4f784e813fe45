//! Several journals as one: a partition lies on the primary whose number is its own, modulo their count.

use super::{Append, Appended, Batch, Head, Journal, JournalError, Opened};
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use std::sync::Arc;

/// Where a partition lies among so many primaries.
pub(super) fn place_of(partition: PartitionId, primaries: usize) -> usize {
    usize::from(partition.0) % primaries
}

/// A connection to each of several primaries; at least one.
pub(super) struct Spread {
    primaries: Vec<Box<dyn Journal>>,
}

impl Spread {
    pub fn new(primaries: Vec<Box<dyn Journal>>) -> Self {
        Self { primaries }
    }

    fn of(&mut self, partition: PartitionId) -> &mut dyn Journal {
        let place = place_of(partition, self.primaries.len());
        self.primaries[place].as_mut()
    }
}

impl Journal for Spread {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        self.of(partition).create(partition)
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        let each = self.primaries.iter_mut().map(|primary| primary.partitions());
        let mut all = each.collect::<Result<Vec<_>, _>>()?.concat();
        all.sort();
        Ok(all)
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        self.of(partition).head(partition)
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        self.of(partition).open(partition, node, expected_epoch, at)
    }

    /// One after the other: whoever writes much has a connection, and a thread, for each primary.
    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        let put =
            |append: &Append| self.of(append.partition).append(append.partition, append.previous_seq, &append.batch);
        appends.iter().map(put).collect()
    }

    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError> {
        self.of(partition).read(partition, from_seq, bytes_max)
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        self.of(partition).trim(partition, upto, floor)
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        self.of(partition).restore(partition, end, batches)
    }

    fn reconnect(&mut self) {
        self.primaries.iter_mut().for_each(|primary| primary.reconnect());
    }
}
