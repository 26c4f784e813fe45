//! The ledger on both databases: every statement, and projection exactly once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::Body;
use domain::voucher::{Action, Command, Credential, Decision, Entry, Origin, Terms, Voucher, decide};
use std::sync::Arc;
use store::journal::{Batch, Head};
use store::ledger::{Db, Error, ProjectError, all_statements};
use uuid::Uuid;

const P: PartitionId = PartitionId(0);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

/// A voucher of 50 euro from which three times 10 were taken, one of them given back, and one refused.
fn life() -> Vec<Entry> {
    let mut voucher = Voucher::new(VoucherId::new(id(1)));
    let till = Origin::Till { shop: ShopId::new(id(2)), terminal: TerminalId::new(id(3)) };
    let credential = Credential { generation: 1, pin: None };
    let redeem = |amount| Action::Redeem { amount: cents(amount), credential, terms: Terms::OPEN };
    let issue = Action::Issue {
        municipality: MunicipalityId::new(id(4)),
        programme: ProgrammeId::new(id(5)),
        amount: cents(5_000),
        valid_from: Timestamp::from_micros(1),
        expires_at: Timestamp::from_micros(i64::MAX / 2),
        pin: None,
    };
    let hold =
        Action::Hold { amount: cents(500), credential, terms: Terms::OPEN, until: Timestamp::from_micros(1 << 40) };
    let reverse = Action::Reverse {
        target: OpKey([12; 16]),
        target_operation: OperationId::new(id(12)),
        amount: None,
        sealed_through: None,
    };
    let actions = [issue, redeem(1_000), redeem(1_000), redeem(9_000), reverse, hold, redeem(1_000)];
    let entry = |(at, action): (usize, &Action)| {
        let number = 11 + u8::try_from(at).unwrap();
        let command = Command {
            operation: OperationId::new(id(u128::from(number))),
            origin: till,
            key: OpKey([number; 16]),
            request_hash: RequestHash::of(&[&[number]]),
            action: *action,
        };
        let Decision::Record(entry) = decide(&voucher, &command, Timestamp::from_micros(100)) else {
            panic!("{action:?}")
        };
        voucher.apply(&entry).unwrap();
        entry
    };
    actions.iter().enumerate().map(entry).collect()
}

fn batch(head: &Head, entries: &[Entry]) -> Arc<Batch> {
    Arc::new(Batch::encode(1, head, entries.iter().map(|entry| Body::Entry(*entry))))
}

#[tokio::test]
async fn every_statement_is_understood_by_both() {
    use sqlx::{Executor, SqlSafeStr};
    for fresh in common::both().await {
        for statement in all_statements() {
            let text = sqlx::AssertSqlSafe(statement).into_sql_str();
            let prepared = match &fresh.db {
                Db::Pg(pool) => pool.prepare(text).await.map(drop),
                Db::Lite(pool) => pool.prepare(text).await.map(drop),
            };
            assert!(prepared.is_ok(), "{}: {statement}: {prepared:?}", fresh.name);
        }
        assert!(fresh.db.complaints().await.unwrap().is_empty(), "{}", fresh.name);
    }
}

#[tokio::test]
async fn the_ledger_is_an_exact_prefix_of_the_journal() {
    for fresh in common::both().await {
        let (db, name, all) = (&fresh.db, fresh.name, life());
        let first = batch(&Head::START, &all[..2]);
        let second = batch(&first.head(), &all[2..]);
        assert_eq!(db.checkpoint(P).await.unwrap(), Head::START);
        assert_eq!(db.project(P, &Head::START, &[Arc::clone(&first)]).await.unwrap().records, 2, "{name}");
        // the same step again, and one that skips
        let again = db.project(P, &Head::START, &[Arc::clone(&first)]).await;
        assert!(matches!(again, Err(ProjectError::Moved)), "{name}: {again:?}");
        let skipped = db.project(P, &Head::START, &[Arc::clone(&second)]).await;
        assert!(matches!(skipped, Err(ProjectError::Contradiction { .. })), "{name}: {skipped:?}");
        // two projectors race for the next step: one of them writes it
        let (from, step) = (first.head(), [Arc::clone(&second)]);
        let (one, two) = tokio::join!(db.project(P, &from, &step), db.project(P, &from, &step));
        assert!(one.is_ok() != two.is_ok(), "{name}: {one:?} {two:?}");
        assert_eq!(db.checkpoint(P).await.unwrap(), second.head(), "{name}");
        assert_eq!(db.entries(VoucherId::new(id(1))).await.unwrap(), all, "{name}");
        let row = db.voucher(id(4), id(1)).await.unwrap();
        let sums = [row.balance_cents, row.held_cents, row.issued_cents, row.redeemed_cents, row.reversed_cents];
        assert_eq!(sums, [3_000, 500, 5_000, 3_000, 1_000], "{name}");
        assert_eq!(db.operation(id(12)).await.unwrap().reversed_cents, 1_000, "{name}");
        assert_eq!(db.timed_out_holds(Uuid::nil(), i64::MAX, 10).await.unwrap(), [id(1)], "{name}");
        assert!(matches!(db.voucher(id(99), id(1)).await, Err(Error::NotFound)), "{name}: another's voucher");
    }
}

#[test]
fn both_folders_of_migrations_make_the_same_columns() {
    let columns = |folder: &str| {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder).join("0001_ledger.sql");
        let text = std::fs::read_to_string(path).unwrap();
        let same = [("BIGINT", "INTEGER"), ("BYTEA", "BLOB"), ("UUID", "BLOB"), (" STRICT", "")];
        same.iter().fold(text, |text, (from, to)| text.replace(from, to))
    };
    assert_eq!(columns("sqlite"), columns("postgres"));
}
