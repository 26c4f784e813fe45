//! `POST /v1/operations/{id}/reversals`: the same shop gives back all or part of what it took.

use super::answers::{command, execute};
use super::idempotency::IdempotencyKey;
use super::redemptions::amount;
use crate::auth::Till;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::{HttpResponse, post, web};
use domain::clock::Timestamp;
use domain::ids::{OperationId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::Action;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reversal {
    #[serde(default)]
    amount_cents: Option<i64>,
    reason: String,
}

#[post("/v1/operations/{id}/reversals")]
pub(super) async fn reverse(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    path: web::Path<Uuid>,
    body: web::Json<Reversal>,
) -> Result<HttpResponse, Problem> {
    let amount = body.amount_cents.map(amount).transpose()?;
    let reason = body.reason.trim();
    if reason.is_empty() || reason.len() > 200 {
        return Err(Problem::new("bad_request").with("field", "reason"));
    }
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
    execute(&state, VoucherId::new(row.voucher_id), command(&till, &key.0, hash, action)).await
}
