//! What became of an attempt.

use super::entry::{Decline, Entry, Kind};
use crate::cents::Cents;
use crate::clock::Timestamp;
use crate::ids::{OperationId, ShopId};
use crate::keys::RequestHash;
use serde::{Deserialize, Serialize};

/// What became of an attempt; kept under its key for the voucher's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The operation's id.
    pub operation: OperationId,
    /// The fact's place in the voucher's life.
    pub voucher_seq: u64,
    /// What was asked.
    pub request_hash: RequestHash,
    /// The shop that asked, if one did.
    pub shop: Option<ShopId>,
    /// What happened.
    pub kind: Kind,
    /// Why nothing happened, if so.
    pub decline: Option<Decline>,
    /// The money it was about.
    pub amount: Cents,
    /// What the voucher was worth afterwards.
    pub balance_after: Cents,
    /// How much of that was held.
    pub held_after: Cents,
    /// When.
    pub decided_at: Timestamp,
    /// How much of it has been reversed since.
    pub reversed: Cents,
}

impl From<&Entry> for Outcome {
    fn from(entry: &Entry) -> Self {
        Self {
            operation: entry.operation,
            voucher_seq: entry.voucher_seq,
            request_hash: entry.request_hash,
            shop: entry.origin.shop(),
            kind: entry.event.kind(),
            decline: entry.event.decline(),
            amount: entry.event.amount(),
            balance_after: entry.balance_after,
            held_after: entry.held_after,
            decided_at: entry.decided_at,
            reversed: Cents::ZERO,
        }
    }
}
