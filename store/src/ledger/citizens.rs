//! Sessions of voucher holders.

use super::db::{Db, Error, on};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, TOUCH, PURGE];

const ADD: &str =
    "INSERT INTO citizen_session (token_hash, voucher_id, generation, expires_at) VALUES ($1, $2, $3, $4)";
const TOUCH: &str = "UPDATE citizen_session SET expires_at = $2 WHERE token_hash = $1 AND expires_at > $3
    RETURNING voucher_id, generation";
const PURGE: &str = "DELETE FROM citizen_session WHERE expires_at <= $1";

/// Which voucher a session shows.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct CitizenSession {
    /// The voucher.
    pub voucher_id: Uuid,
    /// The generation of the code or link that opened it.
    pub generation: i64,
}

impl Db {
    /// Opens a session and forgets those that are over.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_citizen_session(
        &self,
        hash: &[u8],
        session: CitizenSession,
        expires_at: i64,
        now: i64,
    ) -> Result<(), Error> {
        on!(self, |pool| {
            sqlx::query(PURGE).bind(now).execute(pool).await?;
            sqlx::query(ADD)
                .bind(hash)
                .bind(session.voucher_id)
                .bind(session.generation)
                .bind(expires_at)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The session, if it is not over, which from now on lasts until `expires_at`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn touch_citizen_session(&self, hash: &[u8], expires_at: i64, now: i64) -> Result<CitizenSession, Error> {
        let row = on!(self, |pool| sqlx::query_as(TOUCH).bind(hash).bind(expires_at).bind(now).fetch_one(pool).await)?;
        Ok(row)
    }
}
