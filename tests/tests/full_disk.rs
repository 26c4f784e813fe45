//! A disk that fills up under the running binary: whoever pays is told that nothing happened, or that it
//! is not known; nobody is told anything untrue; and when there is room it goes on by itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::disk::{bearing_limits, limit_files};
use tests::{Server, binary};

/// A server that does not end when it meets the limit, as it would not end on a full disk.
fn start(data: &Path) -> Server {
    let mut program = bearing_limits(&binary());
    program.arg("demo");
    Server::start_as(data, program)
}

/// What a till was told, by key.
#[derive(Default)]
struct Told {
    done: BTreeMap<String, Value>,
    not_executed: Vec<String>,
    unknown: Vec<String>,
}

struct Till {
    client: Client,
    base_url: String,
    token: String,
    voucher: String,
    keys: u32,
    told: Told,
}

impl Till {
    fn new(server: &Server, at: usize) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            // each request on a connection of its own: the server ends idle ones while others wait
            client: Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(60)).build().unwrap(),
            base_url: server.base_url.clone(),
            token: text(&server.demo["terminals"][at]["token"]),
            voucher: text(&server.demo["vouchers"][at]["qr_text"]),
            keys: 0,
            told: Told::default(),
        }
    }

    /// Pays so many times a cent, all at once and each under a new key, and files what it was told.
    async fn pay(&mut self, count: u32) {
        let keys = (self.keys + 1..=self.keys + count).map(|at| format!("full-disk-{}-{at}", &self.voucher[6..10]));
        let keys: Vec<String> = keys.collect();
        self.keys += count;
        self.ask(&keys).await;
    }

    async fn ask(&mut self, keys: &[String]) {
        let asked = join_all(keys.iter().map(|key| self.send(key))).await;
        for (key, (status, retry, body)) in keys.iter().zip(asked) {
            match (status, body["code"].as_str()) {
                (200 | 201, _) => drop(self.told.done.insert(key.clone(), body)),
                (503, Some("not_executed")) => {
                    assert!(retry, "no Retry-After: {body}");
                    self.told.not_executed.push(key.clone());
                }
                (504, Some("outcome_unknown")) => self.told.unknown.push(key.clone()),
                other => panic!("{other:?}: {body}"),
            }
        }
    }

    /// Status, whether it says when to come again, and the body.
    async fn send(&self, key: &str) -> (u16, bool, Value) {
        let request = self.client.post(format!("{}/v1/redemptions", self.base_url)).bearer_auth(&self.token);
        let request = request.header("Idempotency-Key", key).json(&json!({"voucher": self.voucher, "amount_cents": 1}));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"), answer.json().await.unwrap())
    }

    /// What became of a key: an amount, nothing, or that it cannot be said now.
    async fn by_key(&self, key: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}/v1/operations/by-key/{key}", self.base_url)).bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks about every key; what was done is never said not to have been, and the other way round. With
    /// `certain`, it is said.
    async fn check_keys(&self, certain: bool) {
        let not_executed = self.told.not_executed.iter().filter(|key| !self.told.done.contains_key(*key));
        let keys = self.told.done.keys().map(|key| (key, true)).chain(not_executed.map(|key| (key, false)));
        let asked = keys.map(|(key, done)| async move { (key, done, self.by_key(key).await) });
        for (key, done, (status, body)) in join_all(asked).await {
            let silent = !certain && [503, 504].contains(&status);
            let as_told = if done { body["result"] == "done" } else { body["code"] == "never_executed" };
            assert!(silent || as_told, "{key}, done: {done}: {status} {body}");
        }
    }
}

/// How far the shorter of the journal's files reaches: the log begins at its start again now and then, and
/// what it writes over needs no room.
fn journal_bytes(data: &Path) -> u64 {
    let len = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len());
    len("journal.db").min(len("journal.db-wal"))
}

/// Pays until somebody is refused.
async fn fill([one, two]: &mut [Till; 2]) {
    let refused = |till: &Till| till.told.not_executed.len() + till.told.unknown.len();
    for _ in 0..150 {
        tokio::join!(one.pay(12), two.pay(12));
        if refused(one) + refused(two) > 0 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_costs_nobody_a_cent_and_ends_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let mut server = start(data.path());
    let mut tills = [Till::new(&server, 0), Till::new(&server, 1)];
    for till in &mut tills {
        till.pay(5).await;
        assert_eq!(till.told.done.len(), 5);
    }
    // a little room, so that it fills up in the middle of a commit
    limit_files(server.id(), Some(journal_bytes(data.path()) + 5_000));
    fill(&mut tills).await;
    let [one, two] = &mut tills;
    tokio::join!(one.pay(12), two.pay(12));
    for till in &tills {
        let refused = till.told.not_executed.len() + till.told.unknown.len();
        assert!(refused >= 12, "it was never full: {refused} refused");
    }
    // what comes now is not even begun, and is told so
    let known: Vec<usize> = tills.iter().map(|till| till.told.not_executed.len()).collect();
    let [one, two] = &mut tills;
    tokio::join!(one.pay(6), two.pay(6));
    for (till, before) in tills.iter().zip(known) {
        assert_eq!(till.told.not_executed.len(), before + 6, "{:?}", till.told.unknown);
    }
    tokio::join!(tills[0].check_keys(false), tills[1].check_keys(false));
    limit_files(server.id(), None);
    for till in &mut tills {
        recovers(till).await;
        till.check_keys(true).await;
    }
    for till in &mut tills {
        settle(till).await;
    }
    whole(&mut server, data.path(), &tills).await;
}

/// There is room again: some time later, and without anybody's help, it takes money.
async fn recovers(till: &mut Till) {
    let before = till.told.done.len();
    for _ in 0..20 {
        till.pay(1).await;
        if till.told.done.len() > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("there is room, and nothing can be paid");
}

/// Every open key is sent again: it is done once, or found to have been.
async fn settle(till: &mut Till) {
    let open: Vec<String> = till.told.unknown.iter().chain(&till.told.not_executed).cloned().collect();
    till.ask(&open).await;
    assert!(open.iter().all(|key| till.told.done.contains_key(key)), "there is room, and not everything is done");
    let seqs: BTreeSet<i64> = till.told.done.values().map(|body| body["voucher_seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs.len(), till.told.done.len(), "two payments in one place");
}

/// The vouchers are worth what is left after what was told, also after a kill, and all of it verifies.
async fn whole(server: &mut Server, data: &Path, tills: &[Till]) {
    let told: Vec<(String, usize)> = tills.iter().map(|till| (till.voucher.clone(), till.told.done.len())).collect();
    server.kill();
    let mut again = Server::start(data);
    for (till, (voucher, paid)) in tills.iter().zip(&told) {
        let request = till.client.post(format!("{}/v1/vouchers/lookup", again.base_url)).bearer_auth(&till.token);
        let seen: Value = request.json(&json!({"voucher": voucher})).send().await.unwrap().json().await.unwrap();
        let first = again.demo["vouchers"].as_array().unwrap().iter().find(|known| known["qr_text"] == **voucher);
        let issued = first.unwrap()["balance_cents"].as_i64().unwrap();
        assert_eq!(seen["balance_cents"].as_i64().unwrap(), issued - i64::try_from(*paid).unwrap(), "{voucher}");
    }
    again.end();
    let verified = Command::new(binary()).args(["verify", "--data"]).arg(data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
