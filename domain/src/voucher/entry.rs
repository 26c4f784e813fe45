//! What has happened to vouchers.

use crate::cents::Cents;
use crate::clock::Timestamp;
use crate::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use crate::keys::{OpKey, PinTag, RequestHash};
use serde::{Deserialize, Serialize};

/// One decided fact about one voucher: the body of a journal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose fact it is.
    pub voucher: VoucherId,
    /// Dense over the voucher's life, from 1.
    pub voucher_seq: u64,
    /// The tenant, so that no reader has to look it up.
    pub municipality: MunicipalityId,
    /// The id that callers know this operation by.
    pub operation: OperationId,
    /// Who asked.
    pub origin: Origin,
    /// Which attempt this answers.
    pub key: OpKey,
    /// What exactly was asked.
    pub request_hash: RequestHash,
    /// Later than every earlier fact about the voucher, even if the clock jumped back.
    pub decided_at: Timestamp,
    /// What the voucher was worth afterwards, holds included.
    pub balance_after: Cents,
    /// How much of that was held.
    pub held_after: Cents,
    /// What happened.
    pub event: Event,
}

/// Who asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// A shop's till.
    Till {
        /// Whose till.
        shop: ShopId,
        /// Which one.
        terminal: TerminalId,
    },
    /// A member of staff.
    Staff(UserId),
    /// The voucher's holder.
    Holder,
    /// Buono itself: expiry, time-outs.
    System,
}

impl Origin {
    /// The shop, if a till asked.
    #[must_use]
    pub const fn shop(&self) -> Option<ShopId> {
        match self {
            Self::Till { shop, .. } => Some(*shop),
            Self::Staff(_) | Self::Holder | Self::System => None,
        }
    }

    /// The till itself, if one asked.
    #[must_use]
    pub const fn terminal(&self) -> Option<TerminalId> {
        match self {
            Self::Till { terminal, .. } => Some(*terminal),
            Self::Staff(_) | Self::Holder | Self::System => None,
        }
    }

    /// The member of staff, if one asked.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Staff(user) => Some(*user),
            Self::Till { .. } | Self::Holder | Self::System => None,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The voucher came to be.
    Issue {
        /// The programme that pays.
        programme: ProgrammeId,
        /// What it is worth at first.
        amount: Cents,
        /// Not spendable before.
        valid_from: Timestamp,
        /// The last instant it can be spent.
        expires_at: Timestamp,
        /// The holder's PIN, if there is one.
        pin: Option<PinTag>,
    },
    /// More money.
    TopUp {
        /// How much.
        amount: Cents,
    },
    /// A shop took money.
    Redeem {
        /// How much.
        amount: Cents,
    },
    /// Money that a shop had taken came back.
    Reverse {
        /// The key of the redemption or capture.
        target: OpKey,
        /// Its id.
        target_operation: OperationId,
        /// How much of it.
        amount: Cents,
    },
    /// A shop set money aside.
    Hold {
        /// How much.
        amount: Cents,
        /// When it lets go by itself.
        until: Timestamp,
    },
    /// A shop took a hold, or part of it; the rest is free again.
    Capture {
        /// The hold's operation.
        hold: OperationId,
        /// How much was taken.
        amount: Cents,
    },
    /// A hold let go.
    Release {
        /// The hold's operation.
        hold: OperationId,
        /// Why.
        cause: ReleaseCause,
    },
    /// The voucher can no longer be spent.
    Block {
        /// Why.
        reason: Reason,
    },
    /// It can again.
    Unblock,
    /// New code and link; the old ones are void.
    Reissue {
        /// Counts the codes, from 1.
        generation: u32,
        /// The PIN from now on.
        pin: Option<PinTag>,
    },
    /// Another last instant.
    ChangeExpiry {
        /// The last instant from now on.
        expires_at: Timestamp,
    },
    /// Time ran out and what was left went back to the programme.
    Expire {
        /// What was left.
        amount: Cents,
    },
    /// The municipality ended it and what was left went back to the programme.
    Close {
        /// What was left.
        amount: Cents,
        /// Why.
        reason: Reason,
    },
    /// Something was refused, for ever, under its key.
    Decline {
        /// Why.
        decline: Decline,
        /// What was asked.
        attempted: Kind,
        /// How much was asked.
        amount: Cents,
    },
}

impl Event {
    /// Which kind of event it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Issue { .. } => Kind::Issue,
            Self::TopUp { .. } => Kind::TopUp,
            Self::Redeem { .. } => Kind::Redeem,
            Self::Reverse { .. } => Kind::Reverse,
            Self::Hold { .. } => Kind::Hold,
            Self::Capture { .. } => Kind::Capture,
            Self::Release { .. } => Kind::Release,
            Self::Block { .. } => Kind::Block,
            Self::Unblock => Kind::Unblock,
            Self::Reissue { .. } => Kind::Reissue,
            Self::ChangeExpiry { .. } => Kind::ChangeExpiry,
            Self::Expire { .. } => Kind::Expire,
            Self::Close { .. } => Kind::Close,
            Self::Decline { .. } => Kind::Decline,
        }
    }

    /// Why nothing happened, if so.
    #[must_use]
    pub const fn decline(&self) -> Option<Decline> {
        match self {
            Self::Decline { decline, .. } => Some(*decline),
            _ => None,
        }
    }

    /// The operation that it undoes, takes or lets go.
    #[must_use]
    pub const fn target(&self) -> Option<OperationId> {
        match self {
            Self::Reverse { target_operation: target, .. }
            | Self::Capture { hold: target, .. }
            | Self::Release { hold: target, .. } => Some(*target),
            _ => None,
        }
    }

    /// The money the event is about; zero where it is about none.
    #[must_use]
    pub const fn amount(&self) -> Cents {
        match self {
            Self::Issue { amount, .. }
            | Self::TopUp { amount }
            | Self::Redeem { amount }
            | Self::Reverse { amount, .. }
            | Self::Hold { amount, .. }
            | Self::Capture { amount, .. }
            | Self::Expire { amount }
            | Self::Close { amount, .. }
            | Self::Decline { amount, .. } => *amount,
            Self::Release { .. }
            | Self::Block { .. }
            | Self::Unblock
            | Self::Reissue { .. }
            | Self::ChangeExpiry { .. } => Cents::ZERO,
        }
    }
}

/// Declares a field-less enum with stable names and stable numbers.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant),+ }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number in the journal; never reused for another meaning.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The name in the HTTP interface and the ledger.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The one with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// The one with this name.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

coded! {
    /// The kinds of entries.
    Kind {
        /// The voucher came to be.
        Issue = 1 "issue",
        /// More money.
        TopUp = 2 "top_up",
        /// A shop took money.
        Redeem = 3 "redeem",
        /// Taken money came back.
        Reverse = 4 "reverse",
        /// Money set aside.
        Hold = 5 "hold",
        /// Money set aside was taken.
        Capture = 6 "capture",
        /// A hold let go.
        Release = 7 "release",
        /// Not spendable.
        Block = 8 "block",
        /// Spendable again.
        Unblock = 9 "unblock",
        /// New code.
        Reissue = 10 "reissue",
        /// Another last instant.
        ChangeExpiry = 11 "change_expiry",
        /// Time ran out.
        Expire = 12 "expire",
        /// Ended by the municipality.
        Close = 13 "close",
        /// Refused for ever.
        Decline = 14 "decline",
    }
}

coded! {
    /// Why something was refused for ever, in the order in which the reasons are looked at.
    Decline {
        /// The shop is not, or no longer, allowed to take this voucher.
        ShopNotEnabled = 1 "shop_not_enabled",
        /// The programme is suspended or over.
        ProgrammeSuspended = 2 "programme_suspended",
        /// The code was replaced by a new one.
        VoucherReissued = 3 "voucher_reissued",
        /// The municipality ended the voucher.
        VoucherClosed = 4 "voucher_closed",
        /// The voucher is blocked.
        VoucherBlocked = 5 "voucher_blocked",
        /// Too early.
        VoucherNotYetValid = 6 "voucher_not_yet_valid",
        /// Too late.
        VoucherExpired = 7 "voucher_expired",
        /// Too many uses or too many wrong PINs today.
        Velocity = 8 "velocity",
        /// This amount needs the PIN.
        PinRequired = 9 "pin_required",
        /// Not the PIN.
        PinWrong = 10 "pin_wrong",
        /// More than the programme allows at once or in a day.
        AmountOverLimit = 11 "amount_over_limit",
        /// More than there is.
        InsufficientBalance = 12 "insufficient_balance",
    }
}

coded! {
    /// Why a hold let go.
    ReleaseCause {
        /// The shop let go.
        Shop = 1 "shop",
        /// Its time ran out.
        TimedOut = 2 "timed_out",
    }
}

coded! {
    /// Why a voucher was blocked or closed.
    Reason {
        /// The holder lost it.
        LostByHolder = 1 "lost_by_holder",
        /// Staff suspect misuse.
        Suspicion = 2 "suspicion",
        /// The right to it ended.
        NotEntitled = 3 "not_entitled",
        /// The import that made it was undone.
        ImportUndone = 4 "import_undone",
        /// Anything else; the audit log says what.
        Other = 5 "other",
    }
}
