//! Messages to people: written with the fact that causes them, sent later, once.

use super::db::{Db, Error, in_transaction, on, one_row};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[DUE, CLAIM, DONE, LATER, LIST, RESEND, SENT_OF_IMPORT, SUPPRESS, DEPTH];

// `sending` is a message in somebody's hands until `not_before`; if they die, others find it again then
const DUE: &str = "SELECT id, municipality_id, voucher_id, template, attempts, created_at FROM outbox
    WHERE status IN ('pending', 'sending') AND not_before <= $1 ORDER BY not_before, id LIMIT $2";
const CLAIM: &str = "UPDATE outbox SET status = 'sending', not_before = $3, attempts = attempts + 1
    WHERE id = $1 AND status IN ('pending', 'sending') AND not_before <= $2";
const DONE: &str = "UPDATE outbox SET status = $2, sent_at = COALESCE($3, sent_at), segments = $4, error = $5
    WHERE id = $1 AND status IN ('pending', 'sending')";
const LATER: &str =
    "UPDATE outbox SET status = 'pending', not_before = $2, error = $3 WHERE id = $1 AND status = 'sending'";
const LIST: &str =
    "SELECT id, voucher_id, template, CASE status WHEN 'sending' THEN 'pending' ELSE status END AS status,
    attempts, created_at, sent_at, segments, error FROM outbox
    WHERE municipality_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const RESEND: &str = "UPDATE outbox SET status = 'pending', not_before = $3, error = NULL, attempts = 0
    WHERE id = $1 AND municipality_id = $2 AND status NOT IN ('pending', 'sending')";
const SENT_OF_IMPORT: &str = "SELECT COUNT(*) FROM outbox o JOIN holder h ON h.voucher_id = o.voucher_id
    WHERE h.import_id = $1 AND (o.sent_at IS NOT NULL OR o.status = 'sending')";
const SUPPRESS: &str = "UPDATE outbox SET status = 'suppressed' WHERE status = 'pending' AND voucher_id IN
    (SELECT voucher_id FROM holder WHERE import_id = $1)";
const DEPTH: &str = "SELECT COUNT(*) FROM outbox WHERE status IN ('pending', 'sending')";

/// A message that waits.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PendingMessage {
    /// Its id; the operation's follows from it.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// About which voucher.
    pub voucher_id: Uuid,
    /// Which text.
    pub template: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When the fact behind it was decided, microseconds.
    pub created_at: i64,
}

impl PendingMessage {
    /// The operation that caused it.
    #[must_use]
    pub fn operation(&self) -> Uuid {
        let mut bytes = self.id.into_bytes();
        bytes[15] ^= 0x5a;
        Uuid::from_bytes(bytes)
    }
}

/// A message as the office sees it: never its text, which is personal.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MessageRow {
    /// Its id.
    pub id: Uuid,
    /// About which voucher.
    pub voucher_id: Uuid,
    /// Which text.
    pub template: String,
    /// `pending`, `sent`, `failed` or `suppressed`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Microseconds.
    pub created_at: i64,
    /// Microseconds.
    pub sent_at: Option<i64>,
    /// How many SMS it took.
    pub segments: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Db {
    /// Messages that are due, oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn due_messages(&self, now: i64, limit: i64) -> Result<Vec<PendingMessage>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(DUE).bind(now).bind(limit).fetch_all(connection).await)?;
        Ok(rows)
    }

    /// How many messages wait.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pending_messages(&self) -> Result<i64, Error> {
        let depth = on!(self, |connection| sqlx::query_scalar(DEPTH).fetch_one(connection).await)?;
        Ok(depth)
    }

    /// Takes a due message into one's hands until `until`; whether it was still there to be taken.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claim_message(&self, id: Uuid, now: i64, until: i64) -> Result<bool, Error> {
        let touched = on!(self, |connection| sqlx::query(CLAIM)
            .bind(id)
            .bind(now)
            .bind(until)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(touched == 1)
    }

    /// The message is settled: `sent`, `failed` or `suppressed`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settle_message(
        &self,
        id: Uuid,
        status: &str,
        now: i64,
        segments: Option<i64>,
        error: Option<&str>,
    ) -> Result<(), Error> {
        let sent_at = (status == "sent").then_some(now);
        on!(self, |connection| sqlx::query(DONE)
            .bind(id)
            .bind(status)
            .bind(sent_at)
            .bind(segments)
            .bind(error)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The message in one's hands is tried again later.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn postpone_message(&self, id: Uuid, not_before: i64, error: &str) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(LATER)
            .bind(id)
            .bind(not_before)
            .bind(error)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The messages of a municipality before `before`, newest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn messages(&self, municipality: Uuid, before: Uuid, limit: i64) -> Result<Vec<MessageRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// Sends a message again.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one that waits anyway.
    pub async fn resend_message(&self, municipality: Uuid, id: Uuid, now: i64) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(RESEND)
            .bind(id)
            .bind(municipality)
            .bind(now)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Holds back the messages of an import that is undone; `Conflict` once one was sent, or is in
    /// somebody's hands.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub async fn suppress_import(&self, import: Uuid) -> Result<(), Error> {
        in_transaction!(self, |tx| {
            sqlx::query(SUPPRESS).bind(import).execute(&mut *tx).await?;
            let sent: i64 = sqlx::query_scalar(SENT_OF_IMPORT).bind(import).fetch_one(&mut *tx).await?;
            if sent > 0 {
                return Err(Error::Conflict);
            }
        })
    }
}
