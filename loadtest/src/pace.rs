//! When the next request is due.
//!
//! The open loop follows a plan that the server cannot slow down: requests are due at random instants
//! with the set mean rate, as people come to tills, and latency counts from the instant a request was
//! due, however late it could be sent. The closed loop sends as soon as a connection is free.

use crate::clock::Clock;
use crate::figures::{Latencies, micros};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::cell::RefCell;
use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Mutex;

/// How long after the end requests that were due before it may still be sent.
const GRACE: Duration = Duration::from_secs(1);

/// An instant of the run that can only come nearer.
#[derive(Clone, Debug)]
pub struct End(Arc<AtomicU64>);

impl Default for End {
    /// Never.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl End {
    /// When it is.
    pub fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Relaxed))
    }

    /// It is at this instant, if it was not before.
    pub fn bring_forward(&self, at: Duration) {
        self.0.fetch_min(micros(at), Relaxed);
    }
}

/// When requests are due.
pub struct Pace {
    clock: Clock,
    end: End,
    /// Connections queue here for the next instant; none means the closed loop.
    plan: Option<Mutex<Plan>>,
    /// How late this tool's own timer was.
    late: RefCell<Latencies>,
}

struct Plan {
    rng: Xoshiro256PlusPlus,
    rate: f64,
    due: Duration,
    /// Linux shows a timer as a file that can be read once it is time.
    timer: Receiver,
}

impl Plan {
    /// Moves on to the next instant: the gaps of people who do not know of each other.
    fn advance(&mut self) -> Duration {
        let uniform: f64 = self.rng.random();
        let due = self.due;
        self.due += Duration::from_secs_f64(-(1.0 - uniform).ln() / self.rate);
        due
    }

    /// A timer of its own, since the runtime's has a resolution of a millisecond, which is more than
    /// a redemption takes.
    async fn wait(&mut self, time: Duration) -> Result<(), Error> {
        // zero would switch it off
        let nanos = i64::from(time.subsec_nanos()).max(1);
        let it_value = Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX), tv_nsec: nanos };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        self.timer.read_u64().await.map(|_expirations| ())
    }
}

impl Pace {
    /// Open at `rate` requests a second, closed without, from an instant of the run to its end.
    pub fn new(clock: Clock, rate: Option<f64>, (start, end): (Duration, End), seed: u64) -> Result<Self, Error> {
        let plan = match rate {
            Some(rate) => {
                let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
                let timer = Receiver::from_owned_fd_unchecked(timerfd_create(TimerfdClockId::Monotonic, flags)?)?;
                let mut plan = Plan { rng: Xoshiro256PlusPlus::seed_from_u64(seed), rate, due: start, timer };
                plan.advance();
                Some(Mutex::new(plan))
            }
            None => None,
        };
        Ok(Self { clock, end, plan, late: RefCell::new(Latencies::default()) })
    }

    /// Waits for the next instant that a request is due; `None` when the run is over.
    pub async fn next(&self) -> Result<Option<Duration>, Error> {
        let Some(plan) = &self.plan else {
            return Ok(Some(self.clock.now()).filter(|now| *now < self.end.get()));
        };
        let mut plan = plan.lock().await;
        let now = self.clock.now();
        let end = self.end.get();
        if plan.due >= end || now >= end + GRACE {
            return Ok(None);
        }
        let due = plan.advance();
        if due > now {
            plan.wait(due - now).await?;
            self.late.borrow_mut().record(self.clock.now().saturating_sub(due));
        }
        Ok(Some(due))
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.clock.now() >= self.end.get()
    }

    /// How many requests were due and never had a connection to be sent on, and how late the timer
    /// itself was.
    pub async fn finish(&self) -> (u64, Latencies) {
        let mut unsent = 0;
        if let Some(plan) = &self.plan {
            let mut plan = plan.lock().await;
            while plan.due < self.end.get() {
                plan.advance();
                unsent += 1;
            }
        }
        (unsent, self.late.take())
    }
}
