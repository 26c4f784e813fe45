//! From the journal to the ledger: exactly once, in order, one transaction for each step.

use super::db::{Db, Error, in_transaction, on};
use crate::journal::{Batch, Chain, Head};
use domain::ids::{OperationId, PartitionId, VoucherId};
use domain::record::Body;
use domain::voucher::{Entry, Event, Origin};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

pub(super) const STATEMENTS: &[&str] =
    &[CHECKPOINT, ADVANCE, OPERATION, ISSUED, CHANGED, REVERSED, HELD, LET_GO, MESSAGE_PURCHASE, MESSAGE_LINK];

const CHECKPOINT: &str = "SELECT epoch, seq, chain FROM checkpoint WHERE partition_id = $1";
const ADVANCE: &str = "INSERT INTO checkpoint (partition_id, epoch, seq, chain) VALUES ($1, $2, $3, $4)
    ON CONFLICT (partition_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, chain = excluded.chain
    WHERE checkpoint.seq = $5";
const OPERATION: &str = "INSERT INTO operation (id, partition_id, seq, voucher_id, voucher_seq, municipality_id, kind,
        shop_id, terminal_id, user_id, op_key, amount_cents, balance_after_cents, held_after_cents, decided_at, decline,
        target_id, reversed_cents, record)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18)";
const ISSUED: &str =
    "INSERT INTO voucher (id, municipality_id, programme_id, status, voucher_seq, generation, valid_from,
        expires_at, balance_cents, held_cents, issued_cents, topped_up_cents, redeemed_cents, reversed_cents,
        expired_cents, issued_at, updated_at)
    VALUES ($1, $2, $3, 'active', 0, 1, $4, $5, 0, 0, $6, 0, 0, 0, 0, $7, $7)";
const CHANGED: &str = "UPDATE voucher SET voucher_seq = $2, balance_cents = $3, held_cents = $4,
        topped_up_cents = topped_up_cents + $5, redeemed_cents = redeemed_cents + $6,
        reversed_cents = reversed_cents + $7, expired_cents = expired_cents + $8, updated_at = $9,
        status = COALESCE($10, status), generation = COALESCE($11, generation), expires_at = COALESCE($12, expires_at)
    WHERE id = $1 AND voucher_seq = $13";
const REVERSED: &str = "UPDATE operation SET reversed_cents = reversed_cents + $2
    WHERE id = $1 AND reversed_cents + $2 <= amount_cents";
const HELD: &str = "INSERT INTO open_hold (operation_id, voucher_id, until_at) VALUES ($1, $2, $3)";
const LET_GO: &str = "DELETE FROM open_hold WHERE operation_id = $1";
const MESSAGE_PURCHASE: &str =
    "INSERT INTO outbox (id, municipality_id, voucher_id, template, status, attempts, not_before, created_at)
    SELECT $1, v.municipality_id, v.id, $3, 'pending', 0, $4, $4
    FROM voucher v JOIN programme p ON p.id = v.programme_id JOIN holder h ON h.voucher_id = v.id
    WHERE v.id = $2 AND p.message_after_purchase = 1 AND h.channel <> 'paper'";
const MESSAGE_LINK: &str =
    "INSERT INTO outbox (id, municipality_id, voucher_id, template, status, attempts, not_before, created_at)
    SELECT $1, v.municipality_id, v.id, 'voucher_link', 'pending', 0, $3 + p.link_delay_seconds * 1000000, $3
    FROM voucher v JOIN programme p ON p.id = v.programme_id JOIN holder h ON h.voucher_id = v.id
    WHERE v.id = $2 AND h.channel <> 'paper'";

/// What a step wrote.
#[derive(Clone, Debug, Default)]
pub struct Projected {
    /// The ledger's new end.
    pub seq: u64,
    /// How many records.
    pub records: usize,
    /// The vouchers that changed, with the place of their latest fact.
    pub vouchers: Vec<(VoucherId, u64)>,
}

/// Why a step was not written.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Somebody else was faster: ask for the checkpoint again.
    #[error("the checkpoint has moved")]
    Moved,
    /// The records contradict the ledger or each other. Projection stops; nothing is skipped.
    #[error("record {seq} contradicts the ledger: {why}")]
    Contradiction {
        /// Near which record.
        seq: u64,
        /// What does not fit.
        why: String,
    },
    /// The ledger did not answer. Whether the step was written is not known: ask for the checkpoint.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl From<sqlx::Error> for ProjectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// All that happened to one voucher within a step.
struct Change {
    before: u64,
    last: Entry,
    issue: Option<Entry>,
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
            last: *entry,
            issue: None,
            topped_up: 0,
            redeemed: 0,
            reversed: 0,
            expired: 0,
            status: None,
            generation: None,
            expires_at: None,
        }
    }

    fn add(&mut self, entry: &Entry) {
        self.last = *entry;
        match entry.event {
            Event::Issue { .. } => self.issue = Some(*entry),
            Event::TopUp { amount } => self.topped_up += amount.get(),
            Event::Redeem { amount } | Event::Capture { amount, .. } => self.redeemed += amount.get(),
            Event::Reverse { amount, .. } => self.reversed += amount.get(),
            Event::Expire { amount } => (self.expired, self.status) = (self.expired + amount.get(), Some("expired")),
            Event::Close { amount, .. } => (self.expired, self.status) = (self.expired + amount.get(), Some("closed")),
            Event::Block { .. } => self.status = Some("blocked"),
            Event::Unblock => self.status = Some("active"),
            Event::Reissue { generation, .. } => self.generation = Some(i64::from(generation)),
            Event::ChangeExpiry { expires_at } => self.expires_at = Some(expires_at.micros()),
            Event::Hold { .. } | Event::Release { .. } | Event::Decline { .. } => {}
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A message's id follows from the operation's, so that a step written twice could not send twice.
fn message_id(operation: OperationId) -> Uuid {
    let mut bytes = operation.uuid().into_bytes();
    bytes[15] ^= 0x5a;
    Uuid::from_bytes(bytes)
}

fn template(event: &Event) -> Option<&'static str> {
    match event {
        Event::Redeem { .. } | Event::Capture { .. } => Some("purchase"),
        Event::Reverse { .. } => Some("reversal"),
        _ => None,
    }
}

impl Db {
    /// The last record that the ledger holds of a partition.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoint(&self, partition: PartitionId) -> Result<Head, Error> {
        let row: Option<(i64, i64, Vec<u8>)> =
            on!(self, |pool| sqlx::query_as(CHECKPOINT).bind(i64::from(partition.0)).fetch_optional(pool).await)?;
        let Some((epoch, seq, chain)) = row else {
            return Ok(Head::START);
        };
        let chain = Chain::try_from(chain).map_err(|_| Error::Corrupt("checkpoint chain".into()))?;
        Ok(Head { epoch: epoch.unsigned_abs(), seq: seq.unsigned_abs(), chain })
    }

    /// Writes the batches that follow `from`, all or nothing, and moves the checkpoint with them.
    ///
    /// # Errors
    /// [`ProjectError`]; after [`ProjectError::Ledger`] ask for the checkpoint before going on.
    #[allow(clippy::too_many_lines, reason = "one transaction, written once for both databases by a macro")]
    pub async fn project(
        &self,
        partition: PartitionId,
        from: &Head,
        batches: &[Arc<Batch>],
    ) -> Result<Projected, ProjectError> {
        let mut head = *from;
        let mut changes: BTreeMap<VoucherId, Change> = BTreeMap::new();
        let mut entries: Vec<(u64, Entry, &[u8])> = Vec::new();
        for batch in batches {
            batch.follows(&head).map_err(|error| contradiction(batch.first_seq(), &error))?;
            head = batch.head();
            for index in 0..batch.len() {
                let record = batch.record(index);
                if let Body::Entry(entry) = record.body {
                    let change = changes.entry(entry.voucher).or_insert_with(|| Change::new(&entry));
                    change.add(&entry);
                    entries.push((record.seq, entry, batch.record_bytes(index)));
                }
            }
        }
        let records = entries.len();
        let result: Result<(), ProjectError> = in_transaction!(self, |tx| {
            let moved = sqlx::query(ADVANCE)
                .bind(i64::from(partition.0))
                .bind(signed(head.epoch))
                .bind(signed(head.seq))
                .bind(&head.chain[..])
                .bind(signed(from.seq))
                .execute(&mut *tx)
                .await?;
            if moved.rows_affected() != 1 {
                return Err(ProjectError::Moved);
            }
            for (seq, entry, bytes) in &entries {
                let (shop, terminal, user) = match entry.origin {
                    Origin::Till { shop, terminal } => (Some(shop.uuid()), Some(terminal.uuid()), None),
                    Origin::Staff(user) => (None, None, Some(user.uuid())),
                    Origin::Holder | Origin::System => (None, None, None),
                };
                let (decline, target) = match entry.event {
                    Event::Decline { decline, .. } => (Some(decline.code()), None),
                    Event::Reverse { target_operation, .. } => (None, Some(target_operation.uuid())),
                    Event::Capture { hold, .. } | Event::Release { hold, .. } => (None, Some(hold.uuid())),
                    _ => (None, None),
                };
                sqlx::query(OPERATION)
                    .bind(entry.operation.uuid())
                    .bind(i64::from(partition.0))
                    .bind(signed(*seq))
                    .bind(entry.voucher.uuid())
                    .bind(signed(entry.voucher_seq))
                    .bind(entry.municipality.uuid())
                    .bind(entry.event.kind().code())
                    .bind(shop)
                    .bind(terminal)
                    .bind(user)
                    .bind(&entry.key.0[..])
                    .bind(entry.event.amount().get())
                    .bind(entry.balance_after.get())
                    .bind(entry.held_after.get())
                    .bind(entry.decided_at.micros())
                    .bind(decline)
                    .bind(target)
                    .bind(*bytes)
                    .execute(&mut *tx)
                    .await
                    .map_err(|error| refused(*seq, error))?;
            }
            for (voucher, change) in &changes {
                if let Some(Entry {
                    event: Event::Issue { programme, amount, valid_from, expires_at, .. },
                    municipality,
                    decided_at,
                    ..
                }) = change.issue
                {
                    sqlx::query(ISSUED)
                        .bind(voucher.uuid())
                        .bind(municipality.uuid())
                        .bind(programme.uuid())
                        .bind(valid_from.micros())
                        .bind(expires_at.micros())
                        .bind(amount.get())
                        .bind(decided_at.micros())
                        .execute(&mut *tx)
                        .await?;
                }
                let changed = sqlx::query(CHANGED)
                    .bind(voucher.uuid())
                    .bind(signed(change.last.voucher_seq))
                    .bind(change.last.balance_after.get())
                    .bind(change.last.held_after.get())
                    .bind(change.topped_up)
                    .bind(change.redeemed)
                    .bind(change.reversed)
                    .bind(change.expired)
                    .bind(change.last.decided_at.micros())
                    .bind(change.status)
                    .bind(change.generation)
                    .bind(change.expires_at)
                    .bind(signed(change.before))
                    .execute(&mut *tx)
                    .await?;
                if changed.rows_affected() != 1 {
                    return Err(contradiction(head.seq, &format!("voucher {voucher} is not at {}", change.before)));
                }
            }
            for (seq, entry, _) in &entries {
                match entry.event {
                    Event::Reverse { target_operation, amount, .. } => {
                        let done = sqlx::query(REVERSED)
                            .bind(target_operation.uuid())
                            .bind(amount.get())
                            .execute(&mut *tx)
                            .await?;
                        if done.rows_affected() != 1 {
                            return Err(contradiction(*seq, &"a reversal of more than was taken"));
                        }
                    }
                    Event::Hold { until, .. } => {
                        sqlx::query(HELD)
                            .bind(entry.operation.uuid())
                            .bind(entry.voucher.uuid())
                            .bind(until.micros())
                            .execute(&mut *tx)
                            .await?;
                    }
                    Event::Capture { hold, .. } | Event::Release { hold, .. } => {
                        sqlx::query(LET_GO).bind(hold.uuid()).execute(&mut *tx).await?;
                    }
                    _ => {}
                }
                if let Some(template) = template(&entry.event) {
                    sqlx::query(MESSAGE_PURCHASE)
                        .bind(message_id(entry.operation))
                        .bind(entry.voucher.uuid())
                        .bind(template)
                        .bind(entry.decided_at.micros())
                        .execute(&mut *tx)
                        .await?;
                }
                if matches!(entry.event, Event::Issue { .. } | Event::Reissue { .. }) {
                    sqlx::query(MESSAGE_LINK)
                        .bind(message_id(entry.operation))
                        .bind(entry.voucher.uuid())
                        .bind(entry.decided_at.micros())
                        .execute(&mut *tx)
                        .await?;
                }
            }
        });
        result?;
        let vouchers = changes.iter().map(|(voucher, change)| (*voucher, change.last.voucher_seq)).collect();
        Ok(Projected { seq: head.seq, records, vouchers })
    }
}

/// A row that is there already contradicts the journal; anything else is the database's trouble.
fn refused(seq: u64, error: sqlx::Error) -> ProjectError {
    match Error::from(error) {
        Error::Conflict => contradiction(seq, &"the operation is in the ledger already"),
        other => ProjectError::Ledger(other),
    }
}

fn contradiction(seq: u64, why: &impl std::fmt::Display) -> ProjectError {
    ProjectError::Contradiction { seq, why: why.to_string() }
}
