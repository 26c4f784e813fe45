//! Voucher codes and link tokens: derived from the key, the voucher and its generation, so that
//! they can be shown and printed again although nobody stores them.

use crate::keys::{Keys, first16};
use domain::ids::VoucherId;

mod rotating;

pub use rotating::Period;

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code without its check character: sixty bits.
const CODE_LEN: usize = 12;
/// Characters of a link token: 130 bits, of which 128 count.
const TOKEN_LEN: usize = 26;
/// What a QR carries in front of the code.
pub const QR_PREFIX: &str = "BUONO:";

/// A code or token as it is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What tills scan or type.
    Code,
    /// The secret of the link.
    Token,
}

impl Kind {
    /// The name in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
        }
    }
}

fn characters(bits: u128, count: usize) -> String {
    (0..count).map(|at| char::from(ALPHABET[((bits >> (at * 5)) & 31) as usize])).collect()
}

/// A weighted sum modulo 31 catches every single wrong character and every swap of neighbours.
fn check_character(code: &str) -> char {
    let sum: usize = code.bytes().enumerate().map(|(at, byte)| (at + 1) * value(byte)).sum();
    char::from(ALPHABET[sum % 31])
}

fn value(byte: u8) -> usize {
    ALPHABET.iter().position(|letter| *letter == byte).unwrap_or(0)
}

impl Keys {
    fn derived(&self, kind: &str, voucher: VoucherId, generation: u32) -> u128 {
        let mut hasher = blake3::Hasher::new_keyed(&self.codes);
        hasher.update(kind.as_bytes()).update(voucher.uuid().as_bytes()).update(&generation.to_le_bytes());
        u128::from_le_bytes(first16(&hasher))
    }

    /// The thirteen characters of a voucher's code, without dashes.
    #[must_use]
    pub fn code(&self, voucher: VoucherId, generation: u32) -> String {
        let mut code = characters(self.derived(Kind::Code.name(), voucher, generation), CODE_LEN);
        code.push(check_character(&code));
        code
    }

    /// The secret of a voucher's link.
    #[must_use]
    pub fn token(&self, voucher: VoucherId, generation: u32) -> String {
        characters(self.derived(Kind::Token.name(), voucher, generation), TOKEN_LEN)
    }

    /// The PIN of a voucher's holder, asked above the programme's threshold: five digits.
    ///
    /// A till can try five a day, so guessing one takes years.
    #[must_use]
    pub fn pin(&self, voucher: VoucherId, generation: u32) -> String {
        format!("{:05}", self.derived("pin", voucher, generation) % 100_000)
    }

    /// The index under which a code or token, as [`normalise`] gave it, is found.
    #[must_use]
    pub fn code_index(&self, kind: Kind, normal: &str) -> [u8; 16] {
        self.blind_index(kind.name(), normal)
    }

    /// Both indexes of a generation.
    #[must_use]
    pub fn code_indexes(&self, voucher: VoucherId, generation: u32) -> CodeIndexes {
        let both = [(Kind::Code, self.code(voucher, generation)), (Kind::Token, self.token(voucher, generation))];
        both.map(|(kind, text)| (kind.name(), self.code_index(kind, &text)))
    }
}

/// The names and indexes under which one generation's code and token are found.
pub type CodeIndexes = [(&'static str, [u8; 16]); 2];

/// A code as people type it: `XXXX-XXXX-XXXX-X`.
#[must_use]
pub fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The text of the QR.
#[must_use]
pub fn qr_text(code: &str) -> String {
    format!("{QR_PREFIX}{code}")
}

/// Reads what was scanned, typed or pasted: the QR's text, a code with or without dashes in any
/// case, a link or its token. `None` for anything else, a typing mistake included.
#[must_use]
pub fn normalise(text: &str) -> Option<(Kind, String)> {
    let normal = letters(text)?;
    match normal.len() {
        TOKEN_LEN => Some((Kind::Token, normal)),
        13 if normal.ends_with(check_character(&normal[..CODE_LEN])) => Some((Kind::Code, normal)),
        _ => None,
    }
}

/// The letters of a code as they are meant, if there are no others.
fn letters(text: &str) -> Option<String> {
    if text.len() > 512 {
        return None;
    }
    let text = text.trim();
    let text = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment);
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix(QR_PREFIX).unwrap_or(&upper);
    let mut normal = String::with_capacity(bare.len());
    for letter in bare.chars() {
        match letter {
            '-' | ' ' => {}
            'O' => normal.push('0'),
            'I' | 'L' => normal.push('1'),
            letter if letter.is_ascii() && ALPHABET.contains(&(letter as u8)) => normal.push(letter),
            _ => return None,
        }
    }
    Some(normal)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn sample() -> (Keys, String, String) {
        let keys = Keys::derive(&[7; 32]);
        let voucher = VoucherId::new(Uuid::from_u128(42));
        let (code, token) = (keys.code(voucher, 1), keys.token(voucher, 1));
        assert_ne!(code, keys.code(voucher, 2));
        (keys, code, token)
    }

    #[test]
    fn every_way_to_write_a_code_is_read() {
        let (_, code, token) = sample();
        let ways = [
            code.clone(),
            grouped(&code),
            grouped(&code).to_lowercase(),
            qr_text(&code),
            format!("  {} ", code.replace('0', "o").replace('1', "l")),
        ];
        for way in ways {
            assert_eq!(normalise(&way), Some((Kind::Code, code.clone())), "{way}");
        }
        for way in [token.clone(), token.to_lowercase(), format!("https://buono.example/v#{token}")] {
            assert_eq!(normalise(&way), Some((Kind::Token, token.clone())), "{way}");
        }
    }

    #[test]
    fn a_wrong_character_or_a_swap_is_noticed() {
        let (_, code, _) = sample();
        for at in 0..CODE_LEN {
            for letter in ALPHABET.iter().filter(|letter| **letter != code.as_bytes()[at]) {
                let mut wrong = code.clone().into_bytes();
                wrong[at] = *letter;
                // 31 and 0 are the one pair that modulo 31 takes for each other
                let alike = (value(*letter) + 31 - value(code.as_bytes()[at])).is_multiple_of(31);
                assert_eq!(normalise(std::str::from_utf8(&wrong).unwrap()).is_none(), !alike, "position {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_scanned_makes_it_panic(text in "\\PC*") {
            let _ = normalise(&text);
        }
    }
}
