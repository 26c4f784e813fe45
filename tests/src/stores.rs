//! Where a server under test keeps its journal and its ledger: files, or private servers of its own.

use crate::postgres;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const REDIS: &str = "/usr/bin/redis-server";
/// What the promise needs of it, as `buono doctor` says.
const SAFE: [&str; 10] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--maxmemory-policy",
    "noeviction",
    "--no-appendfsync-on-rewrite",
    "no",
    "--aof-load-truncated",
    "no",
];

/// A private Redis that ends with this value, and its files with it.
struct Redis {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    fn new() -> Self {
        assert!(Path::new(REDIS).is_file(), "{REDIS} is missing: run scripts/setup.sh test");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut redis = Self { folder: tempfile::tempdir().expect("a folder"), port, child: None };
        redis.resume();
        redis
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn tell(&self, command: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("redis answers");
        stream.write_all(format!("{command}\r\n").as_bytes()).expect("redis listens");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).expect("redis answers");
        assert_eq!(&answer, b"+OK\r\n", "{command}");
    }

    fn resume(&mut self) {
        let mut command = Command::new(REDIS);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string()]).args(SAFE);
        let child = command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = self.child.insert(child.expect("redis-server starts"));
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(child.try_wait().is_ok_and(|ended| ended.is_none()), "redis-server ended at its start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.take().into_iter().for_each(end);
    }
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The stores of one installation.
#[derive(Default)]
pub struct Stores {
    redis: Option<Redis>,
    postgres: Option<postgres::Server>,
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
        Self { redis: Some(Redis::new()), ..Self::postgres_alone() }
    }

    /// Both on one Postgres.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn postgres_alone() -> Self {
        Self { redis: None, postgres: Some(postgres::Server::start(&[])) }
    }

    /// How to tell the binary.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(postgres) = &self.postgres {
            options.extend(["--postgres".to_owned(), postgres.url()]);
        }
        match (&self.redis, &self.postgres) {
            (Some(redis), _) => options.extend(["--redis".to_owned(), redis.url()]),
            (None, Some(_)) => options.extend(["--journal".to_owned(), "postgres".to_owned()]),
            (None, None) => {}
        }
        options
    }

    /// kill -9 of the server that holds the journal, if it is one.
    pub fn crash(&mut self) {
        match (&mut self.redis, &self.postgres) {
            (Some(redis), _) => redis.child.take().into_iter().for_each(end),
            (None, Some(postgres)) => postgres.signal("KILL"),
            (None, None) => {}
        }
    }

    /// kill -9 of the server that holds the ledger, if it is one.
    pub fn crash_ledger(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.signal("KILL");
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
            redis.tell("CONFIG SET appendfsync everysec");
        }
        if let Some(postgres) = &self.postgres {
            postgres.sql("ALTER SYSTEM SET fsync = off");
            postgres.reload();
            while postgres.sql("SHOW fsync") != "off" {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Starts the journal's again over its files.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn resume(&mut self) {
        match (&mut self.redis, &self.postgres) {
            (Some(redis), _) => redis.resume(),
            (None, Some(postgres)) => postgres.resume(),
            (None, None) => {}
        }
    }
}
