//! Where a voucher's facts come from when it is not in memory.

use domain::ids::{PartitionId, VoucherId};
use domain::voucher::{Corrupt, Entry};
use std::future::Future;
use std::pin::Pin;
use store::journal::Head;

/// A future that can be kept in a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, LoadError>> + Send + 'a>>;

/// A voucher as the ledger has it at one instant.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The last record of the voucher's partition that this ledger holds. Who was asked before may have been another copy
    /// of it: a standby, or a primary that is none any more.
    pub through: u64,
    /// All facts of the voucher up to there, in order; none for an unknown voucher.
    pub entries: Vec<Entry>,
}

/// The ledger, as far as the engine needs it.
pub trait Source: Send + Sync + 'static {
    /// A voucher of a partition, and how far this very ledger is.
    fn facts(&self, partition: PartitionId, voucher: VoucherId) -> Pending<'_, Facts>;

    /// The last record of the partition that the ledger holds.
    fn checkpoint(&self, partition: PartitionId) -> Pending<'_, Head>;

    /// The last record of the partition that this node ever saw durable. A ledger that was exchanged together with
    /// its journal for older copies of both knows of less.
    fn seen_seq(&self, partition: PartitionId) -> u64;
}

/// Why a voucher could not be brought into memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The ledger did not answer; another try may work.
    #[error("the ledger does not answer: {0}")]
    Unavailable(String),
    /// The facts do not add up.
    #[error("the voucher's facts are damaged: {0}")]
    Corrupt(String),
    /// The partition is out of service.
    #[error("the partition is out of service")]
    Halted,
    /// The partition's life ended during the load.
    #[error("the partition was opened anew during the load")]
    Stale,
}

impl From<Corrupt> for LoadError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt.to_string())
    }
}
