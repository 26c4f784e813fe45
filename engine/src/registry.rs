//! Which vouchers are in memory.

use crate::actor::{Asker, MAILBOX_LEN_MAX, Question, Retire, Surroundings, VoucherActor};
use crate::answer::NotDone;
use crate::failures::Failures;
use crate::partition::Partition;
use actix::dev::SendError;
use actix::dev::channel::channel;
use actix::{Addr, Context};
use actix_rt::{Arbiter, ArbiterHandle};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use domain::clock::Timestamp;
use domain::ids::{PartitionId, VoucherId};
use foldhash::fast::RandomState;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::oneshot;

/// The actors of all partitions.
pub(crate) struct Registry {
    slots: DashMap<VoucherId, Slot, RandomState>,
    failures: Failures,
    partitions: Vec<Arc<Surroundings>>,
    /// Threads of others that offered to run actors, which saves a hand-over for every question.
    offered: RwLock<Vec<ArbiterHandle>>,
    /// Our own, for when there are none.
    own: Arbiter,
}

/// Shared and never cloned: each clone of an address may put one message into a mailbox that is
/// full, so that a clone for each question would mean no bound at all.
pub(crate) type Address = Arc<Addr<VoucherActor>>;

struct Slot {
    addr: Address,
    generation: u64,
    touched_us: AtomicI64,
}

/// Why a question did not reach its voucher.
pub(crate) enum Undelivered {
    /// It was not executed.
    Refused(NotDone),
    /// The actor is gone, and what it had submitted may not be in the ledger yet: it must be
    /// revived behind that, never just started.
    Dead(Address),
}

impl Registry {
    pub fn new(partitions: Vec<Arc<Surroundings>>) -> Self {
        let (offered, own) = (RwLock::default(), Arbiter::new());
        Self { slots: DashMap::default(), failures: Failures::default(), partitions, offered, own }
    }

    /// The calling thread runs actors from now on.
    pub fn offer_thread(&self) {
        self.offered.write().extend(Arbiter::try_current());
    }

    /// The threads that offered themselves are about to end. Their actors die with them and are
    /// revived on our own when they are asked for.
    pub fn recall_threads(&self) {
        self.offered.write().clear();
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn partitions(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.partitions.iter().map(|shared| &shared.partition)
    }

    pub fn partition(&self, id: PartitionId) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::from(id.0)).map(|shared| &shared.partition)
    }

    pub fn partition_of(&self, voucher: VoucherId) -> &Arc<Surroundings> {
        let count = u16::try_from(self.partitions.len()).unwrap_or(1);
        &self.partitions[usize::from(PartitionId::of(voucher, count).0)]
    }

    /// Puts a question into its voucher's mailbox, starting the actor if it is not there, and says
    /// which actor has it.
    pub fn deliver(&self, voucher: VoucherId, question: Question) -> Result<Address, Undelivered> {
        if self.failures.quarantined(voucher) {
            return Err(Undelivered::Refused(NotDone::Halted));
        }
        let addr = self.addr(voucher, question.deadline);
        match addr.try_send(question) {
            Ok(()) => Ok(addr),
            Err(SendError::Full(_)) => Err(Undelivered::Refused(NotDone::NotExecuted)),
            Err(SendError::Closed(_)) => Err(Undelivered::Dead(addr)),
        }
    }

    /// The address, touched under its lock so that a sweep that comes now leaves it alone.
    fn addr(&self, voucher: VoucherId, deadline: Timestamp) -> Address {
        let generation = self.partition_of(voucher).partition.generation();
        self.addr_of(voucher, generation, deadline)
    }

    /// The generation was read a moment ago: an actor of a later one is the right one, and another beside it would be
    /// behind a ledger that lacks what that one decides.
    fn addr_of(&self, voucher: VoucherId, generation: u64, deadline: Timestamp) -> Address {
        let shared = self.partition_of(voucher);
        if let Some(slot) = self.slots.get(&voucher)
            && slot.generation >= generation
        {
            slot.touched_us.store(deadline.micros(), Ordering::Relaxed);
            return Arc::clone(&slot.addr);
        }
        match self.slots.entry(voucher) {
            MapEntry::Occupied(slot) if slot.get().generation >= generation => Arc::clone(&slot.get().addr),
            MapEntry::Occupied(mut slot) => {
                slot.insert(self.start(voucher, shared, 0, deadline)).addr.try_send(Retire).ok();
                Arc::clone(&slot.get().addr)
            }
            MapEntry::Vacant(slot) => {
                let started = self.start(voucher, shared, 0, deadline);
                Arc::clone(&slot.insert(started).addr)
            }
        }
    }

    fn start(&self, voucher: VoucherId, shared: &Arc<Surroundings>, after_seq: u64, deadline: Timestamp) -> Slot {
        let generation = shared.partition.generation();
        let actor = VoucherActor::new(voucher, Arc::clone(shared), generation, after_seq);
        // as `Actor::start_in_arbiter` does, with a mailbox of our size from the first message on
        let (sender, receiver) = channel(MAILBOX_LEN_MAX);
        self.arbiter(voucher).spawn_fn(move || drop(Context::with_receiver(receiver).run(actor)));
        Slot { addr: Arc::new(Addr::new(sender)), generation, touched_us: AtomicI64::new(deadline.micros()) }
    }

    fn arbiter(&self, voucher: VoucherId) -> ArbiterHandle {
        let offered = self.offered.read();
        let byte = usize::from(voucher.uuid().as_bytes()[13]);
        let at = byte.checked_rem(offered.len());
        at.and_then(|at| offered.get(at)).cloned().unwrap_or_else(|| self.own.handle())
    }

    /// The voucher's actor answered a question.
    pub fn answered(&self, voucher: VoucherId) {
        self.failures.answered(voucher);
    }

    /// Starts an actor again that was found dead, behind everything it may have submitted:
    /// `after_seq` must be in the ledger before the voucher is read from it.
    ///
    /// Only that very actor, so that many who find it dead count one death, and because another that
    /// was started since may have submitted more: if it is dead too, somebody will find that.
    pub fn revive(&self, voucher: VoucherId, dead: &Address, after_seq: u64, deadline: Timestamp) {
        if let MapEntry::Occupied(mut slot) = self.slots.entry(voucher)
            && Arc::ptr_eq(&slot.get().addr, dead)
        {
            self.failures.died(voucher);
            let shared = self.partition_of(voucher);
            slot.insert(self.start(voucher, shared, after_seq, deadline));
        }
    }

    /// Lets go of the vouchers of a partition that nobody asked for since `before`.
    ///
    /// The caller makes sure that the ledger holds everything decided before that instant, so that
    /// a voucher that is wanted again is read back whole.
    pub fn passivate(&self, partition: PartitionId, before: Timestamp) -> usize {
        self.retire(partition, |slot| slot.touched_us.load(Ordering::Relaxed) < before.micros())
    }

    /// Lets go of the vouchers of a partition's life and of those before it.
    pub fn forget(&self, partition: PartitionId, generation: u64) -> usize {
        self.retire(partition, |slot| slot.generation <= generation)
    }

    fn retire(&self, partition: PartitionId, goes: impl Fn(&Slot) -> bool) -> usize {
        let count = u16::try_from(self.partitions.len()).unwrap_or(1);
        let mut retired = 0;
        self.slots.retain(|voucher, slot| {
            let idle = PartitionId::of(*voucher, count) == partition && goes(slot);
            if idle {
                retired += 1;
                slot.addr.try_send(Retire).ok();
            }
            !idle
        });
        retired
    }

    pub fn stop(&self) {
        self.own.stop();
    }

    /// A question that was accepted by nobody yet.
    pub fn question(
        ask: crate::cell::Ask,
        deadline: Timestamp,
    ) -> (Question, oneshot::Receiver<Result<crate::answer::Answer, NotDone>>) {
        let (reply, answer) = oneshot::channel();
        (Question { ask, deadline, asker: Asker::new(reply) }, answer)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use crate::bell::Bell;
    use crate::source::{Facts, Pending, Source};
    use crate::writer::Phase;
    use domain::clock::Clock;
    use store::journal::Head;
    use uuid::Uuid;

    /// Nobody asks it for anything.
    struct Nothing;

    impl Source for Nothing {
        fn facts(&self, _: PartitionId, _: VoucherId) -> Pending<'_, Facts> {
            Box::pin(async { Ok(Facts { through: 0, entries: Vec::new() }) })
        }

        fn checkpoint(&self, _: PartitionId) -> Pending<'_, Head> {
            Box::pin(async { Ok(Head::START) })
        }

        fn seen_seq(&self, _: PartitionId) -> u64 {
            0
        }
    }

    impl Clock for Nothing {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(0)
        }
    }

    fn one_partition() -> (Arc<Partition>, Registry) {
        let partition = Arc::new(Partition::new(PartitionId(0), &Arc::new(Bell::default())));
        partition.publish(Phase::Asking, 1, 0);
        let shared =
            Surroundings { partition: Arc::clone(&partition), source: Arc::new(Nothing), clock: Arc::new(Nothing) };
        (partition, Registry::new(vec![Arc::new(shared)]))
    }

    #[actix_rt::test]
    async fn a_question_behind_the_end_of_its_actor_was_not_looked_at_and_that_is_said() {
        let (partition, registry) = one_partition();
        registry.offer_thread();
        let (voucher, never) = (VoucherId::new(Uuid::from_u128(6)), Timestamp::from_micros(i64::MAX));
        partition.publish(Phase::Serving, 1, 0);
        let actor = registry.addr(voucher, never);
        // this thread runs the actor, so nothing happens to its mailbox between these two
        assert_eq!(registry.forget(PartitionId(0), 1), 1);
        let (question, answer) = Registry::question(crate::cell::Ask::View, never);
        assert!(actor.try_send(question).is_ok());
        let told = answer.await.expect("a till would hear that nobody knows");
        assert!(matches!(told, Err(NotDone::Stale)));
        registry.stop();
    }

    #[actix_rt::test]
    async fn whoever_read_the_generation_before_it_moved_gets_the_later_actor() {
        let (partition, registry) = one_partition();
        let (voucher, never) = (VoucherId::new(Uuid::from_u128(6)), Timestamp::from_micros(i64::MAX));
        let before = partition.generation();
        partition.publish(Phase::Asking, 2, 0);
        let actor = registry.addr(voucher, never);
        assert!(Arc::ptr_eq(&registry.addr_of(voucher, before, never), &actor), "two actors of one voucher");
        // what the end of a life takes with it is not the next one's
        assert_eq!((registry.forget(PartitionId(0), 1), registry.len()), (0, 1));
        assert_eq!((registry.forget(PartitionId(0), 2), registry.len()), (1, 0));
        registry.stop();
    }
}
