//! Who watches which voucher: the ends of the event streams on citizens' pages.

use dashmap::DashMap;
use domain::ids::{PartitionId, VoucherId};
use engine::Vouchers;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tokio::sync::watch;
use workers::projector::Watcher;

/// Streams that may be open at once; beyond it pages ask from time to time instead.
const WATCHERS_MAX: usize = 20_000;

/// Hears of every change from the projector and passes it on to whoever watches.
#[derive(Default)]
pub struct Hub {
    vouchers: OnceLock<Vouchers>,
    watched: DashMap<VoucherId, watch::Sender<u64>>,
    projected: Mutex<BTreeMap<PartitionId, u64>>,
    moved: tokio::sync::Notify,
    stopped: Mutex<BTreeMap<PartitionId, String>>,
}

impl Hub {
    /// Tells it where the journal's end is to be asked.
    pub fn attach(&self, vouchers: Vouchers) {
        // attached once, at start
        let _ = self.vouchers.set(vouchers);
    }

    /// Hears of each change of the voucher; `None` when too many watch already.
    #[must_use]
    pub fn subscribe(&self, voucher: VoucherId) -> Option<watch::Receiver<u64>> {
        if self.watched.len() >= WATCHERS_MAX {
            return None;
        }
        Some(self.watched.entry(voucher).or_insert_with(|| watch::Sender::new(0)).subscribe())
    }

    /// Forgets a voucher that nobody watches any more.
    pub fn unsubscribe(&self, voucher: VoucherId) {
        self.watched.remove_if(&voucher, |_, sender| sender.receiver_count() == 0);
    }

    /// How many vouchers are watched.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.watched.len()
    }

    /// Waits until the ledger holds the partition up to `seq`.
    pub async fn reached(&self, partition: PartitionId, seq: u64) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.projected.lock().get(&partition).is_some_and(|projected| *projected >= seq) {
                return;
            }
            moved.await;
        }
    }

    /// Why projection stopped, where it did.
    #[must_use]
    pub fn stopped(&self) -> Vec<String> {
        self.stopped.lock().iter().map(|(partition, why)| format!("partition {partition}: {why}")).collect()
    }
}

impl Watcher for Hub {
    fn durable_seq(&self, partition: PartitionId) -> u64 {
        let seqs = self.vouchers.get().map(Vouchers::durable_seqs).unwrap_or_default();
        seqs.iter().find(|(id, _)| *id == partition).map_or(0, |(_, seq)| *seq)
    }

    fn projected(&self, partition: PartitionId, seq: u64, vouchers: &[(VoucherId, u64)]) {
        if let Some(vouchers) = self.vouchers.get() {
            vouchers.projected(partition, seq);
        }
        self.projected.lock().insert(partition, seq);
        self.moved.notify_waiters();
        if self.watched.is_empty() {
            return;
        }
        for (voucher, voucher_seq) in vouchers {
            if let Some(sender) = self.watched.get(voucher) {
                sender.send_replace(*voucher_seq);
            }
        }
    }

    fn stopped(&self, partition: PartitionId, why: &str) {
        self.stopped.lock().insert(partition, why.to_owned());
    }
}
