//! The journal in Redis or Valkey: for several nodes, or a town that outgrows one machine.
//!
//! The rules are a Function library in the server, `migrations/redis/buono_journal.lua`: comparing the fence
//! and writing behind it are one step there. A partition `7` is the hash `buono:{p7}:fence` and the stream
//! `buono:{p7}:batches`.
//!
//! # What is durable
//! `appendfsync always` makes one turn of the server's loop run as: read requests, execute them, write and
//! sync the append-only file, and only then send the answers of that turn. So whatever an answer shows,
//! an append's or a reader's, is on the disk before the answer leaves; a reader may see an entry that is not
//! yet synced, but nobody hears of it before it is. A server that cannot write or sync ends itself.
//!
//! That leaves what a server wrote, did not sync, and shows again after a crash of its process only: such an
//! entry may still go with the power. Therefore every new connection first has one write of its own
//! acknowledged: its sync covers all that the file holds. A server that restarts breaks every connection, so
//! nobody reads it without that. [`RedisServer::complaints`] lists the settings without which none of this is true.
//!
//! # What is unknown
//! A call that was not answered, whatever the reason, is [`JournalError::Unknown`]. Nothing is ever sent a
//! second time, and the connection is dropped, so that a late answer cannot be taken for another call's.
//!
//! # Limits
//! The server's scripts count exactly to 2^53 - 1. Neither an epoch nor a sequence number gets beyond that: it is nine
//! million thousand million records in a partition's life.

mod caller;
mod connection;
mod doctor;
mod leases;
mod places;

pub use connection::RedisServer;
pub use doctor::Complaint;
pub use leases::RedisLeases;

use super::batch::{continues, vouched_for};
use super::{Append, Appended, Batch, Chain, GENESIS, Head, Journal, JournalError, Opened, failed_together};
use caller::{Caller, shaped};
use connection::LIBRARY;
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use redis::{Cmd, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The largest epoch or sequence number that the server's scripts can count to.
const COUNT_MAX: u64 = (1 << 53) - 1;

/// How many bytes of batches one call reads at most: the server does nothing else meanwhile.
const READ_BYTES_MAX: usize = 4 << 20;
/// How often opening begins anew because somebody appended between its two steps.
const OPEN_TRIES_MAX: usize = 200;

/// The fence as it is stored: epoch, sequence number, chain.
type Fence = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
/// An entry of a stream: its id, and the one field with its name.
type Entry = (String, (String, Vec<u8>));

/// A connection to the journal's server.
pub struct RedisJournal(Caller);

impl RedisJournal {
    /// Connects to a server that has the library.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached or [`RedisServer::migrate`] was not called.
    pub fn open(server: &RedisServer) -> Result<Self, JournalError> {
        let mut caller = Caller::new(server.clone());
        caller.connect()?;
        Ok(Self(caller))
    }

    /// Connects with the first call, so that a server that is away stops only whoever needs it.
    #[must_use]
    pub const fn connecting_later(server: RedisServer) -> Self {
        Self(Caller::new(server))
    }

    /// The fence, and the last batch if it is where the fence stands.
    fn vouched_for(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        let (fence, last): (Fence, Vec<Entry>) = self.0.call(&function("last", partition))?;
        let fence = head_of(fence)?;
        let last = last.into_iter().next().map(batch_of).transpose()?;
        vouched_for(last.as_ref(), &fence)?;
        Ok(fence)
    }

    fn flush_all(&mut self, appends: &[Append]) -> Result<Vec<Appended>, JournalError> {
        let commands = appends.iter().map(command_of).collect::<Result<Vec<_>, _>>()?;
        let answers = self.0.call_all(&commands)?;
        let told = |(append, answer): (&Append, Result<Value, JournalError>)| {
            refused_at(answer?)?.map_or(Ok(()), |fence| {
                Err(if fence.epoch == append.batch.epoch() { JournalError::Gap } else { JournalError::Fenced })
            })
        };
        Ok(appends.iter().zip(answers).map(told).collect())
    }
}

/// Asks for the batch to be appended if the fence is at `before`.
fn put(partition: PartitionId, before: &Head, batch: &Batch) -> Result<Cmd, JournalError> {
    let after = batch.head();
    if after.seq > COUNT_MAX || after.epoch > COUNT_MAX {
        return Err(JournalError::Unknown(format!("record {} is beyond {COUNT_MAX}", after.seq)));
    }
    let mut command = function("append", partition);
    for head in [before, &after] {
        command.arg(head.epoch).arg(head.seq).arg(&head.chain[..]);
    }
    command.arg(batch.bytes());
    Ok(command)
}

/// What answers a [`put`]: nothing, or the fence that it did not find where it believed.
fn refused_at(answer: Value) -> Result<Option<Head>, JournalError> {
    shaped::<Option<Fence>>(answer)?.map(head_of).transpose()
}

fn command_of(append: &Append) -> Result<Cmd, JournalError> {
    let before = append.batch.previous();
    if before.seq == append.previous_seq {
        return put(append.partition, &before, &append.batch);
    }
    // it follows nothing; what is left to say is whether the epoch has passed, too
    Ok(function("head", append.partition))
}

/// A call of the library's function of this name, on the keys of the partition.
fn function(name: &str, partition: PartitionId) -> Cmd {
    let mut command = redis::cmd("FCALL");
    command.arg(format!("{LIBRARY}_{name}")).arg(2);
    command.arg(format!("buono:{{p{}}}:fence", partition.0)).arg(format!("buono:{{p{}}}:batches", partition.0));
    command
}

/// A number as this program writes it, and no other way: the server compares texts.
fn count_of(text: &[u8]) -> Option<u64> {
    let count = str::from_utf8(text).ok()?.parse::<u64>().ok().filter(|count| *count <= COUNT_MAX)?;
    (count.to_string().as_bytes() == text).then_some(count)
}

fn head_of(fence: Fence) -> Result<Head, JournalError> {
    let (epoch, seq, chain) = match fence {
        (None, None, None) => return Err(JournalError::NoFence),
        (epoch, seq, chain) => (epoch.unwrap_or_default(), seq.unwrap_or_default(), chain.unwrap_or_default()),
    };
    let damaged = |what| JournalError::Corrupt(format!("the fence's {what} cannot be"));
    Ok(Head {
        epoch: count_of(&epoch).ok_or_else(|| damaged("epoch"))?,
        seq: count_of(&seq).ok_or_else(|| damaged("record"))?,
        chain: Chain::try_from(chain).map_err(|_| damaged("chain"))?,
    })
}

/// The batch of an entry, if it lies where it belongs.
fn batch_of((id, (_, bytes)): Entry) -> Result<Batch, JournalError> {
    let batch = Batch::decode(bytes)?;
    let end = batch.head();
    if id == place_of(&end) {
        return Ok(batch);
    }
    Err(JournalError::Corrupt(format!("the batch up to record {} lies at {id}", end.seq)))
}

/// Where the batches lie in their stream.
fn place_of(end: &Head) -> String {
    format!("{}-{}", end.epoch, end.seq)
}

impl Journal for RedisJournal {
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError> {
        self.0.call(function("create", partition).arg(&GENESIS[..]))
    }

    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError> {
        let (mut found, mut cursor) = (BTreeSet::new(), 0_u64);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg("buono:{p*}:fence").arg("COUNT").arg(1_000);
            let (next, keys): (u64, Vec<String>) = self.0.call(&scan)?;
            let number = |key: &String| key.strip_prefix("buono:{p")?.strip_suffix("}:fence")?.parse().ok();
            found.extend(keys.iter().filter_map(number).map(PartitionId));
            if next == 0 {
                return Ok(found.into_iter().collect());
            }
            cursor = next;
        }
    }

    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError> {
        head_of(self.0.call(&function("head", partition))?)
    }

    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError> {
        for _ in 0..OPEN_TRIES_MAX {
            let before = self.vouched_for(partition)?;
            if before.epoch != expected_epoch {
                return Err(JournalError::Race { current: before.epoch });
            }
            let batch = Batch::opening(&before, node, at);
            if refused_at(self.0.call(&put(partition, &before, &batch)?)?)?.is_none() {
                return Ok(Opened { head: batch.head() });
            }
        }
        Err(JournalError::Unknown("others append faster than the fence can move".to_owned()))
    }

    fn flush(&mut self, appends: &[Append]) -> Vec<Appended> {
        self.flush_all(appends).unwrap_or_else(|error| failed_together(error, appends))
    }

    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError> {
        let mut command = function("read", partition);
        command.arg(from_seq.min(COUNT_MAX)).arg(bytes_max.min(READ_BYTES_MAX));
        let (fence, entries): (Fence, Vec<Entry>) = self.0.call(&command)?;
        head_of(fence)?;
        entries.into_iter().map(|entry| batch_of(entry).map(Arc::new)).collect()
    }

    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError> {
        if upto > floor {
            return Err(JournalError::Floor { floor });
        }
        let fence: Fence = self.0.call(function("trim", partition).arg(upto.min(COUNT_MAX)))?;
        head_of(fence).map(drop)
    }

    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError> {
        let (_, last): (Fence, Vec<Entry>) = self.0.call(&function("last", partition))?;
        let stored = last.into_iter().next().map(batch_of).transpose()?.map(|batch| batch.head());
        if !continues(stored, batches, end) {
            return Err(JournalError::Gap);
        }
        let mut command = function("restore", partition);
        command.arg(end.epoch).arg(end.seq).arg(&end.chain[..]);
        command.arg(stored.as_ref().map(place_of).unwrap_or_default());
        for batch in batches {
            command.arg(place_of(&batch.head())).arg(batch.bytes());
        }
        let refused: Option<Fence> = self.0.call(&command)?;
        refused.map_or(Ok(()), |fence| Err(head_of(fence).err().unwrap_or(JournalError::Gap)))
    }

    fn reconnect(&mut self) {
        self.0.hang_up();
    }
}
