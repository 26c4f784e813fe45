//! Sessions of voucher holders.

use super::db::{Db, Error, on};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, FIND, EXTEND, END, PURGE_CITIZENS, PURGE_STAFF];

const ADD: &str =
    "INSERT INTO citizen_session (token_hash, voucher_id, generation, expires_at) VALUES ($1, $2, $3, $4)";
const FIND: &str =
    "SELECT voucher_id, generation, expires_at FROM citizen_session WHERE token_hash = $1 AND expires_at > $2";
const EXTEND: &str = "UPDATE citizen_session SET expires_at = $2 WHERE token_hash = $1";
const END: &str = "DELETE FROM citizen_session WHERE token_hash = $1";
const PURGE_CITIZENS: &str = "DELETE FROM citizen_session WHERE expires_at <= $1";
const PURGE_STAFF: &str = "DELETE FROM user_session WHERE expires_at <= $1";

/// A session is made longer at most this often, in microseconds: a page that is read again and again
/// costs no writes.
const EXTEND_EVERY_US: i64 = 60_000_000;

/// Which voucher a session shows.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct CitizenSession {
    /// The voucher.
    pub voucher_id: Uuid,
    /// The generation of the code or link that opened it.
    pub generation: i64,
    /// When it ends, microseconds.
    pub expires_at: i64,
}

impl Db {
    /// Opens a session.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_citizen_session(&self, hash: &[u8], session: CitizenSession) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(hash)
            .bind(session.voucher_id)
            .bind(session.generation)
            .bind(session.expires_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn end_citizen_session(&self, hash: &[u8]) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(END).bind(hash).execute(connection).await.map(drop))?;
        Ok(())
    }

    /// Forgets the sessions that are over, of holders and of staff.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn purge_sessions(&self, now: i64) -> Result<(), Error> {
        on!(self, |connection| {
            sqlx::query(PURGE_CITIZENS).bind(now).execute(&mut *connection).await?;
            sqlx::query(PURGE_STAFF).bind(now).execute(&mut *connection).await.map(drop)
        })?;
        Ok(())
    }

    /// The session, if it is not over, which from now on lasts until about `expires_at`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn touch_citizen_session(&self, hash: &[u8], expires_at: i64, now: i64) -> Result<CitizenSession, Error> {
        on!(self, |connection| {
            let session: CitizenSession = sqlx::query_as(FIND).bind(hash).bind(now).fetch_one(&mut *connection).await?;
            if expires_at - session.expires_at > EXTEND_EVERY_US {
                sqlx::query(EXTEND).bind(hash).bind(expires_at).execute(&mut *connection).await?;
            }
            Ok(session)
        })
    }
}
