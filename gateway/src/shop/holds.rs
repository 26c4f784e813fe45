//! `POST /v1/holds` and what becomes of them: authorise now, take later.

use super::answers::{Operation, command, execute};
use super::deadline::Deadline;
use super::declines;
use super::idempotency::IdempotencyKey;
use super::redemptions::{Take, Taking, amount, understand};
use crate::auth::Till;
use crate::nothing::Nothing;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::wire::Object;
use actix_web::{HttpResponse, post, web};
use domain::ids::{OperationId, VoucherId};
use domain::keys::RequestHash;
use domain::voucher::Action;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How much of a hold is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_cents": 1_000}))]
struct Capture {
    /// All of the hold when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    amount_cents: Option<i64>,
}

/// Set money of a voucher aside
///
/// It is taken by a capture, let go by a release, or let go by itself when the programme's time for
/// holds is over. The hold's id is the `operation_id` of the answer.
#[utoipa::path(tag = "till", operation_id = "hold", params(IdempotencyKey, Deadline),
    responses((status = 201, description = "Set aside, durably", body = Operation<'static>)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!([declines(), "voucher_not_found", "amount_invalid", "validity_invalid", "too_many_holds",
            "too_many_requests", ENGINE]))))]
#[post("/v1/holds")]
pub(super) async fn hold(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    deadline: Deadline,
    body: web::Json<Take>,
) -> Result<HttpResponse, Problem> {
    let Taking { voucher, amount, credential, terms, hash, programme } =
        understand(&state, &till, &body, "hold").await?;
    let seconds = state.directory.now().programmes.get(&programme).map_or(900, |programme| programme.hold_seconds);
    let until = state.clock.now().plus_seconds(seconds);
    let action = Action::Hold { amount, credential, terms, until };
    execute(&state, voucher, command(&till, &key.0, hash, action), deadline.0).await
}

/// The voucher of a hold of this till's shop.
async fn held(state: &AppState, till: &Till, id: Uuid) -> Result<VoucherId, Problem> {
    let missing = || Problem::new("hold_not_found");
    let row = state.operation(id).await.map_err(|problem| match problem.code() {
        "operation_not_found" => missing(),
        _ => problem,
    })?;
    let own = row.shop_id == Some(till.0.shop.id) && row.kind == "hold";
    if own { Ok(VoucherId::new(row.voucher_id)) } else { Err(missing()) }
}

/// Take all or part of what was set aside
///
/// The rest of the hold is let go.
#[utoipa::path(tag = "till", operation_id = "capture_hold", request_body = Capture,
    params(("id" = Uuid, Path, description = "The hold"), IdempotencyKey, Deadline),
    responses((status = 201, description = "Taken, durably", body = Operation<'static>)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["hold_not_found", "capture_exceeds_hold", "amount_invalid", ENGINE]))))]
#[post("/v1/holds/{id}/capture")]
pub(super) async fn capture(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    deadline: Deadline,
    path: web::Path<Uuid>,
    body: web::Json<Object<Capture>>,
) -> Result<HttpResponse, Problem> {
    let amount = body.amount_cents.map(amount).transpose()?;
    let voucher = held(&state, &till, *path).await?;
    let asked = amount.map_or(-1, domain::cents::Cents::get);
    let hash = RequestHash::of(&[b"capture", path.as_bytes(), &asked.to_le_bytes()]);
    let action = Action::Capture { hold: OperationId::new(*path), amount };
    execute(&state, voucher, command(&till, &key.0, hash, action), deadline.0).await
}

/// Let go of what was set aside
#[utoipa::path(tag = "till", operation_id = "release_hold",
    params(("id" = Uuid, Path, description = "The hold"), IdempotencyKey, Deadline),
    responses((status = 201, description = "Let go, durably", body = Operation<'static>)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["hold_not_found", ENGINE]))))]
#[post("/v1/holds/{id}/release")]
pub(super) async fn release(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    deadline: Deadline,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let voucher = held(&state, &till, *path).await?;
    let hash = RequestHash::of(&[b"release", path.as_bytes()]);
    let action = Action::Release { hold: OperationId::new(*path) };
    execute(&state, voucher, command(&till, &key.0, hash, action), deadline.0).await
}
