//! What a voucher does, as tables: a line is a command and what comes of it, in order.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bench, run};

#[test]
fn a_life_in_two_shops() {
    run("
        redeem A k1 1000                -> refused there is no such voucher
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 2050                -> redeem 2050 left 2950 held 0
        redeem A k1 2050                -> known redeem 2050 left 2950
        redeem A k1 2051                -> refused the key was used for another request
        redeem B k1 2950                -> redeem 2950 left 0 held 0
        redeem B k2 1                   -> declined insufficient_balance
        redeem B k2 1                   -> known declined insufficient_balance
        top-up 100                      -> top_up 100 left 100 held 0
        redeem B k2 1                   -> known declined insufficient_balance
        redeem A k3 0                   -> refused the amount is not possible
        redeem A k3 100                 -> redeem 100 left 0 held 0
    ");
}

#[test]
fn reversals_give_back_what_was_taken_and_no_more() {
    run("
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 3000                -> redeem 3000 left 2000 held 0
        reverse B r0 k1 all             -> refused there is no such operation of this shop
        reverse A r1 k1 1000            -> reverse 1000 left 3000 held 0
        reverse A r2 k1 2001            -> refused more than is left to reverse
        reverse A r2 k1 all             -> reverse 2000 left 5000 held 0
        reverse A r3 k1 all             -> refused more than is left to reverse
        redeem A k2 500                 -> redeem 500 left 4500 held 0
        seal
        reverse A r4 k2 all             -> refused the operation is sealed in a claim
        reverse A r5 r1 all             -> refused there is no such operation of this shop
    ");
}

#[test]
fn holds_are_set_aside_taken_and_let_go() {
    run("
        issue 5000                      -> issue 5000 left 5000 held 0
        hold A h1 3000                  -> hold 3000 left 5000 held 3000
        redeem B k1 2001                -> declined insufficient_balance
        redeem B k2 2000                -> redeem 2000 left 3000 held 3000
        capture B c1 h1 100             -> refused there is no such open hold
        capture A c1 h1 3001            -> refused more than was held
        block                           -> block 0 left 3000 held 3000
        redeem B k3 1                   -> declined voucher_blocked
        capture A c2 h1 1000            -> capture 1000 left 2000 held 0
        capture A c3 h1 all             -> refused there is no such open hold
        unblock                         -> unblock 0 left 2000 held 0
        reverse A r1 c2 all             -> reverse 1000 left 3000 held 0
        hold A h2 3000                  -> hold 3000 left 3000 held 3000
        release A l1 h2                 -> release 0 left 3000 held 0
        hold A h3 500                   -> hold 500 left 3000 held 500
        close                           -> refused money is still held on the voucher
        wait 901
        redeem A k4 3000                -> redeem 3000 left 0 held 0
        capture A c4 h3 all             -> refused there is no such open hold
    ");
}

#[test]
fn the_reasons_to_decline_come_in_their_order() {
    run("
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms shop-off programme-off once=100 day=150 uses=9 pin-above=1000
        old-code
        block                           -> block 0 left 5000 held 0
        redeem A k1 9000                -> declined shop_not_enabled
        terms programme-off once=100 day=150 uses=9 pin-above=1000
        redeem A k2 9000                -> declined programme_suspended
        terms once=100 day=150 uses=9 pin-above=1000
        redeem A k3 9000                -> declined voucher_reissued
        new-code
        redeem A k4 9000                -> declined voucher_blocked
        unblock                         -> unblock 0 left 5000 held 0
        redeem A k5 9000                -> declined pin_required
        pin wrong
        redeem A k6 9000                -> declined pin_wrong
        pin right
        redeem A k7 9000                -> declined amount_over_limit
        redeem A k8 100                 -> redeem 100 left 4900 held 0
        redeem A k9 51                  -> declined amount_over_limit
        redeem A k10 50                 -> redeem 50 left 4850 held 0
        wait 86400
        redeem A k11 100                -> redeem 100 left 4750 held 0
        terms
        redeem A k12 4751               -> declined insufficient_balance
    ");
}

#[test]
fn wrong_pins_are_counted() {
    run("
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms pin-above=0
        pin wrong
        redeem A k1 1                   -> declined pin_wrong
        redeem A k2 1                   -> declined pin_wrong
        redeem A k3 1                   -> declined pin_wrong
        redeem A k4 1                   -> declined pin_wrong
        redeem A k5 1                   -> declined pin_wrong
        pin right
        redeem A k6 1                   -> declined velocity
        wait 86400
        redeem A k7 1                   -> redeem 1 left 4999 held 0
    ");
}

#[test]
fn validity_ends_with_the_last_second_of_the_day() {
    run("
        issue 5000                      -> issue 5000 left 5000 held 0
        expire                          -> refused the voucher has not expired yet
        to-the-end -1
        redeem A k1 1000                -> redeem 1000 left 4000 held 0
        hold A h1 1000                  -> hold 1000 left 4000 held 1000
        to-the-end 1
        redeem A k2 1                   -> declined voucher_expired
        expire                          -> refused money is still held on the voucher
        capture A c1 h1 600             -> capture 600 left 3400 held 0
        expire                          -> expire 3400 left 0 held 0
        expire                          -> unchanged
        reverse A r1 k1 all             -> reverse 1000 left 1000 held 0
        redeem A k3 1                   -> declined voucher_expired
        expire                          -> expire 1000 left 0 held 0
        top-up 1                        -> refused the voucher has expired
        close                           -> close 0 left 0 held 0
        close                           -> unchanged
        redeem A k4 1                   -> declined voucher_closed
    ");
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
