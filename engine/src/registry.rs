//! Which vouchers are in memory.

use crate::actor::{Question, Retire, Surroundings, VoucherActor};
use crate::answer::NotDone;
use crate::partition::Partition;
use actix::{Actor, Addr, dev::SendError};
use actix_rt::{Arbiter, ArbiterHandle};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use domain::clock::Timestamp;
use domain::ids::{PartitionId, VoucherId};
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::oneshot;

/// After so many deaths in a row a voucher is left alone until the next start.
const FAILURES_MAX: u8 = 3;

/// The actors of all partitions.
pub(crate) struct Registry {
    slots: DashMap<VoucherId, Slot>,
    /// Deaths of actors, which should never happen.
    failures: DashMap<VoucherId, u8>,
    partitions: Vec<Arc<Surroundings>>,
    /// Threads of others that offered to run actors, which saves a hand-over for every question.
    offered: RwLock<Vec<ArbiterHandle>>,
    /// Our own, for when there are none.
    own: Arbiter,
}

struct Slot {
    addr: Addr<VoucherActor>,
    generation: u64,
    touched_us: AtomicI64,
}

/// Why a question did not reach its voucher.
pub(crate) enum Undelivered {
    /// It was not executed.
    Refused(NotDone),
    /// The actor is gone, and what it had submitted may not be in the ledger yet: it must be
    /// revived behind that, never just started.
    Dead,
}

impl Registry {
    pub fn new(partitions: Vec<Arc<Surroundings>>) -> Self {
        let (offered, own) = (RwLock::default(), Arbiter::new());
        Self { slots: DashMap::new(), failures: DashMap::new(), partitions, offered, own }
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

    pub fn partition_of(&self, voucher: VoucherId) -> &Arc<Surroundings> {
        let count = u16::try_from(self.partitions.len()).unwrap_or(1);
        &self.partitions[usize::from(PartitionId::of(voucher, count).0)]
    }

    /// Puts a question into its voucher's mailbox, starting the actor if it is not there.
    pub fn deliver(&self, voucher: VoucherId, question: Question) -> Result<(), Undelivered> {
        let shared = self.partition_of(voucher);
        let generation = shared.partition.generation();
        if let Some(slot) = self.slots.get(&voucher)
            && slot.generation == generation
        {
            // touched under its lock, so that a sweep that comes now leaves it alone
            slot.touched_us.store(question.deadline.micros(), Ordering::Relaxed);
            return send(&slot.addr, question);
        }
        if self.is_quarantined(voucher) {
            return Err(Undelivered::Refused(NotDone::Halted));
        }
        match self.slots.entry(voucher) {
            MapEntry::Occupied(slot) if slot.get().generation == generation => send(&slot.get().addr, question),
            MapEntry::Occupied(mut slot) => {
                slot.insert(self.start(voucher, shared, 0, question.deadline)).addr.try_send(Retire).ok();
                send(&slot.get().addr, question)
            }
            MapEntry::Vacant(slot) => {
                let started = self.start(voucher, shared, 0, question.deadline);
                send(&slot.insert(started).addr, question)
            }
        }
    }

    fn is_quarantined(&self, voucher: VoucherId) -> bool {
        self.failures.get(&voucher).is_some_and(|failures| *failures >= FAILURES_MAX)
    }

    fn start(&self, voucher: VoucherId, shared: &Arc<Surroundings>, after_seq: u64, deadline: Timestamp) -> Slot {
        let generation = shared.partition.generation();
        let actor_shared = Arc::clone(shared);
        let addr = VoucherActor::start_in_arbiter(&self.arbiter(voucher), move |_| {
            VoucherActor::new(voucher, actor_shared, after_seq)
        });
        Slot { addr, generation, touched_us: AtomicI64::new(deadline.micros()) }
    }

    fn arbiter(&self, voucher: VoucherId) -> ArbiterHandle {
        let offered = self.offered.read();
        let byte = usize::from(voucher.uuid().as_bytes()[13]);
        let at = byte.checked_rem(offered.len());
        at.and_then(|at| offered.get(at)).cloned().unwrap_or_else(|| self.own.handle())
    }

    /// Starts a dead actor again behind everything it may have submitted: `after_seq` must be in
    /// the ledger before the voucher is read from it. A death under a question is counted, and a
    /// voucher that dies again and again stays away.
    pub fn revive(&self, voucher: VoucherId, after_seq: u64, deadline: Timestamp, died: bool) {
        if died {
            let mut failures = self.failures.entry(voucher).or_insert(0);
            *failures = failures.saturating_add(1);
            tracing::error!(%voucher, failures = *failures, "the actor of a voucher died");
            metrics::counter!("buono_engine_actor_deaths_total").increment(1);
        }
        let MapEntry::Occupied(mut slot) = self.slots.entry(voucher) else { return };
        if slot.get().addr.connected() {
            return;
        }
        if self.is_quarantined(voucher) {
            tracing::error!(%voucher, "quarantined until the next start");
            slot.remove();
        } else {
            let shared = self.partition_of(voucher);
            slot.insert(self.start(voucher, shared, after_seq, deadline));
        }
    }

    /// Lets go of the vouchers of a partition that nobody asked for since `before`.
    ///
    /// The caller makes sure that the ledger holds everything decided before that instant, so that
    /// a voucher that is wanted again is read back whole.
    pub fn passivate(&self, partition: PartitionId, before: Timestamp) -> usize {
        let count = u16::try_from(self.partitions.len()).unwrap_or(1);
        let mut retired = 0;
        self.slots.retain(|voucher, slot| {
            let idle = PartitionId::of(*voucher, count) == partition
                && slot.touched_us.load(Ordering::Relaxed) < before.micros();
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
        (Question { ask, deadline, reply }, answer)
    }
}

fn send(addr: &Addr<VoucherActor>, question: Question) -> Result<(), Undelivered> {
    match addr.try_send(question) {
        Ok(()) => Ok(()),
        Err(SendError::Full(_)) => Err(Undelivered::Refused(NotDone::NotExecuted)),
        Err(SendError::Closed(_)) => Err(Undelivered::Dead),
    }
}
