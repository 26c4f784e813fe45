//! Who watches which voucher, and who waits for the ledger.

use dashmap::DashMap;
use domain::ids::{PartitionId, VoucherId};
use engine::Vouchers;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, watch};
use workers::projector::Watcher;

/// Streams that may be open at once, and of one voucher; beyond it pages ask from time to time instead.
const STREAMS_MAX: usize = 20_000;
const STREAMS_OF_ONE_MAX: usize = 20;

/// Hears of every change from the watch over the ledger and passes it on to whoever waits or watches.
#[derive(Default)]
pub struct Hub {
    vouchers: OnceLock<Vouchers>,
    watched: DashMap<VoucherId, watch::Sender<u64>>,
    streams: AtomicUsize,
    projected: Mutex<BTreeMap<PartitionId, u64>>,
    moved: Notify,
    waiting: AtomicUsize,
    look: Notify,
    stopped: Mutex<BTreeMap<PartitionId, String>>,
}

/// Somebody who waits for the ledger, counted as long as they do.
struct Waiting<'a>(&'a Hub);

impl<'a> Waiting<'a> {
    fn new(hub: &'a Hub) -> Self {
        hub.waiting.fetch_add(1, Ordering::AcqRel);
        hub.look.notify_one();
        Self(hub)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hub {
    /// Tells it where the journal's end is to be asked.
    pub fn attach(&self, vouchers: Vouchers) {
        // attached once, at start
        let _ = self.vouchers.set(vouchers);
    }

    /// Hears of each change of the voucher; `None` when too many watch already. Whoever got one unsubscribes once.
    #[must_use]
    pub fn subscribe(&self, voucher: VoucherId) -> Option<watch::Receiver<u64>> {
        // before there is an entry, which only whoever got one takes away again
        if self.streams.load(Ordering::Acquire) >= STREAMS_MAX {
            return None;
        }
        let sender = self.watched.entry(voucher).or_insert_with(|| watch::Sender::new(0));
        if sender.receiver_count() >= STREAMS_OF_ONE_MAX {
            return None;
        }
        self.streams.fetch_add(1, Ordering::AcqRel);
        Some(sender.subscribe())
    }

    /// Forgets a voucher that nobody watches any more.
    pub fn unsubscribe(&self, voucher: VoucherId) {
        self.streams.fetch_sub(1, Ordering::AcqRel);
        self.watched.remove_if(&voucher, |_, sender| sender.receiver_count() == 0);
    }

    /// How many vouchers are watched.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.watched.len()
    }

    /// Waits until the ledger holds the partition up to `seq`.
    pub async fn reached(&self, partition: PartitionId, seq: u64) {
        let _waiting = Waiting::new(self);
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

    /// How far the ledger was when it was last seen.
    #[must_use]
    pub fn seen(&self, partition: PartitionId) -> Option<u64> {
        self.projected.lock().get(&partition).copied()
    }

    /// Whether anybody waits for the ledger or watches a voucher.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        !self.watched.is_empty() || self.waiting.load(Ordering::Acquire) > 0
    }

    /// Waits until the ledger is worth a look before its time: somebody began to wait, or this
    /// process itself has written to it.
    pub async fn wanted(&self) {
        self.look.notified().await;
    }

    /// These vouchers changed, up to these facts.
    pub fn changed(&self, vouchers: &[(VoucherId, u64)]) {
        for (voucher, voucher_seq) in vouchers {
            if let Some(sender) = self.watched.get(voucher) {
                sender.send_replace(*voucher_seq);
            }
        }
    }

    /// The ledger holds the partition up to here.
    pub fn moved(&self, partition: PartitionId, seq: u64) {
        if let Some(vouchers) = self.vouchers.get() {
            vouchers.projected(partition, seq);
        }
        self.projected.lock().insert(partition, seq);
        self.moved.notify_waiters();
    }
}

impl Watcher for Hub {
    fn durable_seq(&self, partition: PartitionId) -> Option<u64> {
        self.vouchers.get()?.durable_seq(partition)
    }

    fn projected(&self, _: PartitionId, _: u64) {
        self.look.notify_one();
    }

    fn stopped(&self, partition: PartitionId, why: &str) {
        self.stopped.lock().insert(partition, why.to_owned());
    }
}
