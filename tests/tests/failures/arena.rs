//! The real program over private stores, which faults can get at.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;
use tests::disk::bearing_limits;
use tests::proxy::Proxy;
use tests::stores::Stores;
use tests::{Server, binary, free_port};

/// Where journal and ledger are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Files,
    RedisAndPostgres,
    /// The journal spread over three.
    ThreeRedisAndPostgres,
    PostgresAlone,
    /// Where each commit waits for one of two standbys.
    PostgresWithStandbys,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::RedisAndPostgres => "Redis + Postgres",
            Self::ThreeRedisAndPostgres => "three Redis + Postgres",
            Self::PostgresAlone => "Postgres",
            Self::PostgresWithStandbys => "Postgres with standbys",
        }
    }
}

pub struct Arena {
    pub stores: Stores,
    /// Between node and journal, where that is a server.
    pub proxy: Option<Proxy>,
    pub data: tempfile::TempDir,
    pub port: u16,
    pub node: Server,
    pub options: Vec<String>,
}

impl Arena {
    pub fn new(kind: Kind) -> Self {
        let (data, port) = (tempfile::tempdir().unwrap(), free_port());
        let stores = match kind {
            Kind::Files => Stores::files(),
            Kind::RedisAndPostgres => Stores::redis_and_postgres(),
            Kind::ThreeRedisAndPostgres => Stores::three_redis_and_postgres(),
            Kind::PostgresAlone => Stores::postgres_alone(),
            Kind::PostgresWithStandbys => Stores::with_standbys(),
        };
        let proxy = stores.journal_port().map(Proxy::before);
        let options = proxy.as_ref().map_or_else(|| stores.options(), |proxy| stores.options_through(proxy.port));
        let program = demo(bearing_limits(&binary()), &options);
        let node = Server::start_as_at(data.path(), port, program);
        Self { stores, proxy, data, port, node, options }
    }

    /// Starts the node again once it has ended.
    pub fn start(&mut self) {
        self.start_by(bearing_limits(&binary()));
    }

    /// The same by a command of one's own, up to and with the program.
    pub fn start_by(&mut self, program: Command) {
        let program = demo(program, &self.options);
        self.node = Server::start_as_at(self.data.path(), self.port, program);
    }

    /// Kills the node and starts it again by such a command.
    pub fn replace_by(&mut self, program: Command) {
        self.node.kill();
        self.start_by(program);
    }

    /// Waits until the ledger holds all that the node knows of the journal.
    pub async fn until_projected(&self) {
        while !self.is_projected().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn is_projected(&self) -> bool {
        let figures = reqwest::get(format!("{}/metrics", self.node.base_url)).await.unwrap().text().await.unwrap();
        // by partition
        let values = |name: &str| -> BTreeMap<String, f64> {
            let lines = figures.lines().filter_map(|line| line.strip_prefix(name)?.split_once(' '));
            lines.map(|(partition, value)| (partition.to_owned(), value.parse().unwrap())).collect()
        };
        let (journal, ledger) = (values("buono_journal_durable_seq{"), values("buono_projector_seq{"));
        let behind = |(partition, seq): (&String, &f64)| ledger.get(partition).is_none_or(|projected| projected < seq);
        !journal.is_empty() && !journal.iter().any(behind)
    }

    /// What the nodes have said so far.
    pub fn log(&self) -> String {
        tests::log(self.data.path())
    }

    /// `buono verify`, when no node runs.
    pub fn verify(&self) -> Output {
        self.run("verify")
    }

    /// One of the program's commands, when no node runs.
    pub fn run(&self, command: &str) -> Output {
        Command::new(binary()).arg(command).args(&self.options).arg("--data").arg(self.data.path()).output().unwrap()
    }
}

/// The demonstration's command behind a program.
fn demo(mut program: Command, options: &[String]) -> Command {
    program.arg("demo").args(options);
    program
}
