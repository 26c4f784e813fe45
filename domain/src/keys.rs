//! Fingerprints that stand for what must not be stored: keys chosen by callers, request bodies, PINs.

use crate::ids::{ShopId, VoucherId};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use uuid::Uuid;

/// A key that belongs to one purpose, so that equal inputs of two purposes have nothing in common.
/// Derived once: deriving costs more than hashing what it is used for.
type Purpose = LazyLock<[u8; 32]>;

static SHOP: Purpose = LazyLock::new(|| blake3::derive_key("buono 2026 op-key shop", &[]));
static OTHER: Purpose = LazyLock::new(|| blake3::derive_key("buono 2026 op-key other", &[]));
static SYSTEM: Purpose = LazyLock::new(|| blake3::derive_key("buono 2026 op-key system", &[]));
static REQUEST: Purpose = LazyLock::new(|| blake3::derive_key("buono 2026 request", &[]));

/// The first sixteen bytes of a BLAKE3 hash over length-prefixed parts, for one purpose.
fn fingerprint(purpose: &Purpose, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_keyed(purpose);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes
}

/// Names one attempt to do something, however often it is sent.
///
/// Made from the caller and its `Idempotency-Key`. The key itself is never kept: it is free text,
/// and a till could put a name into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpKey(pub [u8; 16]);

impl OpKey {
    /// The key of a shop. All terminals of a shop share one space of keys, so that a second till
    /// can ask what became of the first one's payment.
    #[must_use]
    pub fn of_shop(shop: ShopId, key: &str) -> Self {
        Self(fingerprint(&SHOP, &[shop.uuid().as_bytes(), key.as_bytes()]))
    }

    /// The key of anyone else: a member of staff, an import, the holder.
    #[must_use]
    pub fn of(caller: Uuid, key: &str) -> Self {
        Self(fingerprint(&OTHER, &[caller.as_bytes(), key.as_bytes()]))
    }

    /// The key of something the system does once to a voucher, such as its expiry.
    #[must_use]
    pub fn of_system(voucher: VoucherId, purpose: &str) -> Self {
        Self(fingerprint(&SYSTEM, &[voucher.uuid().as_bytes(), purpose.as_bytes()]))
    }
}

/// Stands for the body of a request: the same key with another body is a mistake of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestHash(pub [u8; 16]);

impl RequestHash {
    /// Over the request's parts in a fixed order; each is length-prefixed, so none can run into the next.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        Self(fingerprint(&REQUEST, parts))
    }
}

/// What is kept of a PIN: a keyed hash made at the edge, useless without the installation's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinTag(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(RequestHash::of(&[b"ab", b"c"]), RequestHash::of(&[b"a", b"bc"]));
    }

    #[test]
    fn two_shops_may_choose_the_same_key() {
        let (a, b) = (ShopId::new(Uuid::from_u128(1)), ShopId::new(Uuid::from_u128(2)));
        assert_ne!(OpKey::of_shop(a, "till-1"), OpKey::of_shop(b, "till-1"));
        assert_ne!(OpKey::of_shop(a, "till-1"), OpKey::of(a.uuid(), "till-1"));
    }
}
