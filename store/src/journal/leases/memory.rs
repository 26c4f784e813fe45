//! Leases in memory, for tests.

use super::{Leases, Member, Seen, Table};
use crate::journal::JournalError;
use domain::ids::PartitionId;
use parking_lot::Mutex;
use std::sync::Arc;

/// Leases in memory; clones share them, as connections share a server.
#[derive(Clone, Debug, Default)]
pub struct MemoryLeases {
    table: Arc<Mutex<Table>>,
}

impl Leases for MemoryLeases {
    fn create(&mut self, count: u16) -> Result<u16, JournalError> {
        let mut table = self.table.lock();
        if table.holders.is_empty() {
            table.holders = (0..count).map(|partition| (PartitionId(partition), None)).collect();
        }
        Ok(u16::try_from(table.holders.len()).unwrap_or(u16::MAX))
    }

    fn beat(&mut self, me: &Member, first: bool) -> Result<bool, JournalError> {
        let mut table = self.table.lock();
        let known = table.members.get(&me.name);
        if !first && known.is_some_and(|seen| seen.member.node != me.node) {
            return Ok(false);
        }
        let beats = known.map_or(0, |seen| seen.beats) + 1;
        table.members.insert(me.name.clone(), Seen { member: me.clone(), beats });
        Ok(true)
    }

    fn table(&mut self) -> Result<Table, JournalError> {
        Ok(self.table.lock().clone())
    }

    fn claim(&mut self, partition: PartitionId, me: &str, from: Option<&Seen>) -> Result<bool, JournalError> {
        let mut table = self.table.lock();
        let unmoved =
            from.is_none_or(|from| table.members.get(&from.member.name).is_none_or(|seen| seen.beats == from.beats));
        let expected = from.map(|from| from.member.name.clone());
        match table.holders.get_mut(&partition) {
            Some(holder) if *holder == expected && unmoved => {
                *holder = Some(me.to_owned());
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn release(&mut self, partition: PartitionId, me: &str) -> Result<(), JournalError> {
        if let Some(holder) = self.table.lock().holders.get_mut(&partition)
            && holder.as_deref() == Some(me)
        {
            *holder = None;
        }
        Ok(())
    }

    fn leave(&mut self, me: &Member) -> Result<(), JournalError> {
        let mut table = self.table.lock();
        if table.members.get(&me.name).is_some_and(|seen| seen.member.node == me.node) {
            table.members.remove(&me.name);
            table
                .holders
                .values_mut()
                .filter(|holder| holder.as_deref() == Some(&me.name))
                .for_each(|holder| *holder = None);
        }
        Ok(())
    }
}
