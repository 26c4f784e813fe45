//! IBAN, phone numbers and addresses: checked for shape, never shown by `Debug`.

use std::fmt;

macro_rules! private_text {
    ($($(#[$doc:meta])* $name:ident),+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

private_text! {
    /// An IBAN (ISO 13616) without spaces, upper case.
    Iban,
    /// A phone number in E.164: `+393331234567`.
    Phone,
    /// An e-mail address, lower case.
    Email
}

/// The text has not the right shape; the name is the one in import reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl Iban {
    /// Reads an IBAN, with or without spaces.
    ///
    /// # Errors
    /// `iban_shape`, `iban_check`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let iban: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let shaped = iban.bytes().all(|b| b.is_ascii_alphanumeric())
            && (15..=34).contains(&iban.len())
            && iban.as_bytes()[..2].iter().all(u8::is_ascii_uppercase)
            && iban.as_bytes()[2..4].iter().all(u8::is_ascii_digit)
            && (!iban.starts_with("IT") || italian(iban.as_bytes()));
        if !shaped {
            return Err(Malformed("iban_shape"));
        }
        let turned = iban.bytes().cycle().skip(4).take(iban.len());
        let rest = turned.fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
        });
        if rest == 1 { Ok(Self(iban)) } else { Err(Malformed("iban_check")) }
    }
}

/// `IT`, two digits, a letter, ten digits, twelve characters.
fn italian(iban: &[u8]) -> bool {
    iban.len() == 27 && iban[4].is_ascii_uppercase() && iban[5..15].iter().all(u8::is_ascii_digit)
}

impl Phone {
    /// Reads a number as people write it; without a prefix it is Italian.
    ///
    /// # Errors
    /// `phone_shape`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = Err(Malformed("phone_shape"));
        let mut digits = String::new();
        for (at, letter) in text.trim().chars().enumerate() {
            match letter {
                '0'..='9' => digits.push(letter),
                '+' if at == 0 => digits.push('+'),
                ' ' | '.' | '/' | '-' | '(' | ')' | '\u{a0}' => {}
                _ => return malformed,
            }
        }
        let number = match (digits.strip_prefix('+'), digits.strip_prefix("00")) {
            (Some(number), _) | (None, Some(number)) => number.to_owned(),
            // twelve digits with 39 in front can only be a mobile number with its country
            (None, None) if digits.len() == 12 && digits.starts_with("393") => digits,
            (None, None) => format!("39{digits}"),
        };
        let national = number.strip_prefix("39");
        let plausible = match national {
            Some(national) if national.starts_with('3') => (9..=10).contains(&national.len()),
            Some(national) => national.starts_with('0') && (6..=11).contains(&national.len()),
            None => (8..=15).contains(&number.len()) && !number.starts_with('0'),
        };
        if plausible { Ok(Self(format!("+{number}"))) } else { malformed }
    }

    /// Whether an Italian number is a mobile one; of others nothing is known.
    #[must_use]
    pub fn takes_sms(&self) -> bool {
        self.0.strip_prefix("+39").is_none_or(|national| national.starts_with('3'))
    }
}

impl Email {
    /// Reads an address.
    ///
    /// # Errors
    /// `email_shape`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let address = text.trim().to_lowercase();
        let shaped = address.len() <= 254
            && address.split_once('@').is_some_and(|(local, domain)| {
                let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
                !local.is_empty() && dotted && !domain.contains('@')
            })
            && !address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"(),;:\\".contains(c));
        if shaped { Ok(Self(address)) } else { Err(Malformed("email_shape")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phone(text: &str) -> String {
        Phone::parse(text).map_or_else(|error| error.0.to_owned(), |phone| phone.0)
    }

    #[test]
    fn phones_as_offices_write_them() {
        for text in
            ["333 1234567", "333/1234567", "+39 333.123.4567", "0039 333-1234567", "(333) 1234567", "393331234567"]
        {
            assert_eq!(phone(text), "+393331234567", "{text}");
        }
        assert_eq!(phone("051 123456"), "+39051123456");
        assert_eq!(phone("+40 712 345 678"), "+40712345678");
        for text in ["", "12", "333123", "tel. 333", "+", "333 1234567 / 334 1234567", "++393331234567"] {
            assert_eq!(phone(text), "phone_shape", "{text}");
        }
        assert!(Phone::parse("051123456").is_ok_and(|phone| !phone.takes_sms()));
    }

    #[test]
    fn ibans() {
        assert!(Iban::parse("IT60 X054 2811 1010 0000 0123 456").is_ok());
        assert!(Iban::parse("DE89370400440532013000").is_ok());
        assert_eq!(Iban::parse("IT60X0542811101000000123457"), Err(Malformed("iban_check")));
        assert_eq!(Iban::parse("IT60X054281110100000012345"), Err(Malformed("iban_shape")));
        assert_eq!(Iban::parse(""), Err(Malformed("iban_shape")));
        assert_eq!(format!("{:?}", Iban::parse("DE89370400440532013000")), "Ok(Iban(…))");
    }

    #[test]
    fn addresses() {
        assert!(Email::parse(" Maria.Rossi@Example.IT ").is_ok_and(|email| email.as_str() == "maria.rossi@example.it"));
        for bad in ["", "a", "a@b", "@b.it", "a b@c.it", "a@b..it", "a@b@c.it", "a@b.it;c@d.it"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_them_panic(text in "\\PC*") {
            let _ = (Iban::parse(&text), Phone::parse(&text), Email::parse(&text));
        }
    }
}
