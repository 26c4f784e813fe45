//! Making decided facts so.

use super::entry::{Decline, Entry, Event, Kind};
use super::outcome::Outcome;
use super::state::{Hold, Issued, Life, Today, Totals, Voucher};
use crate::cents::Cents;
use crate::rome;

/// An entry that cannot follow the state it is applied to: the journal or the ledger is damaged,
/// or was decided on something else. Nothing may be served from such a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// A fact is missing or comes twice.
    #[error("the voucher's facts are not dense: expected {expected}, found {found}")]
    Sequence {
        /// The next place.
        expected: u64,
        /// The entry's place.
        found: u64,
    },
    /// It is another voucher's.
    #[error("the entry belongs to another voucher or municipality")]
    Stranger,
    /// Its instant does not come after the previous one.
    #[error("the entry's time does not follow the one before")]
    Time,
    /// The key has an outcome already.
    #[error("the key was answered before")]
    KeyTwice,
    /// It makes no sense in this state, such as a capture without its hold.
    #[error("the entry is impossible in this state")]
    Impossible,
    /// The totals it claims are not the ones it leads to.
    #[error("the entry's totals do not add up")]
    Totals,
}

impl Voucher {
    /// Makes the entry so. The state is unchanged when it is refused.
    ///
    /// # Errors
    /// [`Corrupt`] when the entry cannot follow this state.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        self.check_order(entry)?;
        let issued = match (&self.issued, entry.event) {
            (None, Event::Issue { .. }) => Issued::first(entry)?,
            (Some(issued), event) => issued.clone().after(self, entry, &event)?,
            (None, _) => return Err(Corrupt::Impossible),
        };
        if issued.balance != entry.balance_after || issued.held() != entry.held_after {
            return Err(Corrupt::Totals);
        }
        if let Event::Reverse { target, amount, .. } = entry.event {
            let outcome = self.outcomes.get_mut(target).ok_or(Corrupt::Impossible)?;
            outcome.reversed = outcome.reversed.plus(amount).ok_or(Corrupt::Impossible)?;
        }
        self.seq = entry.voucher_seq;
        self.decided_at = entry.decided_at;
        self.issued = Some(issued);
        self.outcomes.insert(entry.key, Outcome::from(entry));
        Ok(())
    }

    fn check_order(&self, entry: &Entry) -> Result<(), Corrupt> {
        let expected = self.seq + 1;
        if entry.voucher_seq != expected {
            return Err(Corrupt::Sequence { expected, found: entry.voucher_seq });
        }
        let stranger = self.issued.as_ref().is_some_and(|issued| issued.municipality != entry.municipality);
        if entry.voucher != self.id || stranger {
            return Err(Corrupt::Stranger);
        }
        if entry.decided_at <= self.decided_at {
            return Err(Corrupt::Time);
        }
        if self.outcomes.get(entry.key).is_some() {
            return Err(Corrupt::KeyTwice);
        }
        Ok(())
    }
}

impl Issued {
    fn first(entry: &Entry) -> Result<Self, Corrupt> {
        let Event::Issue { programme, amount, valid_from, expires_at, pin } = entry.event else {
            return Err(Corrupt::Impossible);
        };
        Ok(Self {
            municipality: entry.municipality,
            programme,
            life: Life::Active,
            valid_from,
            expires_at,
            generation: 1,
            pin,
            balance: amount,
            totals: Totals { issued: amount, ..Totals::default() },
            holds: Vec::new(),
            today: Today::default(),
        })
    }

    /// The state after an event that is not the first.
    fn after(mut self, voucher: &Voucher, entry: &Entry, event: &Event) -> Result<Self, Corrupt> {
        let today = self.today.on(rome::day(entry.decided_at));
        match *event {
            Event::Issue { .. } => return Err(Corrupt::Impossible),
            Event::TopUp { amount } => {
                self.balance = plus(self.balance, amount)?;
                self.totals.topped_up = plus(self.totals.topped_up, amount)?;
            }
            Event::Redeem { amount } => {
                self.spend(amount)?;
                self.today = Today { uses: today.uses + 1, wrong_pins: 0, spent: plus(today.spent, amount)?, ..today };
            }
            Event::Reverse { target, amount, .. } => self.give_back(voucher, today, target, amount)?,
            Event::Hold { amount, until } => {
                let shop = entry.origin.shop().ok_or(Corrupt::Impossible)?;
                self.holds.push(Hold { operation: entry.operation, shop, amount, until });
                self.today = Today { uses: today.uses + 1, wrong_pins: 0, ..today };
            }
            Event::Capture { hold, amount } => {
                self.drop_hold(hold)?;
                self.spend(amount)?;
                self.today = Today { spent: plus(today.spent, amount)?, ..today };
            }
            Event::Release { hold, .. } => self.drop_hold(hold)?,
            Event::Block { .. } => self.life = Life::Blocked,
            Event::Unblock => self.life = Life::Active,
            Event::Reissue { generation, pin } => {
                (self.generation, self.pin) = (generation, pin);
                self.today.wrong_pins = 0;
            }
            Event::ChangeExpiry { expires_at } => self.expires_at = expires_at,
            Event::Expire { amount } => self.end(Life::Expired, amount)?,
            Event::Close { amount, .. } => self.end(Life::Closed, amount)?,
            Event::Decline { decline: Decline::PinWrong, .. } => {
                self.today = Today { wrong_pins: today.wrong_pins.saturating_add(1), ..today };
            }
            Event::Decline { .. } => {}
        }
        Ok(self)
    }

    fn spend(&mut self, amount: Cents) -> Result<(), Corrupt> {
        self.balance = minus(self.balance, amount)?;
        self.totals.redeemed = plus(self.totals.redeemed, amount)?;
        // what is held for someone else is never spent
        if self.held() > self.balance { Err(Corrupt::Impossible) } else { Ok(()) }
    }

    /// Money that a shop took comes back; to the day's allowance too, if it was taken today.
    fn give_back(
        &mut self,
        voucher: &Voucher,
        today: Today,
        target: crate::keys::OpKey,
        amount: Cents,
    ) -> Result<(), Corrupt> {
        let taken = voucher.outcome(target).ok_or(Corrupt::Impossible)?;
        let reversed = plus(taken.reversed, amount)?;
        if !matches!(taken.kind, Kind::Redeem | Kind::Capture) || reversed > taken.amount {
            return Err(Corrupt::Impossible);
        }
        self.balance = plus(self.balance, amount)?;
        self.totals.reversed = plus(self.totals.reversed, amount)?;
        if rome::day(taken.decided_at) == today.day {
            self.today = Today { spent: today.spent.minus(amount).unwrap_or(Cents::ZERO), ..today };
        }
        Ok(())
    }

    fn drop_hold(&mut self, operation: crate::ids::OperationId) -> Result<(), Corrupt> {
        let at = self.holds.iter().position(|hold| hold.operation == operation).ok_or(Corrupt::Impossible)?;
        self.holds.remove(at);
        Ok(())
    }

    fn end(&mut self, life: Life, amount: Cents) -> Result<(), Corrupt> {
        if amount != self.balance || !self.holds.is_empty() {
            return Err(Corrupt::Impossible);
        }
        self.life = life;
        self.balance = Cents::ZERO;
        self.totals.expired = plus(self.totals.expired, amount)?;
        Ok(())
    }
}

fn plus(a: Cents, b: Cents) -> Result<Cents, Corrupt> {
    a.plus(b).ok_or(Corrupt::Impossible)
}

fn minus(a: Cents, b: Cents) -> Result<Cents, Corrupt> {
    a.minus(b).ok_or(Corrupt::Impossible)
}
