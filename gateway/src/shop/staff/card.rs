//! What is personal in who works at a till: their name and their PIN, sealed together, so that neither can be read, or
//! tried out, where the ledger is copied.

use crate::edge::SystemEntropy;
use crate::passwords;
use crate::problem::Problem;
use crate::state::AppState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::keys::Keys;
use store::ledger::{Db, StaffRow};
use store::seal::Sealed;
use uuid::Uuid;

const TABLE: &str = "staff";
/// Wrong PINs in a row after which none is looked at for a while.
const WRONG_MAX: i64 = 5;
/// How long that is.
const LOCKED_S: u64 = 5 * 60;

/// What is on somebody's card.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    /// What the shop calls them.
    pub label: String,
    /// The hash of their PIN, if they have one.
    pub pin_hash: Option<String>,
}

/// Four to eight digits.
pub struct Pin(String);

impl Pin {
    /// From what was typed.
    ///
    /// # Errors
    /// `bad_request` with the field.
    pub fn parse(text: &str, field: &str) -> Result<Self, Problem> {
        let good = (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if good { Ok(Self(text.to_owned())) } else { Err(Problem::new("bad_request").with("field", field)) }
    }

    /// As it is kept.
    ///
    /// # Errors
    /// `too_many_requests` while the machine hashes others.
    pub async fn hashed(self, state: &AppState) -> Result<String, Problem> {
        passwords::apart(state.limits.hashing()?, move || passwords::hashed(&self.0)).await?
    }
}

impl Card {
    /// Seals it for its row.
    ///
    /// # Errors
    /// `internal_error`.
    pub fn seal(&self, keys: &Keys, id: Uuid) -> Result<Sealed, Problem> {
        let bytes = serde_json::to_vec(self).map_err(|_| Problem::new("internal_error"))?;
        Ok(keys.seal(TABLE, id, &bytes, &SystemEntropy)?)
    }

    /// Opens that of a row.
    ///
    /// # Errors
    /// `internal_error`.
    pub fn open(keys: &Keys, row: &StaffRow) -> Result<Self, Problem> {
        let bytes = keys.unseal(TABLE, row.id, &row.card)?;
        serde_json::from_slice(&bytes).map_err(|_| Problem::new("internal_error"))
    }

    /// Lets in whoever typed the right PIN, or has none. Tries are counted in the ledger, for all nodes together.
    ///
    /// # Errors
    /// `staff_pin_required`, `staff_pin_wrong`, or `staff_locked` after too many of the latter.
    pub async fn admit(&self, state: &AppState, row: &StaffRow, typed: Option<Pin>) -> Result<(), Problem> {
        let Some(hash) = self.pin_hash.clone() else { return Ok(()) };
        let pin = typed.ok_or(Problem::new("staff_pin_required"))?;
        let permit = state.limits.hashing()?;
        let (db, now) = (state.town(row.municipality_id), state.clock.now());
        let locked_until = now.plus_seconds(LOCKED_S.cast_signed());
        if !db.try_pin(row.id, now.micros(), WRONG_MAX, locked_until.micros()).await? {
            let rest = row.locked_until.map_or(0, |until| (until - now.micros()).unsigned_abs() / 1_000_000);
            return Err(Problem::new("staff_locked").retry_after(rest.clamp(1, LOCKED_S)));
        }
        if passwords::apart(permit, move || passwords::matches(&hash, &pin.0)).await? {
            Ok(db.right_pin(row.id).await?)
        } else {
            Err(Problem::new("staff_pin_wrong"))
        }
    }
}

/// What a shop calls everybody who works or worked there.
///
/// # Errors
/// When the ledger does not answer.
pub async fn names(db: &Db, keys: &Keys, shop: Uuid) -> Result<HashMap<Uuid, String>, Problem> {
    let rows = db.staff_of(shop).await?;
    rows.iter().map(|row| Ok((row.id, Card::open(keys, row)?.label))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits() {
        for good in ["0000", "12345678"] {
            assert!(Pin::parse(good, "pin").is_ok(), "{good}");
        }
        for bad in ["", "123", "123456789", "12a4", "12 4", "１２３４", "-123", "12.4"] {
            assert!(Pin::parse(bad, "pin").is_err(), "{bad}");
        }
    }
}
