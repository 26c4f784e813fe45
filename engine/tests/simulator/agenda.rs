//! What will happen, in the order of time.

use super::disk::Return;
use super::faults::Fault;
use engine::writer::{Io, IoResult};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Something that will happen.
#[derive(Debug)]
pub enum Event {
    /// Bytes reach the journal.
    Arrive(Return, Io),
    /// The disk has what was appended before.
    Synced { incarnation: u64 },
    /// The journal is back.
    Up { incarnation: u64 },
    /// A reply reaches a process.
    Reply(Return, IoResult),
    /// A process waited long enough.
    TimeOut(Return),
    /// A process looks again what there is to do.
    Wake { slot: usize, life: u64 },
    /// A till has time.
    Send { till: usize },
    /// A question reaches an owner.
    Ask { slot: usize, question: usize },
    /// An answer reaches its till; without `heard` it says nothing.
    Answer { question: usize, heard: Option<usize> },
    /// A till waited long enough.
    Impatient { question: usize },
    /// The projector looks again.
    Project,
    /// Somebody looks whether anybody serves.
    Supervise,
    /// Something breaks.
    Fault(Fault),
}

/// The events to come: the earliest first, and those of one tick in the order of their making.
#[derive(Default)]
pub struct Agenda {
    queue: BinaryHeap<Reverse<Due>>,
    made: u64,
}

struct Due {
    at: u64,
    number: u64,
    event: Event,
}

impl Agenda {
    pub fn add(&mut self, at: u64, event: Event) {
        self.made += 1;
        self.queue.push(Reverse(Due { at, number: self.made, event }));
    }

    pub fn next(&mut self) -> Option<(u64, Event)> {
        self.queue.pop().map(|Reverse(due)| (due.at, due.event))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
