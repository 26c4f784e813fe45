//! Those who ask: tills with something to buy, hold, capture or undo, people who look at a balance,
//! and an office. Whoever gets no answer asks again under the same key, wherever.

use super::dice::Dice;
use crate::common::history::Told;
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Credential, Kind, Origin, Reason, Terms};
use engine::cell::Ask;
use std::collections::VecDeque;
use uuid::Uuid;

/// The last of them does not exist until the office issues it.
pub const VOUCHERS: usize = 4;
/// What each is worth at first.
pub const ISSUED: i64 = 1_000;
/// A tick of the world, in microseconds of the owners' clocks.
pub const TICK_US: i64 = 1_000;

pub fn voucher(at: usize) -> VoucherId {
    VoucherId::new(Uuid::from_u128(at as u128 + 1))
}

pub fn voucher_at(voucher: VoucherId) -> usize {
    usize::from(voucher.uuid().as_bytes()[15]) - 1
}

/// Each attempt has an operation id of its own.
pub fn operation(question: usize) -> OperationId {
    OperationId::new(Uuid::from_u128((1 << 64) | question as u128))
}

fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

/// The instant of a tick by a clock that is right; half a microsecond tick away from any decision.
pub fn instant(tick: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(tick).unwrap() * TICK_US + 500)
}

/// One thing that somebody wants.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Redeem(i64),
    Hold {
        amount: i64,
        until: u64,
    },
    /// Of the hold before, if it came to one.
    Capture(Option<i64>),
    Release,
    /// Of what was taken before, if anything was.
    Reverse(Option<i64>),
    View,
    TopUp(i64),
    Block,
    Unblock,
    Issue,
}

/// Somebody who asks one thing after the other, and asks again until there is an answer.
pub struct Till {
    pub number: usize,
    pub voucher: usize,
    steps: VecDeque<Step>,
    /// Which step it is at: a step keeps its key, however often it is asked.
    step: u64,
    /// The question it waits for.
    pub waiting: Option<usize>,
    /// What the latest hold or payment was called, and its key.
    taken: Option<(Kind, OperationId, OpKey)>,
    /// The last key is asked for once more.
    again: bool,
}

impl Till {
    pub fn new(number: usize, dice: &mut Dice) -> Self {
        let sum = [50, 100, 200, 300, 500][dice.pick(5)];
        let part = dice.chance(50).then_some(sum / 2);
        let until = dice.between(20, 500);
        let steps: &[Step] = match dice.roll(20) {
            0..6 => &[Step::Redeem(sum)],
            6..9 => &[Step::Redeem(sum), Step::View, Step::Reverse(part)],
            9..11 => &[Step::Redeem(sum), Step::Reverse(part), Step::Reverse(None)],
            11..13 => &[Step::Hold { amount: sum, until }, Step::Capture(part), Step::Reverse(None)],
            13 => &[Step::Hold { amount: sum, until }, Step::Release, Step::Redeem(sum)],
            14..18 => &[Step::View, Step::View, Step::View],
            18 => &[Step::Block, Step::View, Step::Unblock],
            _ => &[Step::TopUp(sum), Step::View],
        };
        let voucher = dice.pick(VOUCHERS);
        Self {
            number,
            voucher,
            steps: steps.iter().copied().collect(),
            step: 0,
            waiting: None,
            taken: None,
            again: dice.chance(20),
        }
    }

    /// The office, which issues the last voucher.
    pub fn issuer(number: usize) -> Self {
        let steps = VecDeque::from([Step::Issue, Step::View]);
        Self { number, voucher: VOUCHERS - 1, steps, step: 0, waiting: None, taken: None, again: true }
    }

    /// Somebody who looks at a voucher once everything is over.
    pub fn auditor(number: usize, voucher: usize) -> Self {
        let steps = VecDeque::from([Step::View]);
        Self { number, voucher, steps, step: 0, waiting: None, taken: None, again: false }
    }

    pub fn is_content(&self) -> bool {
        self.steps.is_empty()
    }

    /// What it asks now, as an attempt of its own; `None` when it is done.
    pub fn ask(&mut self, question: usize, terms: Terms) -> Option<Ask> {
        loop {
            let step = *self.steps.front()?;
            match (step, self.taken) {
                (Step::View, _) => return Some(Ask::View),
                (Step::Capture(_) | Step::Release, Some((Kind::Hold, ..)))
                | (Step::Reverse(_), Some((Kind::Redeem | Kind::Capture, ..))) => {}
                // what it builds on was declined
                (Step::Capture(_) | Step::Release | Step::Reverse(_), _) => {
                    self.next();
                    continue;
                }
                _ => {}
            }
            return Some(Ask::Execute(self.command(step, question, terms)));
        }
    }

    fn command(&self, step: Step, question: usize, terms: Terms) -> Command {
        let office = matches!(step, Step::TopUp(_) | Step::Block | Step::Unblock | Step::Issue);
        let (key, shop) = (self.key(), ShopId::new(Uuid::from_u128(90 + self.number as u128 % 2)));
        Command {
            operation: operation(question),
            origin: match office {
                true => Origin::Staff(UserId::new(Uuid::from_u128(92))),
                false => Origin::Till { shop, terminal: TerminalId::new(Uuid::from_u128(91)) },
            },
            key,
            request_hash: RequestHash(key.0),
            action: self.action(step, terms),
        }
    }

    fn action(&self, step: Step, terms: Terms) -> Action {
        let credential = Credential { generation: 1, pin: None };
        let nothing = (Kind::Decline, operation(usize::MAX), OpKey([0xff; 16]));
        let (_, of, target) = self.taken.unwrap_or(nothing);
        match step {
            Step::Redeem(amount) => Action::Redeem { amount: cents(amount), credential, terms },
            Step::Hold { amount, until } => {
                Action::Hold { amount: cents(amount), credential, terms, until: instant(until) }
            }
            Step::Capture(amount) => Action::Capture { hold: of, amount: amount.map(cents) },
            Step::Release => Action::Release { hold: of },
            Step::Reverse(amount) => {
                Action::Reverse { target, target_operation: of, amount: amount.map(cents), sealed_through: None }
            }
            Step::TopUp(amount) => Action::TopUp { amount: cents(amount) },
            Step::Block => Action::Block { reason: Reason::Other },
            Step::Unblock | Step::View => Action::Unblock,
            Step::Issue => issue(),
        }
    }

    /// Hears an answer to the question it waits for; whether that settles the step.
    pub fn hears(&mut self, told: &Told) -> bool {
        match told {
            Told::NotExecuted => return false,
            Told::Recorded(entry) => self.remember(entry.event.kind(), entry.operation, entry.key),
            Told::Known(outcome) => self.remember(outcome.kind, outcome.operation, self.key()),
            Told::Refused(_) | Told::Unchanged | Told::Viewed(_) => {}
        }
        self.settles()
    }

    fn key(&self) -> OpKey {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&(self.number as u64).to_le_bytes());
        key[8..].copy_from_slice(&self.step.to_le_bytes());
        OpKey(key)
    }

    fn settles(&mut self) -> bool {
        // now and then somebody asks what became of a key that was answered
        if !std::mem::take(&mut self.again) {
            self.next();
        }
        true
    }

    fn remember(&mut self, kind: Kind, operation: OperationId, key: OpKey) {
        if matches!(kind, Kind::Redeem | Kind::Hold | Kind::Capture) {
            self.taken = Some((kind, operation, key));
        } else if kind == Kind::Decline {
            self.taken = None;
        }
    }

    /// Goes on to the next step, also after giving one up.
    pub fn next(&mut self) {
        self.steps.pop_front();
        self.step += 1;
    }
}

/// What the office makes of a voucher that is not there yet.
pub fn issue() -> Action {
    Action::Issue {
        municipality: MunicipalityId::new(Uuid::from_u128(93)),
        programme: ProgrammeId::new(Uuid::from_u128(94)),
        amount: cents(ISSUED),
        valid_from: Timestamp::EPOCH,
        expires_at: Timestamp::from_micros(i64::MAX / 2),
        pin: None,
    }
}
