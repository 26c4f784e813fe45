//! I5: a key has at most one outcome, and all its answers equal it.

use super::{Court, Event};
use crate::history::{Act, Outcome, Record};

/// What became of one voucher's requests.
#[derive(Default)]
pub(super) struct Outcomes<'a> {
    /// What happened and what was seen, in the order of the voucher's life: looks after operations.
    pub events: Vec<Event<'a>>,
    /// What was declined.
    pub declines: Vec<Event<'a>>,
    /// Keys that may or may not have done something.
    pub open_keys: u64,
}

impl Outcomes<'_> {
    pub(super) fn operations(&self) -> u64 {
        self.events.iter().filter(|event| event.record.act != Act::Read).count() as u64
    }
}

/// Whether two answers to one key say the same.
fn agree(a: &Record, b: &Record) -> bool {
    let told = |record: &Record| (record.outcome, record.operation, record.voucher_seq, record.balance_cents);
    let body = a.body_crc == b.body_crc || a.body_crc == 0 || b.body_crc == 0;
    match (a.outcome, b.outcome) {
        // a decline's answer names neither place nor id, a look by key does
        (Outcome::Declined(a), Outcome::Declined(b)) => a == b,
        _ => told(a) == told(b) && body,
    }
}

/// Compares the answers to each key of one voucher.
pub(super) fn outcomes<'a>(court: &mut Court<'_>, records: &'a [Record]) -> Outcomes<'a> {
    let mut found = Outcomes::default();
    for tries in records.chunk_by(|a, b| a.key == b.key) {
        if tries[0].act == Act::Read {
            found.events.extend(tries.iter().filter(|record| is_look(record)).map(event));
        } else {
            key(court, tries, &mut found);
        }
    }
    found.events.sort_unstable_by_key(|event| (event.record.voucher_seq, event.record.act == Act::Read));
    found
}

/// A link that was opened tells no balance.
fn is_look(record: &Record) -> bool {
    record.outcome == Outcome::Done && record.voucher_seq > 0
}

fn event(record: &Record) -> Event<'_> {
    Event { record, sent_us: record.sent_us, received_us: record.received_us() }
}

fn key<'a>(court: &mut Court<'_>, tries: &'a [Record], found: &mut Outcomes<'a>) {
    for wrong in tries.iter().filter(|record| record.outcome == Outcome::Mismatched) {
        court.breach("I5", |names| format!("an answer about something else than was asked: {}", names.told(wrong)));
    }
    let is_final = |record: &&Record| matches!(record.outcome, Outcome::Done | Outcome::Declined(_) | Outcome::Never);
    let mut finals = tries.iter().filter(is_final);
    let Some(first) = finals.clone().min_by_key(|record| record.received_us()) else {
        found.open_keys += u64::from(tries.iter().any(|record| record.outcome.is_open()));
        return;
    };
    if let Some(other) = finals.find(|other| !agree(first, other)) {
        court.breach("I5", |names| format!("two answers to one key: {}; and {}", names.told(first), names.told(other)));
    }
    // whatever it was, it happened between the first try and the first answer that told of it
    let sent_us = tries.iter().map(|record| record.sent_us).min().unwrap_or(first.sent_us);
    let happened = Event { record: first, sent_us, received_us: first.received_us() };
    match first.outcome {
        Outcome::Done => found.events.push(happened),
        Outcome::Declined(_) => found.declines.push(happened),
        _ => {}
    }
}
