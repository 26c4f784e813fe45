//! How long the binary takes until it serves, with a million vouchers in its ledger.
//!
//! `cargo bench -p gateway --bench start`
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a bench lives at the edge")]

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, UserId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Entry, Event, Origin};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::journal::{Batch, Journal, SqliteJournal};
use store::ledger::Db;
use uuid::Uuid;

const P: PartitionId = PartitionId(0);
const VOUCHERS: u64 = 1_000_000;
/// Durable, and not yet in the ledger when the process was killed.
const TAIL: u64 = 100_000;
const RECORDS_A_BATCH: u64 = 1_000;
const STARTS: usize = 5;

/// Starts the server on this folder, and waits until it says that it serves.
fn started(data: &Path) -> (Child, Duration) {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_buono"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("BUONO_LOG", "error");
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap() == "ready"), "it ended before it was ready");
    (server, began.elapsed())
}

fn kill(mut server: Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}

fn issue(number: u64) -> Body {
    let id = |space: u128| Uuid::from_u128(space << 96 | u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    Body::Entry(Entry {
        voucher: VoucherId::new(id(1)),
        voucher_seq: 1,
        municipality: MunicipalityId::new(Uuid::from_u128(2)),
        operation: OperationId::new(id(3)),
        origin: Origin::Staff(UserId::new(Uuid::from_u128(4))),
        key: OpKey(number.to_le_bytes().repeat(2).try_into().unwrap()),
        request_hash: RequestHash([7; 16]),
        decided_at: Timestamp::EPOCH,
        balance_after: Cents::MAX,
        held_after: Cents::ZERO,
        event: Event::Issue {
            programme: ProgrammeId::new(Uuid::from_u128(5)),
            amount: Cents::MAX,
            valid_from: Timestamp::EPOCH,
            expires_at: Timestamp::from_micros(i64::MAX / 2),
            pin: None,
        },
    })
}

/// Appends these vouchers to the journal.
fn append(journal: &mut SqliteJournal, numbers: std::ops::Range<u64>) {
    let epoch = journal.head(P).unwrap().epoch;
    let mut head = journal.open(P, NodeId(1), epoch, Timestamp::EPOCH).unwrap().head;
    for first in numbers.step_by(RECORDS_A_BATCH as usize) {
        let batch = Arc::new(Batch::encode(head.epoch, &head, (first..first + RECORDS_A_BATCH).map(issue)));
        journal.append(P, head.seq, &batch).unwrap();
        head = batch.head();
    }
}

/// Everything durable that the ledger does not hold yet.
async fn project(db: &Db, journal: &mut SqliteJournal) {
    loop {
        let head = db.checkpoint(P).await.unwrap();
        let batches = journal.read(P, head.seq + 1, 1 << 20).unwrap();
        if batches.is_empty() {
            return;
        }
        db.project(P, &head, &batches).await.unwrap();
    }
}

fn report(name: &str, data: &Path) {
    let mut took: Vec<_> = (0..STARTS)
        .map(|_| {
            let (server, took) = started(data);
            kill(server);
            took.as_millis()
        })
        .collect();
    took.sort_unstable();
    println!("start, {name}: ready after {} ms ({} to {})", took[STARTS / 2], took[0], took[STARTS - 1]);
}

fn main() {
    // beside the binaries, since /tmp may be in memory and faster than any disk
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    kill(started(folder.path()).0);
    report("an empty ledger", folder.path());
    let mut journal = SqliteJournal::open(&folder.path().join("journal.db")).unwrap();
    append(&mut journal, 0..VOUCHERS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap();
        project(&db, &mut journal).await;
    });
    report("1,000,000 vouchers in the ledger", folder.path());
    append(&mut journal, VOUCHERS..VOUCHERS + TAIL);
    let (server, took) = started(folder.path());
    println!("start, and 100,000 records that it does not hold yet: ready after {} ms", took.as_millis());
    kill(server);
}
