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

/// A future that can be kept in a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How soon whoever rests hears that it is to stop.
const NAP: Duration = Duration::from_millis(250);

/// Does the work again and again until told to stop; the work says how long to rest after it.
pub async fn again(stop: &AtomicBool, mut work: impl AsyncFnMut() -> Duration) {
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
