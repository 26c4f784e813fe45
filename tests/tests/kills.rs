//! kill -9 under load, again and again: every answered payment is there, none twice, none after a
//! decline, and the journal verifies.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::stores::Stores;
use tests::{Server, binary};

const TILLS: usize = 8;

/// What a till was told under a key: the status and the body of the last final answer.
#[derive(Default)]
struct Told {
    done: HashMap<String, Value>,
    declined: HashMap<String, String>,
    /// Sent, and no final answer came.
    open: HashMap<String, (usize, String, i64)>,
}

fn kills() -> u64 {
    std::env::var("BUONO_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Sends once and files the answer.
async fn send(
    client: &reqwest::Client,
    server: &(String, Value),
    told: &Mutex<Told>,
    key: &str,
    (terminal, voucher, cents): (usize, &str, i64),
) {
    told.lock().unwrap().open.insert(key.to_owned(), (terminal, voucher.to_owned(), cents));
    let token = server.1["terminals"][terminal]["token"].as_str().unwrap();
    let request = client
        .post(format!("{}/v1/redemptions", server.0))
        .bearer_auth(token)
        .header("Idempotency-Key", key)
        .json(&json!({"voucher": voucher, "amount_cents": cents}));
    let Ok(answer) = request.send().await else {
        return;
    };
    let status = answer.status().as_u16();
    let Ok(body) = answer.json::<Value>().await else {
        return;
    };
    let mut told = told.lock().unwrap();
    match status {
        200 | 201 => {
            if let Some(before) = told.done.insert(key.to_owned(), body.clone()) {
                assert_eq!(before, body, "two answers to {key}");
            }
            assert!(!told.declined.contains_key(key), "{key} was declined and then taken");
        }
        409 => {
            told.declined.insert(key.to_owned(), body["code"].as_str().unwrap().to_owned());
            assert!(!told.done.contains_key(key), "{key} was taken and then declined");
        }
        503 | 504 => return,
        other => panic!("{other}: {body}"),
    }
    told.open.remove(key);
}

async fn load(server: &(String, Value), told: &Arc<Mutex<Told>>, stop: &Arc<AtomicBool>, round: u64) {
    let vouchers: Arc<Vec<String>> = Arc::new(
        server.1["vouchers"]
            .as_array()
            .unwrap()
            .iter()
            .take(5)
            .map(|v| v["qr_text"].as_str().unwrap().to_owned())
            .collect(),
    );
    let tasks = (0..TILLS).map(|till| {
        let (server, told, stop, vouchers) =
            (server.clone(), Arc::clone(told), Arc::clone(stop), Arc::clone(&vouchers));
        tokio::spawn(async move {
            let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
            let mut at = 0_u64;
            while !stop.load(Ordering::Acquire) {
                at += 1;
                let key = format!("kill-{round}-{till}-{at}");
                let voucher = &vouchers[usize::try_from(at).unwrap() % vouchers.len()];
                // now and then more than there is, so that declines are at stake too
                let cents = if at.is_multiple_of(7) { 9_000_000 } else { 1 };
                send(&client, &server, &told, &key, (till, voucher, cents)).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// All operations that the ledger shows to the shops' tills, by id.
async fn ledger(server: &(String, Value)) -> HashMap<String, i64> {
    let client = reqwest::Client::new();
    let mut all = HashMap::new();
    for terminal in server.1["terminals"].as_array().unwrap().iter().take(TILLS) {
        let mut cursor = String::new();
        loop {
            let url = format!("{}/v1/operations?limit=500{cursor}", server.0);
            let answer = client.get(url).bearer_auth(terminal["token"].as_str().unwrap()).send().await.unwrap();
            let page: Value = answer.json().await.unwrap();
            for item in page["items"].as_array().unwrap() {
                let id = item["operation_id"].as_str().unwrap().to_owned();
                assert!(all.insert(id, item["amount_cents"].as_i64().unwrap()).is_none(), "an operation twice");
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    all
}

/// So many kills of the server, and beside every third one of the server that holds its journal.
async fn survives(mut stores: Stores, kills: u64) {
    let (data, options) = (tempfile::tempdir().unwrap(), stores.options());
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..kills {
        let mut server = Server::start_with(data.path(), &options);
        let at = (server.base_url.clone(), server.demo.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let work = {
            let (at, told, stop) = (at.clone(), Arc::clone(&told), Arc::clone(&stop));
            tokio::spawn(async move { load(&at, &told, &stop, round).await })
        };
        tokio::time::sleep(Duration::from_millis(150 + 37 * (round % 9))).await;
        if round % 3 == 1 {
            stores.crash();
            tokio::time::sleep(Duration::from_millis(40)).await;
            stores.resume();
            tokio::time::sleep(Duration::from_millis(29 * (round % 11))).await;
        }
        server.kill();
        stop.store(true, Ordering::Release);
        work.await.unwrap();
    }
    let server = Server::start_with(data.path(), &options);
    let at = (server.base_url.clone(), server.demo.clone());
    let asked_again = settle(&at, &told).await;
    compare(&ledger(&at).await, &told.lock().unwrap(), kills, asked_again);
    verifies(server, data.path(), &options);
}

/// Whatever is open is asked again under its own key.
async fn settle(at: &(String, Value), told: &Mutex<Told>) -> usize {
    let client = reqwest::Client::new();
    let open: Vec<_> = told.lock().unwrap().open.clone().into_iter().collect();
    for (key, (terminal, voucher, cents)) in &open {
        send(&client, at, told, key, (*terminal, voucher, *cents)).await;
    }
    open.len()
}

fn compare(held: &HashMap<String, i64>, told: &Told, kills: u64, asked_again: usize) {
    assert!(told.open.is_empty(), "no answer to {:?}", told.open.keys());
    assert!(told.done.len() > 100 && !told.declined.is_empty(), "too little happened to prove anything");
    for (key, body) in &told.done {
        let id = body["operation_id"].as_str().unwrap();
        assert_eq!(held.get(id), Some(&body["amount_cents"].as_i64().unwrap()), "{key} was answered and is lost");
    }
    assert_eq!(held.len(), told.done.len(), "something was taken that nobody was told of");
    let (done, declined) = (told.done.len(), told.declined.len());
    println!("{done} payments, {declined} declines, {kills} kills, {asked_again} asked again");
}

fn verifies(mut server: Server, data: &Path, options: &[String]) {
    assert!(server.end(), "an orderly end exits with 0");
    let verified = Command::new(binary()).arg("verify").args(options).arg("--data").arg(data).output().unwrap();
    let said = [verified.stdout, verified.stderr].concat();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_every_kill() {
    survives(Stores::files(), kills()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_every_kill_on_redis_and_postgres() {
    survives(Stores::redis_and_postgres(), kills() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_every_kill_on_postgres_alone() {
    survives(Stores::postgres_alone(), kills() / 2).await;
}
