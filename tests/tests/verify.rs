//! `buono verify`: whatever somebody changes in the stores, it is found, and the record is named.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::ids::{PartitionId, ShopId};
use domain::record::Body;
use domain::voucher::{Event, Origin};
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::{Path, PathBuf};
use store::journal::{Batch, Head, Journal, SqliteJournal};
use tests::Server;
use tests::payments::{Payments, Said, buono};
use tests::stores::Stores;
use tests::town::{client, done, key, text};
use uuid::Uuid;

const P: PartitionId = PartitionId(0);

/// A town on files in which some things were paid, and whose server has ended.
struct Town {
    folder: tempfile::TempDir,
    payments: Payments,
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut town = Self { folder, payments: Payments::default() };
        town.goes_on(12).await;
        town
    }

    async fn goes_on(&mut self, payments: usize) {
        let mut server = Server::start(&self.data());
        self.payments.make(&server, payments).await;
        server.end();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self, options: &[&str]) -> Said {
        let data = self.data();
        buono(&[&["verify", "--data", data.to_str().unwrap()], options].concat(), &[])
    }

    fn ledger(&self, statement: &str) {
        Connection::open(self.data().join("ledger.db")).unwrap().execute_batch(statement).unwrap();
    }
}

fn batches(data: &Path) -> Vec<std::sync::Arc<Batch>> {
    SqliteJournal::reader(&data.join("journal.db")).unwrap().read(P, 1, usize::MAX).unwrap()
}

/// What an administrator of the databases can do: give the payment at this record to another shop, and make
/// every checksum and chain behind it anew, in the journal and in the ledger.
fn forge(data: &Path, target: u64, shop: Uuid) {
    let (journal, ledger) = (Connection::open(data.join("journal.db")), Connection::open(data.join("ledger.db")));
    let (journal, ledger) = (journal.unwrap(), ledger.unwrap());
    let mut head = Head::START;
    for batch in batches(data) {
        let bodies = batch.records().iter().map(|record| match record.body {
            Body::Entry(mut entry) if record.seq == target => {
                let Origin::Till { terminal, .. } = entry.origin else { panic!("no payment") };
                entry.origin = Origin::Till { shop: ShopId::new(shop), terminal };
                Body::Entry(entry)
            }
            body => body,
        });
        let forged = Batch::encode(batch.epoch(), &head, bodies.collect::<Vec<_>>().into_iter());
        head = forged.head();
        let changed =
            journal.execute("UPDATE batch SET bytes = ?1 WHERE place = ?2", params![forged.bytes(), head.seq]);
        assert_eq!(changed.unwrap(), 1);
        if let Some(index) = target.checked_sub(forged.first_seq()).filter(|index| *index < forged.len() as u64) {
            let record = forged.record_bytes(usize::try_from(index).unwrap());
            let statement = "UPDATE operation SET record = ?1, shop_id = ?2 WHERE seq = ?3";
            assert_eq!(ledger.execute(statement, params![record, shop.as_bytes(), target]).unwrap(), 1);
        }
    }
    journal.execute("UPDATE fence SET chain = ?1", params![head.chain]).unwrap();
    ledger.execute("UPDATE checkpoint SET chain = ?1", params![head.chain]).unwrap();
}

/// A payment that nobody made, with this id and in this partition, like one that somebody made.
fn forged(id: &str, partition: &str) -> String {
    format!(
        "INSERT INTO operation SELECT {id}, {partition}, seq + 1000000, voucher_id, voucher_seq + 1000, municipality_id,
            kind, shop_id, terminal_id, user_id, {id}, amount_cents, balance_after_cents, held_after_cents, decided_at,
            decline, target_id, reversed_cents, record FROM operation WHERE kind = 'redeem' LIMIT 1"
    )
}

/// The last payment that is in the journal.
fn last_payment(data: &Path) -> u64 {
    let is_payment = |body: &Body| matches!(body, Body::Entry(entry) if matches!(entry.event, Event::Redeem { .. }));
    let all = batches(data);
    let records = all.iter().flat_map(|batch| batch.records());
    records.filter(|record| is_payment(&record.body)).map(|record| record.seq).max().unwrap()
}

#[tokio::test]
async fn an_exported_head_finds_what_was_changed_together_with_every_chain() {
    let mut town = Town::new().await;
    let (head, later) = (town.file("head.json"), town.file("later.json"));
    let (head, later) = (head.to_str().unwrap(), later.to_str().unwrap());
    assert!(town.verify(&["--export-head", head]).well().contains("records verified"));
    let target = last_payment(&town.data()) - 4;
    town.goes_on(8).await;
    town.verify(&["--head", head, "--export-head", later]).well();
    forge(&town.data(), target, Uuid::from_u128(7));
    town.verify(&[]).well();
    let words = format!("from record {target} on");
    let said = town.verify(&["--head", head]).refused(&words);
    assert!(said.contains("partition 0 differs from the head exported on 20"), "{said}");
    town.verify(&["--head", later, "--export-head", head]).refused(&words);
    // and what the later head alone knows of
    let target = last_payment(&town.data());
    forge(&town.data(), target, Uuid::from_u128(7));
    town.verify(&["--head", later]).refused("from record");
}

#[tokio::test]
async fn a_head_that_is_not_this_towns_or_was_changed_proves_nothing() {
    let town = Town::new().await;
    let head = town.file("head.json");
    town.verify(&["--export-head", head.to_str().unwrap()]).well();
    let text = std::fs::read_to_string(&head).unwrap();
    let seq = text.find("\"seq\": ").unwrap() + 7;
    std::fs::write(&head, format!("{}1{}", &text[..seq], &text[seq..])).unwrap();
    town.verify(&["--head", head.to_str().unwrap()]).refused("it was changed after it was signed");
    std::fs::write(&head, &text).unwrap();
    let key = town.data().join("key");
    std::fs::write(&key, [9; 32]).unwrap();
    town.verify(&["--head", head.to_str().unwrap()]).refused("the key file here is");
    std::fs::write(&head, "{}").unwrap();
    town.verify(&["--head", head.to_str().unwrap()]).refused("it is no exported head");
    std::fs::remove_file(&key).unwrap();
    town.verify(&["--export-head", head.to_str().unwrap()]).refused("signatures need it");
    assert!(!key.exists(), "no new key was made");
}

#[tokio::test]
async fn each_column_row_and_sum_of_the_ledger_is_held_to_its_records() {
    let mut town = Town::new().await;
    let mut server = Server::start(&town.data());
    tests::payments::seal(&server).await;
    let (terminal, voucher) = (&server.demo["terminals"][0]["token"], &server.demo["vouchers"][30]["code"]);
    let hold = client().post(format!("{}/v1/holds", server.base_url)).bearer_auth(text(terminal));
    let hold = hold.header("Idempotency-Key", key()).json(&json!({"voucher": voucher, "amount_cents": 100}));
    done(hold.send().await).await;
    // the last record is a payment
    town.payments.make(&server, 1).await;
    server.end();
    let said = town.verify(&[]).well();
    assert!(said.contains("and 1 claims add up"), "{said}");
    let last = last_payment(&town.data());
    for (change, back, words) in [
        (
            "UPDATE operation SET amount_cents = amount_cents + 1 WHERE seq = (SELECT MAX(seq) FROM operation)",
            "UPDATE operation SET amount_cents = amount_cents - 1 WHERE seq = (SELECT MAX(seq) FROM operation)",
            &*format!("record {last}: the ledger's columns"),
        ),
        (
            "UPDATE operation SET reversed_cents = 1 WHERE seq = (SELECT MAX(seq) FROM operation)",
            "UPDATE operation SET reversed_cents = 0",
            "1 cents more were reversed",
        ),
        (
            "UPDATE voucher SET redeemed_cents = redeemed_cents + 1 WHERE redeemed_cents > 0",
            "UPDATE voucher SET redeemed_cents = redeemed_cents - 1 WHERE redeemed_cents > 0",
            "as its records say",
        ),
        (
            "UPDATE voucher SET valid_from = valid_from - 1",
            "UPDATE voucher SET valid_from = valid_from + 1",
            "as its records say",
        ),
        // a payment that nobody made, where nothing is replayed
        (&forged("x'09'", "7"), "DELETE FROM operation WHERE partition_id = 7", "the ledger's table operation has"),
        (
            "UPDATE claim SET amount_cents = amount_cents + 1",
            "UPDATE claim SET amount_cents = amount_cents - 1",
            "is not made of its shop's operations",
        ),
        (
            "UPDATE open_hold SET until_at = until_at + 1",
            "UPDATE open_hold SET until_at = until_at - 1",
            "is not in the ledger's table open_hold as its records say",
        ),
        // one that is not there is never let go, and its voucher never emptied
        (
            "CREATE TABLE taken AS SELECT * FROM open_hold; DELETE FROM open_hold",
            "INSERT INTO open_hold SELECT * FROM taken; DROP TABLE taken",
            "is not in the ledger's table open_hold as its records say",
        ),
        ("UPDATE claim SET seal = x'00'", "", "does not have the lines that were sealed"),
        (
            "UPDATE voucher SET id = x'00000000000000000000000000000009' WHERE id = (SELECT MAX(id) FROM voucher)",
            "",
            "has no records",
        ),
        (
            "UPDATE operation SET seq = seq + 1000 WHERE seq = (SELECT MAX(seq) FROM operation)",
            "",
            &format!("record {last}: it is not in the ledger"),
        ),
        ("UPDATE checkpoint SET seq = seq - 1", "", "the ledger's chain is another one"),
    ] {
        town.ledger(change);
        town.verify(&[]).refused(words);
        town.ledger(back);
    }
}

#[tokio::test]
async fn on_postgres_an_operation_without_a_key_is_one_too_many() {
    let (stores, data) = (Stores::postgres_alone(), tempfile::tempdir().unwrap());
    let (postgres, options) = (stores.postgres.as_ref().unwrap(), stores.options());
    let mut server = Server::start_with(data.path(), &options);
    Payments::default().make(&server, 3).await;
    server.end();
    let verify = || buono(&["verify", "--data", data.path().to_str().unwrap()], &options);
    verify().well();
    let id = "'00000000-0000-0000-0000-000000000009'::uuid";
    postgres.sql(&forged(id, "partition_id").replacen(&format!("user_id, {id}"), "user_id, '\\x09'", 1));
    verify().refused("the ledger's table operation has");
    postgres.sql(&format!("DELETE FROM operation WHERE id = {id}"));
    verify().well();
}

#[tokio::test]
async fn receipts_that_shops_kept_are_found_in_the_journal() {
    let town = Town::new().await;
    let file = town.file("receipts.json");
    let answers: Vec<_> = town.payments.answers(0).map(ToString::to_string).collect();
    std::fs::write(&file, answers.join("\n")).unwrap();
    let options = ["--receipts", file.to_str().unwrap()];
    assert!(town.verify(&options).well().contains(&format!("{} receipts are as they were given", answers.len())));
    std::fs::write(
        &file,
        [&answers[0], &answers[1].replace("\"payload\"", "\"payloads\"")].map(String::as_str).join("\n"),
    )
    .unwrap();
    town.verify(&options).refused("receipt 2 is not whole: missing field `payload`");
    std::fs::write(&file, answers.join("\n")).unwrap();
    let target = last_payment(&town.data());
    forge(&town.data(), target, Uuid::from_u128(7));
    town.verify(&[]).well();
    town.verify(&options).refused(&format!("partition 0, record {target}: its chain is not the one in a receipt"));
    std::fs::write(&file, answers[0].replace("\"payload\":\"A", "\"payload\":\"B")).unwrap();
    town.verify(&options).refused("receipt 1: ");
    std::fs::write(&file, "[]").unwrap();
    town.verify(&options).refused("there is no receipt in it");
}

#[tokio::test]
async fn a_file_of_another_layout_is_refused_with_the_same_words_by_all() {
    let town = Town::new().await;
    let data = town.data();
    Connection::open(data.join("journal.db")).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    let words = "journal.db: the file has layout 1, and this program reads 2: use it with the version that wrote it";
    town.verify(&[]).refused(words);
    buono(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()], &[]).refused(words);
    let to = town.file("backup");
    buono(&["backup", "--data", data.to_str().unwrap(), "--to", to.to_str().unwrap()], &[]).refused(words);
}
