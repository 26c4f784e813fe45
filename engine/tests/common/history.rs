//! What was asked, what was told, and what the journal holds: whether all of it can be true.
//!
//! The check knows nothing of how the engine works. It replays the journal, decides every record
//! again on the prefix before it (I2), keeps its own books (I3), and then looks for a place in the
//! journal for every single answer: not before what had been acknowledged when the question was
//! sent (I7), not after what was durable when the answer left (I4).

use domain::clock::Timestamp;
use domain::ids::{OperationId, VoucherId};
use domain::keys::OpKey;
use domain::voucher::{Command, Decision, Entry, Event, Outcome, Refusal, View, Voucher, decide, due_release};
use engine::cell::Ask;
use engine::{Answer, NotDone};
use std::collections::HashMap;

/// One attempt to ask something; a till that asks again makes a new one with the same key.
#[derive(Clone, Debug)]
pub struct Question {
    pub voucher: VoucherId,
    /// A command's operation id belongs to this attempt alone.
    pub ask: Ask,
    pub sent_at: u64,
    /// The clock it was decided by, for refusals that depend on it.
    pub clock: Timestamp,
}

/// What an answer claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Recorded(Box<Entry>),
    Known(Box<Outcome>),
    Refused(Refusal),
    Unchanged,
    Viewed(Option<Box<View>>),
    NotExecuted,
}

impl Told {
    /// `None` for an answer that claims nothing.
    pub fn of(verdict: &Result<Answer, NotDone>) -> Option<Self> {
        Some(match verdict {
            Ok(Answer::Recorded { entry, .. }) => Self::Recorded(entry.clone()),
            Ok(Answer::Known(outcome)) => Self::Known(outcome.clone()),
            Ok(Answer::Refused(refusal)) => Self::Refused(*refusal),
            Ok(Answer::Unchanged) => Self::Unchanged,
            Ok(Answer::Viewed(view)) => Self::Viewed(view.clone()),
            Err(NotDone::NotExecuted) => Self::NotExecuted,
            Ok(Answer::Durable { .. }) | Err(NotDone::Stale | NotDone::Moved | NotDone::Unknown | NotDone::Halted) => {
                return None;
            }
        })
    }

    /// The place in the voucher's life that it shows to whoever hears it.
    fn shows(&self) -> u64 {
        match self {
            Self::Recorded(entry) => entry.voucher_seq,
            Self::Known(outcome) => outcome.voucher_seq,
            Self::Viewed(Some(view)) => view.voucher_seq,
            Self::Refused(_) | Self::Unchanged | Self::Viewed(None) | Self::NotExecuted => 0,
        }
    }
}

/// An answer on its way to whoever asked; without `heard_at` it was lost and must be true all the same.
#[derive(Clone, Debug)]
pub struct Heard {
    pub question: usize,
    pub released_at: u64,
    pub heard_at: Option<u64>,
    pub told: Told,
}

/// A record of the surviving journal.
#[derive(Clone, Debug)]
pub struct Fact {
    pub seq: u64,
    pub entry: Entry,
    pub durable_at: u64,
}

/// Everything that is known at the end.
pub struct History<'a> {
    pub questions: &'a [Question],
    pub heard: &'a [Heard],
    pub facts: &'a [Fact],
}

/// What the claims are checked against.
struct Evidence<'a> {
    commands: HashMap<OperationId, &'a Command>,
    /// Where in the partition an operation stands.
    written: HashMap<OperationId, u64>,
    acknowledged: Vec<Acknowledged>,
}

/// Somebody knew at this time that the voucher had come so far, and the partition.
struct Acknowledged {
    at: u64,
    voucher: VoucherId,
    place: usize,
    seq: u64,
}

impl History<'_> {
    /// Looks for the first thing that cannot be.
    pub fn check(&self) -> Result<(), String> {
        let written: HashMap<_, _> = self.facts.iter().map(|fact| (fact.entry.operation, fact.seq)).collect();
        let acknowledged = |heard: &Heard| {
            let seq = match &heard.told {
                Told::Recorded(entry) => written.get(&entry.operation).copied().unwrap_or(0),
                _ => 0,
            };
            let voucher = self.questions[heard.question].voucher;
            Some(Acknowledged { at: heard.heard_at?, voucher, place: heard.told.shows() as usize, seq })
        };
        let acknowledged = self.heard.iter().filter_map(acknowledged).collect();
        let commands = self.questions.iter().filter_map(command_of).collect();
        let evidence = Evidence { commands, written, acknowledged };
        self.check_not_executed(&evidence)?;
        let mut vouchers: Vec<VoucherId> = self.questions.iter().map(|question| question.voucher).collect();
        vouchers.sort_unstable();
        vouchers.dedup();
        vouchers.into_iter().try_for_each(|voucher| self.check_voucher(voucher, &evidence))
    }

    fn check_not_executed(&self, evidence: &Evidence<'_>) -> Result<(), String> {
        let untrue = self.heard.iter().filter(|heard| heard.told == Told::NotExecuted).find(|heard| {
            let operation = command_of(&self.questions[heard.question]).map(|(operation, _)| operation);
            operation.is_some_and(|operation| evidence.written.contains_key(&operation))
        });
        untrue.map_or(Ok(()), |heard| {
            Err(format!("I6: question {} was not executed and is in the journal", heard.question))
        })
    }

    fn check_voucher(&self, voucher: VoucherId, evidence: &Evidence<'_>) -> Result<(), String> {
        let own: Vec<&Fact> = self.facts.iter().filter(|fact| fact.entry.voucher == voucher).collect();
        let mut claims = self.claims(voucher, &own, evidence)?;
        let (mut state, mut books) = (Voucher::new(voucher), Books::default());
        for place in 0..=own.len() {
            for claim in &mut claims {
                claim.found |= claim.may_stand_at(place) && claim.stands_on(&state);
            }
            let Some(fact) = own.get(place) else { continue };
            decided_on(&state, &fact.entry, &evidence.commands)?;
            state.apply(&fact.entry).map_err(|corrupt| format!("I5: record {}: {corrupt}", fact.seq))?;
            books.enter(&fact.entry).map_err(|why| format!("{why} at record {}", fact.seq))?;
        }
        match claims.iter().find(|claim| !claim.found) {
            Some(claim) => Err(format!("I5/I7: no place in {:?} for {:?}", claim.places, claim.heard)),
            None => Ok(()),
        }
    }

    /// The answers about one voucher, each with the places in its life where it may stand.
    fn claims<'a>(
        &'a self,
        voucher: VoucherId,
        own: &[&Fact],
        evidence: &Evidence<'_>,
    ) -> Result<Vec<Claim<'a>>, String> {
        let mut claims = Vec::new();
        for heard in self.heard {
            let question = &self.questions[heard.question];
            if question.voucher != voucher || heard.told == Told::NotExecuted {
                continue;
            }
            let before = evidence.acknowledged.iter().filter(|known| known.at <= question.sent_at);
            let (seen, seen_seq) = before.fold((0, 0), |(place, seq), known| {
                let own = if known.voucher == voucher { known.place } else { 0 };
                (place.max(own), seq.max(known.seq))
            });
            let durable = own.iter().take_while(|fact| fact.durable_at <= heard.released_at).count();
            let shows = heard.told.shows() as usize;
            if shows > durable {
                return Err(format!("I4: answered at {} before it was durable: {heard:?}", heard.released_at));
            }
            if let Told::Recorded(entry) = &heard.told {
                let fact = own[shows - 1];
                if fact.entry != **entry {
                    return Err(format!("I4: told {entry:?}, the journal holds {:?}", fact.entry));
                }
                if shows <= seen || fact.seq <= seen_seq {
                    return Err(format!("I7: record {} is not after {seen_seq}, acknowledged before", fact.seq));
                }
            }
            claims.push(Claim { heard, question, places: (seen, durable), found: false });
        }
        Ok(claims)
    }
}

fn command_of(question: &Question) -> Option<(OperationId, &Command)> {
    match &question.ask {
        Ask::Execute(command) => Some((command.operation, command)),
        Ask::View => None,
    }
}

/// An answer that looks for its place.
struct Claim<'a> {
    heard: &'a Heard,
    question: &'a Question,
    /// From what was acknowledged before it was asked to what was durable when it was answered.
    places: (usize, usize),
    found: bool,
}

impl Claim<'_> {
    fn may_stand_at(&self, place: usize) -> bool {
        match self.heard.told {
            // it says itself where it belongs
            Told::Recorded(_) => place as u64 == self.heard.told.shows(),
            _ => (self.places.0..=self.places.1).contains(&place),
        }
    }

    fn stands_on(&self, state: &Voucher) -> bool {
        match (&self.heard.told, &self.question.ask) {
            (Told::Recorded(_), _) => true,
            (Told::Viewed(view), Ask::View) => state.view().as_ref() == view.as_deref(),
            (told, Ask::Execute(command)) => match decide(state, command, self.question.clock) {
                Decision::Known(outcome) => *told == Told::Known(Box::new(outcome)),
                Decision::Refuse(refusal) => *told == Told::Refused(refusal),
                Decision::Unchanged => *told == Told::Unchanged,
                Decision::Record(_) => false,
            },
            _ => false,
        }
    }
}

/// I2: the record is what its command leads to on exactly the prefix before it.
fn decided_on(state: &Voucher, entry: &Entry, commands: &HashMap<OperationId, &Command>) -> Result<(), String> {
    let again = match commands.get(&entry.operation) {
        Some(command) => match decide(state, command, entry.decided_at) {
            Decision::Record(again) => Some(again),
            _ => None,
        },
        None => due_release(state, entry.decided_at),
    };
    match again {
        Some(again) if again == *entry => Ok(()),
        other => Err(format!("I2: {entry:?} was not decided on its prefix, which leads to {other:?}")),
    }
}

/// The sums as an accountant would keep them, apart from the domain's own.
#[derive(Default)]
struct Books {
    came: i64,
    went: i64,
    holds: HashMap<OperationId, i64>,
    taken: HashMap<OpKey, i64>,
}

impl Books {
    fn enter(&mut self, entry: &Entry) -> Result<(), String> {
        match entry.event {
            Event::Issue { amount, .. } | Event::TopUp { amount } => self.came += amount.get(),
            Event::Redeem { amount } => self.take(entry.key, amount.get()),
            Event::Capture { hold, amount } => {
                let held = self.holds.remove(&hold).ok_or("I3: a capture without its hold")?;
                if amount.get() > held {
                    return Err("I3: more captured than was held".to_owned());
                }
                self.take(entry.key, amount.get());
            }
            Event::Reverse { target, amount, .. } => {
                let left = self.taken.get_mut(&target).ok_or("I3: a reversal of nothing")?;
                *left -= amount.get();
                if *left < 0 {
                    return Err("I3: more reversed than was taken".to_owned());
                }
                self.came += amount.get();
            }
            Event::Hold { amount, .. } => drop(self.holds.insert(entry.operation, amount.get())),
            Event::Release { hold, .. } => drop(self.holds.remove(&hold).ok_or("I3: a release without its hold")?),
            Event::Expire { amount } | Event::Close { amount, .. } => self.went += amount.get(),
            Event::Block { .. }
            | Event::Unblock
            | Event::Reissue { .. }
            | Event::ChangeExpiry { .. }
            | Event::Decline { .. } => {}
        }
        let (balance, held) = (self.came - self.went, self.holds.values().sum::<i64>());
        let claimed = (entry.balance_after.get(), entry.held_after.get());
        if (balance, held) == claimed && balance >= held && held >= 0 {
            Ok(())
        } else {
            Err(format!("I3: the books say {balance} of which {held} held, the record says {claimed:?}"))
        }
    }

    fn take(&mut self, key: OpKey, cents: i64) {
        self.went += cents;
        self.taken.insert(key, cents);
    }
}
