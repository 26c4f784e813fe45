//! `buono restore`: a backup into an empty installation.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use super::STEP_BYTES;
use super::manifest::Manifest;
use super::transfer::{Origin, Part, Target, move_fences, place_key, transfer};
use crate::edge::SystemClock;
use crate::seen;
use crate::settings::{Settings, StartError};
use crate::stores::lock;
use domain::clock::Clock;
use domain::ids::VoucherId;
use std::path::{Path, PathBuf};
use store::journal::{Journal, SqliteJournal};
use store::keys::Keys;
use store::ledger::{CodeRow, Db};
use store::receipt::Signer;

/// Vouchers whose codes one transaction writes.
const CODES_AT_ONCE: usize = 1_000;

/// What to restore.
#[derive(clap::Args)]
pub struct Wanted {
    /// The folder that `buono backup` made.
    #[arg(long)]
    from: PathBuf,
    /// The key file, if it is neither in the backup nor in the data folder.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Only this, where the other store has survived.
    #[arg(long)]
    only: Option<Part>,
}

/// Restores into empty stores and verifies what arrived.
///
/// # Errors
/// What is wrong, in words; nothing that is there is written over, and nothing that was acknowledged is lost
/// silently.
pub async fn run(settings: &Settings, options: &Wanted) -> Result<(), StartError> {
    let _lock = lock(&settings.data)?;
    let from = &options.from;
    let manifest = Manifest::read(from)?;
    let backup = &manifest.backup;
    let own_key = backup.with_key.then(|| from.join("key"));
    let keys = place_key(backup.head.key_id(), options.key.as_deref().or(own_key.as_deref()), &settings.data)?;
    manifest.check(&Signer::new(keys.receipt_secret()))?;
    let db = manifest.ledger(from).await?;
    let journal = Box::new(SqliteJournal::reader(&from.join("journal.db"))?);
    let mut origin = Origin { db, journal, heads: backup.head.clone() };
    let mut target = Target::open(settings, origin.heads.partitions().len()).await?;
    transfer(&mut origin, &mut target, options.only).await?;
    if options.only != Some(Part::Journal) {
        let kept = catch_up(&target.db, target.journal.as_mut()).await?;
        println!("{kept} messages may have gone already and are kept back: the console sends each again that has not");
        let nameless = give_codes(&target.db, &keys).await?;
        if nameless > 0 {
            println!(
                "{nameless} vouchers were given to families after the copy of the ledger was made: their codes and links work, \
                 unless their programme is newer, too, and whose they are is not known any more. Do not upload their file \
                 again: each would get a second voucher"
            );
        }
    }
    if options.only != Some(Part::Ledger) {
        seen::forget(&settings.data)?;
    }
    for (partition, end) in move_fences(target.journal.as_mut())? {
        println!("partition {partition}: restored and verified, its fence is moved to record {}", end.seq);
    }
    println!("{}", told(&backup.taken_at, from, options.only));
    Ok(())
}

/// Brings the ledger up to the journal's end here and now, since whatever it says to families it has said before: what the
/// server projected at its next start it would send again. A whole backup's journal ends later than its ledger, too, and what
/// waited in that ledger was sent while the backup was made.
async fn catch_up(db: &Db, journal: &mut dyn Journal) -> Result<u64, StartError> {
    for partition in journal.partitions()? {
        let mut head = db.checkpoint(partition).await?;
        loop {
            let batches = journal.read(partition, head.seq + 1, STEP_BYTES)?;
            let Some(last) = batches.last() else { break };
            db.project(partition, &head, &batches).await?;
            head = last.head();
        }
    }
    Ok(db.keep_back_messages(SystemClock.now().micros()).await?)
}

/// Gives the codes back that vouchers got after the ledger was copied: they follow from the key. Gives how many vouchers have
/// nobody's name, which is only in what was lost.
async fn give_codes(db: &Db, keys: &Keys) -> Result<i64, StartError> {
    let db = db.everything();
    for some in db.vouchers_without_code().await?.chunks(CODES_AT_ONCE) {
        let mut codes = Vec::with_capacity(some.len());
        for newest in some {
            let voucher = VoucherId::new(newest.voucher_id);
            // those before, too: whoever still has one is told that it was replaced
            for generation in 1..=newest.generation {
                let indexes = keys.code_indexes(voucher, u32::try_from(generation)?);
                codes.push((CodeRow { generation, ..*newest }, indexes));
            }
        }
        db.add_codes(&codes).await?;
    }
    Ok(db.vouchers_without_holder().await?)
}

fn told(taken_at: &str, from: &Path, only: Option<Part>) -> String {
    match only {
        None => format!(
            "restored from {} as of {taken_at}: what was paid later is not in it; now run `buono serve`",
            from.display()
        ),
        Some(Part::Ledger) => format!(
            "the ledger of {taken_at} is back and reaches to the journal's end: nothing that was paid is lost. What people \
             changed since then is: shops, tills, users and programmes must be entered again, and claims that were sealed, \
             approved or paid since then will be asked for once more: look at the bank before any is paid"
        ),
        Some(Part::Journal) => format!("the journal of {taken_at} is back; now run `buono serve`"),
    }
}
