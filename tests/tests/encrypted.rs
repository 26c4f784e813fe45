//! A town over stores that are reached with TLS: everything that it does elsewhere.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use std::path::Path;
use tests::Server;
use tests::certificates::Certificates;
use tests::payments::{Payments, buono};
use tests::stores::Stores;

/// The options of a command, in a data folder.
fn at(data: &Path, options: &[String]) -> Vec<String> {
    [options, &["--data".to_owned(), data.to_str().unwrap().to_owned()]].concat()
}

/// Another value for an option.
fn with(options: &[String], option: &str, value: &str) -> Vec<String> {
    let mut options = options.to_vec();
    let place = options.iter().position(|one| one == option).unwrap();
    options[place + 1] = value.to_owned();
    options
}

fn value<'options>(options: &'options [String], option: &str) -> &'options str {
    &options[options.iter().position(|one| one == option).unwrap() + 1]
}

/// Payments, a crash, the same payments again, a backup, verification, and a copy that comes back.
async fn a_town_lives(stores: Stores, empty: Stores) {
    let (data, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = stores.options();
    let mut payments = Payments::default();
    let mut server = Server::start_with(data.path(), &options);
    payments.make(&server, 20).await;
    let copy = copies.path().join("copy");
    let mut backup = at(data.path(), &options);
    backup.extend(["--to".to_owned(), copy.to_str().unwrap().to_owned(), "--with-key".to_owned()]);
    buono(&["backup"], &backup).well();
    payments.make(&server, 20).await;
    server.kill();
    let mut server = Server::start_with(data.path(), &options);
    payments.still_known(&server, payments.count()).await;
    payments.make(&server, 5).await;
    server.end();
    buono(&["verify"], &at(data.path(), &options)).well();
    let said = buono(&["doctor"], &at(data.path(), &options)).well();
    assert!(said.contains("everything that safety depends on") && !said.contains("without TLS"), "{said}");
    let demo = std::fs::read(data.path().join("demo.json")).unwrap();
    let (data, options) = (tempfile::tempdir().unwrap(), empty.options());
    let mut restore = at(data.path(), &options);
    restore.extend(["--from".to_owned(), copy.to_str().unwrap().to_owned()]);
    buono(&["restore"], &restore).well();
    // what the tills themselves know
    std::fs::write(data.path().join("demo.json"), demo).unwrap();
    payments.outcomes_known_of(&Server::start_with(data.path(), &options), 20).await;
}

#[tokio::test]
async fn a_town_lives_over_tls_on_redis_and_postgres() {
    a_town_lives(Stores::encrypted_redis_and_postgres(), Stores::encrypted_redis_and_postgres()).await;
}

#[tokio::test]
async fn a_town_lives_over_tls_on_postgres_alone() {
    a_town_lives(Stores::encrypted_postgres_alone(), Stores::encrypted_postgres_alone()).await;
}

/// Every command opens the stores in the same way; `doctor` is the one that operators ask.
#[test]
fn the_doctor_says_which_server_is_not_who_it_should_be() {
    let (stores, others) = (Stores::encrypted_redis_and_postgres(), Certificates::new());
    let (data, options) = (tempfile::tempdir().unwrap(), stores.options());
    let doctor = |options: &[String]| buono(&["doctor"], &at(data.path(), options));
    buono(&["migrate"], &at(data.path(), &options)).well();
    doctor(&options).well();
    let foreign = with(&options, "--store-ca", others.authority().to_str().unwrap());
    doctor(&foreign).refused("no authority that is trusted here has signed it");
    let by_number = value(&options, "--postgres").replace("localhost", "127.0.0.1");
    doctor(&with(&options, "--postgres", &by_number)).refused("by a name that its certificate has");
    let by_number = value(&options, "--redis").replace("localhost", "127.0.0.1");
    doctor(&with(&options, "--redis", &by_number)).refused("by a name that its certificate has");
    let plain = value(&options, "--redis").replace("rediss", "redis");
    doctor(&with(&options, "--redis", &plain)).refused("write rediss://");
    let plain = value(&options, "--postgres").replace("verify-full", "disable");
    doctor(&with(&options, "--postgres", &plain)).refused("add sslmode=verify-full");
    let missing = with(&options, "--store-ca", "/nowhere/ca.pem");
    doctor(&missing).refused("--store-ca: /nowhere/ca.pem: No such file");
    let opportunist = value(&options, "--postgres").replace("verify-full", "prefer");
    doctor(&with(&options, "--postgres", &opportunist)).refused("--postgres: sslmode=prefer");
}

#[test]
fn what_goes_over_a_network_in_the_clear_is_a_warning() {
    let stores = Stores::redis_and_postgres();
    let (data, options) = (tempfile::tempdir().unwrap(), stores.options());
    buono(&["migrate"], &at(data.path(), &options)).well();
    let said = buono(&["doctor"], &at(data.path(), &options)).well();
    assert!(!said.contains("without TLS") && said.contains("there is no maxmemory"), "{said}");
    // a name for this machine of which a program cannot know that it is one
    let elsewhere: Vec<String> = options.iter().map(|option| option.replace("127.0.0.1", "127.1")).collect();
    let said = buono(&["doctor"], &at(data.path(), &elsewhere)).well();
    for warning in ["warning: Postgres at 127.1:", "warning: Redis at 127.1:"] {
        assert!(said.contains(warning), "{said}");
    }
    let certificates = Certificates::new();
    let authority = ["--store-ca".to_owned(), certificates.authority().to_string_lossy().into_owned()];
    let unused = [elsewhere.as_slice(), &authority].concat();
    buono(&["doctor"], &at(data.path(), &unused)).refused("no store is reached with TLS");
}
