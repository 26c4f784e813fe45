//! What a node does about the leases, decided from what it sees and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::ids::PartitionId;
use store::journal::{Seen, Table};
use tokio::time::Instant;

/// A node whose beats have stood still for so long is dead.
pub(super) const LEASE: Duration = Duration::from_millis(2_500);
/// Whoever has not looked for so long knows nothing of the others' beats meanwhile.
const GAP_MAX: Duration = Duration::from_millis(1_500);

/// Whose beats move.
#[derive(Default)]
pub(super) struct Pulse {
    looked: Option<Instant>,
    moved: BTreeMap<String, (u64, Instant)>,
}

impl Pulse {
    /// The names of those whose beats have moved within a lease, or who were seen for the first time.
    pub fn living(&mut self, table: &Table, now: Instant) -> BTreeSet<String> {
        if self.looked.is_none_or(|looked| now - looked > GAP_MAX) {
            self.moved.clear();
        }
        self.looked = Some(now);
        self.moved.retain(|name, _| table.members.contains_key(name));
        for (name, seen) in &table.members {
            let (beats, at) = self.moved.entry(name.clone()).or_insert((seen.beats, now));
            if *beats != seen.beats {
                (*beats, *at) = (seen.beats, now);
            }
        }
        let living = self.moved.iter().filter(|(_, (_, at))| now - *at < LEASE);
        living.map(|(name, _)| name.clone()).collect()
    }
}

/// What to do about the leases.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// These are this node's, and it serves them.
    pub keep: Vec<PartitionId>,
    /// These are more than its share, and others may have them.
    pub hand_over: Vec<PartitionId>,
    /// These nobody has, or somebody who is dead.
    pub claim: Vec<(PartitionId, Option<Seen>)>,
}

/// An equal share for everybody who lives and stays; the first names have one more where it does not divide.
/// Whoever has more than that gives it back, whoever has less takes what is free; who leaves takes nothing, and
/// keeps what it has only if nobody else is there.
pub(super) fn plan(me: &str, table: &Table, living: &BTreeSet<String>) -> Plan {
    let stays = |name: &&String| table.members.get(*name).is_some_and(|seen| !seen.member.leaving);
    let stay: Vec<&String> = living.iter().filter(stays).collect();
    let place = stay.iter().position(|name| *name == me);
    let share = match place {
        Some(place) => table.holders.len() / stay.len() + usize::from(place < table.holders.len() % stay.len()),
        None if stay.is_empty() => table.holders.len(),
        None => 0,
    };
    let held = |holder: &Option<String>| holder.as_deref() == Some(me);
    let mut keep: Vec<_> = table.holders.iter().filter(|(_, holder)| held(holder)).map(|(id, _)| *id).collect();
    let hand_over = keep.split_off(share.min(keep.len()));
    let mut free: Vec<(PartitionId, Option<Seen>)> = Vec::new();
    for (id, holder) in &table.holders {
        match holder {
            None => free.push((*id, None)),
            Some(name) if !living.contains(name) => free.push((*id, table.members.get(name).cloned())),
            Some(_) => {}
        }
    }
    // everybody begins elsewhere, so that few claim the same
    let begin = place.map_or(0, |place| place * free.len() / stay.len());
    free.rotate_left(begin);
    free.truncate(if place.is_some() { share - keep.len() } else { 0 });
    Plan { keep, hand_over, claim: free }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::record::NodeId;
    use store::journal::Member;

    fn table(members: &[(&str, bool)], holders: &[Option<&str>]) -> Table {
        let seen = |(name, leaving): &(&str, bool)| {
            let member =
                Member { name: (*name).to_owned(), node: NodeId(1), address: String::new(), leaving: *leaving };
            ((*name).to_owned(), Seen { member, beats: 1 })
        };
        let holder = |(at, holder): (usize, &Option<&str>)| (PartitionId(at as u16), holder.map(str::to_owned));
        Table { members: members.iter().map(seen).collect(), holders: holders.iter().enumerate().map(holder).collect() }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Everybody follows its plan, one after the other, until nobody has anything to do.
    fn settle(table: &mut Table, living: &BTreeSet<String>) -> usize {
        for round in 0..20 {
            let before = table.holders.clone();
            for name in living {
                let plan = plan(name, table, living);
                for id in plan.hand_over {
                    table.holders.insert(id, None);
                }
                for (id, _) in plan.claim {
                    table.holders.insert(id, Some(name.clone()));
                }
            }
            if table.holders == before {
                return round;
            }
        }
        panic!("it never comes to rest: {table:?}");
    }

    fn shares(table: &Table) -> BTreeMap<String, usize> {
        let mut shares = BTreeMap::new();
        for holder in table.holders.values() {
            *shares.entry(holder.clone().unwrap_or_default()).or_default() += 1;
        }
        shares
    }

    #[test]
    fn one_node_has_everything_and_whoever_comes_gets_a_share() {
        let others = table(&[("b", false), ("c", false)], &[]);
        let mut table = table(&[("a", false)], &[None; 8]);
        settle(&mut table, &names(&["a"]));
        assert_eq!(shares(&table), BTreeMap::from([("a".to_owned(), 8)]));
        table.members.extend(others.members);
        assert!(settle(&mut table, &names(&["a", "b", "c"])) <= 3);
        let expected = [("a", 3), ("b", 3), ("c", 2)].map(|(name, share)| (name.to_owned(), share));
        assert_eq!(shares(&table), BTreeMap::from(expected));
    }

    #[test]
    fn what_a_dead_node_held_goes_to_those_who_live() {
        let members = [("a", false), ("b", false), ("c", false)];
        let mut table = table(&members, &[Some("a"), Some("b"), Some("b"), Some("c")]);
        let dead = plan("a", &table, &names(&["a", "c"])).claim;
        assert!(dead.iter().all(|(_, from)| from.as_ref().is_some_and(|from| from.member.name == "b")));
        settle(&mut table, &names(&["a", "c"]));
        assert_eq!(shares(&table), BTreeMap::from([("a".to_owned(), 2), ("c".to_owned(), 2)]));
    }

    #[test]
    fn whoever_leaves_keeps_nothing_unless_nobody_is_there_to_take_it() {
        let alone = table(&[("a", true)], &[Some("a"), None]);
        let told = plan("a", &alone, &names(&["a"]));
        assert_eq!((told.keep.len(), told.hand_over.len(), told.claim.len()), (1, 0, 0));
        let mut two = table(&[("a", true), ("b", false)], &[Some("a"), Some("a")]);
        settle(&mut two, &names(&["a", "b"]));
        assert_eq!(shares(&two), BTreeMap::from([("b".to_owned(), 2)]));
    }

    #[test]
    fn more_nodes_than_partitions_leave_some_without() {
        let mut table = table(&[("a", false), ("b", false), ("c", false)], &[None, None]);
        settle(&mut table, &names(&["a", "b", "c"]));
        assert_eq!(shares(&table), BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]));
    }

    #[test]
    fn beats_that_stand_still_are_death_but_not_to_whoever_looked_away() {
        let (mut pulse, start, mut table) =
            (Pulse::default(), Instant::now(), table(&[("a", false), ("b", false)], &[]));
        let at = |millis| start + Duration::from_millis(millis);
        let mut look = |pulse: &mut Pulse, beats, millis| {
            table.members.get_mut("a").unwrap().beats = beats;
            pulse.living(&table, at(millis))
        };
        assert_eq!(look(&mut pulse, 1, 0), names(&["a", "b"]), "seen for the first time");
        for (beats, millis) in [(2, 1_000), (3, 2_000)] {
            assert_eq!(look(&mut pulse, beats, millis), names(&["a", "b"]));
        }
        assert_eq!(look(&mut pulse, 4, 3_000), names(&["a"]));
        // the store stood still, or this node did
        assert_eq!(look(&mut pulse, 4, 20_000), names(&["a", "b"]));
        assert_eq!(look(&mut pulse, 4, 21_000), names(&["a", "b"]));
        assert_eq!(look(&mut pulse, 5, 22_400), names(&["a", "b"]));
        assert_eq!(look(&mut pulse, 6, 22_600), names(&["a"]));
    }
}
