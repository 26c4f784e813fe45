//! A demonstration town and the nodes that serve it: one over files, or any number over servers.

use crate::Server;
use crate::stores::Stores;
use crate::worker::Worker;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A way to run an installation.
#[derive(Clone, Copy)]
pub struct Ground {
    /// Makes its stores.
    pub stores: fn() -> Stores,
    /// How many nodes it has.
    pub nodes: usize,
}

/// A town, and nodes that share it.
pub struct Nodes {
    /// What `demo.json` says.
    pub demo: Value,
    /// What every node is told.
    pub options: Vec<String>,
    /// Those that run.
    pub nodes: Vec<Server>,
    /// The data folders: that of the workers, then those of all nodes that ever came.
    pub folders: Vec<tempfile::TempDir>,
    /// Who projects and sends, where the nodes do not.
    pub worker: Option<Worker>,
    /// Where it is kept.
    pub stores: Stores,
}

/// A new folder with the installation's key.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn folder(like: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // the mode comes along
    std::fs::copy(like.join("key"), folder.path().join("key")).expect("the key is copied");
    folder
}

impl Nodes {
    /// Makes the town, and starts the nodes on it.
    ///
    /// # Panics
    /// When one does not start.
    pub async fn on(ground: Ground) -> Self {
        let (stores, first) = ((ground.stores)(), tempfile::tempdir().expect("a folder"));
        let mut options = stores.options();
        let mut seed = Server::start_with(first.path(), &options);
        let demo = seed.demo.clone();
        if options.is_empty() {
            let (nodes, folders) = (vec![seed], vec![first]);
            return Self { demo, options, nodes, folders, worker: None, stores };
        }
        seed.end();
        let work = folder(first.path());
        let worker = Some(Worker::start(work.path(), &options, "all").await);
        options.extend(["--workers".to_owned(), "false".to_owned()]);
        let (nodes, folders) = (Vec::new(), vec![work]);
        let mut town = Self { demo, options, nodes, folders, worker, stores };
        (0..ground.nodes).for_each(|_| town.join());
        town.settle().await;
        town
    }

    /// Another node comes.
    pub fn join(&mut self) {
        let folder = folder(self.folders[0].path());
        self.nodes.push(Server::serve(folder.path(), &self.options));
        self.folders.push(folder);
    }

    /// Waits until every node has its share of the eight partitions, and serves it.
    pub async fn settle(&self) {
        let share = 8 / self.nodes.len();
        for node in &self.nodes {
            while figure(node, "buono_cluster_partitions_here").await < share as f64 || !ready(node).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// A figure of a node, as Prometheus reads it; zero while it does not show it.
///
/// # Panics
/// When the node does not answer.
pub async fn figure(node: &Server, name: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", node.base_url)).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

async fn ready(node: &Server) -> bool {
    reqwest::get(format!("{}/health/ready", node.base_url)).await.unwrap().status().is_success()
}

/// The event stream of a voucher's page, asked of this node.
///
/// # Panics
/// When it is not opened.
pub async fn follow(node: &Server, voucher: &Value) -> Response {
    let (client, link) = (Client::new(), voucher["link"].as_str().unwrap());
    let token = json!({"token": link.rsplit('#').next().unwrap()});
    let session = client.post(format!("{}/v1/citizen/session", node.base_url)).json(&token).send().await.unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let events = client.get(format!("{}/v1/citizen/voucher/events", node.base_url)).header("Cookie", cookie);
    let answer = events.send().await.unwrap();
    assert!(answer.status().is_success());
    answer
}

/// Reads on until an event says that so much is left.
///
/// # Panics
/// When the stream ends.
pub async fn hears(events: &mut Response, balance: i64) {
    let wanted = format!("\"balance_cents\":{balance},");
    loop {
        let chunk = events.chunk().await.unwrap().expect("the stream goes on");
        if String::from_utf8_lossy(&chunk).contains(&wanted) {
            return;
        }
    }
}
