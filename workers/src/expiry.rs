//! Gives back what is left on expired vouchers, lets go of holds whose time ran out, forgets sessions.
//!
//! The engine decides; this only asks, voucher by voucher, with a key that makes asking twice the
//! same as asking once. It pages by id, so that a voucher that cannot be expired yet is passed over.

use crate::{Pending, again};
use domain::clock::Clock;
use domain::ids::VoucherId;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::ledger::{Db, Error};
use uuid::Uuid;

const PAGE: i64 = 500;
const EVERY: Duration = Duration::from_secs(30);

/// Who carries it out: the engine, wherever the voucher lives.
pub trait Sweep: Send + Sync {
    /// Expires the voucher if it is to be.
    fn expire(&self, voucher: VoucherId) -> Pending<'_, ()>;

    /// Looks at the voucher, which lets its timed-out holds go.
    fn touch(&self, voucher: VoucherId) -> Pending<'_, ()>;
}

/// The expiry run.
pub struct Expiry {
    /// The ledger.
    pub db: Db,
    /// Who carries it out.
    pub sweep: Arc<dyn Sweep>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Expiry {
    /// Runs until `stop` is set.
    pub async fn run(self, stop: Arc<AtomicBool>) {
        again(&stop, async || {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the expiry run will be tried again");
            }
            EVERY
        })
        .await;
    }

    /// One run over everything that is due, sessions included; says how many vouchers it asked for.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer.
    pub async fn turn(&self) -> Result<usize, Error> {
        let now = self.clock.now().micros();
        self.db.purge_sessions(now).await?;
        let mut asked = 0;
        let mut after = Uuid::nil();
        loop {
            let page = self.db.timed_out_holds(after, now, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            asked += page.len();
            for voucher in page {
                self.sweep.touch(VoucherId::new(voucher)).await;
            }
        }
        after = Uuid::nil();
        loop {
            let page = self.db.expired_vouchers(after, now, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            asked += page.len();
            for voucher in page {
                self.sweep.expire(VoucherId::new(voucher)).await;
            }
        }
        Ok(asked)
    }
}
