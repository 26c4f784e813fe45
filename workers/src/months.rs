//! Makes the ledger's months before they begin, and raises an alarm about operations that are in none.

use crate::again;
use domain::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::ledger::{Db, Error};

const EVERY: Duration = Duration::from_secs(3600);
/// How long to wait after something failed.
const BACKOFF: Duration = Duration::from_secs(5);

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
        again(&stop, async || match self.turn().await {
            Ok(_) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "the ledger's months will be made later");
                BACKOFF
            }
        })
        .await;
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
