//! A phone or its number is lost, and its voucher gets another code: what the phone kept open shows nothing and does nothing
//! any more, and the new link goes where the family is now.
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

/// What a town's messages that go to somebody say, in their order.
fn told<'a>(messages: &'a [Value], to: &str) -> Vec<&'a str> {
    let theirs = messages.iter().filter(|message| message["to"] == to);
    theirs.map(|message| message["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_new_link_goes_to_the_new_number_and_to_no_other() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    town.quiet(&on).await;
    let voucher = format!("/v1/admin/vouchers/{}", town.voucher.id);
    let path = format!("{voucher}/reissue");
    let reference = text(&on.get(&town.clerk, &voucher).await["reference"]);
    let family: usize = reference.rsplit('-').next().unwrap().parse().unwrap();
    let old = format!("333{family:07}");
    let told_before = told(&tests::messages(data.path()), &format!("+39{old}")).len();
    assert!(told_before > 0, "it is their number");
    let replace = async |contact: Value| {
        let request = on.request(&town.clerk, Method::POST, &path);
        refusal(request.json(&json!({"reason": "ha cambiato numero", "contact": contact})).send().await.unwrap()).await
    };

    for contact in [
        json!({"channel": "sms"}),
        json!({"channel": "sms", "to": "0599 000 200"}),
        json!({"channel": "sms", "to": "famiglia@posta.example"}),
        json!({"channel": "email", "to": "347 000 1122"}),
        json!({"channel": "paper", "to": "347 000 1122"}),
        json!({"channel": "", "to": "347 000 1122"}),
        json!({"channel": "piccione", "to": "347 000 1122"}),
    ] {
        assert_eq!(replace(contact.clone()).await, (422, json!("contact_invalid")), "{contact}");
    }
    // nothing of that changed anything
    let pay = |code: &str| json!({"voucher": code, "amount_cents": 100});
    on.post(&town.tills[0], "/v1/redemptions", &pay(&town.voucher.code)).await;
    town.quiet(&on).await;

    let replaced = replace(json!({"channel": "sms", "to": " 347 000 1122 "})).await;
    assert_eq!(replaced.0, 200, "{replaced:?}");
    town.quiet(&on).await;
    let found = async |search: &str| {
        let list = on.get(&town.clerk, &format!("/v1/admin/vouchers?search={search}")).await;
        let ids = list["items"].as_array().unwrap().iter().map(|voucher| text(&voucher["id"]));
        ids.collect::<Vec<_>>().contains(&town.voucher.id)
    };
    assert!(found("347%20000%201122").await && !found(&old).await, "the office finds it by the new one");
    let after = tests::messages(data.path());
    let told_since = told(&after, &format!("+39{old}")).len() - told_before;
    assert_eq!(told_since, 1, "the purchase of before, and nothing else");
    let [link] = told(&after, "+393470001122")[..] else { panic!("one message to the new number") };
    assert!(link.contains("/v#"), "{link}");

    assert_eq!(replace(json!({"channel": "email", "to": "Famiglia@posta.example"})).await.0, 200);
    town.quiet(&on).await;
    let after = tests::messages(data.path());
    assert_eq!(told(&after, "famiglia@posta.example").len(), 1);
    assert!(found("famiglia@posta.example").await && !found("3470001122").await, "what was given up is forgotten");
    assert_eq!(replace(json!({"channel": "paper", "to": null})).await.0, 200);
    town.quiet(&on).await;
    assert_eq!(tests::messages(data.path()).len(), after.len(), "who has paper gets no message");
    let voucher = on.get(&town.clerk, &voucher).await;
    assert_eq!((&voucher["channel"], &voucher["balance_cents"]), (&json!("paper"), &json!(4_900)), "{voucher}");
    let audit = on.get(&town.auditor, "/v1/admin/audit?limit=500").await;
    let changes = audit["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "contact_changed");
    assert_eq!(changes.count(), 3, "{audit}");
    assert!(!audit.to_string().contains("0001122"), "who may read the records sees no number");
}
