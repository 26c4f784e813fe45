//! The Italian VAT number: eleven digits, the last a check digit (Luhn), the three before it the
//! office that gave it.

/// A formally valid partita IVA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitaIva(String);

/// The text is not a partita IVA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitaIvaError {
    /// Not eleven digits.
    #[error("it must have eleven digits")]
    Length,
    /// The last digit does not match.
    #[error("the check digit does not match")]
    Check,
}

impl PartitaIvaError {
    /// The name in import reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "vat_number_length",
            Self::Check => "vat_number_check",
        }
    }
}

pub(crate) fn check_digit_matches(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            match (at % 2, digit) {
                (0, digit) => digit,
                (_, digit) if digit > 4 => digit * 2 - 9,
                (_, digit) => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

impl PartitaIva {
    /// Reads a number, with or without `IT` in front.
    ///
    /// # Errors
    /// [`PartitaIvaError`].
    pub fn parse(text: &str) -> Result<Self, PartitaIvaError> {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let digits = bare.strip_prefix("IT").unwrap_or(&bare);
        if digits.len() != 11 || !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits == "00000000000" {
            return Err(PartitaIvaError::Length);
        }
        if check_digit_matches(digits.as_bytes()) { Ok(Self(digits.to_owned())) } else { Err(PartitaIvaError::Check) }
    }

    /// The eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        assert_eq!(PartitaIva::parse(" IT 12345678903 ").map(|iva| iva.0), Ok("12345678903".to_owned()));
        assert_eq!(PartitaIva::parse("12345678904"), Err(PartitaIvaError::Check));
        for bad in ["", "1234567890", "1234567890A", "00000000000"] {
            assert_eq!(PartitaIva::parse(bad), Err(PartitaIvaError::Length), "{bad}");
        }
    }
}
