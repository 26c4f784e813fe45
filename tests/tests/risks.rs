//! Settings that can lose answered payments: refused, named with their remedies, and shown to everybody
//! where whoever starts it accepts them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tests::stores::Stores;
use tests::{Server, binary};

const ACCEPT: &str = "--i-accept-losing-acknowledged-payments";

fn run(command: &str, data: &Path, options: &[String]) -> (Output, String) {
    let output = Command::new(binary()).arg(command).args(options).arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap();
    (output, said)
}

#[tokio::test]
async fn what_can_lose_payments_is_refused_and_shown_where_it_is_accepted() {
    let (stores, data) = (Stores::redis_and_postgres(), tempfile::tempdir().unwrap());
    let mut options = stores.options();
    let (fit, said) = run("doctor", data.path(), &options);
    assert!(!fit.status.success() && said.contains("library is missing"), "{said}");
    assert!(run("migrate", data.path(), &options).0.status.success());
    assert!(run("doctor", data.path(), &options).0.status.success());
    stores.make_unsafe();
    let (doctor, said) = run("doctor", data.path(), &options);
    assert!(!doctor.status.success());
    for (setting, remedy) in
        [("appendfsync is everysec", "appendfsync always"), ("fsync is off", "ALTER SYSTEM SET fsync = on")]
    {
        let line = said.lines().find(|line| line.contains(setting)).unwrap_or_else(|| panic!("{setting}: {said}"));
        assert!(line.contains(remedy), "{line}");
    }
    let mut serve = options.clone();
    serve.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
    let (refused, said) = run("serve", data.path(), &serve);
    assert!(!refused.status.success() && said.contains("appendfsync") && said.contains("fsync is off"), "{said}");
    options.push(ACCEPT.to_owned());
    let mut server = Server::start_with(data.path(), &options);
    let get = async |path: &str| reqwest::get(format!("{}{path}", server.base_url)).await.unwrap();
    let ready = get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["accepted_risks"].as_array().unwrap().len(), 2, "{ready}");
    assert!(get("/metrics").await.text().await.unwrap().contains("buono_accepted_risks 2"));
    assert!(get("/console").await.text().await.unwrap().contains("può perdere pagamenti"));
    server.end();
    // an installation that is as it must be says nothing of all this
    let plain = tempfile::tempdir().unwrap();
    let server = Server::start_with(plain.path(), &[ACCEPT]);
    let get =
        async |path: &str| reqwest::get(format!("{}{path}", server.base_url)).await.unwrap().text().await.unwrap();
    assert_eq!(get("/health/ready").await, r#"{"status":"ready"}"#);
    assert!(!get("/console").await.contains("può perdere pagamenti"));
    assert!(get("/metrics").await.contains("buono_accepted_risks 0"));
}
