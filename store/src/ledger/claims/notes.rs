//! What municipality and shop write about single lines of a claim: a remark and an answer to it, both sealed.

use super::super::db::{Db, Error, on, one_row};
use crate::seal::Sealed;
use uuid::Uuid;

pub(in crate::ledger) const STATEMENTS: &[&str] = &[REMARK, ANSWER, NOTES];

const REMARK: &str =
    "INSERT INTO claim_note (operation_id, side, municipality_id, claim_id, wrapped_key, sealed, written_at)
    SELECT l.operation_id, 'remark', c.municipality_id, c.id, $4, $5, $6
    FROM claim_line l JOIN claim c ON c.id = l.claim_id
    WHERE l.operation_id = $3 AND c.id = $2 AND c.municipality_id = $1 AND c.status <> 'paid'
    ON CONFLICT (operation_id, side) DO UPDATE SET
        wrapped_key = excluded.wrapped_key, sealed = excluded.sealed, written_at = excluded.written_at";
const ANSWER: &str =
    "INSERT INTO claim_note (operation_id, side, municipality_id, claim_id, wrapped_key, sealed, written_at)
    SELECT r.operation_id, 'answer', c.municipality_id, c.id, $4, $5, $6
    FROM claim_note r JOIN claim c ON c.id = r.claim_id
    WHERE r.operation_id = $3 AND r.side = 'remark' AND c.id = $2 AND c.shop_id = $1
    ON CONFLICT (operation_id, side) DO UPDATE SET
        wrapped_key = excluded.wrapped_key, sealed = excluded.sealed, written_at = excluded.written_at";
const NOTES: &str = "SELECT operation_id, side, wrapped_key, sealed, written_at FROM claim_note
    WHERE claim_id = $1 AND operation_id >= $2 AND operation_id <= $3 ORDER BY operation_id, side";

/// What one side wrote about a line.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ClaimNote {
    /// The line.
    pub operation_id: Uuid,
    /// `remark` or `answer`.
    pub side: String,
    /// The text.
    #[sqlx(flatten)]
    pub text: Sealed,
    /// When, microseconds.
    pub written_at: i64,
}

/// What one side writes about a line, in the place of what it wrote before.
#[derive(Clone, Copy, Debug)]
pub struct NewNote<'a> {
    /// The claim.
    pub claim: Uuid,
    /// Its line.
    pub operation: Uuid,
    /// The text.
    pub text: &'a Sealed,
    /// Microseconds.
    pub now: i64,
}

impl Db {
    /// The municipality remarks on a line of a claim that it has not paid.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such line, or it is paid.
    pub async fn remark(&self, municipality: Uuid, new: &NewNote<'_>) -> Result<(), Error> {
        self.note(REMARK, municipality, new).await
    }

    /// The shop answers a remark.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no remark on such a line.
    pub async fn answer(&self, shop: Uuid, new: &NewNote<'_>) -> Result<(), Error> {
        self.note(ANSWER, shop, new).await
    }

    async fn note(&self, statement: &'static str, writer: Uuid, new: &NewNote<'_>) -> Result<(), Error> {
        let touched = on!(self, |connection| sqlx::query(statement)
            .bind(writer)
            .bind(new.claim)
            .bind(new.operation)
            .bind(&new.text.wrapped_key)
            .bind(&new.text.sealed)
            .bind(new.now)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        one_row(touched)
    }

    /// What was written about the lines of a claim from one operation to another.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claim_notes(&self, claim: Uuid, first: Uuid, last: Uuid) -> Result<Vec<ClaimNote>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(NOTES)
            .bind(claim)
            .bind(first)
            .bind(last)
            .fetch_all(connection)
            .await)?)
    }
}
