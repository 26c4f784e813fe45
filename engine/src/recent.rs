//! What became durable a moment ago: a till that asks again, or gives back what it has just taken, waits neither
//! for the ledger to catch up nor for the journal to be read.

use domain::ids::{OperationId, PartitionId};
use domain::keys::OpKey;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use store::journal::Batch;

/// Facts that are remembered at most, some 200 bytes each; those beyond are asked of the ledger.
const FACTS_MAX: usize = 1 << 18;
/// How much of the journal's end a partition keeps in memory, as it is encoded: some five thousand records. With
/// its places, signature and index it takes about three times as much.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Sought {
    Operation(OperationId),
    Key(OpKey),
}

/// What a node knows of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Where it is.
    pub at: Option<(PartitionId, u64)>,
    /// If not: whether it may still come into the ledger. The release before asks for it; this one believes no ledger that
    /// lacks it before that holds everything (decision 29).
    pub later: bool,
    /// The partitions that were served while they were asked.
    pub among: Vec<PartitionId>,
}

impl Found {
    /// With what another one knows.
    pub fn with(mut self, other: Self) -> Self {
        self.among.extend(other.among);
        Self { at: self.at.or(other.at), later: self.later || other.later, among: self.among }
    }
}

/// Where to look for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// In the journal, at this record.
    Journal(u64),
    /// In the ledger, or nowhere.
    Ledger,
    /// In the ledger once it holds everything durable, or nowhere.
    LedgerLater,
}

type Places<K> = HashMap<K, u64, RandomState>;

/// The facts of one partition that the ledger does not hold yet, and its last batches: whoever asks again gets the
/// receipt of a batch that is signed already.
///
/// Whoever asks pays for the index: most facts reach the ledger before anybody does, and the writer,
/// which everybody waits for, only notes them down.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// In the order of the journal.
    facts: VecDeque<(u64, OperationId, OpKey)>,
    /// How many of them, from the front, can be found by operation and by key.
    indexed: usize,
    by_operation: Places<OperationId>,
    by_key: Places<OpKey>,
    /// The journal's end, without gaps.
    batches: VecDeque<Arc<Batch>>,
    kept_bytes: usize,
    /// Up to here facts may be missing that the ledger did not hold yet when they were let go.
    unknown_to: u64,
    projected: u64,
}

impl Recent {
    /// A fact is durable.
    pub fn insert(&mut self, seq: u64, operation: OperationId, key: OpKey) {
        if self.facts.len() == FACTS_MAX
            && let Some(seq) = self.forget_if(|_| true)
        {
            self.unknown_to = seq;
        }
        self.facts.push_back((seq, operation, key));
    }

    /// Keeps a batch that has become durable; those behind which it does not follow are let go.
    pub fn keep(&mut self, batch: &Arc<Batch>) {
        if let Some(last) = self.batches.back() {
            if last.head().seq >= batch.first_seq() {
                return;
            }
            if last.head().seq + 1 != batch.first_seq() {
                self.batches.clear();
                self.kept_bytes = 0;
            }
        }
        self.kept_bytes += batch.bytes().len();
        self.batches.push_back(Arc::clone(batch));
        while self.kept_bytes > KEPT_BYTES_MAX
            && let Some(oldest) = self.batches.pop_front()
        {
            self.kept_bytes -= oldest.bytes().len();
        }
        self.forget();
    }

    /// The batch that carries a record, if it is kept, and the record's place in there.
    pub fn batch(&self, seq: u64) -> Option<(Arc<Batch>, usize)> {
        let behind = self.batches.partition_point(|batch| batch.head().seq < seq);
        let batch = self.batches.get(behind)?;
        let index = usize::try_from(seq.checked_sub(batch.first_seq())?).ok()?;
        Some((Arc::clone(batch), index))
    }

    /// The last record of which only the ledger may know: behind it nothing was let go.
    pub fn left_to_ledger(&self) -> u64 {
        self.unknown_to.max(self.projected)
    }

    /// Lets go of the facts that the ledger holds and whose batches are not kept.
    fn forget(&mut self) {
        let kept_from = self.batches.front().map_or(u64::MAX, |batch| batch.first_seq());
        let in_ledger = self.projected;
        while self.forget_if(|at| at <= in_ledger && at < kept_from).is_some() {}
    }

    /// Lets go of the oldest fact if it is such a one, and says where it was.
    fn forget_if(&mut self, such: impl Fn(u64) -> bool) -> Option<u64> {
        let (seq, operation, key) = self.facts.pop_front_if(|(seq, ..)| such(*seq))?;
        if self.indexed > 0 {
            self.indexed -= 1;
            self.by_operation.remove(&operation);
            // the same key on another voucher is another fact, and a later one
            if self.by_key.get(&key) == Some(&seq) {
                self.by_key.remove(&key);
            }
        }
        Some(seq)
    }

    /// The partition was opened, or laid down: of what came before, only the ledger knows.
    pub fn opened(&mut self, seq: u64) {
        self.unknown_to = self.unknown_to.max(seq);
    }

    /// The ledger holds everything up to here.
    pub fn projected(&mut self, seq: u64) {
        self.projected = self.projected.max(seq);
        self.forget();
    }

    pub fn find(&mut self, sought: Sought) -> Whereabouts {
        match sought {
            Sought::Operation(operation) => self.by_operation(operation),
            Sought::Key(key) => self.by_key(key),
        }
    }

    fn by_operation(&mut self, operation: OperationId) -> Whereabouts {
        self.index();
        self.whereabouts(self.by_operation.get(&operation))
    }

    fn by_key(&mut self, key: OpKey) -> Whereabouts {
        self.index();
        self.whereabouts(self.by_key.get(&key))
    }

    fn index(&mut self) {
        for (seq, operation, key) in self.facts.range(self.indexed..) {
            self.by_operation.insert(*operation, *seq);
            self.by_key.insert(*key, *seq);
        }
        self.indexed = self.facts.len();
    }

    fn whereabouts(&self, seq: Option<&u64>) -> Whereabouts {
        match seq {
            Some(seq) => Whereabouts::Journal(*seq),
            None if self.unknown_to > self.projected => Whereabouts::LedgerLater,
            None => Whereabouts::Ledger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::clock::Timestamp;
    use domain::record::{Body, NodeId};
    use store::journal::Head;
    use uuid::Uuid;

    fn operation(number: u64) -> OperationId {
        OperationId::new(Uuid::from_u128(u128::from(number)))
    }

    fn key(number: u64) -> OpKey {
        OpKey(u128::from(number).to_le_bytes())
    }

    #[test]
    fn a_fact_is_known_until_the_ledger_holds_it() {
        let mut recent = Recent::default();
        recent.insert(5, operation(5), key(5));
        recent.insert(6, operation(6), key(6));
        assert_eq!(recent.by_key(key(5)), Whereabouts::Journal(5));
        recent.projected(5);
        assert_eq!(recent.by_key(key(5)), Whereabouts::Ledger);
        assert_eq!(recent.by_operation(operation(5)), Whereabouts::Ledger);
        assert_eq!(recent.by_operation(operation(6)), Whereabouts::Journal(6));
    }

    #[test]
    fn what_comes_after_a_question_is_found_by_the_next() {
        let mut recent = Recent::default();
        for seq in (1..=9).step_by(2) {
            recent.insert(seq, operation(seq), key(seq));
            assert_eq!(recent.by_operation(operation(seq)), Whereabouts::Journal(seq));
            recent.insert(seq + 1, operation(seq + 1), key(seq + 1));
            recent.projected(seq - 1);
        }
        assert_eq!(recent.by_key(key(8)), Whereabouts::Ledger);
        assert_eq!(recent.by_key(key(9)), Whereabouts::Journal(9));
        assert_eq!(recent.by_key(key(10)), Whereabouts::Journal(10));
    }

    #[test]
    fn what_may_have_been_missed_is_the_ledgers_once_it_is_there() {
        let mut recent = Recent::default();
        recent.opened(9);
        assert_eq!(recent.by_key(key(1)), Whereabouts::LedgerLater);
        recent.projected(9);
        assert_eq!(recent.by_key(key(1)), Whereabouts::Ledger);
    }

    #[test]
    fn memory_is_bounded_and_what_was_let_go_is_not_called_absent() {
        let mut recent = Recent::default();
        let count = FACTS_MAX as u64 + 3;
        (1..=count).for_each(|seq| recent.insert(seq, operation(seq), key(seq)));
        assert_eq!(recent.facts.len(), FACTS_MAX);
        assert_eq!(recent.by_key(key(3)), Whereabouts::LedgerLater);
        assert_eq!(recent.by_key(key(4)), Whereabouts::Journal(4));
        recent.projected(3);
        assert_eq!(recent.by_key(key(3)), Whereabouts::Ledger);
        recent.projected(count);
        assert!(recent.facts.is_empty() && recent.by_key.is_empty() && recent.by_operation.is_empty());
    }

    /// A batch of so many openings behind another: what is in it does not matter here.
    fn batch(previous: &Head, records: usize) -> Arc<Batch> {
        let opening = Body::Open { node: NodeId(1), at: Timestamp::from_micros(1) };
        Arc::new(Batch::encode(1, previous, std::iter::repeat_n(opening, records)))
    }

    #[test]
    fn the_last_batches_are_kept_and_their_facts_with_them() {
        let mut recent = Recent::default();
        let first = batch(&Head::START, 3);
        let mut last = first.head();
        for seq in 1..=3 {
            recent.insert(seq, operation(seq), key(seq));
        }
        recent.keep(&first);
        recent.keep(&first);
        recent.projected(3);
        assert_eq!(recent.by_operation(operation(2)), Whereabouts::Journal(2));
        let (found, index) = recent.batch(2).unwrap();
        assert!(Arc::ptr_eq(&found, &first) && index == 1 && recent.batch(4).is_none());
        while recent.batch(2).is_some() {
            let next = batch(&last, 4096);
            recent.keep(&next);
            last = next.head();
            assert!(recent.kept_bytes <= KEPT_BYTES_MAX && !recent.batches.is_empty());
        }
        assert_eq!(recent.by_operation(operation(2)), Whereabouts::Ledger);
        assert_eq!(recent.kept_bytes, recent.batches.iter().map(|batch| batch.bytes().len()).sum::<usize>());
    }

    #[test]
    fn no_batch_is_kept_behind_a_gap() {
        let mut recent = Recent::default();
        recent.keep(&batch(&Head::START, 3));
        let far = Head { seq: 9, ..Head::START };
        recent.keep(&batch(&far, 2));
        assert!(recent.batch(3).is_none() && recent.batch(9).is_none());
        assert_eq!(recent.batch(11).unwrap().1, 1);
    }

    #[test]
    fn one_key_on_two_vouchers_leads_to_the_later_fact() {
        let mut recent = Recent::default();
        recent.insert(1, operation(1), key(7));
        recent.insert(2, operation(2), key(7));
        recent.projected(1);
        assert_eq!(recent.by_key(key(7)), Whereabouts::Journal(2));
    }
}
