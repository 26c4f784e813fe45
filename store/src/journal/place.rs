//! Where a journal is, and how to get at it.

use super::{Journal, JournalError, SqliteJournal};
use std::path::PathBuf;

/// Where an installation's journal is.
#[derive(Clone, Debug)]
pub enum JournalPlace {
    /// A SQLite file: the embedded installation's.
    File(PathBuf),
}

impl JournalPlace {
    /// A connection for the one writer of each partition.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached, or when a setting that the promise depends
    /// on did not take.
    pub fn writer(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::open(path)?)),
        }
    }

    /// A connection that only reads.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached.
    pub fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::reader(path)?)),
        }
    }
}
