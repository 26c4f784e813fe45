//! A file in which something is not as it was written: said, never guessed.

use super::stores::{AT, NODE, P, batch, journal_file, replay, written};
use rusqlite::{Connection, params};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::journal::{Batch, Head, Journal, JournalError, SqliteJournal};

/// Another connection to the file, of somebody who knows no rules.
fn vandal(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

fn is_corrupt<T>(answer: &Result<T, JournalError>) -> bool {
    // of the first byte of a batch or record nobody can say what changed it
    matches!(answer, Err(JournalError::Corrupt(_) | JournalError::UnknownForm(_)))
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let good = batch(&Head { epoch: 1, ..Head::START }, 3);
    for at in 0..good.bytes().len() {
        let mut bytes = good.bytes().to_vec();
        bytes[at] ^= 1;
        let found = Batch::decode(bytes).map_err(|_| ()).and_then(|batch| batch.follows(&Head::START).map_err(|_| ()));
        assert!(found.is_err(), "byte {at}");
    }
    for len in 0..good.bytes().len() {
        assert!(Batch::decode(good.bytes()[..len].to_vec()).is_err(), "{len} bytes");
    }
}

#[test]
fn a_flipped_bit_in_a_stored_batch_is_found_on_read() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 3);
    let vandal = vandal(&path);
    let victim = replay(&mut journal).remove(2);
    let store = |bytes: &[u8]| {
        let put = "UPDATE batch SET bytes = ?1 WHERE place = ?2";
        assert_eq!(vandal.execute(put, params![bytes, victim.head().seq]).unwrap(), 1);
    };
    for at in 0..victim.bytes().len() {
        let mut bytes = victim.bytes().to_vec();
        bytes[at] ^= 1 << (at % 8);
        store(&bytes);
        assert!(is_corrupt(&journal.read(P, 1, usize::MAX)), "byte {at}");
        assert!(journal.read(P, 1, 1).is_ok(), "what lies before it can be read");
    }
    store(victim.bytes());
    assert_eq!(replay(&mut journal).len(), 4);
}

#[test]
fn a_lost_fence_is_said_and_never_minted_again() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 2);
    let head = journal.head(P).unwrap();
    // also when nearly everything was trimmed
    journal.trim(P, head.seq, head.seq).unwrap();
    vandal(&path).execute("DELETE FROM fence", []).unwrap();
    for _ in 0..2 {
        assert_eq!(journal.head(P), Err(JournalError::NoFence));
        assert_eq!(journal.open(P, NODE, head.epoch, AT), Err(JournalError::NoFence));
        assert_eq!(journal.append(P, head.seq, &batch(&head, 1)), Err(JournalError::NoFence));
        assert_eq!(journal.check(P, head.epoch), Err(JournalError::NoFence));
        assert_eq!(journal.read(P, 1, usize::MAX).unwrap_err(), JournalError::NoFence);
        // as a start does it
        journal = SqliteJournal::open(&path).unwrap();
        journal.create(P).unwrap();
    }
}

#[test]
fn a_fence_that_cannot_be_is_damage() {
    let (_folder, path) = journal_file();
    let mut journal = written(&path, 2);
    let (head, vandal) = (journal.head(P).unwrap(), vandal(&path));
    let good = (head.epoch, head.seq, head.chain.to_vec());
    for damage in ["epoch = -1", "seq = -7", "seq = -9223372036854775808", "chain = x'00'", "chain = x''"] {
        vandal.execute(&format!("UPDATE fence SET {damage}"), []).unwrap();
        assert!(is_corrupt(&journal.head(P)), "{damage}: {:?}", journal.head(P));
        assert!(is_corrupt(&journal.check(P, head.epoch)), "{damage}");
        assert!(is_corrupt(&journal.open(P, NODE, head.epoch, AT)), "{damage}");
        assert!(is_corrupt(&journal.append(P, head.seq, &batch(&head, 1))), "{damage}");
        vandal.execute("UPDATE fence SET epoch = ?1, seq = ?2, chain = ?3", params![good.0, good.1, good.2]).unwrap();
    }
    assert_eq!(journal.head(P), Ok(head));
}

/// It could be, but is not what the last batch says.
#[test]
fn a_fence_that_the_last_batch_does_not_vouch_for_is_damage() {
    let tampered = [
        "UPDATE fence SET seq = seq + 1",
        "UPDATE fence SET seq = seq - 1",
        "UPDATE fence SET seq = 0, epoch = 0, chain = zeroblob(32)",
        "UPDATE fence SET epoch = epoch + 1",
        "UPDATE fence SET epoch = epoch - 1",
        "UPDATE fence SET chain = zeroblob(32)",
        "DELETE FROM batch WHERE place = (SELECT MAX(place) FROM batch)",
        "DELETE FROM batch",
        "UPDATE batch SET bytes = zeroblob(9) WHERE place = (SELECT MAX(place) FROM batch)",
        "UPDATE batch SET place = place + 9 WHERE place = 1",
    ];
    for statement in tampered {
        let (_folder, path) = journal_file();
        let mut journal = written(&path, 2);
        vandal(&path).execute(statement, []).unwrap();
        for believed in 0..4 {
            let answer = journal.open(P, NODE, believed, AT);
            assert!(is_corrupt(&answer), "{statement}, epoch {believed}: {answer:?}");
        }
    }
}

/// What a careful owner makes of a file: it opens it, and reads everything up to its own opening.
fn careful(path: &Path, expected: Head) -> Result<Vec<Arc<Batch>>, String> {
    let said = |error: JournalError| error.to_string();
    let mut journal = SqliteJournal::open(path).map_err(said)?;
    if journal.head(P).map_err(said)? != expected {
        return Err("it ends elsewhere".to_owned());
    }
    let opened = journal.open(P, NODE, expected.epoch, AT).map_err(said)?.head;
    let (mut at, mut all) = (Head::START, Vec::new());
    while at.seq < opened.seq {
        let read = journal.read(P, at.seq + 1, usize::MAX).map_err(said)?;
        if read.is_empty() {
            return Err("a record is missing".to_owned());
        }
        for batch in read {
            batch.follows(&at).map_err(|error| error.to_string())?;
            at = batch.head();
            all.push(batch);
        }
    }
    if at == opened { Ok(all) } else { Err("the end is another one".to_owned()) }
}

#[test]
fn a_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing() {
    const STRIDE: usize = 97;
    let (folder, path) = journal_file();
    let mut journal = written(&path, 6);
    let (head, records) = (journal.head(P).unwrap(), replay(&mut journal));
    // the last connection to go moves everything from the WAL into the file
    drop(journal);
    let good = fs::read(&path).unwrap();
    let copy = folder.path().join("copy.db");
    let (mut found, mut harmless) = (0, 0);
    for at in (0..good.len()).step_by(STRIDE) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&copy, bytes).unwrap();
        match careful(&copy, head) {
            Ok(read) => {
                assert_eq!(read.len(), records.len() + 1, "byte {at}");
                assert!(read.iter().zip(&records).all(|(a, b)| a.bytes() == b.bytes()), "byte {at}");
                harmless += 1;
            }
            Err(_) => found += 1,
        }
        for more in ["copy.db-wal", "copy.db-shm"] {
            let _ = fs::remove_file(folder.path().join(more));
        }
    }
    assert!(found > 40 && harmless > 40, "{found} found, {harmless} harmless: too few to prove anything");
}

#[test]
fn a_file_of_another_layout_is_left_alone() {
    let (_folder, path) = journal_file();
    let records = replay(&mut written(&path, 1)).len();
    vandal(&path).pragma_update(None, "user_version", 1).unwrap();
    let refused = SqliteJournal::open(&path).err().unwrap().to_string();
    assert!(refused.contains("the file has layout 1, and this program reads 2"), "{refused}");
    vandal(&path).pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(replay(&mut SqliteJournal::open(&path).unwrap()).len(), records);
}
