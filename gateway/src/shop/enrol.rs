//! `POST /v1/terminals/enrol`: a shop joins with a code that works once.

use crate::auth::{new_token, token_hash};
use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Text60, text};
use actix_web::{HttpRequest, HttpResponse, post, web};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{Error, TerminalRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// A till that wants to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enrolment_code": "7K3M-9XQ2", "label": "Cassa 1"}))]
struct Enrol {
    /// From the municipality; case, dashes and spaces do not matter.
    #[schema(max_length = 64)]
    enrolment_code: String,
    /// What the shop calls the till.
    #[schema(value_type = Text60)]
    label: String,
    /// The secret by which the till wishes to be known, of its own making: 32 random bytes in base64url. If the answer
    /// is lost it knows by this whether it has joined. Without one it is given one.
    #[schema(min_length = 43, max_length = 43, pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    token: Option<String>,
}

/// A till's own token is as long as one of ours, and in the same form.
fn token_of(state: &AppState, wished: Option<&str>) -> Result<String, Problem> {
    let Some(wished) = wished else { return Ok(new_token(state)) };
    match BASE64URL_NOPAD.decode(wished.as_bytes()) {
        Ok(bytes) if bytes.len() == 32 => Ok(wished.to_owned()),
        _ => Err(Problem::new("bad_request").with("field", "token")),
    }
}

/// A till that has joined its shop.
#[derive(Serialize, ToSchema)]
struct Enrolled {
    terminal_id: Uuid,
    /// The secret of this till, shown only here.
    token: String,
    shop: EnrolledShop,
}

#[derive(Serialize, ToSchema)]
struct EnrolledShop {
    id: Uuid,
    name: String,
}

/// How a code is looked up: case, dashes and spaces do not matter.
pub fn enrolment_index(state: &AppState, code: &str) -> [u8; 16] {
    let normal: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    state.keys.blind_index("enrolment", &normal)
}

/// Join a shop as a till
///
/// With a code of the municipality, which works once, for ten minutes.
#[utoipa::path(tag = "till", operation_id = "enrol_terminal",
    responses((status = 201, description = "The till and its token", body = Enrolled)),
    extensions(("x-problems" = json!(["enrolment_code_invalid", "too_many_requests"]))))]
#[post("/v1/terminals/enrol")]
pub(super) async fn enrol(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Json<Enrol>,
) -> Result<HttpResponse, Problem> {
    state.limits.enrolment(&request)?;
    let label = text(&body.label, 60, "label")?;
    if body.enrolment_code.chars().count() > 64 {
        return Err(Problem::new("bad_request").with("field", "enrolment_code"));
    }
    let token = token_of(&state, body.token.as_deref())?;
    let terminal = TerminalRow { id: new_id(), shop_id: Uuid::nil(), label, token_hash: token_hash(&token).to_vec() };
    let index = enrolment_index(&state, &body.enrolment_code);
    let shop = match state.everything().enrol_terminal(&index, &terminal, state.clock.now().micros()).await {
        Err(Error::NotFound) => return Err(Problem::new("enrolment_code_invalid")),
        // only the token can be there already; the code is as good as before
        Err(Error::Conflict) => return Err(Problem::new("bad_request").with("field", "token")),
        enrolled => enrolled?,
    };
    state.directory_changed().await?;
    let shop = state.directory.now().shops.get(&shop).cloned().ok_or(Problem::new("internal_error"))?;
    state
        .audit(Some(shop.municipality_id), None, "terminal_enrolled", terminal.id, json!({"shop_id": shop.id}))
        .await?;
    let shop = EnrolledShop { id: shop.id, name: shop.name.clone() };
    Ok(HttpResponse::Created().json(Enrolled { terminal_id: terminal.id, token, shop }))
}
