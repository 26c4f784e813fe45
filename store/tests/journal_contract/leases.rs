//! The leases' contract, on every store that nodes can share.

use super::redis::server::ready;
use super::stores::migrated;
use domain::ids::PartitionId;
use domain::record::NodeId;
use store::journal::{Leases, Member, MemoryLeases, PostgresLeases, RedisLeases};

const FIRST: PartitionId = PartitionId(0);

fn member(name: &str, node: u64) -> Member {
    Member { name: name.to_owned(), node: NodeId(node), address: format!("10.0.0.1:{}", 7_000), leaving: false }
}

/// Two connections to each kind of store, with four partitions.
fn each(test: impl Fn(&mut dyn Leases, &mut dyn Leases)) {
    let with = |one: &mut dyn Leases, two: &mut dyn Leases| {
        assert_eq!(one.create(4), Ok(4));
        assert_eq!(two.create(16), Ok(4), "what is there is not changed");
        test(one, two);
    };
    let memory = MemoryLeases::default();
    with(&mut memory.clone(), &mut memory.clone());
    let server = migrated(&[]);
    let postgres = || PostgresLeases::new(server.url().parse().unwrap());
    with(&mut postgres(), &mut postgres());
    for server in ready() {
        with(&mut RedisLeases::new(server.patient()), &mut RedisLeases::new(server.patient()));
    }
}

#[test]
fn who_beats_is_seen_with_everything_it_says() {
    each(|one, two| {
        assert!(two.table().unwrap().members.is_empty());
        let (mut a, b) = (member("a", u64::MAX), Member { address: "[::1]:9 x".into(), ..member("b b", 0) });
        assert!(one.beat(&a, true).unwrap() && one.beat(&b, true).unwrap());
        a.leaving = true;
        assert!(one.beat(&a, false).unwrap());
        let table = two.table().unwrap();
        assert_eq!((&table.members["a"].member, table.members["a"].beats), (&a, 2));
        assert_eq!((&table.members["b b"].member, table.members["b b"].beats), (&b, 1));
        assert_eq!(table.holders.len(), 4);
        assert!(table.holders.values().all(Option::is_none));
    });
}

#[test]
fn the_later_incarnation_of_a_name_counts() {
    each(|one, two| {
        let (before, after) = (member("a", 1), member("a", 2));
        assert!(one.beat(&before, true).unwrap());
        assert!(one.claim(FIRST, "a", None).unwrap());
        assert!(two.beat(&after, true).unwrap());
        assert!(!one.beat(&before, false).unwrap(), "it hears that it is not the one any more");
        one.leave(&before).unwrap();
        let table = two.table().unwrap();
        assert_eq!(table.members["a"].member.node, NodeId(2));
        assert_eq!(table.holders[&FIRST].as_deref(), Some("a"), "what the name held, it holds");
        assert!(two.beat(&after, false).unwrap());
    });
}

#[test]
fn a_partition_is_taken_from_nobody_or_from_whoever_has_not_moved() {
    each(|one, two| {
        let (a, b) = (member("a", 1), member("b", 2));
        one.beat(&a, true).unwrap();
        two.beat(&b, true).unwrap();
        assert!(one.claim(FIRST, "a", None).unwrap());
        assert!(!two.claim(FIRST, "b", None).unwrap(), "somebody has it");
        let seen = two.table().unwrap().members["a"].clone();
        one.beat(&a, false).unwrap();
        assert!(!two.claim(FIRST, "b", Some(&seen)).unwrap(), "it has moved since");
        let seen = two.table().unwrap().members["a"].clone();
        assert!(two.claim(FIRST, "b", Some(&seen)).unwrap());
        assert!(!one.claim(FIRST, "c", Some(&seen)).unwrap(), "somebody else was faster");
        one.release(FIRST, "a").unwrap();
        assert_eq!(one.table().unwrap().holders[&FIRST].as_deref(), Some("b"), "it was not its own to let go");
        two.release(FIRST, "b").unwrap();
        assert_eq!(one.table().unwrap().holders[&FIRST], None);
        assert!(!one.claim(PartitionId(4), "a", None).unwrap(), "there is no such partition");
    });
}

#[test]
fn who_leaves_lets_go_of_everything() {
    each(|one, two| {
        let (a, b) = (member("a", 1), member("b", 2));
        one.beat(&a, true).unwrap();
        two.beat(&b, true).unwrap();
        for partition in 0..3 {
            assert!(one.claim(PartitionId(partition), "a", None).unwrap());
        }
        assert!(two.claim(PartitionId(3), "b", None).unwrap());
        one.leave(&a).unwrap();
        one.leave(&a).unwrap();
        let table = two.table().unwrap();
        let holders: Vec<_> = table.holders.values().map(Option::as_deref).collect();
        assert_eq!((holders, table.members.len()), (vec![None, None, None, Some("b")], 1));
    });
}
