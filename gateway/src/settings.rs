//! How an installation is to run.

use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use store::journal::JournalPlace;
use store::ledger::Db;
use store::postgres::PostgresServer;
use workers::mail::SmtpPost;

/// How to run.
#[derive(Clone)]
pub struct Settings {
    /// Where journal, ledger and key file are.
    pub data: PathBuf,
    /// Where people reach this installation; from the address when empty.
    pub base_url: String,
    /// Whose word about who asks is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the journal is.
    pub journal: JournalPlace,
    /// The ledger's Postgres instead of a file.
    pub postgres: Option<PostgresServer>,
    /// How many partitions a new journal on a server gets.
    pub partitions: u16,
    /// Where nodes meet that share a journal on a server.
    pub meeting: Meeting,
    /// Threads that serve HTTP.
    pub http_workers: usize,
    /// A voucher that nobody asked for so long leaves memory.
    pub idle: Duration,
    /// Whether this process does the work behind the answers too.
    pub workers: bool,
    /// Whether to start although answered payments can be lost.
    pub accepts_losses: bool,
    /// Who sends mail; without anybody it goes into a folder.
    pub mail: Option<SmtpPost>,
    /// How long the journal keeps what the ledger and a backup hold; for ever when absent.
    pub journal_keep: Option<Duration>,
}

impl Settings {
    /// The embedded ledger's file.
    #[must_use]
    pub fn ledger_path(&self) -> PathBuf {
        self.data.join("ledger.db")
    }

    /// New connections to the ledger, which see all of it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn ledger(&self) -> Result<Db, store::ledger::Error> {
        let db = match &self.postgres {
            Some(server) => Db::connect_postgres(server).await?,
            None => Db::open_sqlite(&self.ledger_path()).await?,
        };
        Ok(db.everything())
    }

    /// Whether any store is a file, which belongs to one process.
    #[must_use]
    pub const fn keeps_files(&self) -> bool {
        self.postgres.is_none() || matches!(self.journal, JournalPlace::File(_))
    }

    /// Whether any store is on a server.
    #[must_use]
    pub const fn reaches_servers(&self) -> bool {
        self.postgres.is_some() || !matches!(self.journal, JournalPlace::File(_))
    }

    /// The data folder as it is found from anywhere: the default depends on where a command was typed.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        std::path::absolute(&self.data).unwrap_or_else(|_| self.data.clone())
    }

    /// Where the stores are, in words.
    #[must_use]
    pub fn places(&self) -> String {
        let ledger = if self.postgres.is_some() { "on Postgres" } else { "in a file" };
        let journal = match self.journal {
            JournalPlace::File(_) => "in a file",
            JournalPlace::Postgres(_) => "on Postgres",
            JournalPlace::Redis(_) => "on Redis",
        };
        format!("the ledger {ledger}, the journal {journal}")
    }

    /// The stores to which payments and names go over a network in the clear, as sentences with their remedies.
    #[must_use]
    pub fn overheard(&self) -> Vec<String> {
        let ledger = self.postgres.as_ref().and_then(PostgresServer::overheard);
        let ledger =
            ledger.map(|at| format!("Postgres at {at} is reached without TLS: add sslmode=verify-full to --postgres"));
        let journal = self.journal.overheard().into_iter();
        let journal = journal.map(|at| format!("Redis at {at} is reached without TLS: write rediss:// in --redis"));
        ledger.into_iter().chain(journal).collect()
    }
}

/// Why it did not start.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Where nodes meet.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// Where this one listens for the others.
    pub listen: SocketAddr,
    /// How the others reach it, if not as it listens.
    pub address: Option<String>,
}
