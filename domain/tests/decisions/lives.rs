//! From the issue to the end, in shops.

crate::tables! {
    a_life_in_two_shops "
        redeem A k1 1000                -> refused there is no such voucher
        issue 0                         -> refused the amount is not possible
        issue 5000                      -> issue 5000 left 5000 held 0
        issue 5000                      -> refused the voucher was already issued
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
    "

    reversals_give_back_what_was_taken_and_no_more "
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 3000                -> redeem 3000 left 2000 held 0
        reverse B r0 k1 all             -> refused there is no such operation of this shop
        reverse A r0 k9 all             -> refused there is no such operation of this shop
        reverse office r0 k1 all        -> refused there is no such operation of this shop
        reverse A r0 k1 0               -> refused the amount is not possible
        reverse A r1 k1 1000            -> reverse 1000 left 3000 held 0
        reverse A r1 k1 1000            -> known reverse 1000 left 3000
        reverse A r2 k1 2001            -> refused more than is left to reverse
        reverse A r2 k1 all             -> reverse 2000 left 5000 held 0
        reverse A r3 k1 all             -> refused more than is left to reverse
        redeem A k2 500                 -> redeem 500 left 4500 held 0
        redeem A k3 9000                -> declined insufficient_balance
        reverse A r6 k3 all             -> refused there is no such operation of this shop
        seal
        reverse A r4 k2 all             -> refused the operation is sealed in a claim
        reverse A r5 r1 all             -> refused there is no such operation of this shop
    "

    validity_ends_with_the_last_second_of_the_day "
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
        redeem A k3 1                   -> declined voucher_expired
        reverse A r1 k1 all             -> reverse 1000 left 1000 held 0
        redeem A k4 1                   -> declined voucher_expired
        expire                          -> expire 1000 left 0 held 0
        top-up 1                        -> refused the voucher has expired
        block                           -> refused the voucher has expired
        close                           -> close 0 left 0 held 0
        close                           -> unchanged
        redeem A k5 1                   -> declined voucher_closed
    "

    validity_begins_when_it_says "
        issue-from 100 5000             -> issue 5000 left 5000 held 0
        redeem A k1 1                   -> declined voucher_not_yet_valid
        hold A h1 1                     -> declined voucher_not_yet_valid
        wait 100
        redeem A k1 1                   -> known declined voucher_not_yet_valid
        redeem A k2 1                   -> redeem 1 left 4999 held 0
    "

    a_validity_must_not_be_empty "
        last-day 2026-11-01
        issue 5000                      -> refused the validity is empty
    "

    nothing_can_be_asked_of_a_voucher_that_is_not_there "
        top-up 1                        -> refused there is no such voucher
        hold A h1 1                     -> refused there is no such voucher
        capture A c1 h1 1               -> refused there is no such voucher
        release A l1 h1                 -> refused there is no such voucher
        reverse A r1 k1 all             -> refused there is no such voucher
        block                           -> refused there is no such voucher
        unblock                         -> refused there is no such voucher
        reissue                         -> refused there is no such voucher
        expiry 2027-01-01               -> refused there is no such voucher
        expire                          -> refused there is no such voucher
        close                           -> refused there is no such voucher
    "

    a_voucher_of_everything_there_is "
        issue 10000000000               -> issue 10000000000 left 10000000000 held 0
        top-up 1                        -> refused the amount is not possible
        redeem A k1 10000000000         -> redeem 10000000000 left 0 held 0
        top-up 1                        -> refused the amount is not possible
        reverse A r1 k1 all             -> reverse 10000000000 left 10000000000 held 0
        redeem A k2 1                   -> refused the amount is not possible
        hold A h1 1                     -> refused the amount is not possible
    "
}
