//! `POST /v1/citizen/session`: the link's secret, or the typed code, for a cookie.

use super::current;
use crate::auth::{Citizen, citizen_token_hash, citizen_until, cookie, new_token, token_hash};
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::ids::VoucherId;
use domain::voucher::View;
use serde::{Deserialize, Serialize};
use store::codes::{Kind, normalise};
use store::ledger::CitizenSession;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use uuid::Uuid;

/// Browsers keep no cookie longer.
const KEPT_MAX: Duration = Duration::days(400);

/// Either the link's secret or the typed code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenVoucher {
    token: Option<String>,
    code: Option<String>,
    #[serde(default)]
    pin: Option<String>,
}

impl utoipa::PartialSchema for OpenVoucher {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let by = |name: &str, what: &str| {
            let pin = text().max_length(Some(12)).description(Some("With a code, where the voucher has one."));
            ObjectBuilder::new()
                .property(name, text().description(Some(what)))
                .required(name)
                .property("pin", pin)
                .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        };
        let either = OneOfBuilder::new()
            .item(by("token", "What follows the `#` of the link."))
            .item(by("code", "What is printed under the QR code."))
            .examples([serde_json::json!({"code": "7K3M-9XQ2-T5WAB"})]);
        RefOr::T(either.build().into())
    }
}

impl ToSchema for OpenVoucher {}

/// Which voucher the session shows; the session itself is in a cookie.
#[derive(Serialize, ToSchema)]
struct VoucherOpened {
    voucher_id: Uuid,
}

/// Opens a session for whoever holds the link, or the code and, where the voucher has one, the PIN:
/// a code is seen by every till, a link only by its holder.
///
/// # Errors
/// `voucher_not_found` for anything that never led anywhere, `voucher_reissued` for what no longer does,
/// `pin_required`, `pin_wrong`, `too_many_requests`.
pub async fn open(
    state: &AppState,
    request: &HttpRequest,
    text: &str,
    pin: Option<&str>,
) -> Result<(Cookie<'static>, Citizen), Problem> {
    state.limits.opening(request)?;
    let missing = || state.limits.wrong_opening(request).err().unwrap_or(Problem::new("voucher_not_found"));
    let (kind, _) = normalise(text).ok_or_else(missing)?;
    let code = state.code(text).await?.ok_or_else(missing)?;
    let voucher = VoucherId::new(code.voucher_id);
    let view = state.vouchers.view(voucher, state.deadline()).await?.ok_or_else(missing)?;
    if i64::from(view.generation) != code.generation {
        return Err(replaced_in(state, &view));
    }
    if kind == Kind::Code && view.has_pin {
        let typed = pin.map(str::trim).filter(|pin| !pin.is_empty()).ok_or(Problem::new("pin_required"))?;
        state.limits.pin(voucher)?;
        if typed != state.keys.pin(voucher, view.generation) {
            return Err(Problem::new("pin_wrong"));
        }
    }
    let citizen = Citizen { voucher, generation: view.generation, kept: keeps(state, request, &view).await };
    let cookie = if citizen.kept {
        begin_kept(state, &citizen, &view).await?
    } else {
        begin(state, &citizen, citizen_until(state)).await?
    };
    Ok((cookie, citizen))
}

/// Whether the phone already keeps this voucher open: whoever taps the message's link again did not ask it to stop.
async fn keeps(state: &AppState, request: &HttpRequest, view: &View) -> bool {
    let same = |before: Citizen| before.kept && before.voucher == view.id && before.generation == view.generation;
    Citizen::of(state, request).await.is_ok_and(same)
}

/// A code that was the voucher's once: whoever has it is told so, and whom to ask for the new one.
pub(super) fn replaced(help_phone: &str) -> Problem {
    Problem::new("voucher_reissued").with("help_phone", help_phone)
}

/// The same, where only the voucher is known.
pub(super) fn replaced_in(state: &AppState, view: &View) -> Problem {
    let directory = state.directory.now();
    let municipality = directory.municipalities.get(&view.municipality.uuid());
    replaced(municipality.map_or("", |municipality| &municipality.help_phone))
}

/// Opens a session that lasts as long as the voucher, because the holder wants this phone to keep it: what
/// is kept is a name for the session, which a new code ends, and not the link's secret.
///
/// # Errors
/// Any problem of the table.
pub async fn keep(state: &AppState, request: &HttpRequest, citizen: &Citizen) -> Result<Cookie<'static>, Problem> {
    state.limits.opening(request)?;
    begin_kept(state, citizen, &current(state, citizen).await?).await
}

async fn begin_kept(state: &AppState, citizen: &Citizen, view: &View) -> Result<Cookie<'static>, Problem> {
    let until = view.expires_at.micros().max(citizen_until(state));
    let mut cookie = begin(state, citizen, until).await?;
    let left = Duration::microseconds(until - state.clock.now().micros());
    cookie.set_max_age(left.min(KEPT_MAX));
    Ok(cookie)
}

/// Ends the session of a request, and returns the cookie that takes its name away.
///
/// # Errors
/// When the ledger does not answer.
pub async fn end(state: &AppState, request: &HttpRequest) -> Result<Cookie<'static>, Problem> {
    if let Some(hash) = citizen_token_hash(state, request) {
        state.everything().end_citizen_session(&hash).await?;
    }
    let mut gone = cookie(state, "voucher", String::new());
    gone.make_removal();
    Ok(gone)
}

async fn begin(state: &AppState, citizen: &Citizen, expires_at: i64) -> Result<Cookie<'static>, Problem> {
    let token = new_token(state);
    let row =
        CitizenSession { voucher_id: citizen.voucher.uuid(), generation: i64::from(citizen.generation), expires_at };
    state.everything().add_citizen_session(&token_hash(&token), row).await?;
    Ok(cookie(state, "voucher", token))
}

/// OpenVoucher a voucher's page
///
/// With the link's secret or the typed code, one of them. The session lasts until it is not used for
/// half an hour.
#[utoipa::path(tag = "citizen", operation_id = "open_voucher",
    responses((status = 200, description = "VoucherOpened", body = VoucherOpened, headers(
        ("Set-Cookie" = String, description = "The session: HttpOnly, SameSite=Strict, and Secure over https")))),
    extensions(("x-problems" = json!(["voucher_not_found", "voucher_reissued", "pin_required", "pin_wrong",
        "too_many_requests", ENGINE]))))]
#[post("/v1/citizen/session")]
pub(super) async fn open_session(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Json<OpenVoucher>,
) -> Result<HttpResponse, Problem> {
    if body.pin.as_ref().is_some_and(|pin| pin.chars().count() > 12) {
        return Err(Problem::new("bad_request").with("field", "pin"));
    }
    let text = match (&body.token, &body.code) {
        (Some(text), None) | (None, Some(text)) => text,
        _ => return Err(Problem::new("bad_request").with("field", "token")),
    };
    let (cookie, citizen) = open(&state, &request, text, body.pin.as_deref()).await?;
    Ok(HttpResponse::Ok().cookie(cookie).json(VoucherOpened { voucher_id: citizen.voucher.uuid() }))
}
