//! The connection to either database.

use super::scope::Pg;
use crate::migrations;
use crate::postgres::{NO_TLS, PostgresServer, is_unwelcome};
use crate::tls::explained;
use futures_util::FutureExt;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Connections that the embedded ledger keeps: SQLite has one writer at a time anyway.
const LITE_CONNECTIONS: u32 = 4;
/// Of a new file. The projector touches pages everywhere, and half as many of twice the size cost less to write.
const PAGE_BYTES: u32 = 8192;
/// Pages in the WAL before they are moved to the file: 32 MiB, or 16 where an older version made the file.
const WAL_PAGES: u32 = 4096;
/// Memory for the pages of each connection, in KiB, taken as it is needed.
const CACHE_KIB: u32 = 32 << 10;
const PATIENCE: Duration = Duration::from_secs(5);
const MIGRATED_LITE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')";

/// A handle on the ledger. Cheap to clone.
///
/// On Postgres it sees nothing until it is made one for a municipality, or for everything.
#[derive(Clone, Debug)]
pub enum Db {
    /// Postgres.
    Pg(Pg),
    /// A SQLite file.
    Lite(SqlitePool),
}

/// Runs the same expression, a `Result`, on a connection of whichever database it is.
macro_rules! on {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db {
            $crate::ledger::Db::Pg(pg) => {
                let mut held = pg.hold().await?;
                let $connection = held.connection();
                let outcome = $body;
                if outcome.is_ok() {
                    held.done().await?;
                }
                outcome
            }
            $crate::ledger::Db::Lite(pool) => {
                let mut held = pool.acquire().await?;
                let $connection = &mut *held;
                $body
            }
        }
    };
}

/// Runs the same block in a transaction that means to write; commits when the block ends well.
macro_rules! in_transaction {
    ($db:expr, |$tx:ident| $body:block) => {
        match $db {
            $crate::ledger::Db::Pg(pg) => {
                let mut $tx = pg.begin().await?;
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
    /// A newer version of this program took away what this one needs.
    #[error("the ledger: {0}")]
    TooOld(String),
    /// Anything else, which is a defect of ours.
    #[error("the ledger refused: {0}")]
    Database(sqlx::Error),
}

/// What the ledger answers within a while: on a connection to a machine that is gone nothing comes any more, and there is
/// another one.
///
/// # Errors
/// [`Error::Unavailable`] when nothing came. Whether it was done is not known then.
pub fn within<T, E: From<Error>>(
    patience: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    let silent = |_| Err(Error::Unavailable("it says nothing".into()).into());
    tokio::time::timeout(patience, asked).map(move |answered| answered.unwrap_or_else(silent))
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        Self::Database(error.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(explained(&error)),
            sqlx::Error::Database(ref database) if database.code().as_deref().is_some_and(is_unwelcome) => {
                Self::Unavailable(format!("{}{NO_TLS}", database.message()))
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

/// SQLite's busy, locked, I/O error, full; Postgres' classes of connection, resources, shutdown, and a lock that did not come.
fn is_outage(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        let primary = code.parse::<i64>().ok().filter(|_| code.len() < 5).map(|number| number & 0xff);
        matches!(primary, Some(5 | 6 | 10 | 13))
            || code == "55P03"
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
            .page_size(PAGE_BYTES)
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
            // a file does not hang up
            .test_before_acquire(false)
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
    pub async fn connect_postgres(server: &PostgresServer) -> Result<Self, Error> {
        Ok(Self::Pg(Pg::connect(server.ledger.clone().disable_statement_logging()).await?))
    }

    /// The same ledger for whoever may see all of it: workers, tills that look something up, operators.
    #[must_use]
    pub fn everything(&self) -> Self {
        match self {
            Self::Pg(pg) => Self::Pg(pg.everything()),
            Self::Lite(pool) => Self::Lite(pool.clone()),
        }
    }

    /// The same ledger for nobody yet, as it is when it was just connected to.
    #[must_use]
    pub fn nothing(&self) -> Self {
        match self {
            Self::Pg(pg) => Self::Pg(pg.nothing()),
            Self::Lite(pool) => Self::Lite(pool.clone()),
        }
    }

    /// The same ledger for the staff of a municipality, who see no other's rows.
    #[must_use]
    pub fn for_municipality(&self, id: Uuid) -> Self {
        match self {
            Self::Pg(pg) => Self::Pg(pg.for_municipality(id)),
            Self::Lite(pool) => Self::Lite(pool.clone()),
        }
    }

    /// Brings the tables up to date.
    ///
    /// # Errors
    /// [`Error::Database`] when a migration does not apply, [`Error::TooOld`] when a newer version of this program
    /// took away what this one needs.
    pub async fn migrate(&self) -> Result<(), Error> {
        match self {
            Self::Pg(pg) => pg.migrate(&migrations::known(sqlx::migrate!("../migrations/postgres"))).await,
            Self::Lite(pool) => {
                let migrator = migrations::of_a_file();
                let applied = if sqlx::query_scalar::<_, bool>(MIGRATED_LITE).fetch_one(pool).await? {
                    sqlx::query_as(migrations::APPLIED).fetch_all(pool).await?
                } else {
                    Vec::new()
                };
                migrations::suffice(&migrator, &applied).map_err(Error::TooOld)?;
                migrator.run(pool).await.map_err(Error::from)
            }
        }
    }
}
