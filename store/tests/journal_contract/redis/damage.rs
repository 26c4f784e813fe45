//! Keys in which something is not as it was written: said, never guessed.

use super::server::{Server, ready, written};
use crate::stores::{AT, NODE, P, batch, replay};
use std::fs;
use store::journal::{Head, Journal, JournalError};

const FENCE: &[u8] = b"buono:{p0}:fence";
const BATCHES: &[u8] = b"buono:{p0}:batches";

fn is_corrupt<T>(answer: &Result<T, JournalError>) -> bool {
    // of the first byte of a batch or record nobody can say what changed it
    matches!(answer, Err(JournalError::Corrupt(_) | JournalError::UnknownForm(_)))
}

/// Puts something else where a batch was. A stream takes nothing in its middle, so all of it is written anew.
pub fn replace(server: &Server, id: &str, by: (&str, &[u8])) {
    type Entry = (String, (String, Vec<u8>));
    let mut all: Vec<Entry> = server.say(&[b"XRANGE", BATCHES, b"-", b"+"]);
    let victim = all.iter_mut().find(|(held, _)| held == id).unwrap();
    (victim.0, victim.1.1) = (by.0.to_owned(), by.1.to_vec());
    let _: i64 = server.say(&[b"DEL", BATCHES]);
    for (held, (field, value)) in all {
        let _: String = server.say(&[b"XADD", BATCHES, held.as_bytes(), field.as_bytes(), &value]);
    }
}

#[test]
fn a_flipped_bit_in_a_stored_batch_is_found_on_read() {
    for server in ready() {
        let (mut journal, _) = written(&server, 3);
        let victim = replay(&mut journal).remove(2);
        let id = format!("{}-{}", victim.epoch(), victim.head().seq);
        for at in (0..victim.bytes().len()).step_by(7) {
            let mut bytes = victim.bytes().to_vec();
            bytes[at] ^= 1 << (at % 8);
            replace(&server, &id, (&id, &bytes));
            assert!(is_corrupt(&journal.read(P, 1, usize::MAX)), "{}: byte {at}", server.name);
            assert!(journal.read(P, 1, 1).is_ok(), "what lies before it can be read");
        }
        let elsewhere = format!("{}-{}", victim.epoch(), victim.head().seq + 1);
        replace(&server, &id, (&elsewhere, victim.bytes()));
        assert!(is_corrupt(&journal.read(P, 1, usize::MAX)), "{}: a good batch in a wrong place", server.name);
        replace(&server, &elsewhere, (&id, victim.bytes()));
        assert_eq!(replay(&mut journal).len(), 4);
    }
}

#[test]
fn a_lost_fence_is_said_and_never_minted_again() {
    for server in ready() {
        let (mut journal, head) = written(&server, 2);
        journal.trim(P, 1, head.seq).unwrap();
        let _: i64 = server.say(&[b"DEL", FENCE]);
        for _ in 0..2 {
            assert_eq!(journal.head(P), Err(JournalError::NoFence));
            assert_eq!(journal.open(P, NODE, head.epoch, AT), Err(JournalError::NoFence));
            assert_eq!(journal.append(P, head.seq, &batch(&head, 1)), Err(JournalError::NoFence));
            assert_eq!(journal.append(P, 0, &batch(&head, 1)), Err(JournalError::NoFence));
            assert_eq!(journal.check(P, head.epoch), Err(JournalError::NoFence));
            assert_eq!(journal.read(P, 1, usize::MAX).unwrap_err(), JournalError::NoFence);
            assert_eq!(journal.trim(P, head.seq, head.seq), Err(JournalError::NoFence));
            assert_eq!(server.say::<u64>(&[b"XLEN", BATCHES]), 2, "nothing goes without a fence");
            journal = server.journal();
            journal.create(P).unwrap();
        }
    }
}

#[test]
fn a_fence_that_cannot_be_is_damage() {
    for server in ready() {
        let (mut journal, head) = written(&server, 2);
        let impossible: [(&str, &[u8]); 9] = [
            ("epoch", b"-1"),
            ("epoch", b"+1"),
            ("epoch", b""),
            ("seq", b"07"),
            ("seq", b"7.0"),
            // beyond what the server counts exactly, and beyond what fits
            ("seq", b"9007199254740992"),
            ("seq", b"99999999999999999999999"),
            ("chain", b"\0"),
            ("chain", b""),
        ];
        for (field, value) in impossible {
            let good: Vec<u8> = server.say(&[b"HGET", FENCE, field.as_bytes()]);
            let _: i64 = server.say(&[b"HSET", FENCE, field.as_bytes(), value]);
            let told = format!("{}: {field} {value:?}", server.name);
            assert!(is_corrupt(&journal.head(P)), "{told}: {:?}", journal.head(P));
            assert!(is_corrupt(&journal.check(P, head.epoch)), "{told}");
            assert!(is_corrupt(&journal.open(P, NODE, head.epoch, AT)), "{told}");
            assert!(is_corrupt(&journal.append(P, head.seq, &batch(&head, 1))), "{told}");
            assert!(is_corrupt(&journal.read(P, 1, usize::MAX)), "{told}");
            let _: i64 = server.say(&[b"HSET", FENCE, field.as_bytes(), &good]);
        }
        let _: i64 = server.say(&[b"HDEL", FENCE, b"chain"]);
        assert!(is_corrupt(&journal.head(P)), "half a fence is not none");
        let _: i64 = server.say(&[b"HSET", FENCE, b"chain", &head.chain]);
        assert_eq!(journal.head(P), Ok(head));
        let _: String = server.say(&[b"SET", FENCE, b"1"]);
        assert!(is_corrupt(&journal.head(P)), "a key of another kind");
    }
}

#[test]
fn numbers_are_exact_up_to_the_last_one() {
    const LAST: u64 = (1 << 53) - 1;
    for server in ready() {
        let (mut journal, head) = written(&server, 2);
        let nearly = Head { seq: LAST - 2, ..head };
        let _: i64 = server.say(&[b"HSET", FENCE, b"seq", nearly.seq.to_string().as_bytes()]);
        let (one, two) = (batch(&nearly, 1), batch(&batch(&nearly, 1).head(), 1));
        journal.append(P, nearly.seq, &one).unwrap();
        journal.append(P, one.head().seq, &two).unwrap();
        assert_eq!(journal.head(P).unwrap().seq, LAST);
        for (from, expected) in [(LAST - 1, &one), (LAST, &two)] {
            assert_eq!(journal.read(P, from, 1).unwrap()[0].bytes(), expected.bytes(), "{}: {from}", server.name);
        }
        journal.trim(P, LAST - 2, LAST).unwrap();
        assert_eq!(journal.read(P, 1, usize::MAX).unwrap().len(), 2);
        let beyond = journal.append(P, LAST, &batch(&two.head(), 1));
        assert!(matches!(&beyond, Err(JournalError::Unknown(why)) if why.contains("beyond")), "{beyond:?}");
        assert_eq!(journal.head(P), Ok(two.head()));
    }
}

/// It could be, but is not what the last batch says.
#[test]
fn a_fence_that_the_last_batch_does_not_vouch_for_is_damage() {
    let zero = [0; 32];
    let (last, ahead): (&[u8], &[u8]) = (b"1-7", b"1-99");
    let tampered: [&[&[u8]]; 11] = [
        &[b"HSET", FENCE, b"seq", b"8"],
        &[b"HSET", FENCE, b"seq", b"6"],
        &[b"HSET", FENCE, b"seq", b"0", b"epoch", b"0", b"chain", &zero],
        &[b"HSET", FENCE, b"epoch", b"2"],
        &[b"HSET", FENCE, b"epoch", b"0"],
        &[b"HSET", FENCE, b"chain", &zero],
        &[b"XDEL", BATCHES, last],
        &[b"DEL", BATCHES],
        &[b"XADD", BATCHES, ahead, b"batch", b"no batch"],
        &[b"XADD", BATCHES, ahead, b"one", b"1", b"two", b"2"],
        &[b"SET", BATCHES, b"1"],
    ];
    for server in ready() {
        for command in tampered {
            let _: String = server.say(&[b"FLUSHALL"]);
            let (mut journal, head) = written(&server, 2);
            assert_eq!(head.seq, 7);
            let _: redis::Value = server.say(command);
            for believed in 0..4 {
                let answer = journal.open(P, NODE, believed, AT);
                assert!(is_corrupt(&answer), "{}: {command:?}, epoch {believed}: {answer:?}", server.name);
            }
        }
    }
}

#[test]
fn nothing_is_appended_where_it_would_hide_damage() {
    for server in ready() {
        let (mut journal, head) = written(&server, 2);
        let _: String = server.say(&[b"XADD", BATCHES, b"1-99", b"batch", b"from elsewhere"]);
        assert!(is_corrupt(&journal.append(P, head.seq, &batch(&head, 1))), "{}", server.name);
        assert_eq!(journal.head(P), Ok(head));
        let _: i64 = server.say(&[b"DEL", BATCHES]);
        assert!(is_corrupt(&journal.append(P, head.seq, &batch(&head, 1))), "{}", server.name);
        assert_eq!(journal.head(P), Ok(head));
        assert!(!server.say::<bool>(&[b"EXISTS", BATCHES]));
    }
}

/// The power went while an entry was written: it is refused or gone, never half there.
#[test]
fn a_file_cut_in_its_last_entry_is_refused_or_loaded_without_it() {
    for mut server in ready() {
        let (mut journal, head) = written(&server, 3);
        let file = server.appended();
        let before = fs::read(&file).unwrap().len();
        let next = batch(&head, 3);
        journal.append(P, head.seq, &next).unwrap();
        drop(journal);
        server.kill();
        let whole = fs::read(&file).unwrap();
        let cuts = (before + 1..whole.len()).step_by((whole.len() - before) / 9);
        for cut in cuts {
            fs::write(&file, &whole[..cut]).unwrap();
            assert!(!server.start(), "{}: it loads {cut} bytes of {}", server.name, whole.len());
            let (file_says, command) = (server.log(), "aof-load-truncated");
            assert!(file_says.contains("Unexpected end of file"), "{command}: {file_says}");
        }
        server.set("aof-load-truncated", "yes");
        for cut in [before, before + 1, (before + whole.len()) / 2, whole.len() - 1] {
            fs::write(&file, &whole[..cut]).unwrap();
            assert!(server.start(), "{}: {}", server.name, server.log());
            let mut journal = server.journal();
            assert_eq!(journal.head(P), Ok(head), "{}: {cut}", server.name);
            assert_eq!(replay(&mut journal).len(), 4);
            let opened = journal.open(P, NODE, head.epoch, AT).unwrap().head;
            assert_eq!(opened.seq, head.seq + 1);
            drop(journal);
            server.kill();
        }
        fs::write(&file, &whole).unwrap();
        assert!(server.start());
        assert_eq!(server.journal().head(P), Ok(next.head()));
    }
}
