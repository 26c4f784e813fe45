//! A process that owns the partition, or believes it does: the writer and the cells of production,
//! and a model of the thin shells that production has around them.

use super::disk::Return;
use super::ledger::Ledger;
use super::rules::Without;
use super::tills::{TICK_US, VOUCHERS, voucher};
use domain::clock::Timestamp;
use domain::keys::OpKey;
use domain::record::NodeId;
use domain::voucher::{Corrupt, Entry, Event, Voucher};
use engine::Answer;
use engine::cell::{Ask, Cell};
use engine::queue::{Submission, What};
use engine::writer::{Io, Phase, Writer};
use std::sync::Arc;
use store::journal::{Batch, Head};

/// Who waits for a verdict of the writer.
#[derive(Clone, Copy, Debug)]
pub enum Ticket {
    Question(usize),
    /// The revival of a voucher whose actor died.
    Barrier(usize),
}

/// What the owner waits for.
#[derive(Clone, Debug)]
pub struct Outstanding {
    pub to: Return,
    pub io: Io,
    /// A batch whose outcome it wants to learn by reading, as it must not.
    pub reading_back: Option<Arc<Batch>>,
}

pub struct Owner {
    /// Which process it is; zero when there is none.
    pub life: u64,
    pub writer: Writer<Ticket>,
    pub intake: Vec<Submission<Ticket>>,
    pub cells: [Option<Cell>; VOUCHERS],
    /// Vouchers whose actor died and that wait for a barrier.
    pub reviving: [bool; VOUCHERS],
    /// The ledger must hold so much before a voucher is loaded.
    after_seq: [u64; VOUCHERS],
    opened_seq: u64,
    pub outstanding: Option<Outstanding>,
    pub connection: u64,
    pub tickets: u64,
    /// Bytes on one connection arrive in order.
    pub channel_free_at: u64,
    pub paused_until: u64,
    /// The writer wants to wait a little.
    pub resting: bool,
    /// Its clock is off by so many ticks.
    pub skew: i64,
    /// Questions that wait for a voucher to be loaded.
    pub mailbox: Vec<usize>,
    pub woken: bool,
}

impl Owner {
    /// A process that just started behind the ledger's checkpoint.
    pub fn start(life: u64, checkpoint: Head, skew: i64) -> Self {
        Self {
            life,
            writer: Writer::new(NodeId(life), checkpoint),
            intake: Vec::new(),
            cells: Default::default(),
            reviving: [false; VOUCHERS],
            after_seq: [0; VOUCHERS],
            opened_seq: 0,
            outstanding: None,
            connection: 0,
            tickets: 0,
            channel_free_at: 0,
            paused_until: 0,
            resting: false,
            skew,
            mailbox: Vec::new(),
            woken: false,
        }
    }

    pub fn is_alive(&self) -> bool {
        self.life != 0
    }

    pub fn serves(&self) -> bool {
        self.is_alive() && self.writer.phase() == Phase::Serving
    }

    pub fn clock(&self, now: u64) -> Timestamp {
        Timestamp::from_micros((i64::try_from(now).unwrap() + self.skew).max(1) * TICK_US)
    }

    /// What the actors hear of the writer after each step, as `Partition::publish` tells them.
    pub fn publish(&mut self, before: (Phase, u64)) {
        let after = (self.writer.phase(), self.writer.generation());
        if after.0 == Phase::Serving && before != after {
            self.opened_seq = self.writer.head().seq;
        }
    }

    /// The barrier before a revival was answered.
    pub fn revived(&mut self, voucher: usize, seq: u64) {
        self.reviving[voucher] = false;
        self.after_seq[voucher] = self.after_seq[voucher].max(seq);
    }

    /// Asks for the place behind which a dead voucher may be loaded again.
    pub fn ask_barrier(&mut self, voucher: usize) {
        let (generation, what) = (self.writer.generation(), What::Answer(Answer::Durable { seq: 0 }));
        self.intake.push(Submission { generation, what, reply: Some(Ticket::Barrier(voucher)) });
    }

    /// Brings a voucher into memory unless it is there; `false` when the ledger is not far enough.
    fn load(&mut self, at: usize, ledger: &Ledger, without: Without) -> Result<bool, Corrupt> {
        let generation = self.writer.generation();
        if self.cells[at].as_ref().is_some_and(|cell| cell.generation() == generation) {
            return Ok(true);
        }
        if self.reviving[at] || ledger.head.seq < self.opened_seq.max(self.after_seq[at]) {
            return Ok(false);
        }
        let mut entries = ledger.entries(at).to_vec();
        if without == Without::DurableKeys {
            forget_keys(&mut entries, self.life ^ generation);
        }
        self.cells[at] = Some(Cell::replay(Voucher::new(voucher(at)), generation, &entries)?);
        Ok(true)
    }

    /// Decides a question and submits what comes of it; `None` when it has to wait.
    pub fn handle(
        &mut self,
        at: usize,
        ask: &Ask,
        ticket: Ticket,
        now: Timestamp,
        (ledger, without): (&Ledger, Without),
    ) -> Result<Option<&[Submission<Ticket>]>, Corrupt> {
        if self.writer.phase() != Phase::Serving || !self.load(at, ledger, without)? {
            return Ok(None);
        }
        let before = self.intake.len();
        if let Some(cell) = &mut self.cells[at] {
            cell.handle(ask, now, ticket, |submission| self.intake.push(submission))?;
        }
        Ok(Some(&self.intake[before..]))
    }

    /// Lets idle vouchers leave memory once the ledger holds everything decided about them.
    pub fn passivate(&mut self, ledger: &Ledger) {
        if self.serves() && self.outstanding.is_none() && ledger.head.seq >= self.writer.head().seq {
            self.cells = Default::default();
        }
    }
}

/// What is loaded when keys live only in memory: the same facts under keys that nobody will ask for.
fn forget_keys(entries: &mut [Entry], salt: u64) {
    let forget = |key: &mut OpKey| {
        key.0[15] = 0xee;
        key.0[7] = salt.to_le_bytes()[0];
    };
    for entry in entries {
        forget(&mut entry.key);
        if let Event::Reverse { target, .. } = &mut entry.event {
            forget(target);
        }
    }
}
