//! The state of a voucher.

use super::outcome::Outcome;
use super::outcomes::Outcomes;
use crate::cents::Cents;
use crate::clock::Timestamp;
use crate::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, VoucherId};
use crate::keys::{OpKey, PinTag};
use serde::{Deserialize, Serialize};

/// A voucher: what [`decide`](super::decide) reads and [`apply`](Voucher::apply) changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    pub(super) id: VoucherId,
    /// The place of the latest fact; zero before the first.
    pub(super) seq: u64,
    pub(super) decided_at: Timestamp,
    pub(super) issued: Option<Issued>,
    pub(super) outcomes: Outcomes,
}

/// What a voucher has once it is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Issued {
    pub municipality: MunicipalityId,
    pub programme: ProgrammeId,
    pub life: Life,
    pub valid_from: Timestamp,
    pub expires_at: Timestamp,
    pub generation: u32,
    pub pin: Option<PinTag>,
    pub balance: Cents,
    pub totals: Totals,
    pub holds: Vec<Hold>,
    pub today: Today,
}

/// Where a voucher is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// It can be spent within its validity.
    Active,
    /// It cannot be spent until it is unblocked.
    Blocked,
    /// It ran out and was emptied.
    Expired,
    /// The municipality ended it.
    Closed,
}

impl Life {
    /// The name in the HTTP interface and the ledger.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
            Self::Closed => "closed",
        }
    }
}

/// Everything that ever came in and went out: the two sides of invariant I3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// At first.
    pub issued: Cents,
    /// Added later.
    pub topped_up: Cents,
    /// Taken by shops, captures included.
    pub redeemed: Cents,
    /// Given back by shops.
    pub reversed: Cents,
    /// Gone back to the programme at expiry or close.
    pub expired: Cents,
}

/// Money set aside for a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The hold's operation.
    pub operation: OperationId,
    /// Whose it is.
    pub shop: ShopId,
    /// How much.
    pub amount: Cents,
    /// When it lets go by itself.
    pub until: Timestamp,
}

/// What happened on the voucher's latest busy day in Rome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Today {
    pub day: i32,
    /// Taken and not given back the same day.
    pub spent: Cents,
    /// Redemptions and holds.
    pub uses: u32,
    /// Since the last right one.
    pub wrong_pins: u8,
}

impl Today {
    /// The same day's figures, or a fresh day's.
    pub fn on(self, day: i32) -> Self {
        if self.day == day { self } else { Self { day, ..Self::default() } }
    }
}

/// What others may see of a voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Which voucher.
    pub id: VoucherId,
    /// The place of the latest fact it shows.
    pub voucher_seq: u64,
    /// The tenant.
    pub municipality: MunicipalityId,
    /// The programme that pays.
    pub programme: ProgrammeId,
    /// Where it is in its life.
    pub life: Life,
    /// Not spendable before.
    pub valid_from: Timestamp,
    /// The last instant it can be spent.
    pub expires_at: Timestamp,
    /// Which of its codes is in force.
    pub generation: u32,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// What it is worth, holds included.
    pub balance: Cents,
    /// How much of that is held.
    pub held: Cents,
    /// Everything that came in and went out.
    pub totals: Totals,
    /// The open holds.
    pub holds: Vec<Hold>,
}

impl View {
    /// What can be taken now.
    #[must_use]
    pub fn available(&self) -> Cents {
        self.balance.minus(self.held).unwrap_or(Cents::ZERO)
    }
}

impl Voucher {
    /// A voucher of which nothing is known yet.
    #[must_use]
    pub const fn new(id: VoucherId) -> Self {
        Self { id, seq: 0, decided_at: Timestamp::EPOCH, issued: None, outcomes: Outcomes::new() }
    }

    /// Which voucher it is.
    #[must_use]
    pub const fn id(&self) -> VoucherId {
        self.id
    }

    /// The place of its latest fact; zero before the first.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// What became of an attempt.
    #[must_use]
    pub fn outcome(&self, key: OpKey) -> Option<&Outcome> {
        self.outcomes.get(key)
    }

    /// What others may see; `None` before it is issued.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        let issued = self.issued.as_ref()?;
        Some(View {
            id: self.id,
            voucher_seq: self.seq,
            municipality: issued.municipality,
            programme: issued.programme,
            life: issued.life,
            valid_from: issued.valid_from,
            expires_at: issued.expires_at,
            generation: issued.generation,
            has_pin: issued.pin.is_some(),
            balance: issued.balance,
            held: issued.held(),
            totals: issued.totals,
            holds: issued.holds.clone(),
        })
    }
}

impl Issued {
    /// The sum of the open holds, which never exceeds the balance.
    pub fn held(&self) -> Cents {
        self.holds.iter().fold(Cents::ZERO, |sum, hold| sum.plus(hold.amount).unwrap_or(Cents::MAX))
    }

    /// What can be taken now.
    pub fn available(&self) -> Cents {
        self.balance.minus(self.held()).unwrap_or(Cents::ZERO)
    }

    pub fn hold(&self, operation: OperationId) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.operation == operation)
    }
}
