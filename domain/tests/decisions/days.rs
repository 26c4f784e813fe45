//! Days as people in Rome live them: each ends at its own midnight, also the short one in March and
//! the long one in October.

crate::tables! {
    a_day_ends_at_midnight_in_rome "
        at 2026-11-02T22:59:59.5Z
        issue 5000                      -> issue 5000 left 5000 held 0
        terms day=1000 uses=2
        redeem A k1 1000                -> redeem 1000 left 4000 held 0
        redeem A k2 1                   -> declined amount_over_limit
        wait 1
        redeem A k3 1000                -> redeem 1000 left 3000 held 0
        redeem A k4 1                   -> declined amount_over_limit
    "

    midnight_in_summer_comes_an_hour_earlier_by_utc "
        last-day 2027-12-31
        at 2027-07-01T21:59:58Z
        issue 5000                      -> issue 5000 left 5000 held 0
        terms uses=1
        redeem A k1 1                   -> redeem 1 left 4999 held 0
        wait 1
        redeem A k2 1                   -> declined velocity
        wait 1
        redeem A k3 1                   -> redeem 1 left 4998 held 0
        wait 3600
        redeem A k4 1                   -> declined velocity
    "

    the_day_when_summer_time_begins_has_23_hours "
        last-day 2027-12-31
        at 2027-03-27T23:00:00Z
        issue 5000                      -> issue 5000 left 5000 held 0
        terms day=100
        redeem A k1 100                 -> redeem 100 left 4900 held 0
        wait 7200
        redeem A k2 1                   -> declined amount_over_limit
        wait 75500
        redeem A k3 1                   -> declined amount_over_limit
        wait 100
        redeem A k4 100                 -> redeem 100 left 4800 held 0
        redeem A k5 1                   -> declined amount_over_limit
    "

    the_day_when_summer_time_ends_has_25_hours "
        last-day 2027-12-31
        at 2026-10-24T22:00:00Z
        issue-with-pin 5000             -> issue 5000 left 5000 held 0
        terms uses=1
        redeem A k1 100                 -> redeem 100 left 4900 held 0
        wait 9000
        redeem A k2 1                   -> declined velocity
        wait 77400
        redeem A k3 1                   -> declined velocity
        wait 3500
        redeem A k4 1                   -> declined velocity
        wait 100
        redeem A k5 100                 -> redeem 100 left 4800 held 0
    "

    money_that_comes_back_another_day_is_not_todays "
        issue 5000                      -> issue 5000 left 5000 held 0
        terms day=1000
        redeem A k1 1000                -> redeem 1000 left 4000 held 0
        wait 86400
        redeem A k2 600                 -> redeem 600 left 3400 held 0
        reverse A r1 k1 all             -> reverse 1000 left 4400 held 0
        redeem A k3 401                 -> declined amount_over_limit
        redeem A k4 400                 -> redeem 400 left 4000 held 0
        reverse A r2 k2 100             -> reverse 100 left 4100 held 0
        redeem A k5 100                 -> redeem 100 left 4000 held 0
        redeem A k6 1                   -> declined amount_over_limit
    "

    a_hold_of_yesterday_counts_when_it_is_taken "
        issue 5000                      -> issue 5000 left 5000 held 0
        terms day=1000
        hold A h1 900 for 90000         -> hold 900 left 5000 held 900
        wait 86400
        redeem A k1 101                 -> declined amount_over_limit
        redeem A k2 100                 -> redeem 100 left 4900 held 900
        capture A c1 h1 all             -> capture 900 left 4000 held 0
        redeem A k3 1                   -> declined amount_over_limit
    "

    the_last_day_ends_at_its_own_midnight "
        last-day 2026-10-25
        at 2026-10-24T12:00:00Z
        issue 5000                      -> issue 5000 left 5000 held 0
        at 2026-10-25T22:59:59.9Z
        redeem A k1 1                   -> redeem 1 left 4999 held 0
        at 2026-10-25T22:59:59.999Z
        redeem A k2 1                   -> declined voucher_expired
    "
}
