//! What an installation stands on: its data folder, its key file, ledger and journal, opened and found fit.

use crate::edge::SystemEntropy;
use crate::seen::Seen;
use crate::settings::{Settings, StartError};
use crate::state::LEDGER_PATIENCE;
use domain::ids::{PartitionId, VoucherId};
use engine::source::{Facts, Pending};
use engine::{LoadError, Source};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use store::journal::Head;
use store::keys::{KeyError, Keys};
use store::ledger::{Db, Error, within};

/// Locks the data directory, making it where there is none.
///
/// # Errors
/// When another process has it.
pub fn lock(data: &Path) -> Result<File, StartError> {
    make_folder(data)?;
    let file = File::options().write(true).create(true).truncate(false).open(data.join("lock"))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| format!("{} is in use by another buono process", data.display()))?;
    Ok(file)
}

/// Makes a folder that only its owner sees.
pub(crate) fn make_folder(data: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)
}

/// Opens the ledger, making it where there is none, and brings it up to date.
///
/// # Errors
/// When it cannot be reached.
pub async fn open_ledger(settings: &Settings) -> Result<Db, StartError> {
    make_folder(&settings.data)?;
    up_to_date(settings).await
}

/// The same for whoever only looks at an installation, or changes what is in it: makes none.
///
/// # Errors
/// When there is none in the folder, or it cannot be reached.
pub async fn open_existing_ledger(settings: &Settings) -> Result<Db, StartError> {
    exists(settings)?;
    up_to_date(settings).await
}

async fn up_to_date(settings: &Settings) -> Result<Db, StartError> {
    let db = settings.ledger().await?;
    db.migrate().await?;
    Ok(db)
}

/// Whether there is an installation. In the wrong folder a new one would be made, in which all is well and nobody is.
///
/// # Errors
/// When there is no ledger where it would be a file; says in which folder.
pub(crate) fn exists(settings: &Settings) -> Result<(), StartError> {
    if settings.postgres.is_some() || settings.ledger_path().try_exists()? {
        return Ok(());
    }
    Err(format!(
        "there is no installation in {}, which has no ledger.db: say with --data in which folder it is, or with \
         --postgres on which server",
        settings.folder().display()
    )
    .into())
}

/// What keeps the promise from holding: settings of ledger and journal, each with its remedy.
///
/// # Errors
/// When they cannot even be asked.
pub async fn complaints(settings: &Settings, db: &Db) -> Result<Vec<String>, StartError> {
    let mut complaints = db.complaints().await?;
    complaints.extend(settings.journal.complaints()?.iter().map(|complaint| format!("the journal's {complaint}")));
    Ok(complaints)
}

/// Brings ledger and journal up to date, and refuses settings that break the promise, unless whoever starts
/// it accepted that: then it says which.
///
/// # Errors
/// What is wrong, in words.
pub async fn open_stores(settings: &Settings) -> Result<(Db, Vec<String>), StartError> {
    let db = open_ledger(settings).await?;
    settings.journal.migrate(settings.partitions).await?;
    let leaks = db.leaks().await?;
    if !leaks.is_empty() {
        return Err(leaks.join("; ").into());
    }
    let complaints = complaints(settings, &db).await?;
    if !complaints.is_empty() && !settings.accepts_losses {
        return Err(complaints.join("; ").into());
    }
    for overheard in settings.overheard() {
        tracing::warn!("{overheard}; whoever is on that network reads and changes what is said");
    }
    for complaint in &complaints {
        tracing::error!(complaint, "answered payments can be lost, and whoever started this accepted it");
    }
    metrics::gauge!("buono_accepted_risks").set(complaints.len() as f64);
    Ok((db, complaints))
}

/// Makes sure that the key file is the one that the ledger was written with.
///
/// # Errors
/// When it is another one.
pub(crate) async fn own(db: &Db, keys: &Keys, settings: &Settings) -> Result<(), StartError> {
    if db.adopts_key(keys.check()).await? {
        return Ok(());
    }
    Err(not_own(settings).into())
}

fn not_own(settings: &Settings) -> String {
    let path = settings.data.join("key");
    format!("{} is not this installation's key file: copy that of another node, or of the backup", path.display())
}

/// The key file of an installation that may have none yet, since its first user comes before its first start. Where the
/// ledger was written with one, no other is made.
///
/// # Errors
/// When it cannot be read, or is another one.
pub(crate) async fn own_keys(db: &Db, settings: &Settings) -> Result<Keys, StartError> {
    if let Some(wrong) = wrong_key(db, settings).await? {
        return Err(wrong.into());
    }
    let keys = Keys::load_or_create(&settings.data.join("key"), &SystemEntropy)?;
    own(db, &keys, settings).await?;
    Ok(keys)
}

/// What is wrong with the key file; where the ledger was written with none, there need not be one.
///
/// # Errors
/// When the ledger does not answer.
pub(crate) async fn wrong_key(db: &Db, settings: &Settings) -> Result<Option<String>, StartError> {
    let (path, written_with) = (settings.data.join("key"), db.key_check().await?);
    Ok(match (Keys::load(&path), written_with) {
        (Ok(keys), Some(check)) if check[..] != keys.check()[..] => Some(not_own(settings)),
        (Ok(_), _) => None,
        (Err(KeyError::Io(error)), None) if error.kind() == std::io::ErrorKind::NotFound => None,
        (Err(KeyError::Io(error)), _) => {
            Some(format!("{}: {error}: copy the key file of another node, or of the backup", path.display()))
        }
        (Err(error), _) => Some(format!("{}: {error}", path.display())),
    })
}

/// The ledger as the engine's source of facts.
pub struct LedgerSource {
    /// The ledger.
    pub db: Db,
    /// What the ledger may not know.
    pub seen: Option<Arc<Seen>>,
}

/// A till waits.
async fn heard<T>(told: impl Future<Output = Result<T, Error>>) -> Result<T, LoadError> {
    within(LEDGER_PATIENCE, told).await.map_err(|error| match error {
        Error::Corrupt(why) => LoadError::Corrupt(why),
        other => LoadError::Unavailable(other.to_string()),
    })
}

impl Source for LedgerSource {
    fn facts(&self, partition: PartitionId, voucher: VoucherId) -> Pending<'_, Facts> {
        let told = self.db.facts(partition, voucher);
        Box::pin(heard(async { told.await.map(|(through, entries)| Facts { through, entries }) }))
    }

    fn checkpoint(&self, partition: PartitionId) -> Pending<'_, Head> {
        Box::pin(heard(self.db.checkpoint(partition)))
    }

    fn seen_seq(&self, partition: PartitionId) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.seq(partition))
    }
}
