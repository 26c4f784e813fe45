//! What a voucher's holder uses: a session opened by the link's secret or the typed code.

mod events;
pub mod print;
mod session;
pub mod view;

use crate::auth::Citizen;
use crate::edge::new_id;
use crate::nothing::Nothing;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use actix_web::http::header;
use actix_web::{HttpResponse, get, post, web};
use domain::ids::OperationId;
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Origin, Reason, View};
use engine::Answer;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub use session::{end, keep, open};

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(session::open_session)
        .service(voucher)
        .service(events::events)
        .service(qr)
        .service(print::print)
        .service(block);
}

/// The voucher of whoever has its code or link, as long as no other took its place: what a lost phone keeps open shows
/// nothing more then, and does nothing.
///
/// # Errors
/// `voucher_reissued` with the phone number to ask for the new one.
async fn current(state: &AppState, citizen: &Citizen) -> Result<View, Problem> {
    let view = state.vouchers.view(citizen.voucher, state.deadline()).await?;
    let view = view.ok_or(Problem::new("voucher_not_found"))?;
    if view.generation == citizen.generation { Ok(view) } else { Err(session::replaced_in(state, &view)) }
}

/// The voucher as its holder sees it
#[utoipa::path(tag = "citizen", operation_id = "get_own_voucher",
    responses((status = 200, description = "Balance, movements, shops, rules, help", body = view::VoucherPage)),
    extensions(("x-roles" = json!(Citizen::ROLES)), ("x-problems" = json!(["voucher_not_found", "voucher_reissued", ENGINE]))))]
#[get("/v1/citizen/voucher")]
async fn voucher(state: web::Data<AppState>, citizen: Citizen) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(view::read(&state, &citizen).await?.in_force()?))
}

/// The voucher's QR as an image that scales, each of its modules so many pixels wide.
///
/// # Errors
/// Never for a code of ours.
pub fn qr_svg(text: &str, module_px: u32) -> Result<String, Problem> {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::Q);
    let code = code.map_err(|_| Problem::new("internal_error"))?;
    let svg = code.render::<qrcode::render::svg::Color<'_>>().module_dimensions(module_px, module_px).build();
    // without the XML declaration it may also stand inside a page
    Ok(svg.split_once("?>").map_or(svg.clone(), |(_, svg)| svg.to_owned()))
}

/// The voucher's QR code
///
/// Where the programme's codes change with time, the one of this minute.
#[utoipa::path(tag = "citizen", operation_id = "get_own_qr",
    responses((status = 200, description = "An image that scales", body = String, content_type = "image/svg+xml")),
    extensions(("x-roles" = json!(Citizen::ROLES)), ("x-problems" = json!(["voucher_not_found", "voucher_reissued", ENGINE]))))]
#[get("/v1/citizen/voucher/qr.svg")]
async fn qr(state: web::Data<AppState>, citizen: Citizen) -> Result<HttpResponse, Problem> {
    let seen = current(&state, &citizen).await?;
    let directory = state.directory.now();
    let programme = directory.programmes.get(&seen.programme.uuid()).ok_or(Problem::new("voucher_not_found"))?;
    let (text, _) = view::qr(&state, &citizen, programme);
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/svg+xml")).body(qr_svg(&text, 8)?))
}

/// The holder blocks a lost voucher; only the office unblocks it.
///
/// # Errors
/// Any problem of the table.
pub async fn block_lost(state: &AppState, citizen: &Citizen) -> Result<(), Problem> {
    current(state, citizen).await?;
    let operation = new_id();
    let command = Command {
        operation: OperationId::new(operation),
        origin: Origin::Holder,
        key: OpKey::of(citizen.voucher.uuid(), &operation.to_string()),
        request_hash: RequestHash::of(&[b"block"]),
        action: Action::Block { reason: Reason::LostByHolder },
    };
    match state.vouchers.execute(citizen.voucher, command, state.deadline()).await? {
        Answer::Refused(refusal) => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// A voucher that its holder has blocked.
#[derive(Serialize, ToSchema)]
struct Blocked {
    #[schema(example = "blocked")]
    status: &'static str,
}

/// Block a lost voucher
///
/// Nobody can spend it any more; only the office unblocks it.
#[utoipa::path(tag = "citizen", operation_id = "block_own_voucher",
    responses((status = 200, description = "It is blocked", body = Blocked)),
    extensions(("x-roles" = json!(Citizen::ROLES)),
        ("x-problems" = json!(["voucher_not_found", "voucher_reissued", "voucher_expired", "voucher_closed", ENGINE]))))]
#[post("/v1/citizen/voucher/block")]
async fn block(state: web::Data<AppState>, citizen: Citizen, _body: Nothing) -> Result<HttpResponse, Problem> {
    block_lost(&state, &citizen).await?;
    Ok(HttpResponse::Ok().json(Blocked { status: "blocked" }))
}
