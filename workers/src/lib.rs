//! What happens after an answer: one module for each kind of work.
//!
//! Every task takes no input but the stores, is idempotent, and may die at any moment: what it had
//! not finished it finds again. To add one: a module with a `run` that loops until told to stop.

pub mod expiry;
pub mod mail;
pub mod months;
pub mod pace;
pub mod projector;
pub mod sms;
pub mod trimming;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::ledger::Error;
use tokio::time::timeout;

/// A future that can be kept in a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How soon whoever rests hears that it is to stop.
const NAP: Duration = Duration::from_millis(250);

/// How long one turn of a work may take: more than most ever do, and what a longer one had not finished the next one
/// finds. On a connection to a machine that is gone nothing comes any more, not even an end.
const TURN_MAX: Duration = Duration::from_secs(600);

/// How often what waits is counted, which takes longer the more there is.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Shows how much of something waits in the ledger until told to stop.
pub async fn counting(stop: &AtomicBool, figure: &'static str, count: impl AsyncFn() -> Result<i64, Error>) {
    again(stop, async || {
        match count().await {
            Ok(waiting) => metrics::gauge!(figure).set(waiting as f64),
            Err(error) => tracing::warn!(%error, figure, "what waits will be counted again"),
        }
        COUNT_EVERY
    })
    .await;
}

/// Does the work again and again until told to stop; the work says how long to rest after it. Where it hangs it is
/// dropped and begun anew.
async fn again(stop: &AtomicBool, work: impl AsyncFnMut() -> Duration) {
    again_within(TURN_MAX, stop, work).await;
}

async fn again_within(limit: Duration, stop: &AtomicBool, mut work: impl AsyncFnMut() -> Duration) {
    let mut rest = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        if rest.is_zero() {
            rest = timeout(limit, work()).await.unwrap_or_else(|_| {
                tracing::warn!(?limit, "work that hung is begun anew");
                NAP
            });
        }
        let nap = rest.min(NAP);
        tokio::time::sleep(nap).await;
        rest -= nap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn work_that_hangs_is_begun_anew() {
        let (stop, turns) = (AtomicBool::new(false), Cell::new(0));
        again_within(Duration::from_millis(1), &stop, async || {
            turns.set(turns.get() + 1);
            if turns.get() == 1 {
                std::future::pending::<()>().await;
            }
            stop.store(true, Ordering::Release);
            NAP
        })
        .await;
        assert_eq!(turns.get(), 2);
    }
}
