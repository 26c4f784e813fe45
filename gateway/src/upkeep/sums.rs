//! The ledger's vouchers against what their records led to.

use super::{Finding, damaged};
use domain::cents::Cents;
use domain::ids::VoucherId;
use domain::voucher::{View, Voucher};
use std::collections::{BTreeMap, HashMap};
use store::ledger::{Db, VoucherRow};
use uuid::Uuid;

/// Rows read at once.
const PAGE: i64 = 1_000;

/// How a voucher stands, in the columns that its records make.
#[derive(PartialEq, Eq)]
struct Standing {
    municipality: Uuid,
    programme: Uuid,
    seq: u64,
    generation: u64,
    status: String,
    valid_from: i64,
    expires_at: i64,
    /// Balance, held, issued, topped up, redeemed, reversed, expired.
    cents: [i64; 7],
}

impl Standing {
    fn replayed(view: &View) -> Self {
        let totals = view.totals;
        let (issued, topped_up, redeemed) = (totals.issued, totals.topped_up, totals.redeemed);
        let cents = [view.balance, view.held, issued, topped_up, redeemed, totals.reversed, totals.expired];
        Self {
            municipality: view.municipality.uuid(),
            programme: view.programme.uuid(),
            seq: view.voucher_seq,
            generation: view.generation.into(),
            status: view.life.code().to_owned(),
            valid_from: view.valid_from.micros(),
            expires_at: view.expires_at.micros(),
            cents: cents.map(Cents::get),
        }
    }

    fn kept(row: &VoucherRow) -> Self {
        let (balance, held, issued) = (row.balance_cents, row.held_cents, row.issued_cents);
        let (topped_up, redeemed) = (row.topped_up_cents, row.redeemed_cents);
        Self {
            municipality: row.municipality_id,
            programme: row.programme_id,
            seq: row.voucher_seq.unsigned_abs(),
            generation: row.generation.unsigned_abs(),
            status: row.status.clone(),
            valid_from: row.valid_from,
            expires_at: row.expires_at,
            cents: [balance, held, issued, topped_up, redeemed, row.reversed_cents, row.expired_cents],
        }
    }
}

/// How all vouchers stand at the checkpoints.
#[derive(Default)]
pub(super) struct Sums {
    expected: HashMap<Uuid, Standing>,
    /// Open holds: of which voucher, and until when, microseconds.
    holds: BTreeMap<Uuid, (Uuid, i64)>,
    /// Operations that were held to their records.
    operations: u64,
}

impl Sums {
    /// Takes over how many rows of a partition have their records.
    pub const fn count(&mut self, operations: u64) {
        self.operations += operations;
    }

    /// No operation is there that no record made: what a shop claims is summed over all of them.
    pub async fn check_operations(&self, db: &Db) -> Result<(), Finding> {
        let [rows, keys, fitting] = db.operation_counts().await?;
        let expected = self.operations;
        for (what, found) in
            [("operation", rows), ("operation_key", keys), ("operation_key, like their operations,", fitting)]
        {
            if found != expected {
                return Err(damaged(format!(
                    "the ledger's table {what} has {found} rows, and {expected} records were made into rows"
                )));
            }
        }
        Ok(())
    }

    /// Takes over a partition's vouchers as they are at its checkpoint.
    pub fn take(&mut self, vouchers: &HashMap<VoucherId, Voucher>) {
        let views = vouchers.values().filter_map(Voucher::view);
        for view in views {
            let voucher = view.id.uuid();
            let holds = view.holds.iter().map(|hold| (hold.operation.uuid(), (voucher, hold.until.micros())));
            self.holds.extend(holds);
            self.expected.insert(voucher, Standing::replayed(&view));
        }
    }

    /// Each hold that is open is there, and no other: what is not there is never let go.
    pub async fn check_holds(&self, db: &Db) -> Result<(), Finding> {
        let found: BTreeMap<_, _> =
            db.open_holds().await?.into_iter().map(|(id, of, until)| (id, (of, until))).collect();
        let wrong = |id: &&Uuid| found.get(*id) != self.holds.get(*id);
        match found.keys().chain(self.holds.keys()).find(wrong) {
            Some(hold) => {
                Err(damaged(format!("hold {hold} is not in the ledger's table open_hold as its records say")))
            }
            None => Ok(()),
        }
    }

    /// Every row is as its records say, and none is missing or too many.
    pub async fn check(mut self, db: &Db) -> Result<usize, Finding> {
        let (mut after, mut count) = (Uuid::nil(), 0);
        loop {
            let rows = db.vouchers_after(after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            (after, count) = (last.id, count + rows.len());
            for row in &rows {
                let expected = self.expected.remove(&row.id);
                let expected = expected.ok_or_else(|| damaged(format!("voucher {} has no records", row.id)))?;
                if Standing::kept(row) != expected {
                    return Err(damaged(format!("voucher {} is not in the ledger as its records say", row.id)));
                }
            }
        }
        match self.expected.keys().next() {
            Some(missing) => Err(damaged(format!("voucher {missing} is not in the ledger"))),
            None => Ok(count),
        }
    }
}
