//! What a shop is owed for a range of operations.

use super::owed;
use crate::state::AppState;
use domain::clock::Timestamp;
use domain::rome;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use store::ledger::TillHour;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the shop is owed for a range: altogether, for each day in Rome, for each till, and for whoever was there.
#[derive(Serialize, ToSchema)]
pub(super) struct Totals {
    /// How many operations.
    count: u64,
    /// What was taken less what was given back.
    amount_cents: i64,
    days: Vec<DayTotal>,
    terminals: Vec<TerminalTotal>,
    /// Empty where nobody said who was at a till.
    staff: Vec<StaffTotal>,
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

#[derive(Serialize, ToSchema)]
struct StaffTotal {
    /// Null for what is nobody's in particular.
    staff_id: Option<Uuid>,
    /// What the shop calls them.
    label: Option<String>,
    /// How many operations.
    count: u64,
    amount_cents: i64,
}

/// Operations that belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// How many.
    pub count: u64,
    /// What the shop is owed for them.
    pub cents: i64,
}

fn sums<K: Ord>(hours: &[TillHour], key: impl Fn(&TillHour) -> K) -> BTreeMap<K, Sum> {
    let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
    for hour in hours {
        let sum = sums.entry(key(hour)).or_default();
        sum.count += hour.operations.unsigned_abs();
        sum.cents += owed(&hour.kind, hour.amount_cents);
    }
    sums
}

/// For each day in Rome: days begin on the hour there.
pub(super) fn by_day(hours: &[TillHour]) -> BTreeMap<Date, Sum> {
    sums(hours, |hour| rome::date(Timestamp::EPOCH.plus_seconds(hour.hour * 3_600)))
}

/// For each till.
pub(super) fn by_till(hours: &[TillHour]) -> BTreeMap<Option<Uuid>, Sum> {
    sums(hours, |hour| hour.terminal_id)
}

/// For whoever was there.
pub(super) fn by_staff(hours: &[TillHour]) -> BTreeMap<Option<Uuid>, Sum> {
    sums(hours, |hour| hour.staff_id)
}

impl Totals {
    pub fn of(state: &AppState, hours: &[TillHour], names: &HashMap<Uuid, String>) -> Self {
        let (days, tills) = (by_day(hours), by_till(hours));
        let labels = &state.directory.now().terminal_labels;
        let terminal = |(id, sum): (Option<Uuid>, Sum)| {
            let terminal_id = id.unwrap_or_default();
            TerminalTotal { terminal_id, label: labels.get(&terminal_id).cloned(), amount_cents: sum.cents }
        };
        let somebody = hours.iter().any(|hour| hour.staff_id.is_some());
        let staff = |(staff_id, sum): (Option<Uuid>, Sum)| {
            let label = staff_id.and_then(|id| names.get(&id)).cloned();
            StaffTotal { staff_id, label, count: sum.count, amount_cents: sum.cents }
        };
        Self {
            count: days.values().map(|sum| sum.count).sum(),
            amount_cents: days.values().map(|sum| sum.cents).sum(),
            days: days
                .into_iter()
                .map(|(day, sum)| DayTotal { day: day.to_string(), amount_cents: sum.cents })
                .collect(),
            terminals: tills.into_iter().map(terminal).collect(),
            staff: by_staff(hours).into_iter().filter(|_| somebody).map(staff).collect(),
        }
    }
}
