//! What breaks.

use super::agenda::Event;
use super::owner::Owner;
use super::rules::Without;
use super::tills::VOUCHERS;
use super::world::World;
use store::journal::Head;

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// A second process opens the partition while the first still lives.
    TakeOver,
    /// A process stands still, and does not know it.
    Pause,
    /// The same, and another takes over in the meantime.
    PauseAndTakeOver,
    /// kill -9 of a process, and a new one in its place.
    Kill,
    /// The journal's process dies; what is in the page cache stays.
    JournalKill,
    /// The power goes: what was not synced is gone.
    PowerCut,
    /// A clock jumps, forth or back.
    ClockJump,
    /// The actor of a voucher dies.
    ActorDeath,
    /// Idle vouchers leave memory.
    Passivation,
    /// What the ledger holds leaves the journal.
    Trim,
}

const FAULTS: [Fault; 12] = [
    Fault::TakeOver,
    Fault::TakeOver,
    Fault::Pause,
    Fault::PauseAndTakeOver,
    Fault::Kill,
    Fault::JournalKill,
    Fault::PowerCut,
    Fault::ClockJump,
    Fault::ActorDeath,
    Fault::ActorDeath,
    Fault::Passivation,
    Fault::Trim,
];

impl World {
    pub fn plan_faults(&mut self) {
        for _ in 0..self.dice.between(2, 8) {
            let (at, fault) = (self.dice.between(15, 400), FAULTS[self.dice.pick(FAULTS.len())]);
            self.at(at, Event::Fault(fault));
        }
    }

    pub fn strike(&mut self, fault: Fault) {
        let slot = self.dice.pick(2);
        self.note(|| format!("{fault:?} at slot {slot}"));
        match fault {
            Fault::TakeOver => self.begin(slot),
            Fault::Pause => self.owners[slot].paused_until = self.now + self.dice.between(10, 80),
            Fault::PauseAndTakeOver => {
                self.owners[slot].paused_until = self.now + self.dice.between(30, 90);
                self.begin(1 - slot);
            }
            Fault::Kill => {
                self.owners[slot].life = 0;
                if self.dice.chance(70) {
                    self.begin(slot);
                }
            }
            Fault::JournalKill => self.crash_journal(false),
            Fault::PowerCut => self.crash_journal(true),
            Fault::ClockJump => self.owners[slot].skew = i64::try_from(self.dice.roll(400)).unwrap() - 200,
            Fault::ActorDeath => self.kill_actor(slot),
            Fault::Passivation => self.owners[slot].passivate(&self.ledger),
            Fault::Trim if self.without == Without::OpenRecord => {}
            Fault::Trim => self.disk.trim(self.ledger.head.seq, self.now),
        }
    }

    /// A process starts where there is none, or none that serves.
    pub fn begin(&mut self, slot: usize) {
        if self.owners[slot].serves() {
            return;
        }
        self.lives += 1;
        let life = self.lives;
        // without an opening of its own an owner reads all there is
        let checkpoint = if self.without == Without::OpenRecord { Head::START } else { self.ledger.head };
        let skew = self.owners[slot].skew;
        self.owners[slot] = Owner::start(life, checkpoint, skew);
        self.note(|| format!("owner {life} starts at slot {slot}"));
        let delay = self.dice.between(1, 5);
        self.after(delay, Event::Wake { slot, life });
    }

    pub fn crash_journal(&mut self, power: bool) {
        self.disk.crash(power);
        let (incarnation, delay) = (self.disk.incarnation, self.dice.between(3, 12));
        self.after(delay, Event::Up { incarnation });
    }

    fn kill_actor(&mut self, slot: usize) {
        let at = self.dice.pick(VOUCHERS);
        let owner = &mut self.owners[slot];
        if owner.cells[at].take().is_some() && self.without != Without::BarrierBeforeRevival && !owner.reviving[at] {
            owner.reviving[at] = true;
            owner.ask_barrier(at);
        }
    }

    /// Somebody has to serve: what a supervisor of processes and, later, a lease see to.
    pub fn supervise(&mut self) {
        if !self.owners.iter().any(|owner| owner.is_alive() && !owner.is_out()) {
            let slot = self.dice.pick(2);
            self.begin(slot);
        }
        self.after(25, Event::Supervise);
    }
}
