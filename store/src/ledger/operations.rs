//! Operations: what has happened, a row for each fact.

use super::columns::operation;
use super::db::{Db, Error, on};
use crate::journal::decode_record;
use domain::ids::{OperationId, PartitionId, ShopId, TerminalId, UserId, VoucherId};
use domain::record::Body;
use domain::voucher::Entry;
use std::collections::HashMap;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[FACTS, REACH, BY_ID, BY_KEY, KEY_USED, OF_SHOP, HOURS_OF_SHOP, OF_VOUCHER];

const FACTS: &str = "SELECT ledger.seq, operation.record
    FROM (SELECT COALESCE(MAX(seq), 0) AS seq FROM checkpoint WHERE partition_id = $2) AS ledger
    LEFT JOIN operation ON operation.voucher_id = $1 ORDER BY operation.voucher_seq";
const REACH: &str = "SELECT partition_id, seq FROM checkpoint";
pub(super) const BY_ID: &str = concat!("SELECT ", operation!("o"), " FROM operation o WHERE id = $1");
const BY_KEY: &str = concat!(
    "SELECT ",
    operation!("o"),
    " FROM operation_key k JOIN operation o ON o.id = k.id AND o.decided_at = k.decided_at
    WHERE k.op_key = $2 AND o.shop_id = $1"
);
const KEY_USED: &str = "SELECT COUNT(*) FROM operation_key WHERE op_key = $1 AND voucher_id = $2";

/// Whoever was at the till when it was decided: the latest who had come by then, unless they had left. A shift at a time,
/// so that no operation is in a list twice.
macro_rules! taken_by {
    () => {
        "(SELECT CASE WHEN h.to_at IS NULL OR h.to_at > o.decided_at THEN h.staff_id END
            FROM shift h WHERE h.terminal_id = o.terminal_id AND h.from_at <= o.decided_at
            ORDER BY h.from_at DESC, h.id DESC LIMIT 1) AS staff_id"
    };
}

/// Operations of a shop in their order, of which `$fits` may want more.
macro_rules! of_shop {
    ($fits:literal) => {
        concat!(
            "SELECT ",
            operation!("t"),
            ", t.staff_id FROM (SELECT ",
            operation!("o"),
            ", ",
            taken_by!(),
            " FROM operation o
                WHERE shop_id = $1 AND (decided_at, id) > ($2, $3) AND decided_at < $4
                    AND kind IN ('redeem', 'capture', 'reverse') AND (terminal_id = $5 OR $6 = 0)",
            $fits,
            ") t
            WHERE $8 = 0 OR t.staff_id IS NOT DISTINCT FROM $7 ORDER BY t.decided_at, t.id LIMIT $9"
        )
    };
}
const OF_SHOP: &str = of_shop!("");
// the same with the end of an id, which each database cuts off in its own way
const BY_RECEIPT_PG: &str = of_shop!(" AND substring(uuid_send(id) FROM 13) = $10");
const BY_RECEIPT_LITE: &str = of_shop!(" AND substr(id, 13) = $10");
const HOURS_OF_SHOP: &str = concat!(
    "SELECT terminal_id, staff_id, kind, hour, COUNT(*) AS operations, CAST(SUM(amount_cents) AS BIGINT) AS amount_cents
    FROM (SELECT o.terminal_id, o.kind, o.decided_at / 3600000000 AS hour, o.amount_cents, ",
    taken_by!(),
    " FROM operation o
        WHERE o.shop_id = $1 AND o.decided_at >= $2 AND o.decided_at < $3
            AND o.kind IN ('redeem', 'capture', 'reverse') AND (o.terminal_id = $4 OR $5 = 0)) t
    WHERE $7 = 0 OR t.staff_id IS NOT DISTINCT FROM $6
    GROUP BY terminal_id, staff_id, kind, hour"
);
const OF_VOUCHER: &str = concat!(
    "SELECT ",
    operation!("o"),
    " FROM operation o WHERE voucher_id = $1 AND voucher_seq > $2 ORDER BY voucher_seq LIMIT $3"
);

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OperationRow {
    /// The operation's id.
    pub id: Uuid,
    /// Which journal.
    pub partition_id: i64,
    /// Its place there.
    pub seq: i64,
    /// Whose.
    pub voucher_id: Uuid,
    /// Its place in the voucher's life.
    pub voucher_seq: i64,
    /// The tenant.
    pub municipality_id: Uuid,
    /// What happened.
    pub kind: String,
    /// The shop that asked.
    pub shop_id: Option<Uuid>,
    /// Its terminal.
    pub terminal_id: Option<Uuid>,
    /// The member of staff who asked.
    pub user_id: Option<Uuid>,
    /// Fingerprint of the caller's key.
    pub op_key: Vec<u8>,
    /// The money it was about.
    pub amount_cents: i64,
    /// What the voucher was worth afterwards.
    pub balance_after_cents: i64,
    /// How much of that was held.
    pub held_after_cents: i64,
    /// Microseconds.
    pub decided_at: i64,
    /// Why nothing happened, if so.
    pub decline: Option<String>,
    /// The operation it undoes, takes or lets go.
    pub target_id: Option<Uuid>,
    /// How much of it was reversed since.
    pub reversed_cents: i64,
}

impl OperationRow {
    /// The row that a fact will have once it is projected.
    #[must_use]
    pub fn of(partition: PartitionId, seq: u64, entry: &Entry) -> Self {
        Self {
            id: entry.operation.uuid(),
            partition_id: i64::from(partition.0),
            seq: i64::try_from(seq).unwrap_or(i64::MAX),
            voucher_id: entry.voucher.uuid(),
            voucher_seq: i64::try_from(entry.voucher_seq).unwrap_or(i64::MAX),
            municipality_id: entry.municipality.uuid(),
            kind: entry.event.kind().code().to_owned(),
            shop_id: entry.origin.shop().map(ShopId::uuid),
            terminal_id: entry.origin.terminal().map(TerminalId::uuid),
            user_id: entry.origin.user().map(UserId::uuid),
            op_key: entry.key.0.to_vec(),
            amount_cents: entry.event.amount().get(),
            balance_after_cents: entry.balance_after.get(),
            held_after_cents: entry.held_after.get(),
            decided_at: entry.decided_at.micros(),
            decline: entry.event.decline().map(|decline| decline.code().to_owned()),
            target_id: entry.event.target().map(OperationId::uuid),
            reversed_cents: 0,
        }
    }
}

/// Money that a shop took, or gave back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TakenRow {
    /// What happened.
    #[sqlx(flatten)]
    pub operation: OperationRow,
    /// Who was at the till, where the shop says so.
    pub staff_id: Option<Uuid>,
}

/// Whose operations, of all who may be at a shop's tills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    #[default]
    Everybodys,
    /// Those of nobody in particular: made while nobody had said who was at the till.
    Nobodys,
    /// Those of this member of its staff.
    Ones(Uuid),
}

impl Whose {
    /// Whether it leaves anybody's out, and whose alone it then is: the null of a row is nobody's.
    fn only(self) -> (i64, Option<Uuid>) {
        match self {
            Self::Everybodys => (0, None),
            Self::Nobodys => (1, None),
            Self::Ones(id) => (1, Some(id)),
        }
    }
}

/// One operation, by what one knows of it.
#[derive(Clone, Copy, Debug)]
pub enum Sought {
    /// Its id, whosever it is: the caller checks.
    Id(Uuid),
    /// The key that a shop used.
    Key {
        /// Which shop.
        shop: Uuid,
        /// The key's fingerprint.
        key: [u8; 16],
    },
}

/// Which operations of a shop.
#[derive(Clone, Copy, Debug)]
pub struct OperationFilter {
    /// From here, microseconds.
    pub from: i64,
    /// To before here.
    pub to: i64,
    /// Only this terminal's.
    pub terminal: Option<Uuid>,
    /// Whoever was at the till.
    pub staff: Whose,
    /// Only those whose ids end so.
    pub receipt: Option<[u8; 4]>,
    /// After this operation: when it was decided, and its id.
    pub after: Option<(i64, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

impl OperationFilter {
    /// All of a range in microseconds, up to before its end.
    #[must_use]
    pub const fn all(from: i64, to: i64) -> Self {
        Self { from, to, terminal: None, staff: Whose::Everybodys, receipt: None, after: None, limit: 1 }
    }
}

/// The money operations of one kind that somebody made at a till in one hour.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TillHour {
    /// The till.
    pub terminal_id: Option<Uuid>,
    /// Who was there.
    pub staff_id: Option<Uuid>,
    /// `redeem`, `capture` or `reverse`.
    pub kind: String,
    /// Hours since 1970 UTC.
    pub hour: i64,
    /// How many.
    pub operations: i64,
    /// The money they were about.
    pub amount_cents: i64,
}

impl Db {
    /// All facts of a voucher, in order, for the engine, and the last record of its partition that the ledger holds at
    /// that instant: one statement, since another connection may lead to another copy of the ledger.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when a record cannot be read.
    pub async fn facts(&self, partition: PartitionId, voucher: VoucherId) -> Result<(u64, Vec<Entry>), Error> {
        let rows: Vec<(i64, Option<Vec<u8>>)> = on!(self, |connection| sqlx::query_as(FACTS)
            .bind(voucher.uuid())
            .bind(i64::from(partition.0))
            .fetch_all(connection)
            .await)?;
        let through = rows.first().map_or(0, |(seq, _)| seq.unsigned_abs());
        let entries =
            rows.iter().filter_map(|(_, record)| record.as_deref()).map(entry_of).collect::<Result<_, _>>()?;
        Ok((through, entries))
    }

    /// An operation, whosever it is: the caller checks.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn operation(&self, id: Uuid) -> Result<OperationRow, Error> {
        let row = on!(self, |connection| sqlx::query_as(BY_ID).bind(id).fetch_one(connection).await)?;
        Ok(row)
    }

    /// The operation, if it is there, and the last record of each partition that the ledger holds: first these and over the
    /// same connection, so that none of them is what is sought and not there.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn search(&self, sought: Sought) -> Result<(HashMap<PartitionId, u64>, Option<OperationRow>), Error> {
        let (reach, row): (Vec<(i64, i64)>, _) = on!(self, |connection| {
            async {
                let reach = sqlx::query_as(REACH).fetch_all(&mut *connection).await?;
                let row = match sought {
                    Sought::Id(id) => sqlx::query_as(BY_ID).bind(id).fetch_optional(&mut *connection).await?,
                    // it can have been used on several vouchers only by mistake
                    Sought::Key { shop, key } => {
                        sqlx::query_as(BY_KEY).bind(shop).bind(&key[..]).fetch_optional(&mut *connection).await?
                    }
                };
                Ok::<_, sqlx::Error>((reach, row))
            }
            .await
        })?;
        let partition =
            |id: i64| u16::try_from(id).map(PartitionId).map_err(|_| Error::Corrupt("checkpoint partition".into()));
        let reach = reach.into_iter().map(|(id, seq)| Ok((partition(id)?, seq.unsigned_abs())));
        Ok((reach.collect::<Result<_, Error>>()?, row))
    }

    /// Whether a key was used on a voucher, as far as this ledger is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn key_used(&self, voucher: Uuid, key: [u8; 16]) -> Result<bool, Error> {
        let count: i64 = on!(self, |connection| sqlx::query_scalar(KEY_USED)
            .bind(&key[..])
            .bind(voucher)
            .fetch_one(connection)
            .await)?;
        Ok(count > 0)
    }

    /// The money operations of a shop, as they were decided.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn shop_operations(&self, shop: Uuid, filter: &OperationFilter) -> Result<Vec<TakenRow>, Error> {
        let (decided_at, id) = filter.after.unwrap_or((filter.from.saturating_sub(1), Uuid::max()));
        let text = match (filter.receipt, self) {
            (None, _) => OF_SHOP,
            (Some(_), Self::Pg(_)) => BY_RECEIPT_PG,
            (Some(_), Self::Lite(_)) => BY_RECEIPT_LITE,
        };
        let (narrowed, staff) = filter.staff.only();
        let rows = on!(self, |connection| {
            let query = sqlx::query_as(text).bind(shop).bind(decided_at).bind(id).bind(filter.to).bind(filter.terminal);
            let query = query.bind(i64::from(filter.terminal.is_some())).bind(staff);
            let query = query.bind(narrowed).bind(filter.limit);
            match &filter.receipt {
                Some(receipt) => query.bind(&receipt[..]).fetch_all(connection).await,
                None => query.fetch_all(connection).await,
            }
        })?;
        Ok(rows)
    }

    /// The money operations of a shop summed for each till, member of staff and hour, whatever the filter's page: a
    /// day begins on the hour in every time zone that is ours.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn shop_hours(&self, shop: Uuid, filter: &OperationFilter) -> Result<Vec<TillHour>, Error> {
        let (narrowed, staff) = filter.staff.only();
        let rows = on!(self, |connection| sqlx::query_as(HOURS_OF_SHOP)
            .bind(shop)
            .bind(filter.from)
            .bind(filter.to)
            .bind(filter.terminal)
            .bind(i64::from(filter.terminal.is_some()))
            .bind(staff)
            .bind(narrowed)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }

    /// The facts of a voucher after `after_seq`, in order.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn voucher_operations(
        &self,
        voucher: Uuid,
        after_seq: i64,
        limit: i64,
    ) -> Result<Vec<OperationRow>, Error> {
        let rows = on!(self, |connection| sqlx::query_as(OF_VOUCHER)
            .bind(voucher)
            .bind(after_seq)
            .bind(limit)
            .fetch_all(connection)
            .await)?;
        Ok(rows)
    }
}

fn entry_of(bytes: &[u8]) -> Result<Entry, Error> {
    match decode_record(bytes).map_err(|error| Error::Corrupt(error.to_string()))?.body {
        Body::Entry(entry) => Ok(entry),
        Body::Open { .. } => Err(Error::Corrupt("an open record among a voucher's".into())),
    }
}
