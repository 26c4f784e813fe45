//! The ledger as whoever checks it reads it: every row of every municipality, in order.

use super::columns::{operation, voucher};
use super::db::{Db, Error, on};
use super::operations::OperationRow;
use super::vouchers::VoucherRow;
use crate::migrations::{self, Applied};
use domain::ids::PartitionId;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[KEPT, BEHIND, VOUCHERS, COUNTS, HOLDS];

const KEPT: &str = concat!(
    "SELECT ",
    operation!("o"),
    ", o.record FROM operation_key k JOIN operation o ON o.id = k.id AND o.decided_at = k.decided_at
    WHERE k.partition_id = $1 AND k.seq > $2 AND k.seq <= $3 ORDER BY k.seq LIMIT $4"
);
const BEHIND: &str = concat!(
    "SELECT ",
    operation!("o"),
    ", s.name AS shop_name
    FROM operation_key k JOIN operation o ON o.id = k.id AND o.decided_at = k.decided_at
    LEFT JOIN shop s ON s.id = o.shop_id WHERE k.partition_id = $1 AND k.seq > $2 ORDER BY k.seq"
);
const VOUCHERS: &str = concat!(
    "SELECT ",
    voucher!(),
    " FROM voucher v LEFT JOIN holder h ON h.voucher_id = v.id WHERE v.id > $1 ORDER BY v.id LIMIT $2"
);

/// In a file the keys are a view of the operations, and both are the same.
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM operation), (SELECT COUNT(*) FROM operation_key),
    (SELECT COUNT(*) FROM operation_key k JOIN operation o ON o.id = k.id AND o.decided_at = k.decided_at
        AND o.partition_id = k.partition_id AND o.seq = k.seq AND o.voucher_id = k.voucher_id
        AND o.voucher_seq = k.voucher_seq AND o.op_key = k.op_key)";
const HOLDS: &str = "SELECT operation_id, voucher_id, until_at FROM open_hold";

/// An operation, and the record that its columns were made of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeptRow {
    /// The columns.
    #[sqlx(flatten)]
    pub operation: OperationRow,
    /// The record's bytes.
    pub record: Vec<u8>,
}

/// An operation that the journal does not have any more.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BehindRow {
    /// The operation.
    #[sqlx(flatten)]
    pub operation: OperationRow,
    /// The name over the shop's door, where it was a shop.
    pub shop_name: Option<String>,
}

impl Db {
    /// Whether a file's tables are the ones that this program makes: those of a backup are looked at as they are.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn is_of_this_version(&self) -> Result<bool, Error> {
        let applied: Vec<Applied> = on!(self, |pool| sqlx::query_as(migrations::APPLIED).fetch_all(pool).await)?;
        Ok(migrations::exactly(&migrations::of_a_file(), &applied))
    }

    /// What the ledger keeps of a partition's records behind `after` up to `upto`, in order.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn kept(&self, partition: PartitionId, after: u64, upto: u64, limit: i64) -> Result<Vec<KeptRow>, Error> {
        let place = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let rows = on!(self, |pool| sqlx::query_as(KEPT)
            .bind(i64::from(partition.0))
            .bind(place(after))
            .bind(place(upto))
            .bind(limit)
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// The operations behind a record at which the journal ends: what would be lost with it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn operations_behind(&self, partition: PartitionId, seq: u64) -> Result<Vec<BehindRow>, Error> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let rows =
            on!(self, |pool| sqlx::query_as(BEHIND).bind(i64::from(partition.0)).bind(seq).fetch_all(pool).await)?;
        Ok(rows)
    }

    /// How many operations there are in all partitions, with a checkpoint or without, how many keys of operations, and how
    /// many of these say the same as their operation.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn operation_counts(&self) -> Result<[u64; 3], Error> {
        let (rows, keys, fitting): (i64, i64, i64) = on!(self, |pool| sqlx::query_as(COUNTS).fetch_one(pool).await)?;
        Ok([rows, keys, fitting].map(i64::unsigned_abs))
    }

    /// The holds that are open, of all vouchers: the operation, the voucher, and until when, microseconds.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn open_holds(&self) -> Result<Vec<(Uuid, Uuid, i64)>, Error> {
        Ok(on!(self, |pool| sqlx::query_as(HOLDS).fetch_all(pool).await)?)
    }

    /// All municipalities' vouchers after this id, in order.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn vouchers_after(&self, after: Uuid, limit: i64) -> Result<Vec<VoucherRow>, Error> {
        let rows = on!(self, |pool| sqlx::query_as(VOUCHERS).bind(after).bind(limit).fetch_all(pool).await)?;
        Ok(rows)
    }
}
