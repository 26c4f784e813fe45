//! `buono verify`: the whole journal, the ledger against it, and both against what was kept elsewhere.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use super::head::{HeadFile, PartitionHead};
use super::manifest::{Manifest, is_backup};
use super::replay::{Known, Replay, Witness};
use super::sums::Sums;
use super::{Finding, STEP_BYTES, at, claims, damaged, marks, not_behind, partitions, receipts};
use crate::edge::SystemClock;
use crate::settings::{Settings, StartError};
use crate::stores::{lock, open_ledger};
use crate::wire::rfc3339;
use domain::clock::Clock;
use domain::ids::PartitionId;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use store::files::write_whole;
use store::journal::{Chain, GENESIS, Head, Journal};
use store::keys::Keys;
use store::ledger::Db;
use store::receipt::{Proven, Signer};

/// Rows of the ledger read at once.
const ROWS: i64 = 4_096;

/// What was kept elsewhere, and what to keep there from now on.
#[derive(clap::Args)]
pub struct Evidence {
    /// Heads that an earlier run exported: everything up to them must still be as it was.
    #[arg(long)]
    head: Option<PathBuf>,
    /// Where to write today's heads once all is verified; keep that file where nobody can write who can write
    /// to the stores.
    #[arg(long)]
    export_head: Option<PathBuf>,
    /// The key file, if it is not in the folder: with it also what a backup says of itself is checked.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Receipts as shops were given them, in JSON: their records must still be there.
    #[arg(long)]
    receipts: Option<PathBuf>,
}

/// What is known from elsewhere.
#[derive(Default)]
pub(super) struct Elsewhere {
    pub heads: Option<HeadFile>,
    pub receipts: Vec<Proven>,
}

/// What was verified.
pub(super) struct Verified {
    /// Where each partition ends.
    pub partitions: Vec<PartitionHead>,
    /// Up to where the ledger has each.
    pub projected: Vec<Projected>,
    pub vouchers: usize,
    pub claims: usize,
}

/// Up to where the ledger has a partition.
pub(super) struct Projected {
    pub partition: PartitionId,
    pub head: Head,
    /// The chain over the facts up to there.
    pub facts: Chain,
}

/// Checks chain, checksums, order, arithmetic, that the ledger holds exactly these records, and all that
/// is known from elsewhere; names the first bad record and exits 1.
///
/// # Errors
/// When the stores cannot be read at all.
pub async fn run(settings: &Settings, evidence: &Evidence) -> Result<ExitCode, StartError> {
    let signer = signer(settings, evidence)?;
    let mut known = Elsewhere::default();
    if let (Some(path), Some(signer)) = (&evidence.head, &signer) {
        known.heads = Some(HeadFile::read(path, signer)?);
    }
    if let (Some(path), Some(signer)) = (&evidence.receipts, &signer) {
        known.receipts = receipts::read(path, &signer.public_key())?;
    }
    let Subject { db, mut journal, named, _lock } = Subject::open(settings, signer.as_ref()).await?;
    let verified = check(&db, journal.as_mut(), &known).await;
    drop(journal);
    // a file is then as it was, without a log beside it
    db.close().await;
    let verified = match verified {
        Ok(verified) => verified,
        Err(Finding::Damaged(why)) => {
            println!("damaged: {why}");
            return Ok(ExitCode::FAILURE);
        }
        Err(Finding::Unreadable(why)) => return Err(why.into()),
    };
    for head in &verified.partitions {
        println!("partition {}: {} records verified", head.partition, head.seq);
    }
    if !known.receipts.is_empty() {
        println!("{} receipts are as they were given", known.receipts.len());
    }
    println!("{} vouchers and {} claims add up in {named}", verified.vouchers, verified.claims);
    if let (Some(path), Some(signer)) = (&evidence.export_head, &signer) {
        let file = HeadFile::sign(verified.partitions, rfc3339(SystemClock.now()), signer)?;
        write_whole(path, &serde_json::to_vec_pretty(&file)?)?;
        println!("the heads are in {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What is verified.
struct Subject {
    db: Db,
    journal: Box<dyn Journal>,
    /// In words for the operator.
    named: String,
    _lock: Option<File>,
}

impl Subject {
    /// The stores of a town, brought up to date, or a backup as it is.
    async fn open(settings: &Settings, signer: Option<&Signer>) -> Result<Self, StartError> {
        let data = &settings.data;
        if is_backup(data)? {
            let manifest = Manifest::read(data)?;
            match signer {
                Some(signer) => manifest.check(signer)?,
                None => println!("whether somebody changed the backup is not checked without its key file: --key FILE"),
            }
            return Self::backup(settings, &manifest).await;
        }
        let lock = Some(lock(data)?);
        let (db, journal) = (open_ledger(settings).await?, settings.journal.reader()?);
        let named = format!("{}: {}", data.display(), settings.places());
        Ok(Self { db, journal, named, _lock: lock })
    }

    async fn backup(settings: &Settings, manifest: &Manifest) -> Result<Self, StartError> {
        let data = settings.data.display();
        if settings.reaches_servers() {
            return Err(format!(
                "{data} is a backup, and --postgres, --redis or --journal lead elsewhere: leave them out, also in the \
                 environment and in the settings file, to verify the backup, or name the town's data folder"
            )
            .into());
        }
        let named =
            format!("the backup {data}, made on {} by version {}", manifest.backup.taken_at, manifest.backup.buono);
        let (db, journal) = (manifest.ledger(&settings.data).await?, settings.journal.reader()?);
        Ok(Self { db, journal, named, _lock: None })
    }
}

/// Whoever signs or checks a signature needs the key file; whoever only replays does not.
fn signer(settings: &Settings, evidence: &Evidence) -> Result<Option<Signer>, StartError> {
    let path = evidence.key.clone().unwrap_or_else(|| settings.data.join("key"));
    let asked = evidence.head.is_some() || evidence.export_head.is_some() || evidence.receipts.is_some();
    let here = is_backup(&settings.data)? && path.try_exists()?;
    if !asked && !here && evidence.key.is_none() {
        return Ok(None);
    }
    let keys = Keys::load(&path).map_err(|error| format!("{}: {error}; signatures need it", path.display()))?;
    Ok(Some(Signer::new(keys.receipt_secret())))
}

/// Replays every partition.
pub(super) async fn check(db: &Db, journal: &mut dyn Journal, known: &Elsewhere) -> Result<Verified, Finding> {
    let partitions = partitions(db, journal).await?;
    let mut before = Vec::new();
    for partition in &partitions {
        before.push(db.checkpoint(*partition).await?);
    }
    let before: Vec<_> = partitions.into_iter().zip(before).collect();
    let found = check_all(db, journal, known, &before).await;
    for (partition, checkpoint) in before {
        if db.checkpoint(partition).await? != checkpoint {
            let why = "the ledger grew while it was verified: stop every server and worker, and verify again";
            return Err(Finding::Unreadable(why.to_owned()));
        }
    }
    found
}

async fn check_all(
    db: &Db,
    journal: &mut dyn Journal,
    known: &Elsewhere,
    partitions: &[(PartitionId, Head)],
) -> Result<Verified, Finding> {
    let heads = known.heads.iter().flat_map(HeadFile::partitions).map(|head| head.partition);
    let proven = known.receipts.iter().map(|proven| proven.partition);
    for named in heads.chain(proven) {
        if !partitions.iter().any(|(partition, _)| *partition == named) {
            return Err(damaged(format!("partition {named}, of which there are heads or receipts, is not there")));
        }
    }
    let (mut sums, mut ends, mut projected) = (Sums::default(), Vec::new(), Vec::new());
    for (partition, checkpoint) in partitions {
        let witnesses = witnesses(db, known, *partition).await?;
        let (end, facts) = check_partition(db, journal, (*partition, *checkpoint), witnesses, &mut sums).await?;
        ends.push(end);
        projected.push(Projected { partition: *partition, head: *checkpoint, facts });
    }
    sums.check_operations(db).await?;
    sums.check_holds(db).await?;
    let (vouchers, claims) = (sums.check(db).await?, claims::check(db).await?);
    Ok(Verified { partitions: ends, projected, vouchers, claims })
}

async fn witnesses(db: &Db, known: &Elsewhere, partition: PartitionId) -> Result<Vec<Witness>, Finding> {
    let mut witnesses: Vec<Witness> = receipts::witnesses(&known.receipts, partition).collect();
    witnesses.extend(known.heads.iter().flat_map(|heads| heads.witnesses(partition)));
    for (mark, from) in
        marks(db, partition).await?.into_iter().zip(["the note of what was trimmed", "the note of the last backup"])
    {
        let Some(mark) = mark else { continue };
        for known in [Known::Facts(mark.facts), Known::Chain(mark.head.chain)] {
            witnesses.push(Witness { seq: mark.head.seq, known, from: from.to_owned() });
        }
    }
    Ok(witnesses)
}

/// Replays a partition from its first record: those that were trimmed out of the ledger, the rest out of
/// the journal. Where it ends, and the chain over the facts that the ledger has.
async fn check_partition(
    db: &Db,
    journal: &mut dyn Journal,
    (partition, checkpoint): (PartitionId, Head),
    witnesses: Vec<Witness>,
    sums: &mut Sums,
) -> Result<(PartitionHead, Chain), Finding> {
    let end = journal.head(partition).map_err(at(format!("partition {partition}")))?;
    not_behind(db, partition, end.seq).await?;
    let mut replay = Replay::new(partition, checkpoint, witnesses);
    trimmed(db, journal, (partition, checkpoint), &mut replay).await?;
    let mut projected = GENESIS;
    let mut pass = |replay: &Replay| {
        if replay.head.seq == checkpoint.seq {
            sums.take(&replay.vouchers);
            projected = replay.facts;
        }
    };
    pass(&replay);
    while replay.head.seq < end.seq {
        let next = |journal: &mut dyn Journal, bytes_max| journal.read(partition, replay.head.seq + 1, bytes_max);
        // in small steps up to what cannot be read, so that its place is known
        let batches = next(journal, STEP_BYTES).or_else(|_| next(journal, 1));
        let batches = batches.map_err(at(format!("partition {partition}, behind record {}", replay.head.seq)))?;
        let upto = batches.last().map_or(0, |batch| batch.head().seq).min(checkpoint.seq);
        let mut kept = db.kept(partition, replay.head.seq, upto, i64::MAX).await?.into_iter();
        if batches.is_empty() {
            return Err(damaged(format!("partition {partition}: record {} is missing", replay.head.seq + 1)));
        }
        for batch in batches {
            replay.batch(&batch, &mut kept)?;
            pass(&replay);
        }
        if let Some(row) = kept.next() {
            return Err(damaged(format!(
                "partition {partition}: the ledger has a record {} of its own",
                row.operation.seq
            )));
        }
    }
    if replay.head != end {
        return Err(damaged(format!("partition {partition}: the fence stands elsewhere than the last record")));
    }
    if let Some(row) = db.kept(partition, checkpoint.seq, u64::MAX, 1).await?.first() {
        let seq = row.operation.seq;
        return Err(damaged(format!(
            "partition {partition}: the ledger ends at record {}, and has a record {seq}",
            checkpoint.seq
        )));
    }
    replay.end()?;
    let Replay { facts, marks, rows, .. } = replay;
    sums.count(rows);
    Ok((PartitionHead { partition, epoch: end.epoch, seq: end.seq, chain: end.chain, facts, marks }, projected))
}

/// Takes what is no longer in the journal out of the ledger, up to where the journal begins.
async fn trimmed(
    db: &Db,
    journal: &mut dyn Journal,
    (partition, checkpoint): (PartitionId, Head),
    replay: &mut Replay,
) -> Result<(), Finding> {
    let first = journal.read(partition, 1, 1).map_err(at(format!("partition {partition}, at its beginning")))?;
    // a journal without a record begins at the very beginning, of which a backup may know already
    let previous = first.into_iter().next().map_or(Head::START, |first| first.previous());
    // that these are the records which were there, the chain of the checkpoint tells further on
    if previous.seq > checkpoint.seq {
        return Err(damaged(format!(
            "partition {partition}: the journal begins at record {}, and the ledger ends at {}",
            previous.seq + 1,
            checkpoint.seq
        )));
    }
    let mut after = 0;
    while after < previous.seq {
        let rows = db.kept(partition, after, previous.seq, ROWS).await?;
        after = rows.last().map_or(previous.seq, |row| row.operation.seq.unsigned_abs());
        rows.iter().try_for_each(|row| replay.kept(row))?;
    }
    replay.begin(previous)
}
