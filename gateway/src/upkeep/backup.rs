//! `buono backup`: copies of both stores that fit each other, taken while the server runs.
//!
//! First the ledger, as it is at one moment, then the journal up to a record that is durable by then: so the
//! ledger's copy is an exact prefix of the journal's, whatever is paid meanwhile.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use super::head::HeadFile;
use super::manifest::Manifest;
use super::transfer::carry;
use super::verify::{Elsewhere, check};
use super::{Finding, partitions};
use crate::edge::SystemClock;
use crate::settings::{Settings, StartError};
use crate::stores::make_folder;
use crate::wire::rfc3339;
use domain::clock::Clock;
use std::path::Path;
use store::journal::{Journal, SqliteJournal};
use store::keys::Keys;
use store::ledger::{Db, Mark, MarkKind, copy_ledger};
use store::receipt::Signer;

/// Makes a backup in a new or empty folder, verifies it, and notes in the ledger that it is there.
///
/// # Errors
/// What is wrong, in words.
pub async fn run(settings: &Settings, to: &Path, with_key: bool) -> Result<(), StartError> {
    let key = settings.data.join("key");
    let keys = Keys::load(&key).map_err(|error| format!("{}: {error}", key.display()))?;
    let signer = Signer::new(keys.receipt_secret());
    empty_folder(to)?;
    let at = SystemClock.now();
    let live = settings.ledger().await?;
    let copy = Db::open_sqlite(&to.join("ledger.db")).await?;
    copy.migrate().await?;
    copy_ledger(&live, &copy).await?;
    let mut journal = SqliteJournal::open(&to.join("journal.db"))?;
    copy_journal(&copy, settings.journal.reader()?.as_mut(), &mut journal).await?;
    let verified = check(&copy, &mut journal, &Elsewhere::default()).await.map_err(said)?;
    drop(journal);
    copy.close().await;
    if with_key {
        Keys::copy(&key, &to.join("key"))?;
    }
    let head = HeadFile::sign(verified.partitions.clone(), rfc3339(at), &signer)?;
    Manifest::write(to, rfc3339(at), head, &signer)?;
    for end in &verified.partitions {
        println!("partition {}: {} records", end.partition, end.seq);
    }
    // its ledger may come back by itself, and then needs what the journal has behind it
    for projected in verified.projected {
        let mark = Mark { head: projected.head, facts: projected.facts, at };
        live.set_mark(projected.partition, MarkKind::Backup, &mark).await?;
    }
    println!("the backup in {} is complete and verified", to.display());
    println!("{}", about_key(&key, with_key));
    Ok(())
}

fn about_key(key: &Path, with_key: bool) -> String {
    if with_key {
        "the key file is in it: whoever has this folder can read every name and make every code".to_owned()
    } else {
        format!(
            "the key file {} is a secret and is not in it: keep a copy apart, nothing can be restored without",
            key.display()
        )
    }
}

fn said(finding: Finding) -> StartError {
    match finding {
        Finding::Damaged(why) => {
            format!("the copy does not verify, so the stores themselves may be damaged: {why}").into()
        }
        Finding::Unreadable(why) => why.into(),
    }
}

/// Makes the folder, which may be there if nothing is in it.
fn empty_folder(to: &Path) -> Result<(), StartError> {
    make_folder(to)?;
    match std::fs::read_dir(to)?.next() {
        None => Ok(()),
        Some(_) => Err(format!("{} is not empty: name a new folder for each backup", to.display()).into()),
    }
}

async fn copy_journal(db: &Db, from: &mut dyn Journal, to: &mut dyn Journal) -> Result<(), Finding> {
    for partition in partitions(db, from).await? {
        let end = from.head(partition)?;
        carry(from, to, partition, &end)?;
    }
    Ok(())
}
