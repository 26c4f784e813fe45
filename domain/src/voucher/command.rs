//! What can be asked of a voucher.

use super::entry::{Origin, Reason};
use crate::cents::Cents;
use crate::clock::Timestamp;
use crate::ids::{MunicipalityId, OperationId, ProgrammeId};
use crate::keys::{OpKey, PinTag, RequestHash};
use serde::{Deserialize, Serialize};

/// A request, complete: nothing else is needed to decide it but the voucher and the time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Command {
    /// The id the operation gets if it is recorded; made at the edge.
    pub operation: OperationId,
    /// Who asks.
    pub origin: Origin,
    /// Which attempt it is; the same key is answered the same for ever.
    pub key: OpKey,
    /// What exactly is asked; the same key with another hash is refused.
    pub request_hash: RequestHash,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Action {
    /// Bring the voucher into being.
    Issue {
        /// The tenant.
        municipality: MunicipalityId,
        /// The programme that pays.
        programme: ProgrammeId,
        /// What it is worth.
        amount: Cents,
        /// Not spendable before.
        valid_from: Timestamp,
        /// The last instant it can be spent.
        expires_at: Timestamp,
        /// The holder's PIN, if there is one.
        pin: Option<PinTag>,
    },
    /// Add money.
    TopUp {
        /// How much.
        amount: Cents,
    },
    /// Take money.
    Redeem {
        /// How much.
        amount: Cents,
        /// What was shown at the till.
        credential: Credential,
        /// What the programme and the shop's standing allow now.
        terms: Terms,
    },
    /// Set money aside.
    Hold {
        /// How much.
        amount: Cents,
        /// What was shown at the till.
        credential: Credential,
        /// What the programme and the shop's standing allow now.
        terms: Terms,
        /// When it lets go by itself.
        until: Timestamp,
    },
    /// Take a hold.
    Capture {
        /// The hold's operation.
        hold: OperationId,
        /// How much; all of it when absent.
        amount: Option<Cents>,
    },
    /// Let a hold go.
    Release {
        /// The hold's operation.
        hold: OperationId,
    },
    /// Give back what was taken.
    Reverse {
        /// The key of the redemption or capture.
        target: OpKey,
        /// Its id.
        target_operation: OperationId,
        /// How much; all that is left of it when absent.
        amount: Option<Cents>,
        /// The shop's operations up to here are sealed in a claim and can no longer be reversed.
        sealed_through: Option<Timestamp>,
    },
    /// Stop spending.
    Block {
        /// Why.
        reason: Reason,
    },
    /// Allow spending again.
    Unblock,
    /// Void the code and the link and make new ones.
    Reissue {
        /// The PIN from now on; `None` takes it away.
        pin: Option<PinTag>,
    },
    /// Move the last instant.
    ChangeExpiry {
        /// The last instant from now on.
        expires_at: Timestamp,
    },
    /// Give what is left back to the programme because time ran out.
    Expire,
    /// End the voucher and give what is left back to the programme.
    Close {
        /// Why.
        reason: Reason,
    },
}

/// What was shown at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Which of the voucher's codes it was.
    pub generation: u32,
    /// The PIN that was typed.
    pub pin: Option<PinTag>,
}

/// What the programme and the shop's standing allow at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The shop may take vouchers of this programme.
    pub shop_enabled: bool,
    /// The programme is running.
    pub programme_active: bool,
    /// The most that one redemption may take.
    pub per_redemption_max: Option<Cents>,
    /// The most that a day in Rome may take, holds included.
    pub per_day_max: Option<Cents>,
    /// The most redemptions and holds in a day in Rome.
    pub per_day_count_max: Option<u32>,
    /// Above this the PIN is asked, where the voucher has one.
    pub pin_above: Option<Cents>,
}

impl Terms {
    /// No limit at all, for tests and tools.
    pub const OPEN: Self = Self {
        shop_enabled: true,
        programme_active: true,
        per_redemption_max: None,
        per_day_max: None,
        per_day_count_max: None,
        pin_above: None,
    };
}

/// Why a command does nothing and leaves no record.
///
/// Unlike a [`Decline`](super::Decline) nothing has to be remembered: each of these either stays
/// true for ever (a hold that ended does not come back, what was reversed cannot be reversed
/// again), or is told as something to ask for again later (too many holds), or concerns a caller who is not a till waiting
/// with a family in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// There is no such voucher.
    #[error("there is no such voucher")]
    NoSuchVoucher,
    /// The voucher exists already, from another request.
    #[error("the voucher was already issued")]
    AlreadyIssued,
    /// The key was used with another body.
    #[error("the key was used for another request")]
    KeyReused,
    /// Zero, or so much that the voucher could not hold it.
    #[error("the amount is not possible")]
    InvalidAmount,
    /// The first valid instant would come after the last.
    #[error("the validity is empty")]
    InvalidValidity,
    /// No open hold of this shop has that id.
    #[error("there is no such open hold")]
    NoSuchHold,
    /// More than was held.
    #[error("more than was held")]
    CaptureExceedsHold,
    /// As many holds are open as there may be.
    #[error("too many open holds")]
    TooManyHolds,
    /// This shop took nothing under that id.
    #[error("there is no such operation of this shop")]
    NoSuchOperation,
    /// More than is left of what was taken.
    #[error("more than is left to reverse")]
    ReversalExceeds,
    /// The operation is part of a claim.
    #[error("the operation is sealed in a claim")]
    OperationSealed,
    /// The voucher is over.
    #[error("the voucher was closed")]
    VoucherClosed,
    /// The voucher ran out and was emptied.
    #[error("the voucher has expired")]
    VoucherExpired,
    /// Money is still held.
    #[error("money is still held on the voucher")]
    HoldsOpen,
    /// Its last instant has not passed.
    #[error("the voucher has not expired yet")]
    NotYetExpired,
}
