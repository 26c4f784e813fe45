//! How far the ledger is, for whoever did not write it.

use super::db::{Db, Error, on};
use crate::journal::{Chain, Head};
use domain::ids::{PartitionId, VoucherId};
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] = &[CHECKPOINT, CHECKPOINTS, CHANGED];

const CHECKPOINT: &str = "SELECT partition_id, epoch, seq, chain FROM checkpoint WHERE partition_id = $1";
const CHECKPOINTS: &str = "SELECT partition_id, epoch, seq, chain FROM checkpoint ORDER BY partition_id";
const CHANGED: &str = "SELECT voucher_id, MAX(voucher_seq) FROM operation_key
    WHERE partition_id = $1 AND seq > $2 AND seq <= $3 GROUP BY voucher_id";

#[derive(sqlx::FromRow)]
struct CheckpointRow {
    partition_id: i64,
    epoch: i64,
    seq: i64,
    chain: Vec<u8>,
}

impl CheckpointRow {
    fn head(self) -> Result<(PartitionId, Head), Error> {
        let partition = u16::try_from(self.partition_id).map_err(|_| Error::Corrupt("checkpoint partition".into()))?;
        let chain = Chain::try_from(self.chain).map_err(|_| Error::Corrupt("checkpoint chain".into()))?;
        Ok((PartitionId(partition), Head { epoch: self.epoch.unsigned_abs(), seq: self.seq.unsigned_abs(), chain }))
    }
}

impl Db {
    /// The last record that the ledger holds of a partition.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoint(&self, partition: PartitionId) -> Result<Head, Error> {
        let row: Option<CheckpointRow> = on!(self, |connection| sqlx::query_as(CHECKPOINT)
            .bind(i64::from(partition.0))
            .fetch_optional(connection)
            .await)?;
        row.map_or(Ok(Head::START), |row| Ok(row.head()?.1))
    }

    /// The same of every partition of which it holds anything.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoints(&self) -> Result<Vec<(PartitionId, Head)>, Error> {
        let rows: Vec<CheckpointRow> = on!(self, |connection| sqlx::query_as(CHECKPOINTS).fetch_all(connection).await)?;
        rows.into_iter().map(CheckpointRow::head).collect()
    }

    /// The vouchers that the records after `after` and up to `upto` are about, with the place of the
    /// latest fact of each among them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn changed_vouchers(
        &self,
        partition: PartitionId,
        after: u64,
        upto: u64,
    ) -> Result<Vec<(VoucherId, u64)>, Error> {
        let signed = |seq| i64::try_from(seq).unwrap_or(i64::MAX);
        let rows: Vec<(Uuid, i64)> = on!(self, |connection| sqlx::query_as(CHANGED)
            .bind(i64::from(partition.0))
            .bind(signed(after))
            .bind(signed(upto))
            .fetch_all(connection)
            .await)?;
        Ok(rows.into_iter().map(|(id, seq)| (VoucherId::new(id), seq.unsigned_abs())).collect())
    }
}
