//! Schemathesis over the real binary: whatever the document allows, and whatever it forbids, is
//! answered as it says. `tests/schemathesis.toml` is its configuration.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::town::{Caller, Installation, Town, done, key, text};

/// Things of each kind that exist.
const THINGS: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn schemathesis() -> PathBuf {
    let path = root().join("target/schemathesis/bin/schemathesis");
    assert!(path.is_file(), "{} is missing: run scripts/setup.sh test", path.display());
    path
}

/// Requests for each call in the phase of random ones. The long form finds what the short one cannot.
fn examples() -> Option<String> {
    std::env::var("BUONO_EXAMPLES").ok()
}

/// The secret of a session or a till.
fn token(caller: &Caller) -> String {
    caller.credential().rsplit(['=', ' ']).next().unwrap().to_owned()
}

/// Ids and codes of things that may be spent: those of the office from the town, those of the till
/// from the demonstration, whose vouchers have no PIN that guesses would lock.
async fn things(on: &Installation, town: &Town, till: &Caller) -> BTreeMap<&'static str, Vec<String>> {
    let mut things: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut add = |kind, value| things.entry(kind).or_default().push(value);
    for (at, voucher) in on.server.demo["vouchers"].as_array().unwrap().iter().take(THINGS).enumerate() {
        let code = text(&voucher["code"]);
        for (kind, path, cents) in [("hold_id", "/v1/holds", 500), ("operation_id", "/v1/redemptions", 700)] {
            let key = key();
            let request = on.request(till, Method::POST, path).header("Idempotency-Key", &key);
            let body = json!({"voucher": code, "amount_cents": cents});
            add(kind, text(&done(request.json(&body).send().await).await["operation_id"]));
            add("key", key);
        }
        // once, so that there is something left to be given back
        if at == 0 {
            let key = key();
            let request = on.request(till, Method::POST, "/v1/claims").header("Idempotency-Key", &key);
            add("claim_id", text(&done(request.json(&json!({})).send().await).await["claim_id"]));
            add("claim_key", key);
        }
        add("code", code);
        add("voucher_id", town.fresh_voucher(on).await.id);
        add("terminal_id", town.enrol(on, &town.shops[2]).await.0);
        add("programme_id", town.add_programme(on).await);
        add("staff_id", text(&on.post(till, "/v1/staff", &json!({"label": format!("Cassa {at}")})).await["staff_id"]));
        let asked = json!({"text": format!("Il lettore non legge più: {at}")});
        add("ticket_id", text(&on.post(&town.tills[0], "/v1/tickets", &asked).await["ticket_id"]));
        add("user_id", town.add_user(on).await);
        add("import_id", town.import_shops(on, 1).await);
    }
    let body = json!({"voucher": town.fresh_voucher(on).await.code, "amount_cents": 900});
    add("line_of_town", text(&on.post(&town.tills[0], "/v1/redemptions", &body).await["operation_id"]));
    add("claim_of_town", text(&on.post(&town.tills[0], "/v1/claims", &json!({})).await["claim_id"]));
    for _ in 0..500 {
        add("fresh_key", key());
    }
    for shop in &town.shops[2..] {
        add("shop_id", shop.clone());
    }
    let messages = on.get(&town.clerk, &format!("/v1/admin/messages?limit={THINGS}")).await;
    for message in messages["items"].as_array().unwrap() {
        add("message_id", text(&message["id"]));
    }
    things
}

fn run(on: &Installation, folder: &Path, credentials: [(&str, String); 3], selected: &[&str]) {
    let mut command = Command::new(schemathesis());
    command.current_dir(folder).envs(credentials);
    command.args(["--config-file", "schemathesis.toml", "run", &format!("{}/openapi.json", on.server.base_url)]);
    match examples() {
        Some(examples) => command.args(["--max-examples", &examples]),
        // the same requests each time: a test that fails by chance teaches nobody anything
        None => command.args(["--max-examples", "20", "--seed", "20261101"]),
    };
    let ended = command.args(selected).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    println!("{told}");
    assert!(ended.status.success(), "Schemathesis found something in {selected:?}:\n{told}");
    assert!(told.contains("Tested:") && !told.contains("Tested: 0"), "nothing was tried in {selected:?}");
}

#[tokio::test]
async fn the_interface_keeps_what_its_document_promises() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root().join("tests/schemathesis.toml"), folder.path().join("schemathesis.toml")).unwrap();
    let till = Caller::till(&text(&on.server.demo["terminals"][0]["token"]), "the demonstration");
    for (kind, values) in things(&on, &town, &till).await {
        let lines: Vec<String> = values.iter().map(|value| format!("\"{value}\"\n")).collect();
        fs::write(folder.path().join(format!("{kind}.txt")), lines.concat()).unwrap();
    }
    let credentials =
        |staff: &Caller| [("TILL", token(&till)), ("CITIZEN", token(&town.holder)), ("STAFF", token(staff))];
    let leaving = on.sign_in("municipal_admin@pievebassa.example", "municipal_admin", town.name).await;
    let ends = ["--exclude-operation-id", "sign_out", "--exclude-operation-id", "leave_shop"];
    let rest = [&["--exclude-tag", "municipalities"][..], &ends].concat();
    run(&on, folder.path(), credentials(&town.admin), &rest);
    run(&on, folder.path(), credentials(&on.operator), &["--include-tag", "municipalities"]);
    // they end what they are called with
    run(&on, folder.path(), credentials(&leaving), &["--include-operation-id", "sign_out"]);
    run(&on, folder.path(), credentials(&town.admin), &["--include-operation-id", "leave_shop"]);
    let alive = on.get(&Caller::nobody(), "/health/ready").await;
    assert_eq!(alive, json!({"status": "ready"}));
}
