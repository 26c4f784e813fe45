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

/// A future that can be kept in a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How soon whoever rests hears that it is to stop.
const NAP: Duration = Duration::from_millis(250);

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

/// Does the work again and again until told to stop; the work says how long to rest after it.
async fn again(stop: &AtomicBool, mut work: impl AsyncFnMut() -> Duration) {
    let mut rest = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        if rest.is_zero() {
            rest = work().await;
        }
        let nap = rest.min(NAP);
        tokio::time::sleep(nap).await;
        rest -= nap;
    }
}
