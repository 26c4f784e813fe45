//! What a few batches mean for the ledger: the rows of every table, worked out before the transaction.

use super::super::outbox::counterpart;
use super::super::rows::{Rows, Table, Value};
use super::{ProjectError, Projected, contradiction, signed};
use crate::journal::{Batch, Head};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::record::Body;
use domain::voucher::{Decline, Entry, Event};
use std::collections::BTreeMap;
use std::sync::Arc;

static OPERATIONS: Table = Table {
    before: "INSERT INTO operation (id, partition_id, seq, voucher_id, voucher_seq, municipality_id, kind,
        shop_id, terminal_id, user_id, op_key, amount_cents, balance_after_cents, held_after_cents, decided_at, decline,
        target_id, reversed_cents, record)",
    after: "",
    width: 19,
    each_row_counts: true,
};
/// Where operations are kept by month: what may be there once, over all months.
static KEYS: Table = Table {
    before: "INSERT INTO operation_key (partition_id, seq, id, voucher_id, voucher_seq, op_key, decided_at)",
    after: "",
    width: 7,
    each_row_counts: true,
};
static ISSUED: Table = Table {
    before: "INSERT INTO voucher (id, municipality_id, programme_id, status, voucher_seq, generation, valid_from,
        expires_at, balance_cents, held_cents, issued_cents, topped_up_cents, redeemed_cents, reversed_cents,
        expired_cents, issued_at, updated_at)",
    after: "",
    width: 17,
    each_row_counts: true,
};
static CHANGED: Table = Table {
    before: "WITH change (id, before, voucher_seq, balance, held, topped_up, redeemed, reversed, expired, at,
        status, generation, expires_at) AS (",
    after: ") UPDATE voucher SET voucher_seq = change.voucher_seq, balance_cents = change.balance,
        held_cents = change.held, topped_up_cents = topped_up_cents + change.topped_up,
        redeemed_cents = redeemed_cents + change.redeemed, reversed_cents = reversed_cents + change.reversed,
        expired_cents = expired_cents + change.expired, updated_at = change.at,
        status = COALESCE(change.status, voucher.status), generation = COALESCE(change.generation, voucher.generation),
        expires_at = COALESCE(change.expires_at, voucher.expires_at)
        FROM change WHERE voucher.id = change.id AND voucher.voucher_seq = change.before",
    width: 13,
    each_row_counts: true,
};
static REVERSED: Table = Table {
    before: "WITH reversal (id, amount) AS (",
    after: ") UPDATE operation SET reversed_cents = reversed_cents + reversal.amount FROM reversal
        WHERE operation.id = reversal.id AND reversed_cents + reversal.amount <= amount_cents",
    width: 2,
    each_row_counts: true,
};
static HELD: Table = Table {
    before: "INSERT INTO open_hold (operation_id, voucher_id, until_at)",
    after: "",
    width: 3,
    each_row_counts: true,
};
static LET_GO: Table = Table {
    before: "WITH gone (id) AS (",
    after: ") DELETE FROM open_hold WHERE operation_id IN (SELECT id FROM gone)",
    width: 1,
    each_row_counts: true,
};
/// Nobody is told who has no address, and of a purchase only where the programme says so. What waits does so for as long as
/// an import can be undone.
static MESSAGES: Table = Table {
    before: "WITH message (id, voucher_id, template, waits, at) AS (",
    after: ") INSERT INTO outbox (id, municipality_id, voucher_id, template, status, attempts, not_before, created_at)
        SELECT message.id, voucher.municipality_id, voucher.id, message.template, 'pending', 0,
            message.at + message.waits * link_delay_seconds * 1000000, message.at
        FROM message JOIN voucher ON voucher.id = message.voucher_id
            JOIN programme ON programme.id = voucher.programme_id
            JOIN holder ON holder.voucher_id = voucher.id
        WHERE holder.channel <> 'paper' AND (message.template = 'voucher_link' OR message_after_purchase = 1)",
    width: 5,
    each_row_counts: false,
};
/// A link that waits when another one comes would say the same: what is written says what is in force when it goes.
static SUPERSEDED: Table = Table {
    before: "WITH renewed (voucher, message) AS (",
    after: ") UPDATE outbox SET status = 'suppressed' FROM renewed WHERE outbox.voucher_id = renewed.voucher
        AND outbox.template = 'voucher_link' AND outbox.status = 'pending' AND outbox.id <> renewed.message",
    width: 2,
    each_row_counts: false,
};

/// All that happened to one voucher within a step.
struct Change {
    before: u64,
    next: u64,
    last: Entry,
    topped_up: i64,
    redeemed: i64,
    reversed: i64,
    expired: i64,
    status: Option<&'static str>,
    generation: Option<i64>,
    expires_at: Option<i64>,
}

impl Change {
    fn new(entry: &Entry) -> Self {
        Self {
            before: entry.voucher_seq - 1,
            next: entry.voucher_seq,
            last: *entry,
            topped_up: 0,
            redeemed: 0,
            reversed: 0,
            expired: 0,
            status: None,
            generation: None,
            expires_at: None,
        }
    }

    /// Whether the fact is the voucher's next one.
    fn add(&mut self, entry: &Entry) -> bool {
        let follows = entry.voucher_seq == self.next;
        (self.last, self.next) = (*entry, entry.voucher_seq + 1);
        match entry.event {
            Event::TopUp { amount } => self.topped_up += amount.get(),
            Event::Redeem { amount } | Event::Capture { amount, .. } => self.redeemed += amount.get(),
            Event::Reverse { amount, .. } => self.reversed += amount.get(),
            Event::Expire { amount } => (self.expired, self.status) = (self.expired + amount.get(), Some("expired")),
            Event::Close { amount, .. } => (self.expired, self.status) = (self.expired + amount.get(), Some("closed")),
            Event::Block { .. } => self.status = Some("blocked"),
            Event::Unblock => self.status = Some("active"),
            Event::Reissue { generation, .. } => self.generation = Some(i64::from(generation)),
            Event::ChangeExpiry { expires_at } => self.expires_at = Some(expires_at.micros()),
            Event::Issue { .. } | Event::Hold { .. } | Event::Release { .. } | Event::Decline { .. } => {}
        }
        follows
    }

    fn row<'a>(&self) -> [Value<'a>; 13] {
        [
            self.last.voucher.uuid().into(),
            signed(self.before).into(),
            signed(self.last.voucher_seq).into(),
            self.last.balance_after.get().into(),
            self.last.held_after.get().into(),
            self.topped_up.into(),
            self.redeemed.into(),
            self.reversed.into(),
            self.expired.into(),
            self.last.decided_at.micros().into(),
            Value::Text(self.status),
            Value::Number(self.generation),
            Value::Number(self.expires_at),
        ]
    }
}

/// One step of the projector.
pub(super) struct Step<'a> {
    /// Where the ledger will be after it.
    pub head: Head,
    entries: Vec<(u64, Entry, &'a [u8])>,
    changes: BTreeMap<VoucherId, Change>,
}

impl<'a> Step<'a> {
    /// Reads the batches, which must follow `from` and each other.
    pub(super) fn gather(from: &Head, batches: &'a [Arc<Batch>]) -> Result<Self, ProjectError> {
        let mut step = Self { head: *from, entries: Vec::new(), changes: BTreeMap::new() };
        for batch in batches {
            batch.follows(&step.head).map_err(|error| contradiction(batch.first_seq(), &error))?;
            step.head = batch.head();
            for (index, record) in batch.records().iter().enumerate() {
                if let Body::Entry(entry) = record.body {
                    let change = step.changes.entry(entry.voucher).or_insert_with(|| Change::new(&entry));
                    if !change.add(&entry) {
                        let why = format!("fact {} of {} is out of order", entry.voucher_seq, entry.voucher);
                        return Err(contradiction(record.seq, &why));
                    }
                    step.entries.push((record.seq, entry, batch.record_bytes(index)));
                }
            }
        }
        Ok(step)
    }

    /// The rows, in the order in which the tables need them: a voucher is there before it changes, an
    /// operation before it is reversed, a hold before it goes, a link before it is superseded.
    pub(super) fn tables(&self, partition: PartitionId, by_month: bool) -> [Rows<'_>; 9] {
        let mut keys = Rows::new(&KEYS);
        let mut operations = Rows::new(&OPERATIONS);
        let mut issued = Rows::new(&ISSUED);
        let mut changed = Rows::new(&CHANGED);
        let mut held = Rows::new(&HELD);
        let mut let_go = Rows::new(&LET_GO);
        let mut messages = Rows::new(&MESSAGES);
        // one row for each target: a statement changes a row once, however often it is named
        let mut reversals: BTreeMap<OperationId, i64> = BTreeMap::new();
        let mut renewed: BTreeMap<VoucherId, OperationId> = BTreeMap::new();
        for (seq, entry, bytes) in &self.entries {
            if by_month {
                keys.push(key_row(partition, *seq, entry));
            }
            operations.push(operation_row(partition, *seq, entry, bytes));
            match entry.event {
                Event::Issue { programme, amount, valid_from, expires_at, .. } => {
                    issued.push(issued_row(entry, programme, amount, [valid_from, expires_at]));
                }
                Event::Reverse { target_operation, amount, .. } => {
                    *reversals.entry(target_operation).or_default() += amount.get();
                }
                Event::Reissue { .. } => drop(renewed.insert(entry.voucher, entry.operation)),
                Event::Hold { until, .. } => {
                    held.push([entry.operation.uuid().into(), entry.voucher.uuid().into(), until.micros().into()]);
                }
                Event::Capture { hold, .. } | Event::Release { hold, .. } => let_go.push([hold.uuid().into()]),
                _ => {}
            }
            if let Some(template) = template(&entry.event) {
                messages.push([
                    counterpart(entry.operation.uuid()).into(),
                    entry.voucher.uuid().into(),
                    Value::Text(Some(template)),
                    i64::from(waits(&entry.event)).into(),
                    entry.decided_at.micros().into(),
                ]);
            }
        }
        for change in self.changes.values() {
            changed.push(change.row());
        }
        let mut reversed = Rows::new(&REVERSED);
        for (target, amount) in reversals {
            reversed.push([target.uuid().into(), amount.into()]);
        }
        let mut superseded = Rows::new(&SUPERSEDED);
        for (voucher, reissue) in renewed {
            superseded.push([voucher.uuid().into(), counterpart(reissue.uuid()).into()]);
        }
        [keys, operations, issued, changed, reversed, held, let_go, messages, superseded]
    }

    /// What the step wrote.
    pub(super) fn projected(&self) -> Projected {
        Projected { seq: self.head.seq, records: self.entries.len() }
    }
}

fn operation_row<'a>(partition: PartitionId, seq: u64, entry: &'a Entry, record: &'a [u8]) -> [Value<'a>; 19] {
    [
        entry.operation.uuid().into(),
        i64::from(partition.0).into(),
        signed(seq).into(),
        entry.voucher.uuid().into(),
        signed(entry.voucher_seq).into(),
        entry.municipality.uuid().into(),
        Value::Text(Some(entry.event.kind().code())),
        Value::Id(entry.origin.shop().map(ShopId::uuid)),
        Value::Id(entry.origin.terminal().map(TerminalId::uuid)),
        Value::Id(entry.origin.user().map(UserId::uuid)),
        Value::Bytes(&entry.key.0),
        entry.event.amount().get().into(),
        entry.balance_after.get().into(),
        entry.held_after.get().into(),
        entry.decided_at.micros().into(),
        Value::Text(entry.event.decline().map(Decline::code)),
        Value::Id(entry.event.target().map(OperationId::uuid)),
        Value::from(0),
        Value::Bytes(record),
    ]
}

fn key_row(partition: PartitionId, seq: u64, entry: &Entry) -> [Value<'_>; 7] {
    [
        i64::from(partition.0).into(),
        signed(seq).into(),
        entry.operation.uuid().into(),
        entry.voucher.uuid().into(),
        signed(entry.voucher_seq).into(),
        Value::Bytes(&entry.key.0),
        entry.decided_at.micros().into(),
    ]
}

/// The voucher as it was before its first change, which is its own issue.
fn issued_row<'a>(entry: &Entry, programme: ProgrammeId, amount: Cents, valid: [Timestamp; 2]) -> [Value<'a>; 17] {
    let (zero, decided_at) = (Value::from(0), Value::from(entry.decided_at.micros()));
    [
        entry.voucher.uuid().into(),
        entry.municipality.uuid().into(),
        programme.uuid().into(),
        Value::Text(Some("active")),
        zero,
        Value::from(1),
        valid[0].micros().into(),
        valid[1].micros().into(),
        zero,
        zero,
        amount.get().into(),
        zero,
        zero,
        zero,
        zero,
        decided_at,
        decided_at,
    ]
}

fn template(event: &Event) -> Option<&'static str> {
    match event {
        Event::Redeem { .. } | Event::Capture { .. } => Some("purchase"),
        Event::Reverse { .. } => Some("reversal"),
        Event::Issue { .. } | Event::Reissue { .. } => Some("voucher_link"),
        _ => None,
    }
}

/// Whether its message waits: of a new link somebody stands at the desk and wants it.
const fn waits(event: &Event) -> bool {
    matches!(event, Event::Issue { .. })
}

#[cfg(test)]
mod tests {
    use super::super::super::rows::or_fail;
    use super::*;

    #[test]
    fn no_statement_of_a_step_is_one_that_sqlite_could_take_back_by_itself() {
        let step = Step { head: Head::START, entries: Vec::new(), changes: BTreeMap::new() };
        for rows in step.tables(PartitionId(0), true) {
            let words = [rows.table.before, rows.table.after].concat();
            let said = [rows.table.before, rows.table.after].map(or_fail).concat();
            let verb = ["INSERT", "UPDATE", "DELETE"].into_iter().find(|verb| words.contains(verb));
            let expected = match verb {
                // it breaks no rule of a table
                Some("DELETE") => words.clone(),
                Some(verb) => words.replacen(verb, &format!("{verb} OR FAIL"), 1),
                None => panic!("{words}"),
            };
            assert_eq!(said, expected);
        }
    }
}
