//! Many callers at once, each on a connection of its own.

use super::stores::{AT, NODE, P, Store, batch, each_store, marked, replay};
use domain::record::{Body, NodeId};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use store::journal::{Head, Journal, JournalError, Opened};

const CALLERS: u8 = 6;

/// Runs the same on every caller's own connection at once, and gives what each came to.
fn at_once<T: Send>(store: &Store, act: impl Fn(u8, &mut dyn Journal) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let act = &act;
        let callers = (0..CALLERS).map(|caller| scope.spawn(move || act(caller, store.connect().as_mut())));
        let callers: Vec<_> = callers.collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn of_all_who_open_at_once_one_wins_each_epoch() {
    const EPOCHS: u64 = 12;
    each_store(|store| {
        store.connect().create(P).unwrap();
        let start = Barrier::new(CALLERS.into());
        let told = at_once(store, |caller, journal| {
            let mut open = |epoch| {
                start.wait();
                not_too_busy(|| journal.open(P, NodeId(caller.into()), epoch, AT))
            };
            (0..EPOCHS).map(&mut open).collect::<Vec<_>>()
        });
        let records = replay(store.connect().as_mut());
        assert_eq!(records.len() as u64, EPOCHS, "{}: one opening for each epoch", store.name);
        for (epoch, record) in (0..EPOCHS).zip(&records) {
            let here = told.iter().map(|answers| &answers[usize::try_from(epoch).unwrap()]);
            let won = |answer: &&Result<Opened, JournalError>| answer.is_ok();
            let lost = Err(JournalError::Race { current: epoch + 1 });
            assert_eq!(here.clone().filter(|answer| **answer == lost).count(), usize::from(CALLERS) - 1);
            assert_eq!(here.clone().find(won), Some(&Ok(Opened { head: record.head() })));
            let winner = here.clone().position(|answer| answer.is_ok()).unwrap() as u64;
            assert_eq!(record.records()[0].body, Body::Open { node: NodeId(winner), at: AT }, "{}", store.name);
        }
    });
}

/// Tries to append a batch of its own in epoch 1 where the journal ends now, and gives its bytes.
fn append_once(journal: &mut dyn Journal, mark: u8) -> Result<Vec<u8>, JournalError> {
    let head = journal.head(P)?;
    let next = marked(&Head { epoch: 1, ..head }, 1 + u64::from(mark), mark);
    not_too_busy(|| journal.append(P, head.seq, &next)).map(|()| next.bytes().to_vec())
}

/// Asks again when the file, or the row, was locked for longer than a store waits: nothing was done then.
fn not_too_busy<T>(mut ask: impl FnMut() -> Result<T, JournalError>) -> Result<T, JournalError> {
    let mut told = ask();
    for _ in 0..20 {
        if !matches!(told, Err(JournalError::Unknown(_))) {
            break;
        }
        told = ask();
    }
    told
}

#[test]
fn of_all_who_append_at_once_one_gets_each_place() {
    each_store(|store| {
        let mut first = store.connect();
        first.create(P).unwrap();
        first.open(P, NODE, 0, AT).unwrap();
        let told = at_once(store, |caller, journal| {
            let mut own = Vec::new();
            while own.len() < 15 {
                match append_once(journal, caller) {
                    Ok(bytes) => own.push(bytes),
                    // somebody else was faster: again where the journal ends now
                    Err(error) => assert_eq!(error, JournalError::Gap, "{}", store.name),
                }
            }
            own
        });
        let told: BTreeSet<Vec<u8>> = told.into_iter().flatten().collect();
        assert_eq!(told.len(), 15 * usize::from(CALLERS), "{}", store.name);
        // dense and chained, every answered batch once, and nothing else but the opening
        let held = replay(first.as_mut());
        assert_eq!(held.len(), told.len() + 1, "{}", store.name);
        assert_eq!(held[1..].iter().map(|batch| batch.bytes().to_vec()).collect::<BTreeSet<_>>(), told);
    });
}

/// Moves the fence.
fn move_fence(journal: &mut dyn Journal) -> Result<(), JournalError> {
    not_too_busy(|| journal.open(P, NodeId(2), 1, AT)).map(drop)
}

#[test]
fn nothing_of_an_older_epoch_gets_in_once_the_fence_has_moved() {
    // it may be long until whoever opens gets a turn, and the others must not fill the memory until then
    const TRIES_MAX: usize = 1_000;
    each_store(|store| {
        let mut first = store.connect();
        first.create(P).unwrap();
        first.open(P, NODE, 0, AT).unwrap();
        let (start, moved) = (Barrier::new(CALLERS.into()), Barrier::new(CALLERS.into()));
        let told = at_once(store, |caller, journal| {
            start.wait();
            for _ in 0..if caller == 0 { 30 } else { TRIES_MAX } {
                if append_once(journal, caller) == Err(JournalError::Fenced) {
                    break;
                }
            }
            let opened = (caller == 0).then(|| move_fence(journal));
            moved.wait();
            opened.unwrap_or_else(|| append_once(journal, caller).map(drop))
        });
        let (opened, late) = told.split_first().unwrap();
        assert_eq!(*opened, Ok(()), "{}", store.name);
        assert!(late.iter().all(|answer| *answer == Err(JournalError::Fenced)), "{}: {late:?}", store.name);
        let held = replay(first.as_mut());
        let (last, before) = held.split_last().unwrap();
        assert_eq!(last.records()[0].body, Body::Open { node: NodeId(2), at: AT }, "{}", store.name);
        assert!(before.len() > 1 && before.iter().all(|batch| batch.epoch() == 1), "{}", store.name);
    });
}

#[test]
fn what_a_reader_has_seen_is_never_taken_back() {
    each_store(|store| {
        let mut writer = store.connect();
        writer.create(P).unwrap();
        let mut head = writer.open(P, NODE, 0, AT).unwrap().head;
        let done = AtomicBool::new(false);
        let seen = thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let (mut journal, mut at, mut seen) = (store.connect(), Head::START, Vec::new());
                loop {
                    // asked first: what is there when the writer has ended is all there is
                    let last = done.load(SeqCst);
                    for batch in journal.read(P, at.seq + 1, 4_096).unwrap() {
                        batch.follows(&at).unwrap();
                        at = batch.head();
                        assert!(journal.head(P).unwrap().seq >= at.seq, "it read past the end");
                        seen.push(batch.bytes().to_vec());
                    }
                    if last && journal.head(P).unwrap() == at {
                        return seen;
                    }
                }
            });
            let written = (0..300).try_for_each(|count| {
                let next = batch(&head, 1 + count % 9);
                head = next.head();
                writer.append(P, next.first_seq() - 1, &next)
            });
            done.store(true, SeqCst);
            written.unwrap();
            reading.join().unwrap()
        });
        let held = replay(store.connect().as_mut());
        assert_eq!(held.iter().map(|batch| batch.bytes().to_vec()).collect::<Vec<_>>(), seen, "{}", store.name);
    });
}
