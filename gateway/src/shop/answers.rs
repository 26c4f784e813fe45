//! How outcomes are told to tills: the same body for the first answer and for every replay.

use crate::auth::Till;
use crate::problem::{Problem, declined};
use crate::state::AppState;
use crate::wire::{Instant, OperationKind, kind_name, rfc3339};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use data_encoding::HEXUPPER;
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{OperationId, PartitionId, VoucherId};
use domain::ids::{ShopId, TerminalId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Entry, Event, Kind, Origin, Outcome};
use engine::{Answer, Proof};
use serde::Serialize;
use std::sync::Arc;
use store::journal::Batch;
use store::receipt::Receipt;
use utoipa::ToSchema;
use uuid::Uuid;

/// A guess at the bytes of an answer: the receipt's path grows with the batch.
const OPERATION_LEN_TYPICAL: usize = 1536;

const JSON: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));

/// A recorded operation.
#[derive(Serialize, ToSchema)]
pub struct Operation<'a> {
    /// Its id.
    pub operation_id: Uuid,
    /// `redemption`, `hold`, `capture`, `release`, `reversal` or `top_up`.
    #[schema(value_type = OperationKind)]
    pub kind: &'static str,
    /// The voucher.
    pub voucher_id: Uuid,
    /// The fact's place in the voucher's life.
    pub voucher_seq: u64,
    /// The money it was about.
    pub amount_cents: i64,
    /// What the voucher is worth now, holds included.
    pub balance_cents: i64,
    /// What can be taken now.
    pub available_cents: i64,
    /// To read aloud.
    #[schema(example = "9F3A-77C01B2E")]
    pub receipt_code: String,
    /// When, RFC 3339.
    #[schema(value_type = Instant)]
    pub decided_at: String,
    /// The proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt<'a>>,
}

/// Eight characters that stand for an operation on a paper receipt.
#[must_use]
pub fn receipt_code(operation: Uuid) -> String {
    let (high, low) = operation.as_bytes()[12..].split_at(2);
    let mut code = String::with_capacity(9);
    HEXUPPER.encode_append(high, &mut code);
    code.push('-');
    HEXUPPER.encode_append(low, &mut code);
    code
}

fn operation(
    (id, kind, voucher, voucher_seq): (OperationId, Kind, VoucherId, u64),
    (amount, balance, held): (Cents, Cents, Cents),
    decided_at: Timestamp,
    receipt: Option<Receipt<'_>>,
) -> Operation<'_> {
    Operation {
        operation_id: id.uuid(),
        kind: kind_name(kind),
        voucher_id: voucher.uuid(),
        voucher_seq,
        amount_cents: amount.get(),
        balance_cents: balance.get(),
        available_cents: balance.get() - held.get(),
        receipt_code: receipt_code(id.uuid()),
        decided_at: rfc3339(decided_at),
        receipt,
    }
}

fn of_entry<'a>(entry: &Entry, receipt: Receipt<'a>) -> Operation<'a> {
    operation(
        (entry.operation, entry.event.kind(), entry.voucher, entry.voucher_seq),
        (entry.event.amount(), entry.balance_after, entry.held_after),
        entry.decided_at,
        Some(receipt),
    )
}

/// What a till may learn from an earlier outcome.
pub fn of_outcome<'a>(voucher: VoucherId, outcome: &Outcome, receipt: Option<Receipt<'a>>) -> Operation<'a> {
    operation(
        (outcome.operation, outcome.kind, voucher, outcome.voucher_seq),
        (outcome.amount, outcome.balance_after, outcome.held_after),
        outcome.decided_at,
        receipt,
    )
}

/// A command of a till.
#[must_use]
pub fn command(till: &Till, key: &str, hash: RequestHash, action: Action) -> Command {
    let shop = ShopId::new(till.0.shop.id);
    Command {
        operation: OperationId::new(crate::edge::new_id()),
        origin: Origin::Till { shop, terminal: TerminalId::new(till.0.id) },
        key: OpKey::of_shop(shop, key),
        request_hash: hash,
        action,
    }
}

/// Runs a till's command and tells it what came of it.
///
/// # Errors
/// Any problem of the table.
pub async fn execute(
    state: &AppState,
    voucher: VoucherId,
    command: Command,
    deadline: Timestamp,
) -> Result<HttpResponse, Problem> {
    told(state, voucher, state.vouchers.execute(voucher, command, deadline).await?).await
}

/// Tells whoever asked what came of a command.
///
/// # Errors
/// Any problem of the table.
pub async fn told(state: &AppState, voucher: VoucherId, answer: Answer) -> Result<HttpResponse, Problem> {
    match answer {
        Answer::Recorded { entry, proof } => match entry.event {
            Event::Decline { decline, .. } => {
                let available = entry.balance_after.get() - entry.held_after.get();
                Err(declined(decline, entry.balance_after.get(), available))
            }
            _ => {
                let receipt = match &proof {
                    Proof::Batch(batch, index) => {
                        state.signer.receipt(state.vouchers.partition_of(voucher), batch, *index)
                    }
                    Proof::Receipt(receipt) => Receipt::clone(receipt),
                };
                json(HttpResponse::Created(), &of_entry(&entry, receipt))
            }
        },
        // boxed, since it is rare and would make every answer's future larger
        Answer::Known(outcome) => Box::pin(replay(state, voucher, &outcome)).await,
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::Unchanged | Answer::Viewed(_) | Answer::Durable { .. } => Err(Problem::new("internal_error")),
    }
}

/// The same answer again.
async fn replay(state: &AppState, voucher: VoucherId, outcome: &Outcome) -> Result<HttpResponse, Problem> {
    if let Some(decline) = outcome.decline {
        let available = outcome.balance_after.get() - outcome.held_after.get();
        return Err(declined(decline, outcome.balance_after.get(), available).replayed());
    }
    // the same answer again or none: and it was executed, whoever is asked for its receipt and does not say
    let found = carrier(state, outcome).await.map_err(|_| Problem::new("outcome_unknown"))?;
    let receipt = found.as_ref().map(|(partition, batch, index)| state.signer.receipt(*partition, batch, *index));
    let body = of_outcome(voucher, outcome, receipt);
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("Idempotency-Replayed", "true"));
    json(answer, &body)
}

/// The batch that carries it, unless the journal was trimmed beyond that.
async fn carrier(state: &AppState, outcome: &Outcome) -> Result<Option<(PartitionId, Arc<Batch>, usize)>, Problem> {
    let row = state.operation(outcome.operation.uuid()).await?;
    let partition = PartitionId(u16::try_from(row.partition_id).unwrap_or(0));
    let found = state.batch_of(partition, row.seq.unsigned_abs()).await?;
    Ok(found.map(|(batch, index)| (partition, batch, index)))
}

/// An operation with its receipt: of a length that is known well enough not to grow into it.
fn json(mut answer: HttpResponseBuilder, operation: &Operation<'_>) -> Result<HttpResponse, Problem> {
    let mut body = Vec::with_capacity(OPERATION_LEN_TYPICAL);
    serde_json::to_writer(&mut body, operation).map_err(|_| Problem::new("internal_error"))?;
    Ok(answer.insert_header(JSON).body(body))
}
