//! What holds for every history, whatever is asked in whatever order.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bench, cents, shop};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, ProgrammeId, TerminalId, UserId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::voucher::*;
use proptest::prelude::*;
use uuid::Uuid;

fn line() -> impl Strategy<Value = String> {
    let key = "[a-d]";
    let till = prop_oneof![Just("A"), Just("B")];
    let sum = 0..4_000i64;
    let office =
        ["block", "unblock", "expire", "close", "undo", "seal", "reissue", "code 1", "code 2", "expiry 2027-02-28"];
    prop_oneof![
        4 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("redeem {s} k{k}{c} {c}")),
        2 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("redeem {s} {k} {c}")),
        2 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("hold {s} h{k} {c}")),
        2 => (till.clone(), key, key, sum.clone()).prop_map(|(s, k, h, c)| format!("capture {s} c{k} h{h} {c}")),
        1 => (till.clone(), key, key).prop_map(|(s, k, h)| format!("release {s} l{k} h{h}")),
        2 => (till, key, key, sum.clone()).prop_map(|(s, k, o, c)| format!("reverse {s} r{k}{c} {o} {c}")),
        1 => sum.prop_map(|c| format!("top-up {c}")),
        1 => prop::sample::select(office.to_vec()).prop_map(str::to_owned),
        1 => (-2_000..200_000i64).prop_map(|s| format!("wait {s}")),
        1 => (-1_000..1_000i64).prop_map(|s| format!("to-the-end {s}")),
        1 => Just("terms day=5000 uses=6 once=3000".to_owned()),
    ]
}

/// An instant, more often than not at the edge of what a clock can say.
fn instant() -> impl Strategy<Value = Timestamp> {
    let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, 1_000_000, i64::MAX - 1_000_001, i64::MAX - 1, i64::MAX];
    prop_oneof![
        2 => prop::sample::select(edges.to_vec()),
        1 => any::<i64>(),
        4 => 1_790_000_000_000_000..1_800_000_000_000_000_i64,
    ]
    .prop_map(Timestamp::from_micros)
}

fn money() -> impl Strategy<Value = Cents> {
    let edges = [Cents::ZERO, cents(1), cents(Cents::MAX.get() - 1), Cents::MAX];
    prop_oneof![
        prop::sample::select(edges.to_vec()),
        (0..=Cents::MAX.get()).prop_map(cents),
        (1..500_i64).prop_map(cents)
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let max = || prop::option::weighted(0.2, money());
    let count = prop::option::weighted(0.2, prop_oneof![Just(0), Just(3), any::<u32>()]);
    (prop::bool::weighted(0.9), prop::bool::weighted(0.9), max(), max(), count, max()).prop_map(
        |(shop_enabled, programme_active, per_redemption_max, per_day_max, per_day_count_max, pin_above)| Terms {
            shop_enabled,
            programme_active,
            per_redemption_max,
            per_day_max,
            per_day_count_max,
            pin_above,
        },
    )
}

fn credential() -> impl Strategy<Value = Credential> {
    let generation = prop_oneof![4 => Just(1), 1 => Just(2), 1 => any::<u32>()];
    (generation, pin()).prop_map(|(generation, pin)| Credential { generation, pin })
}

fn pin() -> impl Strategy<Value = Option<PinTag>> {
    prop::option::weighted(0.3, (0..2_u8).prop_map(|tag| PinTag([tag; 16])))
}

/// One of a few operations, so that commands refer to each other's.
fn operation() -> impl Strategy<Value = OperationId> {
    (0..12_u128).prop_map(|number| OperationId::new(Uuid::from_u128(number)))
}

fn key() -> impl Strategy<Value = OpKey> {
    (0..12_u8).prop_map(|number| OpKey([number; 16]))
}

fn action() -> impl Strategy<Value = Action> {
    let reason = || prop::sample::select(Reason::ALL);
    let part = || prop::option::of(money());
    let issue =
        (money(), instant(), instant(), pin()).prop_map(|(amount, valid_from, expires_at, pin)| Action::Issue {
            municipality: MunicipalityId::new(Uuid::from_u128(1)),
            programme: ProgrammeId::new(Uuid::from_u128(2)),
            amount,
            valid_from,
            expires_at,
            pin,
        });
    let hold = (money(), credential(), terms(), instant())
        .prop_map(|(amount, credential, terms, until)| Action::Hold { amount, credential, terms, until });
    let reverse = (key(), operation(), part(), prop::option::weighted(0.2, instant())).prop_map(
        |(target, target_operation, amount, sealed_through)| Action::Reverse {
            target,
            target_operation,
            amount,
            sealed_through,
        },
    );
    prop_oneof![
        1 => issue,
        2 => money().prop_map(|amount| Action::TopUp { amount }),
        6 => (money(), credential(), terms())
            .prop_map(|(amount, credential, terms)| Action::Redeem { amount, credential, terms }),
        4 => hold,
        4 => (operation(), part()).prop_map(|(hold, amount)| Action::Capture { hold, amount }),
        2 => operation().prop_map(|hold| Action::Release { hold }),
        6 => reverse,
        1 => reason().prop_map(|reason| Action::Block { reason }),
        2 => Just(Action::Unblock),
        1 => pin().prop_map(|pin| Action::Reissue { pin }),
        2 => instant().prop_map(|expires_at| Action::ChangeExpiry { expires_at }),
        1 => Just(Action::Expire),
        1 => reason().prop_map(|reason| Action::Close { reason }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let till = |name| Origin::Till { shop: shop(name), terminal: TerminalId::new(Uuid::from_u128(1)) };
    let staff = Origin::Staff(UserId::new(Uuid::from_u128(2)));
    let origin = prop::sample::select(vec![till("A"), till("A"), till("B"), staff, Origin::Holder, Origin::System]);
    // the hash follows from the key now and then only, so that some keys are used again for something else
    (operation(), origin, key(), 0..3_u8, action()).prop_map(|(operation, origin, key, hash, action)| Command {
        operation,
        origin,
        key,
        request_hash: RequestHash([if hash == 0 { 0xff } else { key.0[0] }; 16]),
        action,
    })
}

/// I3: what came in and was not taken out is there, and what is held is part of it.
fn sums(view: &View) -> Result<(), TestCaseError> {
    let t = view.totals;
    let came = t.issued.get() + t.topped_up.get() + t.reversed.get();
    let went = t.redeemed.get() + t.expired.get();
    prop_assert_eq!(came - went, view.balance.get());
    prop_assert!(view.balance >= view.held);
    Ok(())
}

/// The facts lead to the same state from the beginning, one outcome for each key.
fn replays(bench: &Bench) -> Result<(), TestCaseError> {
    let mut keys = std::collections::HashSet::new();
    let mut replayed = Voucher::new(bench.voucher.id());
    for (at, entry) in bench.entries.iter().enumerate() {
        prop_assert_eq!(entry.voucher_seq, at as u64 + 1);
        prop_assert!(keys.insert(entry.key), "a key has two outcomes");
        replayed.apply(entry).unwrap();
    }
    prop_assert_eq!(&replayed, &bench.voucher);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// I3 at every prefix, one outcome for each key, and a replay that leads to the same state.
    #[test]
    fn no_history_breaks_the_sums(lines in prop::collection::vec(line(), 1..60)) {
        let mut bench = Bench::new();
        bench.line("issue 5000");
        for line in &lines {
            bench.line(line);
            sums(&bench.voucher.view().unwrap())?;
        }
        replays(&bench)?;
    }

    /// Absurd commands at absurd times: whatever is decided fits its own state, a key that has an
    /// outcome gives it or is refused, and nothing else happens.
    #[test]
    fn nothing_absurd_gets_through(
        first in money(),
        asked in prop::collection::vec((command(), instant()), 1..80),
    ) {
        let mut bench = Bench::new();
        bench.line(&format!("issue {}", first.get()));
        for (command, now) in &asked {
            bench.now = *now;
            let known = bench.voucher.outcome(command.key).copied();
            let before = bench.voucher.clone();
            // ids are made at the edge, and none twice
            let is_open = |hold: &Hold| hold.operation == command.operation;
            if before.view().is_some_and(|view| view.holds.iter().any(is_open)) {
                continue;
            }
            let decision = decide(&bench.voucher, command, *now);
            prop_assert_eq!(&before, &bench.voucher);
            match (known, decision) {
                (Some(outcome), Decision::Known(told)) => {
                    prop_assert_eq!((told, outcome.request_hash), (outcome, command.request_hash));
                }
                (Some(outcome), Decision::Refuse(Refusal::KeyReused)) => {
                    prop_assert_ne!(outcome.request_hash, command.request_hash);
                }
                (Some(_), other) => prop_assert!(false, "a known key gave {:?}", other),
                (None, Decision::Known(_) | Decision::Refuse(Refusal::KeyReused)) => {
                    prop_assert!(false, "an unknown key was known");
                }
                (None, _) => {}
            }
            // applies what was decided, and unwraps
            bench.decide(command);
            if let Some(view) = bench.voucher.view() {
                sums(&view)?;
            }
        }
        replays(&bench)?;
    }

    /// An entry that was changed in any way that matters does not fit any more.
    #[test]
    fn a_damaged_entry_is_refused(lines in prop::collection::vec(line(), 1..30), which in any::<prop::sample::Index>()) {
        let mut bench = Bench::new();
        bench.line("issue 5000");
        for line in &lines {
            bench.line(line);
        }
        let at = which.index(bench.entries.len());
        let mut damaged = bench.entries.clone();
        damaged[at].balance_after = damaged[at].balance_after.plus(cents(1)).unwrap();
        let mut voucher = Voucher::new(bench.voucher.id());
        prop_assert!(damaged.iter().any(|entry| voucher.apply(entry).is_err()));
        let mut doubled = bench.entries.clone();
        doubled.insert(at, doubled[at]);
        let mut voucher = Voucher::new(bench.voucher.id());
        prop_assert!(doubled.iter().any(|entry| voucher.apply(entry).is_err()));
    }
}
