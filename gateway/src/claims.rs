//! Claims as the shop and the municipality see them: where they are, their lines, and what both wrote about these.

pub mod account;
pub mod document;

use crate::problem::Problem;
use crate::shop::answers::receipt_code;
use crate::state::AppState;
use crate::wire::{Instant, Listed, OperationKind, kind_name, limit};
use data_encoding::HEXLOWER;
use domain::voucher::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::ledger::{ClaimLine, ClaimNote, ClaimRow, Db};
use store::seal::Sealed;
use utoipa::ToSchema;
use uuid::Uuid;

/// Characters of a remark, or of an answer to one, at most.
const NOTE_MAX: usize = 500;

/// What a shop has asked to be paid.
#[derive(Serialize, ToSchema)]
pub struct Claim {
    claim_id: Uuid,
    /// The shop's own count, from 1.
    number: i64,
    #[schema(value_type = ClaimStatus)]
    status: String,
    /// The first operation in it.
    from: Instant,
    /// Operations before this instant, unless they were claimed before.
    through: Instant,
    /// How many lines.
    operations: i64,
    /// What was taken less what was given back.
    amount_cents: i64,
    /// BLAKE3 over the lines: operation id, amount in cents as i64 little-endian, one after the other, by id.
    seal: String,
    sealed_at: Instant,
    /// When the municipality means to pay.
    expected_payment_at: Instant,
    /// When the municipality approved it.
    approved_at: Option<Instant>,
    /// The day on which it paid, from its beginning in Rome.
    paid_at: Option<Instant>,
    /// Under which reference.
    payment_reference: Option<String>,
    /// How many lines the municipality wrote something about.
    remarks: i64,
    /// How many of these the shop has not answered since.
    unanswered: i64,
}

/// Where a claim is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// The shop has asked.
    Sealed,
    /// The municipality has checked it.
    Approved,
    /// The municipality has paid.
    Paid,
}

/// A line of a claim.
#[derive(Serialize, ToSchema)]
pub struct Line {
    operation_id: Uuid,
    #[schema(value_type = OperationKind)]
    kind: &'static str,
    terminal_id: Option<Uuid>,
    /// What the shop is owed for it; negative for what it gave back.
    amount_cents: i64,
    /// To read aloud.
    receipt_code: String,
    decided_at: Instant,
    /// What the municipality wrote about it.
    remark: Option<String>,
    remarked_at: Option<Instant>,
    /// What the shop answered.
    answer: Option<String>,
    answered_at: Option<Instant>,
}

/// Which lines.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinesQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// Only those that the municipality wrote something about.
    #[serde(default)]
    #[param(default = false)]
    remarked: bool,
}

/// Who wrote about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The municipality.
    Remark,
    /// The shop.
    Answer,
}

impl Side {
    /// As the seal knows it: what one wrote is never read as the other's.
    const fn place(self) -> &'static str {
        match self {
            Self::Remark => "claim_remark",
            Self::Answer => "claim_answer",
        }
    }

    /// Seals what one wrote about a line: it may name people.
    ///
    /// # Errors
    /// `bad_request` for a text that says nothing or is too long.
    pub fn seal(self, state: &AppState, operation: Uuid, text: &str) -> Result<Sealed, Problem> {
        let text = crate::wire::text(text, NOTE_MAX, "text")?;
        Ok(state.keys.seal(self.place(), operation, text.as_bytes(), &state.entropy())?)
    }

    fn open(self, state: &AppState, note: &ClaimNote) -> Result<String, Problem> {
        let opened = state.keys.unseal(self.place(), note.operation_id, &note.text)?;
        String::from_utf8(opened).map_err(|_| Problem::new("internal_error"))
    }
}

/// What was written about lines, opened.
type Notes = BTreeMap<(Uuid, Side), (String, Instant)>;

fn opened(state: &AppState, notes: &[ClaimNote]) -> Result<Notes, Problem> {
    let open = |note: &ClaimNote| {
        let side = if note.side == "answer" { Side::Answer } else { Side::Remark };
        Ok(((note.operation_id, side), (side.open(state, note)?, Instant(note.written_at))))
    };
    notes.iter().map(open).collect()
}

impl From<ClaimRow> for Claim {
    fn from(row: ClaimRow) -> Self {
        Self {
            claim_id: row.id,
            number: row.number,
            status: row.status,
            from: Instant(row.from_at),
            through: Instant(row.through_at),
            operations: row.operations,
            amount_cents: row.amount_cents,
            seal: HEXLOWER.encode(&row.seal),
            sealed_at: Instant(row.sealed_at),
            expected_payment_at: Instant(row.expected_at),
            approved_at: row.approved_at.map(Instant),
            paid_at: row.paid_at.map(Instant),
            payment_reference: row.payment_reference,
            remarks: row.remarks,
            unanswered: row.unanswered,
        }
    }
}

impl Line {
    fn of(row: &ClaimLine, notes: &Notes) -> Self {
        let written = |side| notes.get(&(row.operation_id, side)).cloned().unzip();
        let (remark, remarked_at) = written(Side::Remark);
        let (answer, answered_at) = written(Side::Answer);
        Self {
            operation_id: row.operation_id,
            kind: Kind::from_code(&row.kind).map_or("unknown", kind_name),
            terminal_id: row.terminal_id,
            amount_cents: row.amount_cents,
            receipt_code: receipt_code(row.operation_id),
            decided_at: Instant(row.decided_at),
            remark,
            remarked_at,
            answer,
            answered_at,
        }
    }
}

/// A page of a claim's lines, by operation.
///
/// # Errors
/// `bad_request`, or when the ledger does not answer.
pub async fn lines(state: &AppState, db: &Db, claim: Uuid, query: &LinesQuery) -> Result<Listed<Line>, Problem> {
    let (limit, after) = (limit(query.limit)?, query.cursor.unwrap_or_default());
    let rows = match query.remarked {
        true => db.remarked_lines(claim, after, limit).await?,
        false => db.claim_lines(claim, after, limit).await?,
    };
    let notes = match rows.first().zip(rows.last()) {
        Some((first, last)) => db.claim_notes(claim, first.operation_id, last.operation_id).await?,
        None => Vec::new(),
    };
    let notes = opened(state, &notes)?;
    Ok(Listed::page(rows, limit, |row| row.operation_id.to_string(), |row| Line::of(&row, &notes)))
}
