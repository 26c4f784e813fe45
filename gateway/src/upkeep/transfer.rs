//! An installation's stores into other, empty ones: what restoring and moving have in common.
//!
//! Journal first, under fences that nobody can open before the last batch is there; then the whole ledger in one
//! transaction; then everything is verified where it arrived, and only then are the fences moved. Whoever is
//! killed before that begins again and goes on.

use super::head::{HeadFile, PartitionHead};
use super::verify::{Elsewhere, check};
use super::{Finding, STEP_BYTES, damaged, partitions};
use crate::edge::{SystemClock, SystemEntropy};
use crate::settings::{Settings, StartError};
use crate::stores::open_stores;
use clap::ValueEnum;
use domain::clock::Clock;
use domain::ids::PartitionId;
use domain::record::NodeId;
use std::path::Path;
use store::journal::{Head, Journal, JournalError};
use store::keys::{Keys, random};
use store::ledger::{CopyError, Db, copy_ledger};
use store::receipt::Signer;

/// What of an installation is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The ledger alone, under the journal that is there: the server brings it up to the journal's end.
    Ledger,
    /// The journal alone, under the ledger that is there, if it knows all that the ledger knows.
    Journal,
}

/// Where everything comes from.
pub(super) struct Origin {
    pub db: Db,
    pub journal: Box<dyn Journal>,
    /// What is known of it: its verified heads.
    pub heads: HeadFile,
}

/// Where everything goes.
pub(super) struct Target {
    pub db: Db,
    pub journal: Box<dyn Journal>,
}

impl Target {
    /// Brings the stores there up to date and connects to them. A voucher's partition follows from how many there
    /// are, so there must be as many as where everything comes from.
    pub async fn open(settings: &Settings, partitions: usize) -> Result<Self, StartError> {
        let wanted = u16::try_from(partitions.max(1))?;
        let settings = Settings { partitions: wanted, ..settings.clone() };
        let (db, _) = open_stores(&settings).await?;
        let there = settings.journal.partitions()?.len();
        if there != usize::from(wanted) {
            let why = format!(
                "the journal there has {there} partitions, and what is brought has {wanted}: a file has one, and a \
                 server as many as its journal was made with; name stores that are new"
            );
            return Err(why.into());
        }
        Ok(Self { db, journal: settings.journal.writer()? })
    }
}

/// Fills the target, verifies it, and leaves its fences where the origin's were.
///
/// # Errors
/// What is wrong, in words; what is there is never written over.
pub(super) async fn transfer(origin: &mut Origin, target: &mut Target, part: Option<Part>) -> Result<(), StartError> {
    if part == Some(Part::Ledger) {
        fits(&origin.db, target.journal.as_mut()).await?;
    } else {
        vacant(&origin.heads, target.journal.as_mut())?;
    }
    match part {
        Some(Part::Journal) => fits(&target.db, origin.journal.as_mut()).await?,
        _ => vacant_ledger(&origin.db, &target.db).await?,
    }
    if part != Some(Part::Ledger) {
        for head in origin.heads.partitions() {
            let end = Head { epoch: head.epoch, seq: head.seq, chain: head.chain };
            carry(origin.journal.as_mut(), target.journal.as_mut(), head.partition, &end)?;
        }
    }
    if part != Some(Part::Journal) && target.db.first_occupied().await?.is_none() {
        copy_ledger(&origin.db, &target.db).await?;
    }
    let known = Elsewhere { heads: Some(origin.heads.clone()), receipts: Vec::new() };
    check(&target.db, target.journal.as_mut(), &known).await?;
    Ok(())
}

/// From now on nothing that was the old stores' owner's can be appended. Gives where each partition ends.
pub(super) fn move_fences(journal: &mut dyn Journal) -> Result<Vec<(PartitionId, Head)>, JournalError> {
    let node = NodeId(u64::from_le_bytes(random(&SystemEntropy)));
    let mut ends = Vec::new();
    for partition in journal.partitions()? {
        let epoch = journal.head(partition)?.epoch;
        ends.push((partition, journal.open(partition, node, epoch, SystemClock.now())?.head));
    }
    Ok(ends)
}

/// Puts the key file in its place, unless it is there: links, codes and sealed names depend on it.
pub(super) fn place_key(key_id: &str, from: Option<&Path>, data: &Path) -> Result<Keys, StartError> {
    let to = data.join("key");
    let Some(path) = to.try_exists()?.then_some(to.as_path()).or(from) else {
        let why = "the backup has no key file, without which no link and no code works: name the copy that was \
             kept apart with --key FILE";
        return Err(why.into());
    };
    let keys = Keys::load(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if Signer::new(keys.receipt_secret()).key_id() != key_id {
        return Err(format!("{} is another installation's key file", path.display()).into());
    }
    if path != to {
        Keys::copy(path, &to)?;
    }
    Ok(keys)
}

/// The ledger is an exact prefix of the journal, as far as their ends can tell.
async fn fits(db: &Db, journal: &mut dyn Journal) -> Result<(), Finding> {
    for partition in partitions(db, journal).await? {
        let (checkpoint, end) = (db.checkpoint(partition).await?, journal.head(partition)?);
        super::not_behind(db, partition, end.seq).await?;
        let next = journal.read(partition, checkpoint.seq + 1, 1)?.into_iter().next();
        let place = next.map_or(end, |batch| batch.previous());
        if place.seq > checkpoint.seq {
            let (seq, first) = (checkpoint.seq, place.seq + 1);
            return Err(damaged(format!(
                "the ledger ends at record {seq} of partition {partition}, and the journal \
                 was trimmed and begins at {first}: it needs a newer ledger"
            )));
        }
        if place.seq != checkpoint.seq || place.chain != checkpoint.chain {
            return Err(damaged(format!(
                "the ledger is not of this journal: their chains differ at record {} of \
                 partition {partition}",
                checkpoint.seq
            )));
        }
    }
    Ok(())
}

/// Nothing is in the journal there but what an earlier try of the same left.
fn vacant(heads: &HeadFile, journal: &mut dyn Journal) -> Result<(), StartError> {
    for partition in journal.partitions()? {
        let end = journal.head(partition)?;
        let own = |head: &PartitionHead| (head.partition, head.seq, head.chain) == (partition, end.seq, end.chain);
        if end != Head::START && !heads.partitions().iter().any(own) {
            return Err(format!(
                "the journal there is not empty: its partition {partition} ends at record {}; nothing \
                 is written over it",
                end.seq
            )
            .into());
        }
    }
    Ok(())
}

/// Nothing is in the ledger there, or all that an earlier try of the same brought.
async fn vacant_ledger(from: &Db, to: &Db) -> Result<(), StartError> {
    match to.first_occupied().await? {
        Some(table) if from.digests().await? != to.digests().await? => Err(CopyError::NotEmpty(table).into()),
        _ => Ok(()),
    }
}

/// Brings a partition's batches up to `end`, from where an earlier try of the same stopped.
pub(super) fn carry(
    from: &mut dyn Journal,
    to: &mut dyn Journal,
    partition: PartitionId,
    end: &Head,
) -> Result<(), Finding> {
    to.restore(partition, end, &[]).map_err(|error| match error {
        JournalError::Gap => Finding::Unreadable(format!("the journal there is not empty: partition {partition}")),
        other => other.into(),
    })?;
    let mut at = stored(to, partition)?;
    while at.is_none_or(|at| at.seq < end.seq) && end.seq > 0 {
        let mut batches = from.read(partition, at.map_or(1, |at| at.seq + 1), STEP_BYTES)?;
        batches.retain(|batch| batch.head().seq <= end.seq);
        let Some(last) = batches.last().map(|batch| batch.head()) else {
            return Err(damaged(format!("partition {partition}: a batch before record {} is missing", end.seq)));
        };
        if let Some(at) = at {
            batches[0].follows(&at).map_err(|error| damaged(format!("partition {partition}: {error}")))?;
        }
        to.restore(partition, end, &batches)?;
        at = Some(last);
    }
    Ok(())
}

/// The last batch that is there.
fn stored(journal: &mut dyn Journal, partition: PartitionId) -> Result<Option<Head>, JournalError> {
    let mut at = None;
    loop {
        let batches = journal.read(partition, at.map_or(1, |at: Head| at.seq + 1), STEP_BYTES)?;
        match batches.last() {
            Some(last) => at = Some(last.head()),
            None => return Ok(at),
        }
    }
}
