//! Answers that never came: what is there afterwards is whole, and read only behind a moved fence.

use super::proxy::{Fault, Proxy};
use super::server::{PATIENT, Server, ready, written};
use crate::stores::{AT, NODE, P, batch, replay};
use domain::record::NodeId;
use rustix::process::Signal;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use store::journal::{Head, Journal, JournalError, RedisJournal, RedisServer};
use store::tls::Authorities;

/// Too short for a server that does not run, and long enough for one that does, most often.
const HASTY: Duration = Duration::from_millis(300);

fn is_unknown<T>(answer: &Result<T, JournalError>) -> bool {
    matches!(answer, Err(JournalError::Unknown(_)))
}

/// A connection to this port by a caller who waits so long for an answer.
fn through(server: &Server, port: u16, answer: Duration) -> RedisJournal {
    let server = RedisServer::parse(&server.url(port), &Authorities::default()).unwrap().with_time_outs(answer, answer);
    // a busy machine may be slow just now; somebody who is never answered fails later
    (0..100).find_map(|_| RedisJournal::open(&server).ok()).unwrap()
}

/// Asks until there is an answer, as whoever finds the outcome unknown does.
fn head(journal: &mut RedisJournal) -> Head {
    let mut answers = (0..1_000).map(|_| journal.head(P));
    let answer = answers.find(|answer| !is_unknown(answer)).unwrap();
    answer.unwrap()
}

#[test]
fn what_was_answered_survives_a_kill_and_the_rest_is_whole_or_absent() {
    for mut server in ready() {
        let (_, mut end) = written(&server, 0);
        for round in 1..=6 {
            let (tell, told) = mpsc::channel();
            let mut journal = server.journal();
            let writing = thread::spawn(move || {
                let mut head = end;
                loop {
                    let next = batch(&head, 1 + head.seq % 40);
                    match journal.append(P, head.seq, &next) {
                        Ok(()) => head = next.head(),
                        Err(error) => return (error, head, next),
                    }
                    let _ = tell.send(());
                }
            });
            // in the middle of it
            (0..round * 7).for_each(|_| told.recv().unwrap());
            server.kill();
            let (error, answered, unknown) = writing.join().unwrap();
            assert!(matches!(error, JournalError::Unknown(_)), "{error:?}");
            assert!(server.start(), "{}: {}", server.name, server.log());
            let mut journal = server.journal();
            let found = journal.head(P).unwrap();
            assert!(found == answered || found == unknown.head(), "{}: {found:?}", server.name);
            end = journal.open(P, NODE, found.epoch, AT).unwrap().head;
            let held = replay(&mut journal);
            let there = held.iter().any(|batch| batch.bytes() == unknown.bytes());
            assert_eq!(there, found == unknown.head());
            assert!(held.iter().any(|batch| batch.head() == answered));
        }
        assert_eq!(server.patient().complaints(), Ok(vec![]), "the library came back with the data");
    }
}

#[test]
fn a_wire_that_breaks_leaves_the_outcome_unknown_until_the_fence_has_moved() {
    let faults = [(Fault::LoseRequest, false), (Fault::HalveRequest, false), (Fault::LoseAnswer, true)];
    for server in ready() {
        let (mut direct, mut end) = written(&server, 2);
        let proxy = Proxy::before(server.port());
        let mut journal = through(&server, proxy.port, PATIENT);
        for (fault, there) in faults {
            assert_eq!(journal.head(P), Ok(end));
            let next = batch(&end, 3);
            proxy.set(fault);
            assert!(is_unknown(&journal.append(P, end.seq, &next)), "{}: {fault:?}", server.name);
            assert!(is_unknown(&journal.head(P)), "and so is everything while the wire is broken");
            proxy.set(Fault::Pass);
            let opened = direct.open(P, NodeId(2), end.epoch, AT).unwrap().head;
            let held = replay(&mut direct);
            let found = held.iter().filter(|batch| batch.bytes() == next.bytes()).count();
            assert_eq!(found, usize::from(there), "{}: {fault:?}", server.name);
            // a new connection, and no answer of the old one
            assert_eq!(journal.check(P, end.epoch), Err(JournalError::Fenced));
            assert_eq!(journal.append(P, end.seq, &next), Err(JournalError::Fenced), "never twice");
            end = opened;
        }
    }
}

#[test]
fn a_request_that_arrives_after_the_fence_has_moved_is_refused() {
    for server in ready() {
        let (mut direct, end) = written(&server, 2);
        let proxy = Proxy::before(server.port());
        let mut journal = through(&server, proxy.port, HASTY);
        head(&mut journal);
        let next = batch(&end, 3);
        proxy.set(Fault::Hold);
        assert!(is_unknown(&journal.append(P, end.seq, &next)), "{}", server.name);
        let opened = direct.open(P, NodeId(2), end.epoch, AT).unwrap().head;
        // nobody waits for its answer any more, but there is one: the fence as it stands
        proxy.set(Fault::LoseAnswer);
        let late = proxy.lost.recv().unwrap();
        proxy.set(Fault::Pass);
        assert!(late.windows(32).any(|part| part == opened.chain), "{late:?}");
        assert_eq!(direct.head(P), Ok(opened));
        assert!(replay(&mut direct).iter().all(|batch| batch.bytes() != next.bytes()));
        assert_eq!(head(&mut journal), opened);
    }
}

#[test]
fn a_frozen_server_leaves_the_outcome_unknown_and_its_late_answer_is_nobodys() {
    for server in ready() {
        let (mut patient, end) = written(&server, 2);
        let mut hasty = through(&server, server.port(), HASTY);
        assert_eq!(head(&mut hasty), end);
        let next = batch(&end, 3);
        server.signal(Signal::STOP);
        let told = hasty.append(P, end.seq, &next);
        let said = told.unwrap_err().to_string();
        assert!(said.contains("no answer within 300ms"), "{}: {said}", server.name);
        assert!(is_unknown(&hasty.head(P)), "nor on a new connection");
        server.signal(Signal::CONT);
        let opened = patient.open(P, NodeId(2), end.epoch, AT).unwrap().head;
        let held = replay(&mut patient);
        // it came first or not at all
        let there = held.iter().any(|batch| batch.bytes() == next.bytes());
        assert_eq!(opened.seq, if there { next.head().seq } else { end.seq } + 1, "{}", server.name);
        assert_eq!(head(&mut hasty), opened);
        assert_eq!(replay(&mut patient).len(), held.len(), "nothing comes after the fence");
    }
}

#[test]
fn a_server_without_memory_refuses_and_goes_on_when_it_has_some() {
    for server in ready() {
        let (mut journal, mut end) = written(&server, 2);
        let _: String = server.say(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
        for _ in 0..3 {
            let told = journal.append(P, end.seq, &batch(&end, 3));
            assert!(is_unknown(&told) && told.unwrap_err().to_string().contains("OOM"), "{}", server.name);
            assert!(is_unknown(&journal.open(P, NODE, end.epoch, AT)));
            // it can still be read, and trimmed all the more
            assert_eq!(journal.head(P), Ok(end));
            assert_eq!(replay(&mut journal).last().unwrap().head(), end, "nothing half-written");
        }
        journal.trim(P, 4, end.seq).unwrap();
        assert_eq!(journal.read(P, 1, usize::MAX).unwrap().len(), 1);
        let _: String = server.say(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
        end = journal.open(P, NODE, end.epoch, AT).unwrap().head;
        journal.append(P, end.seq, &batch(&end, 3)).unwrap();
    }
}

/// Places are found whichever epoch they are in, and however many there are.
#[test]
fn every_record_is_found_in_any_number_of_epochs_and_after_any_trim() {
    for server in ready() {
        let (mut journal, mut end) = written(&server, 1);
        for count in 0..40_u64 {
            // some epochs hold nothing but their opening
            for _ in 0..count % 4 {
                let next = batch(&end, 1 + count % 3);
                journal.append(P, end.seq, &next).unwrap();
                end = next.head();
            }
            end = journal.open(P, NODE, end.epoch, AT).unwrap().head;
        }
        let mut all = replay(&mut journal);
        for upto in [0, 1, 2, 30, 31, 32, u64::MAX] {
            journal.trim(P, upto, u64::MAX).unwrap();
            all.retain(|batch| batch.head().seq > upto || batch.head() == end);
            for seq in 0..=end.seq + 1 {
                let expected = all.iter().find(|batch| batch.head().seq >= seq).map(|batch| batch.bytes());
                let read = journal.read(P, seq, 1).unwrap();
                assert_eq!(read.first().map(|batch| batch.bytes()), expected, "{}: {seq}, {upto}", server.name);
            }
        }
        assert_eq!(all.len(), 1);
        assert!(journal.read(P, u64::MAX, 1).unwrap().is_empty());
    }
}
