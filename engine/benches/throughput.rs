//! How many redemptions a second the engine decides and makes durable, without HTTP around it.
//!
//! `cargo bench -p engine --bench throughput`; `BUONO_BENCH_SECONDS` for longer runs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a bench lives at the edge")]

mod common;

use common::{FAR, P, issue_all, journal, redeem, start, voucher};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Entry, Event, Origin};
use engine::{Answer, Vouchers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::journal::{Batch, Journal};
use uuid::Uuid;

const THREADS: usize = 2;
/// Commits timed alone, as the yardstick of the tails.
const COMMITS: usize = 4_000;

fn seconds() -> u64 {
    std::env::var("BUONO_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// Asks again and again, on a thread that also runs actors, until told to stop.
async fn ask(vouchers: Vouchers, count: u64, first: u64, done: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let mut number = u128::from(first + 1) << 64;
    let mut at = first;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        at = at.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let answer = vouchers.execute(voucher((at >> 32) % count), redeem(number), FAR).await;
        let taken =
            matches!(&answer, Ok(Answer::Recorded { entry, .. }) if matches!(entry.event, Event::Redeem { .. }));
        assert!(taken, "{answer:?}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

async fn throughput(name: &str, count: u64, in_flight: u64) {
    let folder = tempfile::tempdir().unwrap();
    let vouchers = start(folder.path());
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let threads: Vec<_> = (0..THREADS).map(|_| actix_rt::Arbiter::new()).collect();
    for thread in &threads {
        let vouchers = vouchers.clone();
        thread.spawn(async move { vouchers.offer_thread() });
    }
    issue_all(&vouchers, count).await;
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
