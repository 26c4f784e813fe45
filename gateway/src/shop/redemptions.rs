//! `POST /v1/redemptions`: a shop takes any part of a voucher.

use super::answers::{Operation, command, execute};
use super::deadline::Deadline;
use super::declines;
use super::idempotency::IdempotencyKey;
use super::vouchers::resolve;
use crate::auth::Till;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use actix_web::{HttpResponse, post, web};
use domain::cents::Cents;
use domain::ids::VoucherId;
use domain::keys::RequestHash;
use domain::voucher::{Action, Credential};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is to be taken; a hold asks the same.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"voucher": "BUONO:7K3M9XQ2T5WAB", "amount_cents": 2_050, "reference": "scontrino 118"}))]
pub(super) struct Take {
    /// The scanned text, the typed code, or the link.
    pub voucher: String,
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    pub amount_cents: i64,
    /// Where the voucher has one and the amount needs it.
    #[serde(default)]
    #[schema(max_length = 12)]
    pub pin: Option<String>,
    /// The till's own name for the sale; part of the request, not kept.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub reference: Option<String>,
}

/// A request that was understood.
pub(super) struct Taking {
    pub voucher: VoucherId,
    pub amount: Cents,
    pub credential: Credential,
    pub terms: domain::voucher::Terms,
    pub hash: RequestHash,
    pub programme: uuid::Uuid,
}

/// An amount that can be taken at all.
pub(super) fn amount(cents: i64) -> Result<Cents, Problem> {
    Cents::new(cents).filter(|cents| !cents.is_zero()).ok_or(Problem::new("amount_invalid"))
}

pub(super) async fn understand(state: &AppState, till: &Till, take: &Take, kind: &str) -> Result<Taking, Problem> {
    let amount = amount(take.amount_cents)?;
    let reference = take.reference.as_deref().unwrap_or_default();
    let pin = take.pin.as_deref().unwrap_or_default();
    if reference.chars().count() > 120 || pin.chars().count() > 12 {
        return Err(Problem::new("bad_request"));
    }
    let (code, stale) = resolve(state, till, &take.voucher).await?;
    let voucher = VoucherId::new(code.voucher_id);
    // a code of an earlier minute is of no generation: declined like one that was replaced, under its key,
    // unless that key was decided before
    let generation = if stale { 0 } else { u32::try_from(code.generation).unwrap_or(0) };
    let pin_tag = take.pin.as_deref().filter(|pin| !pin.is_empty()).map(|pin| state.keys.pin_tag(voucher, pin));
    // the PIN is part of the request, but only its keyed hash may leave traces
    let tag = pin_tag.map_or([0; 16], |tag| tag.0);
    let hash = RequestHash::of(&[
        kind.as_bytes(),
        voucher.uuid().as_bytes(),
        &amount.get().to_le_bytes(),
        &tag,
        reference.as_bytes(),
    ]);
    let terms = state.directory.terms(code.programme_id, &till.0.shop);
    let credential = Credential { generation, pin: pin_tag };
    Ok(Taking { voucher, amount, credential, terms, hash, programme: code.programme_id })
}

/// Take any part of a voucher
///
/// 409 is final for the key: nothing was taken and never will be under it. 503 `not_executed` means
/// that nothing happened; 504 `outcome_unknown` that the outcome is to be asked for by the key.
#[utoipa::path(tag = "till", operation_id = "redeem", params(IdempotencyKey, Deadline),
    responses((status = 201, description = "Taken, durably", body = Operation<'static>)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!([declines(), "voucher_not_found", "amount_invalid", "too_many_requests", ENGINE]))))]
#[post("/v1/redemptions")]
pub(super) async fn redeem(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    deadline: Deadline,
    body: web::Json<Take>,
) -> Result<HttpResponse, Problem> {
    let Taking { voucher, amount, credential, terms, hash, .. } = understand(&state, &till, &body, "redeem").await?;
    let action = Action::Redeem { amount, credential, terms };
    execute(&state, voucher, command(&till, &key.0, hash, action), deadline.0).await
}
