//! From the files of one machine to servers: every sum, link, code, terminal and key goes along.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::payments::{Payments, Said, buono};
use tests::stores::Stores;
use tests::{Server, binary};

fn arguments(data: &Path, from: &Path, stores: &Stores) -> Vec<String> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let own = ["migrate".to_owned(), "--data".to_owned(), text(data), "--from".to_owned(), text(from)];
    [own.to_vec(), stores.options()].concat()
}

fn migrate(data: &Path, from: &Path, stores: &Stores) -> Said {
    buono(&arguments(data, from, stores), &[])
}

/// Starts the move and kills it after so long. Whether it was killed before it was done.
fn killed(data: &Path, from: &Path, stores: &Stores, after: Duration) -> bool {
    let mut command = Command::new(binary());
    let mut child = command.args(arguments(data, from, stores)).spawn().unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    !child.wait().unwrap().success()
}

/// The link of a voucher still opens its page.
async fn opens(server: &Server) {
    for voucher in server.demo["vouchers"].as_array().unwrap().iter().take(3) {
        let link = voucher["link"].as_str().unwrap();
        let answer = reqwest::get(link).await.unwrap();
        assert_eq!(answer.status(), 200, "{link}");
    }
}

async fn moves(stores: Stores, same_folder: bool) {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("old");
    let data = if same_folder { from.clone() } else { folder.path().join("new") };
    let (mut server, mut payments) = (Server::start(&from), Payments::default());
    payments.make(&server, 30).await;
    migrate(&data, &from, &stores).refused("is in use by another buono process: stop it first");
    server.kill();
    let mut kills = 0;
    for round in 0..12 {
        if !killed(&data, &from, &stores, Duration::from_millis(40 + 30 * round)) {
            break;
        }
        kills += 1;
    }
    assert!(kills > 0, "it was never killed half-way");
    if from.join("journal.db").exists() {
        migrate(&data, &from, &stores).well();
    }
    assert!(!from.join("journal.db").exists() && !from.join("ledger.db").exists(), "the old town could serve on");
    migrate(&data, &from, &stores).refused("it has moved already");
    let verify = ["verify", "--data", data.to_str().unwrap()];
    buono(&verify, &stores.options()).well();
    if !same_folder {
        std::fs::copy(from.join("demo.json"), data.join("demo.json")).unwrap();
    }
    let mut server = Server::start_with(&data, &stores.options());
    payments.still_known(&server, 30).await;
    opens(&server).await;
    // as before a rolling upgrade, while the nodes go on
    buono(&["migrate", "--data", data.to_str().unwrap()], &stores.options()).well();
    payments.make(&server, 10).await;
    payments.still_known(&server, 40).await;
    server.end();
    buono(&verify, &stores.options()).well();
}

#[tokio::test]
async fn a_town_moves_to_redis_and_postgres() {
    moves(Stores::redis_and_postgres(), false).await;
}

#[tokio::test]
async fn a_town_moves_to_postgres_alone_from_its_own_data_folder() {
    moves(Stores::postgres_alone(), true).await;
}

#[tokio::test]
async fn a_town_moves_only_to_where_nobody_is() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, data) = (folder.path().join("one"), folder.path().join("two"), folder.path().join("data"));
    for town in [&one, &two] {
        Server::start(town).end();
    }
    migrate(&data, &one, &Stores::files()).refused("say where the town moves to");
    let stores = Stores::redis_and_postgres();
    migrate(&data, &one, &stores).well();
    let elsewhere = folder.path().join("elsewhere");
    migrate(&elsewhere, &two, &stores).refused("is not empty");
    assert!(two.join("journal.db").exists() && two.join("ledger.db").exists(), "the town that stayed still can serve");
    migrate(&data, &two, &stores).refused("is another installation's key file");
    migrate(&data, &folder.path().join("nowhere"), &stores).refused("there is no town in it");
    assert!(!folder.path().join("nowhere").exists());
}
