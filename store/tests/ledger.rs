//! The ledger on both databases: every statement, and projection exactly once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::Body;
use domain::voucher::{Action, Command, Credential, Decision, Entry, Origin, Reason, Terms, Voucher, decide};
use std::sync::Arc;
use std::time::Duration;
use store::journal::{Batch, Head};
use store::ledger::{
    CitizenSession, CopyError, Db, Error, HolderRow, Letter, Mark, MarkKind, NewContact, NewHolder, ProjectError,
    Settled, TABLES, all_statements, copy_ledger,
};
use store::seal::Sealed;
use uuid::Uuid;

const P: PartitionId = PartitionId(0);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

/// A voucher's whole life, with every kind of fact: of its 50 euro 30 are taken, 10 of them given back and
/// 3 captured out of a hold of 5; 20 are added; at the end 5 more are held.
fn life(number: u128) -> Vec<Entry> {
    let mut voucher = Voucher::new(VoucherId::new(id(number)));
    let first = number * 100 + 1;
    let operation = |nth: u128| OperationId::new(id(first + nth));
    let key = |nth: u128| OpKey((first + nth).to_be_bytes());
    let credential = |generation| Credential { generation, pin: None };
    let redeem = |amount, generation| Action::Redeem {
        amount: cents(amount),
        credential: credential(generation),
        terms: Terms::OPEN,
    };
    let hold = |generation| Action::Hold {
        amount: cents(500),
        credential: credential(generation),
        terms: Terms::OPEN,
        until: Timestamp::from_micros(1 << 40),
    };
    let issue = Action::Issue {
        municipality: MunicipalityId::new(id(4)),
        programme: ProgrammeId::new(id(5)),
        amount: cents(5_000),
        valid_from: Timestamp::from_micros(1),
        expires_at: Timestamp::from_micros(i64::MAX / 4),
        pin: None,
    };
    let back = |amount| Action::Reverse {
        target: key(1),
        target_operation: operation(1),
        amount: Some(cents(amount)),
        sealed_through: None,
    };
    let actions = [
        issue,
        redeem(1_000, 1),
        redeem(1_000, 1),
        redeem(9_000, 1),
        back(400),
        back(600),
        hold(1),
        Action::Capture { hold: operation(6), amount: Some(cents(300)) },
        Action::Block { reason: Reason::Other },
        Action::Unblock,
        Action::Reissue { pin: None },
        redeem(1_000, 2),
        Action::TopUp { amount: cents(2_000) },
        Action::ChangeExpiry { expires_at: Timestamp::from_micros(i64::MAX / 2) },
        hold(2),
        Action::Release { hold: operation(14) },
        hold(2),
    ];
    let entry = |(nth, action): (u128, &Action)| {
        let command = Command {
            operation: operation(nth),
            origin: Origin::Till { shop: ShopId::new(id(2)), terminal: TerminalId::new(id(3)) },
            key: key(nth),
            request_hash: RequestHash::of(&[&nth.to_be_bytes()]),
            action: *action,
        };
        let Decision::Record(entry) = decide(&voucher, &command, Timestamp::from_micros(100)) else {
            panic!("{action:?}")
        };
        voucher.apply(&entry).unwrap();
        entry
    };
    (0..).zip(&actions).map(entry).collect()
}

fn index(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

/// The holder of a voucher, who reads SMS or has none.
fn holder(voucher: u128, channel: &str) -> NewHolder {
    NewHolder {
        holder: HolderRow {
            voucher_id: id(voucher),
            municipality_id: id(4),
            person_id: id(1_000_000 + voucher),
            import_id: None,
            reference: format!("case {voucher}"),
            channel: channel.to_owned(),
            household: Some(3),
            minors: None,
            initials: "M. R.".to_owned(),
        },
        programme_id: id(5),
        language: "it".to_owned(),
        tax_index: None,
        phone_index: None,
        email_index: None,
        sealed: Sealed { wrapped_key: vec![1], sealed: vec![2] },
        codes: [("code", index(2 * voucher)), ("token", index(2 * voucher + 1))],
    }
}

#[tokio::test]
async fn a_holder_is_reached_elsewhere_from_now_on_and_nobody_elses_is() {
    for fresh in common::both().await {
        let (db, name) = (fresh.db.everything(), fresh.name);
        common::town(&db, id(4), id(5)).await;
        db.add_holders(&[holder(1, "sms"), holder(2, "sms")], 1).await.unwrap();
        let contact = |voucher: u128| NewContact {
            voucher_id: id(voucher),
            person_id: id(1_000_000 + voucher),
            channel: "email",
            phone_index: None,
            email_index: Some(index(7)),
            sealed: Sealed { wrapped_key: vec![3], sealed: vec![4] },
        };
        db.change_contact(&contact(1)).await.unwrap();
        let reached = async |voucher: u128| {
            let (holder, person) =
                (db.holder(id(voucher)).await.unwrap(), db.person(id(1_000_000 + voucher)).await.unwrap());
            (holder.channel, person.wrapped_key, person.sealed)
        };
        assert_eq!(reached(1).await, ("email".to_owned(), vec![3], vec![4]), "{name}");
        assert_eq!(reached(2).await, ("sms".to_owned(), vec![1], vec![2]), "{name}");
        // all of it or nothing
        let torn = NewContact { voucher_id: id(9), ..contact(2) };
        assert!(matches!(db.change_contact(&torn).await, Err(Error::NotFound)), "{name}");
        assert_eq!(reached(2).await, ("sms".to_owned(), vec![1], vec![2]), "{name}");
        if matches!(fresh.db, Db::Pg(_)) {
            let stranger = db.for_municipality(id(99));
            assert!(matches!(stranger.change_contact(&contact(2)).await, Err(Error::NotFound)));
        }
    }
}

#[tokio::test]
async fn a_key_that_says_something_else_than_its_operation_is_counted_out() {
    for fresh in common::both().await {
        let (db, all) = (&fresh.db, life(1));
        let facts = all.len() as u64;
        db.project(P, &Head::START, &[batch(&Head::START, &all)]).await.unwrap();
        assert_eq!(db.operation_counts().await.unwrap(), [facts; 3], "{}", fresh.name);
        // in a file keys are a view of the operations
        if matches!(db, Db::Pg(_)) {
            let forged = "UPDATE operation_key SET op_key = '\\x00' WHERE seq = 2";
            sqlx::query(forged).execute(&fresh.pool().await).await.unwrap();
            assert_eq!(db.operation_counts().await.unwrap(), [facts, facts, facts - 1]);
        }
    }
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
                Db::Pg(_) => fresh.pool().await.prepare(text).await.map(drop),
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
        let (db, name, all) = (&fresh.db, fresh.name, life(1));
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
        assert_eq!(db.facts(P, VoucherId::new(id(1))).await.unwrap(), (second.head().seq, all), "{name}");
        assert_eq!(db.facts(P, VoucherId::new(id(99))).await.unwrap(), (second.head().seq, vec![]), "{name}");
        let row = db.voucher(id(4), id(1)).await.unwrap();
        let sums = [row.balance_cents, row.held_cents, row.issued_cents, row.redeemed_cents, row.reversed_cents];
        assert_eq!(sums, [4_700, 500, 5_000, 3_300, 1_000], "{name}");
        assert_eq!((row.status.as_str(), row.generation), ("active", 2), "{name}");
        assert_eq!(row.expires_at, i64::MAX / 2, "{name}");
        assert_eq!(db.operation(id(102)).await.unwrap().reversed_cents, 1_000, "{name}: both parts of the reversal");
        assert_eq!(db.timed_out_holds(Uuid::nil(), i64::MAX, 10).await.unwrap(), [id(1)], "{name}");
        assert!(matches!(db.voucher(id(99), id(1)).await, Err(Error::NotFound)), "{name}: another's voucher");
    }
}

#[tokio::test]
async fn one_step_writes_more_rows_than_a_statement_takes() {
    const VOUCHERS: u128 = 150;
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        common::town(db, id(4), id(5)).await;
        let channel = |number| if number % 3 == 0 { "paper" } else { "sms" };
        let holders: Vec<NewHolder> = (1..=VOUCHERS).map(|number| holder(number, channel(number))).collect();
        db.add_holders(&holders, 1).await.unwrap();
        let entries: Vec<Entry> = (1..=VOUCHERS).flat_map(life).collect();
        let (first, second) = entries.split_at(entries.len() / 2);
        let first = batch(&Head::START, first);
        let second = batch(&first.head(), second);
        let done = db.project(P, &Head::START, &[first, Arc::clone(&second)]).await.unwrap();
        assert_eq!((done.records, done.seq), (entries.len(), second.head().seq), "{name}");
        let changed = db.changed_vouchers(P, 0, done.seq).await.unwrap();
        assert_eq!(changed.len() as u128, VOUCHERS, "{name}");
        assert!(changed.iter().all(|(_, seq)| *seq == life(1).len() as u64), "{name}: {changed:?}");
        let (last, before) = (done.seq, done.seq - 1);
        let one = db.changed_vouchers(P, before, last).await.unwrap();
        assert_eq!(one, [(VoucherId::new(id(VOUCHERS)), life(1).len() as u64)], "{name}");
        assert!(db.changed_vouchers(P, last, u64::MAX).await.unwrap().is_empty(), "{name}");
        assert_eq!(db.checkpoints().await.unwrap(), [(P, second.head())], "{name}");
        let sums = db.programme_sums(id(5)).await.unwrap();
        let vouchers = i64::try_from(VOUCHERS).unwrap();
        assert_eq!([sums.balance_cents, sums.held_cents], [4_700 * vouchers, 500 * vouchers], "{name}");
        for number in [1, 77, VOUCHERS] {
            assert_eq!(db.facts(P, VoucherId::new(id(number))).await.unwrap().1, life(number), "{name}");
        }
        // a link, four purchases and two reversals for each holder who can be reached: the link of the issue had not gone
        let is_link = |letter: &Letter| letter.template == "voucher_link";
        let letters = db.take_messages(i64::MAX - 1, i64::MAX, 10_000).await.unwrap();
        assert!(letters.iter().all(|letter| letter.operation.is_some() != is_link(letter)), "{name}");
        assert!(letters.iter().all(|letter| letter.to.is_some()), "{name}");
        assert_eq!(letters.len() as u128, VOUCHERS / 3 * 2 * 7, "{name}");
        assert_eq!(letters.iter().filter(|letter| is_link(letter)).count() as u128, VOUCHERS / 3 * 2, "{name}");
    }
}

/// Somebody buys with a printed card while the links of the import still wait, and the office takes the import back: what was
/// said of the purchase, and what is still to be said, does not stand in the way.
#[tokio::test]
async fn an_import_is_taken_back_by_its_links_alone() {
    const IMPORT: u128 = 8;
    for told in [false, true] {
        for fresh in common::both().await {
            let (db, name) = (&fresh.db, fresh.name);
            common::town(db, id(4), id(5)).await;
            let mut imported = holder(1, "sms");
            imported.holder.import_id = Some(id(IMPORT));
            db.add_holders(&[imported], 1).await.unwrap();
            db.project(P, &Head::START, &[batch(&Head::START, &life(1)[..2])]).await.unwrap();
            if told {
                let letters = db.take_messages(200, 300, 10).await.unwrap();
                assert_eq!(letters.iter().map(|letter| &*letter.template).collect::<Vec<_>>(), ["purchase"], "{name}");
                let sent = Settled {
                    id: letters[0].id,
                    until: letters[0].until,
                    status: "sent",
                    tried: true,
                    not_before: None,
                    sent_at: Some(250),
                    segments: Some(1),
                    error: None,
                };
                db.settle_messages(&[sent]).await.unwrap();
            }
            db.suppress_import(id(IMPORT)).await.unwrap();
            let messages = db.messages(id(4), Uuid::max(), "", 10).await.unwrap();
            let mut states: Vec<_> = messages.iter().map(|message| (&*message.template, &*message.status)).collect();
            states.sort_unstable();
            let purchase = if told { "sent" } else { "pending" };
            assert_eq!(states, [("purchase", purchase), ("voucher_link", "suppressed")], "{name}");
        }
    }
}

/// The ids of the operations whose links are due by then.
async fn links_due(db: &Db, now: i64) -> Vec<u128> {
    let letters = db.take_messages(now, now + 1, 10).await.unwrap();
    let links = letters.iter().filter(|letter| letter.template == "voucher_link");
    // the inverse of how a message gets its id
    let mut causes: Vec<u128> = links.map(|letter| letter.id.as_u128() ^ 0x5a).collect();
    causes.sort_unstable();
    causes
}

/// An import can be undone for a while; whoever lost their phone stands at the desk.
async fn a_new_link(sent: bool) {
    const DELAY: i64 = 60_000_000;
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        common::town(db, id(4), id(5)).await;
        db.add_holders(&[holder(1, "sms")], 1).await.unwrap();
        let life = life(1);
        let [issued, reissued] = [life[0], life[10]].map(|entry| entry.decided_at.micros());
        let (issue, reissue) = (life[0].operation.uuid().as_u128(), life[10].operation.uuid().as_u128());
        let first = batch(&Head::START, &life[..10]);
        db.project(P, &Head::START, &[Arc::clone(&first)]).await.unwrap();
        assert!(links_due(db, issued + DELAY - 1).await.is_empty(), "{name}");
        if sent {
            assert_eq!(links_due(db, issued + DELAY).await, [issue], "{name}");
        }
        db.project(P, &first.head(), &[batch(&first.head(), &life[10..])]).await.unwrap();
        assert_eq!(links_due(db, reissued).await, [reissue], "{name}");
        let both: &[u128] = if sent { &[issue, reissue] } else { &[reissue] };
        assert_eq!(links_due(db, issued + DELAY + 1).await, both, "{name}: one of two that say the same");
    }
}

#[tokio::test]
async fn the_first_link_waits_as_long_as_the_programme_says_and_a_new_one_goes_at_once() {
    a_new_link(false).await;
}

/// What is on its way may have gone.
#[tokio::test]
async fn a_link_in_somebodys_hands_stays_there_when_a_new_one_comes() {
    a_new_link(true).await;
}

/// Also when a node stands still in there.
#[tokio::test]
async fn nobody_waits_for_ever_for_the_office() {
    for fresh in common::both().await {
        // a file belongs to one process
        let db @ Db::Pg(_) = &fresh.db else { continue };
        let held = db.office(Duration::from_secs(60)).await.unwrap();
        let refused = db.office(Duration::from_millis(100)).await.err();
        assert!(matches!(refused, Some(Error::Unavailable(_))), "{refused:?}");
        drop(held);
        assert!(db.office(Duration::from_secs(60)).await.is_ok());
    }
}

#[tokio::test]
async fn messages_that_could_not_be_read_are_in_nobodys_hands() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        common::town(db, id(4), id(5)).await;
        db.add_holders(&[holder(1, "sms")], 1).await.unwrap();
        db.project(P, &Head::START, &[batch(&Head::START, &life(1))]).await.unwrap();
        // the ledger dies behind the first of the statements
        for table in ["ALTER TABLE operation RENAME TO gone", "ALTER TABLE gone RENAME TO operation"] {
            match db {
                Db::Pg(_) => drop(sqlx::query(table).execute(&fresh.pool().await).await.unwrap()),
                Db::Lite(pool) => drop(sqlx::query(table).execute(pool).await.unwrap()),
            }
            let taken = db.take_messages(i64::MAX - 1, i64::MAX, 10).await;
            assert_eq!(taken.is_ok(), table.contains("gone RENAME"), "{name}: {taken:?}");
            assert!(taken.is_err() || taken.is_ok_and(|letters| letters.len() == 7), "{name}");
        }
    }
}

#[tokio::test]
async fn a_step_that_contradicts_the_ledger_leaves_nothing_behind() {
    for fresh in common::both().await {
        let (db, name, all) = (&fresh.db, fresh.name, life(1));
        // a voucher's fifth fact where its first should be
        let gap = batch(&Head::START, &all[4..5]);
        let refused = db.project(P, &Head::START, &[gap]).await;
        assert!(matches!(refused, Err(ProjectError::Contradiction { .. })), "{name}: {refused:?}");
        // the same voucher issued twice
        let twice = batch(&Head::START, &[all[0], all[1], all[1]]);
        let refused = db.project(P, &Head::START, &[twice]).await;
        assert!(matches!(refused, Err(ProjectError::Contradiction { .. })), "{name}: {refused:?}");
        assert_eq!(db.checkpoint(P).await.unwrap(), Head::START, "{name}");
        assert!(db.facts(P, VoucherId::new(id(1))).await.unwrap().1.is_empty(), "{name}");
        // one key twice on a voucher, as no engine decides it
        let again = Entry { operation: OperationId::new(id(7)), voucher_seq: 3, ..all[1] };
        let same_key = batch(&Head::START, &[all[0], all[1], again]);
        let refused = db.project(P, &Head::START, &[same_key]).await;
        assert!(matches!(refused, Err(ProjectError::Contradiction { .. })), "{name}: {refused:?}");
        assert_eq!(db.checkpoint(P).await.unwrap(), Head::START, "{name}");
    }
}

#[tokio::test]
async fn a_projector_goes_on_only_from_the_ledger_that_it_knows() {
    for fresh in common::both().await {
        let (db, name, all) = (&fresh.db, fresh.name, life(1));
        let first = batch(&Head::START, &all[..2]);
        let second = batch(&first.head(), &all[2..4]);
        // it knows a ledger with two facts, and meets one that was emptied: nothing is skipped
        let moved = db.project(P, &first.head(), &[Arc::clone(&second)]).await;
        assert!(matches!(moved, Err(ProjectError::Moved)), "{name}: {moved:?}");
        // and one that has as many facts of another life
        let other = batch(&Head::START, &life(2)[..2]);
        db.project(P, &Head::START, &[Arc::clone(&other)]).await.unwrap();
        let moved = db.project(P, &first.head(), &[Arc::clone(&second)]).await;
        assert!(matches!(moved, Err(ProjectError::Moved)), "{name}: {moved:?}");
        let contradicts = db.project(P, &other.head(), &[second]).await;
        assert!(matches!(contradicts, Err(ProjectError::Contradiction { .. })), "{name}: {contradicts:?}");
        assert_eq!(db.checkpoint(P).await.unwrap(), other.head(), "{name}");
    }
}

#[tokio::test]
async fn both_folders_of_migrations_make_the_same_columns() {
    // for SQLite a view's column, and a number that is the key, may always be null
    const LITE: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" = 1 OR c.pk > 0 OR t.type = 'view'
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type IN ('table', 'view') AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY t.name, c.cid";
    const PG: &str = "SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), format_type(c.atttypid, NULL), c.attnotnull
        FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
        WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
            AND c.attnum > 0 AND NOT c.attisdropped AND t.relname NOT LIKE '\\_sqlx%' ORDER BY t.relname COLLATE \"C\", c.attnum";
    let mut all = Vec::new();
    for fresh in common::both().await {
        let columns: Vec<(String, String, String, bool)> = match &fresh.db {
            Db::Pg(_) => sqlx::query_as(PG).fetch_all(&fresh.pool().await).await.unwrap(),
            Db::Lite(pool) => sqlx::query_as(LITE).fetch_all(pool).await.unwrap(),
        };
        let same = [("bigint", "INTEGER"), ("bytea", "BLOB"), ("uuid", "BLOB"), ("text", "TEXT")];
        let named = |kind: String| same.iter().find(|(from, _)| *from == kind).map_or(kind, |(_, to)| (*to).to_owned());
        let line = |(table, column, kind, filled)| format!("{table}.{column} {} {filled}", named(kind));
        all.push(columns.into_iter().map(line).collect::<Vec<_>>());
    }
    assert!(all[0].len() > 100, "{:?}", all[0]);
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn a_copy_holds_every_row_whichever_databases_the_two_are_on() {
    let (full, empty) = (common::both().await, common::both().await);
    for (from, to) in [(&full[0], &empty[1]), (&empty[1], &full[1]), (&full[1], &empty[0])] {
        if from.db.first_occupied().await.unwrap().is_none() {
            common::town(&from.db, id(4), id(5)).await;
            let holders: Vec<NewHolder> = (1..=70).map(|number| holder(number, "sms")).collect();
            from.db.add_holders(&holders, 1).await.unwrap();
            let entries: Vec<Entry> = (1..=70).flat_map(life).collect();
            let step = batch(&Head::START, &entries);
            from.db.project(P, &Head::START, &[Arc::clone(&step)]).await.unwrap();
            assert!(from.db.adopts_key(&[7; 16]).await.unwrap());
            let mark = Mark { head: step.head(), facts: [3; 32], at: Timestamp::from_micros(1) };
            from.db.set_mark(P, MarkKind::Backup, &mark).await.unwrap();
        }
        let digests = copy_ledger(&from.db, &to.db).await.unwrap();
        assert_eq!(digests["operation"].rows, 70 * 17, "{} to {}", from.name, to.name);
        assert_eq!(digests, from.db.digests().await.unwrap());
        assert_eq!(digests, to.db.digests().await.unwrap());
        assert_eq!(to.db.facts(P, VoucherId::new(id(70))).await.unwrap().1, life(70));
        let again = copy_ledger(&from.db, &to.db).await;
        assert!(matches!(again, Err(CopyError::NotEmpty("installation"))), "{again:?}");
        assert_eq!(digests, to.db.digests().await.unwrap(), "nothing was written over");
    }
}

/// As long as a table is read at one end, nothing is said to the other, and a session that says nothing in a transaction is
/// otherwise ended soon.
#[tokio::test]
async fn an_end_of_a_copy_may_be_silent_for_long() {
    const LONG: Duration = Duration::from_secs(6);
    let (from, to) = (common::both().await.remove(1), common::both().await.remove(1));
    let read = from.server().hold("LOCK TABLE municipality");
    let written = to.server().hold("LOCK TABLE journal_mark");
    let letting_go = async {
        tokio::time::sleep(LONG).await;
        drop(read);
        tokio::time::sleep(LONG).await;
        drop(written);
    };
    let (copied, ()) = tokio::join!(copy_ledger(&from.db, &to.db), letting_go);
    copied.unwrap();
}

const UNCOPIED: [&str; 2] = ["directory_version", "operation_key"];

#[tokio::test]
async fn every_table_is_copied() {
    let fresh = &common::both().await;
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    let Db::Lite(pool) = &fresh[0].db else { panic!("the first is SQLite") };
    let mut lite: Vec<String> = sqlx::query_scalar(names).fetch_all(pool).await.unwrap();
    let names = "SELECT CAST(relname AS TEXT) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT LIKE '\\_%' ESCAPE '\\'";
    let mut pg: Vec<String> = sqlx::query_scalar(names).fetch_all(&fresh[1].pool().await).await.unwrap();
    // each counts its own changes, and what stands beside the months follows from them
    [&mut lite, &mut pg].into_iter().for_each(|names| names.retain(|name| !UNCOPIED.contains(&name.as_str())));
    let mut copied = TABLES.map(str::to_owned).to_vec();
    [&mut lite, &mut pg, &mut copied].into_iter().for_each(|names| names.sort());
    assert_eq!(lite, copied);
    assert_eq!(pg, copied);
}

#[tokio::test]
async fn a_mark_never_goes_back() {
    for fresh in common::both().await {
        let mark =
            |seq, facts| Mark { head: Head { epoch: 2, seq, chain: [1; 32] }, facts, at: Timestamp::from_micros(1) };
        let db = &fresh.db;
        let set = |mark| async move {
            db.set_mark(P, MarkKind::Trimmed, &mark).await.unwrap();
            db.mark(P, MarkKind::Trimmed).await.unwrap()
        };
        assert_eq!(fresh.db.mark(P, MarkKind::Trimmed).await.unwrap(), None);
        assert_eq!(set(mark(5, [1; 32])).await, Some(mark(5, [1; 32])));
        assert_eq!(set(mark(4, [2; 32])).await, Some(mark(5, [1; 32])));
        assert_eq!(set(mark(6, [3; 32])).await, Some(mark(6, [3; 32])));
        // the same place once more, as of a night in which nothing was paid
        let later = Mark { at: Timestamp::from_micros(2), ..mark(6, [3; 32]) };
        assert_eq!(set(later).await, Some(later));
        assert_eq!(set(mark(6, [3; 32])).await, Some(later));
        assert_eq!(fresh.db.mark(P, MarkKind::Backup).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_session_lasts_while_it_is_used_and_no_longer() {
    const MINUTE: i64 = 60_000_000;
    const IDLE: i64 = 30 * MINUTE;
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        let session = CitizenSession { voucher_id: Uuid::from_u128(1), generation: 1, expires_at: IDLE };
        db.add_citizen_session(b"one", session).await.unwrap();
        let at = |minute: i64| db.touch_citizen_session(b"one", minute * MINUTE + IDLE, minute * MINUTE);
        // used once more a moment before it would be over, it lasts again as long from there
        assert_eq!(at(29).await.unwrap().voucher_id, Uuid::from_u128(1), "{name}");
        assert!(at(58).await.is_ok(), "{name}");
        assert!(matches!(at(88).await, Err(Error::NotFound)), "{name}: over at that very instant");
        assert!(at(87).await.is_ok(), "{name}: looking too late changed nothing");
        assert!(matches!(db.touch_citizen_session(b"two", IDLE, 0).await, Err(Error::NotFound)), "{name}");
        db.purge_sessions(117 * MINUTE).await.unwrap();
        assert!(matches!(at(0).await, Err(Error::NotFound)), "{name}: swept up once it was over");
    }
}
