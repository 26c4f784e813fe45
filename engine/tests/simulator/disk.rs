//! The journal as a server on a disk: appends go to the page cache, an fsync comes later, and every
//! reply waits for it.
//!
//! A kill of the server keeps the page cache, a power cut drops whatever was not synced; neither
//! syncs anything. That is what Redis with `appendfsync always` was seen to do.

use super::rules::Without;
use domain::record::{Body, NodeId};
use engine::writer::{Io, IoResult};
use std::sync::Arc;
use store::journal::{Batch, Head, JournalError, Opened};

/// How much one read carries: little, so that catching up takes several.
const READ_BATCHES_MAX: usize = 3;

/// Younger records are not trimmed: an owner that stood still reads on from where it was.
const TRIM_AGE_MIN: u64 = 250;

pub struct Stored {
    pub batch: Arc<Batch>,
    /// When it was first on the disk; never, as long as that is not so.
    pub durable_at: u64,
}

/// Which request of which connection of which process a reply is for.
#[derive(Clone, Copy, Debug)]
pub struct Return {
    pub slot: usize,
    pub life: u64,
    pub connection: u64,
    pub ticket: u64,
}

pub struct Disk {
    without: Without,
    stored: Vec<Stored>,
    /// Batches before this one were trimmed.
    trimmed: usize,
    /// Something was appended since the last sync.
    dirty: bool,
    pub up: bool,
    /// Grows with each crash: what belongs to an earlier one is void.
    pub incarnation: u64,
    pub syncing: bool,
    held: Vec<(Return, IoResult)>,
}

impl Disk {
    pub fn new(without: Without) -> Self {
        let (stored, held) = (Vec::new(), Vec::new());
        Self { without, stored, trimmed: 0, dirty: false, up: true, incarnation: 0, syncing: false, held }
    }

    pub fn head(&self) -> Head {
        self.stored.last().map_or(Head::START, |stored| stored.batch.head())
    }

    pub fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// Batches behind the record `seq`; only those on the disk, unless the reader does not care.
    pub fn behind(&self, seq: u64, unsynced: bool) -> impl Iterator<Item = &Arc<Batch>> {
        let wanted = self.stored.iter().skip_while(move |stored| stored.batch.head().seq <= seq);
        wanted.take_while(move |stored| unsynced || stored.durable_at != u64::MAX).map(|stored| &stored.batch)
    }

    fn push(&mut self, batch: Arc<Batch>) {
        self.stored.push(Stored { batch, durable_at: u64::MAX });
        self.dirty = true;
    }

    /// Does what was asked, and gives the reply if it need not wait for the disk.
    pub fn receive(&mut self, from: Return, io: &Io) -> Option<IoResult> {
        let result = match io {
            Io::Head => IoResult::Head(Ok(self.head())),
            Io::Open { expected_epoch, at } => IoResult::Opened(self.open(NodeId(from.life), *expected_epoch, *at)),
            Io::Read { from_seq } => IoResult::Read(Ok(self.read(*from_seq))),
            Io::Check { epoch } if self.head().epoch == *epoch => IoResult::Checked(Ok(())),
            Io::Check { .. } => IoResult::Checked(Err(JournalError::Fenced)),
            Io::Append { previous_seq, batch } => IoResult::Appended(self.append(*previous_seq, batch)),
            Io::Idle | Io::Pause => return None,
        };
        let eager = self.without == Without::Fsync && matches!(result, IoResult::Appended(_));
        if self.dirty && !eager {
            self.held.push((from, result));
            return None;
        }
        Some(result)
    }

    fn open(&mut self, node: NodeId, expected: u64, at: domain::clock::Timestamp) -> Result<Opened, JournalError> {
        let head = self.head();
        if head.epoch != expected {
            return Err(JournalError::Race { current: head.epoch });
        }
        self.push(Arc::new(Batch::encode(head.epoch + 1, &head, std::iter::once(Body::Open { node, at }))));
        Ok(Opened { head: self.head() })
    }

    fn read(&self, from_seq: u64) -> Vec<Arc<Batch>> {
        let from = self.stored.partition_point(|stored| stored.batch.head().seq < from_seq).max(self.trimmed);
        self.stored[from..].iter().take(READ_BATCHES_MAX).map(|stored| Arc::clone(&stored.batch)).collect()
    }

    fn append(&mut self, previous_seq: u64, batch: &Arc<Batch>) -> Result<(), JournalError> {
        let head = self.head();
        let plain = self.without == Without::FenceAndPrevious;
        if !plain && batch.epoch() != head.epoch {
            return Err(JournalError::Fenced);
        }
        if previous_seq == head.seq && batch.follows(&head).is_ok() {
            self.push(Arc::clone(batch));
        } else if plain || self.without == Without::Previous {
            self.append_anyway(batch);
        } else {
            return Err(JournalError::Gap);
        }
        Ok(())
    }

    /// What a log without rules does: the same facts behind whatever is there.
    pub fn append_anyway(&mut self, batch: &Batch) {
        let (head, bodies) = (self.head(), (0..batch.len()).map(|at| batch.records()[at].body));
        self.push(Arc::new(Batch::encode(head.epoch.max(batch.epoch()), &head, bodies)));
    }

    /// Whether a sync has to be started.
    pub fn wants_sync(&mut self) -> bool {
        let wants = self.up && self.dirty && !self.syncing;
        self.syncing |= wants;
        wants
    }

    /// Everything appended is on the disk now: the replies that waited for it.
    pub fn synced(&mut self, now: u64) -> Vec<(Return, IoResult)> {
        (self.syncing, self.dirty) = (false, false);
        for stored in self.stored.iter_mut().rev().take_while(|stored| stored.durable_at == u64::MAX) {
            stored.durable_at = now;
        }
        std::mem::take(&mut self.held)
    }

    /// The server dies; with the power goes what was not synced.
    pub fn crash(&mut self, power: bool) {
        self.incarnation += 1;
        self.held.clear();
        (self.up, self.dirty, self.syncing) = (false, false, false);
        if power {
            self.stored.retain(|stored| stored.durable_at != u64::MAX);
        }
    }

    /// Lets go of what the ledger holds, unless it is so young that a living owner may still have
    /// to read it.
    pub fn trim(&mut self, floor: u64, now: u64) {
        let old = |stored: &Stored| stored.durable_at.saturating_add(TRIM_AGE_MIN) < now;
        self.trimmed = self.stored.partition_point(|stored| stored.batch.head().seq <= floor && old(stored));
    }
}
