//! The ledger's operations by month, on Postgres.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "common/postgres.rs"]
mod postgres;

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::Body;
use domain::voucher::{Action, Command, Decision, Entry, Origin, Voucher, decide};
use postgres::Server;
use std::sync::Arc;
use store::journal::{Batch, Head};
use store::ledger::{Db, ProjectError};
use uuid::Uuid;

const P: PartitionId = PartitionId(0);
/// 15 November 2026, noon UTC.
const NOVEMBER: i64 = 1_794_744_000_000_000;
const MONTH: i64 = 30 * 86_400_000_000;
const MONTHS: &str = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
    WHERE relispartition AND relkind = 'r' AND relname <> 'operation_default'";

async fn ledger() -> (Server, Db) {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    db.migrate().await.unwrap();
    (server, db)
}

/// A voucher's issue and two top-ups of it, with a key each, decided at these times.
fn life(number: u128, times: [i64; 3]) -> Vec<Entry> {
    let mut voucher = Voucher::new(VoucherId::new(Uuid::from_u128(number)));
    let issue = Action::Issue {
        municipality: MunicipalityId::new(Uuid::from_u128(4)),
        programme: ProgrammeId::new(Uuid::from_u128(5)),
        amount: Cents::new(100).unwrap(),
        valid_from: Timestamp::from_micros(1),
        expires_at: Timestamp::LAST,
        pin: None,
    };
    let more = Action::TopUp { amount: Cents::new(1).unwrap() };
    let entry = |(nth, action): (u128, Action)| {
        let (operation, key) =
            (OperationId::new(Uuid::from_u128(number * 100 + nth)), OpKey((number * 100 + nth).to_be_bytes()));
        let command =
            Command { operation, origin: Origin::System, key, request_hash: RequestHash::of(&[&[1]]), action };
        let at = Timestamp::from_micros(times[usize::try_from(nth).unwrap()]);
        let Decision::Record(entry) = decide(&voucher, &command, at) else { panic!("{action:?}") };
        voucher.apply(&entry).unwrap();
        entry
    };
    (0..).zip([issue, more, more]).map(entry).collect()
}

async fn project(db: &Db, from: &Head, entries: &[Entry]) -> Result<Head, ProjectError> {
    let batch = Arc::new(Batch::encode(1, from, entries.iter().map(|entry| Body::Entry(*entry))));
    db.project(P, from, &[Arc::clone(&batch)]).await.map(|_| batch.head())
}

#[tokio::test]
async fn a_ledger_that_was_one_table_keeps_every_row() {
    let server = Server::start(&[]);
    let owner = sqlx::PgPool::connect(&server.url()).await.unwrap();
    sqlx::migrate!("../migrations/postgres").run_to(1, &owner).await.unwrap();
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    // one in 1970, where no month will ever be made ahead; the others over three months
    server.sql(
        "INSERT INTO operation SELECT md5(n::text)::uuid, 0, n, md5('a')::uuid, n, md5('b')::uuid, 'top_up', NULL, NULL,
            NULL, decode(md5(n::text), 'hex'), n, n, 0, CASE n WHEN 1 THEN 5 ELSE 1786000000000000 + n * 86400000000 END,
            NULL, NULL, 0, '\\x00' FROM generate_series(1, 90) n",
    );
    let before = server.sql("SELECT md5(string_agg(o::text, '|' ORDER BY seq)) FROM operation o");
    db.migrate().await.unwrap();
    assert_eq!(server.sql("SELECT md5(string_agg(o::text, '|' ORDER BY seq)) FROM operation o"), before);
    assert_eq!(server.sql("SELECT COUNT(*), SUM(seq) FROM operation_key"), "90|4095");
    assert_eq!(server.sql("SELECT COUNT(*) FROM operation_default"), "0");
    assert_eq!(
        server.sql(MONTHS),
        "operation_1970_01 operation_2026_08 operation_2026_09 operation_2026_10 operation_2026_11"
    );
    assert_eq!(db.kept(PartitionId(0), 0, u64::MAX, 100).await.unwrap().len(), 90);
    db.migrate().await.unwrap();
}

#[tokio::test]
async fn what_may_be_there_once_is_there_once_over_all_months() {
    let (server, db) = ledger().await;
    assert_eq!(db.make_months(NOVEMBER).await.unwrap(), 0);
    assert_eq!(server.sql(MONTHS), "operation_2026_11 operation_2026_12 operation_2027_01 operation_2027_02");
    let facts = life(1, [NOVEMBER, NOVEMBER + 1, NOVEMBER + MONTH]);
    let head = project(&db, &Head::START, &facts).await.unwrap();
    assert_eq!(db.facts(P, VoucherId::new(Uuid::from_u128(1))).await.unwrap().1, facts);
    assert_eq!(server.sql("SELECT COUNT(*) FROM operation_2026_11"), "2");
    assert_eq!(server.sql("SELECT COUNT(*) FROM operation_2026_12"), "1");
    // November's key again in January, and November's place in the voucher's life
    let next = Entry { voucher_seq: 4, decided_at: Timestamp::from_micros(NOVEMBER + 2 * MONTH), ..facts[1] };
    let again = Entry { operation: OperationId::new(Uuid::from_u128(9)), ..next };
    let place = Entry { voucher_seq: 2, key: OpKey([9; 16]), ..again };
    for wrong in [again, place] {
        let refused = project(&db, &head, &[wrong]).await;
        assert!(matches!(refused, Err(ProjectError::Contradiction { .. })), "{refused:?}");
    }
    assert_eq!(db.checkpoint(P).await.unwrap(), head);
    assert_eq!(server.sql("SELECT COUNT(*) FROM operation"), "3");
}

#[tokio::test]
async fn operations_of_a_wrong_clock_are_kept_and_counted_and_go_to_their_month_once_there_is_one() {
    let (server, db) = ledger().await;
    db.make_months(NOVEMBER).await.unwrap();
    let facts = life(1, [NOVEMBER, NOVEMBER + 1, NOVEMBER + 12 * MONTH]);
    project(&db, &Head::START, &facts).await.unwrap();
    assert_eq!(db.make_months(NOVEMBER).await.unwrap(), 1);
    assert_eq!(db.facts(P, VoucherId::new(Uuid::from_u128(1))).await.unwrap().1, facts);
    // whoever works makes months at the same time as others
    let (one, two) = tokio::join!(db.make_months(NOVEMBER + 11 * MONTH), db.make_months(NOVEMBER + 11 * MONTH));
    assert_eq!((one.unwrap(), two.unwrap()), (0, 0));
    assert_eq!(server.sql("SELECT COUNT(*) FROM operation_default"), "0");
    assert_eq!(db.facts(P, VoucherId::new(Uuid::from_u128(1))).await.unwrap().1, facts);
}
