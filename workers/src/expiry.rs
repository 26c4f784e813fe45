//! Gives back what is left on expired vouchers, lets go of holds whose time ran out, forgets sessions.
//!
//! The engine decides; this only asks, voucher by voucher, with a key that makes asking twice the
//! same as asking once. It pages by id, so that a voucher that cannot be expired yet is passed over.

use crate::{Pending, again};
use domain::clock::{Clock, Timestamp};
use domain::ids::VoucherId;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::ledger::{Db, Error};
use tokio::time::Instant;
use uuid::Uuid;

const PAGE: i64 = 500;
const EVERY: Duration = Duration::from_secs(30);
/// How much further than the machine's own count of seconds the clock may go between two turns.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// How long a clock that went further is not believed. What is emptied is emptied for good, and nobody waits for that: tills
/// decline expired vouchers whenever they are emptied.
const DOUBT: Duration = Duration::from_secs(3_600);

/// Who carries it out: the engine, wherever the voucher lives.
pub trait Sweep: Send + Sync {
    /// Expires the voucher if it is to be.
    fn expire(&self, voucher: VoucherId) -> Pending<'_, ()>;

    /// Looks at the voucher, which lets its timed-out holds go.
    fn touch(&self, voucher: VoucherId) -> Pending<'_, ()>;
}

/// Whether the clock goes as the machine counts.
struct Steady {
    at: Timestamp,
    then: Instant,
    doubted_since: Option<Instant>,
}

impl Steady {
    const fn since(at: Timestamp, then: Instant) -> Self {
        Self { at, then, doubted_since: None }
    }

    fn believes(&mut self, now: Timestamp, here: Instant) -> bool {
        let passed = here.duration_since(self.then) + AHEAD_MAX;
        let latest = self.at.plus_micros(i64::try_from(passed.as_micros()).unwrap_or(i64::MAX));
        if now > latest && here.duration_since(*self.doubted_since.get_or_insert(here)) < DOUBT {
            return false;
        }
        *self = Self::since(now, here);
        true
    }
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
        let mut steady = None;
        again(&stop, async || {
            let now = self.clock.now();
            let believed =
                steady.get_or_insert_with(|| Steady::since(now, Instant::now())).believes(now, Instant::now());
            metrics::gauge!("buono_expiry_held").set(f64::from(u8::from(!believed)));
            if !believed {
                tracing::warn!("the clock has jumped ahead: no voucher is emptied for an hour, or until it is back");
            } else if let Err(error) = self.turn().await {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_ahead_is_not_believed_until_it_is_back_or_stays_there() {
        let (start, noon) = (Instant::now(), Timestamp::from_micros(1_800_000_000_000_000));
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let clock = |seconds: i64| noon.plus_seconds(seconds);
        let mut steady = Steady::since(noon, start);
        assert!(steady.believes(clock(30), after(30)));
        assert!(steady.believes(clock(300), after(60)), "set right by some minutes");
        assert!(!steady.believes(clock(86_400), after(90)), "a day ahead");
        assert!(!steady.believes(clock(86_430), after(120)));
        assert!(steady.believes(clock(390), after(150)), "it is back");
        assert!(steady.believes(clock(-3_000), after(180)), "set back: nothing expires too early");
        assert!(!steady.believes(clock(86_400), after(210)), "doubt begins anew");
        assert!(!steady.believes(clock(86_400 + 3_570), after(3_780)));
        assert!(steady.believes(clock(86_400 + 3_600), after(3_810)), "an hour later it is the time");
        assert!(steady.believes(clock(86_400 + 3_630), after(3_840)));
    }
}
