//! What a municipality says about itself, and where it is read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use tests::binary;
use tests::town::{Caller, Installation, Town, text};

const PATH: &str = "/v1/admin/municipality";

fn about() -> Value {
    json!({"help_phone": "0599 000 299", "help_email": "aiuto@pievebassa.example",
        "accessibility_url": "https://form.agid.gov.it/view/1?a=1&b=2",
        "accessibility_gaps": "Chi non vede <b>chiami</b> lo sportello.\nRispondiamo noi."})
}

async fn put(on: &Installation, caller: &Caller, body: &Value) -> (u16, Value) {
    let answer = on.request(caller, Method::PUT, PATH).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn page(on: &Installation, caller: &Caller, path: &str) -> (u16, String) {
    let request = on.request(caller, Method::GET, path).header("Accept-Language", "it");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn what_it_says_is_read_everywhere_and_nowhere_else() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let nobody = Caller::nobody();
    // the demonstration's is the only one: whoever asks for a statement means its statement
    let (status, only) = page(&on, &nobody, "/accessibilita").await;
    assert!(status == 200 && only.contains("Comune di Borgo San Rocco"), "{only}");
    let town = Town::build(&on, "Pievebassa").await;
    let own = format!("/accessibilita/{}", town.municipality);
    let (status, before) = page(&on, &nobody, &own).await;
    assert!(status == 200 && before.contains("0599 000 200"), "{before}");
    assert!(before.contains("pubblicata dal Comune sul proprio sito") && !before.contains("Scritta dal Comune"));

    let (status, said) = put(&on, &town.admin, &about()).await;
    assert_eq!(status, 200, "{said}");
    assert!(said["accessibility_at"].is_string() && text(&said["accessibility_page"]).ends_with(&own), "{said}");
    assert_eq!(on.get(&town.auditor, PATH).await, said);
    let (_, shown) = page(&on, &nobody, &own).await;
    for part in [
        "tel:0599 000 299",
        "mailto:aiuto@pievebassa.example",
        "https://form.agid.gov.it/view/1?a=1&#38;b=2",
        "Chi non vede &#60;b&#62;chiami&#60;/b&#62; lo sportello.",
        "Scritta dal Comune il ",
        "Comune di Pievebassa",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let voucher = page(&on, &town.holder, "/v/buono").await.1;
    assert!(voucher.contains("0599 000 299") && voucher.contains(&format!("href=\"{own}\"")), "{voucher}");
    let till = on.get(&town.tills[0], "/v1/shop").await;
    assert_eq!(till["municipality"]["help_phone"], "0599 000 299", "{till}");

    let other = Town::build(&on, "Montalto").await;
    let all = page(&on, &nobody, "/accessibilita").await.1;
    assert!(all.contains(&own) && all.contains(&other.municipality) && !all.contains("0599 000 299"), "{all}");
    assert_eq!(on.get(&other.clerk, PATH).await["accessibility_url"], Value::Null);
    let (status, unknown) = page(&on, &nobody, "/accessibilita/0190a3c0-0000-7000-8000-000000000000").await;
    assert!(status == 404 && unknown.contains("<h1"), "{unknown}");

    // what is taken back is gone
    let (status, said) =
        put(&on, &town.admin, &json!({"help_phone": "0599 000 200", "help_email": "a@pievebassa.example"})).await;
    assert_eq!((status, &said["accessibility_url"], &said["accessibility_gaps"]), (200, &Value::Null, &json!("")));
}

#[tokio::test]
async fn what_makes_no_sense_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let before = put(&on, &town.admin, &about()).await.1;
    let long = "x".repeat(2001);
    for (field, wrong) in [
        ("help_phone", " "),
        ("help_phone", "chiedi a Ĩ"),
        ("help_phone", "0123456789012345678901234567890123456789 0"),
        ("help_email", "nessuno"),
        ("accessibility_url", "javascript:alert(1)"),
        ("accessibility_url", "https://comune.example/a b"),
        ("accessibility_url", ""),
        ("accessibility_gaps", "a\u{7}b"),
        ("accessibility_gaps", long.as_str()),
    ] {
        let mut body = about();
        body[field] = json!(wrong);
        let (status, problem) = put(&on, &town.admin, &body).await;
        assert_eq!(
            (status, &problem["code"], &problem["field"]),
            (400, &json!("bad_request"), &json!(field)),
            "{wrong}"
        );
    }
    assert_eq!(put(&on, &town.clerk, &about()).await.0, 403);
    assert_eq!(on.get(&town.clerk, PATH).await, before);
}

/// The command line asks no less of it.
#[test]
fn a_number_that_nobody_can_dial_is_refused_on_the_command_line_too() {
    let data = tempfile::tempdir().unwrap();
    let buono = |words: &[&str]| {
        let done = Command::new(binary()).args(words).arg("--data").arg(data.path()).output().unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let add = |phone, email| {
        buono(&["municipality", "add", "--name", "Comune di Pievebassa", "--help-phone", phone, "--help-email", email])
    };
    for (phone, email, field) in
        [("chiedi in piazza", "buoni@pievebassa.example", "help_phone"), ("0599 000 200", "nessuno", "help_email")]
    {
        let (added, _, said) = add(phone, email);
        assert!(!added && said.contains(field), "{said}");
    }
    let (added, _, said) = add("0599 000 200", "buoni@pievebassa.example");
    assert!(added, "{said}");
    assert_eq!(buono(&["municipality", "list"]).1.lines().count(), 1, "only the last was added");
}
