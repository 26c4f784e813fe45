//! A phone is lost, and its voucher gets another code: what the phone kept open shows nothing and does nothing any more.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::town::{Installation, Town, text};

async fn refusal(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].clone())
}

#[tokio::test]
async fn what_the_old_code_opened_ends_with_it() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let lost = on.open(&town.voucher, "home").await;
    let pay = |code: &str| json!({"voucher": code, "amount_cents": 700});
    let paid = on.post(&town.tills[0], "/v1/redemptions", &pay(&town.voucher.code)).await;
    town.quiet(&on).await;
    let mut stream = on.request(&lost, Method::GET, "/v1/citizen/voucher/events").send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some(), "it follows the voucher");

    let path = format!("/v1/admin/vouchers/{}/reissue", town.voucher.id);
    let code = text(&on.post(&town.clerk, &path, &json!({"reason": "telefono rubato"})).await["code"]);
    let last = format!("id: {}\n", paid["voucher_seq"]);
    while let Some(bytes) = stream.chunk().await.unwrap() {
        let event = String::from_utf8_lossy(&bytes);
        assert!(event.contains(&last) || event.contains("alive"), "nothing after the old code: {event}");
    }
    on.post(&town.tills[0], "/v1/redemptions", &pay(&code)).await;
    town.quiet(&on).await;
    let reissued = (409, json!("voucher_reissued"));
    for path in ["", "/events", "/qr.svg", "/print.pdf"] {
        let answer = on.request(&lost, Method::GET, &format!("/v1/citizen/voucher{path}")).send().await.unwrap();
        assert_eq!(refusal(answer).await, reissued, "{path}");
    }
    let block = on.request(&lost, Method::POST, "/v1/citizen/voucher/block").send().await.unwrap();
    assert_eq!(refusal(block).await, reissued);
    let form = on.request(&lost, Method::POST, "/v/blocca").header("Content-Type", "application/x-www-form-urlencoded");
    form.body(format!("sure=1&voucher={}", town.voucher.id)).send().await.unwrap();
    for page in ["/v/buono", "/v/buono/parti"] {
        let answer = on.request(&lost, Method::GET, page).header("Accept-Language", "it").send().await.unwrap();
        let shown = answer.text().await.unwrap();
        assert!(shown.contains("sostituito") && shown.contains("0599 000 200"), "whom to ask is there: {shown}");
        assert!(!shown.contains("7,00"), "no movement of the new code: {shown}");
        for untrue in [".pdf", "data-print", "Ancora nessun movimento"] {
            assert!(!shown.contains(untrue), "{untrue} is offered or said: {shown}");
        }
    }
    // the family goes on with the new one
    let paid = on.post(&town.tills[0], "/v1/redemptions", &pay(&code)).await;
    assert_eq!(paid["balance_cents"], 2_900, "{paid}");
}
