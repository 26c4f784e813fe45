//! `POST /v1/vouchers/lookup`: what a scanned code is worth.

use super::answers::rfc3339;
use crate::auth::Till;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::{HttpResponse, post, web};
use domain::ids::VoucherId;
use serde::Deserialize;
use serde_json::json;
use store::ledger::CodeRow;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    voucher: String,
}

/// What a text leads to for this till. Unknown, foreign and mistyped are one and the same answer.
///
/// # Errors
/// `voucher_not_found`, `too_many_requests`.
pub async fn resolve(state: &AppState, till: &Till, text: &str) -> Result<CodeRow, Problem> {
    match state.code(text).await? {
        Some(code) if code.municipality_id == till.0.shop.municipality_id => Ok(code),
        _ => {
            state.limits.failed_lookup(till.0.id)?;
            Err(Problem::new("voucher_not_found"))
        }
    }
}

#[post("/v1/vouchers/lookup")]
pub(super) async fn lookup(
    state: web::Data<AppState>,
    till: Till,
    body: web::Json<Lookup>,
) -> Result<HttpResponse, Problem> {
    let code = resolve(&state, &till, &body.voucher).await?;
    let voucher = VoucherId::new(code.voucher_id);
    let view = state.vouchers.view(voucher, state.deadline()).await?.ok_or(Problem::new("voucher_not_found"))?;
    let directory = state.directory.now();
    let programme = directory.programmes.get(&view.programme.uuid()).ok_or(Problem::new("voucher_not_found"))?;
    let holder = state.db.holder(code.voucher_id).await?;
    let now = state.clock.now();
    let status = match view.life.code() {
        _ if i64::from(view.generation) != code.generation => "reissued",
        "active" if now < view.valid_from => "not_yet_valid",
        "active" if now >= view.expires_at.plus_seconds(1) => "expired",
        code => code,
    };
    Ok(HttpResponse::Ok().json(json!({
        "voucher_id": view.id,
        "voucher_seq": view.voucher_seq,
        "programme": {"id": programme.id, "name": programme.name},
        "status": status,
        "balance_cents": view.balance,
        "available_cents": view.available(),
        "expires_at": rfc3339(view.expires_at),
        "holder_initials": holder.initials,
        "pin_required": view.has_pin && programme.pin_above_cents == Some(0),
        "pin_above_cents": programme.pin_above_cents.filter(|_| view.has_pin),
    })))
}
