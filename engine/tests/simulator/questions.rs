//! Between those who ask and the processes: questions that go to the wrong owner, answers that are
//! lost, and askers who lose patience.

use super::agenda::Event;
use super::owner::Ticket;
use super::rules::Without;
use super::tills::voucher_at;
use super::trace;
use super::world::{Asker, World};
use crate::common::history::{Question, Told};
use domain::voucher::Event as Happened;
use engine::queue::{Verdict, What};
use engine::writer::Phase;
use engine::{Answer, NotDone};

/// Ticks until a question is too late.
const DEADLINE: u64 = 60;
/// As the engine's own handle: so often a void decision is made again.
const TRIES_MAX: u32 = 5;

impl World {
    /// A till asks, for the first time or again.
    pub fn send(&mut self, till: usize) {
        if self.tills[till].waiting.is_some() {
            return;
        }
        let question = self.questions.len();
        let Some(ask) = self.tills[till].ask(question, self.terms) else {
            return;
        };
        let voucher = super::tills::voucher(self.tills[till].voucher);
        self.questions.push(Question { voucher, ask, sent_at: self.now, clock: domain::clock::Timestamp::EPOCH });
        self.askers.push(Asker { till: Some(till), tries: 0, deadline: self.now + DEADLINE });
        self.tills[till].waiting = Some(question);
        let slot = if self.dice.chance(50) { self.dice.pick(2) } else { self.best() };
        self.note(|| format!("till {till} asks question {question} at slot {slot}: {}", trace::question(&ask)));
        let (delay, patience) = (self.dice.between(1, 3), self.dice.between(30, 60));
        self.after(delay, Event::Ask { slot, question });
        self.after(patience, Event::Impatient { question });
    }

    /// The slot that seems to own the partition.
    fn best(&self) -> usize {
        usize::from(self.owners[1].serves() && (!self.owners[0].serves() || self.owners[1].life > self.owners[0].life))
    }

    pub fn impatient(&mut self, question: usize) {
        let till = self.askers[question].till.filter(|till| self.tills[*till].waiting == Some(question));
        if let Some(till) = till {
            self.tills[till].waiting = None;
            self.send(till);
        }
    }

    pub fn asked(&mut self, slot: usize, question: usize) {
        let life = self.owners[slot].life;
        if let Some(pause) = self.paused(slot, life) {
            return self.at(pause, Event::Ask { slot, question });
        }
        if self.owners[slot].is_alive() {
            self.decide(slot, question);
            self.turn(slot);
        }
    }

    /// Decides a question, or keeps it until the voucher is there.
    pub fn decide(&mut self, slot: usize, question: usize) {
        let (asker, clock) = (self.askers[question], self.owners[slot].clock(self.now));
        if self.owners[slot].is_out() {
            return self.release(question, None);
        }
        let (at, ask) = (voucher_at(self.questions[question].voucher), self.questions[question].ask);
        if self.now > asker.deadline {
            return self.release(question, Some(Told::NotExecuted));
        }
        let surroundings = (&self.ledger, self.without);
        let submitted = match self.owners[slot].handle(at, &ask, Ticket::Question(question), clock, surroundings) {
            Ok(Some(submitted)) => eager(submitted, self.without),
            Ok(None) => {
                self.owners[slot].mailbox.push(question);
                return self.poll(slot);
            }
            Err(corrupt) => {
                self.broken.get_or_insert(format!("I2: a voucher does not replay: {corrupt}"));
                return;
            }
        };
        self.questions[question].clock = clock;
        if let Some(told) = submitted {
            self.release(question, Some(told));
        }
    }

    fn poll(&mut self, slot: usize) {
        if !std::mem::replace(&mut self.owners[slot].woken, true) {
            self.after(4, Event::Wake { slot, life: self.owners[slot].life });
        }
    }

    pub fn wake(&mut self, slot: usize, life: u64) {
        if let Some(pause) = self.paused(slot, life) {
            return self.at(pause, Event::Wake { slot, life });
        }
        if self.owners[slot].life == life {
            self.owners[slot].woken = false;
            self.owners[slot].resting = false;
            self.turn(slot);
        }
    }

    /// Until when this very process stands still, if it does.
    pub fn paused(&self, slot: usize, life: u64) -> Option<u64> {
        let owner = &self.owners[slot];
        (owner.is_alive() && owner.life == life && self.now < owner.paused_until).then_some(owner.paused_until)
    }

    /// What the engine's handle makes of the writer's verdict.
    pub fn verdict_of(&mut self, slot: usize, question: usize, verdict: &Verdict) {
        if matches!(verdict, Err(NotDone::Stale)) {
            self.askers[question].tries += 1;
            if self.askers[question].tries < TRIES_MAX {
                self.owners[slot].mailbox.push(question);
                return self.poll(slot);
            }
            return self.release(question, Some(Told::NotExecuted));
        }
        self.release(question, Told::of(verdict));
    }

    pub fn answered(&mut self, question: usize, heard: Option<usize>) {
        if let Some(heard) = heard {
            self.heard[heard].heard_at = Some(self.now);
        }
        let Some(till) = self.askers[question].till.filter(|till| self.tills[*till].waiting == Some(question)) else {
            return;
        };
        self.tills[till].waiting = None;
        let settled = heard.is_some_and(|heard| self.tills[till].hears(&self.heard[heard].told));
        let gives_up = !settled && heard.is_some() && self.faults && self.dice.chance(10);
        if gives_up {
            self.tills[till].next();
        }
        let rest = if settled { self.dice.between(1, 20) } else { self.dice.between(4, 15) };
        self.after(rest, Event::Send { till });
    }
}

/// What must not be done: an answer at once, before anything it depends on is durable.
fn eager(submitted: &[engine::queue::Submission<Ticket>], without: Without) -> Option<Told> {
    let answer = &submitted.last()?.what;
    match answer {
        What::Fact(entry) => match (without, &entry.event) {
            (Without::HeldDeclines, Happened::Decline { .. }) => Some(Told::Recorded(entry.clone())),
            (Without::Durability, event) if !matches!(event, Happened::Decline { .. }) => {
                Some(Told::Recorded(entry.clone()))
            }
            _ => None,
        },
        What::Answer(Answer::Known(outcome)) if without == Without::HeldDuplicates => {
            Some(Told::Known(outcome.clone()))
        }
        What::Answer(Answer::Viewed(view)) if without == Without::HeldReads => Some(Told::Viewed(view.clone())),
        What::Answer(_) => None,
    }
}

impl super::owner::Owner {
    /// Whether it stepped down or halted.
    pub fn is_out(&self) -> bool {
        matches!(self.writer.phase(), Phase::SteppedDown | Phase::Halted(_))
    }
}
