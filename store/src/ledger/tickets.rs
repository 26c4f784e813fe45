//! What shops ask their municipality, and what it answered.

use super::db::{Db, Error, on, one_row};
use crate::seal::Sealed;
use uuid::Uuid;

/// Each by its name: see `columns.rs`.
macro_rules! ticket {
    () => {
        "id, municipality_id, shop_id, terminal_id, operation_id, op_key, request_hash, wrapped_key, sealed, created_at,
        answered_at"
    };
}

pub(super) const STATEMENTS: &[&str] = &[ADD, SINCE, BY_KEY, OF_SHOP, OF_TOWN, BY_ID, ANSWER, OPEN];

const ADD: &str = "INSERT INTO ticket (id, municipality_id, shop_id, terminal_id, operation_id, op_key, request_hash,
        wrapped_key, sealed, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SINCE: &str = "SELECT COUNT(*) FROM ticket WHERE shop_id = $1 AND created_at > $2";
const BY_KEY: &str = concat!("SELECT ", ticket!(), " FROM ticket WHERE shop_id = $1 AND op_key = $2");
const OF_SHOP: &str =
    concat!("SELECT ", ticket!(), " FROM ticket WHERE shop_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const OF_TOWN: &str = concat!(
    "SELECT ",
    ticket!(),
    " FROM ticket WHERE municipality_id = $1 AND id < $2
        AND ($3 = 0 OR ($3 = 1 AND answered_at IS NULL) OR ($3 = 2 AND answered_at IS NOT NULL))
    ORDER BY id DESC LIMIT $4"
);
const BY_ID: &str = concat!("SELECT ", ticket!(), " FROM ticket WHERE id = $1 AND municipality_id = $2");
// what was answered stays so: the shop may have read it
const ANSWER: &str = "UPDATE ticket SET wrapped_key = $3, sealed = $4, answered_at = $5, answered_by = $6
    WHERE id = $1 AND municipality_id = $2 AND answered_at IS NULL";
const OPEN: &str = "SELECT COUNT(*) FROM ticket WHERE answered_at IS NULL";

/// A ticket.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TicketRow {
    /// Its id.
    pub id: Uuid,
    /// Who is asked.
    pub municipality_id: Uuid,
    /// Who asks.
    pub shop_id: Uuid,
    /// At which till.
    pub terminal_id: Uuid,
    /// What it is about, if it is about one operation.
    pub operation_id: Option<Uuid>,
    /// Fingerprint of the caller's key.
    pub op_key: Vec<u8>,
    /// Fingerprint of what the caller asked for.
    pub request_hash: Vec<u8>,
    /// What they wrote and what was answered.
    #[sqlx(flatten)]
    pub texts: Sealed,
    /// When they wrote, microseconds.
    pub created_at: i64,
    /// When it was answered.
    pub answered_at: Option<i64>,
}

/// Which tickets of a municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// All.
    Any = 0,
    /// Those that nobody has answered.
    Open = 1,
    /// The others.
    Answered = 2,
}

impl Db {
    /// Writes a ticket down.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the shop has used the key.
    pub async fn add_ticket(&self, new: &TicketRow) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(new.id)
            .bind(new.municipality_id)
            .bind(new.shop_id)
            .bind(new.terminal_id)
            .bind(new.operation_id)
            .bind(&new.op_key)
            .bind(&new.request_hash)
            .bind(&new.texts.wrapped_key)
            .bind(&new.texts.sealed)
            .bind(new.created_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// How many tickets a shop wrote after an instant, microseconds.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tickets_since(&self, shop: Uuid, after: i64) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(SINCE).bind(shop).bind(after).fetch_one(connection).await)?)
    }

    /// What a shop wrote under a key.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn ticket_by_key(&self, shop: Uuid, key: &[u8]) -> Result<Option<TicketRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(BY_KEY).bind(shop).bind(key).fetch_optional(connection).await)?)
    }

    /// Tickets of a shop that came before this one, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tickets(&self, shop: Uuid, before: Uuid, limit: i64) -> Result<Vec<TicketRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(OF_SHOP)
            .bind(shop)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }

    /// Tickets to a municipality that came before this one, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn town_tickets(
        &self,
        municipality: Uuid,
        state: TicketState,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<TicketRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(OF_TOWN)
            .bind(municipality)
            .bind(before)
            .bind(state as i64)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }

    /// A ticket to a municipality.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn ticket(&self, municipality: Uuid, id: Uuid) -> Result<TicketRow, Error> {
        Ok(on!(self, |connection| sqlx::query_as(BY_ID).bind(id).bind(municipality).fetch_one(connection).await)?)
    }

    /// Answers a ticket, once: `texts` holds what was asked, too.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was answered meanwhile.
    pub async fn answer_ticket(&self, asked: &TicketRow, texts: &Sealed, user: Uuid, now: i64) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(ANSWER)
            .bind(asked.id)
            .bind(asked.municipality_id)
            .bind(&texts.wrapped_key)
            .bind(&texts.sealed)
            .bind(now)
            .bind(user)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// How many tickets nobody has answered, of all municipalities.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn open_tickets(&self) -> Result<i64, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(OPEN).fetch_one(connection).await)?)
    }
}
