//! The connection to either database.

use crate::journal::SQLITE_VERSION_MIN;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// Connections that the embedded ledger keeps: SQLite has one writer at a time anyway.
const LITE_CONNECTIONS: u32 = 4;
/// Connections to Postgres.
const PG_CONNECTIONS: u32 = 16;
/// Pages in the WAL before they are moved to the file: 32 MiB, since the projector touches pages everywhere.
const WAL_PAGES: u32 = 8192;
/// Memory for the pages of each connection, in KiB, taken as it is needed.
const CACHE_KIB: u32 = 32 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// The ledger's database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// Postgres.
    Pg(PgPool),
    /// A SQLite file.
    Lite(SqlitePool),
}

/// Runs the same expression on whichever pool it is.
macro_rules! on {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::ledger::Db::Pg($pool) => $body,
            $crate::ledger::Db::Lite($pool) => $body,
        }
    };
}

/// Runs the same block in a transaction that means to write; commits when the block ends well.
macro_rules! in_transaction {
    ($db:expr, |$tx:ident| $body:block) => {
        match $db {
            $crate::ledger::Db::Pg(pool) => {
                let mut $tx = pool.begin().await?;
                let done = $body;
                $tx.commit().await?;
                Ok(done)
            }
            $crate::ledger::Db::Lite(pool) => {
                // a deferred transaction that turns into a writer can fail half-way
                let mut $tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let done = $body;
                $tx.commit().await?;
                Ok(done)
            }
        }
    };
}

pub(crate) use {in_transaction, on};

/// Why the ledger did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such row, or it is somebody else's.
    #[error("not found")]
    NotFound,
    /// Something with that name, reference or key exists.
    #[error("it exists already")]
    Conflict,
    /// The database cannot be reached, is busy, or its disk is full.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
    /// What was stored cannot be what was written.
    #[error("the ledger is damaged: {0}")]
    Corrupt(String),
    /// Anything else, which is a defect of ours.
    #[error("the ledger refused: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error.to_string())
            }
            sqlx::Error::Database(ref database) if database.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(ref database) if is_outage(database.code().as_deref()) => {
                Self::Unavailable(error.to_string())
            }
            other => Self::Database(other),
        }
    }
}

/// A write that names one row must have touched it.
pub(crate) fn one_row(touched: u64) -> Result<(), Error> {
    if touched == 1 { Ok(()) } else { Err(Error::NotFound) }
}

/// SQLite's busy, locked, I/O error, full; Postgres' classes of connection, resources, shutdown.
fn is_outage(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        let primary = code.parse::<i64>().ok().filter(|_| code.len() < 5).map(|number| number & 0xff);
        matches!(primary, Some(5 | 6 | 10 | 13))
            || ["08", "53", "57", "58"].iter().any(|class| code.len() == 5 && code.starts_with(class))
    })
}

impl Db {
    /// Opens or creates a SQLite file whose commits wait for the disk.
    ///
    /// The projector's too, although the journal could repeat them: what it writes without waiting
    /// gathers until a checkpoint, and then every payment waits for all of it at once.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn open_sqlite(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", WAL_PAGES.to_string())
            // a step of the projector dirties more pages than the default keeps, and spilled ones are written twice
            .pragma("cache_size", format!("-{CACHE_KIB}"))
            // what one statement would undo is kept in memory, not in a file for each
            .pragma("temp_store", "MEMORY")
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(LITE_CONNECTIONS)
            // a full disk makes SQLite roll back by itself; sqlx then fails to, and would take the transaction
            // for open, and the connection for useless, for ever
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await?;
        Ok(Self::Lite(pool))
    }

    /// Connects to Postgres.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn connect_postgres(url: &str) -> Result<Self, Error> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(PG_CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await?;
        Ok(Self::Pg(pool))
    }

    /// Brings the tables up to date.
    ///
    /// # Errors
    /// [`Error::Database`] when a migration does not apply.
    pub async fn migrate(&self) -> Result<(), Error> {
        let migrated = match self {
            Self::Pg(pool) => sqlx::migrate!("../migrations/postgres").run(pool).await,
            Self::Lite(pool) => sqlx::migrate!("../migrations/sqlite").run(pool).await,
        };
        migrated.map_err(|error| Error::Database(error.into()))
    }

    /// The settings that the promise depends on, as sentences about what is wrong; none is good.
    ///
    /// # Errors
    /// [`Error`] when it cannot even be asked.
    pub async fn complaints(&self) -> Result<Vec<String>, Error> {
        let mut complaints = Vec::new();
        match self {
            Self::Lite(pool) => {
                let (mode, synchronous): (String, i64) = (
                    sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?,
                    sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await?,
                );
                if mode != "wal" || synchronous != 2 {
                    complaints.push(format!(
                        "ledger.db: journal_mode is {mode}, synchronous is {synchronous}; must be wal and 2"
                    ));
                }
                if rusqlite::version_number() < SQLITE_VERSION_MIN {
                    complaints
                        .push(format!("SQLite {} can lose commits; build with 3.51.3 or newer", rusqlite::version()));
                }
            }
            Self::Pg(pool) => {
                for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
                    let value: String =
                        sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(pool).await?;
                    if value == "off" || value == "local" {
                        complaints.push(format!("Postgres: {setting} is {value}; set it to on"));
                    }
                }
            }
        }
        Ok(complaints)
    }
}
