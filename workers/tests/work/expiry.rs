//! The expiry run: everything that is over is given back once, and nothing a moment too early.

use super::town::{TOWN, Town, Wall, cents, command, ledger, voucher};
use domain::clock::Timestamp;
use domain::ids::{PartitionId, VoucherId};
use domain::keys::OpKey;
use domain::rome;
use domain::voucher::{Action, Credential, Event, Kind, Origin, Refusal, ReleaseCause, Terms};
use std::sync::Arc;
use tokio::sync::Mutex;
use workers::Pending;
use workers::expiry::{Expiry, Sweep};

const MICRO: i64 = 1;
const SECOND: i64 = 1_000_000;

/// The engine as the run sees it: the voucher's own actor decides, whatever the ledger shows by then.
struct Engine {
    town: Mutex<Town>,
    clock: Arc<Wall>,
    /// Why it did not do as asked.
    refused: Mutex<Vec<Refusal>>,
}

impl Sweep for Engine {
    fn expire(&self, id: VoucherId) -> Pending<'_, ()> {
        Box::pin(async move {
            let now = domain::clock::Clock::now(&*self.clock);
            let key = OpKey::of_system(id, &format!("expire {}", rome::date(now)));
            let told = self.town.lock().await.decide(id, &command(key, Origin::System, Action::Expire), now);
            self.refused.lock().await.extend(told.err());
        })
    }

    fn touch(&self, id: VoucherId) -> Pending<'_, ()> {
        Box::pin(async move { self.town.lock().await.look(id, domain::clock::Clock::now(&*self.clock)) })
    }
}

struct Stage {
    engine: Arc<Engine>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let town = Town::new(ledger(&folder).await, PartitionId(0));
        let engine = Engine { town: Mutex::new(town), clock: Arc::default(), refused: Mutex::default() };
        Self { engine: Arc::new(engine), _folder: folder }
    }

    fn expiry(&self, db: store::ledger::Db) -> Expiry {
        Expiry { db, sweep: Arc::clone(&self.engine) as _, clock: Arc::clone(&self.engine.clock) as _ }
    }

    /// What the ledger shows is what the journal holds; then a run.
    async fn turn(&self, now: Timestamp) -> usize {
        self.engine.clock.set(now);
        let db = {
            let mut town = self.engine.town.lock().await;
            town.project().await;
            town.db.clone()
        };
        self.expiry(db).turn().await.unwrap()
    }

    async fn kinds(&self, number: u128) -> Vec<Kind> {
        self.engine.town.lock().await.facts(number).iter().map(|entry| entry.event.kind()).collect()
    }
}

/// The last seconds of ordinary days and of those on which Rome changes its clocks.
fn last_seconds() -> Vec<Timestamp> {
    let days = [(2026, 12, 31), (2027, 3, 28), (2026, 10, 25), (2028, 2, 29)];
    days.into_iter().map(|(year, month, day)| rome::end_of_day(jiff::civil::date(year, month, day))).collect()
}

#[tokio::test]
async fn nothing_expires_before_the_last_second_is_over() {
    for end in last_seconds() {
        let stage = Stage::new().await;
        stage.engine.town.lock().await.issue(1, 5_000, end);
        // its last second is 23:59:59, all of it
        for early in [-SECOND, -MICRO, 0, MICRO, SECOND / 2, SECOND - MICRO] {
            let now = end.plus_micros(early);
            stage.turn(now).await;
            assert_eq!(stage.kinds(1).await, [Kind::Issue], "{}", rome::local(now));
        }
        // a till can pay in it to its last moment, and not after
        let mut town = stage.engine.town.lock().await;
        town.redeem(1, 100, end.plus_micros(SECOND - MICRO));
        drop(town);
        let midnight = end.plus_micros(SECOND);
        assert_eq!(rome::local(midnight).time(), jiff::civil::time(0, 0, 0, 0));
        assert_eq!(stage.turn(midnight).await, 1);
        let facts = stage.engine.town.lock().await.facts(1);
        assert_eq!(facts.last().unwrap().event, Event::Expire { amount: cents(4_900) });
        assert_eq!(facts.last().unwrap().decided_at, midnight);
    }
}

#[tokio::test]
async fn two_runs_at_once_and_any_number_later_expire_a_voucher_once() {
    const VOUCHERS: u128 = 1_200;
    let (stage, end) = (Stage::new().await, last_seconds()[0]);
    let db = {
        let mut town = stage.engine.town.lock().await;
        (1..=VOUCHERS).for_each(|number| town.issue(number, 100, end));
        town.project().await;
        town.db.clone()
    };
    stage.engine.clock.set(end.plus_seconds(1));
    // neither sees in the ledger what the other has done
    let (one, two) = (stage.expiry(db.clone()), stage.expiry(db.clone()));
    let (one, two) = tokio::join!(one.turn(), two.turn());
    let all = usize::try_from(VOUCHERS).unwrap();
    assert_eq!((one.unwrap(), two.unwrap()), (all, all), "more than a page, and all of it");
    for number in 1..=VOUCHERS {
        assert_eq!(stage.kinds(number).await, [Kind::Issue, Kind::Expire], "voucher {number}");
    }
    // once the ledger shows it nobody is asked any more, that day or another
    assert_eq!(stage.turn(end.plus_seconds(60)).await, 0);
    assert_eq!(stage.turn(end.plus_seconds(3 * 86_400)).await, 0);
    let row = db.voucher(TOWN, voucher(1).uuid()).await.unwrap();
    assert_eq!((row.status.as_str(), row.balance_cents, row.expired_cents), ("expired", 0, 100));
}

#[tokio::test]
async fn a_voucher_with_an_open_hold_expires_when_the_hold_is_over() {
    let (stage, end) = (Stage::new().await, last_seconds()[0]);
    let until = end.plus_seconds(600);
    {
        let mut town = stage.engine.town.lock().await;
        town.issue(1, 5_000, end);
        let credential = Credential { generation: 1, pin: None };
        let hold = Action::Hold { amount: cents(2_000), credential, terms: Terms::OPEN, until };
        town.act(1, hold, end.plus_seconds(-60)).unwrap();
    }
    assert_eq!(stage.turn(end.plus_seconds(1)).await, 0, "the ledger shows the hold");
    // even if it did not, the voucher itself would not give away what a till may still capture
    stage.engine.expire(voucher(1)).await;
    assert_eq!(*stage.engine.refused.lock().await, [Refusal::HoldsOpen]);
    assert_eq!(stage.turn(until).await, 0, "the hold's last moment");
    assert_eq!(stage.kinds(1).await, [Kind::Issue, Kind::Hold]);
    assert_eq!(stage.turn(until.plus_micros(MICRO)).await, 1, "it lets go");
    assert_eq!(stage.turn(until.plus_seconds(30)).await, 1, "it expires, the refusal before notwithstanding");
    let facts = stage.engine.town.lock().await.facts(1);
    assert!(matches!(facts[2].event, Event::Release { cause: ReleaseCause::TimedOut, .. }));
    assert_eq!(facts[3].event, Event::Expire { amount: cents(5_000) });
    assert_eq!(facts.len(), 4);
}

#[tokio::test]
async fn money_that_comes_back_later_is_given_back_the_next_day() {
    let (stage, end) = (Stage::new().await, last_seconds()[0]);
    stage.engine.town.lock().await.issue(1, 5_000, end);
    stage.engine.town.lock().await.redeem(1, 1_000, end);
    stage.turn(end.plus_seconds(1)).await;
    let paid = stage.engine.town.lock().await.facts(1)[1];
    let target = (paid.key, paid.operation);
    let back = Action::Reverse { target: target.0, target_operation: target.1, amount: None, sealed_through: None };
    stage.engine.town.lock().await.act(1, back, end.plus_seconds(10)).unwrap();
    // the key of that day is used up: the run asks, nothing happens, the money is not lost from sight
    assert_eq!(stage.turn(end.plus_seconds(60)).await, 1);
    assert_eq!(stage.kinds(1).await.last(), Some(&Kind::Reverse));
    assert_eq!(stage.turn(end.plus_seconds(86_401)).await, 1);
    let facts = stage.engine.town.lock().await.facts(1);
    assert_eq!(facts.last().unwrap().event, Event::Expire { amount: cents(1_000) });
}
