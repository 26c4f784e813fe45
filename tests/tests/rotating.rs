//! Codes that change with time: those of this minute and its neighbours are taken, those of an earlier one are
//! not, and what was decided under a key stands although its code has become old meanwhile.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use domain::clock::Timestamp;
use domain::ids::VoucherId;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use store::codes::{Period, qr_text};
use store::keys::Keys;
use tests::town::{Caller, Installation, Town, Voucher, key};

struct Scene {
    on: Installation,
    town: Town,
    keys: Keys,
    voucher: Voucher,
    _data: tempfile::TempDir,
}

/// Of a voucher whose code was replaced once.
const GENERATION: u32 = 2;

impl Scene {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Minutobello").await;
        let voucher = town.fresh_voucher(&on).await;
        Self { keys: Keys::load(&data.path().join("key")).unwrap(), on, town, voucher, _data: data }
    }

    /// What the holder's page showed, or will show, so many minutes from now.
    fn qr(&self, minutes: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap()).plus_seconds(60 * minutes);
        let voucher = VoucherId::new(self.voucher.id.parse().unwrap());
        qr_text(&self.keys.rotating_code(voucher, GENERATION, Period::at(at)))
    }

    async fn ask(&self, till: &Caller, path: &str, key: &str, body: Value) -> (u16, bool, Value) {
        let request = self.on.request(till, Method::POST, path).header("Idempotency-Key", key);
        let answer = request.json(&body).send().await.unwrap();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (answer.status().as_u16(), replayed, answer.json().await.unwrap())
    }

    async fn look(&self, till: usize, voucher: &str) -> (u16, Value) {
        let (status, _, body) =
            self.ask(&self.town.tills[till], "/v1/vouchers/lookup", &key(), json!({"voucher": voucher})).await;
        (status, body)
    }

    async fn redeem(&self, key: &str, voucher: &str) -> (u16, bool, Value) {
        let body = json!({"voucher": voucher, "amount_cents": 100, "pin": self.voucher.pin});
        self.ask(&self.town.tills[0], "/v1/redemptions", key, body).await
    }
}

#[tokio::test]
async fn a_picture_of_the_screen_is_worth_nothing_and_a_slow_clock_costs_nothing() {
    let scene = Scene::new().await;
    for minutes in [0, -1] {
        let (mut status, mut body) = scene.look(0, &scene.qr(minutes)).await;
        if status == 409 {
            // the minute changed on the way
            (status, body) = scene.look(0, &scene.qr(minutes)).await;
        }
        assert_eq!((status, &body["voucher_id"]), (200, &json!(scene.voucher.id)), "{minutes}: {body}");
    }
    for minutes in [-3, 3, -60 * 24] {
        let (status, body) = scene.look(0, &scene.qr(minutes)).await;
        assert_eq!((status, body["code"].as_str().unwrap()), (409, "qr_expired"), "{minutes}");
        assert!(body["detail"].as_str().unwrap().contains("adesso"), "{body}");
        let (status, _, body) = scene.redeem(&key(), &scene.qr(minutes)).await;
        assert_eq!((status, body["code"].as_str().unwrap()), (409, "voucher_reissued"), "{minutes}");
    }
    // paper and the typed code are as they were
    assert_eq!(scene.look(0, &scene.voucher.code).await.0, 200);
    // one that nobody made
    let forged = scene.qr(0).replace("BUONO:", "BUONO:0");
    assert_eq!(scene.look(0, &forged[..forged.len() - 1]).await.1["code"], "voucher_not_found");
}

#[tokio::test]
async fn a_retry_is_told_what_was_decided_although_the_code_is_old_by_then() {
    let scene = Scene::new().await;
    let (paid, refused) = (key(), key());
    let (status, replayed, first) = scene.redeem(&paid, &scene.qr(0)).await;
    assert_eq!((status, replayed), (201, false), "{first}");
    let (status, replayed, again) = scene.redeem(&paid, &scene.qr(-5)).await;
    assert_eq!((status, replayed), (200, true), "{again}");
    assert_eq!(again["operation_id"], first["operation_id"]);
    // and the other way round: a refused attempt stays refused under its key, whatever is shown later
    assert_eq!(scene.redeem(&refused, &scene.qr(-5)).await.0, 409);
    let (status, replayed, body) = scene.redeem(&refused, &scene.qr(0)).await;
    assert_eq!((status, replayed), (409, true), "{body}");
    let (_, left) = scene.look(0, &scene.qr(0)).await;
    assert_eq!(left["balance_cents"], first["balance_cents"], "taken once");
}

#[tokio::test]
async fn a_programme_chooses_and_its_holders_see_the_minute() {
    let scene = Scene::new().await;
    let new = json!({"name": "A minuti", "budget_cents": 0, "valid_from": "2026-01-01", "expires": "2099-12-31",
        "rotating_qr": true});
    let made = scene.on.post(&scene.town.admin, "/v1/admin/programmes", &new).await;
    assert_eq!(made["rotating_qr"], true);
    let holder = scene.on.get(&scene.town.holder, "/v1/citizen/voucher").await;
    assert_eq!(holder["qr_until"], Value::Null, "the others stay as they are");
    assert_eq!(holder["qr_text"], json!(qr_text(&holder["code"].as_str().unwrap().replace('-', ""))));
}
