//! What a shop is owed for a range of operations.

use super::owed;
use crate::state::AppState;
use domain::clock::Timestamp;
use domain::rome;
use serde::Serialize;
use std::collections::BTreeMap;
use store::ledger::TillHour;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the shop is owed for a range: altogether, for each day in Rome and for each till.
#[derive(Serialize, ToSchema)]
pub(super) struct Totals {
    /// How many operations.
    count: i64,
    /// What was taken less what was given back.
    amount_cents: i64,
    days: Vec<DayTotal>,
    terminals: Vec<TerminalTotal>,
}

#[derive(Serialize, ToSchema)]
struct DayTotal {
    #[schema(format = Date)]
    day: String,
    amount_cents: i64,
}

#[derive(Serialize, ToSchema)]
struct TerminalTotal {
    terminal_id: Uuid,
    /// What the shop calls it; null for one that was revoked.
    label: Option<String>,
    amount_cents: i64,
}

impl Totals {
    pub fn of(state: &AppState, hours: &[TillHour]) -> Self {
        let mut days: BTreeMap<String, i64> = BTreeMap::new();
        let mut tills: BTreeMap<Uuid, i64> = BTreeMap::new();
        for hour in hours {
            let day = rome::date(Timestamp::EPOCH.plus_seconds(hour.hour * 3_600)).to_string();
            let cents = owed(&hour.kind, hour.amount_cents);
            *days.entry(day).or_default() += cents;
            *tills.entry(hour.terminal_id.unwrap_or_default()).or_default() += cents;
        }
        let labels = &state.directory.now().terminal_labels;
        let terminal = |(terminal_id, amount_cents)| {
            let label = labels.get(&terminal_id).cloned();
            TerminalTotal { terminal_id, label, amount_cents }
        };
        Self {
            count: hours.iter().map(|hour| hour.operations).sum(),
            amount_cents: days.values().sum(),
            days: days.into_iter().map(|(day, amount_cents)| DayTotal { day, amount_cents }).collect(),
            terminals: tills.into_iter().map(terminal).collect(),
        }
    }
}
