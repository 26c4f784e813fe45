//! Messages to people: written with the fact that causes them, sent later, once.

use super::db::{Db, Error, in_transaction, on, one_row};
use super::operations::{BY_ID, OperationRow};
use super::rows::{Rows, Table, Value, WriteRows};
use crate::seal::Sealed;
use std::collections::HashSet;
use uuid::Uuid;

/// Those of fixed text; the rest is made by [`WriteRows`].
pub(super) const STATEMENTS: &[&str] =
    &[TAKE, TAKEN, LIST, RESEND, SENT_OF_IMPORT, SUPPRESS, TAKE_BACK, KEEP_BACK, DEPTH];

/// The one message that tells of no operation.
const LINK: &str = "voucher_link";

// `sending` is a message in somebody's hands until `not_before`; if they die, others find it again then
const TAKE: &str = "UPDATE outbox SET status = 'sending', not_before = $2
    WHERE status IN ('pending', 'sending') AND not_before <= $1 AND id IN
        (SELECT id FROM outbox WHERE status IN ('pending', 'sending') AND not_before <= $1 ORDER BY not_before, id LIMIT $3)
    RETURNING id";
const TAKEN: &str =
    "SELECT o.id, o.not_before AS until, o.municipality_id, o.template, o.attempts, o.created_at, v.id AS voucher_id,
        v.programme_id, v.status AS voucher_status, v.generation, v.balance_cents, v.expires_at,
        h.channel, p.id AS person_id, p.language, p.wrapped_key, p.sealed
    FROM outbox o JOIN voucher v ON v.id = o.voucher_id
        LEFT JOIN holder h ON h.voucher_id = o.voucher_id LEFT JOIN person p ON p.id = h.person_id
    WHERE o.status IN ('pending', 'sending') AND o.not_before = $1 ORDER BY o.created_at, o.id";
static SETTLED: Table = Table {
    before: "WITH done (id, until, status, tried, not_before, sent_at, segments, error) AS (",
    after: ") UPDATE outbox SET status = done.status, attempts = attempts + done.tried,
            not_before = COALESCE(done.not_before, outbox.not_before), sent_at = COALESCE(done.sent_at, outbox.sent_at),
            segments = COALESCE(done.segments, outbox.segments),
            error = CASE done.tried WHEN 1 THEN done.error ELSE outbox.error END
        FROM done WHERE outbox.id = done.id AND outbox.status = 'sending' AND outbox.not_before = done.until",
    width: 8,
    each_row_counts: false,
};
const LIST: &str =
    "SELECT o.id, o.voucher_id, h.reference, o.template, o.attempts, o.created_at, o.sent_at, o.segments, o.error,
        CASE o.status WHEN 'sending' THEN 'pending' ELSE o.status END AS status
    FROM outbox o LEFT JOIN holder h ON h.voucher_id = o.voucher_id
    WHERE o.municipality_id = $1 AND o.id < $2
        AND ($3 = '' OR o.status = $3 OR ($3 = 'pending' AND o.status = 'sending'))
    ORDER BY o.id DESC LIMIT $4";
const RESEND: &str = "UPDATE outbox SET status = 'pending', not_before = $3, error = NULL, attempts = 0
    WHERE id = $1 AND municipality_id = $2 AND status NOT IN ('pending', 'sending')";
const SENT_OF_IMPORT: &str = "SELECT COUNT(*) FROM outbox o JOIN holder h ON h.voucher_id = o.voucher_id
    WHERE h.import_id = $1 AND o.template = 'voucher_link' AND (o.sent_at IS NOT NULL OR o.status = 'sending')";
const SUPPRESS: &str = "UPDATE outbox SET status = 'suppressed' WHERE template = 'voucher_link' AND status = 'pending'
    AND voucher_id IN (SELECT voucher_id FROM holder WHERE import_id = $1)";
const TAKE_BACK: &str = "UPDATE import SET status = 'applied' WHERE id = $1 AND status = 'applying'";
const KEEP_BACK: &str =
    "UPDATE outbox SET status = 'suppressed' WHERE status IN ('pending', 'sending') AND not_before <= $1";
const DEPTH: &str = "SELECT COUNT(*) FROM outbox WHERE status = 'sending' OR (status = 'pending' AND not_before <= $1)";

/// A message in one's hands, with all that it is written from.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its id; the operation's follows from it.
    pub id: Uuid,
    /// Until when it is in one's hands, microseconds.
    pub until: i64,
    /// The tenant.
    pub municipality_id: Uuid,
    /// Which text.
    pub template: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When the fact behind it was decided, microseconds.
    pub created_at: i64,
    /// About which voucher.
    pub voucher_id: Uuid,
    /// Its programme.
    pub programme_id: Uuid,
    /// Where it is in its life.
    pub voucher_status: String,
    /// Which of its codes is good.
    pub generation: i64,
    /// What it is worth.
    pub balance_cents: i64,
    /// Until when, microseconds.
    pub expires_at: i64,
    /// For whom; nobody where the import that brought them was undone.
    pub to: Option<Addressee>,
    /// What happened, unless it is only told where the voucher is.
    pub operation: Option<OperationRow>,
}

/// Whom a message is for.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The person.
    pub person_id: Uuid,
    /// `sms`, `email` or `paper`.
    pub channel: String,
    /// What they read: a two-letter tag.
    pub language: String,
    /// Everything personal.
    pub sealed: Sealed,
}

/// A letter as one statement finds it.
#[derive(sqlx::FromRow)]
struct Taken {
    id: Uuid,
    until: i64,
    municipality_id: Uuid,
    template: String,
    attempts: i64,
    created_at: i64,
    voucher_id: Uuid,
    programme_id: Uuid,
    voucher_status: String,
    generation: i64,
    balance_cents: i64,
    expires_at: i64,
    channel: Option<String>,
    person_id: Option<Uuid>,
    language: Option<String>,
    wrapped_key: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
}

impl Taken {
    fn addressee(&mut self) -> Option<Addressee> {
        let sealed = Sealed { wrapped_key: self.wrapped_key.take()?, sealed: self.sealed.take()? };
        let (channel, language) = (self.channel.take()?, self.language.take()?);
        Some(Addressee { person_id: self.person_id?, channel, language, sealed })
    }

    /// The operation that caused the message.
    fn cause(&self) -> Option<Uuid> {
        (self.template != LINK).then(|| counterpart(self.id))
    }

    fn letter(mut self, operation: Option<OperationRow>) -> Letter {
        Letter {
            to: self.addressee(),
            operation,
            id: self.id,
            until: self.until,
            municipality_id: self.municipality_id,
            template: self.template,
            attempts: self.attempts,
            created_at: self.created_at,
            voucher_id: self.voucher_id,
            programme_id: self.programme_id,
            voucher_status: self.voucher_status,
            generation: self.generation,
            balance_cents: self.balance_cents,
            expires_at: self.expires_at,
        }
    }
}

/// What became of a message in one's hands.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Which.
    pub id: Uuid,
    /// Until when it was in one's hands, by which it is known that nobody else has taken it since.
    pub until: i64,
    /// `sent`, `failed`, `suppressed`, or `pending` where it is to be tried again.
    pub status: &'static str,
    /// Whether it was given to the provider, or could not be written.
    pub tried: bool,
    /// When it is due again, microseconds.
    pub not_before: Option<i64>,
    /// When it went, microseconds.
    pub sent_at: Option<i64>,
    /// How many SMS it took.
    pub segments: Option<i64>,
    /// Why it did not go.
    pub error: Option<String>,
}

/// A message as the office sees it: never its text, which is personal.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MessageRow {
    /// Its id.
    pub id: Uuid,
    /// About which voucher.
    pub voucher_id: Uuid,
    /// The municipality's own name for its case; `None` where the import that brought it was undone.
    pub reference: Option<String>,
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

/// A message's id from its operation's, so that a step written twice could not send twice; and the other way round.
pub(super) fn counterpart(id: Uuid) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes[15] ^= 0x5a;
    Uuid::from_bytes(bytes)
}

impl Db {
    /// Takes messages that are due into one's hands until `until`, the oldest first. Either all of them are read or none is
    /// taken: what was taken and not read would wait until then.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn take_messages(&self, now: i64, until: i64, limit: i64) -> Result<Vec<Letter>, Error> {
        in_transaction!(self, |tx| {
            let taken: Vec<Uuid> =
                sqlx::query_scalar(TAKE).bind(now).bind(until).bind(limit).fetch_all(&mut *tx).await?;
            // another messenger may have taken some until the same microsecond
            let taken: HashSet<Uuid> = taken.into_iter().collect();
            let mut letters = Vec::with_capacity(taken.len());
            if !taken.is_empty() {
                let rows: Vec<Taken> = sqlx::query_as(TAKEN).bind(until).fetch_all(&mut *tx).await?;
                for row in rows.into_iter().filter(|row| taken.contains(&row.id)) {
                    let operation = match row.cause() {
                        Some(cause) => sqlx::query_as(BY_ID).bind(cause).fetch_optional(&mut *tx).await?,
                        None => None,
                    };
                    letters.push(row.letter(operation));
                }
            }
            letters
        })
    }

    /// Writes down what became of messages in one's hands; those that are no longer in them stay as they are.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settle_messages(&self, settled: &[Settled]) -> Result<(), Error> {
        let mut rows = Rows::new(&SETTLED);
        for done in settled {
            rows.push([
                done.id.into(),
                done.until.into(),
                Value::Text(Some(done.status)),
                i64::from(done.tried).into(),
                Value::Number(done.not_before),
                Value::Number(done.sent_at),
                Value::Number(done.segments),
                Value::Text(done.error.as_deref()),
            ]);
        }
        in_transaction!(self, |tx| {
            tx.write(&rows).await?;
        })
    }

    /// How many messages are due by now, or in somebody's hands.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn due_messages(&self, now: i64) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(DEPTH).bind(now).fetch_one(connection).await)?)
    }

    /// The messages of a municipality before `before`, newest first; only those in one state where `status` is not empty.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn messages(
        &self,
        municipality: Uuid,
        before: Uuid,
        status: &str,
        limit: i64,
    ) -> Result<Vec<MessageRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(before)
            .bind(status)
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

    /// Holds back the links of an import that is undone; `Conflict` once one was sent, or is in somebody's hands. What
    /// tells of a purchase goes all the same: that stays one. From here on one that was cut off may be undone again and
    /// not applied: what is closed by then would count as given.
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
            sqlx::query(TAKE_BACK).bind(import).execute(&mut *tx).await?;
        })
    }

    /// Holds back every message that was due by now, and says how many: they may have gone already.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn keep_back_messages(&self, now: i64) -> Result<u64, Error> {
        Ok(on!(self, |connection| sqlx::query(KEEP_BACK)
            .bind(now)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
