//! What wakes a lane: one bell for all the queues that it serves.

use parking_lot::{Condvar, Mutex};
use std::time::Duration;

/// A bell that stays rung until somebody has heard it.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    /// Wakes whoever waits, or whoever waits next.
    pub fn ring(&self) {
        *self.rung.lock() = true;
        self.heard.notify_one();
    }

    /// Waits for the bell, but not longer than `patience`.
    pub fn wait(&self, patience: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            self.heard.wait_for(&mut rung, patience);
        }
        *rung = false;
    }
}
