//! Makes the ledger's months before they begin, and raises an alarm about operations that are in none.

use domain::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::ledger::{Db, Error};

const EVERY: Duration = Duration::from_secs(3600);
/// How long to wait after something failed.
const BACKOFF: Duration = Duration::from_secs(5);
const NAP: Duration = Duration::from_millis(250);

/// Whoever makes them.
pub struct Months {
    /// The ledger.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Months {
    /// Runs until `stop` is set.
    pub async fn run(self, stop: Arc<AtomicBool>) {
        let mut rest = Duration::ZERO;
        while !stop.load(Ordering::Acquire) {
            if !rest.is_zero() {
                tokio::time::sleep(NAP).await;
                rest = rest.saturating_sub(NAP);
                continue;
            }
            rest = EVERY;
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the ledger's months will be made later");
                rest = BACKOFF;
            }
        }
    }

    /// Makes what is missing, and says how many operations are in no month.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer.
    pub async fn turn(&self) -> Result<u64, Error> {
        let strays = self.db.make_months(self.clock.now().micros()).await?;
        metrics::gauge!("buono_ledger_operations_in_no_month").set(strays as f64);
        if strays > 0 {
            tracing::error!(strays, "operations were decided far from now: a clock is wrong, or was");
        }
        Ok(strays)
    }
}
