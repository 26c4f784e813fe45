//! Servers that leave the work to others: the ledger is written by processes that come, go and are
//! killed, on a Postgres that is killed too, and everybody hears of it all the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::nodes::{follow, hears};
use tests::payments::{Payments, buono};
use tests::stores::Stores;
use tests::worker::Worker;
use tests::{Server, binary, messages};

/// Pays a cent, and says what is left.
async fn pay(server: &Server, voucher: &Value, key: &str) -> i64 {
    let request = Client::new().post(format!("{}/v1/redemptions", server.base_url));
    let answer = request
        .bearer_auth(server.demo["terminals"][0]["token"].as_str().unwrap())
        .header("Idempotency-Key", key)
        .json(&json!({"voucher": voucher["qr_text"], "amount_cents": 1}))
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    body["balance_cents"].as_i64().unwrap()
}

/// How many operations the till's shop has, as the ledger shows them once it has caught up.
async fn operations(server: &Server) -> usize {
    let till = server.demo["terminals"][0]["token"].as_str().unwrap();
    for _ in 0..100 {
        let url = format!("{}/v1/operations?limit=500", server.base_url);
        let answer = Client::new().get(url).bearer_auth(till).send().await.unwrap();
        if answer.status().is_success() {
            let page: Value = answer.json().await.unwrap();
            return page["items"].as_array().unwrap().len();
        }
        // Postgres is not back yet, or the ledger is not there yet
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the ledger does not catch up");
}

/// A voucher whose family was sent its link, and to whom it went: not every family has a phone.
async fn told(server: &Server, data: &Path) -> (Value, String) {
    let vouchers = server.demo["vouchers"].as_array().unwrap();
    loop {
        for message in messages(data) {
            let text = message["text"].as_str().unwrap();
            let token = |voucher: &Value| voucher["link"].as_str().unwrap().rsplit_once('#').unwrap().1.to_owned();
            if let Some(voucher) = vouchers.iter().find(|voucher| text.contains(&token(voucher))) {
                return (voucher.clone(), message["to"].as_str().unwrap().to_owned());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many messages somebody got, each counted once: whoever dies with one in hand sends it twice.
fn heard(data: &Path, who: &str) -> usize {
    let to = |message: &&Value| message["to"] == who;
    messages(data).iter().filter(to).map(|message| message["id"].to_string()).collect::<BTreeSet<_>>().len()
}

fn server_without_workers(data: &Path, options: &[String]) -> Server {
    let mut program = Command::new(binary());
    program.args(["serve", "--workers", "false"]).args(options);
    Server::start_as(data, program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_do_the_work_and_everybody_hears_of_it() {
    let (stores, data) = (Stores::redis_and_postgres(), tempfile::tempdir().unwrap());
    let options = stores.options();
    Server::start_with(data.path(), &options).end();
    let mut server = server_without_workers(data.path(), &options);
    let first = Worker::start(data.path(), &options, "all").await;
    let mut second = Worker::start(data.path(), &options, "projector").await;
    let (voucher, family) = told(&server, data.path()).await;
    let mut events = follow(&server, &voucher).await;
    let mut paid = 0;
    for kill in 0..5 {
        for _ in 0..20 {
            paid += 1;
            let left = pay(&server, &voucher, &format!("payment-{paid:04}")).await;
            if paid % 10 == 0 {
                hears(&mut events, left).await;
            }
        }
        assert_eq!(operations(&server).await, paid, "after {kill} kills");
        paid += 1;
        pay(&server, &voucher, &format!("payment-{paid:04}")).await;
        stores.crash_ledger();
        paid += 1;
        pay(&server, &voucher, &format!("payment-{paid:04}")).await;
        second.kill();
        stores.resume_ledger();
        second = Worker::start(data.path(), &options, "projector").await;
    }
    assert_eq!(operations(&server).await, paid);
    assert!(first.figure("buono_projector_records_total").await.is_some_and(|records| records > 0.0));
    assert_eq!(first.figure("buono_projector_stopped").await, None);
    // the link and the messages of all purchases go, and only the first worker sends any
    while heard(data.path(), &family) < 1 + paid {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    first.end();
    second.end();
    server.end();
    let verified = Command::new(binary()).arg("verify").args(&options).arg("--data").arg(data.path()).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// Only `migrate` needs the owner's address, with both stores on Postgres, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_serves_need_not_own_the_tables() {
    let (stores, folder) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let postgres = stores.postgres.as_ref().unwrap();
    let serving = |option: String| option.replace("postgres@", "server@");
    let options: Vec<_> = stores.options().into_iter().map(serving).collect();
    let data = folder.path().join("town");
    let run =
        |command: &[&str], options: &[String]| buono(&[command, &["--data", data.to_str().unwrap()]].concat(), options);
    run(&["migrate"], &stores.options()).well();
    postgres.sql("CREATE ROLE server LOGIN; GRANT buono_app TO server");
    run(&["doctor"], &options).refused("GRANT buono_journal");
    postgres.sql("GRANT buono_journal TO server");
    let mut server = Server::start_with(&data, &options);
    let mut payments = Payments::default();
    payments.make(&server, 20).await;
    server.kill();
    server = Server::start_with(&data, &options);
    payments.still_known(&server, payments.count()).await;
    run(&["backup", "--to", folder.path().join("backup").to_str().unwrap()], &options).well();
    run(&["doctor"], &options).well();
    server.end();
    run(&["verify"], &options).well();
    // neither may it change tables, nor does the ledger's half see the journal's
    for (role, denied) in [
        ("server", "DROP TABLE journal.batch"),
        ("server", "UPDATE journal.batch SET bytes = bytes"),
        ("server", "DELETE FROM journal.fence"),
        ("buono_app", "SELECT FROM journal.batch"),
        ("buono_journal", "SELECT FROM operation"),
    ] {
        let tried = postgres.psql().args(["-c", &format!("SET ROLE {role}; {denied}")]).output().unwrap();
        assert!(!tried.status.success(), "{role}: {denied}");
    }
}

/// A folder that lacks the installation's key, or has another's, seals nothing.
#[test]
fn only_the_installations_own_key_seals() {
    let (stores, folder) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    let run = |command: &[&str], data: &str| {
        buono(&[command, &["--data", path(data).to_str().unwrap()]].concat(), &stores.options())
    };
    let add = |email: &str, data: &str| {
        let who = ["--email", email, "--role", "operator", "--password", "correct horse battery", "--totp"];
        run(&[&["user", "add"], &who[..]].concat(), data)
    };
    run(&["migrate"], "own").well();
    // nothing was written with a key yet, and doctor makes none
    run(&["doctor"], "own").well();
    assert!(!path("own").join("key").exists());
    assert!(add("one@b.example", "own").well().contains("second factor"));
    run(&["doctor"], "own").well();
    let words = "copy the key file of another node";
    add("two@b.example", "new").refused(words);
    run(&["doctor"], "new").refused(words);
    assert!(!path("new").join("key").exists(), "no key of its own was made");
    std::fs::write(path("new").join("key"), [9; 32]).unwrap();
    assert!(Command::new("chmod").arg("600").arg(path("new").join("key")).status().unwrap().success());
    let words = "is not this installation's key file";
    add("two@b.example", "new").refused(words);
    run(&["doctor"], "new").refused(words);
}

/// In the wrong folder there is no empty town in which all is well.
#[test]
fn whoever_looks_at_an_installation_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run = |command: &[&str], data: &str| buono(&[command, &["--data", path(data).to_str().unwrap()]].concat(), &[]);
    let (who, password) = (["--email", "o@b.example"], ["--password", "correct horse battery"]);
    let looks: Vec<Vec<&str>> = vec![
        vec!["doctor"],
        vec!["verify"],
        vec!["municipality", "list"],
        vec!["user", "list"],
        [&["user", "password"], &who[..], &password[..]].concat(),
        [&["user", "totp"], &who[..]].concat(),
        [&["user", "disable"], &who[..]].concat(),
        [&["user", "enable"], &who[..]].concat(),
    ];
    std::fs::create_dir(path("empty")).unwrap();
    for command in &looks {
        for data in ["nowhere", "empty"] {
            let said = run(command, data).refused("say with --data in which folder it is");
            assert!(said.contains(path(data).to_str().unwrap()), "{said}");
        }
        assert!(!path("nowhere").exists(), "{command:?}");
        assert!(std::fs::read_dir(path("empty")).unwrap().next().is_none(), "{command:?}");
    }
    // the first user comes before the first start
    run(&[&["user", "add", "--role", "operator"], &who[..], &password[..]].concat(), "town").well();
    run(&["migrate"], "town").well();
    for command in &looks {
        run(command, "town").well();
    }
    let said = run(&["doctor"], "town").well();
    let looked_at = format!("{}: the ledger in a file, the journal in a file", path("town").display());
    assert!(said.contains(&looked_at), "{said}");
}

#[test]
fn files_belong_to_one_process() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Command::new(binary());
    program.args(["work", "--base-url", "https://buono.example", "--data"]).arg(data.path());
    let refused = program.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("--postgres"), "{said}");
    assert!(std::fs::read_dir(data.path()).unwrap().next().is_none(), "nothing was made");
}
