//! `buono migrate --from`: a town from the files of one machine to servers.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use super::head::HeadFile;
use super::manifest::FILES;
use super::no_backup;
use super::transfer::{Origin, Target, move_fences, place_key, transfer};
use super::verify::{Elsewhere, check};
use crate::edge::SystemClock;
use crate::settings::{Settings, StartError};
use crate::stores::lock;
use crate::wire::rfc3339;
use domain::clock::Clock;
use std::path::Path;
use store::files::sync_folder;
use store::journal::SqliteJournal;
use store::keys::Keys;
use store::ledger::Db;
use store::receipt::Signer;

/// Moves an embedded installation into empty stores, verifies what arrived, and puts the old files out of use.
/// What was killed half-way goes on when it is repeated.
///
/// # Errors
/// What is wrong, in words; the old files are as they were then.
pub async fn run(settings: &Settings, from: &Path) -> Result<(), StartError> {
    if settings.keeps_files() {
        return Err("say where the town moves to: --postgres URL with --redis URL or --journal postgres".into());
    }
    no_backup(from)?;
    for file in FILES {
        if !from.join(file).is_file() {
            return Err(
                format!("{} has no {file}: there is no town in it, or it has moved already", from.display()).into()
            );
        }
    }
    let _old =
        lock(from).map_err(|error| format!("{error}: stop it first, and take care that it is not started again"))?;
    let _new = if same(from, &settings.data)? { None } else { Some(lock(&settings.data)?) };
    let key = from.join("key");
    let keys = Keys::load(&key).map_err(|error| format!("{}: {error}", key.display()))?;
    let signer = Signer::new(keys.receipt_secret());
    place_key(signer.key_id(), Some(&key), &settings.data)?;
    let db = Db::open_sqlite(&from.join("ledger.db")).await?;
    db.migrate().await?;
    let mut journal = SqliteJournal::open(&from.join("journal.db"))?;
    let verified = check(&db, &mut journal, &Elsewhere::default()).await?;
    let heads = HeadFile::sign(verified.partitions, rfc3339(SystemClock.now()), &signer)?;
    let mut target = Target::open(settings, heads.partitions().len()).await?;
    let mut origin = Origin { db, journal: Box::new(journal), heads };
    transfer(&mut origin, &mut target, None).await?;
    retire(origin, from).await?;
    for (partition, end) in move_fences(target.journal.as_mut())? {
        println!("partition {partition}: moved and verified, its fence is moved to record {}", end.seq);
    }
    println!("the town has moved; its old files in {} are renamed to *.moved and of no more use", from.display());
    Ok(())
}

fn same(from: &Path, data: &Path) -> std::io::Result<bool> {
    Ok(data.try_exists()? && from.canonicalize()? == data.canonicalize()?)
}

/// Two copies of a town that both take payments would be the worst of all: the old one gets other names.
async fn retire(origin: Origin, from: &Path) -> std::io::Result<()> {
    let Origin { db, journal, .. } = origin;
    db.close().await;
    drop(journal);
    for file in FILES {
        // the last connection that ends moves the log into the file
        if from.join(format!("{file}-wal")).try_exists()? {
            let why = format!("{file} is still in use by another program: end it, and repeat this command");
            return Err(std::io::Error::other(why));
        }
        std::fs::rename(from.join(file), from.join(format!("{file}.moved")))?;
    }
    sync_folder(from)
}
