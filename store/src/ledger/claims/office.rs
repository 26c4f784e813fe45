//! What a municipality does with the claims of its shops: approve them, and write down that it paid.

use super::super::db::{Db, Error, on, one_row};
use super::{ClaimRow, claim};
use uuid::Uuid;

pub(in crate::ledger) const STATEMENTS: &[&str] = &[LIST, ONE, APPROVE, REOPEN, PAY];

const LIST: &str = concat!(
    "SELECT ",
    claim!(),
    " FROM claim WHERE municipality_id = $1 AND id < $2 AND ($3 = '' OR status = $3) AND (shop_id = $4 OR $5 = 0)
    ORDER BY id DESC LIMIT $6"
);
const ONE: &str = concat!("SELECT ", claim!(), " FROM claim WHERE id = $1 AND municipality_id = $2");
const APPROVE: &str = "UPDATE claim SET status = 'approved', approved_by = $3, approved_at = $4
    WHERE id = $1 AND municipality_id = $2 AND status = 'sealed'";
const REOPEN: &str = "UPDATE claim SET status = 'sealed', approved_by = NULL, approved_at = NULL
    WHERE id = $1 AND municipality_id = $2 AND status = 'approved'";
// four eyes: whoever approved it does not pay it
const PAY: &str = "UPDATE claim SET status = 'paid', paid_by = $3, paid_at = $4, payment_reference = $5
    WHERE id = $1 AND municipality_id = $2 AND status = 'approved' AND approved_by <> $3";

/// Which claims of a municipality.
#[derive(Clone, Debug)]
pub struct ClaimFilter {
    /// Sealed before this one.
    pub before: Uuid,
    /// Only in this state; in any when empty.
    pub status: String,
    /// Only of this shop.
    pub shop: Option<Uuid>,
    /// How many at most.
    pub limit: i64,
}

impl Db {
    /// Claims of a municipality's shops, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claims_of_town(&self, municipality: Uuid, filter: &ClaimFilter) -> Result<Vec<ClaimRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(LIST)
            .bind(municipality)
            .bind(filter.before)
            .bind(&filter.status)
            .bind(filter.shop.unwrap_or_default())
            .bind(i64::from(filter.shop.is_some()))
            .bind(filter.limit)
            .fetch_all(connection)
            .await)?)
    }

    /// A claim of one of a municipality's shops.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn claim_of_town(&self, municipality: Uuid, id: Uuid) -> Result<ClaimRow, Error> {
        Ok(on!(self, |connection| sqlx::query_as(ONE).bind(id).bind(municipality).fetch_one(connection).await)?)
    }

    /// A member of staff approves a sealed claim.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is not, or not sealed any more.
    pub async fn approve_claim(&self, municipality: Uuid, id: Uuid, user: Uuid, now: i64) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(APPROVE)
            .bind(id)
            .bind(municipality)
            .bind(user)
            .bind(now)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// An approval is taken back.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a claim that is not approved, or paid by now.
    pub async fn reopen_claim(&self, municipality: Uuid, id: Uuid) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(REOPEN)
            .bind(id)
            .bind(municipality)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// Another member of staff than the one who approved it writes down that a claim was paid: on which day, in
    /// microseconds, and under which reference.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that is not approved, or was by the same.
    pub async fn pay_claim(
        &self,
        municipality: Uuid,
        id: Uuid,
        user: Uuid,
        paid_at: i64,
        reference: &str,
    ) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(PAY)
            .bind(id)
            .bind(municipality)
            .bind(user)
            .bind(paid_at)
            .bind(reference)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }
}
