//! Who works at a shop's tills, and who was at which till from when to when. Nothing of it is in the journal: an
//! operation is of whoever was at its till when it was decided (docs/decisions/0024).

use super::db::{Db, Error, in_transaction, on, one_row};
use crate::seal::Sealed;
use uuid::Uuid;

/// Each by its name: see `columns.rs`.
macro_rules! staff {
    () => {
        "id, municipality_id, shop_id, wrapped_key, sealed, locked_until, created_at, left_at"
    };
}

pub(super) const STATEMENTS: &[&str] =
    &[ADD, OF_SHOP, BY_ID, CHANGE, TRY, RIGHT, CLOSE_ALL, FORGET, LEAVE, AT, SINCE, CLOSE, BEGIN];

const ADD: &str = "INSERT INTO staff (id, municipality_id, shop_id, wrapped_key, sealed, wrong_pins, created_at)
    VALUES ($1, $2, $3, $4, $5, 0, $6)";
const OF_SHOP: &str = concat!("SELECT ", staff!(), " FROM staff WHERE shop_id = $1 ORDER BY id");
const BY_ID: &str = concat!("SELECT ", staff!(), " FROM staff WHERE id = $1 AND shop_id = $2 AND left_at IS NULL");
// whoever changed it in between is not overwritten
const CHANGE: &str = "UPDATE staff SET wrapped_key = $3, sealed = $4
    WHERE id = $1 AND left_at IS NULL AND wrapped_key = $2";
// a try is counted before anybody looks at it, so that many at once are no more tries; the last one locks, whoever
// was right unlocks
const TRY: &str = "UPDATE staff SET locked_until = CASE WHEN wrong_pins = $3 - 1 THEN CAST($4 AS BIGINT) END,
        wrong_pins = CASE WHEN wrong_pins >= $3 THEN 1 ELSE wrong_pins + 1 END
    WHERE id = $1 AND left_at IS NULL AND (locked_until IS NULL OR locked_until <= $2)";
const RIGHT: &str = "UPDATE staff SET wrong_pins = 0, locked_until = NULL WHERE id = $1";
const CLOSE_ALL: &str = "UPDATE shift SET to_at = CASE WHEN from_at > $2 THEN from_at ELSE $2 END
    WHERE staff_id = $1 AND to_at IS NULL";
// whoever never was at a till leaves nothing behind
const FORGET: &str = "DELETE FROM staff WHERE id = $1 AND shop_id = $2
    AND NOT EXISTS (SELECT 1 FROM shift h WHERE h.staff_id = staff.id)";
const LEAVE: &str = "UPDATE staff SET left_at = $3, wrapped_key = $4, sealed = $5
    WHERE id = $1 AND shop_id = $2 AND left_at IS NULL";
const AT: &str =
    "SELECT s.id, s.municipality_id, s.shop_id, s.wrapped_key, s.sealed, s.locked_until, s.created_at, s.left_at,
        h.from_at
    FROM shift h JOIN staff s ON s.id = h.staff_id WHERE h.terminal_id = $1 AND h.to_at IS NULL";
const SINCE: &str =
    "SELECT COALESCE(MAX(CASE WHEN to_at IS NULL THEN from_at ELSE to_at END), $2) FROM shift WHERE terminal_id = $1";
const CLOSE: &str = "UPDATE shift SET to_at = CASE WHEN from_at > $2 THEN from_at ELSE $2 END
    WHERE terminal_id = $1 AND to_at IS NULL";
const BEGIN: &str = "INSERT INTO shift (id, municipality_id, shop_id, terminal_id, staff_id, from_at)
    SELECT $1, s.municipality_id, s.shop_id, $2, s.id, $4 FROM staff s WHERE s.id = $3 AND s.left_at IS NULL";

/// Somebody who works at a shop's tills.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StaffRow {
    /// Their id.
    pub id: Uuid,
    /// The tenant.
    pub municipality_id: Uuid,
    /// Where they work.
    pub shop_id: Uuid,
    /// What the shop calls them, and their PIN.
    #[sqlx(flatten)]
    pub card: Sealed,
    /// Until when their PIN is not even looked at, microseconds.
    pub locked_until: Option<i64>,
    /// When they were added, microseconds.
    pub created_at: i64,
    /// When they left.
    pub left_at: Option<i64>,
}

/// Who is at a till.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AtTill {
    /// Who.
    #[sqlx(flatten)]
    pub staff: StaffRow,
    /// Since when, microseconds.
    pub from_at: i64,
}

/// Somebody who comes to a till.
#[derive(Clone, Copy, Debug)]
pub struct NewShift {
    /// The shift's id.
    pub id: Uuid,
    /// The till.
    pub terminal: Uuid,
    /// Who.
    pub staff: Uuid,
    /// When, microseconds.
    pub now: i64,
}

impl Db {
    /// Adds somebody.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_staff(&self, new: &StaffRow) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(new.id)
            .bind(new.municipality_id)
            .bind(new.shop_id)
            .bind(&new.card.wrapped_key)
            .bind(&new.card.sealed)
            .bind(new.created_at)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Everybody who works or worked at a shop, as they were added.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn staff_of(&self, shop: Uuid) -> Result<Vec<StaffRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(OF_SHOP).bind(shop).fetch_all(connection).await)?)
    }

    /// Somebody who works at a shop.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for whoever has left.
    pub async fn staff_member(&self, shop: Uuid, id: Uuid) -> Result<StaffRow, Error> {
        Ok(on!(self, |connection| sqlx::query_as(BY_ID).bind(id).bind(shop).fetch_one(connection).await)?)
    }

    /// Gives somebody a new card in the place of the one that the caller has read.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they have left, or have got another card meanwhile.
    pub async fn change_staff(&self, was: &StaffRow, card: &Sealed) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(CHANGE)
            .bind(was.id)
            .bind(&was.card.wrapped_key)
            .bind(&card.wrapped_key)
            .bind(&card.sealed)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Counts a try of somebody's PIN, and says whether it may be looked at: after `wrong_max` that were not
    /// [right](Db::right_pin) none is until `locked_until`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn try_pin(&self, id: Uuid, now: i64, wrong_max: i64, locked_until: i64) -> Result<bool, Error> {
        let touched = on!(self, |connection| sqlx::query(TRY)
            .bind(id)
            .bind(now)
            .bind(wrong_max)
            .bind(locked_until)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(touched == 1)
    }

    /// Somebody's PIN was right: earlier tries are forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn right_pin(&self, id: Uuid) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(RIGHT)
            .bind(id)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Somebody leaves the shop, and whatever till they are at. What they took stays theirs, under what `card` still
    /// says of them.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for whoever has left before.
    pub async fn remove_staff(&self, was: &StaffRow, card: &Sealed, now: i64) -> Result<(), Error> {
        let touched: Result<u64, Error> = in_transaction!(self, |tx| {
            let forgotten = sqlx::query(FORGET).bind(was.id).bind(was.shop_id).execute(&mut *tx).await?.rows_affected();
            let leave = sqlx::query(LEAVE).bind(was.id).bind(was.shop_id).bind(now);
            let left = leave.bind(&card.wrapped_key).bind(&card.sealed).execute(&mut *tx).await?.rows_affected();
            if left == 1 {
                sqlx::query(CLOSE_ALL).bind(was.id).bind(now).execute(&mut *tx).await?;
            }
            forgotten + left
        });
        one_row(touched?)
    }

    /// Who is at a till.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn at_till(&self, terminal: Uuid) -> Result<Option<AtTill>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(AT).bind(terminal).fetch_optional(connection).await)?)
    }

    /// Somebody comes to a till; whoever was there leaves it in the same moment.
    ///
    /// Shifts at a till never overlap: where this node's clock is behind the one that wrote the last of them, this one
    /// begins when that one did or ended.
    ///
    /// # Errors
    /// [`Error::Conflict`] when two come at once, [`Error::NotFound`] for whoever has left the shop.
    pub async fn begin_shift(&self, new: &NewShift) -> Result<(), Error> {
        let begun: Result<u64, Error> = in_transaction!(self, |tx| {
            let last: i64 = sqlx::query_scalar(SINCE).bind(new.terminal).bind(new.now).fetch_one(&mut *tx).await?;
            let from = last.max(new.now);
            sqlx::query(CLOSE).bind(new.terminal).bind(from).execute(&mut *tx).await?;
            let begun = sqlx::query(BEGIN).bind(new.id).bind(new.terminal).bind(new.staff).bind(from);
            let begun = begun.execute(&mut *tx).await?.rows_affected();
            if begun == 0 {
                return Err(Error::NotFound);
            }
            begun
        });
        begun.map(drop)
    }

    /// Nobody is at a till any more.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn end_shift(&self, terminal: Uuid, now: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(CLOSE).bind(terminal).bind(now).execute(connection).await.map(drop))?;
        Ok(())
    }
}
