//! Postgres with two standbys in the hands of an operator who errs: whatever is promoted or brought back, a node
//! serves no journal that lacks what it has seen, and `buono doctor` says whether a machine may be lost.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use tests::payments::{Payments, Said, buono};
use tests::proxy::{Fault, Proxy};
use tests::redis::Redis;
use tests::stores::Stores;
use tests::{Server, binary, free_port};

/// What a node says of a journal that lacks what it knows.
const BEHIND: &str = "the journal ends before records that were durable";
const ALONE: &str = "synchronous_standby_names";

async fn ready(node: &Server) -> String {
    reqwest::get(format!("{}/health/ready", node.base_url)).await.unwrap().text().await.unwrap()
}

/// Waits until the node says that it does not serve, in one of these ways.
async fn says(node: &Server, ways: &[&str]) {
    while !ready(node).await.lines().any(|said| ways.iter().any(|way| said.contains(way))) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tries to pay from a voucher: the status and the code of the answer.
async fn try_to_pay(node: &Server, voucher: usize, key: &str) -> (u16, Value) {
    let body = json!({"voucher": node.demo["vouchers"][voucher]["qr_text"], "amount_cents": 1});
    let till = node.demo["terminals"][0]["token"].as_str().unwrap();
    let request = reqwest::Client::new().post(format!("{}/v1/redemptions", node.base_url)).bearer_auth(till);
    let answer = request.header("Idempotency-Key", key).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// No till is told that it is done: "not executed", or "not known" for what was handed over before the halt.
async fn nobody_pays(node: &Server, key: &str) {
    for voucher in 0..5 {
        let (status, told) = try_to_pay(node, voucher, &format!("{key}-{voucher}")).await;
        assert!(matches!(status, 503 | 504), "{status}: {told}");
    }
}

/// A demonstration over servers that an address leads to, which can move.
struct Scene {
    stores: Stores,
    address: Proxy,
    data: tempfile::TempDir,
    port: u16,
}

impl Scene {
    fn new() -> Self {
        let (stores, data) = (Stores::with_standbys(), tempfile::tempdir().unwrap());
        let address = Proxy::before(stores.primary().port());
        Self { stores, address, data, port: free_port() }
    }

    fn options(&self) -> Vec<String> {
        self.stores.options_through(self.address.port)
    }

    fn start(&self) -> Server {
        let mut program = Command::new(binary());
        program.arg("demo").args(self.options());
        Server::start_as_at(self.data.path(), self.port, program)
    }

    /// Where every partition lacks something a node that is started ends; else it serves those that lack nothing, and
    /// says what is wrong with the others.
    async fn restart_refuses(&self) {
        let mut program = Command::new(binary());
        program.arg("demo").args(self.options());
        let mut node = Server::spawn(self.data.path(), self.port, program);
        while node.ended().is_none() {
            let asked = reqwest::get(format!("{}/health/ready", node.base_url)).await;
            if let Ok(answer) = asked
                && answer.text().await.is_ok_and(|said| said.contains(BEHIND))
            {
                return node.kill();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!node.ended().unwrap().success());
    }

    fn run(&self, command: &[&str]) -> Said {
        let data = ["--data".to_owned(), self.data.path().display().to_string()];
        buono(command, &[self.options(), data.to_vec()].concat())
    }

    /// Whoever reaches the database reaches this one from now on, also over connections that are there.
    fn lead_to(&self, server: &tests::postgres::Server) {
        self.address.turn_to(server.port());
        self.address.set_for_those_there(Fault::LoseRequest);
    }

    /// Waits until the data folder knows what was answered so far.
    async fn until_noted(&self, node: &Server) {
        let figures = reqwest::get(format!("{}/metrics", node.base_url)).await.unwrap().text().await.unwrap();
        let durable: Vec<String> = figures
            .lines()
            .filter_map(|line| line.strip_prefix("buono_journal_durable_seq{partition=\"")?.split_once("\"} "))
            .map(|(partition, seq)| format!("{partition} {seq}"))
            .collect();
        assert!(!durable.is_empty());
        let is_noted = |noted: &str| durable.iter().all(|end| noted.lines().any(|line| line == end));
        while !std::fs::read_to_string(self.data.path().join("seen")).is_ok_and(|noted| is_noted(&noted)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lacked_the_end_and_an_old_primary_are_never_served() {
    let mut scene = Scene::new();
    let (mut node, mut payments) = (scene.start(), Payments::default());
    payments.make(&node, 10).await;
    scene.stores.standbys[1].follow_nobody();
    scene.stores.await_standbys(1);
    payments.make(&node, 20).await;
    scene.until_noted(&node).await;
    // the primary burns, and in a hurry the wrong one is promoted, to confirm alone
    scene.stores.primary().signal_all("KILL");
    scene.stores.promote(1);
    scene.stores.primary().set(ALONE, "");
    scene.address.turn_to(scene.stores.primary().port());
    nobody_pays(&node, "on-the-wrong-one").await;
    says(&node, &[BEHIND]).await;
    // nor by a node that is started there, whose ledger lacks as much as the journal
    node.kill();
    let doctor = scene.run(&["doctor"]).refused("this journal is an older copy, as that of a standby");
    assert!(doctor.contains("Promote the standby that has received most"), "{doctor}");
    scene.restart_refuses().await;
    // the right one is promoted, and the wrong one made its standby
    let [right, wrong] = [0, 1];
    scene.stores.promote(right);
    scene.stores.standbys[wrong].stop();
    scene.stores.standbys[wrong].follow_anew(scene.stores.primary());
    scene.stores.await_standbys(1);
    scene.address.turn_to(scene.stores.primary().port());
    let mut node = scene.start();
    payments.outcomes_known(&node).await;
    payments.make(&node, 5).await;
    scene.until_noted(&node).await;
    // the old primary comes back, and somebody has it confirm alone, and the address lead there
    let old = &scene.stores.standbys[0];
    old.resume();
    old.set(ALONE, "");
    scene.lead_to(old);
    nobody_pays(&node, "on-the-old-one").await;
    // a payment noticed, or a look at the leases first, where an earlier life of this node has its name
    says(&node, &[BEHIND, "no node has it"]).await;
    node.kill();
    scene.run(&["doctor"]).refused("this journal is an older copy");
    scene.lead_to(scene.stores.primary());
    scene.address.set(Fault::Pass);
    let mut node = scene.start();
    payments.outcomes_known(&node).await;
    payments.make(&node, 5).await;
    node.end();
    scene.run(&["verify"]).well();
}

#[test]
fn doctor_says_whether_a_machine_may_be_lost() {
    let (stores, data) = (Stores::with_standbys(), tempfile::tempdir().unwrap());
    let folder = ["--data".to_owned(), data.path().display().to_string()];
    let run = |command: &str| buono(&[command], &[stores.options(), folder.to_vec()].concat());
    run("migrate").well();
    let said = run("doctor").well();
    assert!(said.contains("good: Postgres: synchronous_standby_names is ANY 1"), "{said}");
    assert!(said.contains("1 must confirm each commit, and 2 do"), "{said}");
    let [first, second] = [&stores.standbys[0], &stores.standbys[1]];
    first.signal_all("KILL");
    stores.await_standbys(1);
    let said = run("doctor").well();
    assert!(
        said.contains(&format!("warning: Postgres: synchronous_standby_names is ANY 1 ({}", first.name())),
        "{said}"
    );
    assert!(said.contains(&format!("no more than that are there ({})", second.name())), "{said}");
    second.signal_all("KILL");
    stores.primary().until("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_replication)");
    run("doctor").refused("every payment waits and ends in 503; start a standby");
    // nothing waits for standbys that nobody named, and the machine's loss is the payments' loss
    stores.primary().set(ALONE, "");
    let said = run("doctor").well();
    assert!(said.contains("warning: Postgres: synchronous_standby_names is empty"), "{said}");
}

/// Another server has the journal, so that nobody else looks at this one.
#[test]
fn a_standby_is_no_ledger() {
    let (stores, redis, data) = (Stores::with_standbys(), Redis::start(), tempfile::tempdir().unwrap());
    let on = |ledger: &str| {
        let data = data.path().to_str().unwrap();
        let journal = format!("redis://127.0.0.1:{}", redis.port());
        ["--redis", &journal, "--postgres", ledger, "--data", data].map(str::to_owned)
    };
    buono(&["migrate"], &on(&stores.primary().url())).well();
    let standby = &stores.standbys[0];
    // it has followed as far as this
    standby.until("SELECT 1 WHERE to_regclass('checkpoint') IS NOT NULL");
    buono(&["verify"], &on(&standby.url())).refused("the server is a standby");
    buono(&["verify"], &on(&stores.primary().url())).well();
}

/// A ledger that was taken over by a copy which lacks the end is no proof that something never was, also while nobody pays.
#[tokio::test]
async fn a_ledger_that_fell_back_under_an_idle_node_is_believed_in_nothing_that_it_lacks() {
    const TABLES: [&str; 5] = ["operation", "voucher", "open_hold", "outbox", "checkpoint"];
    let data = tempfile::tempdir().unwrap();
    let mut payments = Payments::default();
    let mut server = Server::start(data.path());
    payments.make(&server, 5).await;
    server.end();
    let (ledger, behind) = (data.path().join("ledger.db"), data.path().join("behind.db"));
    std::fs::copy(&ledger, &behind).unwrap();
    let mut server = Server::start(data.path());
    payments.make(&server, 5).await;
    server.end();
    // nothing of it is in memory
    let mut server = Server::start(data.path());
    let mut falls_back = format!("ATTACH '{}' AS behind; BEGIN IMMEDIATE;", behind.display());
    for table in TABLES {
        falls_back += &format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM behind.{table};");
    }
    let ledger = rusqlite::Connection::open(&ledger).unwrap();
    ledger.busy_timeout(Duration::from_secs(60)).unwrap();
    ledger.execute_batch(&(falls_back + "COMMIT")).unwrap();
    for at in (5..10).rev() {
        let till = server.demo["terminals"][at % 4]["token"].as_str().unwrap();
        let asked = format!("{}/v1/operations/by-key/payment-{at}", server.base_url);
        let answer = reqwest::Client::new().get(asked).bearer_auth(till).send().await.unwrap();
        assert_eq!(answer.status(), 200, "payment-{at} was answered");
    }
    payments.outcomes_known(&server).await;
    server.end();
    buono(&["verify", "--data", data.path().to_str().unwrap()], &[]).well();
}
