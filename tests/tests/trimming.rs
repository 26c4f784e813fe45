//! The journal lets go of what ledger and backup hold, and everything still verifies, answers and comes back.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::payments::{Payments, buono};
use tests::stores::Stores;
use tests::worker::Worker;
use tests::{Server, binary};

async fn figure(server: &Server, name: &str) -> Option<f64> {
    sum(server, |line| line.split([' ', '{']).next() == Some(name)).await
}

async fn sum(server: &Server, counts: impl Fn(&str) -> bool) -> Option<f64> {
    let text = reqwest::get(format!("{}/metrics", server.base_url)).await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| counts(line));
    lines.filter_map(|line| line.split(' ').next_back()?.parse().ok()).reduce(|sum: f64, next| sum + next)
}

/// Waits until the figure is as it must be; the workers look every few seconds.
async fn becomes(server: &Server, name: &str, good: impl Fn(f64) -> bool) {
    for _ in 0..600 {
        if figure(server, name).await.is_some_and(&good) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{name} is {:?}", figure(server, name).await);
}

fn on(data: &Path, command: &[&str], stores: &Stores) -> tests::payments::Said {
    buono(&[command, &["--data", data.to_str().unwrap()]].concat(), &stores.options())
}

async fn trims(stores: Stores, others: Stores) {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path().join("data"), |name: &str| folder.path().join(name).to_str().unwrap().to_owned());
    let options =
        [stores.options(), ["--journal-keep-days", "0", "--partitions", "1"].map(str::to_owned).to_vec()].concat();
    let mut payments = Payments::default();
    let mut server = Server::start_with(&data, &options);
    payments.make(&server, 20).await;
    becomes(&server, "buono_journal_kept_records", |kept| kept > 500.0).await;
    becomes(&server, "buono_journal_bytes", |bytes| bytes > 1_000.0).await;
    becomes(&server, "buono_journal_lag_records", |records| records == 0.0).await;
    assert_eq!(figure(&server, "buono_journal_trimmed_records_total").await, None, "there is no backup yet");
    on(&data, &["backup", "--to", &path("first")], &stores).well();
    // what the backup holds goes, but for the batch that vouches for the fence
    becomes(&server, "buono_journal_kept_records", |kept| kept < 20.0).await;
    assert!(figure(&server, "buono_backup_age_seconds").await.is_some_and(|age| age < 600.0));
    payments.make(&server, 20).await;
    server.end();
    on(&data, &["verify", "--export-head", &path("head.json")], &stores).well();
    on(&data, &["backup", "--to", &path("second"), "--with-key"], &stores).well();
    let mut server = Server::start_with(&data, &options);
    payments.make(&server, 5).await;
    becomes(&server, "buono_journal_kept_records", |kept| kept < 15.0).await;
    payments.outcomes_known(&server).await;
    server.end();
    // a head from before what it knows of was trimmed
    on(&data, &["verify", "--head", &path("head.json")], &stores).well();
    // the trimmed journal comes back elsewhere
    let there = folder.path().join("there");
    on(&there, &["restore", "--from", &path("second")], &others).well();
    on(&there, &["verify"], &others).well();
    std::fs::copy(data.join("demo.json"), there.join("demo.json")).unwrap();
    let mut server = Server::start_with(&there, &others.options());
    payments.outcomes_known_of(&server, 40).await;
    server.end();
    on(&there, &["verify", "--head", &path("head.json")], &others).well();
}

#[tokio::test]
async fn a_file_is_trimmed() {
    trims(Stores::files(), Stores::redis_and_postgres()).await;
}

#[tokio::test]
async fn redis_is_trimmed() {
    trims(Stores::redis_and_postgres(), Stores::postgres_alone()).await;
}

#[tokio::test]
async fn an_older_ledger_under_a_trimmed_journal_catches_up_and_is_trimmed_on() {
    let (folder, stores) = (tempfile::tempdir().unwrap(), Stores::files());
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let options = ["--journal-keep-days", "0"];
    let mut payments = Payments::default();
    let mut server = Server::start_with(&data, &options);
    payments.make(&server, 10).await;
    on(&data, &["backup", "--to", copy.to_str().unwrap()], &stores).well();
    becomes(&server, "buono_journal_kept_records", |kept| kept < 20.0).await;
    payments.make(&server, 10).await;
    server.end();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("ledger.db{end}")));
    }
    on(&data, &["restore", "--only", "ledger", "--from", copy.to_str().unwrap()], &stores).well();
    on(&data, &["verify"], &stores).well();
    let mut server = Server::start_with(&data, &options);
    payments.outcomes_known(&server).await;
    let later = folder.path().join("later");
    on(&data, &["backup", "--to", later.to_str().unwrap()], &stores).well();
    becomes(&server, "buono_journal_kept_records", |kept| kept < 5.0).await;
    server.end();
    on(&data, &["verify"], &stores).well();
}

#[tokio::test]
async fn a_backup_whose_ledger_was_behind_its_journal_still_brings_the_ledger_back_by_itself() {
    let (folder, mut stores) = (tempfile::tempdir().unwrap(), Stores::redis_and_postgres());
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let mut payments = Payments::default();
    Server::start_with(&data, &[stores.options(), ["--partitions", "1"].map(str::to_owned).to_vec()].concat()).end();
    let mut program = Command::new(binary());
    program.args(["serve", "--workers", "false"]).args(stores.options());
    let mut server = Server::start_as(&data, program);
    let projector = Worker::start(&data, &stores.options(), "projector").await;
    payments.make(&server, 5).await;
    projector.end();
    payments.make(&server, 10).await;
    on(&data, &["backup", "--to", copy.to_str().unwrap()], &stores).well();
    let projector = Worker::start(&data, &stores.options(), "projector").await;
    let end = figure(&server, "buono_journal_durable_seq").await;
    while projector.figure("buono_projector_seq").await != end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    projector.end();
    // the first look takes all that may go
    let trimming = [stores.options(), ["--journal-keep-days", "0"].map(str::to_owned).to_vec()].concat();
    let worker = Worker::start(&data, &trimming, "all").await;
    while worker.figure("buono_journal_trimmed_records_total").await.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.end();
    server.end();
    let survived = Stores { redis: stores.redis.take(), ..Stores::postgres_alone() };
    on(&data, &["restore", "--only", "ledger", "--from", copy.to_str().unwrap()], &survived).well();
    on(&data, &["verify"], &survived).well();
    let mut server = Server::start_with(&data, &survived.options());
    payments.outcomes_known(&server).await;
    server.end();
}

#[tokio::test]
async fn while_the_ledger_is_away_its_lag_grows() {
    let (folder, stores) = (tempfile::tempdir().unwrap(), Stores::redis_and_postgres());
    let mut payments = Payments::default();
    let server = Server::start_with(&folder.path().join("data"), &stores.options());
    payments.make(&server, 20).await;
    becomes(&server, "buono_journal_kept_records", |kept| kept > 500.0).await;
    becomes(&server, "buono_journal_lag_records", |records| records == 0.0).await;
    stores.crash_ledger();
    payments.make(&server, 5).await;
    becomes(&server, "buono_journal_lag_records", |records| records >= 5.0).await;
    becomes(&server, "buono_journal_lag_seconds", |seconds| seconds > 10.0).await;
    stores.resume_ledger();
    becomes(&server, "buono_journal_lag_seconds", |seconds| seconds == 0.0).await;
}

#[tokio::test]
async fn while_a_primary_is_away_the_others_are_trimmed() {
    let (folder, mut stores) = (tempfile::tempdir().unwrap(), Stores::three_redis_and_postgres());
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let options = [stores.options(), ["--journal-keep-days", "0"].map(str::to_owned).to_vec()].concat();
    let mut payments = Payments::default();
    let mut server = Server::start_with(&data, &options);
    payments.make(&server, 20).await;
    becomes(&server, "buono_journal_kept_records", |kept| kept > 500.0).await;
    // the last batch of each partition stays, and shall be none of the many issues
    payments.make_everywhere(&server).await;
    becomes(&server, "buono_journal_lag_records", |records| records == 0.0).await;
    on(&data, &["backup", "--to", copy.to_str().unwrap()], &stores).well();
    // the second of three has these partitions
    stores.further[0].crash();
    let elsewhere = |line: &str| {
        let kept = line.strip_prefix("buono_journal_kept_records{partition=\"");
        kept.is_some_and(|rest| !["1\"", "4\"", "7\""].iter().any(|away| rest.starts_with(away)))
    };
    let mut looks = 600;
    while sum(&server, elsewhere).await.is_none_or(|kept| kept > 30.0) {
        looks -= 1;
        assert!(looks > 0, "what the others keep: {:?}", sum(&server, elsewhere).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stores.further[0].resume();
    becomes(&server, "buono_journal_kept_records", |kept| kept < 50.0).await;
    payments.outcomes_known(&server).await;
    server.end();
    on(&data, &["verify"], &stores).well();
}
