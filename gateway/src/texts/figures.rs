//! Amounts and days as people write them.

use super::Lang;
use domain::clock::Timestamp;

/// Euro: `20,50 €` in Italian, `€20.50` in English, and with the figures of both in Arabic too: tills show
/// no others. The space is a plain one, since an SMS has no other.
#[must_use]
pub fn euro(lang: Lang, cents: i64) -> String {
    let (sign, whole, rest) = (if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
    match lang {
        Lang::En => format!("{sign}€{whole}.{rest:02}"),
        _ => format!("{sign}{whole},{rest:02} €"),
    }
}

/// A day, in Rome.
#[must_use]
pub fn day(lang: Lang, micros: i64) -> String {
    let date = domain::rome::date(Timestamp::from_micros(micros));
    let pattern = match lang {
        Lang::En => "%-d %B %Y",
        Lang::Ro | Lang::Uk | Lang::Sq => "%d.%m.%Y",
        Lang::It | Lang::Fr | Lang::Es | Lang::Ar => "%d/%m/%Y",
    };
    date.strftime(pattern).to_string()
}

/// A day and a time, in Rome.
#[must_use]
pub fn moment(lang: Lang, micros: i64) -> String {
    let at = domain::rome::local(Timestamp::from_micros(micros));
    format!("{} {}", day(lang, micros), at.strftime("%H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_days_are_written_as_people_do() {
        assert_eq!(euro(Lang::It, 2050), "20,50 €");
        assert_eq!(euro(Lang::En, 7), "€0.07");
        assert_eq!(euro(Lang::Ar, -123_456), "-1234,56 €");
        assert_eq!(day(Lang::It, 0), "01/01/1970");
        assert_eq!(day(Lang::En, 0), "1 January 1970");
        assert_eq!(day(Lang::Uk, 0), "01.01.1970");
    }
}
