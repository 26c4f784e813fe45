//! A rolling upgrade as an operator does it, and the way back: three nodes and the work of an earlier build become
//! the present one, one after the other, while tills pay at all of them; then each goes back, and forward again.
//!
//! `make roll OLD=…` builds the earlier commit and runs this. Everything that a till was told is judged at the end,
//! and both builds verify the journal and the ledger that both have written.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use clap::Parser;
use loadtest::{Load, Options, Town};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tests::nodes::{figure, folder};
use tests::stores::Stores;
use tests::worker::Worker;
use tests::{Server, binary, free_port};
use tokio::runtime::Runtime;

const NODES: usize = 3;
const PARTITIONS: usize = 8;
/// Payments between two changes at least.
const BETWEEN: usize = 200;
/// After this long nothing more is to be expected.
const PATIENCE: Duration = Duration::from_secs(60);

/// A build, by the name it has in what is printed.
#[derive(Clone, Copy)]
struct Build<'a> {
    name: &'static str,
    program: &'a Path,
}

/// A town whose nodes and work are of one build or another.
struct Cluster {
    _stores: Stores,
    options: Vec<String>,
    /// Those of the nodes, that of the work, and that of whoever gives commands.
    folders: Vec<TempDir>,
    nodes: Vec<Server>,
    worker: Worker,
    runtime: Runtime,
    /// Which build each node is of.
    builds: [&'static str; NODES],
    /// The builds that passed questions on while nodes of the other one were there.
    passed_on: BTreeSet<&'static str>,
}

impl Cluster {
    /// The town is made by this build, and everything in it is of this build.
    fn of(build: Build<'_>, stores: Stores) -> (Self, Town) {
        let (options, first) = (stores.options(), tempfile::tempdir().unwrap());
        let mut program = Command::new(build.program);
        program.arg("demo").args(&options);
        let mut seed = Server::start_as(first.path(), program);
        let mut town: Town = serde_json::from_value(seed.demo.clone()).unwrap();
        seed.end();
        let folders: Vec<TempDir> = (0..NODES + 2).map(|_| folder(first.path())).collect();
        let worker = Worker::spawn(build.program, folders[NODES].path(), &options, "all");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (nodes, builds, passed_on) = (Vec::new(), [build.name; NODES], BTreeSet::new());
        let mut cluster = Self { _stores: stores, options, folders, nodes, worker, runtime, builds, passed_on };
        for at in 0..NODES {
            let node = cluster.start(build, at, free_port());
            cluster.nodes.push(node);
        }
        cluster.settle();
        town.base_url.clone_from(&cluster.nodes[0].base_url);
        town.other_urls = cluster.nodes[1..].iter().map(|node| node.base_url.clone()).collect();
        town.vouchers.truncate(60);
        (cluster, town)
    }

    fn start(&self, build: Build<'_>, at: usize, port: u16) -> Server {
        let data = self.folders[at].path();
        let mut program = Command::new(build.program);
        program.arg("serve").args(["--workers", "false"]).args(&self.options);
        Server::start_as_at(data, port, program)
    }

    fn run(&self, build: Build<'_>, command: &str) -> String {
        let data = self.folders[NODES + 1].path();
        let ran = Command::new(build.program).arg(command).args(&self.options).arg("--data").arg(data).output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{command} of the {} build: {said}{}", build.name, self.logs());
        said
    }

    fn logs(&self) -> String {
        self.folders.iter().map(|folder| tests::log(folder.path())).collect()
    }

    /// Waits until every node has its share.
    fn settle(&self) {
        let from = Instant::now();
        for node in &self.nodes {
            let share = || self.runtime.block_on(figure(node, "buono_cluster_partitions_here"));
            while share() < (PARTITIONS / NODES) as f64 {
                assert!(from.elapsed() < PATIENCE, "{} got no share\n{}", node.base_url, self.logs());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// How many questions were passed on by the nodes that run.
    fn forwarded(&self) -> Vec<f64> {
        let of = |node| self.runtime.block_on(figure(node, "buono_cluster_forwarded_total"));
        self.nodes.iter().map(of).collect()
    }

    /// One node after the other becomes this build, as an operator does it: out of the proxy, ended, started, back.
    fn roll(&mut self, load: &Load, to: Build<'_>) {
        for at in 0..NODES {
            let urls: Vec<String> = self.nodes.iter().map(|node| node.base_url.clone()).collect();
            let all: Vec<&str> = urls.iter().map(String::as_str).collect();
            let others: Vec<&str> = all.iter().copied().filter(|url| *url != urls[at]).collect();
            load.turn_to(&others).unwrap();
            let (begun, refused) = (Instant::now(), load.refusals());
            self.nodes[at].end();
            let port = urls[at].rsplit(':').next().unwrap().parse().unwrap();
            self.nodes[at] = self.start(to, at, port);
            self.builds[at] = to.name;
            self.settle();
            load.turn_to(&all).unwrap();
            let before = self.forwarded();
            self.go_on(load);
            if at + 1 < NODES {
                let more = before.into_iter().zip(self.forwarded()).zip(self.builds);
                self.passed_on.extend(more.filter(|((before, now), _)| now > before).map(|(_, build)| build));
            }
            let (took, refused) = (begun.elapsed(), load.refusals() - refused);
            println!("  node {} is of the {} build after {took:.1?}; {refused} refusals", at + 1, to.name);
        }
        let data = self.folders[NODES].path();
        self.worker.kill();
        self.worker = Worker::spawn(to.program, data, &self.options, "all");
        self.go_on(load);
        println!("  all are of the {} build", to.name);
    }

    /// Payments go on.
    fn go_on(&self, load: &Load) {
        let (from, before) = (Instant::now(), load.payments());
        while load.payments() < before + BETWEEN {
            assert!(from.elapsed() < PATIENCE, "payments stand still\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn there_and_back(stores: Stores) {
    let program = PathBuf::from(std::env::var_os("BUONO_OLD").expect("BUONO_OLD names the older build: make roll"));
    let (old, new) = (Build { name: "old", program: &program }, Build { name: "new", program: &binary() });
    let (mut cluster, town) = Cluster::of(old, stores);
    let words = "roll --rate 150 --connections 32 --warm-up 0 --duration 86000 --fund-cents 1000000
        --mix lookups=10,duplicates=5,refusals=5,reversals=5 --patience 120";
    let load = Load::start(Options::parse_from(words.split_whitespace()), town);
    let load = load.unwrap_or_else(|failure| panic!("{failure:?}\n{}", cluster.logs()));
    cluster.go_on(&load);
    cluster.run(new, "migrate");
    for to in [new, old, new] {
        cluster.roll(&load, to);
    }
    load.stop();
    let ended = load.finish().unwrap();
    ended.settled.unwrap();
    let verdict = ended.verdict.unwrap();
    assert_eq!((verdict.breaches_count, verdict.open_keys_count), (0, 0), "{verdict}\n{}", cluster.logs());
    println!("{verdict}");
    assert_eq!(
        cluster.passed_on.len(),
        2,
        "nodes of both builds pass questions on to the other: {:?}",
        cluster.passed_on
    );
    for mut node in std::mem::take(&mut cluster.nodes) {
        node.end();
    }
    cluster.worker.kill();
    for build in [old, new] {
        println!("{} build: {}", build.name, cluster.run(build, "verify"));
    }
}

#[test]
#[ignore = "it needs a second build: make roll"]
fn there_and_back_on_redis_and_postgres() {
    there_and_back(Stores::redis_and_postgres());
}

#[test]
#[ignore = "it needs a second build: make roll"]
fn there_and_back_on_postgres_alone() {
    there_and_back(Stores::postgres_alone());
}
