//! What a shop asks to be paid, over the real binary, on every ground: whatever is sealed can no longer be given back,
//! whichever node is asked, and nothing is asked for twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::nodes::{Ground, Nodes};
use tests::pdf::said;
use tests::stores::Stores;
use tests::town::{Installation, Town, done, key, text};

/// A demonstration town of which every request asks another node than the last.
struct World {
    town: Nodes,
    asked: AtomicUsize,
}

impl World {
    async fn on(ground: Ground) -> Self {
        Self { town: Nodes::on(ground).await, asked: AtomicUsize::new(0) }
    }

    fn request(&self, till: usize, method: Method, path: &str, key: &str) -> RequestBuilder {
        let node = &self.town.nodes[self.asked.fetch_add(1, Ordering::Relaxed) % self.town.nodes.len()];
        let request = Client::new().request(method, format!("{}{path}", node.base_url));
        let token = self.town.demo["terminals"][till]["token"].as_str().unwrap();
        request.bearer_auth(token).header("Idempotency-Key", key)
    }

    async fn send(&self, till: usize, method: Method, path: &str, key: &str, body: &Value) -> Response {
        let request = self.request(till, method, path, key);
        if body.is_null() { request.send().await.unwrap() } else { request.json(body).send().await.unwrap() }
    }

    /// A request that may stay without an answer.
    async fn try_post(&self, till: usize, path: &str, key: &str, body: &Value) -> reqwest::Result<Response> {
        self.request(till, Method::POST, path, key).json(body).send().await
    }

    async fn post(&self, till: usize, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(till, Method::POST, path, key, body).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, till: usize, path: &str) -> (u16, Value) {
        let answer = self.send(till, Method::GET, path, "-", &Value::Null).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A payment with a voucher: its operation.
    async fn pays(&self, till: usize, voucher: usize, cents: i64) -> String {
        let body = json!({"voucher": self.town.demo["vouchers"][voucher]["qr_text"], "amount_cents": cents});
        let (status, paid) = self.post(till, "/v1/redemptions", &key(), &body).await;
        assert_eq!(status, 201, "{paid}");
        text(&paid["operation_id"])
    }

    async fn undo(&self, till: usize, operation: &str) -> (u16, Value) {
        let path = format!("/v1/operations/{operation}/reversals");
        self.post(till, &path, &key(), &json!({"amount_cents": 1, "reason": "errore"})).await
    }
}

async fn what_is_sealed_stays(world: World) {
    let operations = [world.pays(0, 0, 2_050).await, world.pays(0, 1, 300).await];
    let elsewhere = world.pays(1, 2, 999).await;
    assert_eq!(world.undo(0, &operations[0]).await.0, 201, "until it is sealed");
    let open = world.get(0, "/v1/claims/unclaimed").await.1;
    assert_eq!((&open["operations"], &open["amount_cents"]), (&json!(3), &json!(2_349)), "{open}");
    let (status, told) = world.post(0, "/v1/claims", &key(), &json!({"through": "2026-01-01"})).await;
    assert_eq!(
        (status, told["code"].as_str()),
        (409, Some("nothing_to_claim")),
        "on that day there was nothing: {told}"
    );
    assert_eq!(world.undo(0, &operations[0]).await.0, 201, "and it sealed nothing");
    let (status, told) = world.post(0, "/v1/claims", &key(), &json!({"amount_cents": 2_349})).await;
    assert_eq!((status, &told["code"], &told["amount_cents"]), (409, &json!("claim_changed"), &json!(2_348)), "{told}");
    // what another till takes while somebody says yes is for the next claim
    let shown = world.get(0, "/v1/claims/unclaimed").await.1;
    world.pays(0, 1, 100).await;
    let (sealing, yes) = (key(), json!({"amount_cents": shown["amount_cents"], "through": shown["through"]}));
    let (status, claim) = world.post(0, "/v1/claims", &sealing, &yes).await;
    assert_eq!((status, &claim["amount_cents"], &claim["operations"]), (201, &json!(2_348), &json!(4)), "{claim}");
    assert_eq!(claim["through"], shown["through"]);
    assert_eq!((&claim["number"], claim["status"].as_str()), (&json!(1), Some("sealed")));
    let listed = world.get(0, "/v1/operations").await.1["items"].as_array().unwrap().clone();
    let marks: Vec<_> = listed.iter().map(|item| (&item["amount_cents"], &item["sealed"])).collect();
    let expected = [(2_050, true), (300, true), (1, true), (1, true), (100, false)]
        .map(|(cents, sealed)| (json!(cents), json!(sealed)));
    assert!(marks.iter().copied().eq(expected.iter().map(|(cents, sealed)| (cents, sealed))), "{marks:?}");
    // on each node, from the answer on
    for operation in operations.iter().cycle().take(2 * world.town.nodes.len()) {
        let (status, told) = world.undo(0, operation).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("operation_sealed")), "{told}");
    }
    assert_eq!(world.undo(1, &elsewhere).await.0, 201, "another shop's are as they were");
    // the same key is the same claim, and no other request's
    assert_eq!(world.post(0, "/v1/claims", &sealing, &yes).await, (200, claim.clone()));
    let (status, told) = world.post(0, "/v1/claims", &sealing, &json!({"through": "2026-01-01"})).await;
    assert_eq!((status, told["code"].as_str()), (422, Some("idempotency_key_reused")), "{told}");
    let (status, told) = world.post(0, "/v1/claims", &key(), &yes).await;
    assert_eq!((status, told["code"].as_str()), (409, Some("nothing_to_claim")), "{told}");
    assert_eq!(world.get(0, "/v1/claims/unclaimed").await.1["amount_cents"], 100);
    // another shop learns nothing of it
    let id = text(&claim["claim_id"]);
    for path in [format!("/v1/claims/{id}"), format!("/v1/claims/{id}/lines"), format!("/v1/claims/{id}/document.pdf")]
    {
        let (status, told) = world.get(1, &path).await;
        assert_eq!((status, told["code"].as_str()), (404, Some("claim_not_found")), "{path}");
    }
    assert_eq!(world.get(1, "/v1/claims").await.1["items"], json!([]));
    assert_eq!(world.get(0, &format!("/v1/claims/{id}")).await, (200, claim.clone()));
    assert_eq!(world.get(0, "/v1/claims").await.1["items"], json!([claim]));
    let lines = world.get(0, &format!("/v1/claims/{id}/lines")).await.1;
    let sum: i64 = lines["items"].as_array().unwrap().iter().map(|line| line["amount_cents"].as_i64().unwrap()).sum();
    assert_eq!((lines["items"].as_array().unwrap().len(), sum), (4, 2_348), "{lines}");
}

/// Whatever is taken, given back and sealed at the same time: in the end every cent is in one claim.
async fn nothing_is_lost_or_doubled_at_once(world: World) {
    let nth = AtomicUsize::new(0);
    let work = async |till: usize| {
        for _ in 0..4 {
            let voucher = 3 + nth.fetch_add(1, Ordering::Relaxed) % 8;
            let operation = world.pays(till, voucher, 100).await;
            let (sealing, everything) = (key(), json!({}));
            let claim = world.post(till, "/v1/claims", &sealing, &everything);
            let (one, two) = tokio::join!(world.undo(till, &operation), claim);
            assert!([201, 409].contains(&one.0), "{one:?}");
            assert!([201, 409].contains(&two.0), "{two:?}");
        }
    };
    tokio::join!(work(0), work(0), work(0));
    let _ = world.post(0, "/v1/claims", &key(), &json!({})).await;
    let open = world.get(0, "/v1/claims/unclaimed").await.1;
    let (claims, totals) = (world.get(0, "/v1/claims?limit=500").await.1, world.get(0, "/v1/operations").await.1);
    let mut seen = BTreeSet::new();
    let mut sealed = 0;
    for claim in claims["items"].as_array().unwrap() {
        let path = format!("/v1/claims/{}/lines?limit=500", text(&claim["claim_id"]));
        for line in world.get(0, &path).await.1["items"].as_array().unwrap() {
            assert!(seen.insert(text(&line["operation_id"])), "{line} is in two claims");
        }
        sealed += claim["amount_cents"].as_i64().unwrap();
    }
    let all = totals["totals"]["amount_cents"].as_i64().unwrap();
    assert_eq!(sealed + open["amount_cents"].as_i64().unwrap(), all, "{open} {claims}");
    let count = i64::try_from(seen.len()).unwrap() + open["operations"].as_i64().unwrap();
    assert_eq!(Some(count), totals["totals"]["count"].as_i64(), "a fact is missing");
    let numbers = claims["items"].as_array().unwrap().iter().map(|claim| claim["number"].as_i64().unwrap());
    let numbers: BTreeSet<i64> = numbers.collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as i64), "a number is left out: {claims}");
}

/// Every scenario on one ground.
macro_rules! on {
    ($ground:ident, $stores:path, $nodes:literal) => {
        mod $ground {
            use super::*;

            #[tokio::test]
            async fn what_is_sealed_stays() {
                super::what_is_sealed_stays(World::on(Ground { stores: $stores, nodes: $nodes }).await).await;
            }

            #[tokio::test]
            async fn nothing_is_lost_or_doubled_at_once() {
                let world = World::on(Ground { stores: $stores, nodes: $nodes }).await;
                super::nothing_is_lost_or_doubled_at_once(world).await;
            }
        }
    };
}

on!(files, Stores::files, 1);
on!(postgres_alone_three_nodes, Stores::postgres_alone, 3);

const POSTGRES: Ground = Ground { stores: Stores::postgres_alone, nodes: 1 };
/// A claim is being added, and cannot.
const HELD_UP: &str = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INTO claim %'";

/// What is not sealed within its time never is, wherever in the ledger the attempt was held up.
async fn seals_nothing_later(held_by: &str) {
    let world = World::on(POSTGRES).await;
    world.pays(0, 0, 500).await;
    let postgres = world.town.stores.postgres.as_ref().unwrap();
    let (sealing, everything) = (key(), json!({}));
    let held = postgres.hold(held_by);
    let let_go = async {
        // the server gives up after fifteen, from when it began
        tokio::time::sleep(Duration::from_secs(19)).await;
        drop(held);
    };
    let ((status, told), ()) = tokio::join!(world.post(0, "/v1/claims", &sealing, &everything), let_go);
    assert_eq!((status, told["code"].as_str()), (504, Some("outcome_unknown")), "{told}");
    // all that was asked of the ledger has been answered
    postgres.until("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')");
    let asked = format!("/v1/claims/by-key/{sealing}");
    let (status, told) = world.get(0, &asked).await;
    assert_eq!((status, told["code"].as_str()), (404, Some("never_executed")), "{told}");
    let open = world.get(0, "/v1/claims/unclaimed").await.1;
    assert_eq!((&open["operations"], &open["amount_cents"]), (&json!(1), &json!(500)), "{open}");
    let (status, claim) = world.post(0, "/v1/claims", &key(), &everything).await;
    assert_eq!((status, &claim["amount_cents"], &claim["number"]), (201, &json!(500), &json!(1)), "{claim}");
    assert_eq!(world.get(0, &asked).await.0, 404);
}

#[tokio::test]
async fn an_attempt_that_is_held_up_while_it_writes_seals_nothing_later() {
    seals_nothing_later("LOCK TABLE claim IN EXCLUSIVE MODE").await;
}

#[tokio::test]
async fn an_attempt_that_is_held_up_while_it_reads_seals_nothing_later() {
    seals_nothing_later("LOCK TABLE claim IN ACCESS EXCLUSIVE MODE").await;
}

/// A node that is killed between the two steps leaves a shop that gives nothing back until it claims, and nothing else.
#[tokio::test]
async fn a_claim_that_a_kill_cut_off_is_made_under_its_key() {
    let mut world = World::on(POSTGRES).await;
    let operation = world.pays(0, 0, 500).await;
    let (sealing, everything) = (key(), json!({}));
    let postgres = world.town.stores.postgres.as_ref().unwrap();
    let held = postgres.hold("LOCK TABLE claim IN EXCLUSIVE MODE");
    let pid = world.town.nodes[0].id();
    let killed = async {
        postgres.comes(HELD_UP).await;
        tests::signal(pid, "KILL");
    };
    let (lost, ()) = tokio::join!(world.try_post(0, "/v1/claims", &sealing, &everything), killed);
    assert!(lost.is_err(), "{lost:?}");
    drop(held);
    world.town.nodes.clear();
    world.town.join();
    world.town.settle().await;
    assert_eq!(world.get(0, &format!("/v1/claims/by-key/{sealing}")).await.0, 404);
    assert_eq!(world.undo(0, &operation).await.1["code"], "operation_sealed");
    let (status, claim) = world.post(0, "/v1/claims", &sealing, &everything).await;
    assert_eq!((status, &claim["amount_cents"], &claim["number"]), (201, &json!(500), &json!(1)), "{claim}");
}

/// A machine that vanishes in the middle of a transaction: what it has locked is let go within seconds.
#[tokio::test]
async fn what_a_frozen_node_has_locked_in_the_ledger_is_let_go() {
    let mut world = World::on(POSTGRES).await;
    world.pays(0, 0, 500).await;
    let (sealing, everything) = (key(), json!({}));
    let postgres = world.town.stores.postgres.as_ref().unwrap();
    let held = postgres.hold("LOCK TABLE claim IN EXCLUSIVE MODE");
    let pid = world.town.nodes[0].id();
    let frozen = async {
        postgres.comes(HELD_UP).await;
        tests::signal(pid, "STOP");
        drop(held);
        let left = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%INTO claim %'";
        postgres.comes(left).await;
        // what another node would need, that comes while this one is away
        postgres.sql("SELECT id FROM shop FOR NO KEY UPDATE");
        tests::signal(pid, "CONT");
    };
    let (_, ()) = tokio::join!(world.try_post(0, "/v1/claims", &sealing, &everything), frozen);
    world.town.join();
    let (status, claim) = world.post(0, "/v1/claims", &sealing, &everything).await;
    assert!([200, 201].contains(&status), "{claim}");
    assert_eq!((&claim["amount_cents"], &claim["number"]), (&json!(500), &json!(1)), "{claim}");
}

#[tokio::test]
async fn a_claim_is_a_document_and_needs_to_know_where_the_money_goes() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let redeem = json!({"voucher": town.voucher.code, "amount_cents": 1_234});
    on.post(&town.tills[0], "/v1/redemptions", &redeem).await;
    let claim = on.post(&town.tills[0], "/v1/claims", &json!({})).await;
    let path = format!("/v1/claims/{}/document.pdf", text(&claim["claim_id"]));
    let answer = on.request(&town.tills[0], Method::GET, &path).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/pdf".parse().unwrap())
    );
    let document = said(&answer.bytes().await.unwrap());
    for wanted in ["Notadidebiton.1", "12,34€", "IT60X0542811101000000123456", "ComunediPievebassa", "6-quater"] {
        assert!(document.contains(wanted), "no {wanted} in {document}");
    }
    assert!(document.contains(&text(&claim["seal"])[..16]), "{document}");
    let english = on.request(&town.tills[0], Method::GET, &path).header("Accept-Language", "en").send().await.unwrap();
    assert!(said(&english.bytes().await.unwrap()).contains("Debitnoteno.1"));
    // a shop that has not said where to
    let file = "riferimento;insegna;ragione_sociale;partita_iva;indirizzo;comune\n\
        SENZA;Senza conto;Senza conto snc;00743110157;Via Po 1;Pievebassa\n";
    let import = done(town.send_file(&on, "/v1/admin/shops/import", "text/csv", file.into()).await).await;
    town.apply(&on, &text(&import["import_id"])).await;
    let shops = on.get(&town.clerk, "/v1/admin/shops?limit=500").await;
    let shop = shops["items"].as_array().unwrap().iter().find(|shop| shop["reference"] == "SENZA").unwrap();
    let (_, till) = town.enrol(&on, &text(&shop["id"])).await;
    on.post(&till, "/v1/redemptions", &redeem).await;
    let told = on.request(&till, Method::POST, "/v1/claims").header("Idempotency-Key", key());
    let told = told.json(&json!({})).send().await.unwrap();
    assert_eq!(told.status().as_u16(), 409);
    assert_eq!(told.json::<Value>().await.unwrap()["code"], "iban_required");
    // nothing of it was sealed by the attempt
    let operations = on.get(&till, "/v1/operations").await;
    let undo = format!("/v1/operations/{}/reversals", text(&operations["items"][0]["operation_id"]));
    on.post(&till, &undo, &json!({"reason": "errore"})).await;
    // its administrator writes it down, and nobody else
    let account = |caller, iban: &str| {
        let path = format!("/v1/admin/shops/{}/account", text(&shop["id"]));
        on.request(caller, Method::PUT, &path).json(&json!({"iban": iban})).send()
    };
    let wrong = account(&town.admin, "IT60X0542811101000000123457").await.unwrap();
    assert_eq!((wrong.status().as_u16(), &wrong.json::<Value>().await.unwrap()["code"]), (422, &json!("iban_invalid")));
    assert_eq!(account(&town.clerk, "DE89370400440532013000").await.unwrap().status().as_u16(), 403);
    assert_eq!(account(&town.admin, "DE89 3704 0044 0532 0130 00").await.unwrap().status().as_u16(), 204);
    on.post(&till, "/v1/redemptions", &redeem).await;
    let claim = on.post(&till, "/v1/claims", &json!({})).await;
    let path = format!("/v1/claims/{}/document.pdf", text(&claim["claim_id"]));
    let document = on.request(&till, Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
    assert!(said(&document).contains("DE89370400440532013000"), "{}", said(&document));
    // who sealed what is on record
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=50").await;
    let sealed = log["items"].as_array().unwrap().iter().find(|item| item["action"] == "claim_sealed").unwrap();
    assert_eq!(sealed["detail"]["amount_cents"], 1_234, "{sealed}");
}
