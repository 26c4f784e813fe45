//! Which request comes next: drawn from a seed, so that a run can be repeated.

use crate::answer::Answer;
use crate::history::{Act, NO_KEY, Outcome};
use domain::ids::OperationId;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

/// What a request is to the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A shop takes money.
    Redemption,
    /// A shop sends an earlier request again, under its key.
    Duplicate,
    /// A shop asks for more than there is.
    Refusal,
    /// A shop gives back what it took.
    Reversal,
    /// A shop looks what a voucher is worth.
    Lookup,
    /// A holder opens the link.
    Link,
    /// A holder's page is read.
    Page,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Redemption, Self::Duplicate, Self::Refusal, Self::Reversal, Self::Lookup, Self::Link, Self::Page];

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redemption => "redemption",
            Self::Duplicate => "duplicate",
            Self::Refusal => "refusal",
            Self::Reversal => "reversal",
            Self::Lookup => "lookup",
            Self::Link => "link",
            Self::Page => "page",
        }
    }
}

/// What can be asked for besides redemptions.
const MIXED: [(&str, Kind); 5] = [
    ("lookups", Kind::Lookup),
    ("links", Kind::Link),
    ("duplicates", Kind::Duplicate),
    ("refusals", Kind::Refusal),
    ("reversals", Kind::Reversal),
];

/// Shares of all requests in percent, in the order of [`MIXED`]; the rest are redemptions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mix([f64; MIXED.len()]);

impl Mix {
    /// What shops and families do on a busy day: every other payment is preceded by a look at the
    /// balance, and mistakes are made.
    pub const A_MARKET_DAY: &'static str = "lookups=30,links=3,duplicates=2,refusals=2,reversals=2";

    pub(crate) fn has(&self, kind: Kind) -> bool {
        MIXED.iter().zip(self.0).any(|((_, mixed), share)| *mixed == kind && share > 0.0)
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix = Self::default();
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or("shares look like lookups=30,links=3")?;
            let at = MIXED.iter().position(|(known, _)| *known == name);
            let names = MIXED.map(|(known, _)| known).join(", ");
            let at = at.ok_or_else(|| format!("{name}: there are {names}"))?;
            mix.0[at] = share.parse().map_err(|_| format!("{share} is no number"))?;
            if !(0.0..=100.0).contains(&mix.0[at]) || mix.0.iter().sum::<f64>() > 100.0 {
                return Err(format!("{name}: shares are percents, 100 at most together"));
            }
        }
        Ok(mix)
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it is to the figures.
    pub kind: Kind,
    /// What it is to the voucher.
    pub act: Act,
    /// Index of the voucher.
    pub voucher: u32,
    /// Index of the terminal.
    pub terminal: u16,
    /// How much.
    pub amount_cents: u32,
    /// Its idempotency key, or [`NO_KEY`].
    pub key: u32,
    /// What a reversal gives back.
    pub target: OperationId,
    /// Index of the holder's session.
    pub session: usize,
    /// How often it was sent before because nobody knew what had become of it.
    pub retries: u8,
}

impl Request {
    /// One that moves no money.
    pub const fn read(kind: Kind, voucher: u32, terminal: u16) -> Self {
        let target = OperationId::new(uuid::Uuid::nil());
        Self { kind, act: Act::Read, voucher, terminal, amount_cents: 0, key: NO_KEY, target, session: 0, retries: 0 }
    }
}

/// More than any voucher holds, and less than the server takes for a typing mistake.
const TOO_MUCH_CENTS: u32 = 4_000_000_000;
/// Requests that a duplicate is drawn from; some are still under way.
const RECENT_MAX: usize = 256;
/// Payments that a reversal is taken from, the oldest first.
const REVERSIBLE_MAX: usize = 1_024;
/// Who hangs up does so within this time: about as long as a commit takes.
const HANG_UP_US_MAX: u64 = 5_000;
/// A till that hears nothing, or "not executed", tries again this often.
const RETRIES_MAX: u8 = 3;
/// The gateway lets one address open 1,200 links at once and then twenty a second; this stays below.
const LINKS_AT_ONCE: f64 = 60.0;
const LINKS_PER_SECOND: f64 = 10.0;

/// Who takes part, as indexes.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The vouchers.
    pub vouchers: Vec<u32>,
    /// Those among them whose link is known.
    pub linked: Vec<u32>,
    /// How many terminals there are.
    pub terminals: u16,
    /// The largest redemption.
    pub amount_cents_max: u32,
    /// The part of all requests whose sender hangs up before the answer can come.
    pub hang_up: f64,
    /// Which of how many choosers this is: their keys interleave.
    pub part: (u32, u32),
}

/// Draws requests.
pub struct Chooser {
    rng: Xoshiro256PlusPlus,
    mix: Mix,
    cast: Cast,
    next_key: Option<u32>,
    recent: VecDeque<Request>,
    reversible: VecDeque<(Request, OperationId)>,
    again: Vec<Request>,
    /// The holders' vouchers and cookies; of those that ended, empty ones.
    sessions: Vec<(u32, String)>,
    links_asked: f64,
    links_from: Duration,
}

impl Chooser {
    /// One that draws the same for the same seed.
    pub fn new(seed: u64, mix: Mix, cast: Cast) -> Self {
        Self {
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            mix,
            next_key: Some(cast.part.0),
            cast,
            recent: VecDeque::new(),
            reversible: VecDeque::new(),
            again: Vec::new(),
            sessions: Vec::new(),
            links_asked: 0.0,
            links_from: Duration::ZERO,
        }
    }

    /// The next request at `now` since the start of the run; `None` when the keys are used up.
    pub fn next(&mut self, now: Duration) -> Option<Request> {
        if let Some(request) = self.again.pop() {
            return Some(request);
        }
        let request = self.draw(now)?;
        if request.key != NO_KEY && request.kind != Kind::Duplicate {
            if self.recent.len() == RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back(request);
        }
        Some(request)
    }

    fn draw(&mut self, now: Duration) -> Option<Request> {
        let kind = self.kind();
        let drawn = match kind {
            Kind::Lookup => Some(self.read(Kind::Lookup)),
            Kind::Link | Kind::Page => self.link(now),
            Kind::Duplicate => self.duplicate(),
            Kind::Reversal => self.reversal(),
            Kind::Redemption | Kind::Refusal => None,
        };
        // what cannot be done yet, such as giving back before anything was taken, becomes a redemption
        drawn.or_else(|| self.take(kind == Kind::Refusal))
    }

    fn kind(&mut self) -> Kind {
        let mut roll = self.rng.random_range(0.0..100.0);
        for ((_, kind), share) in MIXED.into_iter().zip(self.mix.0) {
            if roll < share {
                return kind;
            }
            roll -= share;
        }
        Kind::Redemption
    }

    fn take(&mut self, too_much: bool) -> Option<Request> {
        let (kind, amount_cents) = match too_much {
            true => (Kind::Refusal, TOO_MUCH_CENTS),
            false => (Kind::Redemption, self.rng.random_range(1..=self.cast.amount_cents_max)),
        };
        let key = self.key()?;
        Some(Request { act: Act::Redeem, amount_cents, key, ..self.read(kind) })
    }

    fn key(&mut self) -> Option<u32> {
        let key = self.next_key.filter(|key| *key != NO_KEY);
        self.next_key = key.and_then(|key| key.checked_add(self.cast.part.1));
        key
    }

    fn one(&mut self, among: usize) -> Option<usize> {
        (among > 0).then(|| self.rng.random_range(0..among))
    }

    fn read(&mut self, kind: Kind) -> Request {
        let voucher = self.one(self.cast.vouchers.len()).map_or(0, |at| self.cast.vouchers[at]);
        Request::read(kind, voucher, self.rng.random_range(0..self.cast.terminals))
    }

    fn link(&mut self, now: Duration) -> Option<Request> {
        let allowed = (LINKS_AT_ONCE + LINKS_PER_SECOND * now.as_secs_f64()) / f64::from(self.cast.part.1);
        if now >= self.links_from && self.links_asked < allowed {
            let voucher = self.one(self.cast.linked.len()).map(|at| self.cast.linked[at])?;
            self.links_asked += 1.0;
            return Some(Request::read(Kind::Link, voucher, 0));
        }
        let at = self.one(self.sessions.len()).filter(|at| !self.sessions[*at].1.is_empty())?;
        Some(Request { session: at, ..Request::read(Kind::Page, self.sessions[at].0, 0) })
    }

    fn duplicate(&mut self) -> Option<Request> {
        let at = self.one(self.recent.len())?;
        Some(Request { kind: Kind::Duplicate, ..self.recent[at] })
    }

    fn reversal(&mut self) -> Option<Request> {
        let (taken, target) = self.reversible.pop_front()?;
        let key = self.key()?;
        Some(Request { kind: Kind::Reversal, act: Act::Reverse, key, target, ..taken })
    }

    /// How long the sender of the next request waits, if it is one of those who hang up: as tills do whose
    /// network is bad. Some do so before they have sent anything.
    pub fn hangs_up(&mut self) -> Option<Duration> {
        let hangs_up = self.cast.hang_up > 0.0 && self.rng.random_bool(self.cast.hang_up);
        hangs_up.then(|| Duration::from_micros(self.rng.random_range(0..HANG_UP_US_MAX)))
    }

    /// The cookie that a request carries, if any.
    pub fn cookie(&self, request: &Request) -> &str {
        self.sessions.get(request.session).map_or("", |(_, cookie)| cookie)
    }

    /// Takes note of what an answer makes possible or necessary.
    pub fn learn(&mut self, request: &Request, answer: &Answer, now: Duration) {
        match (request.kind, answer.outcome) {
            (Kind::Redemption, Outcome::Done) if self.reversible.len() < REVERSIBLE_MAX => {
                self.reversible.push_back((*request, answer.operation));
            }
            (Kind::Link, Outcome::Done) => {
                self.sessions.push((request.voucher, answer.cookie.clone().unwrap_or_default()));
            }
            (Kind::Link, _) => self.links_from = now + answer.wait,
            (Kind::Page, Outcome::Refused) => self.sessions[request.session].1.clear(),
            (_, Outcome::NotExecuted | Outcome::Unknown | Outcome::Lost)
                if request.key != NO_KEY && request.retries < RETRIES_MAX =>
            {
                self.again.push(Request { kind: Kind::Duplicate, retries: request.retries + 1, ..*request });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn chooser(mix: &str) -> Chooser {
        let vouchers: Vec<u32> = (0..50).collect();
        let cast =
            Cast { linked: vouchers.clone(), vouchers, terminals: 3, amount_cents_max: 5, hang_up: 0.5, part: (1, 4) };
        Chooser::new(7, mix.parse().unwrap(), cast)
    }

    fn draw(chooser: &mut Chooser, count: u32) -> Vec<Request> {
        (0..count).map(|at| chooser.next(Duration::from_millis(at.into())).unwrap()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        assert_eq!(draw(&mut chooser(Mix::A_MARKET_DAY), 2_000), draw(&mut chooser(Mix::A_MARKET_DAY), 2_000));
    }

    #[test]
    fn shares_are_kept_and_keys_are_new() {
        let drawn = draw(&mut chooser("lookups=30,duplicates=10,refusals=20"), 10_000);
        for (kind, share) in
            [(Kind::Lookup, 3_000), (Kind::Duplicate, 1_000), (Kind::Refusal, 2_000), (Kind::Redemption, 4_000)]
        {
            let count = drawn.iter().filter(|request| request.kind == kind).count();
            assert!(count.abs_diff(share) < 200, "{kind:?}: {count}");
        }
        let mut keys: Vec<u32> =
            drawn.iter().filter(|r| r.kind != Kind::Duplicate && r.key != NO_KEY).map(|r| r.key).collect();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(keys.iter().all(|key| key % 4 == 1), "keys of another part");
    }

    #[test]
    fn some_hang_up_and_the_rest_wait() {
        let mut chooser = chooser("lookups=30");
        let hung_up: Vec<Duration> = (0..1_000).filter_map(|_| chooser.hangs_up()).collect();
        assert!(hung_up.len().abs_diff(500) < 100, "half of them: {}", hung_up.len());
        assert!(hung_up.iter().all(|after| *after < Duration::from_micros(HANG_UP_US_MAX)));
        chooser.cast.hang_up = 0.0;
        assert!((0..1_000).all(|_| chooser.hangs_up().is_none()));
    }

    #[test]
    fn links_stay_below_the_limit_of_the_gateway() {
        let mut chooser = chooser("links=100");
        let minute =
            (0..60_000).filter(|ms| chooser.next(Duration::from_millis(*ms)).unwrap().kind == Kind::Link).count();
        assert!((150..=165).contains(&minute), "a quarter of 60 and 600: {minute}");
    }

    #[test]
    fn shares_are_read_or_refused_in_words() {
        let mix: Mix = "links=2.5".parse().unwrap();
        assert!(mix.has(Kind::Link) && !mix.has(Kind::Lookup));
        for (bad, why) in [
            ("links", "look like"),
            ("links=x", "no number"),
            ("tips=1", "there are"),
            ("links=60,lookups=60", "100 at most"),
            ("links=-1", "percents"),
            ("links=NaN", "percents"),
        ] {
            assert!(bad.parse::<Mix>().unwrap_err().contains(why), "{bad}");
        }
    }
}
