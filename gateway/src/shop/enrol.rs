//! `POST /v1/terminals/enrol`: a shop joins with a code that works once.

use crate::auth::{new_token, token_hash};
use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use serde_json::json;
use store::ledger::{Error, TerminalRow};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrol {
    enrolment_code: String,
    label: String,
}

/// How a code is looked up: case, dashes and spaces do not matter.
pub fn enrolment_index(state: &AppState, code: &str) -> [u8; 16] {
    let normal: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    state.keys.blind_index("enrolment", &normal)
}

#[post("/v1/terminals/enrol")]
pub(super) async fn enrol(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Json<Enrol>,
) -> Result<HttpResponse, Problem> {
    state.limits.enrolment(&request)?;
    let label = body.label.trim();
    if label.is_empty() || label.chars().count() > 60 || body.enrolment_code.len() > 64 {
        return Err(Problem::new("bad_request").with("field", "label"));
    }
    let token = new_token(&state);
    let terminal = TerminalRow {
        id: new_id(),
        shop_id: Uuid::nil(),
        label: label.to_owned(),
        token_hash: token_hash(&token).to_vec(),
    };
    let index = enrolment_index(&state, &body.enrolment_code);
    let shop = match state.db.enrol_terminal(&index, &terminal, state.clock.now().micros()).await {
        Err(Error::NotFound) => return Err(Problem::new("enrolment_code_invalid")),
        enrolled => enrolled?,
    };
    state.directory.reload().await?;
    let shop = state.directory.now().shops.get(&shop).cloned().ok_or(Problem::new("internal_error"))?;
    Ok(HttpResponse::Created().json(json!({
        "terminal_id": terminal.id, "token": token, "shop": {"id": shop.id, "name": shop.name},
    })))
}
