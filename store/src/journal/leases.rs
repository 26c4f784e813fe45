//! Which node has which partition: leases, kept where the journal is.
//!
//! A lease only decides who tries; that nobody writes beside somebody else is the fence's work. So liveness needs
//! no clock that nodes agree on: a node counts its beats up, and whoever has not seen another's count move for the
//! length of a lease, by its own clock, may take over what that one holds. A machine whose clock jumps takes
//! nothing from anybody.

mod memory;

pub use memory::MemoryLeases;

use super::JournalError;
use domain::ids::PartitionId;
use domain::record::NodeId;
use std::collections::BTreeMap;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The same at every start over the same data folder, so that a node that comes back has its partitions at once.
    pub name: String,
    /// This incarnation.
    pub node: NodeId,
    /// Where other nodes reach it.
    pub address: String,
    /// It is about to end, and takes nothing up any more.
    pub leaving: bool,
}

/// A member as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it said.
    pub member: Member,
    /// How often it has said so.
    pub beats: u64,
}

/// Who is there, by name, and who holds what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Everybody who ever came and has not left, dead or alive.
    pub members: BTreeMap<String, Seen>,
    /// The name of each partition's holder, if it has one.
    pub holders: BTreeMap<PartitionId, Option<String>>,
}

/// The leases of one installation.
pub trait Leases: Send {
    /// Makes the partitions from 0 on, so many of them, if there are none yet; and says how many there are.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn create(&mut self, count: u16) -> Result<u16, JournalError>;

    /// Comes in, or says again that it is there. `false` once another incarnation came in under that name, which
    /// `first` does not heed: the later one counts.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn beat(&mut self, me: &Member, first: bool) -> Result<bool, JournalError>;

    /// Who is there, and who holds what.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn table(&mut self) -> Result<Table, JournalError>;

    /// Takes a partition that has the holder `from` as it was seen: one that has not moved since. Says whether that
    /// was so.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn claim(&mut self, partition: PartitionId, me: &str, from: Option<&Seen>) -> Result<bool, JournalError>;

    /// Lets go of a partition, if it is this one's.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn release(&mut self, partition: PartitionId, me: &str) -> Result<(), JournalError>;

    /// Leaves, if nobody else came in under that name, and lets go of everything.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    fn leave(&mut self, me: &Member) -> Result<(), JournalError>;
}
