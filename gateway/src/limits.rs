//! Rate limits on what a guesser would try: codes, enrolments, passwords, link tokens.

use crate::problem::Problem;
use actix_web::HttpRequest;
use domain::ids::VoucherId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Attempts in a minute, and at once.
const fn per_minute(count: u32) -> Quota {
    match NonZeroU32::new(count) {
        Some(count) => Quota::per_minute(count),
        None => Quota::per_minute(NonZeroU32::MIN),
    }
}

/// Passwords that are hashed at once: each takes a core for tens of milliseconds and 19 MiB.
const HASHINGS_MAX: usize = 8;

/// Where a request comes from, as far as limits tell addresses apart; none where the network does not say.
type Origin = Option<IpNet>;

/// All limits. Many families share one address, behind a telephone company or a town's Wi-Fi: from there much may come in a
/// minute, and few codes that lead nowhere.
pub struct Limits {
    lookups: DefaultKeyedRateLimiter<[u8; 16]>,
    enrolments: DefaultKeyedRateLimiter<Origin>,
    sign_ins: DefaultKeyedRateLimiter<String>,
    arrivals: DefaultKeyedRateLimiter<Origin>,
    openings: DefaultKeyedRateLimiter<Origin>,
    wrong_openings: DefaultKeyedRateLimiter<Origin>,
    pins: DefaultKeyedRateLimiter<[u8; 16]>,
    hashings: Arc<Semaphore>,
    clock: DefaultClock,
    proxies: Vec<IpNet>,
}

/// The address itself; of IPv6 the network, since whoever has one address there has all of it.
fn origin(address: IpAddr) -> Origin {
    let bits = if address.is_ipv4() { 32 } else { 64 };
    IpNet::new(address, bits).ok().map(|net| net.trunc())
}

impl Limits {
    /// Behind proxies with these addresses, whose word about the caller is taken.
    #[must_use]
    pub fn behind(proxies: Vec<IpNet>) -> Self {
        Self {
            lookups: RateLimiter::keyed(per_minute(600)),
            enrolments: RateLimiter::keyed(per_minute(60)),
            sign_ins: RateLimiter::keyed(per_minute(10)),
            arrivals: RateLimiter::keyed(per_minute(120)),
            openings: RateLimiter::keyed(per_minute(1_200)),
            wrong_openings: RateLimiter::keyed(per_minute(60)),
            pins: RateLimiter::keyed(Quota::per_hour(NonZeroU32::MIN.saturating_add(9))),
            hashings: Arc::new(Semaphore::new(HASHINGS_MAX)),
            clock: DefaultClock::default(),
            proxies,
        }
    }

    /// Who asks: the peer, or whom our own proxies name. Each adds the one that it heard from at the end, so that the last
    /// one that is none of them is the caller, whatever stands before.
    fn caller(&self, request: &HttpRequest) -> Origin {
        let ours = |address: &IpAddr| self.proxies.iter().any(|proxy| proxy.contains(address));
        let peer = request.peer_addr()?.ip().to_canonical();
        if !ours(&peer) {
            return origin(peer);
        }
        let lines = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok());
        let named = lines.flat_map(|line| line.split(',')).collect::<Vec<_>>();
        let named = named.into_iter().rev().map_while(|name| name.trim().parse::<IpAddr>().ok());
        origin(named.map(|address| address.to_canonical()).find(|address| !ours(address)).unwrap_or(peer))
    }

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
        self.sign_ins.retain_recent();
        for limiter in [&self.lookups, &self.pins] {
            limiter.retain_recent();
        }
        for limiter in [&self.enrolments, &self.openings, &self.wrong_openings, &self.arrivals] {
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
        self.check(&self.enrolments, &self.caller(request))
    }

    /// Somebody signs in: counted by account, so that many addresses do not help, and by address, since invented accounts
    /// keep the hashing of passwords from everybody else.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn sign_in(&self, request: &HttpRequest, email: &str) -> Result<(), Problem> {
        self.check(&self.arrivals, &self.caller(request))?;
        self.check(&self.sign_ins, &email.to_owned())
    }

    /// A password is to be hashed. The permit goes where that is done: who hangs up meanwhile frees nothing.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn hashing(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.hashings).try_acquire_owned().map_err(|_| Problem::new("too_many_requests").retry_after(1))
    }

    /// Somebody opens a voucher page.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn opening(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(&self.openings, &self.caller(request))
    }

    /// What somebody tried opens nothing.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn wrong_opening(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(&self.wrong_openings, &self.caller(request))
    }

    /// Somebody types the PIN of a voucher to see it: ten an hour, whoever asks.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn pin(&self, voucher: VoucherId) -> Result<(), Problem> {
        self.check(&self.pins, &voucher.uuid().into_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn guesses_run_out_for_whoever_guesses_and_for_nobody_else() {
        let limits = Limits::behind(Vec::new());
        let from = |peer: &str| TestRequest::default().peer_addr(peer.parse().unwrap()).to_http_request();
        let (office, stranger) = (from("192.0.2.7:1"), from("198.51.100.1:1"));
        for _ in 0..10 {
            assert!(limits.sign_in(&office, "anna@comune.example").is_ok());
        }
        assert_eq!(limits.sign_in(&stranger, "anna@comune.example").unwrap_err().code(), "too_many_requests");
        assert!(limits.sign_in(&office, "bruno@comune.example").is_ok());
        // whoever makes accounts up runs out of them
        let made_up = (0..1_000).map(|number| limits.sign_in(&stranger, &format!("{number}@comune.example")).is_ok());
        assert!((119..=130).contains(&made_up.filter(|let_in| *let_in).count()));
        assert!(limits.sign_in(&office, "carla@comune.example").is_ok());
    }

    #[test]
    fn only_so_many_passwords_are_hashed_at_once() {
        let limits = Limits::behind(Vec::new());
        let held: Vec<_> = (0..HASHINGS_MAX).map(|_| limits.hashing().unwrap()).collect();
        assert_eq!(limits.hashing().unwrap_err().code(), "too_many_requests");
        drop(held);
        assert!(limits.hashing().is_ok());
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        let limits = Limits::behind(vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()]);
        let caller = |peer: &str, said: &[&str]| {
            let request = TestRequest::default().peer_addr(format!("{peer}:1234").parse().unwrap());
            let request = said.iter().fold(request, |request, line| request.append_header(("X-Forwarded-For", *line)));
            limits.caller(&request.to_http_request()).unwrap().to_string()
        };
        assert_eq!(caller("192.0.2.7", &[]), "192.0.2.7/32");
        assert_eq!(caller("192.0.2.7", &["198.51.100.1"]), "192.0.2.7/32", "a stranger says nothing of others");
        assert_eq!(caller("127.0.0.1", &["198.51.100.1"]), "198.51.100.1/32");
        assert_eq!(caller("127.0.0.1", &["203.0.113.9, 198.51.100.1", "10.0.0.3"]), "198.51.100.1/32");
        assert_eq!(caller("127.0.0.1", &[]), "127.0.0.1/32");
        assert_eq!(
            caller("127.0.0.1", &["198.51.100.1, nonsense"]),
            "127.0.0.1/32",
            "what stands before may be made up"
        );
        assert_eq!(caller("[2001:db8:1:2:3:4:5:6]", &[]), "2001:db8:1:2::/64");
        assert_eq!(caller("[::ffff:192.0.2.7]", &[]), "192.0.2.7/32");
    }
}
