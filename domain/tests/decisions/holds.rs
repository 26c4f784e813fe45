//! Money set aside.

crate::tables! {
    holds_are_set_aside_taken_and_let_go "
        issue 5000                      -> issue 5000 left 5000 held 0
        hold A h1 3000                  -> hold 3000 left 5000 held 3000
        hold A h1 3000                  -> known hold 3000 left 5000
        redeem B k1 2001                -> declined insufficient_balance
        redeem B k2 2000                -> redeem 2000 left 3000 held 3000
        capture B c1 h1 100             -> refused there is no such open hold
        capture A c1 h1 3001            -> refused more than was held
        capture A c1 h1 0               -> refused the amount is not possible
        block                           -> block 0 left 3000 held 3000
        redeem B k3 1                   -> declined voucher_blocked
        capture A c2 h1 1000            -> capture 1000 left 2000 held 0
        capture A c2 h1 1000            -> known capture 1000 left 2000
        capture A c3 h1 all             -> refused there is no such open hold
        unblock                         -> unblock 0 left 2000 held 0
        reverse A r1 c2 all             -> reverse 1000 left 3000 held 0
        reverse A r2 h1 all             -> refused there is no such operation of this shop
        hold A h2 3000                  -> hold 3000 left 3000 held 3000
        release B l0 h2                 -> refused there is no such open hold
        release A l1 h2                 -> release 0 left 3000 held 0
        release A l2 h2                 -> refused there is no such open hold
        hold A h4 0                     -> refused the amount is not possible
        hold A h4 3001                  -> declined insufficient_balance
        capture A c5 h4 all             -> refused there is no such open hold
    "

    a_hold_lets_go_when_its_time_is_over "
        issue 3000                      -> issue 3000 left 3000 held 0
        hold A h1 2000 for 60           -> hold 2000 left 3000 held 2000
        hold A h2 1000 for 30           -> hold 1000 left 3000 held 3000
        redeem B k1 1                   -> declined insufficient_balance
        wait 29
        redeem B k2 1                   -> declined insufficient_balance
        wait 1
        redeem B k3 1000                -> redeem 1000 left 2000 held 2000
        capture A c1 h2 all             -> refused there is no such open hold
        capture A c2 h1 1999            -> capture 1999 left 1 held 0
        wait 60
        redeem B k4 1                   -> redeem 1 left 0 held 0
    "

    a_hold_outlives_the_block_and_the_expiry "
        issue 5000                      -> issue 5000 left 5000 held 0
        hold A h1 1000 for 6000000      -> hold 1000 left 5000 held 1000
        hold B h2 1000 for 6000000      -> hold 1000 left 5000 held 2000
        block                           -> block 0 left 5000 held 2000
        capture A c1 h1 all             -> capture 1000 left 4000 held 1000
        to-the-end 1
        capture B c2 h2 400             -> capture 400 left 3600 held 0
        expire                          -> expire 3600 left 0 held 0
    "

    a_hold_needs_a_shop_and_a_time "
        issue 5000                      -> issue 5000 left 5000 held 0
        hold office h1 1000             -> refused the validity is empty
        hold A h1 1000 for 0            -> refused the validity is empty
        hold A h1 1000 for -60          -> refused the validity is empty
        hold A h1 1000                  -> hold 1000 left 5000 held 1000
    "

    sixteen_holds_and_no_more "
        issue 5000                      -> issue 5000 left 5000 held 0
        hold A h1 1 for 30              -> hold 1 left 5000 held 1
        hold A h2 1                     -> hold 1 left 5000 held 2
        hold A h3 1                     -> hold 1 left 5000 held 3
        hold A h4 1                     -> hold 1 left 5000 held 4
        hold A h5 1                     -> hold 1 left 5000 held 5
        hold A h6 1                     -> hold 1 left 5000 held 6
        hold A h7 1                     -> hold 1 left 5000 held 7
        hold A h8 1                     -> hold 1 left 5000 held 8
        hold A h9 1                     -> hold 1 left 5000 held 9
        hold A h10 1                    -> hold 1 left 5000 held 10
        hold A h11 1                    -> hold 1 left 5000 held 11
        hold A h12 1                    -> hold 1 left 5000 held 12
        hold A h13 1                    -> hold 1 left 5000 held 13
        hold A h14 1                    -> hold 1 left 5000 held 14
        hold A h15 1                    -> hold 1 left 5000 held 15
        hold B h16 1                    -> hold 1 left 5000 held 16
        hold B h17 1                    -> refused too many open holds
        redeem B k1 1                   -> redeem 1 left 4999 held 16
        wait 31
        hold B h17 1                    -> hold 1 left 4999 held 16
    "
}
