//! `POST /v1/citizen/session`: the link's secret, or the typed code, for a cookie.

use crate::auth::{Citizen, citizen_until, cookie, new_token, token_hash};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::ids::VoucherId;
use serde::Deserialize;
use serde_json::json;
use store::ledger::CitizenSession;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    token: Option<String>,
    code: Option<String>,
    #[serde(default)]
    pin: Option<String>,
}

/// Opens a session for whoever holds the link or the code. Both are bearer secrets; a PIN that is
/// typed along is not needed to look, so it is not checked and cannot be guessed here.
///
/// # Errors
/// `voucher_not_found` for anything that leads nowhere any more, `too_many_requests`.
pub async fn open(state: &AppState, request: &HttpRequest, text: &str) -> Result<(Cookie<'static>, Citizen), Problem> {
    state.limits.citizen(request)?;
    let missing = || Problem::new("voucher_not_found");
    let code = state.code(text).await?.ok_or_else(missing)?;
    let voucher = VoucherId::new(code.voucher_id);
    let view = state.vouchers.view(voucher, state.deadline()).await?.ok_or_else(missing)?;
    if i64::from(view.generation) != code.generation {
        return Err(missing());
    }
    let token = new_token(state);
    let row = CitizenSession { voucher_id: code.voucher_id, generation: code.generation };
    let now = state.clock.now().micros();
    state.db.add_citizen_session(&token_hash(&token), row, citizen_until(state), now).await?;
    Ok((cookie(state, "voucher", token), Citizen { voucher, generation: view.generation }))
}

#[post("/v1/citizen/session")]
pub(super) async fn open_session(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Json<Open>,
) -> Result<HttpResponse, Problem> {
    if body.pin.as_ref().is_some_and(|pin| pin.len() > 12) {
        return Err(Problem::new("bad_request").with("field", "pin"));
    }
    let text = match (&body.token, &body.code) {
        (Some(text), None) | (None, Some(text)) => text,
        _ => return Err(Problem::new("bad_request").with("field", "token")),
    };
    let (cookie, citizen) = open(&state, &request, text).await?;
    Ok(HttpResponse::Ok().cookie(cookie).json(json!({"voucher_id": citizen.voucher})))
}
