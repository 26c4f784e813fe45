//! How many redemptions a second the engine decides and makes durable, without HTTP around it.
//!
//! `cargo bench -p engine --bench throughput`; `BUONO_BENCH_SECONDS` for longer runs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a bench lives at the edge")]

use domain::cents::Cents;
use domain::clock::{Clock, Timestamp};
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Action, Command, Credential, Entry, Event, Origin, Terms};
use engine::source::Pending;
use engine::{Answer, Options, Source, Vouchers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::journal::{Batch, Head, Journal, SqliteJournal};
use uuid::Uuid;

/// As in production.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const P: PartitionId = PartitionId(0);
const THREADS: usize = 2;
/// Commits timed alone, as the yardstick of the tails.
const COMMITS: usize = 4_000;

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// A ledger that is always there and knows nobody: vouchers come to be in the run itself.
struct Nobody;

impl Source for Nobody {
    fn entries(&self, _: VoucherId) -> Pending<'_, Vec<Entry>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn projected(&self, _: PartitionId) -> Pending<'_, u64> {
        Box::pin(async { Ok(u64::MAX) })
    }
}

fn command(number: u128, action: Action) -> Command {
    Command {
        operation: OperationId::new(Uuid::from_u128(number)),
        origin: Origin::Till { shop: ShopId::new(Uuid::from_u128(1)), terminal: TerminalId::new(Uuid::from_u128(2)) },
        key: OpKey(number.to_le_bytes()),
        request_hash: RequestHash([7; 16]),
        action,
    }
}

fn issue(number: u128) -> Command {
    let action = Action::Issue {
        municipality: MunicipalityId::new(Uuid::from_u128(3)),
        programme: ProgrammeId::new(Uuid::from_u128(4)),
        amount: Cents::MAX,
        valid_from: Timestamp::EPOCH,
        expires_at: Timestamp::from_micros(i64::MAX / 2),
        pin: None,
    };
    command(number, action)
}

fn redeem(number: u128) -> Command {
    let credential = Credential { generation: 1, pin: None };
    let amount = Cents::new(1).unwrap();
    command(number, Action::Redeem { amount, credential, terms: Terms::OPEN })
}

fn voucher(at: u64) -> VoucherId {
    // the ends of an id are random: spread over threads as production's are
    let mixed = (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    VoucherId::new(Uuid::from_u128(u128::from(at) << 64 | u128::from(mixed)))
}

fn journal(folder: &std::path::Path) -> SqliteJournal {
    let mut journal = SqliteJournal::open(&folder.join("journal.db")).unwrap();
    journal.create(P).unwrap();
    journal
}

fn seconds() -> u64 {
    std::env::var("BUONO_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// Asks again and again, on a thread that also runs actors, until told to stop.
async fn ask(vouchers: Vouchers, count: u64, first: u64, done: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let far = Timestamp::from_micros(i64::MAX / 4);
    let mut number = u128::from(first + 1) << 64;
    let mut at = first;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        at = at.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let answer = vouchers.execute(voucher((at >> 32) % count), redeem(number), far).await;
        let taken =
            matches!(&answer, Ok(Answer::Recorded { entry, .. }) if matches!(entry.event, Event::Redeem { .. }));
        assert!(taken, "{answer:?}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

async fn throughput(name: &str, count: u64, in_flight: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (source, clock): (Arc<dyn Source>, Arc<dyn Clock>) = (Arc::new(Nobody), Arc::new(Machine));
    let options = Options { node: NodeId(1), idle: Duration::from_secs(900) };
    let journals: Vec<(Box<dyn Journal>, Head)> = vec![(Box::new(journal(folder.path())), Head::START)];
    let vouchers = Vouchers::start(&options, journals, &source, &clock).unwrap();
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..THREADS).map(|_| actix_rt::Arbiter::new()).collect();
    for thread in &threads {
        let vouchers = vouchers.clone();
        thread.spawn(async move { vouchers.offer_thread() });
    }
    let all: Vec<_> = (0..count).collect();
    for some in all.chunks(10_000) {
        let far = Timestamp::from_micros(i64::MAX / 4);
        let issued = some.iter().map(|at| vouchers.execute(voucher(*at), issue(u128::from(*at)), far));
        for answer in futures_util::future::join_all(issued).await {
            answer.unwrap();
        }
    }
    for (thread, first) in threads.iter().cycle().zip(0..in_flight) {
        thread.spawn(ask(vouchers.clone(), count, first, Arc::clone(&done), Arc::clone(&stop)));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    let rate = (done.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    println!("engine, {name}, {in_flight} in flight: {rate:.0} durable redemptions a second");
    stop.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    vouchers.recall_threads();
    for thread in threads {
        thread.stop();
        thread.join().unwrap();
    }
    actix_rt::task::spawn_blocking(move || vouchers.stop()).await.unwrap();
}

/// One commit after the other, each of as many records as stands in the name.
fn commits(records: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    let mut head = journal.open(P, NodeId(1), 0, Timestamp::EPOCH).unwrap().head;
    let mut took = Vec::with_capacity(COMMITS);
    let began = Instant::now();
    while took.len() < COMMITS && began.elapsed() < Duration::from_secs(seconds()) {
        let bodies = (1..=records).map(|at| {
            Body::Entry(Entry {
                voucher: voucher(at),
                voucher_seq: head.seq,
                municipality: MunicipalityId::new(Uuid::from_u128(3)),
                operation: OperationId::new(Uuid::from_u128(u128::from(at))),
                origin: Origin::Holder,
                key: OpKey([1; 16]),
                request_hash: RequestHash([2; 16]),
                decided_at: Timestamp::EPOCH,
                balance_after: Cents::MAX,
                held_after: Cents::ZERO,
                event: Event::Redeem { amount: Cents::MAX },
            })
        });
        let batch = Arc::new(Batch::encode(head.epoch, &head, bodies));
        let began = Instant::now();
        journal.append(P, head.seq, &batch).unwrap();
        took.push(began.elapsed());
        head = batch.head();
    }
    took.sort_unstable();
    let at = |percent: f64| took[((took.len() - 1) as f64 * percent / 100.0) as usize].as_micros();
    let rate = records as f64 * took.len() as f64 / began.elapsed().as_secs_f64();
    println!(
        "journal, commits of {records}: p50 {} us, p99 {} us, p99.9 {} us, max {} us; {rate:.0} records a second",
        at(50.0),
        at(99.0),
        at(99.9),
        at(100.0)
    );
}

fn main() {
    for records in [1, 64, 1_000] {
        commits(records);
    }
    actix_rt::System::new().block_on(async {
        throughput("100,000 vouchers", 100_000, 10_000).await;
        // no more than one mailbox takes
        throughput("one voucher", 1, 4_000).await;
    });
}
