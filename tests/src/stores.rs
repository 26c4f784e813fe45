//! Where a server under test keeps its journal and its ledger: files, or private servers of its own.

use crate::certificates::{Certificates, NAME};
use crate::postgres;
use crate::redis::Redis;

/// The stores of one installation.
#[derive(Default)]
pub struct Stores {
    /// Of the journal; the first primary where there are several.
    pub redis: Option<Redis>,
    /// The other primaries.
    pub further: Vec<Redis>,
    /// With which they are reached from elsewhere, and the port where Redis speaks TLS.
    pub encrypted: Option<(Certificates, u16)>,
    /// Of the ledger, and of the journal where there is no Redis.
    pub postgres: Option<postgres::Server>,
    /// Of that Postgres.
    pub standbys: Vec<postgres::Server>,
}

impl Stores {
    /// Files in the data folder.
    #[must_use]
    pub fn files() -> Self {
        Self::default()
    }

    /// The journal on Redis, the ledger on Postgres.
    ///
    /// # Panics
    /// When either cannot be started.
    #[must_use]
    pub fn redis_and_postgres() -> Self {
        Self { redis: Some(Redis::start()), ..Self::postgres_alone() }
    }

    /// Both on one Postgres.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn postgres_alone() -> Self {
        Self { postgres: Some(postgres::Server::start(&[])), ..Self::default() }
    }

    /// The journal spread over three of Redis, the ledger on Postgres.
    ///
    /// # Panics
    /// When one cannot be started.
    #[must_use]
    pub fn three_redis_and_postgres() -> Self {
        Self { further: vec![Redis::start(), Redis::start()], ..Self::redis_and_postgres() }
    }

    /// The journal on Redis, the ledger on Postgres, both reached with TLS.
    ///
    /// # Panics
    /// When either cannot be started.
    #[must_use]
    pub fn encrypted_redis_and_postgres() -> Self {
        let certificates = Certificates::new();
        let (redis, port) = Redis::start_encrypted(&certificates);
        let stores = Self { redis: Some(redis), ..Self::postgres_alone() };
        stores.encrypt(certificates, port)
    }

    /// Both on one Postgres that is reached with TLS.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn encrypted_postgres_alone() -> Self {
        Self::postgres_alone().encrypt(Certificates::new(), 0)
    }

    fn encrypt(self, certificates: Certificates, port: u16) -> Self {
        if let Some(postgres) = &self.postgres {
            postgres.encrypt(&certificates.certificate(), &certificates.key());
            postgres.admit(&["hostssl all all 127.0.0.1/32 trust"]);
        }
        Self { encrypted: Some((certificates, port)), ..self }
    }

    /// The port of the server that holds the journal.
    #[must_use]
    pub fn journal_port(&self) -> Option<u16> {
        match (&self.redis, &self.postgres) {
            (Some(redis), _) => Some(redis.port()),
            (None, Some(postgres)) => Some(postgres.port()),
            (None, None) => None,
        }
    }

    /// How to tell the binary.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        match &self.encrypted {
            Some((certificates, port)) => self.options_encrypted(certificates, *port),
            None => self.options_through(self.journal_port().unwrap_or_default()),
        }
    }

    fn options_encrypted(&self, certificates: &Certificates, port: u16) -> Vec<String> {
        let authority = certificates.authority().to_string_lossy().into_owned();
        let mut options = vec!["--store-ca".to_owned(), authority];
        if let Some(postgres) = &self.postgres {
            let url = postgres.url().replace("127.0.0.1", NAME);
            options.extend(["--postgres".to_owned(), format!("{url}?sslmode=verify-full")]);
        }
        options.extend(match self.redis {
            Some(_) => ["--redis".to_owned(), format!("rediss://{NAME}:{port}")],
            None => ["--journal", "postgres"].map(str::to_owned),
        });
        options
    }

    /// The same for a binary that reaches the journal's server through this port.
    #[must_use]
    pub fn options_through(&self, journal: u16) -> Vec<String> {
        let mut options = Vec::new();
        match (&self.redis, &self.postgres) {
            (Some(_), Some(postgres)) => {
                let ports = [journal].into_iter().chain(self.further.iter().map(Redis::port));
                options.extend(ports.flat_map(|port| ["--redis".to_owned(), format!("redis://127.0.0.1:{port}")]));
                options.extend(["--postgres".to_owned(), postgres.url()]);
            }
            (None, Some(postgres)) => {
                let through = postgres.url().replace(&postgres.port().to_string(), &journal.to_string());
                options.extend(["--postgres", &through, "--journal", "postgres"].map(str::to_owned));
            }
            _ => {}
        }
        options
    }

    /// kill -9 of the server that holds the ledger, if it is one.
    pub fn crash_ledger(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.signal_all("KILL");
        }
    }

    /// Starts it again over its files.
    pub fn resume_ledger(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.resume();
        }
    }

    /// Makes both servers forget the disk, as one does who wants them faster.
    ///
    /// # Panics
    /// When they do not take it.
    pub fn make_unsafe(&self) {
        if let Some(redis) = &self.redis {
            assert_eq!(redis.say(&["CONFIG", "SET", "appendfsync", "everysec"]), "OK");
        }
        if let Some(postgres) = &self.postgres {
            postgres.sql("ALTER SYSTEM SET fsync = off");
            postgres.reload();
            while postgres.sql("SHOW fsync") != "off" {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
    }
}
