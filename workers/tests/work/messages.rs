//! The messenger: each message goes once, is tried again when the provider fails, and gives up where
//! somebody can see it; what is held back in time never goes.

use super::postgres::Server;
use super::town::{IMPORT, TOWN, Town, Wall, holders, ledger, settle};
use domain::clock::{Clock, Timestamp};
use domain::ids::PartitionId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use store::ledger::{Db, Error, Letter, MessageRow, Settled};
use uuid::Uuid;
use workers::Pending;
use workers::sms::{Composer, Messenger, Outgoing, SendError, Sender};

/// A text for everybody but for whoever is to get none, and for whom none can be written.
#[derive(Default)]
struct Office {
    nobody: Mutex<BTreeSet<Uuid>>,
    unreadable: Mutex<BTreeSet<Uuid>>,
}

impl Composer for Office {
    fn compose<'a>(&'a self, letter: &'a Letter) -> Pending<'a, Result<Option<Outgoing>, Error>> {
        let wanted = !self.nobody.lock().unwrap().contains(&letter.voucher_id);
        let unreadable = self.unreadable.lock().unwrap().contains(&letter.voucher_id);
        let text = Outgoing { channel: "sms".to_owned(), to: "+393331234567".to_owned(), text: "x".repeat(200) };
        let written = if unreadable { Err(Error::Corrupt("a seal".to_owned())) } else { Ok(wanted.then_some(text)) };
        Box::pin(async move { written })
    }
}

/// What the provider does with a message.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    /// Not now, until this moment.
    FailsUntil(Timestamp),
    /// A number that does not exist.
    Refuses,
    /// It takes a message, and meanwhile the office undoes the import.
    Undone,
    /// It takes so many seconds over each.
    Dawdles(i64),
}

struct Provider {
    db: Db,
    clock: Arc<Wall>,
    mood: Mutex<Mood>,
    /// Every hand-over, with its moment in seconds.
    handed: Mutex<Vec<(String, i64)>>,
    undone: Mutex<Option<Result<(), Error>>>,
}

impl Sender for Provider {
    fn send<'a>(&'a self, id: &'a str, _: &'a Outgoing) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async move {
            let now = self.clock.now();
            self.handed.lock().unwrap().push((id.to_owned(), now.micros() / 1_000_000));
            let mood = *self.mood.lock().unwrap();
            match mood {
                Mood::FailsUntil(until) if now < until => return Err(SendError::Later("engaged".to_owned())),
                Mood::Refuses => return Err(SendError::Never("no such number".to_owned())),
                Mood::Undone => {
                    let told = self.db.suppress_import(IMPORT).await;
                    *self.undone.lock().unwrap() = Some(told);
                }
                Mood::Dawdles(seconds) => self.clock.set(now.plus_seconds(seconds)),
                Mood::Takes | Mood::FailsUntil(_) => {}
            }
            // others get their turn between a hand-over and its entry in the ledger
            tokio::task::yield_now().await;
            Ok(())
        })
    }
}

struct Stage {
    db: Db,
    clock: Arc<Wall>,
    office: Arc<Office>,
    provider: Arc<Provider>,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// So many vouchers whose links wait.
    async fn new(vouchers: u128, mood: Mood) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = ledger(&folder).await;
        holders(&db, 1..=vouchers).await;
        let mut town = Town::new(db.clone(), PartitionId(0));
        (1..=vouchers).for_each(|number| town.issue(number, 5_000, Timestamp::LAST));
        town.project().await;
        let clock = Arc::new(Wall::default());
        clock.set(Timestamp::from_micros(1_000_000));
        let (handed, undone) = (Mutex::default(), Mutex::default());
        let provider = Provider { db: db.clone(), clock: Arc::clone(&clock), mood: Mutex::new(mood), handed, undone };
        Self { db, clock, office: Arc::default(), provider: Arc::new(provider), _folder: folder }
    }

    fn messenger(&self) -> Messenger {
        let (composer, sender) = (Arc::clone(&self.office) as _, Arc::clone(&self.provider) as _);
        Messenger::new(self.db.clone(), composer, sender, Arc::clone(&self.clock) as _)
    }

    async fn messages(&self) -> Vec<MessageRow> {
        self.db.messages(TOWN, Uuid::max(), "", 1_000).await.unwrap()
    }

    async fn statuses(&self) -> Vec<String> {
        self.messages().await.into_iter().map(|message| message.status).collect()
    }

    /// Works off everything, moving the clock on by a second whenever nothing is due.
    async fn seconds(&self, count: i64) {
        for _ in 0..count {
            while self.messenger().turn().await.unwrap() > 0 {}
            self.clock.set(self.clock.now().plus_seconds(1));
        }
    }

    fn handed(&self) -> Vec<(String, i64)> {
        self.provider.handed.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn every_message_goes_once() {
    let stage = Stage::new(250, Mood::Takes).await;
    stage.office.nobody.lock().unwrap().insert(Uuid::from_u128(7));
    stage.seconds(3).await;
    let handed = stage.handed();
    assert_eq!(handed.len(), 249);
    assert_eq!(handed.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 249, "one went twice");
    for message in stage.messages().await {
        let nobody = message.voucher_id == Uuid::from_u128(7);
        assert_eq!(message.status, if nobody { "suppressed" } else { "sent" });
        assert_eq!((message.sent_at.is_some(), message.segments), (!nobody, (!nobody).then_some(2)));
    }
    assert_eq!(stage.db.due_messages(i64::MAX).await.unwrap(), 0);
}

#[tokio::test]
async fn two_messengers_share_the_work_and_send_nothing_twice() {
    let stage = Stage::new(120, Mood::Takes).await;
    let (mut one, mut two) = (stage.messenger(), stage.messenger());
    let (one, two) = tokio::join!(one.turn(), two.turn());
    one.unwrap();
    two.unwrap();
    stage.seconds(1).await;
    let handed = stage.handed();
    assert_eq!(handed.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 120);
    assert_eq!(handed.len(), 120, "{} went twice", handed.len() - 120);
}

#[tokio::test]
async fn who_dies_with_a_message_in_hand_leaves_it_to_others() {
    let stage = Stage::new(1, Mood::Takes).await;
    let (now, until) = (stage.clock.now().micros(), stage.clock.now().plus_seconds(30).micros());
    assert_eq!(stage.db.take_messages(now, until, 10).await.unwrap().len(), 1);
    assert!(stage.db.take_messages(now, until, 10).await.unwrap().is_empty(), "it is in somebody's hands");
    assert_eq!(stage.statuses().await, ["pending"], "for the office it still waits");
    stage.seconds(30).await;
    assert!(stage.handed().is_empty());
    stage.seconds(1).await;
    assert_eq!((stage.statuses().await, stage.handed().len()), (vec!["sent".to_owned()], 1));
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_ever_more_rarely() {
    let stage = Stage::new(1, Mood::FailsUntil(Timestamp::from_micros(100_000_000))).await;
    stage.seconds(40).await;
    let waiting = &stage.messages().await[0];
    assert_eq!((waiting.status.as_str(), waiting.attempts, waiting.sent_at), ("pending", 4, None));
    assert!(waiting.error.as_ref().unwrap().contains("engaged"), "{:?}", waiting.error);
    stage.seconds(200).await;
    let moments: Vec<i64> = stage.handed().into_iter().map(|(_, second)| second).collect();
    let waits: Vec<i64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [5, 10, 20, 40, 80], "at {moments:?}");
    let sent = &stage.messages().await[0];
    assert_eq!((sent.status.as_str(), sent.attempts, &sent.error), ("sent", 6, &None));
}

#[tokio::test]
async fn a_message_that_cannot_go_has_failed_where_it_is_seen_and_can_be_sent_again() {
    let stage = Stage::new(1, Mood::FailsUntil(Timestamp::LAST)).await;
    stage.seconds(1_000).await;
    let failed = stage.messages().await.remove(0);
    assert_eq!((failed.status.as_str(), failed.attempts, failed.sent_at), ("failed", 8, None));
    assert!(failed.error.unwrap().contains("engaged"));
    assert_eq!(stage.handed().len(), 8);
    // whoever sees it has it sent again
    *stage.provider.mood.lock().unwrap() = Mood::Takes;
    stage.db.resend_message(TOWN, failed.id, stage.clock.now().micros()).await.unwrap();
    assert!(matches!(stage.db.resend_message(TOWN, failed.id, 0).await, Err(Error::NotFound)), "it waits already");
    stage.seconds(1).await;
    assert_eq!((stage.statuses().await, stage.handed().len()), (vec!["sent".to_owned()], 9));
    // a number that does not exist is not tried twice
    let stage = Stage::new(1, Mood::Refuses).await;
    stage.seconds(100).await;
    assert_eq!((stage.statuses().await, stage.handed().len()), (vec!["failed".to_owned()], 1));
    assert!(stage.messages().await[0].error.as_ref().unwrap().contains("no such number"));
}

#[tokio::test]
async fn a_message_that_cannot_be_written_keeps_no_other_waiting() {
    let stage = Stage::new(3, Mood::Takes).await;
    stage.office.unreadable.lock().unwrap().insert(Uuid::from_u128(1));
    stage.seconds(1).await;
    let mut statuses = stage.statuses().await;
    statuses.sort();
    assert_eq!((statuses, stage.handed().len()), (["pending", "sent", "sent"].map(str::to_owned).to_vec(), 2));
    stage.seconds(1_000).await;
    let failed = stage.messages().await.into_iter().find(|message| message.status == "failed").unwrap();
    assert_eq!((failed.voucher_id, failed.attempts), (Uuid::from_u128(1), 8));
    assert!(failed.error.unwrap().contains("a seal"));
}

#[tokio::test]
async fn what_a_slow_provider_leaves_in_hand_is_put_back_untried() {
    let stage = Stage::new(5, Mood::Dawdles(25)).await;
    assert_eq!(stage.messenger().turn().await.unwrap(), 5);
    let sent = |messages: &[MessageRow]| messages.iter().filter(|message| message.status == "sent").count();
    let messages = stage.messages().await;
    assert_eq!((sent(&messages), stage.handed().len()), (3, 3), "the third began before a minute was over");
    assert!(messages.iter().all(|message| message.attempts == i64::from(message.status == "sent")));
    // anybody may take them at once
    assert_eq!(stage.messenger().turn().await.unwrap(), 2);
    assert_eq!((sent(&stage.messages().await), stage.handed().len()), (5, 5));
}

#[tokio::test]
async fn what_another_has_taken_since_is_not_put_back() {
    let stage = Stage::new(1, Mood::Takes).await;
    let mine = stage.db.take_messages(2_000_000, 3_000_000, 10).await.unwrap();
    // mine ran out, and another has it in hand
    let others = stage.db.take_messages(3_000_000, 9_000_000, 10).await.unwrap();
    assert_eq!((mine[0].id, mine[0].until, others[0].until), (others[0].id, 3_000_000, 9_000_000));
    let put_back = |letter: &Letter| Settled {
        id: letter.id,
        until: letter.until,
        status: "pending",
        tried: false,
        not_before: Some(4_000_000),
        sent_at: None,
        segments: None,
        error: None,
    };
    stage.db.settle_messages(&[put_back(&mine[0])]).await.unwrap();
    assert!(stage.db.take_messages(5_000_000, 6_000_000, 10).await.unwrap().is_empty(), "it would go twice");
    stage.db.settle_messages(&[put_back(&others[0])]).await.unwrap();
    assert_eq!(stage.db.take_messages(5_000_000, 6_000_000, 10).await.unwrap().len(), 1);
}

/// A provider that takes everything, and the ledger is killed when it gets its first message.
struct Killer {
    server: Server,
    handed: Mutex<Vec<String>>,
}

impl Sender for Killer {
    fn send<'a>(&'a self, id: &'a str, _: &'a Outgoing) -> Pending<'a, Result<(), SendError>> {
        let mut handed = self.handed.lock().unwrap();
        let first = handed.is_empty();
        if first {
            self.server.signal("KILL");
        }
        handed.push(id.to_owned());
        Box::pin(async move {
            if first {
                // its sessions end a moment after it
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn what_went_while_the_ledger_was_away_does_not_go_again() {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    settle(&db).await;
    holders(&db, 1..=3).await;
    let mut town = Town::new(db.clone(), PartitionId(0));
    (1..=3).for_each(|number| town.issue(number, 5_000, Timestamp::LAST));
    town.project().await;
    let clock = Arc::new(Wall::default());
    clock.set(Timestamp::from_micros(1_000_000));
    let killer = Arc::new(Killer { server, handed: Mutex::default() });
    let (office, sender) = (Arc::new(Office::default()), Arc::clone(&killer) as _);
    let mut messenger = Messenger::new(db.clone(), office, sender, Arc::clone(&clock) as _);
    messenger.turn().await.unwrap_err();
    killer.server.resume();
    // long after others might have taken what was in hand
    clock.set(clock.now().plus_seconds(600));
    while messenger.turn().await.is_err() {}
    assert_eq!(killer.handed.lock().unwrap().len(), 3);
    let messages = db.messages(TOWN, Uuid::max(), "", 10).await.unwrap();
    assert!(messages.iter().all(|message| message.status == "sent"), "{messages:?}");
}

#[tokio::test]
async fn what_is_undone_before_its_first_message_never_goes() {
    let stage = Stage::new(5, Mood::Takes).await;
    stage.db.suppress_import(IMPORT).await.unwrap();
    stage.seconds(2).await;
    assert!(stage.handed().is_empty());
    assert!(stage.statuses().await.iter().all(|status| status == "suppressed"));
    // with a provider that only ever failed nothing has gone either
    let stage = Stage::new(5, Mood::FailsUntil(Timestamp::LAST)).await;
    stage.seconds(2).await;
    stage.db.suppress_import(IMPORT).await.unwrap();
    let tries = stage.handed().len();
    stage.seconds(100).await;
    assert_eq!(stage.handed().len(), tries);
    // with one that is sent it is too late
    let stage = Stage::new(5, Mood::Takes).await;
    stage.seconds(2).await;
    assert!(matches!(stage.db.suppress_import(IMPORT).await, Err(Error::Conflict)));
    // and it stays too late when that one is sent again
    for message in stage.messages().await {
        stage.db.resend_message(TOWN, message.id, 0).await.unwrap();
    }
    assert!(matches!(stage.db.suppress_import(IMPORT).await, Err(Error::Conflict)));
    assert_eq!(stage.db.due_messages(i64::MAX).await.unwrap(), 5, "and nothing of the refused undoing is left");
}

#[tokio::test]
async fn what_is_being_handed_over_cannot_be_undone() {
    let stage = Stage::new(5, Mood::Undone).await;
    stage.seconds(1).await;
    let undone = stage.provider.undone.lock().unwrap().take().unwrap();
    assert!(matches!(undone, Err(Error::Conflict)), "undone while a message was on its way: {undone:?}");
    assert_eq!(stage.handed().len(), 5);
}
