//! Programmes and their sums, which are always derived from the vouchers, never counted beside them.

use super::db::{Db, Error, on, one_row};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[ADD, CHANGE, STATUS, SUMS];

const ADD: &str = "INSERT INTO programme (id, municipality_id, name, status, budget_cents, valid_from, expires_at,
        per_redemption_max_cents, per_day_max_cents, per_day_count_max, pin_above_cents, hold_seconds,
        message_after_purchase, link_delay_seconds, rules_it, rules_en, created_at, rotating_qr)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const CHANGE: &str = "UPDATE programme SET name = $3, budget_cents = $4, rules_it = $5, rules_en = $6,
        per_redemption_max_cents = $7, per_day_max_cents = $8, per_day_count_max = $9
    WHERE id = $1 AND municipality_id = $2";
const STATUS: &str = "UPDATE programme SET status = $3 WHERE id = $1 AND municipality_id = $2";
const SUMS: &str =
    "SELECT COUNT(*) AS vouchers, CAST(COALESCE(SUM(issued_cents + topped_up_cents), 0) AS BIGINT) AS issued_cents,
        CAST(COALESCE(SUM(redeemed_cents - reversed_cents), 0) AS BIGINT) AS spent_cents,
        CAST(COALESCE(SUM(held_cents), 0) AS BIGINT) AS held_cents,
        CAST(COALESCE(SUM(expired_cents), 0) AS BIGINT) AS expired_cents,
        CAST(COALESCE(SUM(balance_cents), 0) AS BIGINT) AS balance_cents
    FROM voucher WHERE programme_id = $1";

/// A programme.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProgrammeRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub municipality_id: Uuid,
    /// Its name.
    pub name: String,
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// What may be issued.
    pub budget_cents: i64,
    /// Vouchers are valid from here, microseconds.
    pub valid_from: i64,
    /// Vouchers expire here unless their row says otherwise, microseconds.
    pub expires_at: i64,
    /// The most that one redemption may take.
    pub per_redemption_max_cents: Option<i64>,
    /// The most that a voucher may spend in a day.
    pub per_day_max_cents: Option<i64>,
    /// The most uses of a voucher in a day.
    pub per_day_count_max: Option<i64>,
    /// Above this the PIN is asked.
    pub pin_above_cents: Option<i64>,
    /// How long a hold lasts.
    pub hold_seconds: i64,
    /// 1 if the holder gets a message after each purchase.
    pub message_after_purchase: i64,
    /// How long after issue the link is sent; until then an import can be undone.
    pub link_delay_seconds: i64,
    /// The rules, in Italian.
    pub rules_it: String,
    /// The rules, in English.
    pub rules_en: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// 1 if the QR on the holder's page changes with time.
    pub rotating_qr: i64,
}

/// Where a programme's money is.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct ProgrammeSums {
    /// How many vouchers.
    pub vouchers: i64,
    /// Issued and topped up.
    pub issued_cents: i64,
    /// Taken by shops and not given back.
    pub spent_cents: i64,
    /// Held.
    pub held_cents: i64,
    /// Gone back to the programme.
    pub expired_cents: i64,
    /// Still to be spent, holds included.
    pub balance_cents: i64,
}

impl ProgrammeSums {
    /// What may still be issued of a budget.
    #[must_use]
    pub const fn left_of(&self, budget_cents: i64) -> i64 {
        budget_cents - self.issued_cents + self.expired_cents
    }
}

impl Db {
    /// Adds a programme.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_programme(&self, row: &ProgrammeRow) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(ADD)
            .bind(row.id)
            .bind(row.municipality_id)
            .bind(&row.name)
            .bind(&row.status)
            .bind(row.budget_cents)
            .bind(row.valid_from)
            .bind(row.expires_at)
            .bind(row.per_redemption_max_cents)
            .bind(row.per_day_max_cents)
            .bind(row.per_day_count_max)
            .bind(row.pin_above_cents)
            .bind(row.hold_seconds)
            .bind(row.message_after_purchase)
            .bind(row.link_delay_seconds)
            .bind(&row.rules_it)
            .bind(&row.rules_en)
            .bind(row.created_at)
            .bind(row.rotating_qr)
            .execute(connection)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Changes what a programme is called, may issue, lets a voucher spend, and says to families; everything else stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn change_programme(&self, row: &ProgrammeRow) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(CHANGE)
            .bind(row.id)
            .bind(row.municipality_id)
            .bind(&row.name)
            .bind(row.budget_cents)
            .bind(&row.rules_it)
            .bind(&row.rules_en)
            .bind(row.per_redemption_max_cents)
            .bind(row.per_day_max_cents)
            .bind(row.per_day_count_max)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Suspends, resumes or closes a programme.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_programme_status(&self, municipality: Uuid, id: Uuid, status: &str) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(STATUS)
            .bind(id)
            .bind(municipality)
            .bind(status)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Where the programme's money is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn programme_sums(&self, programme: Uuid) -> Result<ProgrammeSums, Error> {
        let sums = on!(self, |connection| sqlx::query_as(SUMS).bind(programme).fetch_one(connection).await)?;
        Ok(sums)
    }
}
