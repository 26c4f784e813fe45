//! Days as people in Italy live them: Europe/Rome, with its two changes of hour a year.

use crate::clock::Timestamp;
use jiff::{Timestamp as Instant, civil::Date, tz::TimeZone};
use std::cell::Cell;
use std::sync::LazyLock;

/// From the bundled table, so that every machine agrees on when summer time begins.
static ROME: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC));

fn instant(at: Timestamp) -> Instant {
    Instant::from_microsecond(at.micros()).unwrap_or(if at.micros() < 0 { Instant::MIN } else { Instant::MAX })
}

/// The civil day in Rome at this instant.
#[must_use]
pub fn date(at: Timestamp) -> Date {
    local(at).date()
}

/// The date and time in Rome at this instant.
#[must_use]
pub fn local(at: Timestamp) -> jiff::civil::DateTime {
    ROME.to_datetime(instant(at))
}

/// A day, and the instants that it lasts from and to.
#[derive(Clone, Copy)]
struct Day {
    number: i32,
    from: Timestamp,
    to: Timestamp,
}

thread_local! {
    /// The day that was asked for last: nearly always the one that will be asked for next.
    static LAST: Cell<Option<Day>> = const { Cell::new(None) };
}

/// A number for the civil day in Rome; the next day's is one more.
#[must_use]
pub fn day(at: Timestamp) -> i32 {
    if let Some(last) = LAST.get()
        && (last.from..last.to).contains(&at)
    {
        return last.number;
    }
    let date = date(at);
    let since = date.since(jiff::civil::date(1970, 1, 1));
    let number = since.map_or(0, |span| span.get_days());
    let to = date.tomorrow().map_or(at, start_of_day);
    LAST.set(Some(Day { number, from: start_of_day(date), to }));
    number
}

/// 23:59:59 of that day in Rome, when vouchers expire.
#[must_use]
pub fn end_of_day(date: Date) -> Timestamp {
    at(date, 23, 59, 59)
}

/// 00:00:00 of that day in Rome.
#[must_use]
pub fn start_of_day(date: Date) -> Timestamp {
    at(date, 0, 0, 0)
}

fn at(date: Date, hour: i8, minute: i8, second: i8) -> Timestamp {
    let local = date.at(hour, minute, second, 0);
    let instant = ROME.to_ambiguous_timestamp(local).compatible().unwrap_or(Instant::MAX);
    Timestamp::from_micros(instant.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as civil;

    #[test]
    fn the_zone_is_there() {
        assert_eq!(ROME.iana_name(), Some("Europe/Rome"));
    }

    #[test]
    fn a_day_ends_at_its_own_offset() {
        let winter = end_of_day(civil(2026, 12, 31));
        assert_eq!(instant(winter).to_string(), "2026-12-31T22:59:59Z");
        let summer = end_of_day(civil(2026, 7, 31));
        assert_eq!(instant(summer).to_string(), "2026-07-31T21:59:59Z");
        // the day summer time ends, and the day before it begins
        assert_eq!(instant(end_of_day(civil(2026, 10, 25))).to_string(), "2026-10-25T22:59:59Z");
        assert_eq!(instant(end_of_day(civil(2027, 3, 27))).to_string(), "2027-03-27T22:59:59Z");
    }

    #[test]
    fn days_are_counted_in_rome() {
        let midnight = start_of_day(civil(2026, 7, 1));
        assert_eq!(date(midnight), civil(2026, 7, 1));
        assert_eq!(date(midnight.plus_micros(-1)), civil(2026, 6, 30));
        let (yesterday, today) = (day(midnight.plus_micros(-1)), day(midnight));
        assert_eq!(today, yesterday + 1);
        assert_eq!(day(midnight.plus_micros(-1)), yesterday);
        // whatever was asked before
        for hours in 0..24 * 400 {
            let at = Timestamp::from_micros(midnight.micros() + hours * 3_600_000_000);
            let since = date(at).since(civil(1970, 1, 1)).unwrap();
            assert_eq!(day(at), since.get_days(), "{at:?}");
        }
        assert_eq!(day(Timestamp::from_micros(i64::MAX)), day(Timestamp::from_micros(i64::MAX)));
    }
}
