//! Where a journal is, and how to get at it.

use super::{Journal, JournalError, PostgresJournal, RedisJournal, RedisServer, SqliteJournal};
use std::path::PathBuf;

/// Where an installation's journal is.
#[derive(Clone)]
pub enum JournalPlace {
    /// A SQLite file: the embedded installation's.
    File(PathBuf),
    /// A Postgres, by its URL: the ledger's, or one of its own.
    Postgres(String),
    /// A Redis or Valkey.
    Redis(RedisServer),
}

impl JournalPlace {
    /// Brings what the server must have up to date: tables, or the library of functions. A file makes
    /// itself when it is opened.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached.
    pub async fn migrate(&self) -> Result<(), JournalError> {
        match self {
            Self::File(_) => Ok(()),
            Self::Postgres(url) => PostgresJournal::migrate(url).await,
            Self::Redis(server) => server.migrate(),
        }
    }

    /// A connection for the one writer of each partition.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached, or when a setting that the promise depends
    /// on did not take.
    pub fn writer(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::open(path)?)),
            Self::Postgres(url) => Ok(Box::new(PostgresJournal::open(url)?)),
            Self::Redis(server) => Ok(Box::new(RedisJournal::open(server)?)),
        }
    }

    /// A connection that only reads.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached.
    pub fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::reader(path)?)),
            Self::Postgres(url) => Ok(Box::new(PostgresJournal::reader(url)?)),
            Self::Redis(server) => Ok(Box::new(RedisJournal::open(server)?)),
        }
    }

    /// What would break the promise, as sentences with their remedies; none is good.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot even be asked.
    pub fn complaints(&self) -> Result<Vec<String>, JournalError> {
        match self {
            // whoever opens it sets what matters, and sees that it took
            Self::File(_) => Ok(Vec::new()),
            Self::Postgres(url) => PostgresJournal::complaints(url),
            Self::Redis(server) => Ok(server.complaints()?.iter().map(ToString::to_string).collect()),
        }
    }
}
