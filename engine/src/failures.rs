//! Actors that died, which should never happen, and the vouchers that are left alone for it.

use dashmap::DashMap;
use domain::ids::VoucherId;
use std::sync::atomic::{AtomicUsize, Ordering};

/// After so many deaths in a row a voucher is left alone until the next start.
const DEATHS_MAX: u8 = 3;

/// Deaths in a row, by voucher.
#[derive(Default)]
pub(crate) struct Failures {
    deaths: DashMap<VoucherId, u8>,
    /// How many there are in `deaths`: nearly always none, and then nobody looks further.
    vouchers: AtomicUsize,
}

impl Failures {
    /// Whether the voucher is left alone.
    pub fn quarantined(&self, voucher: VoucherId) -> bool {
        self.vouchers.load(Ordering::Relaxed) > 0
            && self.deaths.get(&voucher).is_some_and(|deaths| *deaths >= DEATHS_MAX)
    }

    /// The voucher's actor died under a question.
    pub fn died(&self, voucher: VoucherId) {
        let mut deaths = self.deaths.entry(voucher).or_insert_with(|| {
            self.vouchers.fetch_add(1, Ordering::Relaxed);
            0
        });
        *deaths = deaths.saturating_add(1);
        tracing::error!(%voucher, deaths = *deaths, "the actor of a voucher died");
        metrics::counter!("buono_engine_actor_deaths_total").increment(1);
    }

    /// The voucher answered: its next death is the first again.
    pub fn answered(&self, voucher: VoucherId) {
        if self.vouchers.load(Ordering::Relaxed) > 0 && self.deaths.remove(&voucher).is_some() {
            self.vouchers.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_deaths_in_a_row_count() {
        let (failures, one) = (Failures::default(), VoucherId::new(Uuid::from_u128(1)));
        for _ in 0..5 {
            failures.died(one);
            failures.died(one);
            assert!(!failures.quarantined(one));
            failures.answered(one);
        }
        (0..3).for_each(|_| failures.died(one));
        assert!(failures.quarantined(one));
        assert!(!failures.quarantined(VoucherId::new(Uuid::from_u128(2))));
    }
}
