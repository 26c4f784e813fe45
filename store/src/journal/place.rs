//! Where a journal is, and how to get at it.

use super::spread::{Spread, place_of};
use super::{
    Journal, JournalError, Leases, PostgresJournal, PostgresLeases, RedisJournal, RedisLeases, RedisServer,
    SqliteJournal, Standbys,
};
use domain::ids::PartitionId;
use std::path::PathBuf;

/// A connection to one primary, and the partitions that lie there.
pub type Lane = (Box<dyn Journal>, Vec<PartitionId>);

/// Where an installation's journal is.
#[derive(Clone)]
pub enum JournalPlace {
    /// A SQLite file: the embedded installation's, with one partition.
    File(PathBuf),
    /// A Postgres, by its URL: the ledger's, or one of its own.
    Postgres(String),
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
            Self::Postgres(url) => PostgresJournal::migrate(url).await?,
            Self::Redis(servers) => {
                for (place, server) in servers.iter().enumerate() {
                    server.migrate()?;
                    server.take_place(place, servers.len())?;
                }
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
            Self::Postgres(url) => Some(Box::new(PostgresLeases::new(url)?)),
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
            Self::Postgres(url) => Ok(Box::new(PostgresJournal::open(url)?)),
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
            Self::Postgres(url) => Ok(Box::new(PostgresJournal::reader(url)?)),
            Self::Redis(servers) => spread(servers),
        }
    }

    /// How much room it takes.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be asked.
    pub fn volume(&self) -> Result<Volume, JournalError> {
        match self {
            Self::File(path) => {
                let log = path.with_extension("db-wal");
                let bytes = [path, &log].iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
                Ok(Volume { bytes, limit_bytes: None })
            }
            Self::Postgres(url) => Ok(Volume { bytes: PostgresJournal::bytes(url)?, limit_bytes: None }),
            Self::Redis(servers) => {
                let each = servers.iter().map(RedisServer::volume).collect::<Result<Vec<_>, _>>()?;
                let limits: Option<Vec<u64>> = each.iter().map(|volume| volume.limit_bytes).collect();
                let bytes = each.iter().map(|volume| volume.bytes).sum();
                Ok(Volume { bytes, limit_bytes: limits.map(|limits| limits.iter().sum()) })
            }
        }
    }

    /// Which other machines have what it commits, where that can be promised: on Postgres.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be asked.
    pub fn standbys(&self) -> Result<Option<Standbys>, JournalError> {
        match self {
            Self::Postgres(url) => PostgresJournal::standbys(url).map(Some),
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
            Self::Postgres(url) => PostgresJournal::complaints(url),
            Self::Redis(servers) => {
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
            let open = |server| RedisJournal::open(server).map(|journal| Box::new(journal) as Box<dyn Journal>);
            Ok(Box::new(Spread::new(many.iter().map(open).collect::<Result<_, _>>()?)))
        }
    }
}
