//! One type for each kind of id, so that a shop is never passed where a voucher is meant.
//!
//! All are UUIDv7: they sort by creation and index well. They are made at the edge and passed in.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name such a thing.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A municipality: the tenant that everything else belongs to.
    MunicipalityId,
    /// A programme of a municipality: its budget, validity and rules.
    ProgrammeId,
    /// A voucher; the pseudonym of its holder everywhere money is written.
    VoucherId,
    /// An affiliated shop.
    ShopId,
    /// A till, phone or tablet of a shop.
    TerminalId,
    /// One thing done to a voucher: a redemption, a hold, a reversal, …
    OperationId,
    /// A person who receives a voucher.
    PersonId,
    /// A member of staff.
    UserId,
    /// An uploaded file.
    ImportId,
    /// A message to a person.
    MessageId,
}

/// An id that follows from another one, of the same instant: whoever repeats a step after a crash
/// finds the ids that the first try made.
#[must_use]
pub fn derived(from: Uuid, purpose: &str, number: u64) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("buono 2026 derived id");
    hasher.update(from.as_bytes()).update(&number.to_le_bytes()).update(purpose.as_bytes());
    let (mut bytes, hash) = (from.into_bytes(), hasher.finalize());
    bytes[6..].copy_from_slice(&hash.as_bytes()[..10]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}

/// One of the fixed number of sequences that vouchers are spread over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionId(pub u16);

impl PartitionId {
    /// The partition of a voucher among `count`, a power of two.
    ///
    /// Only the random end of the UUIDv7 is used, since its start is the time of creation.
    #[must_use]
    pub fn of(voucher: VoucherId, count: u16) -> Self {
        debug_assert!(count.is_power_of_two(), "the number of partitions is a power of two");
        let bytes = voucher.uuid().into_bytes();
        Self(u16::from_le_bytes([bytes[14], bytes[15]]) & (count - 1))
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
