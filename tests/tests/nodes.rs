//! Several nodes over one journal: any of them takes any request, and whichever comes, leaves or dies, what a till
//! was told is true.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tests::nodes::{Ground, Nodes, figure, folder, follow, hears};
use tests::proxy::{Fault, Proxy};
use tests::stores::Stores;
use tests::{Server, binary};

/// Vouchers that are paid from: enough that every partition has some.
const VOUCHERS: usize = 24;
const TILLS: usize = 6;

const ON_REDIS: Ground = Ground { stores: Stores::redis_and_postgres, nodes: 3 };
const ON_POSTGRES: Ground = Ground { stores: Stores::postgres_alone, nodes: 3 };

async fn try_to_pay(town: &Nodes, at: usize, voucher: usize, key: &str, cents: i64) -> Option<Told> {
    pay(&Client::new(), &town.nodes[at].base_url, &town.demo, voucher, key, cents).await
}

/// What one try was told: the status, whether it was told before, and the body.
type Told = (StatusCode, bool, Value);

/// Nothing if it was not answered.
async fn pay(client: &Client, node: &str, demo: &Value, voucher: usize, key: &str, cents: i64) -> Option<Told> {
    let request = client
        .post(format!("{node}/v1/redemptions"))
        .bearer_auth(demo["terminals"][0]["token"].as_str().unwrap())
        .header("Idempotency-Key", key)
        .json(&json!({"voucher": demo["vouchers"][voucher]["qr_text"], "amount_cents": cents}));
    let answer = request.send().await.ok()?;
    let (status, replayed) = (answer.status(), answer.headers().contains_key("Idempotency-Replayed"));
    Some((status, replayed, answer.json().await.ok()?))
}

/// A node with another key file would find nobody and open nothing.
fn a_stranger_stays_outside(town: &Nodes) {
    let folder = tempfile::tempdir().unwrap();
    let stranger = Command::new(binary()).arg("serve").args(&town.options).arg("--data").arg(folder.path()).output();
    let stranger = stranger.unwrap();
    let said = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(!stranger.status.success() && said.contains("is not this installation's key file"), "{said}");
}

/// The same conversation at every node, whoever has the voucher.
async fn any_node_answers(on: Ground) {
    let town = Nodes::on(on).await;
    let client = Client::new();
    for voucher in 0..VOUCHERS {
        let [one, two, three] = [voucher, voucher + 1, voucher + 2].map(|at| at % 3);
        let key = format!("nodes-answer-{voucher}");
        let (status, _, paid) = try_to_pay(&town, one, voucher, &key, 120).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{paid}");
        assert!(paid["receipt"]["root_signature"].is_string(), "{paid}");
        let again = try_to_pay(&town, two, voucher, &key, 120).await.unwrap();
        assert_eq!(again, (StatusCode::OK, true, paid.clone()), "the same answer, receipt and all");
        let (status, _, other) = try_to_pay(&town, three, voucher, &key, 121).await.unwrap();
        assert_eq!((status.as_u16(), other["code"].as_str()), (422, Some("idempotency_key_reused")), "{other}");
        let (status, _, declined) =
            try_to_pay(&town, two, voucher, &format!("{key}-too-much"), 9_000_000).await.unwrap();
        assert_eq!((status.as_u16(), declined["code"].as_str()), (409, Some("insufficient_balance")), "{declined}");
        let till = town.demo["terminals"][0]["token"].as_str().unwrap();
        let url = format!("{}/v1/operations/by-key/{key}", town.nodes[three].base_url);
        let found: Value = client.get(url).bearer_auth(till).send().await.unwrap().json().await.unwrap();
        assert_eq!(found["operation_id"], paid["operation_id"], "{found}");
        let operation = paid["operation_id"].as_str().unwrap();
        let url = format!("{}/v1/operations/{operation}/reversals", town.nodes[three].base_url);
        let reversed = client.post(url).bearer_auth(till).header("Idempotency-Key", format!("{key}-back"));
        let reversed = reversed.json(&json!({"reason": "error"})).send().await.unwrap();
        let (status, body) = (reversed.status(), reversed.json::<Value>().await.unwrap());
        assert_eq!(status, StatusCode::CREATED, "{body}");
        assert_eq!(body["balance_cents"].as_i64(), paid["balance_cents"].as_i64().map(|left| left + 120));
    }
    // somebody watches at one node what happens at the others
    for voucher in 0..6 {
        let mut events = follow(&town.nodes[voucher % 3], &town.demo["vouchers"][voucher]).await;
        let (_, _, paid) =
            try_to_pay(&town, (voucher + 1) % 3, voucher, &format!("seen-elsewhere-{voucher}"), 7).await.unwrap();
        hears(&mut events, paid["balance_cents"].as_i64().unwrap()).await;
    }
    for node in &town.nodes {
        assert!(figure(node, "buono_cluster_forwarded_total").await > 0.0, "{} passed nothing on", node.base_url);
    }
    everybody_hears_of_a_suspended_shop(&town).await;
    a_stranger_stays_outside(&town);
}

/// A shop suspended at one node is refused by every other from the answer on.
async fn everybody_hears_of_a_suspended_shop(town: &Nodes) {
    suspend_the_shop(town).await;
    for node in 0..town.nodes.len() {
        let (status, _, told) = try_to_pay(town, node, 20, &format!("suspended-{node}"), 1).await.unwrap();
        assert_eq!((status.as_u16(), told["code"].as_str()), (409, Some("shop_not_enabled")), "{told}");
    }
}

/// A clerk suspends the first till's shop, at the first node.
async fn suspend_the_shop(town: &Nodes) {
    let client = Client::new();
    let clerk = town.demo["staff"].as_array().unwrap().iter().find(|staff| staff["role"] == "clerk").unwrap();
    let who = json!({"email": clerk["email"], "password": clerk["password"]});
    let at = |path: &str| format!("{}{path}", town.nodes[0].base_url);
    let session = client.post(at("/v1/admin/session")).header("Idempotency-Key", "sign-in-somewhere");
    let session = session.json(&who).send().await.unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let shop = town.demo["terminals"][0]["shop_id"].as_str().unwrap();
    let suspend = client.post(at(&format!("/v1/admin/shops/{shop}/suspend"))).header("Cookie", cookie);
    let suspended = suspend.header("Idempotency-Key", "suspend-this-shop").send().await.unwrap();
    assert!(suspended.status().is_success(), "{}", suspended.text().await.unwrap());
}

/// As when the machine with the ledger goes in the middle of an answer and another one takes its address: nothing ever
/// comes on the connections that there are.
#[tokio::test]
async fn a_node_whose_ledger_fell_silent_hears_of_payments_and_suspended_shops() {
    let mut town = Nodes::on(Ground { nodes: 1, ..ON_REDIS }).await;
    let ledger = town.stores.postgres.as_ref().unwrap();
    let wire = Proxy::before(ledger.port());
    let through = |option: &String| option.replace(&format!(":{}", ledger.port()), &format!(":{}", wire.port));
    let options: Vec<_> = town.options.iter().map(through).collect();
    let data = folder(town.folders[0].path());
    town.nodes.push(Server::serve(data.path(), &options));
    town.settle().await;
    let (status, _, told) = try_to_pay(&town, 1, 0, "before-it-fell-silent", 1).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{told}");
    let mut events = follow(&town.nodes[1], &town.demo["vouchers"][1]).await;
    // both nodes are asking whether something has changed when one of them loses its ledger
    let held = ledger.hold("LOCK TABLE directory_version IN ACCESS EXCLUSIVE MODE");
    ledger.comes("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' HAVING count(*) > 1").await;
    wire.set_for_those_there(Fault::Silence);
    drop(held);
    let (_, _, paid) = try_to_pay(&town, 0, 1, "while-it-is-silent", 7).await.unwrap();
    hears(&mut events, paid["balance_cents"].as_i64().unwrap()).await;
    suspend_the_shop(&town).await;
    for attempt in 0.. {
        let (status, _, told) = try_to_pay(&town, 1, 0, &format!("silent-{attempt}"), 1).await.unwrap();
        if told["code"] == "shop_not_enabled" {
            break;
        }
        assert_eq!(status, StatusCode::CREATED, "{told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn any_node_answers_on_redis_and_postgres() {
    any_node_answers(ON_REDIS).await;
}

#[tokio::test]
async fn any_node_answers_on_postgres_alone() {
    any_node_answers(ON_POSTGRES).await;
}

/// Tills that pay a cent again and again at the first node, under the same key until there is an answer.
struct Market {
    stop: Arc<AtomicBool>,
    retried: Arc<AtomicU64>,
    slowest: Arc<AtomicU64>,
    tills: Vec<tokio::task::JoinHandle<Vec<(String, usize, Value)>>>,
}

impl Market {
    fn open(town: &Nodes) -> Self {
        let (stop, retried, slowest) = (Arc::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let till = |till: usize| {
            let (stop, retried, slowest) =
                (Arc::<AtomicBool>::clone(&stop), Arc::clone(&retried), Arc::clone(&slowest));
            let (node, demo) = (town.nodes[0].base_url.clone(), town.demo.clone());
            tokio::spawn(async move {
                let client = Client::builder().timeout(Duration::from_secs(15)).build().unwrap();
                let mut told = Vec::new();
                while !stop.load(SeqCst) {
                    let (at, key) = (told.len(), format!("market-{till}-{}", told.len()));
                    let voucher = (at * TILLS + till) % VOUCHERS;
                    let begun = Instant::now();
                    let answer = loop {
                        match pay(&client, &node, &demo, voucher, &key, 1).await {
                            Some((status, _, body)) if status.is_success() => break body,
                            Some((status, _, body)) => {
                                assert!([503, 504].contains(&status.as_u16()), "{status}: {body}")
                            }
                            None => {}
                        }
                        retried.fetch_add(1, SeqCst);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    };
                    slowest.fetch_max(begun.elapsed().as_millis() as u64, SeqCst);
                    told.push((key, voucher, answer));
                }
                told
            })
        };
        let tills = (0..TILLS).map(till).collect();
        Self { stop, retried, slowest, tills }
    }

    /// How many answers were none so far, and the slowest payment's milliseconds since this was last asked.
    fn so_far(&self) -> (u64, u64) {
        (self.retried.load(SeqCst), self.slowest.swap(0, SeqCst))
    }

    /// What was told is told again by every node, and everything adds up.
    async fn close(self, town: &Nodes) {
        self.stop.store(true, SeqCst);
        let mut taken = vec![0; VOUCHERS];
        let mut count = 0;
        for till in self.tills {
            for (key, voucher, answer) in till.await.unwrap() {
                // that nothing is missing or twice, the balances show
                if count % 11 == 0 {
                    let again = try_to_pay(town, count % town.nodes.len(), voucher, &key, 1).await.unwrap();
                    assert_eq!((again.0, &again.2), (StatusCode::OK, &answer), "{key}");
                }
                taken[voucher] += 1;
                count += 1;
            }
        }
        for (voucher, taken) in taken.into_iter().enumerate() {
            let (_, _, last) = try_to_pay(town, 0, voucher, &format!("the-last-{voucher}"), 1).await.unwrap();
            let begun = town.demo["vouchers"][voucher]["balance_cents"].as_i64().unwrap();
            assert_eq!(last["balance_cents"].as_i64(), Some(begun - taken - 1), "voucher {voucher}: {last}");
        }
        println!("{count} payments, {} tries without an answer", self.retried.load(SeqCst));
        assert!(count > 50, "too little happened to prove anything");
    }
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(800)).await;
}

fn signal(node: &Server, signal: &str) {
    assert!(Command::new("kill").args([signal, &node.id().to_string()]).status().unwrap().success());
}

/// Nodes come, leave in order, are killed and are frozen, while tills pay at one that stays.
async fn nodes_come_and_go(on: Ground) {
    let mut town = Nodes::on(on).await;
    let market = Market::open(&town);
    a_while().await;
    let (retried, _) = market.so_far();
    let mut leaves = town.nodes.remove(2);
    tokio::task::spawn_blocking(move || leaves.end()).await.unwrap();
    town.settle().await;
    let (after, slowest) = market.so_far();
    println!("a node left: the slowest payment took {slowest} ms");
    assert_eq!(after, retried, "nobody notices that a node leaves");
    town.join();
    town.settle().await;
    let (after, slowest) = market.so_far();
    println!("a node came: the slowest payment took {slowest} ms");
    assert_eq!(after, retried, "nobody notices that a node comes");
    a_while().await;
    let (before, _) = market.so_far();
    town.nodes.remove(1).kill();
    town.settle().await;
    let (after, slowest) = market.so_far();
    println!("a node was killed: the slowest payment took {slowest} ms");
    assert!(after - before <= TILLS as u64, "only what it had in its hands is told otherwise: {}", after - before);
    town.join();
    town.settle().await;
    a_while().await;
    let frozen = town.nodes.remove(1);
    signal(&frozen, "-STOP");
    town.settle().await;
    a_while().await;
    signal(&frozen, "-CONT");
    // it believes for a moment that it still has its partitions, and must not answer from what it knew
    let (last, client) = (town.nodes.len(), Client::new());
    for voucher in 0..VOUCHERS {
        let key = format!("thawed-{voucher}");
        let told = pay(&client, &frozen.base_url, &town.demo, voucher, &key, 1).await;
        let settled = try_to_pay(&town, 1, voucher, &key, 1).await.unwrap();
        assert!(settled.0.is_success(), "{settled:?}");
        if let Some((status, _, body)) = told.filter(|(status, ..)| status.is_success()) {
            assert_eq!((status, &body["operation_id"]), (StatusCode::CREATED, &settled.2["operation_id"]));
        }
        town.demo["vouchers"][voucher]["balance_cents"] =
            json!(town.demo["vouchers"][voucher]["balance_cents"].as_i64().unwrap() - 1);
    }
    town.nodes.insert(last, frozen);
    town.settle().await;
    market.close(&town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_come_and_go_on_redis_and_postgres() {
    nodes_come_and_go(ON_REDIS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_come_and_go_on_postgres_alone() {
    nodes_come_and_go(ON_POSTGRES).await;
}

/// A till that asks what became of its payment is never told that it was not executed, whichever node does not answer.
#[tokio::test]
async fn of_a_payment_nobody_says_not_executed_while_a_node_is_frozen() {
    let town = Nodes::on(Ground { nodes: 2, ..ON_REDIS }).await;
    let (client, till) = (Client::new(), town.demo["terminals"][0]["token"].as_str().unwrap());
    let (status, _, paid) = try_to_pay(&town, 0, 0, "asked-while-frozen", 1).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{paid}");
    signal(&town.nodes[1], "-STOP");
    let asked = async || {
        let url = format!("{}/v1/operations/by-key/asked-while-frozen", town.nodes[0].base_url);
        let answer = client.get(url).bearer_auth(till).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    loop {
        match asked().await {
            (StatusCode::OK, found) => {
                assert_eq!(found["operation_id"], paid["operation_id"]);
                break;
            }
            (status, told) => assert_eq!((status.as_u16(), &told["code"]), (504, &json!("outcome_unknown")), "{told}"),
        }
    }
    signal(&town.nodes[1], "-CONT");
}

/// While nobody writes the ledger, a till hears all the same what became of its payment, and that another never came:
/// whoever has the voucher says what they still know.
#[tokio::test]
async fn a_till_is_told_that_its_payment_never_came_while_nobody_writes_the_ledger() {
    let mut town = Nodes::on(Ground { nodes: 2, ..ON_REDIS }).await;
    let (client, till) = (Client::new(), town.demo["terminals"][0]["token"].as_str().unwrap().to_owned());
    let asked = async |town: &Nodes, node: usize, key: &str| {
        let url = format!("{}/v1/operations/by-key/{key}", town.nodes[node].base_url);
        let answer = client.get(url).bearer_auth(&till).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let knows = async {
        for node in 0..2 {
            while asked(&town, node, "never").await.0 != 404 {
                a_while().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), knows).await.expect("the ledger does not get what came before");
    drop(town.worker.take());
    for voucher in 0..VOUCHERS {
        let (status, _, paid) = try_to_pay(&town, 0, voucher, &format!("unwritten-{voucher}"), 1).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{paid}");
    }
    for node in 0..2 {
        for voucher in 0..VOUCHERS {
            assert_eq!(asked(&town, node, &format!("unwritten-{voucher}")).await.0, 200);
        }
        let (status, told) = asked(&town, node, "never").await;
        assert_eq!((status, &told["code"]), (404, &json!("never_executed")), "{told}");
    }
}

/// A data folder was copied with its node's name: the later process counts, and the earlier one takes no part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_is_one_node() {
    let mut town = Nodes::on(Ground { nodes: 2, ..ON_REDIS }).await;
    let market = Market::open(&town);
    let twin = folder(town.folders[0].path());
    std::fs::copy(town.folders[2].path().join("node"), twin.path().join("node")).unwrap();
    let second = Server::serve(twin.path(), &town.options);
    a_while().await;
    let (status, _, told) = try_to_pay(&town, 1, 0, "displaced", 1).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "it passes on what it is asked: {told}");
    let again = pay(&Client::new(), &second.base_url, &town.demo, 0, "displaced", 1).await.unwrap();
    assert_eq!(again, (StatusCode::OK, true, told));
    town.demo["vouchers"][0]["balance_cents"] = json!(town.demo["vouchers"][0]["balance_cents"].as_i64().unwrap() - 1);
    market.close(&town).await;
}
