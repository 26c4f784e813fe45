//! Another journal's batches in an empty partition, on every adapter.

use super::stores::{AT, NODE, P, batch, each_store, replay, write};
use domain::ids::PartitionId;
use std::sync::Arc;
use store::journal::{Batch, Head, Journal, JournalError, MemoryJournal};

/// Some batches of several epochs, and where they end.
fn origin() -> (Vec<Arc<Batch>>, Head) {
    let mut journal = MemoryJournal::default();
    let mut head = write(&mut journal, 5);
    for _ in 0..3 {
        head = journal.open(P, NODE, head.epoch, AT).unwrap().head;
        let next = batch(&head, 40);
        journal.append(P, head.seq, &next).unwrap();
        head = next.head();
    }
    (replay(&mut journal), head)
}

fn same(read: &[Arc<Batch>], wanted: &[Arc<Batch>]) -> bool {
    read.iter().map(|batch| batch.bytes()).eq(wanted.iter().map(|batch| batch.bytes()))
}

#[test]
fn what_is_restored_is_the_same_and_goes_on() {
    let (batches, end) = origin();
    each_store(|store| {
        let (mut one, mut two) = (store.connect(), store.connect());
        assert_eq!(one.partitions(), Ok(vec![]), "{}", store.name);
        one.restore(P, &end, &batches[..4]).unwrap();
        two.restore(P, &end, &batches[4..]).unwrap();
        assert!(same(&replay(two.as_mut()), &batches), "{}", store.name);
        let opened = one.open(P, NODE, end.epoch, AT).unwrap().head;
        assert_eq!((opened.epoch, opened.seq), (end.epoch + 1, end.seq + 1), "{}", store.name);
        one.append(P, opened.seq, &batch(&opened, 3)).unwrap();
        assert_eq!(two.restore(P, &end, &[]), Err(JournalError::Gap), "{}: it is in use", store.name);
        two.create(PartitionId(9)).unwrap();
        two.create(PartitionId(300)).unwrap();
        let partitions = vec![P, PartitionId(9), PartitionId(300)];
        assert_eq!(one.partitions(), Ok(partitions), "{}", store.name);
    });
}

#[test]
fn nobody_opens_a_partition_that_is_not_wholly_restored() {
    let (batches, end) = origin();
    each_store(|store| {
        let mut journal = store.connect();
        journal.restore(P, &end, &[]).unwrap();
        for one in batches.iter().take(batches.len() - 1) {
            journal.restore(P, &end, std::slice::from_ref(one)).unwrap();
            let refused = journal.open(P, NODE, end.epoch, AT);
            assert!(matches!(refused, Err(JournalError::Corrupt(_))), "{}: {refused:?}", store.name);
            journal.create(P).unwrap();
            assert_eq!(journal.head(P), Ok(end), "{}", store.name);
        }
        journal.restore(P, &end, &batches[batches.len() - 1..]).unwrap();
        journal.open(P, NODE, end.epoch, AT).unwrap();
    });
}

#[test]
fn batches_that_do_not_follow_are_refused_and_nothing_of_them_is_kept() {
    let (batches, end) = origin();
    each_store(|store| {
        let (mut journal, name) = (store.connect(), store.name);
        journal.restore(P, &end, &batches[..2]).unwrap();
        for wrong in [&batches[..1], &batches[1..2], &batches[3..4]] {
            assert_eq!(journal.restore(P, &end, wrong), Err(JournalError::Gap), "{name}");
        }
        let gap = [Arc::clone(&batches[2]), Arc::clone(&batches[4])];
        assert_eq!(journal.restore(P, &end, &gap), Err(JournalError::Gap), "{name}");
        let elsewhere = Head { chain: [1; 32], ..end };
        assert_eq!(journal.restore(P, &elsewhere, &batches[2..3]), Err(JournalError::Gap), "{name}");
        let sooner = batches[2].head();
        assert_eq!(journal.restore(P, &sooner, &batches[2..]), Err(JournalError::Gap), "{name}");
        assert!(same(&journal.read(P, 1, usize::MAX).unwrap(), &batches[..2]), "{name}");
        journal.restore(P, &end, &batches[2..]).unwrap();
        assert!(same(&replay(journal.as_mut()), &batches), "{name}");
        assert_eq!(journal.restore(P, &end, &[batch(&end, 1)]), Err(JournalError::Gap), "{name}: beyond the end");
    });
}

#[test]
fn a_trimmed_journal_begins_where_it_began_and_an_empty_one_is_empty() {
    let (batches, end) = origin();
    each_store(|store| {
        let (mut journal, name) = (store.connect(), store.name);
        journal.restore(P, &end, &batches[3..]).unwrap();
        assert!(same(&journal.read(P, 1, usize::MAX).unwrap(), &batches[3..]), "{name}");
        let head = journal.open(P, NODE, end.epoch, AT).unwrap().head;
        journal.append(P, head.seq, &batch(&head, 1)).unwrap();
        let other = PartitionId(1);
        journal.restore(other, &Head::START, &[]).unwrap();
        assert_eq!(journal.head(other), Ok(Head::START), "{name}");
        assert_eq!(journal.open(other, NODE, 0, AT).unwrap().head.seq, 1, "{name}");
    });
}
