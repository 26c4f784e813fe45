//! Leases beside the journal in Redis: a hash of members and a hash of holders, changed by the same library.

use super::caller::Caller;
use super::connection::{LIBRARY, RedisServer};
use super::count_of;
use crate::journal::{JournalError, Leases, Member, Seen, Table};
use domain::ids::PartitionId;
use domain::record::NodeId;
use redis::Cmd;
use std::collections::BTreeMap;

/// Which node holds which partition.
pub(super) const HOLDERS: &str = "buono:{leases}:holders";

/// A connection to the leases.
pub struct RedisLeases(Caller);

/// A call of the library's function of this name, on the keys of the leases.
fn function(name: &str) -> Cmd {
    let mut command = redis::cmd("FCALL");
    command.arg(format!("{LIBRARY}_{name}")).arg(2).arg("buono:{leases}:members").arg(HOLDERS);
    command
}

impl RedisLeases {
    /// Connects once it is asked for something.
    #[must_use]
    pub const fn new(server: RedisServer) -> Self {
        Self(Caller::new(server))
    }
}

/// `beats incarnation leaving address`, as the library writes it.
fn seen(name: &str, text: &str) -> Option<Seen> {
    let mut parts = text.splitn(4, ' ');
    let beats = count_of(parts.next()?.as_bytes())?;
    let node = NodeId(parts.next()?.parse().ok()?);
    let leaving = parts.next()? == "1";
    let member = Member { name: name.to_owned(), node, address: parts.next()?.to_owned(), leaving };
    Some(Seen { member, beats })
}

fn table((members, holders): (BTreeMap<String, String>, BTreeMap<String, String>)) -> Result<Table, JournalError> {
    let damaged = |what: &str| JournalError::Corrupt(format!("the leases of {what} cannot be read"));
    let mut table = Table::default();
    for (name, text) in members {
        let seen = seen(&name, &text).ok_or_else(|| damaged(&name))?;
        table.members.insert(name, seen);
    }
    for (partition, holder) in holders {
        let partition = PartitionId(partition.parse().map_err(|_| damaged(&partition))?);
        table.holders.insert(partition, Some(holder).filter(|holder| !holder.is_empty()));
    }
    Ok(table)
}

impl Leases for RedisLeases {
    fn create(&mut self, count: u16) -> Result<u16, JournalError> {
        self.0.call(function("partitions").arg(count))
    }

    fn beat(&mut self, me: &Member, first: bool) -> Result<bool, JournalError> {
        let mut command = function("beat");
        command.arg(&me.name).arg(me.node.0).arg(u8::from(me.leaving)).arg(&me.address).arg(u8::from(first));
        self.0.call(&command)
    }

    fn table(&mut self) -> Result<Table, JournalError> {
        table(self.0.call(&function("table"))?)
    }

    fn claim(&mut self, partition: PartitionId, me: &str, from: Option<&Seen>) -> Result<bool, JournalError> {
        let mut command = function("claim");
        command.arg(partition.0).arg(me);
        match from {
            Some(from) => command.arg(&from.member.name).arg(from.beats),
            None => command.arg("").arg(0),
        };
        self.0.call(&command)
    }

    fn release(&mut self, partition: PartitionId, me: &str) -> Result<(), JournalError> {
        self.0.call(function("release").arg(partition.0).arg(me))
    }

    fn leave(&mut self, me: &Member) -> Result<(), JournalError> {
        self.0.call(function("leave").arg(&me.name).arg(me.node.0))
    }
}
