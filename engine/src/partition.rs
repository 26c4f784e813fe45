//! What everybody may know of a partition without asking its writer.

use crate::answer::{Answer, NotDone, Proof};
use crate::bell::Bell;
use crate::queue::{Queue, Verdict};
use crate::recent::Recent;
use crate::source::LoadError;
use crate::writer::Phase;
use domain::ids::PartitionId;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::journal::Head;
use tokio::sync::{oneshot, watch};

/// Where a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// The writer's phase.
    pub phase: Phase,
    /// The life in which facts are decided.
    pub generation: u64,
    /// The record that must be in the ledger before a voucher is loaded.
    pub opened_seq: u64,
}

/// What a node is to do with a partition, once its lease says so.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Serve it, behind the ledger's record of it, if the journal reaches as far as it was ever seen to.
    TakeUp { checkpoint: Head, seen_seq: u64 },
    /// Answer what is there, and leave it to another.
    LayDown,
}

/// Whoever waits for an answer.
pub type Reply = oneshot::Sender<Result<Answer, NotDone>>;

/// One partition as the actors see it.
#[derive(Debug)]
pub struct Partition {
    pub id: PartitionId,
    pub queue: Queue<Reply>,
    pub durable_seq: AtomicU64,
    /// The ledger was seen to hold everything up to here.
    pub projected_seq: AtomicU64,
    /// Vouchers have left memory of which the ledger held everything up to here: who comes back needs as much of it.
    pub left_seq: AtomicU64,
    /// The same as in `state`, for those who only want to know whether it is still theirs.
    generation: AtomicU64,
    /// The same as in `state`, for every question.
    serves: AtomicBool,
    recent: Mutex<Recent>,
    state: watch::Sender<PartitionState>,
    order: Mutex<Option<Order>>,
    bell: Arc<Bell>,
}

impl Partition {
    pub fn new(id: PartitionId, bell: &Arc<Bell>) -> Self {
        let start = PartitionState { phase: Phase::Asking, generation: 0, opened_seq: 0 };
        Self {
            id,
            queue: Queue::new(Arc::clone(bell)),
            durable_seq: AtomicU64::new(0),
            projected_seq: AtomicU64::new(0),
            left_seq: AtomicU64::new(0),
            generation: AtomicU64::new(start.generation),
            serves: AtomicBool::new(false),
            recent: Mutex::default(),
            state: watch::Sender::new(start),
            order: Mutex::default(),
            bell: Arc::clone(bell),
        }
    }

    /// Tells whoever drives it what to do; the latest order counts.
    pub fn command(&self, order: Order) {
        *self.order.lock() = Some(order);
        self.bell.ring();
    }

    /// Follows the order, if there is one; it stands until `follow` says that it is done.
    pub fn order(&self, follow: impl FnOnce(Order) -> bool) {
        let mut order = self.order.lock();
        if order.is_some_and(follow) {
            *order = None;
        }
    }

    pub fn state(&self) -> PartitionState {
        *self.state.borrow()
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it takes questions at the moment.
    pub fn serves(&self) -> bool {
        self.serves.load(Ordering::Acquire)
    }

    /// Called by the driver after each step; wakes only when something changed.
    pub fn publish(&self, phase: Phase, generation: u64, durable_seq: u64) {
        self.durable_seq.store(durable_seq, Ordering::Release);
        self.state.send_if_modified(|state| {
            // under the lock: who sees the new life and looks at the state sees that of this life, or waits for it
            self.generation.store(generation, Ordering::Release);
            let changed = state.phase != phase || state.generation != generation;
            if phase != Phase::Serving {
                // before what it remembers goes: who finds nothing there must not take it for served
                self.serves.store(false, Ordering::Release);
            }
            match phase {
                Phase::Serving if changed => {
                    state.opened_seq = durable_seq;
                    self.recent.lock().opened(durable_seq);
                }
                // what comes after is another node's to remember, and what was here is left to the ledger
                Phase::SteppedDown if changed => {
                    let mut recent = self.recent.lock();
                    *recent = Recent::default();
                    recent.opened(durable_seq);
                }
                _ => {}
            }
            (state.phase, state.generation) = (phase, generation);
            self.serves.store(phase == Phase::Serving, Ordering::Release);
            changed
        });
    }

    /// Remembers what has just become durable, before anybody is told.
    pub fn remember(&self, released: &[(Reply, Verdict)]) {
        let mut recent = self.recent.lock();
        for (_, verdict) in released {
            if let Ok(Answer::Recorded { entry, proof: Proof::Batch(batch, index) }) = verdict {
                recent.insert(batch.first_seq() + *index as u64, entry.operation, entry.key);
                recent.keep(batch);
            }
        }
    }

    /// Vouchers leave memory of which the ledger holds everything up to here.
    pub fn left(&self, seq: u64) {
        self.left_seq.fetch_max(seq, Ordering::AcqRel);
    }

    /// The ledger holds everything up to here.
    pub fn projected(&self, seq: u64) {
        self.projected_seq.fetch_max(seq, Ordering::AcqRel);
        self.recent.lock().projected(seq);
    }

    /// Asks what is remembered.
    pub fn recent<T>(&self, ask: impl FnOnce(&mut Recent) -> T) -> T {
        ask(&mut self.recent.lock())
    }

    /// Waits until nothing of the partition is on its way here any more.
    pub async fn rests(&self) {
        let mut watcher = self.state.subscribe();
        let rests = |state: &PartitionState| matches!(state.phase, Phase::SteppedDown | Phase::Halted(_));
        // it ends only with the partition itself
        let _ = watcher.wait_for(rests).await;
    }

    /// Waits until the partition serves, and says in which life.
    pub async fn serving(&self) -> Result<PartitionState, LoadError> {
        let mut watcher = self.state.subscribe();
        let settled = watcher
            .wait_for(|state| matches!(state.phase, Phase::Serving | Phase::SteppedDown | Phase::Halted(_)))
            .await
            .map_err(|_| LoadError::Halted)?;
        match settled.phase {
            Phase::Serving => Ok(*settled),
            Phase::SteppedDown => Err(LoadError::Stale),
            _ => Err(LoadError::Halted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also between two lives nobody believes a ledger that lacks what was decided here.
    #[test]
    fn what_was_here_is_left_to_the_ledger_when_it_goes() {
        let partition = Partition::new(PartitionId(0), &Arc::default());
        partition.publish(Phase::Serving, 1, 7);
        partition.publish(Phase::Serving, 1, 9);
        partition.publish(Phase::SteppedDown, 1, 9);
        assert_eq!(partition.recent(|recent| recent.left_to_ledger()), 9);
    }

    /// An actor that sees a life begin and looks at the state of the one before is lost until that life ends.
    #[test]
    fn who_sees_a_life_begin_sees_its_state() {
        const LIVES: u64 = 200_000;
        let partition = Arc::new(Partition::new(PartitionId(0), &Arc::default()));
        let published = Arc::clone(&partition);
        let driver = std::thread::spawn(move || {
            for life in 1..=LIVES {
                published.publish(Phase::Opening, life, 0);
            }
        });
        let mut seen = 0;
        while seen < LIVES {
            seen = partition.generation();
            assert!(partition.state().generation >= seen);
        }
        driver.join().unwrap_or_default();
    }
}
