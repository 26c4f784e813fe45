//! A clean history passes; each planted breach is found and named.
#![allow(clippy::unwrap_used)]

use super::check;
use crate::history::{Act, History, Listed, NO_KEY, Outcome, Record, Terminal, UNTOLD};
use domain::ids::OperationId;
use domain::voucher::Decline;
use uuid::Uuid;

fn record(act: Act, key: u32, (sent_us, took_us): (u64, u32), outcome: Outcome) -> Record {
    Record {
        operation: OperationId::new(Uuid::nil()),
        sent_us,
        balance_cents: UNTOLD,
        took_us,
        voucher_seq: 0,
        amount_cents: 0,
        body_crc: 0,
        key,
        voucher: 0,
        terminal: 0,
        act,
        outcome,
    }
}

fn done(act: Act, key: u32, at: (u64, u32), (amount_cents, voucher_seq, balance_cents): (u32, u32, i64)) -> Record {
    let operation = OperationId::new(Uuid::from_u128(u128::from(key) + 1));
    Record { operation, amount_cents, voucher_seq, balance_cents, body_crc: 7, ..record(act, key, at, Outcome::Done) }
}

fn look(at: (u64, u32), voucher_seq: u32, balance_cents: i64) -> Record {
    Record { voucher_seq, balance_cents, ..record(Act::Read, NO_KEY, at, Outcome::Done) }
}

fn declined(key: u32, at: (u64, u32), amount_cents: u32, balance_cents: i64) -> Record {
    let outcome = Outcome::Declined(Decline::InsufficientBalance);
    Record { amount_cents, balance_cents, ..record(Act::Redeem, key, at, outcome) }
}

/// 100 cents; 30 taken, 10 given back, 500 declined, 80 taken, and a try that never got through.
fn clean() -> History {
    let records = vec![
        look((0, 10), 1, 100),
        done(Act::Redeem, 0, (100, 50), (30, 2, 70)),
        done(Act::Redeem, 0, (200, 50), (30, 2, 70)),
        done(Act::Reverse, 1, (300, 50), (10, 3, 80)),
        look((310, 100), 2, 70),
        declined(2, (400, 50), 500, 80),
        declined(2, (500, 50), 500, 80),
        record(Act::Redeem, 3, (600, 50), Outcome::Lost),
        done(Act::Redeem, 3, (700, 50), (80, 5, 0)),
        record(Act::Redeem, 4, (800, 50), Outcome::Lost),
        record(Act::Redeem, 4, (900, 50), Outcome::Never),
        record(Act::Redeem, 5, (900, 50), Outcome::NotExecuted),
        look((1_000, 10), 5, 0),
    ];
    let row = |record: &Record| Listed {
        operation: record.operation,
        balance_cents: record.balance_cents,
        voucher_seq: record.voucher_seq,
        amount_cents: record.amount_cents,
        voucher: 0,
        shop: 0,
        act: record.act,
    };
    let ledger = [1, 3, 8].map(|at: usize| row(&records[at])).to_vec();
    History {
        keys: "lt-run-".into(),
        terminals: vec![Terminal { name: "Forno".into(), shop: 0 }, Terminal { name: "Latteria".into(), shop: 1 }],
        vouchers: vec!["2026/0001".into()],
        records,
        ledger: Some(ledger),
    }
}

#[test]
fn a_clean_history_passes_in_any_order() {
    for turn in 0..13 {
        let mut history = clean();
        history.records.rotate_left(turn);
        let verdict = check(history);
        assert_eq!((verdict.breaches.as_slice(), verdict.breaches_count), (&[][..], 0));
        assert_eq!((verdict.answers_count, verdict.operations_count, verdict.ledger_rows_count), (13, 3, Some(3)));
    }
}

/// Plants something into the clean history and expects a breach of an invariant, with these words.
fn finds(invariant: &str, words: &str, plant: impl FnOnce(&mut Vec<Record>, &mut Vec<Listed>)) {
    let mut history = clean();
    plant(&mut history.records, history.ledger.as_mut().unwrap());
    let verdict = check(history);
    let found = verdict.breaches.iter().any(|breach| breach.invariant == invariant && breach.what.contains(words));
    assert!(found, "{invariant}, {words}: {:#?}", verdict.breaches);
}

#[test]
fn i3_balances_add_up_and_stay_above_zero() {
    finds("I3", "does not add up", |records, _| records[3].balance_cents = 81);
    finds("I3", "does not add up", |records, _| records[12].balance_cents = 1);
    finds("I3", "2026/0001", |records, _| records[4].balance_cents = 71);
    finds("I3", "below zero", |records, _| records[8].balance_cents = -1);
    finds("I3", "at one place", |records, _| records[8].voucher_seq = 3);
    finds("I3", "there was enough", |records, _| (records[5].amount_cents, records[6].amount_cents) = (80, 80));
}

#[test]
fn i5_a_key_has_one_outcome() {
    finds("I5", "two answers to one key", |records, _| records[2].voucher_seq = 3);
    finds("I5", "two answers to one key", |records, _| records[2].operation = OperationId::new(Uuid::from_u128(99)));
    finds("I5", "two answers to one key", |records, _| records[2].body_crc = 8);
    finds("I5", "lt-run-00000002", |records, _| records[6] = done(Act::Redeem, 2, (500, 50), (500, 6, 0)));
    finds("I5", "never executed", |records, _| {
        records.push(Record { body_crc: 0, ..record(Act::Redeem, 0, (1_100, 5), Outcome::Never) });
    });
    finds("I5", "declined, pin_wrong", |records, _| records[6].outcome = Outcome::Declined(Decline::PinWrong));
    finds("I5", "something else than was asked", |records, _| records[2].outcome = Outcome::Mismatched);
}

#[test]
fn i7_what_was_answered_first_comes_first() {
    // asked for after seq 3 was answered, and yet before it
    finds("I7", "answered first and yet later", |records, _| {
        (records[1].sent_us, records[2].sent_us) = (360, 420);
    });
    // a look that misses what was answered before it began
    finds("I7", "answered first and yet later", |records, _| (records[4].sent_us, records[4].took_us) = (351, 5));
    // a look from the future
    finds("I7", "answered first and yet later", |records, _| {
        (records[4].voucher_seq, records[4].sent_us, records[4].took_us) = (5, 420, 5)
    });
    finds("I7", "a balance that the voucher did not have", |records, _| {
        (records[5].balance_cents, records[6].balance_cents) = (70, 70)
    });
}

#[test]
fn i4_the_lists_hold_what_was_answered_once() {
    finds("I4", "not in the shop's list", |_, rows| rows.retain(|row| row.voucher_seq != 3));
    finds("I4", "otherwise than the list of Forno", |_, rows| rows[1].amount_cents = 11);
    finds("I4", "otherwise than the list of Latteria", |_, rows| rows[1].shop = 1);
    finds("I4", "not in the shop's list", |_, rows| rows[1].voucher_seq = 4);
    finds("I4", "holds it twice", |_, rows| rows.push(rows[0]));
    // a charge that nobody was told of: after a decline, after "not executed", after "never"
    finds("I4", "no answer told of", |_, rows| {
        rows.push(Listed { operation: OperationId::new(Uuid::from_u128(77)), voucher_seq: 4, ..rows[0] });
    });
}

#[test]
fn what_nobody_knows_is_no_breach_and_is_counted() {
    let mut history = clean();
    history.records.remove(10);
    history.records[11].balance_cents = -1 + 1;
    history.records.retain(|record| record.key != 3 || record.outcome == Outcome::Lost);
    history.ledger = None;
    let verdict = check(history);
    assert_eq!((verdict.breaches_count, verdict.open_keys_count, verdict.ledger_rows_count), (0, 2, None));
}

#[test]
fn only_the_first_breaches_are_put_into_words_and_all_are_counted() {
    let mut history = clean();
    history.records.extend((100..200).map(|key| record(Act::Redeem, key, (1, 1), Outcome::Mismatched)));
    let verdict = check(history);
    assert_eq!((verdict.breaches.len(), verdict.breaches_count), (5, 100));
}
