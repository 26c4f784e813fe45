//! Instants, and where they come from.

use serde::{Deserialize, Serialize};

/// Microseconds in one second.
pub const SECOND_US: i64 = 1_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant of 1970, which stands for "long ago".
    pub const EPOCH: Self = Self(0);
    /// Later than everything.
    pub const MAX: Self = Self(i64::MAX);

    /// The last second of the year 9999: no fact is decided later, whatever a clock says, so that
    /// there is always room for the next one.
    pub const LAST: Self = Self(253_402_300_799 * SECOND_US);

    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `micros`, held at the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// This instant moved by `seconds`, held at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(SECOND_US))
    }
}

/// The one way to learn the time; the ambient clock is banned outside the edge, so that a
/// decision can be replayed and a simulator can own time.
pub trait Clock: Send + Sync {
    /// The current instant. It may jump: whoever needs order keeps its own.
    fn now(&self) -> Timestamp;
}
