//! The journal's contract, rule by rule, on every adapter.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Entry, Event, Origin};
use std::sync::Arc;
use store::journal::{Batch, Head, Journal, JournalError, MemoryJournal, SqliteJournal};
use uuid::Uuid;

const P: PartitionId = PartitionId(0);
const NODE: NodeId = NodeId(1);
const AT: Timestamp = Timestamp::from_micros(1);

fn body(seq: u64) -> Body {
    Body::Entry(Entry {
        voucher: VoucherId::new(Uuid::from_u128(1)),
        voucher_seq: seq,
        municipality: MunicipalityId::new(Uuid::from_u128(2)),
        operation: OperationId::new(Uuid::from_u128(u128::from(seq))),
        origin: Origin::Till { shop: ShopId::new(Uuid::from_u128(3)), terminal: TerminalId::new(Uuid::from_u128(4)) },
        key: OpKey([seq as u8; 16]),
        request_hash: RequestHash([2; 16]),
        decided_at: Timestamp::from_micros(seq as i64),
        balance_after: Cents::new(10).unwrap(),
        held_after: Cents::ZERO,
        event: Event::Redeem { amount: Cents::new(5).unwrap() },
    })
}

fn batch(head: &Head, count: u64) -> Arc<Batch> {
    Arc::new(Batch::encode(head.epoch, head, (1..=count).map(|at| body(head.seq + at))))
}

/// Two connections to one new store, and the file behind it if there is one.
type Pair = (Box<dyn Journal>, Box<dyn Journal>, Option<tempfile::TempDir>);

fn adapters() -> Vec<Pair> {
    let memory = MemoryJournal::default();
    let folder = tempfile::tempdir().unwrap();
    let open = || Box::new(SqliteJournal::open(&folder.path().join("journal.db")).unwrap());
    let (one, two) = (open(), open());
    vec![(Box::new(memory.clone()), Box::new(memory), None), (one, two, Some(folder))]
}

fn each(test: impl Fn(&mut dyn Journal, &mut dyn Journal)) {
    for (mut one, mut two, folder) in adapters() {
        test(one.as_mut(), two.as_mut());
        drop(folder);
    }
}

#[test]
fn nothing_works_before_the_fence_is_minted() {
    each(|one, _| {
        assert_eq!(one.head(P), Err(JournalError::NoFence));
        assert_eq!(one.open(P, NODE, 0, AT), Err(JournalError::NoFence));
        one.create(P).unwrap();
        one.create(P).unwrap();
        assert_eq!(one.head(P), Ok(Head::START));
    });
}

#[test]
fn opening_moves_the_fence_and_leaves_a_record() {
    each(|one, two| {
        one.create(P).unwrap();
        let first = one.open(P, NODE, 0, AT).unwrap().head;
        assert_eq!((first.epoch, first.seq), (1, 1));
        assert_eq!(two.open(P, NODE, 0, AT), Err(JournalError::Race { current: 1 }));
        let second = two.open(P, NodeId(2), 1, AT).unwrap().head;
        assert_eq!((second.epoch, second.seq), (2, 2));
        assert_eq!(one.check(P, 1), Err(JournalError::Fenced));
        assert_eq!(one.check(P, 2), Ok(()));
        let read = one.read(P, 1, usize::MAX).unwrap();
        assert!(matches!(read[1].records()[0].body, Body::Open { node: NodeId(2), .. }));
    });
}

#[test]
fn an_append_follows_the_last_record_in_the_current_epoch_or_not_at_all() {
    each(|one, two| {
        one.create(P).unwrap();
        let opened = one.open(P, NODE, 0, AT).unwrap().head;
        let first = batch(&opened, 3);
        one.append(P, opened.seq, &first).unwrap();
        assert_eq!(one.append(P, opened.seq, &first), Err(JournalError::Gap), "the same again");
        assert_eq!(one.append(P, 9, &batch(&first.head(), 1)), Err(JournalError::Gap));
        let broken = Head { chain: [7; 32], ..first.head() };
        assert_eq!(one.append(P, 4, &batch(&broken, 1)), Err(JournalError::Gap), "another chain");
        two.open(P, NodeId(2), 1, AT).unwrap();
        assert_eq!(one.append(P, 4, &batch(&first.head(), 1)), Err(JournalError::Fenced));
        assert_eq!(one.head(P).unwrap().seq, 5, "nothing of the refused ones is there");
    });
}

#[test]
fn reading_begins_anywhere_and_is_dense_and_chained() {
    each(|one, two| {
        one.create(P).unwrap();
        let mut head = one.open(P, NODE, 0, AT).unwrap().head;
        for count in 1..=20 {
            let next = batch(&head, count);
            one.append(P, head.seq, &next).unwrap();
            head = next.head();
        }
        let mut at = Head::START;
        while at.seq < head.seq {
            let read = two.read(P, at.seq + 1, 2_000).unwrap();
            assert!(!read.is_empty());
            for batch in read {
                batch.follows(&at).unwrap();
                at = batch.head();
            }
        }
        assert_eq!(at, head);
        let middle = two.read(P, 100, 1).unwrap();
        assert!(middle.len() == 1 && middle[0].first_seq() <= 100 && middle[0].head().seq >= 100);
        assert!(two.read(P, head.seq + 1, usize::MAX).unwrap().is_empty());
    });
}

#[test]
fn trimming_stops_at_the_floor_and_keeps_the_end() {
    each(|one, _| {
        one.create(P).unwrap();
        let opened = one.open(P, NODE, 0, AT).unwrap().head;
        let next = batch(&opened, 5);
        one.append(P, opened.seq, &next).unwrap();
        assert_eq!(one.trim(P, 6, 5), Err(JournalError::Floor { floor: 5 }));
        one.trim(P, 6, 6).unwrap();
        assert_eq!(one.head(P).unwrap(), next.head());
        one.append(P, 6, &batch(&next.head(), 1)).unwrap();
        assert_eq!(one.read(P, 1, usize::MAX).unwrap().len(), 1);
    });
}

#[test]
fn partitions_know_nothing_of_each_other() {
    each(|one, _| {
        one.create(P).unwrap();
        one.create(PartitionId(1)).unwrap();
        one.open(P, NODE, 0, AT).unwrap();
        assert_eq!(one.head(PartitionId(1)), Ok(Head::START));
        assert_eq!(one.head(PartitionId(2)), Err(JournalError::NoFence));
    });
}

#[test]
fn what_was_answered_is_there_after_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.create(P).unwrap();
    let opened = journal.open(P, NODE, 0, AT).unwrap().head;
    let next = batch(&opened, 2);
    journal.append(P, opened.seq, &next).unwrap();
    journal.reconnect();
    assert_eq!(journal.head(P).unwrap(), next.head());
    drop(journal);
    assert_eq!(SqliteJournal::reader(&path).unwrap().head(P).unwrap(), next.head());
}

#[test]
fn a_full_disk_is_an_unknown_outcome_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(&folder.path().join("journal.db")).unwrap();
    journal.create(P).unwrap();
    let mut head = journal.open(P, NODE, 0, AT).unwrap().head;
    journal.limit_pages(40).unwrap();
    let failed = loop {
        let next = batch(&head, 50);
        match journal.append(P, head.seq, &next) {
            Ok(()) => head = next.head(),
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, JournalError::Unknown(_)), "{failed:?}");
    assert_eq!(journal.head(P).unwrap(), head);
    journal.reconnect();
    journal.append(P, head.seq, &batch(&head, 50)).unwrap();
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
