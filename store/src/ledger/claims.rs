//! Claims: what a shop asks its municipality to pay. Each fact of the ledger is in one claim at most.

pub(super) mod notes;
pub(super) mod office;

pub use notes::{ClaimNote, NewNote};
pub use office::ClaimFilter;

use super::db::{Db, Error, in_transaction, on};
use uuid::Uuid;

/// Each by its name: see `columns.rs`. A remark is unanswered until the shop wrote after it.
macro_rules! claim {
    () => {
        "id, municipality_id, shop_id, number, op_key, request_hash, status, from_at, through_at, operations,
        amount_cents, seal, sealed_at, expected_at, approved_at, approved_by, paid_at, paid_by, payment_reference,
        (SELECT COUNT(*) FROM claim_note r WHERE r.claim_id = claim.id AND r.side = 'remark') AS remarks,
        (SELECT COUNT(*) FROM claim_note r WHERE r.claim_id = claim.id AND r.side = 'remark' AND NOT EXISTS (
            SELECT 1 FROM claim_note a WHERE a.operation_id = r.operation_id AND a.side = 'answer'
                AND a.written_at >= r.written_at)) AS unanswered"
    };
}

use claim;

pub(super) const STATEMENTS: &[&str] =
    &[SEAL_SHOP, UNCLAIMED, BY_KEY, ADD, ADD_LINES, ALL_LINES, CLOSE, OF_SHOP, BY_ID, LINES, REMARKED, AFTER, BROKEN];

/// What was taken may no longer be given back, up to here.
const SEAL_SHOP: &str = "UPDATE shop SET sealed_through = $2
    WHERE id = $1 AND (sealed_through IS NULL OR sealed_through < $2)";
/// Until the end of the transaction nobody else adds a claim of the shop, or learns that there is none. On Postgres only:
/// SQLite's transactions are alone anyway. An UPDATE would tell every node that the shops have changed.
const ALONE: &str = "SELECT id FROM shop WHERE id = $1 FOR NO KEY UPDATE";
// a reversal of what another claim had sealed already is a line of the next one
const UNCLAIMED: &str = "SELECT COUNT(*) AS operations,
        CAST(COALESCE(SUM(CASE WHEN kind = 'reverse' THEN -amount_cents ELSE amount_cents END), 0) AS BIGINT) AS amount_cents,
        COALESCE(MIN(decided_at), 0) AS from_at, COALESCE(MAX(decided_at), 0) AS to_at
    FROM operation o
    WHERE shop_id = $1 AND decided_at < $2 AND kind IN ('redeem', 'capture', 'reverse')
        AND NOT EXISTS (SELECT 1 FROM claim_line l WHERE l.operation_id = o.id)";
const BY_KEY: &str = concat!("SELECT ", claim!(), " FROM claim WHERE shop_id = $1 AND op_key = $2");
const ADD: &str =
    "INSERT INTO claim (id, municipality_id, shop_id, number, op_key, request_hash, status, from_at, through_at, operations,
        amount_cents, seal, sealed_at, expected_at)
    SELECT $1, m.id, $3, (SELECT COALESCE(MAX(number), 0) + 1 FROM claim WHERE shop_id = $3), $4, $5, 'sealed', 0, $6,
        0, 0, $7, $8, $8 + m.payment_days * 86400000000
    FROM municipality m WHERE m.id = $2";
const ADD_LINES: &str = "INSERT INTO claim_line (operation_id, municipality_id, claim_id, decided_at, amount_cents)
    SELECT o.id, o.municipality_id, $1, o.decided_at, CASE WHEN o.kind = 'reverse' THEN -o.amount_cents ELSE o.amount_cents END
    FROM operation o
    WHERE o.shop_id = $2 AND o.decided_at < $3 AND o.kind IN ('redeem', 'capture', 'reverse')
        AND NOT EXISTS (SELECT 1 FROM claim_line l WHERE l.operation_id = o.id)";
const ALL_LINES: &str = "SELECT operation_id, decided_at, amount_cents FROM claim_line
    WHERE claim_id = $1 ORDER BY operation_id";
const CLOSE: &str = "UPDATE claim SET from_at = $2, operations = $3, amount_cents = $4, seal = $5 WHERE id = $1";
const OF_SHOP: &str =
    concat!("SELECT ", claim!(), " FROM claim WHERE shop_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const BY_ID: &str = concat!("SELECT ", claim!(), " FROM claim WHERE id = $1 AND shop_id = $2");
const LINES: &str = "SELECT l.operation_id, l.decided_at, l.amount_cents, o.kind, o.terminal_id
    FROM claim_line l JOIN operation o ON o.id = l.operation_id AND o.decided_at = l.decided_at
    WHERE l.claim_id = $1 AND l.operation_id > $2 ORDER BY l.operation_id LIMIT $3";
// the same, only those that the municipality wrote something about
const REMARKED: &str = "SELECT l.operation_id, l.decided_at, l.amount_cents, o.kind, o.terminal_id
    FROM claim_note n JOIN claim_line l ON l.operation_id = n.operation_id
    JOIN operation o ON o.id = l.operation_id AND o.decided_at = l.decided_at
    WHERE n.claim_id = $1 AND n.operation_id > $2 AND n.side = 'remark' ORDER BY n.operation_id LIMIT $3";

const AFTER: &str = concat!("SELECT ", claim!(), " FROM claim WHERE id > $1 ORDER BY id LIMIT $2");
const BROKEN: &str = "SELECT c.id FROM claim c LEFT JOIN (
        SELECT l.claim_id, COUNT(*) AS lines, COUNT(o.id) AS kept, CAST(SUM(l.amount_cents) AS BIGINT) AS cents
        FROM claim_line l JOIN claim k ON k.id = l.claim_id
        LEFT JOIN operation o ON o.id = l.operation_id AND o.decided_at = l.decided_at AND o.shop_id = k.shop_id
            AND o.kind IN ('redeem', 'capture', 'reverse')
            AND l.amount_cents = CASE WHEN o.kind = 'reverse' THEN -o.amount_cents ELSE o.amount_cents END
        GROUP BY l.claim_id) s ON s.claim_id = c.id
    WHERE s.lines IS NULL OR s.lines <> c.operations OR s.kept <> c.operations OR s.cents <> c.amount_cents
    ORDER BY c.id LIMIT 1";

/// A claim.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ClaimRow {
    /// Its id.
    pub id: Uuid,
    /// Who is to pay.
    pub municipality_id: Uuid,
    /// Who asks.
    pub shop_id: Uuid,
    /// The shop's own count, from 1.
    pub number: i64,
    /// Fingerprint of what the caller asked for.
    pub request_hash: Vec<u8>,
    /// `sealed`, `approved` or `paid`.
    pub status: String,
    /// The first operation in it, microseconds.
    pub from_at: i64,
    /// Operations decided before here, microseconds.
    pub through_at: i64,
    /// How many lines.
    pub operations: i64,
    /// What was taken less what was given back.
    pub amount_cents: i64,
    /// [`seal_of`] its lines.
    pub seal: Vec<u8>,
    /// When the shop sealed it.
    pub sealed_at: i64,
    /// When the municipality means to pay.
    pub expected_at: i64,
    /// When the municipality approved it.
    pub approved_at: Option<i64>,
    /// Who did.
    pub approved_by: Option<Uuid>,
    /// The day on which it paid.
    pub paid_at: Option<i64>,
    /// Who wrote that down.
    pub paid_by: Option<Uuid>,
    /// Under which reference.
    pub payment_reference: Option<String>,
    /// How many lines the municipality wrote something about.
    pub remarks: i64,
    /// How many of these the shop has not written about since.
    pub unanswered: i64,
}

/// What a shop has not claimed yet.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Unclaimed {
    /// How many operations.
    pub operations: i64,
    /// What was taken less what was given back.
    pub amount_cents: i64,
    /// The first, microseconds; 0 when there is none.
    pub from_at: i64,
    /// The last.
    pub to_at: i64,
}

/// What a shop seals.
#[derive(Clone, Copy, Debug)]
pub struct NewClaim<'a> {
    /// The claim's id.
    pub id: Uuid,
    /// Who is to pay.
    pub municipality: Uuid,
    /// Who asks.
    pub shop: Uuid,
    /// Fingerprint of the caller's key.
    pub key: &'a [u8],
    /// Fingerprint of what they asked for.
    pub request_hash: &'a [u8],
    /// Operations decided before here, microseconds.
    pub through_at: i64,
    /// Microseconds.
    pub now: i64,
}

/// A line of a claim.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ClaimLine {
    /// The operation.
    pub operation_id: Uuid,
    /// When, microseconds.
    pub decided_at: i64,
    /// What the shop is owed for it; negative for what it gave back.
    pub amount_cents: i64,
    /// `redeem`, `capture` or `reverse`.
    pub kind: String,
    /// At which till.
    pub terminal_id: Option<Uuid>,
}

/// A hash over the lines of a claim in their order: whoever has the list can tell whether it is still the same.
///
/// BLAKE3 of `operation id 16 bytes ‖ amount in cents i64 little-endian` for each line.
#[must_use]
pub fn seal_of(lines: impl Iterator<Item = (Uuid, i64)>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (operation, cents) in lines {
        hasher.update(operation.as_bytes());
        hasher.update(&cents.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl Db {
    /// From now on the shop gives back nothing that was decided up to here, microseconds.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn seal_shop(&self, shop: Uuid, through: i64) -> Result<(), Error> {
        on!(self, |connection| sqlx::query(SEAL_SHOP).bind(shop).bind(through).execute(connection).await.map(drop))?;
        Ok(())
    }

    /// What the shop took before this instant, microseconds, and has not claimed.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unclaimed(&self, shop: Uuid, before: i64) -> Result<Unclaimed, Error> {
        Ok(on!(self, |connection| sqlx::query_as(UNCLAIMED).bind(shop).bind(before).fetch_one(connection).await)?)
    }

    /// What the shop sealed under this key, if it did.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claim_by_key(&self, shop: Uuid, key: &[u8]) -> Result<Option<ClaimRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(BY_KEY).bind(shop).bind(key).fetch_optional(connection).await)?)
    }

    /// The same, once whoever is adding a claim of the shop has added it or given up: if there is none then, only who
    /// begins to add it later can.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claim_by_key_at_rest(&self, shop: Uuid, key: &[u8]) -> Result<Option<ClaimRow>, Error> {
        in_transaction!(self, |tx| {
            if matches!(self, Db::Pg(_)) {
                sqlx::query(ALONE).bind(shop).execute(&mut *tx).await?;
            }
            sqlx::query_as(BY_KEY).bind(shop).bind(key).fetch_optional(&mut *tx).await?
        })
    }

    /// Puts everything that the shop has not claimed into a claim, all or nothing. The ledger must hold everything
    /// that was decided before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the shop is owed nothing; [`Error::Conflict`] when another till was faster, perhaps
    /// under the same key.
    pub async fn add_claim(&self, new: &NewClaim<'_>) -> Result<ClaimRow, Error> {
        let sealed: Result<ClaimRow, Error> = in_transaction!(self, |tx| {
            let no_seal: &[u8] = &[];
            if matches!(self, Db::Pg(_)) {
                sqlx::query(ALONE).bind(new.shop).execute(&mut *tx).await?;
            }
            sqlx::query(ADD)
                .bind(new.id)
                .bind(new.municipality)
                .bind(new.shop)
                .bind(new.key)
                .bind(new.request_hash)
                .bind(new.through_at)
                .bind(no_seal)
                .bind(new.now)
                .execute(&mut *tx)
                .await?;
            let (id, shop, through_at) = (new.id, new.shop, new.through_at);
            sqlx::query(ADD_LINES).bind(id).bind(shop).bind(through_at).execute(&mut *tx).await?;
            let lines: Vec<(Uuid, i64, i64)> = sqlx::query_as(ALL_LINES).bind(id).fetch_all(&mut *tx).await?;
            let cents: i64 = lines.iter().map(|(_, _, cents)| cents).sum();
            if cents <= 0 {
                return Err(Error::NotFound);
            }
            let seal = seal_of(lines.iter().map(|(operation, _, cents)| (*operation, *cents)));
            sqlx::query(CLOSE)
                .bind(id)
                .bind(lines.iter().map(|(_, at, _)| *at).min().unwrap_or(0))
                .bind(i64::try_from(lines.len()).unwrap_or(i64::MAX))
                .bind(cents)
                .bind(&seal[..])
                .execute(&mut *tx)
                .await?;
            sqlx::query_as(BY_ID).bind(id).bind(shop).fetch_one(&mut *tx).await?
        });
        sealed
    }

    /// Claims of a shop that were sealed before this one, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claims(&self, shop: Uuid, before: Uuid, limit: i64) -> Result<Vec<ClaimRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(OF_SHOP)
            .bind(shop)
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }

    /// A claim of a shop.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn claim(&self, shop: Uuid, id: Uuid) -> Result<ClaimRow, Error> {
        Ok(on!(self, |connection| sqlx::query_as(BY_ID).bind(id).bind(shop).fetch_one(connection).await)?)
    }

    /// Lines of a claim behind one of its operations, in the order of operations.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claim_lines(&self, claim: Uuid, after: Uuid, limit: i64) -> Result<Vec<ClaimLine>, Error> {
        self.lines(LINES, claim, after, limit).await
    }

    /// The same, only those that the municipality wrote something about.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn remarked_lines(&self, claim: Uuid, after: Uuid, limit: i64) -> Result<Vec<ClaimLine>, Error> {
        self.lines(REMARKED, claim, after, limit).await
    }

    async fn lines(
        &self,
        statement: &'static str,
        claim: Uuid,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<ClaimLine>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(statement)
            .bind(claim)
            .bind(after)
            .bind(limit)
            .fetch_all(connection)
            .await)?)
    }

    /// All shops' claims after this one, in the order of their ids.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn claims_after(&self, after: Uuid, limit: i64) -> Result<Vec<ClaimRow>, Error> {
        Ok(on!(self, |connection| sqlx::query_as(AFTER).bind(after).bind(limit).fetch_all(connection).await)?)
    }

    /// The first claim whose count or sum is not that of its lines, or of which a line is not an operation of its shop.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn broken_claim(&self) -> Result<Option<Uuid>, Error> {
        Ok(on!(self, |connection| sqlx::query_scalar(BROKEN).fetch_optional(connection).await)?)
    }
}
