//! Whether the promises were kept, judged from a recorded history alone. Nothing is asked here.
//!
//! Each answer carries its place in the voucher's life and the balance after it, so a history is
//! checked by sorting, without search. The invariants are those of the commit protocol:
//!
//! - I3: along a voucher's life the balances add up, and none is below zero;
//! - I5: a key has at most one outcome, and all its answers equal it;
//! - I7: what was answered before something else was asked comes before it, and whoever looks sees
//!   everything that was answered before;
//! - I4: the shops' lists hold exactly what was answered, once.
//!
//! The vouchers must belong to the load alone while it runs: money that others take looks like a breach.

mod keys;
mod ledger;
mod life;
#[cfg(test)]
mod tests;

use crate::history::{Act, History, Outcome, Record, UNTOLD, key_text};
use std::fmt::{self, Display, Formatter};

/// So many of each invariant are put into words.
const BREACHES_MAX: usize = 5;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Breach {
    /// Which.
    pub invariant: &'static str,
    /// How, in words.
    pub what: String,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The first breaches.
    pub breaches: Vec<Breach>,
    /// How many there are.
    pub breaches_count: u64,
    /// Answers looked at.
    pub answers_count: u64,
    /// Operations that happened.
    pub operations_count: u64,
    /// Keys of which nobody knows what became; their vouchers' balances could not be checked.
    pub open_keys_count: u64,
    /// Operations that were answered and are not in the shops' lists.
    pub lost_count: u64,
    /// Rows of the shops' lists that no answer told of: taken twice, or after a decline or "not executed".
    pub untold_count: u64,
    /// Rows of the shops' lists; `None` when they could not be read.
    pub ledger_rows_count: Option<u64>,
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Checked: {} answers, {} operations, ", self.answers_count, self.operations_count)?;
        match self.ledger_rows_count {
            Some(rows) => write!(f, "{rows} rows of the shops' lists. ")?,
            None => write!(f, "not the shops' lists. ")?,
        }
        if self.open_keys_count > 0 {
            write!(f, "Of {} requests nobody knows what became. ", self.open_keys_count)?;
        }
        match self.breaches_count {
            0 => write!(f, "No promise was broken.")?,
            count => write!(f, "{count} BREACHES, the first:")?,
        }
        self.breaches.iter().try_for_each(|breach| write!(f, "\n  {}: {}", breach.invariant, breach.what))
    }
}

/// Something that has a place in a voucher's life: an operation, or a look at the balance.
#[derive(Clone, Copy)]
struct Event<'a> {
    /// The first answer that told of it.
    record: &'a Record,
    /// When it was first asked for.
    sent_us: u64,
    /// When it was first answered.
    received_us: u64,
}

/// Collects breaches in words.
struct Court<'a> {
    names: &'a Names,
    verdict: Verdict,
}

/// What to call things.
struct Names {
    keys: String,
    terminals: Vec<crate::history::Terminal>,
    vouchers: Vec<String>,
}

impl Court<'_> {
    fn breach(&mut self, invariant: &'static str, what: impl FnOnce(&Names) -> String) {
        self.verdict.breaches_count += 1;
        let breaches = &mut self.verdict.breaches;
        if breaches.iter().filter(|breach| breach.invariant == invariant).count() < BREACHES_MAX {
            breaches.push(Breach { invariant, what: what(self.names) });
        }
    }
}

impl Names {
    fn voucher(&self, voucher: u32) -> &str {
        self.vouchers.get(voucher as usize).map_or("?", String::as_str)
    }

    fn shop(&self, shop: u16) -> &str {
        self.terminals.iter().find(|terminal| terminal.shop == shop).map_or("?", |terminal| &terminal.name)
    }

    /// A request and its answer in words.
    fn told(&self, record: &Record) -> String {
        let (voucher, terminal) = (self.voucher(record.voucher), &self.terminals[usize::from(record.terminal)].name);
        let asked = match record.act {
            Act::Read => format!("a look at {voucher}"),
            act => format!(
                "{} of {} cents on {voucher} by {terminal} (key {})",
                act.words(),
                record.amount_cents,
                key_text(&self.keys, record.key)
            ),
        };
        let balance = match record.balance_cents {
            UNTOLD => String::new(),
            cents => format!(", balance {cents} cents"),
        };
        let answer = match record.outcome {
            Outcome::Done if record.act == Act::Read => format!("seq {}{balance}", record.voucher_seq),
            Outcome::Done => format!("done as operation {}, seq {}{balance}", record.operation, record.voucher_seq),
            Outcome::Declined(decline) => format!("declined, {}{balance}", decline.code()),
            Outcome::Mismatched => "done with another amount or voucher".to_owned(),
            Outcome::Never => "never executed".to_owned(),
            other => format!("{other:?}"),
        };
        let (sent, received) = (seconds(record.sent_us), seconds(record.received_us()));
        format!("{asked}, sent at {sent}, answered \"{answer}\" at {received}")
    }
}

fn seconds(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

/// Checks a whole run. Takes the history, since it is sorted in place: a copy would not fit.
pub fn check(history: History) -> Verdict {
    let History { keys, terminals, vouchers, mut records, ledger } = history;
    let names = Names { keys, terminals, vouchers };
    let verdict = Verdict {
        answers_count: records.len() as u64,
        ledger_rows_count: ledger.as_ref().map(|rows| rows.len() as u64),
        ..Verdict::default()
    };
    let mut court = Court { names: &names, verdict };
    records.sort_unstable_by_key(|record| (record.voucher, record.act == Act::Read, record.key, record.sent_us));
    let mut rows = ledger::sorted(ledger);
    for records in records.chunk_by(|a, b| a.voucher == b.voucher) {
        let voucher = records[0].voucher;
        let history = keys::outcomes(&mut court, records);
        court.verdict.operations_count += history.operations();
        court.verdict.open_keys_count += history.open_keys;
        life::check(&mut court, &history);
        if let Some(rows) = &mut rows {
            ledger::check(&mut court, &history, rows.of(voucher));
        }
    }
    court.verdict
}
