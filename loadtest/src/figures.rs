//! What was measured.

use crate::history::Outcome;
use crate::mix::Kind;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Latencies, three digits exact. A request that failed counts as slower than any answer: otherwise a
/// server that fails fast would look fast.
#[derive(Clone)]
pub struct Latencies {
    answered: Histogram<u64>,
    pub failed: u64,
}

impl Default for Latencies {
    #[allow(clippy::expect_used, reason = "three digits are always allowed")]
    fn default() -> Self {
        Self { answered: Histogram::new(3).expect("three digits"), failed: 0 }
    }
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        // it grows as needed; `saturating_record` would not, and call everything fast
        let recorded = self.answered.record(micros(latency));
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    pub fn len(&self) -> u64 {
        self.answered.len() + self.failed
    }

    /// The latency in microseconds that this part of all requests did not exceed; `None` where that
    /// part has failures in it, or there are no requests.
    pub fn quantile_us(&self, part: f64) -> Option<u64> {
        let (rank, answered) = (part * self.len() as f64, self.answered.len() as f64);
        (answered > 0.0 && rank <= answered).then(|| self.answered.value_at_quantile(rank / answered))
    }

    pub fn add(&mut self, other: &Self) {
        self.failed += other.failed;
        let added = self.answered.add(&other.answered);
        debug_assert!(added.is_ok(), "{added:?}");
    }
}

/// What answers are counted as.
pub const COUNTED: [&str; 6] = ["done", "declined", "refused", "not_executed", "unknown", "lost"];

/// One kind of request: how many answers said what, and how soon.
#[derive(Clone, Default)]
pub struct Row {
    pub counts: [u64; COUNTED.len()],
    pub latencies: Latencies,
}

impl Row {
    pub fn note(&mut self, outcome: Outcome, latency: Duration) {
        let counted = match outcome {
            Outcome::Done => 0,
            Outcome::Declined(_) => 1,
            Outcome::Refused | Outcome::Never => 2,
            Outcome::NotExecuted => 3,
            Outcome::Unknown | Outcome::Mismatched => 4,
            Outcome::Lost => 5,
        };
        self.counts[counted] += 1;
        match outcome {
            Outcome::Done | Outcome::Declined(_) => self.latencies.record(latency),
            _ => self.latencies.failed += 1,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.latencies.add(&other.latencies);
    }

    /// Answers as they should be: it was done, or declined.
    pub const fn answered(&self) -> u64 {
        self.counts[0] + self.counts[1]
    }
}

/// Everything that was measured.
#[derive(Clone, Default)]
pub struct Figures {
    /// By [`Kind`].
    pub rows: [Row; Kind::ALL.len()],
    /// Requests that were due and could not be sent.
    pub unsent: u64,
    /// How long connections waited to be let in, all together.
    pub shut_out: Duration,
    /// How late this tool's own timer was.
    pub timer: Latencies,
    /// The first that went wrong, for a person to read.
    pub trouble: Option<String>,
}

impl Figures {
    pub fn add(&mut self, other: Self) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(row, more)| row.add(more));
        self.unsent += other.unsent;
        self.shut_out += other.shut_out;
        self.timer.add(&other.timer);
        self.trouble = self.trouble.take().or(other.trouble);
    }

    /// All kinds together; what was due and could not be sent failed too.
    pub fn all(&self) -> Row {
        let mut all = Row::default();
        self.rows.iter().for_each(|row| all.add(row));
        all.latencies.failed += self.unsent;
        all
    }
}

/// Whole microseconds, rounded down.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn slow_answers_are_called_slow() {
        let mut latencies = Latencies::default();
        (1..=100).for_each(|seconds| latencies.record(Duration::from_secs(seconds)));
        let p99 = latencies.quantile_us(0.99).unwrap();
        assert!(p99.abs_diff(99_000_000) < 99_000, "{p99}");
        assert_eq!(Latencies::default().quantile_us(0.5), None);
    }

    #[test]
    fn failures_are_slower_than_any_answer() {
        let mut figures = Figures { unsent: 1, ..Figures::default() };
        let lookups = &mut figures.rows[Kind::Lookup as usize];
        (1..=98).for_each(|latency| lookups.note(Outcome::Done, Duration::from_micros(latency)));
        lookups.note(Outcome::NotExecuted, Duration::from_micros(1));
        let all = figures.all();
        let of = |part: f64| all.latencies.quantile_us(part);
        assert_eq!((of(0.5), of(0.98), of(0.99), of(1.0)), (Some(50), Some(98), None, None));
        assert_eq!((all.latencies.len(), all.latencies.failed, all.answered()), (100, 2, 98));
    }
}
