//! One or two callers, one rule after the other.

use super::stores::{AT, NODE, P, batch, each, each_store, replay};
use domain::ids::PartitionId;
use domain::record::{Body, NodeId};
use store::journal::{Append, Head, JournalError};

#[test]
fn nothing_works_before_the_fence_is_minted() {
    each(|one, _| {
        assert_eq!(one.head(P), Err(JournalError::NoFence));
        assert_eq!(one.open(P, NODE, 0, AT), Err(JournalError::NoFence));
        assert_eq!(one.append(P, 0, &batch(&Head::START, 1)), Err(JournalError::NoFence));
        assert_eq!(one.check(P, 0), Err(JournalError::NoFence));
        assert_eq!(one.read(P, 1, usize::MAX).unwrap_err(), JournalError::NoFence);
        assert_eq!(one.trim(P, 0, 0), Err(JournalError::NoFence));
        one.create(P).unwrap();
        one.create(P).unwrap();
        assert_eq!(one.head(P), Ok(Head::START));
        assert!(one.read(P, 1, usize::MAX).unwrap().is_empty());
    });
}

#[test]
fn minting_a_fence_that_is_there_changes_nothing() {
    each(|one, two| {
        one.create(P).unwrap();
        let opened = one.open(P, NODE, 0, AT).unwrap().head;
        one.append(P, opened.seq, &batch(&opened, 3)).unwrap();
        let head = one.head(P);
        two.create(P).unwrap();
        assert_eq!((one.head(P), two.head(P)), (head.clone(), head));
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
fn a_batch_is_one_record_or_as_many_as_the_writer_ever_takes() {
    each(|one, two| {
        one.create(P).unwrap();
        let opened = one.open(P, NODE, 0, AT).unwrap().head;
        let single = batch(&opened, 1);
        let largest = batch(&single.head(), 4_096);
        one.append(P, opened.seq, &single).unwrap();
        one.append(P, single.head().seq, &largest).unwrap();
        assert_eq!(two.head(P).unwrap().seq, 1 + 1 + 4_096);
        let read = two.read(P, 2, 1).unwrap();
        assert_eq!((read.len(), read[0].bytes()), (1, single.bytes()), "the budget is used up by the first");
        // in the middle of it: all of it, however small the budget
        let read = two.read(P, 4_000, 1).unwrap();
        assert_eq!((read.len(), read[0].bytes()), (1, largest.bytes()));
        assert_eq!(read[0].records(), largest.records());
    });
}

#[test]
fn what_was_answered_is_there_on_a_new_connection() {
    each_store(|store| {
        let mut one = store.connect();
        one.create(P).unwrap();
        let mut head = one.open(P, NODE, 0, AT).unwrap().head;
        for count in 1..=5 {
            let next = batch(&head, count);
            one.append(P, head.seq, &next).unwrap();
            head = next.head();
            one.reconnect();
            assert_eq!(one.head(P), Ok(head), "{}", store.name);
            assert_eq!(one.check(P, head.epoch), Ok(()), "{}", store.name);
            assert_eq!(replay(store.connect().as_mut()).last().unwrap().bytes(), next.bytes(), "{}", store.name);
        }
        drop(one);
        // and whoever comes later opens behind it
        let opened = store.connect().open(P, NodeId(2), head.epoch, AT).unwrap().head;
        assert_eq!((opened.epoch, opened.seq), (head.epoch + 1, head.seq + 1), "{}", store.name);
    });
}

#[test]
fn trimming_takes_whole_batches_up_to_the_floor_and_leaves_the_last_one() {
    each(|one, two| {
        one.create(P).unwrap();
        let opened = one.open(P, NODE, 0, AT).unwrap().head;
        let first = batch(&opened, 4);
        let second = batch(&first.head(), 5);
        one.append(P, opened.seq, &first).unwrap();
        one.append(P, first.head().seq, &second).unwrap();
        assert_eq!(one.trim(P, 6, 5), Err(JournalError::Floor { floor: 5 }));
        assert_eq!(replay(two).len(), 3, "a refused trim takes nothing");
        one.trim(P, 4, 10).unwrap();
        assert_eq!(two.read(P, 1, usize::MAX).unwrap()[0].bytes(), first.bytes(), "record 5 is still wanted");
        one.trim(P, 9, 10).unwrap();
        let rest = two.read(P, 1, usize::MAX).unwrap();
        assert_eq!((rest.len(), rest[0].bytes()), (1, second.bytes()));
        assert!(rest[0].follows(&Head::START).is_err(), "nobody takes the rest for the whole");
        // it vouches for the fence
        one.trim(P, 10, 10).unwrap();
        assert_eq!(two.read(P, 1, usize::MAX).unwrap().len(), 1);
        assert_eq!(one.head(P), Ok(second.head()));
        let third = batch(&second.head(), 1);
        one.append(P, 10, &third).unwrap();
        one.trim(P, 10, 11).unwrap();
        assert_eq!(two.read(P, 1, usize::MAX).unwrap()[0].bytes(), third.bytes());
        let reopened = two.open(P, NodeId(2), 1, AT).unwrap().head;
        assert_eq!((reopened.epoch, reopened.seq), (2, 12));
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
fn a_flush_carries_many_partitions_and_each_stands_for_itself() {
    each(|one, two| {
        let partitions = [0, 1, 2, 3].map(PartitionId);
        let heads = partitions.map(|partition| {
            one.create(partition).unwrap();
            one.open(partition, NODE, 0, AT).unwrap().head
        });
        two.open(partitions[1], NodeId(2), 1, AT).unwrap();
        let append = |at: usize, previous_seq| Append {
            partition: partitions[at],
            previous_seq,
            batch: batch(&heads[at], at as u64 + 1),
        };
        let nowhere = Append { partition: PartitionId(9), ..append(0, 1) };
        let flush = [append(3, 1), append(1, 1), nowhere, append(2, 7), append(0, 1)];
        let refused = |error| Err::<(), _>(error);
        let answers =
            [Ok(()), refused(JournalError::Fenced), refused(JournalError::NoFence), refused(JournalError::Gap), Ok(())];
        assert_eq!(one.flush(&flush), answers);
        assert!(one.flush(&[]).is_empty());
        let ends = partitions.map(|partition| two.head(partition).unwrap().seq);
        assert_eq!(ends, [2, 2, 1, 5], "those that were refused left nothing behind, and the others are there");
        assert_eq!(two.read(partitions[3], 2, usize::MAX).unwrap()[0].bytes(), flush[0].batch.bytes());
    });
}
