//! Places in the journals that are known although the batches before them may be gone.

use super::db::{Db, Error, on};
use crate::journal::{Chain, Head};
use domain::clock::Timestamp;
use domain::ids::PartitionId;

pub(super) const STATEMENTS: &[&str] = &[MARK, SET];

const MARK: &str = "SELECT epoch, seq, chain, facts, marked_at FROM journal_mark WHERE partition_id = $1 AND kind = $2";
/// A mark never goes back: whoever is late with an earlier one changes nothing. The same place may be noted again later:
/// a night in which nothing was paid has its backup, too.
const SET: &str = "INSERT INTO journal_mark (partition_id, kind, epoch, seq, chain, facts, marked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (partition_id, kind) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq,
        chain = excluded.chain, facts = excluded.facts, marked_at = excluded.marked_at
    WHERE (journal_mark.seq, journal_mark.marked_at) < (excluded.seq, excluded.marked_at)";

/// What is known of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The batches up to here are no longer in the journal, or are about to go.
    Trimmed,
    /// A backup that was verified holds everything up to here, in its ledger and in its journal.
    Backup,
}

impl MarkKind {
    const fn code(self) -> &'static str {
        match self {
            Self::Trimmed => "trimmed",
            Self::Backup => "backup",
        }
    }
}

/// A place in a partition's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last record.
    pub head: Head,
    /// The chain over the facts alone, which the ledger keeps for ever: see `link`.
    pub facts: Chain,
    /// When it was noted.
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct MarkRow {
    epoch: i64,
    seq: i64,
    chain: Vec<u8>,
    facts: Vec<u8>,
    marked_at: i64,
}

impl MarkRow {
    fn mark(self) -> Result<Mark, Error> {
        let chain = |bytes| Chain::try_from(bytes).map_err(|_: Vec<u8>| Error::Corrupt("a mark's chain".into()));
        let head = Head { epoch: self.epoch.unsigned_abs(), seq: self.seq.unsigned_abs(), chain: chain(self.chain)? };
        Ok(Mark { head, facts: chain(self.facts)?, at: Timestamp::from_micros(self.marked_at) })
    }
}

impl Db {
    /// The latest place of this kind.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mark(&self, partition: PartitionId, kind: MarkKind) -> Result<Option<Mark>, Error> {
        let row: Option<MarkRow> = on!(self, |pool| sqlx::query_as(MARK)
            .bind(i64::from(partition.0))
            .bind(kind.code())
            .fetch_optional(pool)
            .await)?;
        row.map(MarkRow::mark).transpose()
    }

    /// Notes a place, unless a later one is noted, or the same one later.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_mark(&self, partition: PartitionId, kind: MarkKind, mark: &Mark) -> Result<(), Error> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        on!(self, |pool| sqlx::query(SET)
            .bind(i64::from(partition.0))
            .bind(kind.code())
            .bind(number(mark.head.epoch))
            .bind(number(mark.head.seq))
            .bind(&mark.head.chain[..])
            .bind(&mark.facts[..])
            .bind(mark.at.micros())
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }
}
