//! Where a journal is, and how to get at it.

use super::spread::{Spread, place_of};
use super::{
    Journal, JournalError, Leases, PostgresJournal, PostgresLeases, RedisJournal, RedisLeases, RedisServer,
    SqliteJournal, Standbys,
};
use crate::postgres::PostgresServer;
use domain::ids::PartitionId;
use std::path::PathBuf;

/// A connection to one primary, and the partitions that lie there.
pub type Lane = (Box<dyn Journal>, Vec<PartitionId>);

/// Where an installation's journal is.
#[derive(Clone)]
pub enum JournalPlace {
    /// A SQLite file: the embedded installation's, with one partition.
    File(PathBuf),
    /// A Postgres: the ledger's, or one of its own.
    Postgres(Box<PostgresServer>),
    /// One or more primaries of Redis or Valkey, always in the same order; the leases are on the first.
    Redis(Vec<RedisServer>),
}

/// How much room a journal's store takes, and how much it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Bytes of the file with its log, of the server's table, or of the server's memory.
    pub bytes: u64,
    /// Where the store itself begins to refuse payments; none is the disk's end, which it does not know.
    pub limit_bytes: Option<u64>,
}

impl JournalPlace {
    /// Brings what the server must have up to date: tables, or the library of functions; and gives a journal that
    /// has no partitions yet so many of them. A file makes itself when it is opened.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached, or when its primaries are named in another order.
    pub async fn migrate(&self, partitions: u16) -> Result<(), JournalError> {
        match self {
            Self::File(_) => {}
            Self::Postgres(server) => PostgresJournal::migrate(server).await?,
            Self::Redis(servers) => {
                let new = RedisServer::without_place(servers)?;
                servers.iter().try_for_each(RedisServer::migrate)?;
                RedisServer::take_places(&new, servers.len())?;
            }
        }
        if let Some(mut leases) = self.leases()? {
            leases.create(partitions)?;
        }
        let mut journal = self.writer()?;
        self.partitions()?.into_iter().try_for_each(|partition| journal.create(partition))
    }

    /// All partitions, which are as many as the journal was made with: also one that has lost its fence.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached.
    pub fn partitions(&self) -> Result<Vec<PartitionId>, JournalError> {
        match self.leases()? {
            Some(mut leases) => Ok(leases.table()?.holders.into_keys().collect()),
            None => Ok(vec![PartitionId(0)]),
        }
    }

    /// Who has which partition; a file is its one process' alone.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when the address is none.
    pub fn leases(&self) -> Result<Option<Box<dyn Leases>>, JournalError> {
        Ok(match self {
            Self::File(_) => None,
            Self::Postgres(server) => Some(Box::new(PostgresLeases::new(PostgresServer::clone(server)))),
            Self::Redis(servers) => servers.first().map(|first| Box::new(RedisLeases::new(first.clone())) as _),
        })
    }

    /// What the one process that writes a partition needs: a lane for each primary.
    ///
    /// # Errors
    /// As [`writer`](Self::writer).
    pub fn lanes(&self) -> Result<Vec<Lane>, JournalError> {
        let (partitions, primaries) = (self.partitions()?, self.primaries());
        let lane = |(place, primary): (usize, &Self)| {
            let here = partitions.iter().filter(|partition| place_of(**partition, primaries.len()) == place);
            Ok((primary.writer()?, here.copied().collect()))
        };
        primaries.iter().enumerate().map(lane).collect()
    }

    /// Whether it is a server, all of it, that is reached with TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Postgres(server) => server.is_encrypted(),
            Self::Redis(servers) => servers.iter().all(RedisServer::is_encrypted),
        }
    }

    /// The addresses of its own servers that are reached over a network in the clear; Postgres is the ledger's, too.
    #[must_use]
    pub fn overheard(&self) -> Vec<String> {
        match self {
            Self::File(_) | Self::Postgres(_) => Vec::new(),
            Self::Redis(servers) => servers.iter().filter_map(RedisServer::overheard).collect(),
        }
    }

    fn primaries(&self) -> Vec<Self> {
        match self {
            Self::Redis(servers) => servers.iter().map(|server| Self::Redis(vec![server.clone()])).collect(),
            one => vec![one.clone()],
        }
    }

    /// A connection that may write.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached, or when a setting that the promise depends
    /// on did not take.
    pub fn writer(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::open(path)?)),
            Self::Postgres(server) => Ok(Box::new(PostgresJournal::open(server)?)),
            Self::Redis(servers) => spread(servers),
        }
    }

    /// A connection that only reads.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be reached.
    pub fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        match self {
            Self::File(path) => Ok(Box::new(SqliteJournal::reader(path)?)),
            Self::Postgres(server) => Ok(Box::new(PostgresJournal::reader(server)?)),
            Self::Redis(servers) => spread(servers),
        }
    }

    /// How much room it takes on each of its servers, by address: one that is full refuses payments whatever the others have
    /// left. [`JournalError::Unknown`] for those that cannot be asked.
    pub fn volumes(&self) -> Vec<(String, Result<Volume, JournalError>)> {
        match self {
            Self::File(path) => {
                let log = path.with_extension("db-wal");
                let bytes = [path, &log].iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
                vec![("file".to_owned(), Ok(Volume { bytes, limit_bytes: None }))]
            }
            Self::Postgres(server) => {
                let volume = PostgresJournal::bytes(server).map(|bytes| Volume { bytes, limit_bytes: None });
                vec![("postgres".to_owned(), volume)]
            }
            Self::Redis(servers) => servers.iter().map(|server| (server.address(), server.volume())).collect(),
        }
    }

    /// What breaks no promise and is missed in the end, as sentences with their remedies; nothing of servers that cannot be
    /// asked.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Self::Redis(servers) = self else { return Vec::new() };
        servers.iter().filter_map(RedisServer::warning).collect()
    }

    /// Which other machines have what it commits, where that can be promised: on Postgres.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be asked.
    pub fn standbys(&self) -> Result<Option<Standbys>, JournalError> {
        match self {
            Self::Postgres(server) => PostgresJournal::standbys(server).map(Some),
            Self::File(_) | Self::Redis(_) => Ok(None),
        }
    }

    /// What would break the promise, as sentences with their remedies; none is good.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot even be asked.
    pub fn complaints(&self) -> Result<Vec<String>, JournalError> {
        match self {
            // whoever opens it sets what matters, and sees that it took
            Self::File(_) => Ok(Vec::new()),
            Self::Postgres(server) => PostgresJournal::complaints(server),
            Self::Redis(servers) => {
                RedisServer::without_place(servers)?;
                let complaints = servers.iter().map(RedisServer::complaints).collect::<Result<Vec<_>, _>>()?;
                Ok(complaints.into_iter().flatten().map(|complaint| complaint.to_string()).collect())
            }
        }
    }
}

fn spread(servers: &[RedisServer]) -> Result<Box<dyn Journal>, JournalError> {
    match servers {
        [one] => Ok(Box::new(RedisJournal::open(one)?)),
        many => {
            let journal = |server: &RedisServer| Box::new(RedisJournal::connecting_later(server.clone())) as _;
            Ok(Box::new(Spread::new(many.iter().map(journal).collect())))
        }
    }
}
