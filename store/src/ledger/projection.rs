//! From the journal to the ledger: exactly once, in order, one transaction for each step.

mod step;

use super::db::{Db, Error, in_transaction};
use super::rows::WriteRows;
use crate::journal::{Batch, Head};
use domain::ids::PartitionId;
use sqlx::error::ErrorKind;
use std::sync::Arc;
use step::Step;

/// Those of fixed text; the rest is made by [`WriteRows`].
pub(super) const STATEMENTS: &[&str] = &[START, ADVANCE];

const START: &str = "INSERT INTO checkpoint (partition_id, epoch, seq, chain) VALUES ($1, 0, 0, $2)
    ON CONFLICT (partition_id) DO NOTHING";
// whoever comes second waits here for the first's commit, before a single row is written in vain
const ADVANCE: &str = "UPDATE checkpoint SET epoch = $2, seq = $3, chain = $4
    WHERE partition_id = $1 AND epoch = $5 AND seq = $6 AND chain = $7";

/// What a step wrote.
#[derive(Clone, Copy, Debug, Default)]
pub struct Projected {
    /// The ledger's new end.
    pub seq: u64,
    /// How many records.
    pub records: usize,
}

/// Why a step was not written.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Somebody else was faster: ask for the checkpoint again.
    #[error("the checkpoint has moved")]
    Moved,
    /// The records contradict the ledger or each other. Projection stops; nothing is skipped.
    #[error("records up to {seq} contradict the ledger: {why}")]
    Contradiction {
        /// The last record of the step, or the one that does not fit.
        seq: u64,
        /// What does not fit.
        why: String,
    },
    /// The ledger did not answer. Whether the step was written is not known: ask for the checkpoint.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl From<sqlx::Error> for ProjectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Db {
    /// Writes the batches that follow `from`, all or nothing, and moves the checkpoint with them.
    ///
    /// # Errors
    /// [`ProjectError`]; after [`ProjectError::Ledger`] ask for the checkpoint before going on.
    pub async fn project(
        &self,
        partition: PartitionId,
        from: &Head,
        batches: &[Arc<Batch>],
    ) -> Result<Projected, ProjectError> {
        let step = Step::gather(from, batches)?;
        let written: Result<(), ProjectError> = in_transaction!(self, |tx| {
            let (place, to) = (i64::from(partition.0), &step.head);
            if *from == Head::START {
                sqlx::query(START).bind(place).bind(&from.chain[..]).execute(&mut *tx).await?;
            }
            let moved = sqlx::query(ADVANCE)
                .bind(place)
                .bind(signed(to.epoch))
                .bind(signed(to.seq))
                .bind(&to.chain[..])
                .bind(signed(from.epoch))
                .bind(signed(from.seq))
                .bind(&from.chain[..])
                .execute(&mut *tx)
                .await?;
            if moved.rows_affected() != 1 {
                return Err(ProjectError::Moved);
            }
            for rows in step.tables(partition, matches!(self, Db::Pg(_))) {
                let touched = tx.write(&rows).await.map_err(|error| refused(step.head.seq, error))?;
                if rows.table.each_row_counts && touched != rows.len() as u64 {
                    let why = format!("{}: {touched} of {} rows", rows.table.before, rows.len());
                    return Err(contradiction(step.head.seq, &why));
                }
            }
        });
        written?;
        Ok(step.projected())
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Rows that are there already, or that no table takes, contradict the journal; anything else is the
/// database's trouble and may pass.
fn refused(seq: u64, error: sqlx::Error) -> ProjectError {
    let of_rows = error.as_database_error().is_some_and(|said| {
        // SQLSTATE class 22: a value that the column cannot hold
        !matches!(said.kind(), ErrorKind::Other) || said.code().is_some_and(|code| code.starts_with("22"))
    });
    if of_rows { contradiction(seq, &error) } else { ProjectError::Ledger(error.into()) }
}

fn contradiction(seq: u64, why: &impl std::fmt::Display) -> ProjectError {
    ProjectError::Contradiction { seq, why: why.to_string() }
}
