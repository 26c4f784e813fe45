//! How much of the machine the projectors of one process may take, and in which portions.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much longer than a step took to rest after it: answers come before rows, and others too want to write to
/// the ledger.
const REST: u32 = 4;
/// From the first on there is less rest the longer the ledger lacks something, and from the second on none: the tills
/// wait for it instead. Shops' lists and claims wait for the ledger, too.
const LAG: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(400));

/// How much of the journal one transaction takes while the ledger is up to date, and once tills wait for it anyway: the
/// more records share a page, the cheaper each of them is, and the longer nobody else can write to the ledger.
const STEP_BYTES: (usize, usize) = (192 << 10, 2 << 20);

/// Held by the projector that may write; nothing where each goes as fast as it can.
pub(crate) type Turn = Option<OwnedSemaphorePermit>;

/// Shared by the projectors of one process.
#[derive(Debug, Default)]
pub struct Pace {
    /// Where tills wait for the same processors: so many projectors write at once, and rest before others may.
    turn: Option<Arc<Semaphore>>,
}

impl Pace {
    /// In a process that serves tills, of whose projectors so many may write at once.
    #[must_use]
    pub fn beside_tills(at_once: usize) -> Self {
        Self { turn: Some(Arc::new(Semaphore::new(at_once))) }
    }

    /// In a process for which nobody waits: each projector goes as fast as it can.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// Waits until a projector may write, and keeps the others from it while the guard lives.
    pub(crate) async fn turn(&self) -> Turn {
        Arc::clone(self.turn.as_ref()?).acquire_owned().await.ok()
    }

    /// How long to rest after a step that took so long, of a partition of which the ledger lacks something for so long.
    pub(crate) fn rest(&self, took: Duration, lag: Duration) -> Duration {
        if self.turn.is_none() {
            return Duration::ZERO;
        }
        (took * REST).mul_f64(in_time(lag))
    }
}

/// How much of the journal to write at once to a ledger that has lacked something for so long.
pub(crate) fn step_bytes(lag: Duration) -> usize {
    if in_time(lag) > 0.0 { STEP_BYTES.0 } else { STEP_BYTES.1 }
}

/// From 1, where nobody waits for the ledger, to 0, where everybody does.
fn in_time(lag: Duration) -> f64 {
    let (from, to) = LAG;
    let left = to.saturating_sub(lag).as_secs_f64() / (to - from).as_secs_f64();
    left.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    #[test]
    fn the_longer_the_ledger_lacks_something_the_less_rest() {
        let (pace, lag) = (Pace::beside_tills(1), Duration::from_millis);
        assert_eq!(pace.rest(STEP, Duration::ZERO), STEP * REST);
        assert_eq!(pace.rest(STEP, lag(100)), STEP * REST);
        assert_eq!(pace.rest(STEP, lag(250)), STEP * REST / 2);
        assert_eq!(pace.rest(STEP, lag(400)), Duration::ZERO);
        assert_eq!(pace.rest(STEP, lag(90_000)), Duration::ZERO);
        assert_eq!(Pace::alone().rest(STEP, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn what_everybody_waits_for_is_written_in_larger_steps() {
        assert_eq!(step_bytes(Duration::ZERO), STEP_BYTES.0);
        assert_eq!(step_bytes(Duration::from_millis(399)), STEP_BYTES.0);
        assert_eq!(step_bytes(Duration::from_millis(400)), STEP_BYTES.1);
    }

    #[tokio::test]
    async fn beside_tills_one_writes_at_a_time() {
        let (pace, alone) = (Pace::beside_tills(1), Pace::alone());
        let first = pace.turn().await;
        let mut second = Box::pin(pace.turn());
        let waits = std::future::poll_fn(|context| std::task::Poll::Ready(second.as_mut().poll(context).is_pending()));
        assert!(waits.await);
        drop(first);
        assert!(second.await.is_some());
        assert!(alone.turn().await.is_none() && alone.turn().await.is_none());
    }
}
