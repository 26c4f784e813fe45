//! `POST /v1/operations/{id}/reversals`: the same shop gives back all or part of what it took.

use super::answers::{Operation, command, execute};
use super::deadline::Deadline;
use super::idempotency::IdempotencyKey;
use super::redemptions::amount;
use crate::auth::Till;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::wire::{Text200, text};
use actix_web::{HttpResponse, post, web};
use domain::clock::Timestamp;
use domain::ids::{OperationId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::Action;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How much is given back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_cents": 550, "reason": "errore di battitura"}))]
struct Reversal {
    /// All that is left of the operation when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    amount_cents: Option<i64>,
    #[schema(value_type = Text200)]
    reason: String,
}

/// Give back all or part of what was taken
///
/// Only by the shop that took it, and until the operation is sealed in a claim.
#[utoipa::path(tag = "till", operation_id = "reverse_operation",
    params(("id" = Uuid, Path, description = "The redemption or capture"), IdempotencyKey, Deadline),
    responses((status = 201, description = "Given back, durably", body = Operation<'static>)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["operation_not_found", "operation_sealed", "reversal_exceeds", "amount_invalid", ENGINE]))))]
#[post("/v1/operations/{id}/reversals")]
pub(super) async fn reverse(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    deadline: Deadline,
    path: web::Path<Uuid>,
    body: web::Json<Reversal>,
) -> Result<HttpResponse, Problem> {
    let amount = body.amount_cents.map(amount).transpose()?;
    let reason = text(&body.reason, 200, "reason")?;
    let row = state.operation(*path).await?;
    if row.shop_id != Some(till.0.shop.id) {
        return Err(Problem::new("operation_not_found"));
    }
    let target = OpKey(row.op_key.try_into().map_err(|_| Problem::new("internal_error"))?);
    let shop = state.directory.now().shops.get(&till.0.shop.id).cloned();
    let sealed_through = shop.and_then(|shop| shop.sealed_through).map(Timestamp::from_micros);
    let asked = amount.map_or(-1, domain::cents::Cents::get);
    let hash = RequestHash::of(&[b"reverse", path.as_bytes(), &asked.to_le_bytes(), reason.as_bytes()]);
    let target_operation = OperationId::new(*path);
    let action = Action::Reverse { target, target_operation, amount, sealed_through };
    execute(&state, VoucherId::new(row.voucher_id), command(&till, &key.0, hash, action), deadline.0).await
}
