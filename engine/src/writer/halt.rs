//! What ends a partition's service until somebody has looked at it.

use store::journal::JournalError;

/// Why a partition is out of service until an operator has looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The ledger, or this node, knows records that the journal has not: it is an old copy.
    #[error("the journal ends before records that were durable")]
    JournalBehindLedger,
    /// The store has records and no fence.
    #[error("the journal has lost its fence")]
    NoFence,
    /// A checksum, the chain or the order is broken.
    #[error("the journal is damaged")]
    DamagedJournal,
    /// A newer version of this program has written to it.
    #[error("the journal has a form that only a newer version of buono reads")]
    UnknownForm,
}

impl Halt {
    /// What only an operator can judge among the journal's errors; of any other it is enough to try again.
    pub(crate) const fn of(error: &JournalError) -> Option<Self> {
        match error {
            JournalError::NoFence => Some(Self::NoFence),
            JournalError::Corrupt(_) => Some(Self::DamagedJournal),
            JournalError::UnknownForm(_) => Some(Self::UnknownForm),
            _ => None,
        }
    }
}
