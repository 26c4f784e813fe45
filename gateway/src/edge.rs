//! The edge: the only place that asks the machine for the time and for randomness.
#![allow(clippy::disallowed_methods, reason = "this is where time and randomness come in")]

use domain::clock::{Clock, Timestamp};
use rand::TryRng;
use std::time::{SystemTime, UNIX_EPOCH};
use store::keys::Entropy;
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if rand::rngs::SysRng.try_fill_bytes(buffer).is_err() {
            // without randomness every secret would be guessable: nothing may go on
            std::process::abort();
        }
    }
}

/// A new id.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
