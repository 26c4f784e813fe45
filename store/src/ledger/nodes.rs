//! What several nodes over one ledger must agree on.

use super::db::{Db, Error, on};
use sqlx::{Postgres, Transaction};
use std::time::Duration;

pub(super) const STATEMENTS: &[&str] = &[DIRECTORY_VERSION, ADOPT_KEY, KEY_CHECK];

const DIRECTORY_VERSION: &str = "SELECT version FROM directory_version WHERE id = 1";
const ADOPT_KEY: &str = "INSERT INTO installation (id, key_check) VALUES (1, $1) ON CONFLICT DO NOTHING";
const KEY_CHECK: &str = "SELECT key_check FROM installation WHERE id = 1";

/// Waits for whoever has it, in whatever process, for so many milliseconds, and lets go with the transaction, which may take as
/// long as an import does. The server counts them: it would go on waiting for a client that has given up. A file belongs to
/// one process.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock($1) FROM (SELECT set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('lock_timeout', $2, true) OFFSET 0) AS patience";
/// "office", so that no other program's lock is meant.
const OFFICE: i64 = 0x6f66_6669_6365;

/// Nobody else on the ledger has one as long as this is kept.
pub struct OfficeLock {
    _held: Option<Transaction<'static, Postgres>>,
}

impl Db {
    /// Grows with every change of municipalities, programmes, shops and terminals.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn directory_version(&self) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(DIRECTORY_VERSION).fetch_one(connection).await)?)
    }

    /// Whether the ledger was written with this key; the first one that comes is the one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn adopts_key(&self, check: &[u8; 16]) -> Result<bool, Error> {
        on!(self, |connection| sqlx::query(ADOPT_KEY).bind(&check[..]).execute(connection).await.map(drop))?;
        let adopted: Vec<u8> = on!(self, |connection| sqlx::query_scalar(KEY_CHECK).fetch_one(connection).await)?;
        Ok(adopted == check)
    }

    /// What tells the key that the ledger was written with, once there is one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn key_check(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(KEY_CHECK).fetch_optional(connection).await)?)
    }

    /// Keeps everybody else in the office out, on whatever node.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unavailable`] when somebody has been in there for longer than `patience`.
    pub async fn office(&self, patience: Duration) -> Result<OfficeLock, Error> {
        let Self::Pg(pg) = self else { return Ok(OfficeLock { _held: None }) };
        let mut held = pg.begin().await?;
        sqlx::query(LOCK).bind(OFFICE).bind(patience.as_millis().to_string()).execute(&mut *held).await?;
        Ok(OfficeLock { _held: Some(held) })
    }
}
