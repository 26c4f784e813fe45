//! The HTTP contract over the real binary: what tills, citizens and staff are told, the same on every ground.
//! Where there are several nodes, every request goes to another one than the last.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::nodes::{Ground, Nodes};
use tests::stores::Stores;

struct World {
    town: Nodes,
    /// Requests so far: one node after the other takes one.
    asked: AtomicUsize,
    client: Client,
    voucher: Value,
}

/// An answer: status, whether it was a replay, body.
type Told = (u16, bool, Value);

impl World {
    async fn on(ground: Ground) -> Self {
        let town = Nodes::on(ground).await;
        let vouchers = town.demo["vouchers"].as_array().unwrap();
        let voucher = vouchers.iter().find(|voucher| voucher["reference"] == "2026/0001").unwrap().clone();
        Self { town, asked: AtomicUsize::new(0), client: Client::new(), voucher }
    }

    fn at(&self, path: &str) -> String {
        let node = &self.town.nodes[self.asked.fetch_add(1, Ordering::Relaxed) % self.town.nodes.len()];
        format!("{}{path}", node.base_url)
    }

    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Told {
        let mut request = self.client.request(method, self.at(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        let (status, replayed) = (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
        (status, replayed, answer.json().await.unwrap_or(Value::Null))
    }

    fn bearer(&self, till: usize) -> String {
        format!("Bearer {}", self.town.demo["terminals"][till]["token"].as_str().unwrap())
    }

    async fn post(&self, till: usize, path: &str, key: &str, body: &str) -> Told {
        let bearer = self.bearer(till);
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
        self.call(Method::POST, path, &headers, Some(body)).await
    }

    async fn get(&self, till: usize, path: &str) -> Told {
        self.call(Method::GET, path, &[("Authorization", &self.bearer(till))], None).await
    }

    async fn redeem(&self, till: usize, key: &str, cents: i64) -> Told {
        let body = json!({"voucher": self.voucher["qr_text"], "amount_cents": cents}).to_string();
        self.post(till, "/v1/redemptions", key, &body).await
    }

    async fn sign_in(&self, role: &str) -> String {
        let staff = self.town.demo["staff"].as_array().unwrap();
        let user = staff.iter().find(|user| user["role"] == role).unwrap();
        let answer = self
            .client
            .post(self.at("/v1/admin/session"))
            .json(&json!({"email": user["email"], "password": user["password"]}))
            .send()
            .await
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn code(told: &Told) -> (u16, &str) {
    (told.0, told.2["code"].as_str().unwrap_or_default())
}

async fn fifty_euro_in_two_shops(world: World) {
    let first = world.redeem(0, "first-key", 2_050).await;
    assert_eq!((first.0, first.1, &first.2["balance_cents"]), (201, false, &json!(2_950)));
    let again = world.redeem(0, "first-key", 2_050).await;
    assert_eq!((again.0, again.1, &again.2), (200, true, &first.2), "a replay has the same body, receipt included");
    assert_eq!(code(&world.redeem(0, "first-key", 2_051).await), (422, "idempotency_key_reused"));
    let second = world.redeem(1, "second-key", 2_950).await;
    assert_eq!((second.0, &second.2["balance_cents"]), (201, &json!(0)));
    let declined = world.redeem(1, "third-key", 1).await;
    assert_eq!((code(&declined), &declined.2["balance_cents"]), ((409, "insufficient_balance"), &json!(0)));
    let operation = second.2["operation_id"].as_str().unwrap();
    let path = format!("/v1/operations/{operation}/reversals");
    let reason = r#"{"reason":"errore di battitura"}"#;
    assert_eq!(code(&world.post(0, &path, "undo-other", reason).await), (404, "operation_not_found"));
    let undone = world.post(1, &path, "undo-mine", reason).await;
    assert_eq!((undone.0, &undone.2["balance_cents"]), (201, &json!(2_950)));
    assert_eq!(code(&world.post(1, &path, "undo-twice", reason).await), (409, "reversal_exceeds"));
    assert_eq!(code(&world.redeem(1, "third-key", 1).await), (409, "insufficient_balance"), "a decline is final");
    let known = world.get(0, "/v1/operations/by-key/first-key").await;
    assert_eq!((known.0, &known.2["operation_id"]), (200, &first.2["operation_id"]));
    assert_eq!(code(&world.get(0, "/v1/operations/by-key/undo-mine").await), (404, "never_executed"));
    let list = world.get(1, "/v1/operations").await.2;
    assert_eq!((&list["totals"]["amount_cents"], list["items"].as_array().unwrap().len()), (&json!(0), 2));
    assert_eq!((&list["totals"]["count"], &list["totals"]["terminals"][0]["label"]), (&json!(2), &json!("Cassa 1")));
    let days = world.get(0, "/v1/operations").await.2["totals"]["days"].clone();
    assert_eq!((days.as_array().unwrap().len(), &days[0]["amount_cents"]), (1, &json!(2_050)));
}

async fn holds_over_http(world: World) {
    let body = json!({"voucher": world.voucher["code"], "amount_cents": 3_000}).to_string();
    let held = world.post(0, "/v1/holds", "hold-key", &body).await;
    assert_eq!((held.0, &held.2["available_cents"]), (201, &json!(2_000)));
    let id = held.2["operation_id"].as_str().unwrap();
    assert_eq!(code(&world.redeem(1, "too-much", 2_001).await), (409, "insufficient_balance"));
    let capture = format!("/v1/holds/{id}/capture");
    assert_eq!(code(&world.post(1, &capture, "not-mine", "{}").await), (404, "hold_not_found"));
    assert_eq!(
        code(&world.post(0, &capture, "capture-1", r#"{"amount_cents":3001}"#).await),
        (409, "capture_exceeds_hold")
    );
    let captured = world.post(0, &capture, "capture-2", r#"{"amount_cents":1000}"#).await;
    assert_eq!((captured.0, &captured.2["available_cents"]), (201, &json!(4_000)));
    assert_eq!(code(&world.post(0, &capture, "capture-3", "{}").await), (404, "hold_not_found"));
    // not a 409, which is final for its key: the same is taken once one of the others is over
    let cent = json!({"voucher": world.voucher["code"], "amount_cents": 1}).to_string();
    for number in 0..16 {
        assert_eq!(world.post(0, "/v1/holds", &format!("many-holds-{number}"), &cent).await.0, 201);
    }
    assert_eq!(code(&world.post(0, "/v1/holds", "one-more", &cent).await), (429, "too_many_holds"));
}

/// What a network brings when its till has long been told that nothing was taken.
async fn what_comes_after_its_deadline_does_nothing(world: World) {
    let bearer = world.bearer(0);
    let send = async |path: &str, key: &str, body: &Value, seconds: i64| {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        let until = until.to_string();
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key), ("Deadline", &until)];
        world.call(Method::POST, path, &headers, Some(&body.to_string())).await
    };
    let body = json!({"voucher": world.voucher["qr_text"], "amount_cents": 100});
    for path in ["/v1/redemptions", "/v1/holds"] {
        assert_eq!(code(&send(path, "late-key", &body, -1).await), (422, "deadline_over"), "{path}");
        assert_eq!(code(&world.get(0, "/v1/operations/by-key/late-key").await), (404, "never_executed"), "{path}");
    }
    // the key is as free as before, and a long deadline is none
    let paid = send("/v1/redemptions", "late-key", &body, 3_600).await;
    assert_eq!((paid.0, &paid.2["balance_cents"]), (201, &json!(4_900)), "{}", paid.2);
    let undo = format!("/v1/operations/{}/reversals", paid.2["operation_id"].as_str().unwrap());
    let reason = json!({"reason": "errore"});
    assert_eq!(code(&send(&undo, "late-undo", &reason, -1).await), (422, "deadline_over"));
    assert_eq!(code(&send("/v1/claims", "late-claim", &json!({}), -1).await), (422, "deadline_over"));
    let undone = send(&undo, "late-undo", &reason, 60).await;
    assert_eq!((undone.0, &undone.2["balance_cents"]), (201, &json!(5_000)), "it was in no claim: {}", undone.2);
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "late-key"), ("Deadline", "tomorrow")];
    let told = world.call(Method::POST, "/v1/redemptions", &headers, Some(&body.to_string())).await;
    assert_eq!((code(&told), &told.2["field"]), ((400, "bad_request"), &json!("Deadline")));
}

async fn bad_input_is_named_and_loses_nothing(world: World) {
    let qr = world.voucher["qr_text"].as_str().unwrap();
    for amount in ["0", "-1", "1000000000000000000", "\"10,005\"", "50.00", "null"] {
        let body = format!(r#"{{"voucher":"{qr}","amount_cents":{amount}}}"#);
        assert_eq!(
            code(&world.post(0, "/v1/redemptions", "some-key", &body).await),
            (422, "amount_invalid"),
            "{amount}"
        );
    }
    let long = "x".repeat(65);
    let big = format!(r#"{{"voucher":"{}","amount_cents":1}}"#, "x".repeat(70_000));
    let extra = format!(r#"{{"voucher":"{qr}","amount_cents":1,"tip":1}}"#);
    let small = format!(r#"{{"voucher":"{qr}","amount_cents":1}}"#);
    let table = [
        ("some-key", r#"{"voucher":"x","amount_cents":NaN}"#, 400, "bad_request"),
        ("some-key", &extra, 400, "unknown_field"),
        ("some-key", &big, 413, "payload_too_large"),
        ("short", &small, 400, "idempotency_key_invalid"),
        (&long, &small, 400, "idempotency_key_invalid"),
        ("some-key", r#"{"voucher":"BUONO:0000000000000","amount_cents":1}"#, 404, "voucher_not_found"),
        ("some-key", r#"{"voucher":"","amount_cents":1}"#, 404, "voucher_not_found"),
    ];
    for (key, body, status, problem) in table {
        assert_eq!(code(&world.post(0, "/v1/redemptions", key, body).await), (status, problem));
    }
    let bearer = world.bearer(0);
    let without = world.call(Method::POST, "/v1/redemptions", &[("Authorization", &bearer)], Some(&small)).await;
    assert_eq!(code(&without), (400, "idempotency_key_required"));
    let stranger = world.call(Method::POST, "/v1/redemptions", &[("Idempotency-Key", "some-key")], Some(&small)).await;
    assert_eq!(code(&stranger), (401, "unauthorized"));
    let english = world.call(Method::GET, "/nowhere", &[("Accept-Language", "en-GB")], None).await;
    assert_eq!((code(&english), &english.2["title"]), ((404, "not_found"), &json!("Not found")));
    let body = json!({"voucher": qr}).to_string();
    assert_eq!(world.post(0, "/v1/vouchers/lookup", "-", &body).await.2["balance_cents"], 5_000);
}

async fn roles_and_standing_are_held(world: World) {
    let (admin, auditor) = (world.sign_in("municipal_admin").await, world.sign_in("auditor").await);
    let id = world.voucher["voucher_id"].as_str().unwrap();
    let block = format!("/v1/admin/vouchers/{id}/block");
    let why = Some(r#"{"reason":"prova"}"#);
    assert_eq!(code(&world.call(Method::POST, &block, &[("Cookie", &auditor)], why).await), (403, "forbidden"));
    assert_eq!(code(&world.call(Method::POST, &block, &[], why).await), (401, "unauthorized"));
    let path = format!("/v1/admin/vouchers/{id}");
    assert_eq!(world.call(Method::GET, &path, &[("Cookie", &auditor)], None).await.0, 200);
    assert_eq!(
        code(&world.call(Method::GET, "/v1/admin/municipalities", &[("Cookie", &admin)], None).await),
        (403, "forbidden")
    );
    let shop = world.town.demo["terminals"][0]["shop_id"].as_str().unwrap();
    let suspend = format!("/v1/admin/shops/{shop}/suspend");
    assert_eq!(world.call(Method::POST, &suspend, &[("Cookie", &admin)], None).await.0, 204);
    assert_eq!(code(&world.redeem(0, "a-second-ago", 1).await), (409, "shop_not_enabled"));
    a_suspended_programme_is_told_at_look_up(&world, &admin).await;
    assert_eq!(world.call(Method::POST, &block, &[("Cookie", &admin)], why).await.0, 200);
    assert_eq!(code(&world.redeem(1, "is-blocked", 1).await), (409, "voucher_blocked"));
    let reissue = format!("/v1/admin/vouchers/{id}/reissue");
    let unblock = format!("/v1/admin/vouchers/{id}/unblock");
    assert_eq!(world.call(Method::POST, &unblock, &[("Cookie", &admin)], why).await.0, 200);
    let new = world.call(Method::POST, &reissue, &[("Cookie", &admin)], why).await;
    assert_eq!(code(&world.redeem(1, "old-code", 1).await), (409, "voucher_reissued"));
    let body = json!({"voucher": new.2["code"], "amount_cents": 1}).to_string();
    assert_eq!(world.post(1, "/v1/redemptions", "new-code", &body).await.0, 201);
}

async fn a_suspended_programme_is_told_at_look_up(world: &World, admin: &str) {
    let programme = format!("/v1/admin/programmes/{}", world.town.demo["programme_id"].as_str().unwrap());
    let voucher = json!({"voucher": world.voucher["qr_text"]}).to_string();
    for (change, standing) in [("suspend", "suspended"), ("resume", "active")] {
        let changed = world.call(Method::POST, &format!("{programme}/{change}"), &[("Cookie", admin)], None).await;
        assert_eq!(changed.0, 204);
        assert_eq!(world.post(1, "/v1/vouchers/lookup", "-", &voucher).await.2["status"], standing);
    }
}

async fn an_import_applied_twice_at_once_gives_each_family_one_voucher(world: World) {
    let clerk = world.sign_in("clerk").await;
    let session = [("Cookie", clerk.as_str())];
    let programme = world.town.demo["programme_id"].as_str().unwrap();
    let vouchers = async || {
        let list = world.call(Method::GET, "/v1/admin/programmes", &session, None).await.2;
        list["items"][0]["sums"]["vouchers"].as_i64().unwrap()
    };
    let before = vouchers().await;
    let rows: String = (0..300).map(|at| format!("GEM-{at};50,00;carta\n")).collect();
    let file = format!("riferimento;importo;canale\n{rows}");
    let upload = format!("/v1/admin/beneficiaries/import?programme_id={programme}&file_name=gemelli.csv");
    let import = world.call(Method::POST, &upload, &session, Some(&file)).await.2;
    assert_eq!((&import["report"]["new"], &import["report"]["wrong"]), (&json!(300), &json!(0)));
    let apply = format!("/v1/admin/imports/{}/apply", import["import_id"].as_str().unwrap());
    // the second comes while the first is at work, as from an impatient click
    let (one, two) = tokio::join!(world.call(Method::POST, &apply, &session, None), async {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        world.call(Method::POST, &apply, &session, None).await
    });
    assert_eq!(vouchers().await, before + 300, "{one:?} {two:?}");
    // on several nodes it may have overtaken the first
    let mut told = [code(&one), code(&two)];
    told.sort_unstable();
    assert_eq!(told, [(200, ""), (409, "import_not_applicable")]);
}

async fn a_top_up_told_twice_is_one_top_up(world: World) {
    let clerk = world.sign_in("clerk").await;
    let path = format!("/v1/admin/vouchers/{}/top-up", world.voucher["voucher_id"].as_str().unwrap());
    let headers = [("Cookie", clerk.as_str()), ("Idempotency-Key", "integrazione")];
    let top_up = async |cents: i64| {
        let body = json!({"amount_cents": cents, "reason": "integrazione"}).to_string();
        world.call(Method::POST, &path, &headers, Some(&body)).await
    };
    let first = top_up(1_000).await;
    assert_eq!((first.0, &first.2["kind"], &first.2["balance_cents"]), (201, &json!("top_up"), &json!(6_000)));
    assert_eq!(world.redeem(0, "in-between", 500).await.0, 201);
    let again = top_up(1_000).await;
    assert_eq!((again.0, again.1, &again.2), (200, true, &first.2), "the same body, whatever happened since");
    assert_eq!(code(&top_up(1_001).await), (422, "idempotency_key_reused"));
    let log = world.call(Method::GET, "/v1/admin/audit", &[("Cookie", &clerk)], None).await.2;
    let told = log["items"].as_array().unwrap().iter().filter(|item| item["action"] == "voucher_topped_up");
    assert_eq!(told.map(|item| item["detail"].clone()).collect::<Vec<_>>(), [json!({"reason": "integrazione"})]);
}

/// Every scenario on one ground.
macro_rules! on {
    ($ground:ident, $stores:path, $nodes:literal) => {
        mod $ground {
            use super::*;

            on!(@each $stores, $nodes, fifty_euro_in_two_shops, holds_over_http, what_comes_after_its_deadline_does_nothing, bad_input_is_named_and_loses_nothing, roles_and_standing_are_held, an_import_applied_twice_at_once_gives_each_family_one_voucher, a_top_up_told_twice_is_one_top_up);
        }
    };
    (@each $stores:path, $nodes:literal, $($scenario:ident),+) => {$(
        #[tokio::test]
        async fn $scenario() {
            super::$scenario(World::on(Ground { stores: $stores, nodes: $nodes }).await).await;
        }
    )+};
}

on!(files, Stores::files, 1);
on!(redis_and_postgres, Stores::redis_and_postgres, 1);
on!(redis_and_postgres_three_nodes, Stores::redis_and_postgres, 3);
on!(postgres_alone, Stores::postgres_alone, 1);
on!(postgres_alone_three_nodes, Stores::postgres_alone, 3);
