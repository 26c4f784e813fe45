//! Two projectors at one partition, and a Postgres that is killed under them again and again.

use super::postgres::Server;
use super::projection::Told;
use super::town::{Town, holders, settle, voucher};
use domain::clock::Timestamp;
use domain::ids::PartitionId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use store::ledger::Db;
use tokio::task::JoinHandle;
use workers::pace::Pace;
use workers::projector::Projector;

const KILLS: u64 = 20;
const VOUCHERS: u128 = 40;

/// A projector with connections of its own, as in a process of its own.
async fn racer(url: &str, town: &Town, told: &Arc<Told>, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let db = Db::connect_postgres(&url.parse().unwrap()).await.unwrap().everything();
    let (journal, watcher, pace) = (town.reader(), Arc::clone(told) as _, Arc::new(Pace::alone()));
    let projector = Projector { db, journal, partition: town.partition, watcher, pace };
    tokio::spawn(projector.run(Arc::clone(stop)))
}

/// Payments of a cent each, round the vouchers; how many so far.
fn pay(town: &mut Town, told: &[Arc<Told>], paid: &mut u64, count: u64) {
    for _ in 0..count {
        town.redeem(1 + u128::from(*paid) % VOUCHERS, 1, Timestamp::from_micros(2_000));
        *paid += 1;
    }
    told.iter().for_each(|told| told.durable.store(town.head.seq, SeqCst));
}

async fn is_ahead(db: &Db, partition: PartitionId, before: &AtomicU64) -> bool {
    // while Postgres is down nobody can say
    let Ok(head) = db.checkpoint(partition).await else { return false };
    before.swap(head.seq, SeqCst) < head.seq
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_projectors_share_a_postgres_that_is_killed_again_and_again() {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    settle(&db).await;
    holders(&db, 1..=VOUCHERS).await;
    let mut town = Town::new(db.clone(), PartitionId(0));
    (1..=VOUCHERS).for_each(|number| town.issue(number, 100_000, Timestamp::LAST));
    let told = [Arc::new(Told::default()), Arc::new(Told::default())];
    let stop = Arc::new(AtomicBool::new(false));
    let racers =
        [racer(&server.url(), &town, &told[0], &stop).await, racer(&server.url(), &town, &told[1], &stop).await];
    let (mut paid, seen) = (0, AtomicU64::new(0));
    for kill in 0..KILLS {
        // between two kills the ledger must have moved, or nothing would have been interrupted
        while !is_ahead(&db, town.partition, &seen).await {
            pay(&mut town, &told, &mut paid, 10);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in 0..10 {
            pay(&mut town, &told, &mut paid, 20);
            tokio::time::sleep(Duration::from_millis(3 + kill % 7)).await;
        }
        server.signal("KILL");
        pay(&mut town, &told, &mut paid, 20);
        server.resume();
    }
    stop.store(true, SeqCst);
    for racer in racers {
        racer.await.unwrap();
    }
    assert!(told.iter().all(|told| told.stopped.lock().unwrap().is_empty()));
    assert_eq!(db.checkpoint(town.partition).await.unwrap(), town.head);
    let mut redeemed = 0;
    for number in 1..=VOUCHERS {
        let facts = town.facts(number);
        assert_eq!(db.facts(PartitionId(0), voucher(number)).await.unwrap().1, facts, "voucher {number}");
        redeemed += facts.len() as u64 - 1;
    }
    let sums = db.programme_sums(super::town::PROGRAMME).await.unwrap();
    assert_eq!((redeemed, sums.spent_cents.unsigned_abs()), (paid, paid));
    assert_eq!(sums.balance_cents, i64::try_from(VOUCHERS).unwrap() * 100_000 - sums.spent_cents);
    // a link for each voucher and a message for each purchase, none twice
    assert_eq!(db.due_messages(i64::MAX).await.unwrap().unsigned_abs(), u64::try_from(VOUCHERS).unwrap() + paid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_says_nothing_is_asked_anew() {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    settle(&db).await;
    holders(&db, 1..=1).await;
    let mut town = Town::new(db.clone(), PartitionId(0));
    town.issue(1, 100, Timestamp::LAST);
    let held = server.hold("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE");
    let (told, stop) = (Arc::new(Told::default()), Arc::new(AtomicBool::new(false)));
    told.durable.store(town.head.seq, SeqCst);
    let projector = racer(&server.url(), &town, &told, &stop).await;
    server.comes("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' HAVING count(*) > 1").await;
    drop(held);
    while db.checkpoint(town.partition).await.unwrap() != town.head {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.store(true, SeqCst);
    projector.await.unwrap();
}
