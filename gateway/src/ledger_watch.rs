//! Watches the ledger, whoever writes it: this process, a `buono work`, or another node.
//!
//! It asks for the checkpoints, all in one question, and passes on how far the ledger is and which vouchers
//! changed; and whether shops and programmes have changed, which every process keeps in memory. A projector in
//! this process only says that a look is worth while, so that there is one way however many processes there are.

use crate::directory::Directory;
use crate::hub::Hub;
use crate::state::LEDGER_PATIENCE;
use domain::ids::PartitionId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::ledger::{Db, Error, within};

/// How often to look while somebody waits for the ledger or watches a voucher.
const EVERY: Duration = Duration::from_millis(50);
/// And otherwise: the engine keeps what it answered in memory until the ledger holds it.
const EVERY_IDLE: Duration = Duration::from_millis(500);
/// How many records one question goes through at most.
const SLICE: u64 = 10_000;

/// The watch.
pub struct LedgerWatch {
    /// The ledger.
    pub db: Db,
    /// Who is told.
    pub hub: Arc<Hub>,
    /// What is read again when another process has changed it.
    pub directory: Arc<Directory>,
}

impl LedgerWatch {
    /// Looks until `stop` is set.
    pub async fn run(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "nobody hears of changes until the ledger answers");
            }
            // however often this process writes, a moment's changes are told together
            tokio::time::sleep(EVERY / 5).await;
            let rest = if self.hub.is_needed() { EVERY } else { EVERY_IDLE };
            let _ = tokio::time::timeout(rest, self.hub.wanted()).await;
        }
    }

    /// Tells what is new since the last look.
    ///
    /// # Errors
    /// [`Error`] when the ledger does not answer; nothing is lost.
    pub async fn look(&self) -> Result<(), Error> {
        self.directory.refresh().await?;
        for (partition, head) in within(LEDGER_PATIENCE, self.db.checkpoints()).await? {
            let seen = self.hub.seen(partition);
            if seen == Some(head.seq) {
                continue;
            }
            metrics::gauge!("buono_ledger_seq", "partition" => partition.to_string()).set(head.seq as f64);
            if let Some(seen) = seen.filter(|_| self.hub.watched() > 0) {
                self.tell(partition, seen, head.seq).await?;
            }
            self.hub.moved(partition, head.seq);
        }
        Ok(())
    }

    async fn tell(&self, partition: PartitionId, seen: u64, seq: u64) -> Result<(), Error> {
        let mut from = seen;
        while from < seq {
            let upto = seq.min(from + SLICE);
            let changed = self.db.changed_vouchers(partition, from, upto);
            self.hub.changed(&within(LEDGER_PATIENCE, changed).await?);
            from = upto;
        }
        Ok(())
    }
}
