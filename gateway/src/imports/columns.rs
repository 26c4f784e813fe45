//! Which column is which, and the values that both uploads share.

use super::RowProblem;
use super::decode::Table;
use domain::cents::Cents;
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};

/// A column: its name in reports, and the titles it is known by.
pub type Column = (&'static str, &'static [&'static str]);

/// The warning of a row whose shop or family is there already, which it does not change.
pub const ALREADY_THERE: &str = "already_there";

/// The cells of one row, by column.
pub struct Row<'a> {
    /// As the spreadsheet counts.
    pub number: usize,
    cells: &'a [String],
    places: &'a HashMap<&'static str, usize>,
}

impl<'a> Row<'a> {
    /// The cell's text, empty where there is none.
    #[must_use]
    pub fn get(&self, field: &str) -> &'a str {
        self.places.get(field).and_then(|at| self.cells.get(*at)).map_or("", String::as_str)
    }

    /// The cell read by `parse`, if it is not empty; a problem otherwise.
    pub fn read<T, E>(
        &self,
        field: &str,
        problems: &mut Vec<RowProblem>,
        parse: impl Fn(&str) -> Result<T, E>,
        code: impl Fn(E) -> &'static str,
    ) -> Option<T> {
        let text = self.get(field);
        if text.is_empty() {
            return None;
        }
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                problems.push(RowProblem::new(self.number, field, code(error)));
                None
            }
        }
    }

    /// A problem if the cell is empty.
    pub fn require(&self, field: &str, problems: &mut Vec<RowProblem>) {
        if self.get(field).is_empty() {
            problems.push(RowProblem::new(self.number, field, "required"));
        }
    }
}

/// A title without case, accents, spaces and signs.
fn normal(title: &str) -> String {
    let plain = |c: char| match c {
        'à' | 'á' => 'a',
        'è' | 'é' => 'e',
        'ì' | 'í' => 'i',
        'ò' | 'ó' => 'o',
        'ù' | 'ú' => 'u',
        other => other,
    };
    title.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect()
}

/// Where each known column stands; unknown titles are warned of. A column that is needed and missing, or there twice, is a
/// problem with which no row can be read: which of two numbers a voucher goes to is not for us to guess. A title word for
/// word is meant before another that means the same. A first row without any known title is not titles but somebody's
/// data, and is not repeated.
pub fn places(
    table: &Table,
    known: &[Column],
    needed: &[&str],
    warnings: &mut Vec<RowProblem>,
    problems: &mut Vec<RowProblem>,
) -> HashMap<&'static str, usize> {
    let mut places = HashMap::new();
    let titles: Vec<String> = table.header.iter().map(|title| normal(title)).collect();
    let mut taken = HashSet::new();
    for (name, others) in known {
        let exact: Vec<_> = (0..titles.len()).filter(|at| titles[*at] == normal(name)).collect();
        let meant: Vec<_> = (0..titles.len()).filter(|at| others.contains(&titles[*at].as_str())).collect();
        let found = if exact.is_empty() { meant } else { exact };
        taken.extend(found.iter().copied());
        match found[..] {
            [] if needed.contains(name) => problems.push(RowProblem::new(1, name, "column_missing")),
            [] => {}
            [at] => drop(places.insert(*name, at)),
            _ => problems.push(RowProblem::new(1, name, "column_twice")),
        }
    }
    let ignored = (0..titles.len()).filter(|at| !taken.contains(at) && !titles[*at].is_empty());
    warnings.extend(table.warnings.iter().cloned());
    if !places.is_empty() {
        let title = |at: usize| table.header[at].chars().take(40).collect::<String>();
        warnings.extend(ignored.map(|at| RowProblem::new(1, &title(at), "unknown_column")));
    }
    places
}

/// The rows by column.
pub fn rows<'a>(table: &'a Table, places: &'a HashMap<&'static str, usize>) -> impl Iterator<Item = Row<'a>> {
    table.rows.iter().map(move |(number, cells)| Row { number: *number, cells, places })
}

/// An amount as people write it: `50`, `50,00`, `1.250,00`, `1,250.00`, `€ 50`.
///
/// # Errors
/// `amount_shape` for anything that could be read in two ways, such as `10,005`.
pub fn amount(text: &str) -> Result<Cents, &'static str> {
    const WRONG: &str = "amount_shape";
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '€').collect();
    let bare = bare.strip_prefix("EUR").or_else(|| bare.strip_suffix("EUR")).unwrap_or(&bare);
    let decimal = bare.rfind([',', '.']);
    let (whole, cents) = match decimal {
        None => (bare.to_owned(), 0),
        Some(at) => {
            let (whole, rest) = (&bare[..at], &bare[at + 1..]);
            let separator = bare.as_bytes()[at];
            let thousands = if separator == b',' { '.' } else { ',' };
            let cents = match rest.len() {
                1 => rest.parse::<u8>().map(|tenths| i64::from(tenths) * 10),
                2 => rest.parse::<u8>().map(i64::from),
                _ => return Err(WRONG),
            };
            let groups: Vec<&str> = whole.split(thousands).collect();
            let grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3) && groups[0].len() <= 3;
            if !grouped || !rest.bytes().all(|b| b.is_ascii_digit()) {
                return Err(WRONG);
            }
            (groups.concat(), cents.map_err(|_| WRONG)?)
        }
    };
    if whole.is_empty() || whole.len() > 9 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    let euro: i64 = whole.parse().map_err(|_| WRONG)?;
    Cents::new(euro * 100 + cents).filter(|cents| !cents.is_zero()).ok_or(WRONG)
}

/// A day as people write it: `31/12/2026`, `31-12-26`, `31.12.2026`, `2026-12-31`, or a spreadsheet's number.
///
/// # Errors
/// `date_shape`.
pub fn date(text: &str) -> Result<Date, &'static str> {
    const WRONG: &str = "date_shape";
    if let Ok(serial) = text.parse::<i32>()
        && (20_000..80_000).contains(&serial)
    {
        let epoch = jiff::civil::date(1899, 12, 30);
        return epoch.checked_add(jiff::Span::new().days(serial)).map_err(|_| WRONG);
    }
    let parts: Vec<i16> =
        text.split(['/', '-', '.']).map(|part| part.trim().parse().map_err(|_| WRONG)).collect::<Result<_, _>>()?;
    let (year, month, day) = match parts[..] {
        [year, month, day] if year > 31 => (year, month, day),
        [day, month, year] if (0..100).contains(&year) => (2000 + year, month, day),
        [day, month, year] => (year, month, day),
        _ => return Err(WRONG),
    };
    let (month, day) = (i8::try_from(month).map_err(|_| WRONG)?, i8::try_from(day).map_err(|_| WRONG)?);
    Date::new(year, month, day).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_people_write_them() {
        for (text, cents) in [
            ("50", 5000),
            ("50,00", 5000),
            ("50.5", 5050),
            ("1.250,00", 125_000),
            ("1,250.00", 125_000),
            ("€ 50", 5000),
            ("50,5 EUR", 5050),
            ("1.234.567,89", 123_456_789),
        ] {
            assert_eq!(amount(text).map(Cents::get), Ok(cents), "{text}");
        }
        for text in [
            "10,005",
            "1.250",
            "0",
            "-1",
            "",
            "abc",
            "1e3",
            "12,3,4",
            "1..2",
            "50,",
            ",50",
            "NaN",
            "99999999999",
            "1,2.3,4",
        ] {
            assert_eq!(amount(text), Err("amount_shape"), "{text}");
        }
    }

    #[test]
    fn days_as_people_write_them() {
        let expected = jiff::civil::date(2026, 12, 31);
        for text in ["31/12/2026", "31-12-26", "31.12.2026", "2026-12-31", "46387"] {
            assert_eq!(date(text), Ok(expected), "{text}");
        }
        for text in ["31/02/2026", "12/31/2026", "", "domani", "1/2", "32/1/2026", "99999999"] {
            assert_eq!(date(text), Err("date_shape"), "{text}");
        }
    }
}
