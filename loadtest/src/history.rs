//! What was asked and what came back: 64 bytes for each answer, so that millions fit in memory.

use domain::ids::OperationId;
use domain::voucher::Decline;

/// The key of a request that has none.
pub const NO_KEY: u32 = u32::MAX;
/// The balance in an answer that tells none.
pub const UNTOLD: i64 = i64::MIN;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Take money.
    Redeem,
    /// Give it back.
    Reverse,
    /// Look at the balance.
    Read,
}

impl Act {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Redeem => "redemption",
            Self::Reverse => "reversal",
            Self::Read => "look at the balance",
        }
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It did not, and never will under this key.
    Declined(Decline),
    /// It happened, says the answer, but to another voucher or with another amount than was asked.
    Mismatched,
    /// It was not allowed as it was asked; nothing happened.
    Refused,
    /// 503 `not_executed`: nothing happened, the same key may try again.
    NotExecuted,
    /// 504, or any answer that leaves it open.
    Unknown,
    /// No answer came.
    Lost,
    /// Asked afterwards by key: it never happened.
    Never,
}

impl Outcome {
    /// Whether it leaves open what happened.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Unknown | Self::Lost)
    }
}

/// One request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The operation's id, when it happened.
    pub operation: OperationId,
    /// When it was sent, since the start of the run, rounded down.
    pub sent_us: u64,
    /// What was left, or [`UNTOLD`].
    pub balance_cents: i64,
    /// How long until all of the answer was there, rounded up.
    pub took_us: u32,
    /// The place in the voucher's life that the answer names.
    pub voucher_seq: u32,
    /// What was asked for; of a look at the balance, how much of it is held.
    pub amount_cents: u32,
    /// Of the answer's body, when it happened: a replay must have the same. 0 where it cannot be compared.
    pub body_crc: u32,
    /// Counts the run's idempotency keys, or [`NO_KEY`].
    pub key: u32,
    /// Index in [`History::vouchers`].
    pub voucher: u32,
    /// Index in [`History::terminals`].
    pub terminal: u16,
    /// What was wanted.
    pub act: Act,
    /// What was told.
    pub outcome: Outcome,
}

const _: () = assert!(size_of::<Record>() == 64);

impl Record {
    /// When all of the answer was there, since the start of the run.
    pub const fn received_us(&self) -> u64 {
        self.sent_us + self.took_us as u64
    }
}

/// A row of `GET /v1/operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The operation's id.
    pub operation: OperationId,
    /// What was left.
    pub balance_cents: i64,
    /// Its place in the voucher's life.
    pub voucher_seq: u32,
    /// How much.
    pub amount_cents: u32,
    /// Index in [`History::vouchers`].
    pub voucher: u32,
    /// The shop whose list it stands in, as in [`Terminal::shop`].
    pub shop: u16,
    /// What it was.
    pub act: Act,
}

/// A till of the run.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// What to call it.
    pub name: String,
    /// Which shop; terminals of one shop have the same number.
    pub shop: u16,
}

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What the run's keys begin with.
    pub keys: String,
    /// The tills.
    pub terminals: Vec<Terminal>,
    /// What to call the vouchers.
    pub vouchers: Vec<String>,
    /// Every answer, in no particular order.
    pub records: Vec<Record>,
    /// What the shops' lists hold, when they could be read.
    pub ledger: Option<Vec<Listed>>,
}

/// What the idempotency keys of a run begin with.
pub fn key_prefix(run: u64) -> String {
    format!("lt-{run:014x}-")
}

/// An idempotency key as it is sent.
pub fn key_text(prefix: &str, key: u32) -> String {
    format!("{prefix}{key:08x}")
}
