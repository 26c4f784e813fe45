//! The journal: one sequence of records for each partition, written in batches.
//!
//! # Contract
//! Every adapter keeps these rules, and `store/tests/journal_contract` holds each of them to them.
//!
//! - The records of a partition are dense and chained over its whole life.
//! - [`open`](Journal::open) moves the fence: the epoch grows by one and an open record is appended,
//!   durable when it answers. From then on nothing of an older epoch can be appended.
//! - [`append`](Journal::append) is all or nothing, and durable when it answers. It is `Fenced`
//!   unless the batch's epoch is current and a `Gap` unless it follows the last record.
//! - [`flush`](Journal::flush) appends to many partitions at the price of one; each stands for itself.
//! - An error other than those two says nothing about what happened: the caller moves the fence and
//!   reads.
//! - [`read`](Journal::read) shows only what is durable.
//! - Nothing is guessed: a store that lost its fence says [`JournalError::NoFence`] whatever it is asked,
//!   and nobody opens a partition whose fence is not where its last batch ends. That batch is never
//!   trimmed, since it vouches for the fence.
//! - What begins with an unknown form is [`JournalError::UnknownForm`]: a newer version wrote it, and nobody who
//!   cannot read it opens the partition (docs/decisions/0019).
//! - [`restore`](Journal::restore) fills an empty partition with another journal's batches, under a fence that
//!   stands at their end from the beginning: by the rule before, nobody opens it until all are there.
//!
//! Calls block: the engine drives each partition from a thread of its own.

mod apart;
mod batch;
mod encoding;
mod leases;
mod memory;
mod place;
mod postgres;
mod redis;
mod spread;
mod sqlite;

pub use apart::{Apart, apart};
pub use batch::Batch;
pub use batch::link;
pub use encoding::{DecodeError, decode_record, encode_record};
pub use leases::{Leases, Member, MemoryLeases, Seen, Table};
pub use memory::MemoryJournal;
pub use place::{JournalPlace, Lane, Volume};
pub(crate) use postgres::complaints::UNSAFE as POSTGRES_UNSAFE;
pub use postgres::{PostgresJournal, PostgresLeases, Standbys, Standing};
pub use redis::{Complaint, RedisJournal, RedisLeases, RedisServer};
pub use sqlite::{SQLITE_VERSION_MIN, SqliteJournal};

use domain::clock::Timestamp;
use domain::ids::PartitionId;
use domain::record::NodeId;
use std::sync::Arc;

/// BLAKE3 over the previous record's chain and this record's bytes.
pub type Chain = [u8; 32];

/// The chain before the first record.
pub const GENESIS: Chain = [0; 32];

/// A place in a partition's journal: its last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The epoch of the record; of the journal's last record it is the current one.
    pub epoch: u64,
    /// The record's place; zero before the first.
    pub seq: u64,
    /// The chain up to and with the record.
    pub chain: Chain,
}

impl Head {
    /// Before the first record.
    pub const START: Self = Self { epoch: 0, seq: 0, chain: GENESIS };
}

/// One partition's part of a flush.
#[derive(Clone, Debug)]
pub struct Append {
    /// The partition.
    pub partition: PartitionId,
    /// The last record that must be there.
    pub previous_seq: u64,
    /// What to append behind it.
    pub batch: Arc<Batch>,
}

/// What came of an [`Append`].
pub type Appended = Result<(), JournalError>;

/// What opening a partition led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The open record, whose epoch is the new one.
    pub head: Head,
}

/// Why the journal did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another owner has moved the fence: the epoch is no longer current.
    #[error("the fence has moved past this epoch")]
    Fenced,
    /// The batch does not follow the last record.
    #[error("the batch does not follow the last record")]
    Gap,
    /// The partition has no fence: it was never created, or lost it.
    #[error("the partition has no fence")]
    NoFence,
    /// The epoch at opening was not the expected one.
    #[error("the current epoch is {current}")]
    Race {
        /// The epoch that is current.
        current: u64,
    },
    /// Trimming would pass what is still needed.
    #[error("record {floor} is still needed")]
    Floor {
        /// The last record that may go.
        floor: u64,
    },
    /// What was stored cannot be what was written.
    #[error("the journal is damaged: {0}")]
    Corrupt(String),
    /// What was stored begins with the number of a form that this version does not read.
    #[error("a batch has form {0}, which only a newer version of buono reads, unless that byte is damaged")]
    UnknownForm(u8),
    /// Anything else, a full disk for example: it is not known what happened.
    #[error("it is not known what happened: {0}")]
    Unknown(String),
}

impl From<DecodeError> for JournalError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Form(form) => Self::UnknownForm(form),
            damage => Self::Corrupt(damage.to_string()),
        }
    }
}

/// What to tell of several appends that failed as one. Damage is one partition's, and its next opening finds it.
fn failed_together(error: JournalError, appends: &[Append]) -> Vec<Appended> {
    let told = match error {
        JournalError::Corrupt(why) if appends.len() > 1 => JournalError::Unknown(why),
        error => error,
    };
    vec![Err(told); appends.len()]
}

/// The journal of one installation; see the contract above.
pub trait Journal: Send {
    /// Gives an empty partition its fence; does nothing if it has one.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn create(&mut self, partition: PartitionId) -> Result<(), JournalError>;

    /// The partitions that have a fence, in order.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn partitions(&mut self) -> Result<Vec<PartitionId>, JournalError>;

    /// The last record and, in its epoch, the current epoch.
    ///
    /// # Errors
    /// [`JournalError::NoFence`], [`JournalError::Corrupt`], [`JournalError::Unknown`].
    fn head(&mut self, partition: PartitionId) -> Result<Head, JournalError>;

    /// Moves the fence.
    ///
    /// # Errors
    /// [`JournalError::Race`], [`JournalError::NoFence`], [`JournalError::Corrupt`],
    /// [`JournalError::Unknown`].
    fn open(
        &mut self,
        partition: PartitionId,
        node: NodeId,
        expected_epoch: u64,
        at: Timestamp,
    ) -> Result<Opened, JournalError>;

    /// Appends to several partitions, none of them twice, in one turn and with one sync. One that is refused
    /// hinders no other; the answers are in the order of the appends, as [`append`](Self::append) gives them.
    fn flush(&mut self, appends: &[Append]) -> Vec<Appended>;

    /// Appends a batch behind the record `previous_seq`.
    ///
    /// # Errors
    /// [`JournalError::Fenced`], [`JournalError::Gap`], [`JournalError::NoFence`],
    /// [`JournalError::Corrupt`], [`JournalError::Unknown`].
    fn append(&mut self, partition: PartitionId, previous_seq: u64, batch: &Arc<Batch>) -> Appended {
        let answer = self.flush(&[Append { partition, previous_seq, batch: Arc::clone(batch) }]).pop();
        answer.unwrap_or_else(|| Err(JournalError::Unknown("an append was not answered".to_owned())))
    }

    /// Makes sure that `epoch` is still current.
    ///
    /// # Errors
    /// [`JournalError::Fenced`], [`JournalError::NoFence`], [`JournalError::Corrupt`],
    /// [`JournalError::Unknown`].
    fn check(&mut self, partition: PartitionId, epoch: u64) -> Result<(), JournalError> {
        let current = self.head(partition)?.epoch;
        if current == epoch { Ok(()) } else { Err(JournalError::Fenced) }
    }

    /// The batches that hold records from `from_seq` on, in order: at least one if there is one,
    /// and then no more than about `bytes_max` of them.
    ///
    /// # Errors
    /// [`JournalError::NoFence`], [`JournalError::Corrupt`], [`JournalError::Unknown`].
    fn read(
        &mut self,
        partition: PartitionId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Batch>>, JournalError>;

    /// Lets go of whole batches up to the record `upto`, but for the last batch of all.
    ///
    /// # Errors
    /// [`JournalError::Floor`] when that would pass `floor`, [`JournalError::NoFence`],
    /// [`JournalError::Corrupt`], [`JournalError::Unknown`].
    fn trim(&mut self, partition: PartitionId, upto: u64, floor: u64) -> Result<(), JournalError>;

    /// Stores batches of another journal as they are, epochs included. The first call mints the fence at
    /// `end`, where the last batch of all will end; the batches of each call must follow what is stored,
    /// and the first ones may begin anywhere, as a trimmed journal does.
    ///
    /// # Errors
    /// [`JournalError::Gap`] when the fence stands elsewhere or the batches do not follow what is stored,
    /// [`JournalError::NoFence`] when there are batches without one, [`JournalError::Corrupt`],
    /// [`JournalError::Unknown`].
    fn restore(&mut self, partition: PartitionId, end: &Head, batches: &[Arc<Batch>]) -> Result<(), JournalError>;

    /// Drops the connection and everything that may still come over it.
    fn reconnect(&mut self);
}
