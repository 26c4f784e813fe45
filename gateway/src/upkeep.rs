//! What operators do to the stores themselves: [`verify`] them, [`backup`] them, [`restore`] and [`migrate`] them.
//!
//! A backup is an embedded installation in a folder of its own, whatever it was taken of: so it can be
//! verified like one, and restoring it is the same [`transfer`] as moving one to servers.

pub mod backup;
mod claims;
mod head;
mod manifest;
pub mod migrate;
mod receipts;
mod replay;
pub mod restore;
mod sums;
mod transfer;
pub mod verify;

use crate::settings::StartError;
use domain::ids::PartitionId;
use std::collections::BTreeSet;
use std::path::Path;
use store::journal::{Journal, JournalError};
use store::ledger::{CopyError, Db, Error, MarkKind};

/// How much of a journal is read or written at once.
const STEP_BYTES: usize = 1 << 20;

/// What came out of looking at the stores.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// They are not as they were written: which record, and what is wrong with it.
    #[error("damaged: {0}")]
    Damaged(String),
    /// They could not be read, or not while others write.
    #[error("{0}")]
    Unreadable(String),
}

impl From<JournalError> for Finding {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Corrupt(_) | JournalError::NoFence => Self::Damaged(error.to_string()),
            other => Self::Unreadable(format!("the journal: {other}")),
        }
    }
}

impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        match error {
            Error::Corrupt(_) => Self::Damaged(error.to_string()),
            other => Self::Unreadable(other.to_string()),
        }
    }
}

impl From<CopyError> for Finding {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Ledger(error) => error.into(),
            other => Self::Unreadable(other.to_string()),
        }
    }
}

/// What the journal says, and of which place in it.
fn at(place: impl std::fmt::Display) -> impl Fn(JournalError) -> Finding {
    move |error| match Finding::from(error) {
        Finding::Damaged(why) => damaged(format!("{place}: {why}")),
        Finding::Unreadable(why) => Finding::Unreadable(format!("{place}: {why}")),
    }
}

fn damaged(what: impl std::fmt::Display) -> Finding {
    Finding::Damaged(what.to_string())
}

/// Refuses a backup where a town is meant: whatever wrote into it would make it one that cannot be restored.
///
/// # Errors
/// When the folder is one, or cannot be looked at.
pub fn no_backup(data: &Path) -> Result<(), StartError> {
    if !manifest::is_backup(data)? {
        return Ok(());
    }
    let data = data.display();
    Err(format!(
        "{data} is a backup: `buono verify --data {data}` looks at it, and `buono restore --from {data}` brings it into \
         empty stores; nothing else is done with it"
    )
    .into())
}

/// All partitions that either store knows of: one that lost its fence is still in the ledger.
///
/// # Errors
/// [`Finding`].
pub async fn partitions(db: &Db, journal: &mut dyn Journal) -> Result<BTreeSet<PartitionId>, Finding> {
    let known = db.checkpoints().await?.into_iter().map(|(partition, _)| partition);
    Ok(journal.partitions()?.into_iter().chain(known).collect())
}

/// The ledger of a partition may not know what the journal does not: then the journal is an older copy, and
/// this is the list of what would be lost with it.
///
/// # Errors
/// [`Finding::Damaged`] with the list.
pub async fn not_behind(db: &Db, partition: PartitionId, journal_end: u64) -> Result<(), Finding> {
    let known = db.checkpoint(partition).await?.seq;
    if known <= journal_end {
        return Ok(());
    }
    let (mut lines, mut taken, mut operations) = (String::new(), 0, 0_u64);
    for row in db.operations_behind(partition, journal_end).await? {
        let operation = row.operation;
        let (sign, what) = match (operation.kind.as_str(), &operation.decline) {
            ("redeem" | "capture", _) => (1, operation.kind),
            ("reverse", _) => (-1, operation.kind),
            (_, Some(why)) => (0, format!("decline ({why})")),
            _ => (0, operation.kind),
        };
        (taken, operations) = (taken + sign * operation.amount_cents, operations + 1);
        lines += &format!(
            "\n  record {}: {}, {what} of {}, {}, voucher {}, operation {}",
            operation.seq,
            crate::wire::rfc3339(domain::clock::Timestamp::from_micros(operation.decided_at)),
            euros(operation.amount_cents),
            row.shop_name.as_deref().unwrap_or("no shop"),
            operation.voucher_id,
            operation.id,
        );
    }
    Err(damaged(format!(
        "the journal of partition {partition} ends at record {journal_end}, and the ledger knows records up to {known}: \
         this journal is an older copy. With it these {operations} operations would be lost, by which shops took {}:{lines}\n\
         Serve nobody. Find the newer copy of the journal and put it in its place. If there is none, keep this list, \
         and restore ledger and journal together from one backup.",
        euros(taken),
    )))
}

fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} EUR", cents.abs() / 100, cents.abs() % 100)
}

/// What is known of a partition's places apart from its batches.
async fn marks(db: &Db, partition: PartitionId) -> Result<[Option<store::ledger::Mark>; 2], Finding> {
    Ok([db.mark(partition, MarkKind::Trimmed).await?, db.mark(partition, MarkKind::Backup).await?])
}
