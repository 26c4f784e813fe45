//! I3 and I7: a voucher's life in its own order.

use super::keys::Outcomes;
use super::{Court, Event};
use crate::history::{Act, Outcome, UNTOLD};
use domain::voucher::Decline;

/// The place of an event: looks come after the operation whose place they name.
fn place(event: &Event<'_>) -> (u32, bool) {
    (event.record.voucher_seq, event.record.act == Act::Read)
}

pub(super) fn check(court: &mut Court<'_>, found: &Outcomes<'_>) {
    for event in found.events.iter().chain(&found.declines) {
        let cents = event.record.balance_cents;
        if cents < 0 && cents != UNTOLD {
            court.breach("I3", |names| format!("a balance below zero: {}", names.told(event.record)));
        }
    }
    order(court, &found.events);
    // what nobody knows of may have moved money
    if found.open_keys == 0 {
        sums(court, &found.events);
        declines(court, found);
    }
}

/// Nothing comes later in the voucher's life than what was asked for after its answer.
fn order(court: &mut Court<'_>, events: &[Event<'_>]) {
    // of all that comes earlier in the voucher's life, what was asked for last
    let mut last_asked: Option<&Event<'_>> = None;
    for same in events.chunk_by(|a, b| place(a) == place(b)) {
        if let [one, other, ..] = same
            && one.record.act != Act::Read
        {
            let (one, other) = (one.record, other.record);
            court.breach("I3", |names| {
                format!("two operations at one place: {}; and {}", names.told(one), names.told(other))
            });
        }
        for event in same {
            if let Some(earlier) = last_asked.filter(|earlier| event.received_us < earlier.sent_us) {
                let (event, earlier) = (event.record, earlier.record);
                court.breach("I7", |names| {
                    format!(
                        "answered first and yet later in the voucher's life: {}; then {}",
                        names.told(event),
                        names.told(earlier)
                    )
                });
            }
        }
        last_asked = last_asked.into_iter().chain(same).max_by_key(|event| event.sent_us);
    }
}

/// Each balance is the one before, less what was taken or more what was given back.
fn sums(court: &mut Court<'_>, events: &[Event<'_>]) {
    for pair in events.windows(2) {
        let (before, event) = (pair[0].record, pair[1].record);
        let moved = match event.act {
            Act::Redeem => -i64::from(event.amount_cents),
            Act::Reverse => i64::from(event.amount_cents),
            Act::Read => 0,
        };
        if before.balance_cents.checked_add(moved) != Some(event.balance_cents) {
            court.breach("I3", |names| {
                format!("the balance does not add up: {}; next {}", names.told(before), names.told(event))
            });
        }
    }
}

/// A decline that names a balance saw one that the voucher had while it was asked, and not enough.
fn declines(court: &mut Court<'_>, found: &Outcomes<'_>) {
    let events = &found.events;
    let held_max =
        events.iter().filter(|event| event.record.act == Act::Read).map(|event| event.record.amount_cents).max();
    // the last place that was answered before an instant, and the first that was asked for after it
    let mut answered: Vec<(u64, usize)> =
        events.iter().enumerate().map(|(at, event)| (event.received_us, at)).collect();
    let mut asked: Vec<(u64, usize)> = events.iter().enumerate().map(|(at, event)| (event.sent_us, at)).collect();
    answered.sort_unstable();
    asked.sort_unstable();
    (1..answered.len()).for_each(|at| answered[at].1 = answered[at].1.max(answered[at - 1].1));
    (1..asked.len()).rev().for_each(|at| asked[at - 1].1 = asked[at - 1].1.min(asked[at].1));
    for decline in found.declines.iter().filter(|decline| decline.record.balance_cents != UNTOLD) {
        let told = decline.record;
        let Some(from) = answered.partition_point(|(us, _)| *us < decline.sent_us).checked_sub(1) else {
            continue;
        };
        let to =
            asked.get(asked.partition_point(|(us, _)| *us <= decline.received_us)).map_or(events.len(), |(_, at)| *at);
        if !events[answered[from].1..to.max(answered[from].1 + 1)]
            .iter()
            .any(|event| event.record.balance_cents == told.balance_cents)
        {
            court.breach("I7", |names| {
                format!("a decline with a balance that the voucher did not have then: {}", names.told(told))
            });
        }
        let enough = i64::from(told.amount_cents) + i64::from(held_max.unwrap_or(0)) <= told.balance_cents;
        if enough && told.outcome == Outcome::Declined(Decline::InsufficientBalance) {
            court.breach("I3", |names| format!("declined although there was enough: {}", names.told(told)));
        }
    }
}
