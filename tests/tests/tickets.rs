//! What shops ask their municipality: nothing vanishes, nobody else reads it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tests::nodes::figure;
use tests::town::{Caller, Installation, Town, key, text};

const TEXT: &str = "Il lettore non legge più i buoni.\nChe cosa faccio?";

async fn world() -> (Installation, Town, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    (on, town, data)
}

/// Status, whether it is a replay, and body.
async fn ask(on: &Installation, till: &Caller, key: &str, body: &Value) -> (u16, bool, Value) {
    let request = on.request(till, Method::POST, "/v1/tickets").header("Idempotency-Key", key);
    let answer = request.json(body).send().await.unwrap();
    let replayed = answer.headers().contains_key("idempotency-replayed");
    (answer.status().as_u16(), replayed, answer.json().await.unwrap())
}

async fn reply(on: &Installation, caller: &Caller, ticket: &str, body: &Value) -> (u16, Value) {
    let path = format!("/v1/admin/tickets/{ticket}/answer");
    let answer = on.request(caller, Method::POST, &path).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(&item["ticket_id"])).collect()
}

/// The figure is counted every few seconds.
async fn come_to_be_open(on: &Installation, count: f64) {
    while figure(&on.server, "buono_tickets_open").await != count {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_ticket_is_asked_once_and_answered_once() {
    let (on, town, _data) = world().await;
    let (till, key) = (&town.tills[0], key());
    let (status, _, asked) = ask(&on, till, &key, &json!({"text": format!("  {TEXT} ")})).await;
    assert_eq!(status, 201, "{asked}");
    assert_eq!((&asked["text"], &asked["status"], &asked["answer"]), (&json!(TEXT), &json!("open"), &Value::Null));
    let again = ask(&on, till, &key, &json!({"text": format!("  {TEXT} ")})).await;
    assert_eq!(again, (200, true, asked.clone()));
    let other = ask(&on, till, &key, &json!({"text": "Un'altra cosa ancora."})).await;
    assert_eq!((other.0, &other.2["code"]), (422, &json!("idempotency_key_reused")));
    // the same key in another shop is another attempt
    let elsewhere = ask(&on, &town.tills[1], &key, &json!({"text": "Un'altra cosa ancora."})).await;
    assert_eq!(elsewhere.0, 201, "{}", elsewhere.2);
    let (ticket, foreign) = (text(&asked["ticket_id"]), text(&elsewhere.2["ticket_id"]));
    assert_eq!(ids(&on.get(till, "/v1/tickets").await), std::slice::from_ref(&ticket));
    let all = on.get(&town.auditor, "/v1/admin/tickets").await;
    assert_eq!(ids(&all), [foreign.clone(), ticket.clone()]);
    let shop = text(&on.get(till, "/v1/shop").await["shop"]["name"]);
    assert_eq!((&all["items"][1]["shop"], &all["items"][1]["text"]), (&json!(shop), &json!(TEXT)));
    come_to_be_open(&on, 2.0).await;
    let (status, told) = reply(&on, &town.clerk, &ticket, &json!({"text": "Passiamo domani."})).await;
    assert_eq!((status, &told["answer"], &told["status"]), (200, &json!("Passiamo domani."), &json!("answered")));
    let (status, told) = reply(&on, &town.admin, &ticket, &json!({"text": "Anzi no."})).await;
    assert_eq!((status, &told["code"]), (409, &json!("ticket_answered")));
    let read = &on.get(till, "/v1/tickets").await["items"][0];
    assert_eq!((&read["answer"], &read["status"]), (&json!("Passiamo domani."), &json!("answered")));
    assert!(read["answered_at"].is_string());
    // a replay says how it stands now
    assert_eq!(ask(&on, till, &key, &json!({"text": format!("  {TEXT} ")})).await.2["answer"], "Passiamo domani.");
    assert_eq!(ids(&on.get(&town.clerk, "/v1/admin/tickets?status=open").await), [foreign]);
    assert_eq!(ids(&on.get(&town.clerk, "/v1/admin/tickets?status=answered").await), [ticket]);
    come_to_be_open(&on, 1.0).await;
}

#[tokio::test]
async fn a_ticket_may_be_about_an_operation_of_the_shop() {
    let (on, town, _data) = world().await;
    let till = &town.tills[0];
    let pay = json!({"voucher": town.voucher.code, "amount_cents": 100});
    let paid = on.post(till, "/v1/redemptions", &pay).await;
    let (operation, code) = (text(&paid["operation_id"]), text(&paid["receipt_code"]));
    for about in [
        json!({"text": TEXT, "operation_id": operation}),
        json!({"text": TEXT, "receipt_code": code}),
        json!({"text": TEXT, "receipt_code": code.to_lowercase().replace('-', "")}),
        json!({"text": TEXT, "receipt_code": code, "operation_id": operation}),
    ] {
        let (status, _, asked) = ask(&on, till, &key(), &about).await;
        assert_eq!(status, 201, "{asked}");
        assert_eq!((text(&asked["operation_id"]), text(&asked["receipt_code"])), (operation.clone(), code.clone()));
        let (status, _, told) = ask(&on, &town.tills[1], &key(), &about).await;
        assert_eq!((status, &told["code"]), (404, &json!("operation_not_found")), "another shop's: {about}");
    }
    let other = json!({"text": TEXT, "receipt_code": "0000-0000", "operation_id": operation});
    let (status, _, told) = ask(&on, till, &key(), &other).await;
    assert_eq!((status, &told["code"]), (404, &json!("operation_not_found")));
}

#[tokio::test]
async fn what_says_nothing_is_refused() {
    let (on, town, _data) = world().await;
    for (body, field) in [
        (json!({"text": "corto"}), "text"),
        (json!({"text": " ".repeat(20)}), "text"),
        (json!({"text": "x".repeat(2_001)}), "text"),
        (json!({"text": format!("{TEXT}\u{0}")}), "text"),
        (json!({"text": TEXT, "receipt_code": "12"}), "receipt_code"),
    ] {
        let (status, _, told) = ask(&on, &town.tills[0], &key(), &body).await;
        assert_eq!((status, told["field"].as_str()), (400, Some(field)), "{body}: {told}");
    }
    let (status, _, told) = ask(&on, &town.tills[0], &key(), &json!({"text": "è".repeat(2_000)})).await;
    assert_eq!(status, 201, "{told}");
    let ticket = text(&told["ticket_id"]);
    for (wrong, field) in [("", "text"), ("  ", "text"), (&*"x".repeat(2_001), "text")] {
        let (status, told) = reply(&on, &town.clerk, &ticket, &json!({"text": wrong})).await;
        assert_eq!((status, told["field"].as_str()), (400, Some(field)));
    }
    let nothing = on.request(&town.clerk, Method::GET, "/v1/admin/tickets?status=x").send().await.unwrap();
    assert_eq!(nothing.status().as_u16(), 400);
    let keyless = on.request(&town.tills[0], Method::POST, "/v1/tickets").json(&json!({"text": TEXT}));
    let keyless: Value = keyless.send().await.unwrap().json().await.unwrap();
    assert_eq!(keyless["code"], "idempotency_key_required");
}

#[tokio::test]
async fn a_shop_asks_twenty_times_a_day_and_reads_them_page_by_page() {
    let (on, town, _data) = world().await;
    let (till, last) = (&town.tills[0], key());
    for at in 0..20 {
        let key = if at == 19 { last.clone() } else { key() };
        assert_eq!(ask(&on, till, &key, &json!({"text": format!("{TEXT} {at}")})).await.0, 201);
    }
    let (status, _, told) = ask(&on, till, &key(), &json!({"text": TEXT})).await;
    assert_eq!((status, &told["code"]), (429, &json!("too_many_requests")));
    // what was written before is no other one
    assert_eq!(ask(&on, till, &last, &json!({"text": format!("{TEXT} 19")})).await.0, 200);
    assert_eq!(ask(&on, &town.tills[1], &key(), &json!({"text": TEXT})).await.0, 201, "another shop");
    let first = on.get(till, "/v1/tickets?limit=12").await;
    let rest = on.get(till, &format!("/v1/tickets?limit=12&cursor={}", text(&first["next_cursor"]))).await;
    let all = [ids(&first), ids(&rest)].concat();
    assert_eq!((all.len(), &first["items"][0]["text"]), (20, &json!(format!("{TEXT} 19"))));
    let town_page = on.get(&town.clerk, "/v1/admin/tickets?limit=21&status=open").await;
    let town_rest = format!("/v1/admin/tickets?limit=21&cursor={}", text(&town_page["next_cursor"]));
    assert_eq!((ids(&town_page).len(), ids(&on.get(&town.clerk, &town_rest).await).len()), (21, 0));
}
