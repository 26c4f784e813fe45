//! This process as one node of several that share a journal.

use crate::directory::Directory;
use crate::edge::SystemEntropy;
use crate::seen::Seen;
use crate::settings::{Meeting, Settings, StartError};
use data_encoding::HEXLOWER;
use engine::{Listener, Primary, Shared};
use std::net::TcpListener;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use store::files::write_whole;
use store::journal::JournalPlace;
use store::keys::{Keys, random};
use store::ledger::Db;
use store::receipt::Signer;

/// Everything that the engine writes to: a lane for each primary, each partition behind the ledger's checkpoint.
///
/// # Errors
/// When journal or ledger do not answer.
pub async fn primaries(settings: &Settings, db: &Db) -> Result<Vec<Primary>, StartError> {
    let mut primaries = Vec::new();
    for (journal, partitions) in settings.journal.lanes()? {
        let mut checkpoints = Vec::new();
        for partition in partitions {
            checkpoints.push((partition, db.checkpoint(partition).await?));
        }
        primaries.push(Primary { journal, partitions: checkpoints });
    }
    Ok(primaries)
}

/// What this node shares with others; nothing where the journal is a file.
///
/// # Errors
/// When it cannot listen, or has no name.
pub fn share(settings: &Settings, keys: &Keys, listener: &Arc<Directory>) -> Result<Option<Shared>, StartError> {
    let Some(leases) = settings.journal.leases()? else { return Ok(None) };
    let Meeting { listen, address } = &settings.meeting;
    let door = TcpListener::bind(listen).map_err(|error| format!("--node-listen {listen}: {error}"))?;
    let address = match address {
        Some(address) => address.clone(),
        None if listen.ip().is_unspecified() => {
            return Err(format!(
                "{listen} is every address of this machine: say with --node-address which one other \
                nodes reach it at"
            )
            .into());
        }
        None => door.local_addr()?.to_string(),
    };
    Ok(Some(Shared {
        name: name(&settings.data)?,
        address,
        door,
        listener: Arc::clone(listener) as _,
        leases,
        secret: *keys.node_secret(),
        entropy: Arc::new(SystemEntropy),
        signer: Arc::new(Signer::new(keys.receipt_secret())),
    }))
}

/// What this node knows of a journal that others look after; a file in the data folder is nobody else's.
///
/// # Errors
/// When its note cannot be read.
pub fn seen(settings: &Settings) -> Result<Option<Arc<Seen>>, StartError> {
    Ok(match settings.journal {
        JournalPlace::File(_) => None,
        JournalPlace::Postgres(_) | JournalPlace::Redis(_) => Some(Arc::new(Seen::load(&settings.data)?)),
    })
}

impl Listener for Directory {
    fn changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "what another node has changed will be read a moment later");
            }
        })
    }
}

/// A name that stays with the data folder, so that a node that comes back is not taken for another one.
fn name(data: &Path) -> Result<String, StartError> {
    let path = data.join("node");
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() && !name.trim().contains(char::is_whitespace) => Ok(name.trim().to_owned()),
        Ok(_) => Err(format!("{} holds no name: remove it, and the node gets a new one", path.display()).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let name = HEXLOWER.encode(&random::<8>(&SystemEntropy));
            write_whole(&path, format!("{name}\n").as_bytes())?;
            Ok(name)
        }
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name_and_no_two_have_the_same() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = name(one.path()).unwrap();
        assert_eq!(name(one.path()).unwrap(), first);
        assert_ne!(name(other.path()).unwrap(), first);
        std::fs::write(other.path().join("node"), "\n").unwrap();
        assert!(name(other.path()).unwrap_err().to_string().contains("remove it"));
    }
}
