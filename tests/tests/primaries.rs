//! A journal spread over several primaries of Redis: what each of them has, what is told while one is away, and
//! which servers are refused. What happens under load is in `failures/primaries.rs`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tests::Server;
use tests::nodes::{Ground, Nodes};
use tests::payments::{Said, buono};
use tests::redis::Redis;
use tests::stores::Stores;

/// Enough that every primary has some.
const VOUCHERS: usize = 24;
const GROUND: Ground = Ground { stores: Stores::three_redis_and_postgres, nodes: 2 };

/// Which of three primaries a partition lies on.
fn primary_of(partition: u64) -> usize {
    (partition % 3) as usize
}

fn primary(stores: &mut Stores, at: usize) -> &mut Redis {
    stores.redis.iter_mut().chain(&mut stores.further).nth(at).unwrap()
}

/// The partitions that lie on a server.
fn partitions(redis: &Redis) -> BTreeSet<u64> {
    let keys = redis.say(&["KEYS", "buono:{p*}:fence"]);
    keys.lines().map(|key| key["buono:{p".len()..key.len() - "}:fence".len()].parse().unwrap()).collect()
}

/// One cent from a voucher, at one of the nodes.
async fn pay(town: &Nodes, voucher: usize, key: &str) -> (u16, Value) {
    let node = &town.nodes[voucher % town.nodes.len()];
    let request = Client::new()
        .post(format!("{}/v1/redemptions", node.base_url))
        .bearer_auth(town.demo["terminals"][0]["token"].as_str().unwrap())
        .header("Idempotency-Key", format!("{key}-{voucher}"))
        .json(&json!({"voucher": town.demo["vouchers"][voucher]["qr_text"], "amount_cents": 1}));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// From every voucher at once; the answers in their order.
async fn pay_all(town: &Nodes, key: &str) -> Vec<(u16, Value)> {
    join_all((0..VOUCHERS).map(|voucher| pay(town, voucher, key))).await
}

/// The partitions that the nodes say they do not serve.
async fn not_ready(nodes: &[Server]) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for node in nodes {
        let health = reqwest::get(format!("{}/health/ready", node.base_url)).await.unwrap();
        let health: Value = health.json().await.unwrap();
        let reasons = health["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let number = |reason: &str| reason.strip_prefix("partition ")?.split(':').next()?.parse::<u64>().ok();
        found.extend(reasons.filter_map(number));
    }
    found
}

/// One is away, and comes back. The vouchers that could not be paid with meanwhile.
async fn outage(town: &mut Nodes, away: usize) -> BTreeSet<usize> {
    primary(&mut town.stores, away).crash();
    let key = format!("primary-{away}-is-away");
    let mut waiting = BTreeSet::new();
    for (voucher, (status, told)) in pay_all(town, &key).await.into_iter().enumerate() {
        if status != 201 {
            assert!(matches!(status, 503 | 504) && told["code"].is_string(), "{status}: {told}");
            waiting.insert(voucher);
        }
    }
    // a partition that nobody has asked for meanwhile has not noticed
    let stopped = not_ready(&town.nodes).await;
    assert!(!stopped.is_empty() && stopped.iter().all(|partition| primary_of(*partition) == away), "{stopped:?}");
    primary(&mut town.stores, away).resume();
    while !not_ready(&town.nodes).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (status, told) in pay_all(town, &key).await {
        assert!(matches!(status, 200 | 201), "{status}: {told}");
    }
    waiting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_primary_is_away_its_partitions_wait_and_the_others_go_on() {
    let mut town = Nodes::on(GROUND).await;
    for at in 0..3 {
        let expected = (0..8).filter(|partition| primary_of(*partition) == at).collect();
        assert_eq!(partitions(primary(&mut town.stores, at)), expected, "of primary {at}");
    }
    for (status, paid) in pay_all(&town, "all-is-well").await {
        assert_eq!(status, 201, "{paid}");
    }
    // the first has the leases, too
    let (second, first) = (outage(&mut town, 1).await, outage(&mut town, 0).await);
    assert!(!first.is_empty() && !second.is_empty() && first.is_disjoint(&second), "{first:?} and {second:?}");
    assert!(first.len() + second.len() < VOUCHERS, "the third has some, too");
    for (voucher, (status, paid)) in pay_all(&town, "in-the-end").await.into_iter().enumerate() {
        let begun = town.demo["vouchers"][voucher]["balance_cents"].as_i64().unwrap();
        assert_eq!((status, paid["balance_cents"].as_i64()), (201, Some(begun - 4)), "nothing lost or doubled: {paid}");
    }
}

/// The same command with these primaries.
fn with(command: &str, data: &Path, primaries: &[&Redis], rest: &[String]) -> Said {
    let redis =
        primaries.iter().flat_map(|redis| ["--redis".to_owned(), format!("redis://127.0.0.1:{}", redis.port())]);
    let data = ["--data".to_owned(), data.to_str().unwrap().to_owned()];
    buono(&[command], &redis.chain(data).chain(rest.iter().cloned()).collect::<Vec<_>>())
}

#[test]
fn primaries_in_another_order_or_other_ones_are_refused() {
    let (stores, data) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let rest = ["--postgres".to_owned(), stores.postgres.as_ref().unwrap().url()];
    let (one, two, three, new) = (Redis::start(), Redis::start(), Redis::start(), Redis::start());
    // somebody types the same server twice before there is anything, and then the right ones
    with("migrate", data.path(), &[&one, &one, &two], &rest).refused("named as 2 of 3");
    with("migrate", data.path(), &[&one, &two, &three], &rest).well();
    with("doctor", data.path(), &[&one, &two, &three], &rest).well();
    let foreign = (Redis::start(), tempfile::tempdir().unwrap(), Stores::postgres_alone());
    let theirs = ["--postgres".to_owned(), foreign.2.postgres.as_ref().unwrap().url()];
    with("migrate", foreign.1.path(), &[&foreign.0], &theirs).well();
    let refused: [(&[&Redis], &str); 7] = [
        (&[&two, &one, &three], "this is primary 2 of 3, and it is named as 1 of 3"),
        (&[&one, &three, &two], "this is primary 3 of 3, and it is named as 2 of 3"),
        (&[&one, &two], "this is primary 1 of 3, and it is named as 1 of 2"),
        (&[&one, &two, &two], "this is primary 2 of 3, and it is named as 3 of 3"),
        (&[&one, &two, &foreign.0], "this is primary 1 of 1, and it is named as 3 of 3"),
        (&[&one, &two, &new], "it has lost its files, or is another server"),
        (&[&new, &two, &three], "it has lost its files, or is another server"),
    ];
    for (primaries, why) in refused {
        for command in ["migrate", "serve", "doctor"] {
            with(command, data.path(), primaries, &rest).refused(why);
        }
    }
    assert_eq!(partitions(&new), BTreeSet::new(), "whoever was refused was not written to");
    with("doctor", data.path(), &[&one, &two, &three], &rest).well();
}
