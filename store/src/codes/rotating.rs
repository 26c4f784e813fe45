//! Codes that change with time, for programmes that do not want to take pictures of them.
//!
//! Such a text hides the voucher's own code, which never changes, and names the period in which it was
//! shown: `period · tag · body`. The tag is a keyed hash of code and period; the body is the code under a
//! stream that the tag and the period pick (the construction of SIV: who knows one code learns nothing of
//! another). Nothing is stored, and nobody but the holder of the key makes one or finds the code in it.

use super::{CODE_LEN, Kind, characters, check_character, letters, value};
use crate::keys::{Keys, first16};
use domain::clock::Timestamp;
use domain::ids::VoucherId;

/// How long a code is shown, in microseconds.
const PERIOD_US: i64 = 60_000_000;
/// Characters of the period: thirty bits, enough for two thousand years.
const PERIOD_LEN: usize = 6;
/// Characters of the tag: sixty-four bits.
const TAG_LEN: usize = 13;
/// What a code is made of.
const CODE_MASK: u128 = (1 << (5 * CODE_LEN)) - 1;

/// One of the minutes in which a code is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(u32);

impl Period {
    /// The one of this instant.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(u32::try_from(now.micros().div_euclid(PERIOD_US)).unwrap_or(0))
    }

    /// When it ends.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_micros((i64::from(self.0) + 1) * PERIOD_US)
    }

    /// Whether a code of this period may still, or already, be taken: a neighbour may, since it takes a
    /// moment to show, scan and send it, and nodes' clocks differ a little.
    #[must_use]
    pub fn is_near(self, now: Timestamp) -> bool {
        self.0.abs_diff(Self::at(now).0) <= 1
    }
}

/// The number whose [`characters`] these are.
fn number(text: &str) -> u128 {
    text.bytes().rev().fold(0, |bits, letter| (bits << 5) | value(letter) as u128)
}

impl Keys {
    fn mixed(&self, what: &str, number: u128, period: Period) -> u128 {
        let mut hasher = blake3::Hasher::new_keyed(&self.rotating);
        hasher.update(what.as_bytes()).update(&number.to_le_bytes()).update(&period.0.to_le_bytes());
        u128::from_le_bytes(first16(&hasher))
    }

    fn tag(&self, code: u128, period: Period) -> u128 {
        self.mixed("tag", code, period) & u128::from(u64::MAX)
    }

    /// The text that stands for a voucher's code during a period, without the QR's prefix.
    #[must_use]
    pub fn rotating_code(&self, voucher: VoucherId, generation: u32, period: Period) -> String {
        let code = self.derived(Kind::Code.name(), voucher, generation) & CODE_MASK;
        let tag = self.tag(code, period);
        let body = code ^ (self.mixed("body", tag, period) & CODE_MASK);
        let parts = [(u128::from(period.0), PERIOD_LEN), (tag, TAG_LEN), (body, CODE_LEN)];
        parts.map(|(bits, length)| characters(bits, length)).concat()
    }

    /// The voucher's own code in such a text, and the period in which it was shown; `None` for any other
    /// text, and for one that was not made with this key.
    #[must_use]
    pub fn unrotated(&self, text: &str) -> Option<(String, Period)> {
        let normal = letters(text).filter(|normal| normal.len() == PERIOD_LEN + TAG_LEN + CODE_LEN)?;
        let (period, rest) = normal.split_at(PERIOD_LEN);
        let (tag, body) = rest.split_at(TAG_LEN);
        let (period, tag) = (Period(u32::try_from(number(period)).ok()?), number(tag));
        let code = number(body) ^ (self.mixed("body", tag, period) & CODE_MASK);
        if self.tag(code, period) != tag {
            return None;
        }
        let mut text = characters(code, CODE_LEN);
        text.push(check_character(&text));
        Some((text, period))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::codes::{ALPHABET, qr_text};
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

    fn keys() -> (Keys, VoucherId) {
        (Keys::derive(&[7; 32]), VoucherId::new(Uuid::from_u128(42)))
    }

    #[test]
    fn a_code_of_the_moment_leads_to_the_voucher_and_names_its_minute() {
        let (keys, voucher) = keys();
        let period = Period::at(NOON);
        let shown = keys.rotating_code(voucher, 3, period);
        let found = Some((keys.code(voucher, 3), period));
        for text in [shown.clone(), shown.to_lowercase(), qr_text(&shown)] {
            assert_eq!(keys.unrotated(&text), found);
            assert_eq!(super::super::normalise(&text), None, "it is neither a code nor a link");
        }
        assert_ne!(shown, keys.rotating_code(voucher, 3, Period(period.0 + 1)));
        assert!(qr_text(&shown).bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b':'));
    }

    #[test]
    fn no_character_can_be_changed_and_no_other_key_reads_it() {
        let (keys, voucher) = keys();
        let shown = keys.rotating_code(voucher, 1, Period::at(NOON));
        for at in 0..shown.len() {
            for letter in ALPHABET.iter().filter(|letter| **letter != shown.as_bytes()[at]) {
                let mut wrong = shown.clone().into_bytes();
                wrong[at] = *letter;
                let read = keys.unrotated(std::str::from_utf8(&wrong).unwrap());
                // the tag's last character has one bit that counts, and the others must be zero
                assert_eq!(read, None, "position {at}");
            }
        }
        assert_eq!(Keys::derive(&[8; 32]).unrotated(&shown), None);
        assert_eq!(keys.unrotated(&keys.code(voucher, 1)), None);
    }

    #[test]
    fn who_knows_one_code_does_not_learn_another_of_the_same_minute() {
        let (keys, voucher) = keys();
        let other = VoucherId::new(Uuid::from_u128(43));
        let body = |voucher| number(&keys.rotating_code(voucher, 1, Period::at(NOON))[PERIOD_LEN + TAG_LEN..]);
        let code = |voucher| number(&keys.code(voucher, 1)[..CODE_LEN]);
        assert_ne!(body(voucher) ^ body(other), code(voucher) ^ code(other), "one stream for two codes");
    }

    #[test]
    fn the_neighbouring_minutes_are_near_and_no_others() {
        let shown = Period::at(NOON);
        let near = |minutes: i64| shown.is_near(NOON.plus_seconds(60 * minutes));
        assert_eq!([-2, -1, 0, 1, 2].map(near), [false, true, true, true, false]);
        assert!(shown.end() > NOON && shown.end() <= NOON.plus_seconds(60));
    }
}
