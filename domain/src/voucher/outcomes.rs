//! What became of every attempt, by key.

use super::outcome::Outcome;
use crate::keys::OpKey;
use std::collections::BTreeMap;

/// So many attempts are found fastest by looking at each; most vouchers never see more.
const FEW_MAX: usize = 16;

/// What became of every attempt: small for the many vouchers with a few, and without the stalls that
/// a growing hash map has for the one busy voucher with millions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcomes {
    /// In the order in which they came.
    Few(Vec<(OpKey, Outcome)>),
    /// By key.
    Many(BTreeMap<OpKey, Box<Outcome>>),
}

impl Outcomes {
    pub const fn new() -> Self {
        Self::Few(Vec::new())
    }

    pub fn get(&self, key: OpKey) -> Option<&Outcome> {
        match self {
            Self::Few(few) => few.iter().find(|(known, _)| *known == key).map(|(_, outcome)| outcome),
            Self::Many(many) => many.get(&key).map(AsRef::as_ref),
        }
    }

    pub fn get_mut(&mut self, key: OpKey) -> Option<&mut Outcome> {
        match self {
            Self::Few(few) => few.iter_mut().find(|(known, _)| *known == key).map(|(_, outcome)| outcome),
            Self::Many(many) => many.get_mut(&key).map(AsMut::as_mut),
        }
    }

    /// Adds the outcome of a key that has none.
    pub fn insert(&mut self, key: OpKey, outcome: Outcome) {
        match self {
            Self::Few(few) if few.len() < FEW_MAX => {
                // by one: doubling would keep room for payments that never come
                few.reserve_exact(1);
                few.push((key, outcome));
            }
            Self::Few(few) => {
                let mut many: BTreeMap<_, _> = few.drain(..).map(|(key, outcome)| (key, Box::new(outcome))).collect();
                many.insert(key, Box::new(outcome));
                *self = Self::Many(many);
            }
            Self::Many(many) => {
                many.insert(key, Box::new(outcome));
            }
        }
    }
}
