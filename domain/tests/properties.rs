//! What holds for every history, whatever is asked in whatever order.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Bench;
use domain::voucher::Voucher;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    let key = "[a-d]";
    let till = prop_oneof![Just("A"), Just("B")];
    let sum = 0..4_000i64;
    prop_oneof![
        4 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("redeem {s} k{k}{c} {c}")),
        2 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("redeem {s} {k} {c}")),
        2 => (till.clone(), key, sum.clone()).prop_map(|(s, k, c)| format!("hold {s} h{k} {c}")),
        2 => (till.clone(), key, key, sum.clone()).prop_map(|(s, k, h, c)| format!("capture {s} c{k} h{h} {c}")),
        1 => (till.clone(), key, key).prop_map(|(s, k, h)| format!("release {s} l{k} h{h}")),
        2 => (till, key, key, sum.clone()).prop_map(|(s, k, o, c)| format!("reverse {s} r{k}{c} {o} {c}")),
        1 => sum.prop_map(|c| format!("top-up {c}")),
        1 => prop_oneof![Just("block"), Just("unblock"), Just("expire"), Just("close"), Just("seal")].prop_map(str::to_owned),
        1 => (-2_000..200_000i64).prop_map(|s| format!("wait {s}")),
        1 => (-1_000..1_000i64).prop_map(|s| format!("to-the-end {s}")),
        1 => Just("terms day=5000 uses=6 once=3000".to_owned()),
    ]
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
            let view = bench.voucher.view().unwrap();
            let t = view.totals;
            let came = t.issued.get() + t.topped_up.get() + t.reversed.get();
            let went = t.redeemed.get() + t.expired.get();
            prop_assert_eq!(came - went, view.balance.get());
            prop_assert!(view.balance >= view.held);
        }
        let mut keys = std::collections::HashSet::new();
        let mut replayed = Voucher::new(bench.voucher.id());
        for (at, entry) in bench.entries.iter().enumerate() {
            prop_assert_eq!(entry.voucher_seq, at as u64 + 1);
            prop_assert!(keys.insert(entry.key), "a key has two outcomes");
            replayed.apply(entry).unwrap();
        }
        prop_assert_eq!(&replayed, &bench.voucher);
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
        damaged[at].balance_after = damaged[at].balance_after.plus(common::cents(1)).unwrap();
        let mut voucher = Voucher::new(bench.voucher.id());
        prop_assert!(damaged.iter().any(|entry| voucher.apply(entry).is_err()));
        let mut doubled = bench.entries.clone();
        doubled.insert(at, doubled[at]);
        let mut voucher = Voucher::new(bench.voucher.id());
        prop_assert!(doubled.iter().any(|entry| voucher.apply(entry).is_err()));
    }
}
