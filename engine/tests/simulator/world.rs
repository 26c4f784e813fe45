//! The world: a queue of events, a disk, a ledger, two slots for owners, and those who ask.

use super::agenda::{Agenda, Event};
use super::dice::Dice;
use super::disk::{Disk, Return};
use super::ledger::Ledger;
use super::owner::Owner;
use super::rules::Without;
use super::tills::{self, Till, VOUCHERS};
use super::trace;
use crate::common::history::{Fact, Heard, History, Question, Told};
use domain::clock::Timestamp;
use domain::record::Body;
use domain::voucher::{Command, Decision, Origin, Terms, Voucher};
use engine::cell::Ask;
use engine::writer::Io;
use std::sync::Arc;
use store::journal::Batch;

/// When the faults end.
const CALM_AT: u64 = 450;
/// When everybody must have had an answer.
const END_AT: u64 = 2_500;

pub struct World {
    pub dice: Dice,
    pub without: Without,
    pub now: u64,
    /// Whether anything may go wrong.
    pub faults: bool,
    agenda: Agenda,
    pub disk: Disk,
    pub ledger: Ledger,
    pub owners: [Owner; 2],
    pub lives: u64,
    pub tills: Vec<Till>,
    pub terms: Terms,
    pub questions: Vec<Question>,
    /// Who asked each, how often it was put again, and until when.
    pub askers: Vec<Asker>,
    pub heard: Vec<Heard>,
    /// Something that cannot be, seen while it happened.
    pub broken: Option<String>,
    trace: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub till: Option<usize>,
    pub tries: u32,
    pub deadline: u64,
}

impl World {
    pub fn new(seed: u64, without: Without, traced: bool) -> Self {
        let mut world = Self {
            dice: Dice::new(seed),
            without,
            now: 1,
            faults: true,
            agenda: Agenda::default(),
            disk: Disk::new(without),
            ledger: Ledger::new(),
            owners: [1, 0].map(|life| Owner::start(life, store::journal::Head::START, 0)),
            lives: 1,
            tills: Vec::new(),
            terms: Terms::OPEN,
            questions: Vec::new(),
            askers: Vec::new(),
            heard: Vec::new(),
            broken: None,
            trace: traced.then(Vec::new),
        };
        world.found();
        world.populate();
        world
    }

    /// The vouchers that are there from the beginning, in a journal that is on the disk.
    fn found(&mut self) {
        let node = Return { slot: 0, life: 99, connection: 0, ticket: 0 };
        self.disk.receive(node, &Io::Open { expected_epoch: 0, at: Timestamp::from_micros(1) });
        let entries: Vec<Body> = (0..VOUCHERS - 1).map(|at| Body::Entry(self.issued(at))).collect();
        let head = self.disk.head();
        let batch = Arc::new(Batch::encode(head.epoch, &head, entries.into_iter()));
        self.disk.receive(node, &Io::Append { previous_seq: head.seq, batch });
        self.disk.synced(self.now);
    }

    fn issued(&mut self, at: usize) -> domain::voucher::Entry {
        let question = self.questions.len();
        let key = domain::keys::OpKey([0xf0 + u8::try_from(at).unwrap(); 16]);
        let command = Command {
            operation: tills::operation(question),
            origin: Origin::System,
            key,
            request_hash: domain::keys::RequestHash(key.0),
            action: tills::issue(),
        };
        let voucher = tills::voucher(at);
        let clock = Timestamp::from_micros(2);
        self.questions.push(Question { voucher, ask: Ask::Execute(command), sent_at: 0, clock });
        self.askers.push(Asker { till: None, tries: 0, deadline: 0 });
        match domain::voucher::decide(&Voucher::new(voucher), &command, clock) {
            Decision::Record(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    fn populate(&mut self) {
        if self.dice.chance(30) {
            self.terms.per_day_count_max = Some(3);
        }
        self.tills = (0..14).map(|number| Till::new(number, &mut self.dice)).collect();
        self.tills.push(Till::issuer(14));
        for till in 0..self.tills.len() {
            let at = self.dice.between(10, 350);
            self.at(at, Event::Send { till });
        }
        self.plan_faults();
        self.after(1, Event::Wake { slot: 0, life: 1 });
        self.after(3, Event::Project);
        self.after(30, Event::Supervise);
    }

    pub fn at(&mut self, at: u64, event: Event) {
        self.agenda.add(at.max(self.now), event);
    }

    pub fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Says what happens, if somebody wants to know.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>5}  {}", self.now, text()));
        }
    }

    /// Runs until everybody has an answer, or should have one, and says what is wrong.
    pub fn run(mut self) -> (Result<(), String>, Vec<String>) {
        while let Some((at, event)) = self.agenda.next() {
            self.now = at;
            if self.faults && self.now >= CALM_AT {
                self.calm();
            }
            self.happen(event);
            let over = !self.faults && self.tills.iter().all(Till::is_content);
            if self.broken.is_some() || over || self.now > END_AT {
                break;
            }
        }
        let verdict = self.verdict();
        (verdict, self.trace.unwrap_or_default())
    }

    /// From here on nothing breaks, and somebody looks at every voucher.
    fn calm(&mut self) {
        self.faults = false;
        self.note(|| "calm: nothing breaks any more".to_owned());
        if self.dice.chance(50) {
            self.crash_journal(true);
        }
        for owner in &mut self.owners {
            owner.paused_until = 0;
        }
        for voucher in 0..VOUCHERS {
            let till = self.tills.len();
            self.tills.push(Till::auditor(till, voucher));
            self.after(20, Event::Send { till });
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(from, io) => self.arrive(from, &io),
            Event::Synced { incarnation } => self.synced(incarnation),
            Event::Up { incarnation } => self.disk.up |= self.disk.incarnation == incarnation,
            Event::Reply(to, result) => self.reply(to, result),
            Event::TimeOut(to) => self.time_out(to),
            Event::Wake { slot, life } => self.wake(slot, life),
            Event::Send { till } => self.send(till),
            Event::Ask { slot, question } => self.asked(slot, question),
            Event::Answer { question, heard } => self.answered(question, heard),
            Event::Impatient { question } => self.impatient(question),
            Event::Project => self.project(),
            Event::Supervise => self.supervise(),
            Event::Fault(fault) => self.strike(fault),
        }
    }

    fn project(&mut self) {
        if let Err(why) = self.ledger.project(&self.disk, self.without) {
            self.broken.get_or_insert(why);
        }
        let slow = self.faults && self.dice.chance(10);
        let rest = if slow { self.dice.between(20, 60) } else { self.dice.between(2, 8) };
        self.after(rest, Event::Project);
    }

    /// Compares what everybody was told with what is on the disk.
    fn verdict(&mut self) -> Result<(), String> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        if let Some(till) = self.tills.iter().find(|till| !till.is_content()) {
            return Err(format!("till {} has no answer", till.number));
        }
        // zombie bytes that are still under way, and then a power cut
        while let Some((_, event)) = self.agenda.next() {
            if let Event::Arrive(from, io) = event {
                self.disk.receive(from, &io);
            }
        }
        self.disk.crash(true);
        let facts = self.facts()?;
        History { questions: &self.questions, heard: &self.heard, facts: &facts }.check()
    }

    /// I1: the journal is dense and chained; and I9: the ledger is a prefix of it.
    fn facts(&self) -> Result<Vec<Fact>, String> {
        let (mut head, mut facts) = (store::journal::Head::START, Vec::new());
        let mut ledger_seen = self.ledger.head == head;
        for stored in self.disk.stored() {
            let batch = Batch::decode(stored.batch.bytes().to_vec()).map_err(|error| format!("I1: {error}"))?;
            batch.follows(&head).map_err(|error| format!("I1: {error}"))?;
            head = batch.head();
            ledger_seen |= self.ledger.head == head;
            for at in 0..batch.len() {
                let record = &batch.records()[at];
                if let Body::Entry(entry) = record.body {
                    facts.push(Fact { seq: record.seq, entry, durable_at: stored.durable_at });
                }
            }
        }
        let ledger = || format!("I9: the ledger's end {:?} is not in the journal", self.ledger.head);
        if ledger_seen { Ok(facts) } else { Err(ledger()) }
    }

    /// An answer leaves for its till, truly or not; it may be lost on the way.
    pub fn release(&mut self, question: usize, told: Option<Told>) {
        self.note(|| {
            format!(
                "question {question} is answered: {}",
                told.as_ref().map_or("nothing certain".to_owned(), trace::told)
            )
        });
        let lost = self.faults && self.dice.chance(8);
        let heard = told.map(|told| {
            self.heard.push(Heard { question, released_at: self.now, heard_at: None, told });
            self.heard.len() - 1
        });
        if !lost {
            let delay = self.dice.between(1, 3);
            self.after(delay, Event::Answer { question, heard });
        }
    }
}
