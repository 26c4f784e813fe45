//! The edge: the only place of the load tester that asks the machine for the time.
#![allow(clippy::disallowed_methods, reason = "latencies are measured on the machine's own clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time since the start of a run.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been running.
    pub fn now(&self) -> Duration {
        self.0.elapsed()
    }

    /// The instant that many after the start, for timers.
    pub fn instant(&self, at: Duration) -> tokio::time::Instant {
        (self.0 + at).into()
    }
}

/// A number that no earlier run had: microseconds since 1970. Names the run, and seeds it when no
/// seed is given.
pub fn run_number() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Processor time that this process has used so far.
pub fn cpu_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or(0))
}
