//! How much of the machine the projectors of one process may take.

use domain::ids::PartitionId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How much longer than a step took to rest after it: answers come before rows, and others too want to write to
/// the ledger.
const REST: u32 = 4;
/// From half of this on there is less rest the further the ledger is behind, in records of all partitions, and from
/// here on none: the tills wait for it instead. After a crash nobody is served before the ledger has what it lacked,
/// which takes some seconds for so much.
const BEHIND_MAX: u64 = 1 << 18;

/// Held by the projector that may write; nothing where each goes as fast as it can.
pub(crate) type Turn = Option<OwnedMutexGuard<()>>;

/// Shared by the projectors of one process.
#[derive(Debug, Default)]
pub struct Pace {
    /// Where tills wait for the same processors: one projector writes at a time, and then all of them rest.
    turn: Option<Arc<Mutex<()>>>,
    /// How many records each partition is behind.
    behind: parking_lot::Mutex<BTreeMap<PartitionId, u64>>,
}

impl Pace {
    /// In a process that serves tills.
    #[must_use]
    pub fn beside_tills() -> Self {
        Self { turn: Some(Arc::default()), ..Self::default() }
    }

    /// In a process for which nobody waits: each projector goes as fast as it can.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// Waits until a projector may write, and keeps the others from it while the guard lives.
    pub(crate) async fn turn(&self) -> Turn {
        Some(Arc::clone(self.turn.as_ref()?).lock_owned().await)
    }

    /// A partition whose projection has stopped hurries nobody.
    pub(crate) fn leave(&self, partition: PartitionId) {
        self.behind.lock().remove(&partition);
    }

    /// How long to rest after a step that took so long, of a partition that is so many records behind.
    pub(crate) fn rest(&self, took: Duration, partition: PartitionId, behind: u64) -> Duration {
        if self.turn.is_none() {
            return Duration::ZERO;
        }
        let mut all = self.behind.lock();
        all.insert(partition, behind);
        let behind = all.values().sum::<u64>().min(BEHIND_MAX);
        let share = 2.0 * (1.0 - behind as f64 / BEHIND_MAX as f64);
        (took * REST).mul_f64(share.min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    #[test]
    fn the_further_behind_altogether_the_less_rest() {
        let (pace, one, other) = (Pace::beside_tills(), PartitionId(0), PartitionId(1));
        assert_eq!(pace.rest(STEP, one, 0), STEP * REST);
        assert_eq!(pace.rest(STEP, one, BEHIND_MAX / 2), STEP * REST);
        assert_eq!(pace.rest(STEP, other, BEHIND_MAX / 4), STEP * REST / 2);
        assert_eq!(pace.rest(STEP, other, BEHIND_MAX * 9), Duration::ZERO);
        assert_eq!(pace.rest(STEP, other, 0), STEP * REST);
        assert_eq!(pace.rest(STEP, other, BEHIND_MAX), Duration::ZERO);
        pace.leave(other);
        assert_eq!(pace.rest(STEP, one, 0), STEP * REST);
        assert_eq!(Pace::alone().rest(STEP, one, 0), Duration::ZERO);
    }

    #[tokio::test]
    async fn beside_tills_one_writes_at_a_time() {
        let (pace, alone) = (Pace::beside_tills(), Pace::alone());
        let first = pace.turn().await;
        let mut second = Box::pin(pace.turn());
        let waits = std::future::poll_fn(|context| std::task::Poll::Ready(second.as_mut().poll(context).is_pending()));
        assert!(waits.await);
        drop(first);
        assert!(second.await.is_some());
        assert!(alone.turn().await.is_none() && alone.turn().await.is_none());
    }
}
