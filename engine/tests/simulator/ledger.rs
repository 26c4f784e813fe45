//! The ledger as far as the engine needs it, and its projector.

use super::disk::Disk;
use super::rules::Without;
use super::tills::{VOUCHERS, voucher_at};
use domain::record::Body;
use domain::voucher::Entry;
use store::journal::Head;

/// What one step of the projector takes.
const STEP_BATCHES_MAX: usize = 4;

pub struct Ledger {
    pub head: Head,
    entries: [Vec<Entry>; VOUCHERS],
}

impl Ledger {
    pub fn new() -> Self {
        Self { head: Head::START, entries: Default::default() }
    }

    /// All facts of a voucher that the ledger holds.
    pub fn entries(&self, voucher: usize) -> &[Entry] {
        &self.entries[voucher]
    }

    /// One step of the projector: what is on the disk behind the checkpoint.
    pub fn project(&mut self, disk: &Disk, without: Without) -> Result<(), String> {
        let unsynced = without == Without::ProjectedAfterFsync;
        for batch in disk.behind(self.head.seq, unsynced).take(STEP_BATCHES_MAX) {
            batch.follows(&self.head).map_err(|error| format!("I9: the ledger contradicts the journal: {error}"))?;
            for at in 0..batch.len() {
                if let Body::Entry(entry) = batch.records()[at].body {
                    self.entries[voucher_at(entry.voucher)].push(entry);
                }
            }
            self.head = batch.head();
        }
        Ok(())
    }
}
