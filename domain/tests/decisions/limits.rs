//! What the programme and the PIN allow, and which reason comes first.

crate::tables! {
    the_reasons_to_decline_come_in_their_order "
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms shop-off programme-off once=100 day=150 uses=9 pin-above=1000
        code 9
        block                           -> block 0 left 5000 held 0
        redeem A k1 9000                -> declined shop_not_enabled
        terms programme-off once=100 day=150 uses=9 pin-above=1000
        redeem A k2 9000                -> declined programme_suspended
        terms once=100 day=150 uses=9 pin-above=1000
        redeem A k3 9000                -> declined voucher_reissued
        code 1
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
        terms uses=1 once=1
        pin wrong
        redeem A k13 9000               -> declined velocity
    "

    what_was_decided_under_a_key_stands_when_its_code_is_over "
        issue 5000                      -> issue 5000 left 5000 held 0
        redeem A k1 2000                -> redeem 2000 left 3000 held 0
        code 0
        redeem A k1 2000                -> known redeem 2000 left 3000
        redeem A k2 1000                -> declined voucher_reissued
        code 1
        redeem A k2 1000                -> known declined voucher_reissued
        redeem A k3 1000                -> redeem 1000 left 2000 held 0
    "

    wrong_pins_are_counted "
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms pin-above=0
        pin wrong
        redeem A k1 1                   -> declined pin_wrong
        redeem A k2 1                   -> declined pin_wrong
        redeem A k2 1                   -> known declined pin_wrong
        redeem A k3 1                   -> declined pin_wrong
        redeem A k4 1                   -> declined pin_wrong
        redeem A k5 1                   -> declined pin_wrong
        pin right
        redeem A k6 1                   -> declined velocity
        wait 86400
        redeem A k7 1                   -> redeem 1 left 4999 held 0
    "

    a_right_pin_forgets_the_wrong_ones "
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms pin-above=100
        redeem A k0 100                 -> redeem 100 left 4900 held 0
        redeem A k1 101                 -> declined pin_required
        pin wrong
        redeem A k2 1                   -> declined pin_wrong
        redeem A k3 1                   -> declined pin_wrong
        redeem A k4 1                   -> declined pin_wrong
        redeem A k5 1                   -> declined pin_wrong
        pin right
        redeem A k6 101                 -> redeem 101 left 4799 held 0
        pin wrong
        redeem A k7 1                   -> declined pin_wrong
        pin right
        hold A h1 101                   -> hold 101 left 4799 held 101
    "

    small_amounts_without_a_pin_do_not_forget_the_wrong_ones "
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms pin-above=100
        pin wrong
        redeem A k1 101                 -> declined pin_wrong
        redeem A k2 101                 -> declined pin_wrong
        redeem A k3 101                 -> declined pin_wrong
        redeem A k4 101                 -> declined pin_wrong
        pin none
        redeem A k5 1                   -> declined pin_required
        hold A h1 1                     -> declined pin_required
        pin wrong
        redeem A k6 101                 -> declined pin_wrong
        pin right
        redeem A k7 101                 -> declined velocity
        wait 86400
        pin none
        redeem A k8 1                   -> redeem 1 left 4999 held 0
    "

    a_voucher_without_a_pin_asks_for_none "
        issue 5000                      -> issue 5000 left 5000 held 0
        terms pin-above=0
        redeem A k1 1000                -> redeem 1000 left 4000 held 0
        pin wrong
        redeem A k2 1000                -> redeem 1000 left 3000 held 0
    "

    limits_are_reached_and_not_passed "
        issue 5000                      -> issue 5000 left 5000 held 0
        terms once=1000 day=1500
        redeem A k1 1001                -> declined amount_over_limit
        redeem A k2 1000                -> redeem 1000 left 4000 held 0
        hold A h1 501                   -> declined amount_over_limit
        hold A h2 500                   -> hold 500 left 4000 held 500
        redeem A k3 1                   -> declined amount_over_limit
        capture A c1 h2 200             -> capture 200 left 3800 held 0
        redeem B k4 301                 -> declined amount_over_limit
        redeem B k5 300                 -> redeem 300 left 3500 held 0
        reverse A r1 k2 600             -> reverse 600 left 4100 held 0
        redeem B k6 600                 -> redeem 600 left 3500 held 0
        redeem B k7 1                   -> declined amount_over_limit
    "

    uses_are_redemptions_and_holds "
        issue 5000                      -> issue 5000 left 5000 held 0
        terms uses=3
        redeem A k1 1                   -> redeem 1 left 4999 held 0
        redeem A k1 1                   -> known redeem 1 left 4999
        redeem A k2 9999                -> declined insufficient_balance
        hold A h1 1                     -> hold 1 left 4999 held 1
        capture A c1 h1 all             -> capture 1 left 4998 held 0
        reverse A r1 k1 all             -> reverse 1 left 4999 held 0
        redeem B k3 1                   -> redeem 1 left 4998 held 0
        redeem B k4 1                   -> declined velocity
        hold B h2 1                     -> declined velocity
    "
}
