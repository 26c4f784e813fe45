//! What a backup says of itself, written last: a folder without it is no backup.

use super::head::HeadFile;
use crate::settings::StartError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use store::files::write_whole;
use store::ledger::Db;
use store::receipt::Signer;

const PURPOSE: &str = "buono backup v2";
const FORMAT: u32 = 2;
const NAME: &str = "manifest.json";

/// The stores of an embedded installation, which a backup is one of.
pub(super) const FILES: [&str; 2] = ["journal.db", "ledger.db"];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub backup: Contents,
    /// Of all that, by the installation's key: who can write to where backups are kept makes none.
    signature: String,
}

/// What is in a backup.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    format: u32,
    /// The version of buono that made it.
    pub buono: String,
    /// RFC 3339: everything answered before this instant is in it.
    pub taken_at: String,
    /// Whether the key file lies beside it.
    pub with_key: bool,
    /// Where each partition ends.
    pub head: HeadFile,
    /// BLAKE3 of each file, hexadecimal.
    files: BTreeMap<String, String>,
}

/// What any manifest says, whatever its format; the first one had it at its beginning.
#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    format: u32,
    #[serde(default)]
    buono: String,
    backup: Option<Box<Made>>,
}

/// Whether a folder holds a backup.
pub(super) fn is_backup(folder: &Path) -> std::io::Result<bool> {
    folder.join(NAME).try_exists()
}

fn hash(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hasher, mut some) = (std::fs::File::open(path)?, blake3::Hasher::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut some)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            len => hasher.update(&some[..len]),
        };
    }
}

impl Manifest {
    /// Looks at the finished files of a backup, and writes what they are beside them.
    pub fn write(folder: &Path, taken_at: String, head: HeadFile, signer: &Signer) -> std::io::Result<()> {
        let mut files = BTreeMap::new();
        for name in FILES {
            std::fs::File::open(folder.join(name))?.sync_all()?;
            files.insert(name.to_owned(), hash(&folder.join(name))?);
        }
        let with_key = folder.join("key").try_exists()?;
        let buono = env!("CARGO_PKG_VERSION").to_owned();
        let backup = Contents { format: FORMAT, buono, taken_at, with_key, head, files };
        let signature = signer.sign_document(PURPOSE, &serde_json::to_vec(&backup)?);
        write_whole(&folder.join(NAME), &serde_json::to_vec_pretty(&Self { backup, signature })?)
    }

    /// Reads what a folder says of itself, and sees that its files are what they were.
    ///
    /// # Errors
    /// In words, which name the file.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(NAME);
        let said = |path: &PathBuf, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = std::fs::read(&path).map_err(|error| {
            said(&path, &format!("{error}; without it a folder is no backup, or not a finished one"))
        })?;
        let made: Made = serde_json::from_slice(&bytes).map_err(|error| said(&path, &error))?;
        let (format, buono) = made.backup.map_or((made.format, made.buono), |backup| (backup.format, backup.buono));
        if format != FORMAT {
            let why = format!(
                "it has format {format}, and this program reads {FORMAT}: use the build of {buono} that made it"
            );
            return Err(said(&path, &why));
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| said(&path, &error))?;
        let backup = &manifest.backup;
        for name in FILES {
            let path = folder.join(name);
            let found = hash(&path).map_err(|error| said(&path, &error))?;
            if backup.files.get(name) != Some(&found) {
                return Err(said(&path, &"damaged: it is not the file that the backup was made with"));
            }
        }
        Ok(manifest)
    }

    /// That it is as it was signed, with this key, and with it what the files are.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self, signer: &Signer) -> Result<(), String> {
        let said = |why: &dyn std::fmt::Display| format!("{NAME}: {why}");
        // whose key it is, too
        self.backup.head.check(signer).map_err(|why| said(&why))?;
        let backup = serde_json::to_vec(&self.backup).map_err(|error| said(&error))?;
        if signer.signed(PURPOSE, &backup, &self.signature) {
            return Ok(());
        }
        Err(said(&"it was changed after it was signed"))
    }

    /// Opens the ledger beside it, whose tables are left as they are: this program's, or another one must look at them.
    ///
    /// # Errors
    /// In words, which name that version.
    pub async fn ledger(&self, folder: &Path) -> Result<Db, StartError> {
        let db = Db::open_sqlite(&folder.join("ledger.db")).await?;
        if db.is_of_this_version().await? {
            return Ok(db);
        }
        db.close().await;
        let (buono, own) = (&self.backup.buono, env!("CARGO_PKG_VERSION"));
        Err(format!(
            "{} was made by version {buono} of buono, with other tables than this one ({own}) makes: verify and restore it \
             with that",
            folder.display()
        )
        .into())
    }
}
