//! The numbered records of a partition's journal.

use crate::clock::Timestamp;
use crate::voucher::Entry;

/// One record: a place in the partition's sequence, the epoch that wrote it, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Dense over the partition's whole life, from 1.
    pub seq: u64,
    /// Grows each time an owner opens the partition.
    pub epoch: u64,
    /// What it says.
    pub body: Body,
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// An owner opened the partition: nothing older than this epoch can be appended any more.
    Open {
        /// Which incarnation of which process.
        node: NodeId,
        /// When, by its clock.
        at: Timestamp,
    },
    /// A fact about a voucher.
    Entry(Entry),
}

/// One incarnation of a process: new at every start, so that an owner recognises its own opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub u64);
