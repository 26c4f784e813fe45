//! How much of the machine the projectors of one process may take.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How much longer than a step took to rest after it: answers come before rows, and others too want to write to
/// the ledger.
const REST: u32 = 4;
/// A partition whose ledger is so many records behind gives no rest any more: the tills wait for it instead. What
/// the ledger lacks is kept in memory, and has to be read again before a node serves after a crash.
const BEHIND_MAX: u64 = 1 << 16;

/// Shared by the projectors of one process.
#[derive(Debug, Default)]
pub struct Pace {
    /// Where tills wait for the same processors: one projector writes at a time, and then all of them rest.
    turn: Option<Arc<Mutex<()>>>,
}

impl Pace {
    /// In a process that serves tills.
    #[must_use]
    pub fn beside_tills() -> Self {
        Self { turn: Some(Arc::default()) }
    }

    /// In a process for which nobody waits: each projector goes as fast as it can.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// Waits until a projector may write, and keeps the others from it while the guard lives.
    pub(crate) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        Some(Arc::clone(self.turn.as_ref()?).lock_owned().await)
    }

    /// How long to rest after a step that took so long, of a partition that is so many records behind.
    pub(crate) fn rest(&self, took: Duration, behind: u64) -> Duration {
        if self.turn.is_none() {
            return Duration::ZERO;
        }
        let share = 1.0 - behind.min(BEHIND_MAX) as f64 / BEHIND_MAX as f64;
        (took * REST).mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    #[test]
    fn the_further_behind_the_less_rest() {
        let pace = Pace::beside_tills();
        assert_eq!(pace.rest(STEP, 0), STEP * REST);
        assert_eq!(pace.rest(STEP, BEHIND_MAX / 2), STEP * REST / 2);
        assert_eq!(pace.rest(STEP, BEHIND_MAX * 9), Duration::ZERO);
        assert_eq!(Pace::alone().rest(STEP, 0), Duration::ZERO);
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
