//! What the office does: blocking, new codes, other last days, the end.

crate::tables! {
    blocking_stops_tills_and_nothing_else "
        issue 5000                      -> issue 5000 left 5000 held 0
        unblock                         -> unchanged
        redeem A k1 1000                -> redeem 1000 left 4000 held 0
        block                           -> block 0 left 4000 held 0
        block                           -> unchanged
        redeem A k2 1                   -> declined voucher_blocked
        hold A h1 1                     -> declined voucher_blocked
        reverse A r1 k1 400             -> reverse 400 left 4400 held 0
        top-up 100                      -> top_up 100 left 4500 held 0
        expiry 2027-01-31               -> change_expiry 0 left 4500 held 0
        unblock                         -> unblock 0 left 4500 held 0
        unblock                         -> unchanged
        redeem A k2 1                   -> known declined voucher_blocked
        redeem A k3 1                   -> redeem 1 left 4499 held 0
    "

    a_new_code_voids_the_old_one "
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 1                   -> redeem 1 left 4999 held 0
        reissue                         -> reissue 0 left 4999 held 0
        redeem A k2 1                   -> declined voucher_reissued
        redeem A k1 1                   -> known redeem 1 left 4999
        code 2
        redeem A k3 1                   -> redeem 1 left 4998 held 0
        code 3
        redeem A k4 1                   -> declined voucher_reissued
        block                           -> block 0 left 4998 held 0
        reissue                         -> reissue 0 left 4998 held 0
        redeem A k5 1                   -> declined voucher_blocked
        close                           -> close 4998 left 0 held 0
        reissue                         -> refused the voucher was closed
    "

    a_new_code_comes_with_its_own_pin "
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms pin-above=0
        pin wrong
        redeem A k1 1                   -> declined pin_wrong
        redeem A k2 1                   -> declined pin_wrong
        redeem A k3 1                   -> declined pin_wrong
        redeem A k4 1                   -> declined pin_wrong
        redeem A k5 1                   -> declined pin_wrong
        redeem A k6 1                   -> declined velocity
        reissue                         -> reissue 0 left 5000 held 0
        code 2
        redeem A k7 1                   -> redeem 1 left 4999 held 0
        reissue-with-pin                -> reissue 0 left 4999 held 0
        code 3
        pin none
        redeem A k8 1                   -> declined pin_required
        pin right
        redeem A k9 1                   -> redeem 1 left 4998 held 0
    "

    the_last_day_can_be_moved_until_the_voucher_is_over "
        issue 5000                      -> issue 5000 left 5000 held 0
        expiry 2026-12-31               -> unchanged
        expiry 2026-11-01               -> refused the validity is empty
        expiry 2026-11-02               -> change_expiry 0 left 5000 held 0
        to-the-end 1
        redeem A k1 1                   -> declined voucher_expired
        expiry 2026-11-03               -> change_expiry 0 left 5000 held 0
        redeem A k2 1                   -> redeem 1 left 4999 held 0
        to-the-end 1
        expire                          -> expire 4999 left 0 held 0
        expiry 2027-01-31               -> refused the voucher has expired
        reissue                         -> refused the voucher has expired
        close                           -> close 0 left 0 held 0
        expiry 2027-01-31               -> refused the voucher was closed
        expire                          -> refused the voucher was closed
    "

    closing_gives_back_what_is_left "
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 2000                -> redeem 2000 left 3000 held 0
        hold A h1 1000                  -> hold 1000 left 3000 held 1000
        close                           -> refused money is still held on the voucher
        release A l1 h1                 -> release 0 left 3000 held 0
        close                           -> close 3000 left 0 held 0
        close                           -> unchanged
        top-up 1                        -> refused the voucher was closed
        block                           -> refused the voucher was closed
        unblock                         -> refused the voucher was closed
        redeem A k2 1                   -> declined voucher_closed
        hold A h2 1                     -> declined voucher_closed
        reverse A r1 k1 500             -> reverse 500 left 500 held 0
        redeem A k3 1                   -> declined voucher_closed
        close                           -> close 500 left 0 held 0
    "

    undoing_an_import_closes_only_what_nobody_used "
        issue 5000                      -> issue 5000 left 5000 held 0
        hold A h1 1000                  -> hold 1000 left 5000 held 1000
        undo                            -> unchanged
        release A l1 h1                 -> release 0 left 5000 held 0
        redeem A k1 2000                -> redeem 2000 left 3000 held 0
        undo                            -> unchanged
        reverse A r1 k1 2000            -> reverse 2000 left 5000 held 0
        undo                            -> unchanged
        close                           -> close 5000 left 0 held 0
    "

    an_unused_voucher_is_taken_back_once "
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 5001                -> declined insufficient_balance
        undo                            -> close 5000 left 0 held 0
        undo                            -> unchanged
    "
}
