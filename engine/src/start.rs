//! What the engine is started with.

use domain::ids::PartitionId;
use domain::record::NodeId;
use std::time::Duration;
use store::journal::{Head, Journal};

/// How to start the engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// This incarnation of this process.
    pub node: NodeId,
    /// A voucher that nobody asked for so long leaves memory. Far longer than any deadline.
    pub idle: Duration,
}

/// A journal's server, or its file, and what it carries.
pub struct Primary {
    /// The connection through which its partitions are written.
    pub journal: Box<dyn Journal>,
    /// Its partitions, each with the ledger's checkpoint of it.
    pub partitions: Vec<(PartitionId, Head)>,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The number of partitions is not a power of two, or one of them is missing.
    #[error("there must be partitions from 0 on, a power of two of them; there are {0}")]
    Partitions(usize),
    /// No thread could be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}
