//! Full disks, crashes and other processes: what becomes of the file of a SQLite journal.

use super::stores::{AT, NODE, P, batch, journal_file, replay, written};
use domain::record::NodeId;
use rusqlite::Connection;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use store::journal::{Head, Journal, JournalError, SqliteJournal};

fn is_unknown<T>(answer: &Result<T, JournalError>) -> bool {
    matches!(answer, Err(JournalError::Unknown(_)))
}

/// Appends until the disk is full, and gives the last record that was answered.
fn fill(journal: &mut SqliteJournal, mut head: Head, records: u64) -> Head {
    let end = head.seq + 100_000;
    while head.seq < end {
        let next = batch(&head, records);
        match journal.append(P, head.seq, &next) {
            Ok(()) => head = next.head(),
            Err(error) => {
                assert!(matches!(error, JournalError::Unknown(_)), "{error:?}");
                return head;
            }
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_full_disk_is_an_unknown_outcome_and_goes_on_when_there_is_room() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 1);
    let head = journal.head(P).unwrap();
    journal.limit_pages(40).unwrap();
    let head = fill(&mut journal, head, 50);
    assert!(head.seq > 100, "it was full at once");
    for _ in 0..3 {
        assert!(is_unknown(&journal.append(P, head.seq, &batch(&head, 50))));
        assert_eq!(journal.head(P), Ok(head));
        assert_eq!(replay(&mut journal).last().unwrap().head(), head, "nothing half-written");
        assert_eq!(SqliteJournal::reader(&path).unwrap().head(P), Ok(head));
    }
    journal.reconnect();
    let opened = journal.open(P, NODE, head.epoch, AT).unwrap().head;
    journal.append(P, opened.seq, &batch(&opened, 50)).unwrap();
    assert_eq!(replay(&mut journal).last().unwrap().head().seq, head.seq + 51);
}

/// Whether this is a process of its own for the test of this name, which may then limit how large files
/// grow. If it is not, the test runs in one, and passes there.
fn alone(test: &str) -> bool {
    const MARK: &str = "BUONO_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    // the kernel first sends a signal that ends whoever does not ignore it
    let run = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&run.stderr));
    false
}

/// From here on no file of this process grows beyond so many bytes: the write that would is cut short.
fn limit_files(bytes: u64) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum }).unwrap();
}

#[test]
fn a_write_that_the_system_cuts_short_is_the_same_wherever_it_is_cut() {
    if !alone("disk::a_write_that_the_system_cuts_short_is_the_same_wherever_it_is_cut") {
        return;
    }
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 1);
    let mut refused = 0;
    for round in 0..20 {
        // no two rounds end at the same place in a page, nor at the same point of a commit
        limit_files(150_000 + round * 20_011);
        let head = journal.head(P).unwrap();
        let head = fill(&mut journal, head, 1 + round * 13);
        journal.reconnect();
        // as the engine does: move the fence first. That too finds no room, or just enough
        let head = match journal.open(P, NODE, head.epoch, AT) {
            Ok(opened) => opened.head,
            Err(error) => {
                assert!(matches!(error, JournalError::Unknown(_)), "{error:?}");
                refused += 1;
                head
            }
        };
        assert_eq!(journal.head(P), Ok(head), "round {round}");
        assert_eq!(replay(&mut journal).last().unwrap().head(), head, "round {round}: nothing half-written");
        assert_eq!(SqliteJournal::reader(&path).unwrap().head(P), Ok(head));
    }
    let head = journal.head(P).unwrap();
    assert!(head.seq > 1_000 && refused > 0, "{} records, {refused} refused: too little to prove anything", head.seq);
    limit_files(1 << 30);
    let opened = journal.open(P, NODE, head.epoch, AT).unwrap().head;
    journal.append(P, opened.seq, &batch(&opened, 1)).unwrap();
    assert_eq!(replay(&mut journal).last().unwrap().head().seq, head.seq + 2);
}

/// What would be on the disk if the machine stopped now.
fn image(path: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(path.with_file_name(name), folder.join(name)).unwrap();
    }
}

#[test]
fn what_was_answered_is_in_the_files_already() {
    let (folder, path) = journal_file();
    let mut journal = written(&path, 0);
    let mut head = journal.head(P).unwrap();
    for count in 1..30 {
        let next = batch(&head, count * 9);
        journal.append(P, head.seq, &next).unwrap();
        head = next.head();
        let crashed = folder.path().join(format!("after-{count}"));
        image(&path, &crashed);
        let mut crashed = SqliteJournal::open(&crashed.join("journal.db")).unwrap();
        assert_eq!(crashed.head(P), Ok(head), "batch {count}");
        assert_eq!(replay(&mut crashed).len() as u64, count + 1);
    }
}

#[test]
fn a_commit_that_the_power_cut_in_two_never_happened() {
    // at least two ends within each page
    const STEP: usize = 1_999;
    let (folder, path) = journal_file();
    let mut journal = written(&path, 12);
    let all = replay(&mut journal);
    let crash = folder.path().join("crash");
    image(&path, &crash);
    let wal = fs::read(crash.join("journal.db-wal")).unwrap();
    let copy = crash.join("journal.db");
    let file = fs::read(&copy).unwrap();
    let mut ends = Vec::new();
    for len in (0..wal.len()).step_by(STEP) {
        fs::write(&copy, &file).unwrap();
        fs::write(crash.join("journal.db-wal"), &wal[..len]).unwrap();
        let mut crashed = SqliteJournal::open(&copy).unwrap();
        crashed.create(P).unwrap();
        let held = replay(&mut crashed);
        assert!(held.iter().zip(&all).all(|(a, b)| a.bytes() == b.bytes()), "{len} bytes");
        ends.push(held.len());
        drop(crashed);
        let _ = fs::remove_file(crash.join("journal.db-shm"));
    }
    assert!(ends.is_sorted(), "a longer log holds less: {ends:?}");
    ends.dedup();
    assert!(ends.len() > 10, "too few ends to prove anything: {ends:?}");
}

#[test]
fn a_commit_under_way_is_seen_by_nobody_and_lets_nobody_else_write() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 1);
    let head = journal.head(P).unwrap();
    let next = batch(&head, 2);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let insert = "INSERT INTO batch (place, bytes) VALUES (?1, ?2)";
    other.execute(insert, rusqlite::params![next.head().seq, next.bytes()]).unwrap();
    other
        .execute("UPDATE fence SET seq = ?1, chain = ?2", rusqlite::params![next.head().seq, next.head().chain])
        .unwrap();
    let mut reader = SqliteJournal::reader(&path).unwrap();
    assert_eq!((reader.head(P), reader.read(P, head.seq + 1, 1).unwrap().len()), (Ok(head), 0));
    // somebody else has the file's lock, and does not let go
    thread::scope(|scope| {
        let opening =
            scope.spawn(|| SqliteJournal::open(&path).and_then(|mut two| two.open(P, NodeId(2), head.epoch, AT)));
        assert!(is_unknown(&journal.append(P, head.seq, &next)));
        assert!(is_unknown(&opening.join().unwrap()));
    });
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!((reader.head(P), journal.head(P)), (Ok(head), Ok(head)));
    journal.append(P, head.seq, &next).unwrap();
    assert_eq!((reader.head(P), reader.read(P, head.seq + 1, 1).unwrap().len()), (Ok(next.head()), 1));
    assert!(is_unknown(&reader.append(P, next.head().seq, &batch(&next.head(), 1))), "a reader never writes");
}
