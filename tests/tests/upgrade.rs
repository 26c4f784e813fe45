//! What a newer version left behind, under the real binary: it works on what was added, refuses in clear words what
//! was taken away or what it cannot read, and goes on when that is gone again (docs/decisions/0019).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use domain::ids::{PartitionId, VoucherId};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tests::Server;
use tests::payments::buono;
use tests::stores::Stores;
use tests::town::{Caller, Installation, key, text};

/// Every table of the ledger gets one more column, as an upgrade might give it.
const ADD_EVERYWHERE: &str = "DO $$ DECLARE t RECORD; BEGIN
    FOR t IN SELECT oid::regclass AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_sqlx%'
    LOOP EXECUTE format('ALTER TABLE %s ADD COLUMN later TEXT NOT NULL DEFAULT ''more''', t.name); END LOOP; END $$";
const ADDED: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    VALUES (9001, 'add later', true, '\\x00', 0)";

fn noted(table: &str, description: &str) -> String {
    format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time)
         VALUES (9002, '{description}', true, '\\x00', 0)"
    )
}

async fn pay(server: &Server, voucher: usize, key: &str) -> (StatusCode, Value) {
    let demo = &server.demo;
    let request = Client::new()
        .post(format!("{}/v1/redemptions", server.base_url))
        .bearer_auth(demo["terminals"][0]["token"].as_str().unwrap())
        .header("Idempotency-Key", key)
        .json(&json!({"voucher": demo["vouchers"][voucher]["qr_text"], "amount_cents": 1}));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Everything that reads rows, tried by the office and by a till.
async fn goes_on(on: &Installation, clerk: &Caller, round: &str) {
    for voucher in 0..8 {
        let (status, paid) = pay(&on.server, voucher, &format!("added-{round}-{voucher}")).await;
        assert_eq!(status, StatusCode::CREATED, "{paid}");
    }
    let till = Caller::till(&text(&on.server.demo["terminals"][0]["token"]), "a shop");
    on.get(&till, "/v1/operations?limit=5").await;
    for list in ["vouchers", "shops", "programmes", "messages", "users", "imports"] {
        on.get(clerk, &format!("/v1/admin/{list}?limit=5")).await;
    }
    let voucher = on.get(clerk, "/v1/admin/vouchers?limit=1").await["items"][0]["id"].clone();
    on.get(clerk, &format!("/v1/admin/vouchers/{}", text(&voucher))).await;
    // the directory is read again
    let shop = text(&on.server.demo["terminals"][0]["shop_id"]);
    on.post(clerk, &format!("/v1/admin/shops/{shop}/enrolments"), &Value::Null).await;
}

async fn clerk(on: &Installation) -> Caller {
    let staff = on.server.demo["staff"].as_array().unwrap().iter().find(|staff| staff["role"] == "clerk").unwrap();
    let body = json!({"email": staff["email"], "password": staff["password"]});
    let request = on.request(&Caller::nobody(), reqwest::Method::POST, "/v1/admin/session");
    let answer = request.header("Idempotency-Key", key()).json(&body).send().await.unwrap();
    Caller::signed_in("clerk", "the town", answer)
}

#[tokio::test]
async fn a_ledger_that_a_newer_version_migrated_is_worked_on_by_the_older_one() {
    let (stores, data) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let (postgres, options) = (stores.postgres.as_ref().unwrap(), stores.options());
    let server = Server::start_with(data.path(), &options);
    let on = Installation { server, operator: Caller::nobody() };
    let clerk_before = clerk(&on).await;
    goes_on(&on, &clerk_before, "before").await;
    // under the running node, all of whose statements are prepared
    postgres.sql(ADD_EVERYWHERE);
    postgres.sql(ADDED);
    goes_on(&on, &clerk_before, "meanwhile").await;
    let Installation { mut server, .. } = on;
    server.end();
    let data_option = ["--data", data.path().to_str().unwrap()];
    for command in ["migrate", "doctor", "verify"] {
        buono(&[&[command], &data_option[..]].concat(), &options).well();
    }
    let on = Installation { server: Server::start_with(data.path(), &options), operator: Caller::nobody() };
    let clerk_after = clerk(&on).await;
    goes_on(&on, &clerk_after, "afterwards").await;
}

#[test]
fn tables_that_have_lost_what_this_version_needs_are_left_alone() {
    let (stores, data) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let (postgres, options) = (stores.postgres.as_ref().unwrap(), stores.options());
    let data = ["--data", data.path().to_str().unwrap()];
    buono(&[&["migrate"], &data[..]].concat(), &options).well();
    for table in ["_sqlx_migrations", "journal.migration"] {
        postgres.sql(&noted(table, "needs 9001 drop old marks"));
        for command in ["migrate", "serve"] {
            let listen: &[&str] = if command == "serve" { &["--listen", "127.0.0.1:0"] } else { &[] };
            let said = buono(&[&[command], listen, &data[..]].concat(), &options);
            said.refused("is too old for these tables: migration 9002 took away what it uses");
        }
        // it needs nothing that this version lacks
        postgres.sql(&format!("UPDATE {table} SET description = 'needs 0001 drop old marks' WHERE version = 9002"));
        buono(&[&["migrate"], &data[..]].concat(), &options).well();
    }
}

/// Whether the figure for the alarm says that the partition is out of service.
async fn halted(server: &Server, partition: &str) -> bool {
    let text = reqwest::get(format!("{}/metrics", server.base_url)).await.unwrap().text().await.unwrap();
    let figure = format!("buono_journal_halted{{partition=\"{partition}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&figure)).unwrap() == "1"
}

/// The partitions of which the node says that a newer version is needed.
async fn told(server: &Server) -> Vec<String> {
    let ready: Value = reqwest::get(format!("{}/health/ready", server.base_url)).await.unwrap().json().await.unwrap();
    let reasons = ready["reasons"].as_array().cloned().unwrap_or_default();
    reasons.iter().map(text).collect()
}

#[tokio::test]
async fn a_batch_of_a_newer_form_halts_its_partition_alone_until_a_version_runs_that_reads_it() {
    let (stores, data) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let (postgres, options) = (stores.postgres.as_ref().unwrap(), stores.options());
    let mut server = Server::start_with(data.path(), &options);
    for voucher in 0..20 {
        let (status, paid) = pay(&server, voucher, &format!("the-first-{voucher}")).await;
        assert_eq!(status, StatusCode::CREATED, "{paid}");
    }
    server.end();
    // a partition in which one of them paid
    let paid = server.demo["vouchers"][0]["voucher_id"].as_str().unwrap().parse().unwrap();
    let count = postgres.sql("SELECT count(*) FROM journal.fence").parse().unwrap();
    let victim = PartitionId::of(VoucherId::new(paid), count).to_string();
    let last = postgres.sql(&format!("SELECT max(last_seq) FROM journal.batch WHERE partition = {victim}"));
    let before = postgres
        .sql(&format!("SELECT max(last_seq) FROM journal.batch WHERE partition = {victim} AND last_seq < {last}"));
    let form = |form: u8| {
        let which = format!("WHERE partition = {victim} AND last_seq = {last}");
        postgres.sql(&format!("UPDATE journal.batch SET bytes = set_byte(bytes, 0, {form}) {which}"));
    };
    form(2);
    let fences = || postgres.sql(&format!("SELECT epoch, seq FROM journal.fence WHERE partition = {victim}"));
    let fence = fences();
    let command = ["verify", "--data", data.path().to_str().unwrap()];
    buono(&command, &options).refused(&format!(
        "partition {victim}, behind record {before}: the journal: a batch has form 2, which only a newer version"
    ));
    // whoever cannot read it serves the others
    let serve = [&options[..], &["--workers".to_owned(), "true".to_owned()]].concat();
    let mut server = Server::serve(data.path(), &serve);
    let reasons = told(&server).await;
    let expected =
        format!("partition {victim}: the journal has a form that only a newer version of buono reads; record");
    assert!(reasons.len() == 1 && reasons[0].starts_with(&expected), "{reasons:?}");
    assert!(halted(&server, &victim).await);
    let (mut served, mut refused) = (0, 0);
    for voucher in 0..20 {
        let (status, answer) = pay(&server, voucher, &format!("halted-{voucher}")).await;
        match (status.as_u16(), answer["code"].as_str()) {
            (201, None) => served += 1,
            (503, Some("out_of_service")) => refused += 1,
            _ => panic!("{status} {answer}"),
        }
    }
    assert!(served > 0 && refused > 0, "{served} served, {refused} refused");
    // it could not end in order: what it has not understood is not in the ledger
    server.kill();
    assert_eq!(fences(), fence, "nothing was written over it");
    form(1);
    let server = Server::serve(data.path(), &serve);
    assert!(told(&server).await.is_empty() && !halted(&server, &victim).await);
    for voucher in 0..20 {
        let (status, answer) = pay(&server, voucher, &format!("halted-{voucher}")).await;
        assert!(status.is_success(), "{answer}");
        let (status, answer) = pay(&server, voucher, &format!("the-first-{voucher}")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
}
