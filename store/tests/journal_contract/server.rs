//! Kills, locks, cancelled waits, damage: what becomes of the journal on a Postgres server.

use super::postgres::Server;
use super::stores::{AT, NODE, P, batch, migrated, replay, write};
use domain::record::NodeId;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;
use store::journal::{Head, Journal, JournalError, PostgresJournal, Standing};
use store::ledger::Db;

/// A standby that never comes: every commit waits for it.
const GHOST: &str = "synchronous_standby_names = 'ghost'";
const NO_GHOST: &str = "synchronous_standby_names = ''";
const WAITING: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

fn unknown<T: std::fmt::Debug>(answer: Result<T, JournalError>) -> String {
    match answer {
        Err(JournalError::Unknown(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn set(server: &Server, setting: &str) {
    server.configure(&[setting]);
    server.reload();
    let wanted = setting.split('\'').nth(1).unwrap();
    server.until(&format!("SELECT 1 WHERE current_setting('synchronous_standby_names') = '{wanted}'"));
}

#[test]
fn what_was_answered_survives_kills_and_the_rest_is_there_whole_or_not_at_all() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let mut head = write(&mut journal, 1);
    for round in 0..3 {
        let (mut answered, mut asked) = (head, Vec::new());
        let kept = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while kept.load(SeqCst) < 3 {
                    thread::sleep(Duration::from_millis(1));
                }
                thread::sleep(Duration::from_millis(10 + round * 37));
                server.signal("KILL");
            });
            loop {
                let next = batch(&answered, 1 + answered.seq % 7);
                asked.push(next.clone());
                match journal.append(P, answered.seq, &next) {
                    Ok(()) => answered = next.head(),
                    Err(error) => {
                        kept.fetch_add(3, SeqCst);
                        return drop(unknown::<()>(Err(error)));
                    }
                }
                kept.fetch_add(1, SeqCst);
            }
        });
        assert!(asked.len() > 3, "it was killed before it did anything");
        server.resume();
        let end = journal.head(P).unwrap();
        assert!(end == answered || end == asked.last().unwrap().head(), "{end:?}, {answered:?}");
        let held = replay(&mut journal);
        assert!(asked.iter().take(asked.len() - 1).all(|sent| held.iter().any(|kept| kept.bytes() == sent.bytes())));
        head = journal.open(P, NODE, end.epoch, AT).unwrap().head;
    }
}

#[test]
fn a_connection_that_is_cut_is_an_unknown_outcome_and_another_one_goes_on() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 1);
    let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    server.sql(cut);
    let next = batch(&head, 2);
    unknown(journal.append(P, head.seq, &next));
    assert_eq!(journal.head(P), Ok(head));
    journal.append(P, head.seq, &next).unwrap();
    server.stop();
    unknown(journal.head(P));
    server.resume();
    assert_eq!(journal.head(P), Ok(next.head()));
}

/// As the projector does, whose thread drives a runtime: neither calls nor their end may trip over that.
#[test]
fn whoever_already_drives_a_runtime_may_call_lose_the_server_and_let_go() {
    let server = migrated(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
        let head = write(&mut journal, 1);
        server.stop();
        unknown(journal.read(P, 1, 1));
        unknown(journal.head(P));
        unknown(PostgresJournal::reader(&server.url().parse().unwrap()).map(drop));
        server.resume();
        assert_eq!(journal.head(P), Ok(head));
    });
}

#[test]
fn a_lock_that_is_held_or_a_server_that_stands_still_ends_in_an_unknown_outcome() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 1);
    let next = batch(&head, 2);
    let lock = "BEGIN; SELECT FROM journal.fence FOR UPDATE; SELECT pg_sleep(60)";
    let mut other = server.psql().args(["-c", lock]).spawn().unwrap();
    server.until("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    let said = unknown(journal.append(P, head.seq, &next));
    assert!(said.contains("55P03"), "{said}");
    assert!(unknown(journal.open(P, NODE, head.epoch, AT)).contains("55P03"));
    // nobody waits for it who only reads
    assert_eq!(journal.head(P), Ok(head));
    server.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    other.wait().unwrap();
    journal.append(P, head.seq, &next).unwrap();
    server.signal("STOP");
    journal.reconnect();
    let said = unknown(journal.head(P));
    server.signal("CONT");
    assert!(said.contains("no answer within") || said.contains("timed out"), "{said}");
    assert_eq!(journal.head(P), Ok(next.head()));
}

/// Appends while every commit waits for the ghost, does something to those who wait, and gives what was said.
fn while_it_waits(server: &Server, journal: &mut PostgresJournal, head: &Head, act: &str) -> String {
    thread::scope(|scope| {
        let appending = scope.spawn(|| unknown(journal.append(P, head.seq, &batch(head, 2))));
        let pid = server.until(WAITING);
        server.sql(&format!("SELECT {act}({pid})"));
        appending.join().unwrap()
    })
}

#[test]
fn a_commit_whose_wait_for_the_standby_was_cancelled_is_an_unknown_outcome() {
    for (act, told) in [("pg_cancel_backend", "canceling"), ("pg_terminate_backend", "")] {
        let server = migrated(&[]);
        let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
        let head = write(&mut journal, 1);
        let mut reader = PostgresJournal::reader(&server.url().parse().unwrap()).unwrap();
        set(&server, GHOST);
        let said = while_it_waits(&server, &mut journal, &head, act);
        assert!(said.contains(told), "{act}: {said}");
        // it is visible here, and on no standby: nobody may believe it, and the server cannot confirm it
        assert_eq!(server.sql("SELECT seq FROM journal.fence"), (head.seq + 2).to_string(), "{act}");
        assert!(unknown(reader.read(P, head.seq + 1, 1)).contains("no answer within"));
        set(&server, NO_GHOST);
        assert_eq!(reader.head(P).unwrap(), batch(&head, 2).head(), "{act}");
        assert_eq!(reader.read(P, head.seq + 1, 1).unwrap()[0].bytes(), batch(&head, 2).bytes());
        assert_eq!(journal.open(P, NodeId(2), head.epoch, AT).unwrap().head.seq, head.seq + 3);
    }
}

#[test]
fn a_wait_that_a_kill_ends_is_an_unknown_outcome_and_the_batch_is_there_whole() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 1);
    set(&server, GHOST);
    let next = batch(&head, 2);
    thread::scope(|scope| {
        let appending = scope.spawn(|| unknown(journal.append(P, head.seq, &next)));
        server.until(WAITING);
        server.signal("KILL");
        appending.join().unwrap();
    });
    server.configure(&[NO_GHOST]);
    server.resume();
    assert_eq!(replay(&mut journal).last().unwrap().bytes(), next.bytes());
}

#[test]
fn damage_is_said_and_never_guessed() {
    let server = migrated(&[]);
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 2);
    let corrupt = |answer: &dyn std::fmt::Debug| format!("{answer:?}").starts_with("Err(Corrupt");
    let flip = "UPDATE journal.batch SET bytes = set_byte(bytes, 60, get_byte(bytes, 60) # 1) WHERE last_seq = 4";
    server.sql(flip);
    assert!(corrupt(&journal.read(P, 1, usize::MAX)));
    assert_eq!(journal.read(P, 1, 1).unwrap().len(), 1, "what lies before it can be read");
    server.sql(flip);
    assert_eq!(replay(&mut journal).len(), 3);
    let tampered = [
        "UPDATE journal.fence SET seq = seq - 1",
        "UPDATE journal.fence SET seq = -1",
        "UPDATE journal.fence SET epoch = epoch + 1",
        "UPDATE journal.fence SET chain = '\\x00'",
        "DELETE FROM journal.batch WHERE last_seq = 7",
        "UPDATE journal.batch SET bytes = set_byte(bytes, 60, 1 # get_byte(bytes, 60)) WHERE last_seq = 7",
    ];
    server.sql("CREATE TABLE fence AS TABLE journal.fence; CREATE TABLE batch AS TABLE journal.batch");
    for statement in tampered {
        server.sql(statement);
        for believed in 0..3 {
            let answer = journal.open(P, NODE, believed, AT);
            assert!(corrupt(&answer), "{statement}: {answer:?}");
        }
        server.sql("TRUNCATE journal.fence, journal.batch");
        server.sql("INSERT INTO journal.fence TABLE fence; INSERT INTO journal.batch TABLE batch");
    }
    server.sql(
        "UPDATE journal.fence SET seq = 4,
            chain = (SELECT substr(bytes, length(bytes) - 31) FROM batch WHERE last_seq = 4)",
    );
    let behind = journal.head(P).unwrap();
    assert!(corrupt(&journal.append(P, 4, &batch(&behind, 3))), "a batch lies there already");
    server.sql("DELETE FROM journal.fence");
    journal.create(P).unwrap();
    assert_eq!(journal.open(P, NODE, head.epoch, AT), Err(JournalError::NoFence));
}

#[test]
fn a_reader_never_writes_and_missing_tables_are_named() {
    let server = migrated(&[]);
    let head = write(&mut PostgresJournal::open(&server.url().parse().unwrap()).unwrap(), 1);
    let mut reader = PostgresJournal::reader(&server.url().parse().unwrap()).unwrap();
    assert_eq!((reader.head(P), replay(&mut reader).len()), (Ok(head), 2));
    assert!(unknown(reader.append(P, head.seq, &batch(&head, 1))).contains("read-only"));
    assert!(unknown(reader.open(P, NODE, head.epoch, AT)).contains("read-only"));
    server.sql("DROP SCHEMA journal CASCADE");
    let refused = PostgresJournal::open(&server.url().parse().unwrap()).err().unwrap().to_string();
    assert!(refused.contains("tables are missing, run `buono migrate`"), "{refused}");
}

#[test]
fn a_warning_on_connecting_is_none_about_a_commit() {
    let server = migrated(&[]);
    server.sql("UPDATE pg_database SET datcollversion = 'another'");
    let warned = server.psql().args(["-c", "SELECT 1"]).stderr(Stdio::piped()).output().unwrap();
    assert!(String::from_utf8_lossy(&warned.stderr).contains("WARNING"), "{warned:?}");
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    write(&mut journal, 1);
    assert_eq!(replay(&mut journal).len(), 2);
    assert!(PostgresJournal::complaints(&server.url().parse().unwrap()).unwrap().is_empty());
}

#[test]
fn the_ledger_may_live_in_the_same_database() {
    let server = migrated(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap();
        ledger.migrate().await.unwrap();
        PostgresJournal::migrate(&server.url().parse().unwrap()).await.unwrap();
        ledger.migrate().await.unwrap();
        assert_eq!(ledger.checkpoint(P).await.unwrap(), Head::START);
    });
    write(&mut PostgresJournal::open(&server.url().parse().unwrap()).unwrap(), 1);
}

#[test]
fn what_is_unsafe_on_a_server_is_listed_and_a_session_waits_for_the_disk_all_the_same() {
    let bad = ["fsync = off", "full_page_writes = off", "synchronous_commit = local"];
    let server = migrated(&bad);
    let complaints = PostgresJournal::complaints(&server.url().parse().unwrap()).unwrap();
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    for (complaint, setting) in complaints.iter().zip(["fsync", "full_page_writes", "synchronous_commit"]) {
        assert!(complaint.contains(&format!("ALTER SYSTEM SET {setting} = on")), "{complaint}");
    }
    // an append waits for the standby, although the server was told not to
    let mut journal = PostgresJournal::open(&server.url().parse().unwrap()).unwrap();
    let head = write(&mut journal, 1);
    set(&server, GHOST);
    while_it_waits(&server, &mut journal, &head, "pg_cancel_backend");
    server.stop();
    server.configure(&["fsync = on", "full_page_writes = on", "synchronous_commit = on", NO_GHOST]);
    server.make_standby();
    server.resume();
    let complaints = PostgresJournal::complaints(&server.url().parse().unwrap()).unwrap();
    assert!(complaints.len() == 1 && complaints[0].contains("pg_promote"), "{complaints:?}");
    let refused = PostgresJournal::open(&server.url().parse().unwrap()).err().unwrap().to_string();
    assert!(refused.contains("the server is a standby"), "{refused}");
    server.sql("SELECT pg_promote()");
    assert!(PostgresJournal::complaints(&server.url().parse().unwrap()).unwrap().is_empty());
    assert_eq!(replay(&mut PostgresJournal::open(&server.url().parse().unwrap()).unwrap()).len(), 3);
}

#[test]
fn whoever_may_not_see_the_standbys_is_told_how_many_there_are_and_what_is_missing() {
    let server = migrated(&[]);
    assert_eq!(PostgresJournal::standbys(&server.url().parse().unwrap()).unwrap().standing(), Standing::Weak);
    let standby = server.standby();
    server.set("synchronous_standby_names", &format!("ANY 1 ({})", standby.name()));
    server.until("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'");
    let standbys = PostgresJournal::standbys(&server.url().parse().unwrap()).unwrap();
    assert_eq!((standbys.needed, standbys.confirming.clone()), (1, vec![standby.name()]), "{standbys}");
    server.sql("CREATE ROLE plain LOGIN");
    let plain = server.url().replace("postgres@", "plain@");
    let standbys = PostgresJournal::standbys(&plain.parse().unwrap()).unwrap();
    assert_eq!((standbys.standing(), standbys.hidden), (Standing::Hidden, 1));
    assert!(standbys.to_string().contains("GRANT pg_monitor TO plain"), "{standbys}");
    server.sql("GRANT pg_monitor TO plain");
    assert_eq!(PostgresJournal::standbys(&plain.parse().unwrap()).unwrap().standing(), Standing::Weak);
}
