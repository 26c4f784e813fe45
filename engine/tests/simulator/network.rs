//! Between the processes and the journal: bytes that are slow, lost or sent twice, and replies that
//! are late or never come.

use super::agenda::Event;
use super::disk::Return;
use super::owner::{Outstanding, Ticket};
use super::rules::Without;
use super::trace;
use super::world::World;
use crate::common::history::Told;
use domain::record::Body;
use engine::writer::{Io, IoResult, Phase};
use std::sync::Arc;
use store::journal::{Batch, JournalError, Opened};

/// How long a process waits for a reply.
const PATIENCE: u64 = 18;

fn unknown<T>(why: &str) -> Result<T, JournalError> {
    Err(JournalError::Unknown(why.to_owned()))
}

/// Nobody knows what became of it.
fn failed(io: &Io, why: &str) -> IoResult {
    match io {
        Io::Head => IoResult::Head(unknown(why)),
        Io::Open { .. } => IoResult::Opened(unknown(why)),
        Io::Read { .. } => IoResult::Read(unknown(why)),
        Io::Check { .. } => IoResult::Checked(unknown(why)),
        Io::Append { .. } | Io::Idle | Io::Pause => IoResult::Appended(unknown(why)),
    }
}

impl World {
    /// Sends what the writer wants done, on the process' one connection.
    pub fn transmit(&mut self, slot: usize, io: Io, reading_back: Option<Arc<Batch>>) {
        if matches!(io, Io::Open { .. }) || reading_back.is_some() {
            // as the driver does: the old connection's generation ends here
            self.owners[slot].connection += 1;
            self.owners[slot].channel_free_at = 0;
        }
        let owner = &mut self.owners[slot];
        owner.tickets += 1;
        let to = Return { slot, life: owner.life, connection: owner.connection, ticket: owner.tickets };
        owner.outstanding = Some(Outstanding { to, io: io.clone(), reading_back });
        self.after(PATIENCE, Event::TimeOut(to));
        let slow = self.faults && self.dice.chance(6);
        let delay = if slow { self.dice.between(15, 60) } else { self.dice.between(1, 3) };
        let at = self.owners[slot].channel_free_at.max(self.now + delay);
        self.owners[slot].channel_free_at = at;
        if self.faults && self.dice.chance(2) {
            self.note(|| format!("owner {} sends {} which is lost", to.life, trace::request(&io)));
            return;
        }
        self.note(|| format!("owner {} sends {} to arrive at {at}", to.life, trace::request(&io)));
        // a client library that sends again by itself
        if self.faults && self.dice.chance(3) {
            self.at(at + 1, Event::Arrive(to, io.clone()));
        }
        self.at(at, Event::Arrive(to, io));
    }

    pub fn arrive(&mut self, from: Return, io: &Io) {
        if !self.disk.up {
            return;
        }
        if matches!(io, Io::Append { .. }) && self.faults && self.dice.chance(3) {
            return self.send_reply(from, failed(io, "no memory"));
        }
        let reply = self.disk.receive(from, io);
        self.note(|| {
            format!(
                "the journal has {} of owner {}: {}",
                trace::request(io),
                from.life,
                reply.as_ref().map_or("after the sync".to_owned(), trace::reply)
            )
        });
        if let Some(result) = reply {
            self.send_reply(from, result);
        }
        if self.disk.wants_sync() {
            let delay = self.dice.between(1, 4);
            self.after(delay, Event::Synced { incarnation: self.disk.incarnation });
        }
    }

    pub fn synced(&mut self, incarnation: u64) {
        if incarnation == self.disk.incarnation {
            for (to, result) in self.disk.synced(self.now) {
                self.send_reply(to, result);
            }
        }
    }

    fn send_reply(&mut self, to: Return, result: IoResult) {
        if self.faults && self.dice.chance(4) {
            return self.note(|| format!("a reply to owner {} is lost: {}", to.life, trace::reply(&result)));
        }
        let late = self.faults && self.dice.chance(4);
        let delay = if late { self.dice.between(10, 60) } else { self.dice.between(1, 3) };
        self.after(delay, Event::Reply(to, result));
    }

    pub fn reply(&mut self, to: Return, result: IoResult) {
        if let Some(pause) = self.paused(to.slot, to.life) {
            return self.at(pause, Event::Reply(to, result));
        }
        let owner = &self.owners[to.slot];
        let Some(outstanding) = owner.outstanding.as_ref().filter(|_| owner.life == to.life) else {
            return;
        };
        let pairs = outstanding.to.ticket == to.ticket;
        let stale = to.connection != owner.connection && answers(&outstanding.io, &result);
        if pairs || stale && self.without == Without::ConnectionGenerations {
            self.note(|| format!("owner {} hears {}", to.life, trace::reply(&result)));
            self.hear(to.slot, result);
        }
    }

    pub fn time_out(&mut self, to: Return) {
        if let Some(pause) = self.paused(to.slot, to.life) {
            return self.at(pause, Event::TimeOut(to));
        }
        let owner = &self.owners[to.slot];
        let Some(outstanding) =
            owner.outstanding.as_ref().filter(|o| owner.life == to.life && o.to.ticket == to.ticket)
        else {
            return;
        };
        let result = failed(&outstanding.io, "no answer");
        self.note(|| format!("owner {} hears nothing", to.life));
        self.hear(to.slot, result);
    }

    /// The one answer to what is outstanding.
    fn hear(&mut self, slot: usize, result: IoResult) {
        let Some(Outstanding { io, reading_back, .. }) = self.owners[slot].outstanding.take() else {
            return;
        };
        let result = match (self.without, io, result, reading_back) {
            (
                Without::FenceBeforeReading,
                Io::Append { batch, .. },
                IoResult::Appended(Err(JournalError::Unknown(_))),
                _,
            ) => {
                let from_seq = self.owners[slot].writer.head().seq + 1;
                return self.transmit(slot, Io::Read { from_seq }, Some(batch));
            }
            (_, _, IoResult::Read(read), Some(batch)) => self.read_back(read, &batch),
            (
                Without::FenceBeforeRetrying,
                Io::Append { batch, .. },
                IoResult::Appended(Err(JournalError::Unknown(_))),
                _,
            ) => {
                return self.retry_blindly(slot, batch);
            }
            (Without::OpenRecord, Io::Open { .. }, IoResult::Head(Ok(head)), _) => {
                if head.seq <= self.owners[slot].writer.head().seq {
                    // nothing new to believe: only a new process gets any further
                    self.owners[slot].life = 0;
                    return self.begin(slot);
                }
                IoResult::Opened(Ok(Opened { head }))
            }
            (_, _, result, _) => result,
        };
        self.done(slot, result);
    }

    /// What must not be done: the journal is read before the fence has moved, and what is not there
    /// is called "not executed".
    fn read_back(&mut self, read: Result<Vec<Arc<Batch>>, JournalError>, batch: &Batch) -> IoResult {
        let there = read.is_ok_and(|batches| batches.iter().any(|found| found.bytes() == batch.bytes()));
        if there {
            return IoResult::Appended(Ok(()));
        }
        for at in 0..batch.len() {
            if let Body::Entry(entry) = batch.records()[at].body {
                let question = entry.operation.uuid().as_u128() as u64 as usize;
                if question < self.questions.len() {
                    self.release(question, Some(Told::NotExecuted));
                }
            }
        }
        IoResult::Appended(unknown("no answer"))
    }

    /// What must not be done: the same facts once more, behind whatever is there by now.
    fn retry_blindly(&mut self, slot: usize, batch: Arc<Batch>) {
        if self.disk.up {
            self.disk.append_anyway(&batch);
        }
        let previous_seq = self.owners[slot].writer.head().seq;
        self.transmit(slot, Io::Append { previous_seq, batch }, None);
    }

    /// Tells the writer, and takes its next turn.
    pub fn done(&mut self, slot: usize, result: IoResult) {
        let owner = &mut self.owners[slot];
        let before = (owner.writer.phase(), owner.writer.generation());
        owner.writer.done(result);
        owner.publish(before);
        self.verdicts(slot);
        self.turn(slot);
    }

    /// Gives the writer's answers to those who wait for them.
    fn verdicts(&mut self, slot: usize) {
        let released: Vec<_> = self.owners[slot].writer.drain().collect();
        for (ticket, verdict) in released {
            match ticket {
                Ticket::Question(question) => self.verdict_of(slot, question, &verdict),
                Ticket::Barrier(voucher) => match verdict {
                    Ok(engine::Answer::Durable { seq }) => self.owners[slot].revived(voucher, seq),
                    _ => self.owners[slot].ask_barrier(voucher),
                },
            }
        }
    }

    /// The owner's turn: questions that can be decided now, and whatever the writer wants.
    pub fn turn(&mut self, slot: usize) {
        for question in std::mem::take(&mut self.owners[slot].mailbox) {
            self.decide(slot, question);
        }
        while self.owners[slot].is_alive() && self.owners[slot].outstanding.is_none() && !self.owners[slot].resting {
            let clock = self.owners[slot].clock(self.now);
            let owner = &mut self.owners[slot];
            let io = owner.writer.next(&mut owner.intake, clock);
            self.verdicts(slot);
            match io {
                Io::Idle => break,
                Io::Pause => {
                    self.owners[slot].resting = true;
                    self.after(5, Event::Wake { slot, life: self.owners[slot].life });
                }
                Io::Check { .. } if self.without == Without::ReadBarrier => {
                    self.owners[slot].writer.done(IoResult::Checked(Ok(())));
                    self.verdicts(slot);
                }
                Io::Open { .. } if self.without == Without::OpenRecord => self.believe_the_tail(slot, io),
                io => self.transmit(slot, io, None),
            }
        }
        // with a rule left out it is for the histories to show what that costs
        if let Phase::Halted(why) = self.owners[slot].writer.phase()
            && self.without == Without::Nothing
        {
            self.broken.get_or_insert_with(|| format!("an owner halted: {why}"));
        }
    }

    /// What must not be done: an owner asks where the journal ends, and takes that for its opening.
    fn believe_the_tail(&mut self, slot: usize, open: Io) {
        self.transmit(slot, Io::Head, None);
        if let Some(outstanding) = &mut self.owners[slot].outstanding {
            outstanding.io = open;
        }
    }
}

/// Whether a result could be the answer to this question, for somebody who does not look closely.
fn answers(io: &Io, result: &IoResult) -> bool {
    matches!(
        (io, result),
        (Io::Head, IoResult::Head(_))
            | (Io::Open { .. }, IoResult::Opened(_))
            | (Io::Read { .. }, IoResult::Read(_))
            | (Io::Check { .. }, IoResult::Checked(_))
            | (Io::Append { .. }, IoResult::Appended(_))
    )
}
