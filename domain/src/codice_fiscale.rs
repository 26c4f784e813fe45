//! The Italian tax code of a person (DM 23 December 1976): sixteen characters, or eleven digits for
//! a temporary one.

use crate::partita_iva;
use std::fmt;

/// A formally valid codice fiscale, upper case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CodiceFiscale(String);

/// Why a text is not a codice fiscale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodiceFiscaleError {
    /// Neither sixteen nor eleven characters.
    #[error("it must have sixteen characters, or eleven digits")]
    Length,
    /// A letter where a digit belongs, or the reverse.
    #[error("a character is in the wrong place")]
    Shape,
    /// A month or a day that does not exist.
    #[error("the date of birth is impossible")]
    Date,
    /// The last character does not match the others.
    #[error("the check character does not match")]
    Check,
}

impl CodiceFiscaleError {
    /// The name in import reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "tax_code_length",
            Self::Shape => "tax_code_shape",
            Self::Date => "tax_code_date",
            Self::Check => "tax_code_check",
        }
    }
}

/// Positions that hold digits, or the letters that replace them where two people would share a code.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
/// The letters that stand for 0 to 9 there (omocodia).
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";
/// The letters of the months.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Values of 0–9 (and A–J) at odd places, then of K–Z.
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        letter => OMOCODIA.iter().position(|known| *known == letter).and_then(|at| u32::try_from(at).ok()),
    }
}

/// The check character over the first fifteen.
fn check(bytes: &[u8]) -> u8 {
    let sum: u32 = bytes[..15]
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let rank = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
            if at.is_multiple_of(2) { ODD[usize::from(rank)] } else { u32::from(rank) }
        })
        .sum();
    b'A' + u8::try_from(sum % 26).unwrap_or(0)
}

impl CodiceFiscale {
    /// Reads a code, in any case, with spaces around or inside.
    ///
    /// # Errors
    /// [`CodiceFiscaleError`].
    pub fn parse(text: &str) -> Result<Self, CodiceFiscaleError> {
        let code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let bytes = code.as_bytes();
        if bytes.len() == 11 && bytes.iter().all(u8::is_ascii_digit) {
            return if partita_iva::check_digit_matches(bytes) {
                Ok(Self(code))
            } else {
                Err(CodiceFiscaleError::Check)
            };
        }
        if bytes.len() != 16 {
            return Err(CodiceFiscaleError::Length);
        }
        for (at, byte) in bytes.iter().enumerate() {
            let fits = if DIGITS.contains(&at) { digit(*byte).is_some() } else { byte.is_ascii_uppercase() };
            if !fits {
                return Err(CodiceFiscaleError::Shape);
            }
        }
        let month = MONTHS.iter().position(|month| *month == bytes[8]).ok_or(CodiceFiscaleError::Date)?;
        let two_digits = |at: usize| digit(bytes[at]).unwrap_or(9) * 10 + digit(bytes[at + 1]).unwrap_or(9);
        let (year, written) = (two_digits(6), two_digits(9));
        // forty more for women; of a year 00 nobody knows the century, and 2000 had its 29 February
        let day = if written > 40 { written - 40 } else { written };
        let leap_day = month == 1 && day == 29;
        if day == 0 || day > DAYS[month] || leap_day && !year.is_multiple_of(4) {
            return Err(CodiceFiscaleError::Date);
        }
        if check(bytes) == bytes[15] { Ok(Self(code)) } else { Err(CodiceFiscaleError::Check) }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never the code itself: it must not end up in a log.
impl fmt::Debug for CodiceFiscale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodiceFiscale(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_codes() {
        let table = "
            RSSMRA85T10A562S  ok
            rssmra85t10a562s  ok
            RSS MRA 85T10 A562S  ok
            RSSMRA85T10A56NH  ok
            RSSMRA85T10A562T  tax_code_check
            RSSMRA85T10A562   tax_code_length
            RSSMRA85T10A5621  tax_code_shape
            1SSMRA85T10A562S  tax_code_shape
            RSSMRA85F10A562S  tax_code_date
            RSSMRA85T32A562S  tax_code_date
            RSSMRA85T40A562S  tax_code_date
            RSSMRA85B30A562S  tax_code_date
            12345678903       ok
            12345678904       tax_code_check";
        for line in table.lines().skip(1) {
            let (text, expected) = line.trim().rsplit_once("  ").unwrap_or_default();
            let found = CodiceFiscale::parse(text.trim()).map_or_else(CodiceFiscaleError::code, |_| "ok");
            assert_eq!(found, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = CodiceFiscale::parse(&text);
        }

        #[test]
        fn a_wrong_check_character_is_found(letter in b'A'..=b'Z') {
            let code = format!("RSSMRA85T10A562{}", char::from(letter));
            prop_assert_eq!(CodiceFiscale::parse(&code).is_ok(), letter == b'S');
        }
    }
}
