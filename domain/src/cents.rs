//! Money: whole euro cents, never negative, never a float.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in euro cents, between zero and [`Cents::MAX`].
///
/// There is no `+` or `-`: every sum is checked, and the caller says what an overflow means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(i64);

impl Cents {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// One hundred million euro: far above any voucher, far below what could overflow in a sum.
    pub const MAX: Self = Self(10_000_000_000);

    /// `None` outside `0..=MAX`.
    #[must_use]
    pub const fn new(cents: i64) -> Option<Self> {
        if cents < 0 || cents > Self::MAX.0 { None } else { Some(Self(cents)) }
    }

    /// The number of cents.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether this is no money at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`Cents::MAX`].
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0)
    }

    /// The difference, or `None` when `other` is more than this.
    #[must_use]
    pub const fn minus(self, other: Self) -> Option<Self> {
        Self::new(self.0 - other.0)
    }
}

impl fmt::Display for Cents {
    /// Euro with a decimal point, as in `20.50`; a language's own form is the presentation's work.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn holds_only_what_is_neither_negative_nor_absurd() {
        assert_eq!(Cents::new(-1), None);
        assert_eq!(Cents::new(Cents::MAX.get() + 1), None);
        assert_eq!(Cents::new(i64::MIN), None);
        assert_eq!(Cents::new(i64::MAX), None);
        assert_eq!(Cents::new(0), Some(Cents::ZERO));
    }

    #[test]
    fn sums_and_differences_are_checked() {
        let fifty = Cents::new(5000).unwrap();
        assert_eq!(fifty.minus(Cents::new(5001).unwrap()), None);
        assert_eq!(fifty.minus(fifty), Some(Cents::ZERO));
        assert_eq!(Cents::MAX.plus(Cents::new(1).unwrap()), None);
        assert_eq!(fifty.to_string(), "50.00");
        assert_eq!(Cents::new(7).unwrap().to_string(), "0.07");
    }
}
