//! Rate limits on what a guesser would try: codes, enrolments, passwords, link tokens.

use crate::problem::Problem;
use actix_web::HttpRequest;
use domain::ids::VoucherId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;

/// Attempts in a minute, and at once.
const fn per_minute(count: u32) -> Quota {
    match NonZeroU32::new(count) {
        Some(count) => Quota::per_minute(count),
        None => Quota::per_minute(NonZeroU32::MIN),
    }
}

/// All limits.
pub struct Limits {
    lookups: DefaultKeyedRateLimiter<[u8; 16]>,
    enrolments: DefaultKeyedRateLimiter<String>,
    sign_ins: DefaultKeyedRateLimiter<String>,
    citizens: DefaultKeyedRateLimiter<String>,
    pins: DefaultKeyedRateLimiter<[u8; 16]>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookups: RateLimiter::keyed(per_minute(600)),
            enrolments: RateLimiter::keyed(per_minute(10)),
            sign_ins: RateLimiter::keyed(per_minute(10)),
            citizens: RateLimiter::keyed(per_minute(60)),
            pins: RateLimiter::keyed(Quota::per_hour(NonZeroU32::MIN.saturating_add(9))),
            clock: DefaultClock::default(),
        }
    }
}

/// Who asks, as far as the network tells.
fn peer(request: &HttpRequest) -> String {
    request.peer_addr().map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string())
}

impl Limits {
    fn check<K: std::hash::Hash + Eq + Clone>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Problem> {
        limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Problem::new("too_many_requests").retry_after(wait.as_secs() + 1)
        })
    }

    /// Lets go of callers who have not come for so long that they are as good as new.
    pub fn forget(&self) {
        self.lookups.retain_recent();
        self.pins.retain_recent();
        for limiter in [&self.enrolments, &self.sign_ins, &self.citizens] {
            limiter.retain_recent();
        }
    }

    /// A terminal looks up a code that leads nowhere.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn failed_lookup(&self, terminal: uuid::Uuid) -> Result<(), Problem> {
        self.check(&self.lookups, &terminal.into_bytes())
    }

    /// Somebody enrols a terminal.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn enrolment(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(&self.enrolments, &peer(request))
    }

    /// Somebody signs in: counted by account, so that many addresses do not help.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn sign_in(&self, email: &str) -> Result<(), Problem> {
        self.check(&self.sign_ins, &email.to_owned())
    }

    /// Somebody opens a voucher page.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn citizen(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(&self.citizens, &peer(request))
    }

    /// Somebody types the PIN of a voucher to see it: ten an hour, whoever asks.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn pin(&self, voucher: VoucherId) -> Result<(), Problem> {
        self.check(&self.pins, &voucher.uuid().into_bytes())
    }
}
