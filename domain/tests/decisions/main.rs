//! What a voucher does, as tables: a line is a command and what comes of it, in order.
//!
//! The words are those of `common/mod.rs`. Each table is a test; one more test holds that every
//! reason to decline and to refuse comes up in some line.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod days;
mod holds;
mod limits;
mod lives;
mod office;

use common::{Bench, run};
use domain::voucher::{Decline, Refusal};
use std::collections::BTreeSet;

/// Makes each table a test, and a list of all.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident $text:literal)+) => {
        $($(#[$doc])* #[test] fn $name() { crate::common::run($text); })+
        pub const ALL: &[&str] = &[$($text),+];
    };
}
pub(crate) use tables;

const TABLES: [&[&str]; 5] = [lives::ALL, office::ALL, holds::ALL, limits::ALL, days::ALL];

/// Every refusal; the match makes a new one stop the build until it is here.
fn refusals() -> Vec<Refusal> {
    use Refusal::*;
    let all = vec![
        NoSuchVoucher,
        AlreadyIssued,
        KeyReused,
        InvalidAmount,
        InvalidValidity,
        NoSuchHold,
        CaptureExceedsHold,
        TooManyHolds,
        NoSuchOperation,
        ReversalExceeds,
        OperationSealed,
        VoucherClosed,
        VoucherExpired,
        HoldsOpen,
        NotYetExpired,
    ];
    for refusal in &all {
        match refusal {
            NoSuchVoucher | AlreadyIssued | KeyReused | InvalidAmount | InvalidValidity | NoSuchHold
            | CaptureExceedsHold | TooManyHolds | NoSuchOperation | ReversalExceeds | OperationSealed
            | VoucherClosed | VoucherExpired | HoldsOpen | NotYetExpired => {}
        }
    }
    all
}

#[test]
fn every_reason_comes_up_in_some_table() {
    let said: BTreeSet<String> = TABLES.iter().flat_map(|tables| tables.iter()).flat_map(|table| run(table)).collect();
    let declined = Decline::ALL.iter().map(|decline| format!("declined {}", decline.code()));
    let refused = refusals().into_iter().map(|refusal| format!("refused {refusal}"));
    let missing: Vec<String> = declined.chain(refused).filter(|reason| !said.contains(reason)).collect();
    assert_eq!(missing, [""; 0], "no table has these");
}

#[test]
fn the_clock_may_jump_back_and_time_does_not() {
    let mut bench = Bench::new();
    bench.line("issue 5000");
    let first = bench.line("redeem A k1 1");
    bench.line("wait -5000");
    let second = bench.line("redeem A k2 1");
    assert_eq!((first.as_str(), second.as_str()), ("redeem 1 left 4999 held 0", "redeem 1 left 4998 held 0"));
    assert!(bench.entries.windows(2).all(|pair| pair[0].decided_at < pair[1].decided_at));
}
