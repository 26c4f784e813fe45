//! Lists that shops asked to have sent by mail: written down before the shop is answered, sent later.

use super::db::{Db, Error, on, one_row};
use super::operations::Whose;
use crate::seal::Sealed;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

/// Each by its name: see `columns.rs`.
macro_rules! request {
    () => {
        "id, municipality_id, shop_id, terminal_id, format, language, from_at, to_at, wrapped_key, sealed, status,
        attempts, not_before, created_at, sent_at, error, only_terminal_id, only_staff_id, only_nobody"
    };
}

/// The states of what has not gone yet, as the index has them. Narrowed lists have two of their own, which the version
/// before they came does not look for: it would mail everybody's.
macro_rules! waiting {
    () => {
        "status IN ('pending', 'sending', 'narrowed', 'narrowed_sending')"
    };
}

pub(super) const STATEMENTS: &[&str] = &[ADD, SINCE, DUE, TAKE, SETTLE, LATER, OF_SHOP, DEPTH];

const ADD: &str = "INSERT INTO statement_request (id, municipality_id, shop_id, terminal_id, format, language, from_at,
        to_at, wrapped_key, sealed, status, attempts, not_before, created_at, only_terminal_id, only_staff_id, only_nobody)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12, 0, $11, $11, $13, $14, $15)";
const SINCE: &str = "SELECT COUNT(*) FROM statement_request WHERE shop_id = $1 AND created_at > $2";
// `sending` is a mail in somebody's hands until `not_before`; if they die, others find it again then
const DUE: &str = concat!(
    "SELECT ",
    request!(),
    " FROM statement_request WHERE ",
    waiting!(),
    " AND not_before <= $1 ORDER BY not_before, id LIMIT $2"
);
const TAKE: &str = concat!(
    "UPDATE statement_request
    SET status = CASE WHEN status IN ('pending', 'sending') THEN 'sending' ELSE 'narrowed_sending' END,
        not_before = $3, attempts = attempts + 1
    WHERE id = $1 AND not_before <= $2 AND ",
    waiting!()
);
// `not_before` is until when somebody has it: it tells one's own hands from those that took it afterwards
const SETTLE: &str = "UPDATE statement_request SET status = $3, sent_at = $4, error = $5, wrapped_key = $6, sealed = $6
    WHERE id = $1 AND not_before = $2 AND status IN ('sending', 'narrowed_sending')";
const LATER: &str = "UPDATE statement_request
    SET status = CASE status WHEN 'sending' THEN 'pending' ELSE 'narrowed' END, not_before = $3, error = $4
    WHERE id = $1 AND not_before = $2 AND status IN ('sending', 'narrowed_sending')";
const OF_SHOP: &str =
    concat!("SELECT ", request!(), " FROM statement_request WHERE shop_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const DEPTH: &str = concat!("SELECT COUNT(*) FROM statement_request WHERE ", waiting!());

/// A request.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StatementRequest {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// Whose operations.
    pub shop_id: Uuid,
    /// The till that asked.
    pub terminal_id: Uuid,
    /// `csv`, `xlsx` or `pdf`.
    pub format: String,
    /// What they read: a two-letter tag.
    pub language: String,
    /// From here, microseconds.
    pub from_at: i64,
    /// To before here.
    pub to_at: i64,
    /// The address; empty once the mail has gone or failed.
    #[sqlx(flatten)]
    pub address: Sealed,
    /// Only this till's.
    pub only_terminal_id: Option<Uuid>,
    /// Whoever was at the till.
    #[sqlx(flatten)]
    pub only_staff: Whose,
    /// `pending`, `sending`, `sent` or `failed`; of a narrowed list `narrowed` and `narrowed_sending`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is due, microseconds.
    pub not_before: i64,
    /// When it was asked for.
    pub created_at: i64,
    /// When it went.
    pub sent_at: Option<i64>,
    /// Why it did not go, without the address.
    pub error: Option<String>,
}

/// Two columns for three answers; in what an older version wrote, both are null.
impl<'r, R: Row> FromRow<'r, R> for Whose
where
    &'static str: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let nobody: Option<i64> = row.try_get("only_nobody")?;
        let one: Option<Uuid> = row.try_get("only_staff_id")?;
        Ok(match (nobody, one) {
            (Some(_), _) => Self::Nobodys,
            (None, Some(id)) => Self::Ones(id),
            (None, None) => Self::Everybodys,
        })
    }
}

impl StatementRequest {
    /// Whether it is of a list that leaves something of the range out.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.only_terminal_id.is_some() || self.only_staff != Whose::Everybodys
    }
}

impl Db {
    /// Writes a request down; of it, `status` and what follows are as new.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_statement_request(&self, new: &StatementRequest) -> Result<(), Error> {
        let (staff, nobody) = match new.only_staff {
            Whose::Everybodys => (None, None),
            Whose::Nobodys => (None, Some(1_i64)),
            Whose::Ones(id) => (Some(id), None),
        };
        on!(self, |connection| sqlx::query(ADD)
            .bind(new.id)
            .bind(new.municipality_id)
            .bind(new.shop_id)
            .bind(new.terminal_id)
            .bind(&new.format)
            .bind(&new.language)
            .bind(new.from_at)
            .bind(new.to_at)
            .bind(&new.address.wrapped_key)
            .bind(&new.address.sealed)
            .bind(new.created_at)
            .bind(if new.is_narrowed() { "narrowed" } else { "pending" })
            .bind(new.only_terminal_id)
            .bind(staff)
            .bind(nobody)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// How many requests a shop made after an instant, microseconds.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn statement_requests_since(&self, shop: Uuid, after: i64) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(SINCE).bind(shop).bind(after).fetch_one(connection).await)?)
    }

    /// Requests that are due, oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn due_statement_requests(&self, now: i64, limit: i64) -> Result<Vec<StatementRequest>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(DUE).bind(now).bind(limit).fetch_all(connection).await)?)
    }

    /// How many requests wait.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pending_statement_requests(&self) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(DEPTH).fetch_one(connection).await)?)
    }

    /// Takes a due request into one's hands until `until`; whether it was still there to be taken.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn take_statement_request(&self, id: Uuid, now: i64, until: i64) -> Result<bool, Error> {
        let touched = on!(self, |connection| sqlx::query(TAKE)
            .bind(id)
            .bind(now)
            .bind(until)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(touched == 1)
    }

    /// A request in one's hands until `until` has gone, or has failed for good and says why; its address is forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in one's hands any more.
    pub async fn settle_statement_request(
        &self,
        (id, until): (Uuid, i64),
        now: i64,
        failed: Option<&str>,
    ) -> Result<(), Error> {
        let nothing: &[u8] = &[];
        let touched = on!(self, |connection| sqlx::query(SETTLE)
            .bind(id)
            .bind(until)
            .bind(if failed.is_some() { "failed" } else { "sent" })
            .bind(failed.is_none().then_some(now))
            .bind(failed)
            .bind(nothing)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// A request in one's hands until `until` is to be tried again at an instant.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in one's hands any more.
    pub async fn postpone_statement_request(
        &self,
        (id, until): (Uuid, i64),
        not_before: i64,
        why: &str,
    ) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(LATER)
            .bind(id)
            .bind(until)
            .bind(not_before)
            .bind(why)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Requests of a shop that came before this one, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn statement_requests(
        &self,
        shop: Uuid,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<StatementRequest>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(OF_SHOP)
            .bind(shop)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }
}
