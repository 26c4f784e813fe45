//! The voucher's page: opened by the link's secret or the typed code, usable without a script.

use super::answer::{Keep, page, trouble};
use super::maps::Maps;
use super::words::Words;
use crate::auth::Citizen;
use crate::citizen::print::{Size, printed};
use crate::citizen::view::{VoucherPage, read};
use crate::citizen::{self, block_lost, open, qr_svg};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Form, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post, routes};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

/// Where a voucher is opened.
const DOOR: &str = "/v";
/// Where an opened voucher is seen.
const OPENED: &str = "/v/buono";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(come).service(open_by_code).service(opened).service(parts).service(block).service(come_back);
    config.service(keep).service(forget).service(manifest).service(sheet).service(card);
}

/// Why the door is shown instead of the voucher.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door<'a> {
    /// Somebody comes.
    Fresh,
    /// What was typed leads nowhere.
    NotFound,
    /// The code has been replaced; the new one is to be had under this number.
    Replaced(&'a str),
    /// The code is right and its PIN is missing.
    PinNeeded,
    /// The PIN is not the code's.
    PinWrong,
    /// The session is over.
    Over,
}

#[derive(Template)]
#[template(path = "door.html")]
struct DoorTemplate<'a> {
    w: &'a Words,
    door: Door<'a>,
    /// What was typed, so that it need not be typed again.
    code: &'a str,
}

impl DoorTemplate<'_> {
    fn asks_for_pin(&self) -> bool {
        matches!(self.door, Door::PinNeeded | Door::PinWrong)
    }
}

/// The whole page.
#[derive(Template)]
#[template(path = "voucher/page.html")]
struct VoucherTemplate<'a> {
    w: &'a Words,
    view: &'a VoucherPage,
    qr: [String; 2],
    maps: Maps,
}

/// The parts of it that change.
#[derive(Template)]
#[template(path = "voucher/parts.html")]
struct PartsTemplate<'a> {
    w: &'a Words,
    view: &'a VoucherPage,
    qr: [String; 2],
}

fn show_door(request: &HttpRequest, words: &Words, door: Door<'_>, code: &str) -> Result<HttpResponse, Problem> {
    let how = match door {
        Door::Fresh => (StatusCode::OK, Keep::Everybody),
        Door::NotFound => (StatusCode::NOT_FOUND, Keep::Nobody),
        Door::Replaced(_) => (StatusCode::GONE, Keep::Nobody),
        Door::PinNeeded | Door::PinWrong | Door::Over => (StatusCode::OK, Keep::Nobody),
    };
    page(request, words, &DoorTemplate { w: words, door, code }, how)
}

fn see_other(address: &'static str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}

fn see_other_with(cookie: Cookie<'static>, address: &'static str) -> HttpResponse {
    HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, address)).finish()
}

/// The link of the message: nothing in it but a form and the script that reads the fragment.
#[get("/v")]
async fn come(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    show_door(&request, &Words::of(&state, &request), Door::Fresh, "")
}

#[derive(Deserialize)]
struct TypedCode {
    #[serde(default)]
    code: String,
    #[serde(default)]
    pin: String,
}

/// Without a script: the typed code.
#[post("/v")]
async fn open_by_code(
    state: Data<AppState>,
    request: HttpRequest,
    form: Form<TypedCode>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    let problem = match open(&state, &request, &form.code, Some(&form.pin)).await {
        Ok((cookie, _)) => return Ok(see_other_with(cookie, OPENED)),
        Err(problem) => problem,
    };
    let door = match problem.code() {
        "voucher_not_found" => Door::NotFound,
        "voucher_reissued" => Door::Replaced(problem.field("help_phone").unwrap_or_default()),
        "pin_required" => Door::PinNeeded,
        "pin_wrong" => Door::PinWrong,
        _ => return Ok(trouble(&request, &words, &problem, DOOR)),
    };
    show_door(&request, &words, door, &form.code)
}

/// The holder's voucher, when there is a session.
async fn seen(state: &AppState, citizen: Result<Citizen, Problem>) -> Result<VoucherPage, Problem> {
    read(state, &citizen?).await
}

/// Nothing to show: the door when the session is over or leads nowhere any more, else what is wrong.
fn unseen(request: &HttpRequest, words: &Words, problem: &Problem) -> Result<HttpResponse, Problem> {
    match problem.code() {
        "unauthorized" | "voucher_not_found" => show_door(request, words, Door::Over, ""),
        _ => Ok(trouble(request, words, problem, OPENED)),
    }
}

/// The QR as it stands in the page, for a voucher that a till would take: on the screen, and on paper where
/// that is another one.
fn qr(view: &VoucherPage) -> Result<[String; 2], Problem> {
    if view.status != "active" {
        return Ok(Default::default());
    }
    let paper = view.qr_until.as_ref().map(|_| qr_svg(&view.paper_qr_text, 1)).transpose()?;
    Ok([qr_svg(&view.qr_text, 1)?, paper.unwrap_or_default()])
}

#[get("/v/buono")]
async fn opened(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    match seen(&state, citizen).await {
        Ok(view) => {
            let template = VoucherTemplate { w: &words, view: &view, qr: qr(&view)?, maps: Maps::of(&request) };
            page(&request, &words, &template, (StatusCode::OK, Keep::Nobody))
        }
        Err(problem) => unseen(&request, &words, &problem),
    }
}

/// The voucher as a document: phones keep it, and print it elsewhere.
async fn on_paper(
    state: &Data<AppState>,
    request: &HttpRequest,
    citizen: Result<Citizen, Problem>,
    size: Size,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(state, request);
    let printed = match citizen {
        Ok(citizen) => printed(state, words.language(), &citizen, size).await,
        Err(problem) => Err(problem),
    };
    printed.or_else(|problem| unseen(request, &words, &problem))
}

#[get("/v/buono/foglio.pdf")]
async fn sheet(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
) -> Result<HttpResponse, Problem> {
    on_paper(&state, &request, citizen, Size::A4).await
}

/// In the size of a purse: an address of its own, so that it is reached without a script.
#[get("/v/buono/tessera.pdf")]
async fn card(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
) -> Result<HttpResponse, Problem> {
    on_paper(&state, &request, citizen, Size::Card).await
}

/// For the script, which puts them in the place of the old ones.
#[get("/v/buono/parti")]
async fn parts(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    let view = seen(&state, citizen).await?;
    let template = PartsTemplate { w: &words, view: &view, qr: qr(&view)? };
    page(&request, &words, &template, (StatusCode::OK, Keep::Nobody))
}

/// What the forms of the voucher's page send.
#[derive(Deserialize)]
struct Sent {
    /// The voucher that the page shows.
    #[serde(default)]
    voucher: String,
    #[serde(default)]
    sure: String,
}

impl Sent {
    /// Whether it was sent from the page of the session's voucher. A phone has one session, of the voucher opened
    /// last, and may have the pages of several open: what was meant for one is not done to another.
    fn is_meant_for(&self, citizen: &Citizen) -> bool {
        self.voucher == citizen.voucher.to_string()
    }
}

/// What whoever sent a form sees where nothing was done: why there is no session, else the voucher of the session.
fn undone(request: &HttpRequest, words: &Words, problem: Option<&Problem>) -> Result<HttpResponse, Problem> {
    problem.map_or_else(|| Ok(see_other(OPENED)), |problem| unseen(request, words, problem))
}

/// The phone keeps the voucher open from now on.
#[post("/v/ricorda")]
async fn keep(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
    form: Form<Sent>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    let citizen = match citizen {
        Ok(citizen) if form.is_meant_for(&citizen) => citizen,
        other => return undone(&request, &words, other.err().as_ref()),
    };
    match citizen::keep(&state, &request, &citizen).await {
        Ok(cookie) => Ok(see_other_with(cookie, OPENED)),
        Err(problem) => Ok(trouble(&request, &words, &problem, OPENED)),
    }
}

/// The phone forgets it, also where the session is over by itself.
#[post("/v/dimentica")]
async fn forget(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
    form: Form<Sent>,
) -> Result<HttpResponse, Problem> {
    if citizen.is_ok_and(|citizen| !form.is_meant_for(&citizen)) {
        return Ok(see_other(OPENED));
    }
    match citizen::end(&state, &request).await {
        Ok(cookie) => Ok(see_other_with(cookie, DOOR)),
        Err(problem) => Ok(trouble(&request, &Words::of(&state, &request), &problem, OPENED)),
    }
}

/// What a phone puts on its home screen: it opens the voucher where the holder wanted it kept, else the door. It opens in
/// the browser, whose cookie keeps the voucher: on iPhones an app of its own would have cookies of its own, and ask for
/// the code.
#[get("/v/app.webmanifest")]
async fn manifest(state: Data<AppState>, request: HttpRequest) -> HttpResponse {
    let words = Words::of(&state, &request);
    let manifest = json!({
        "id": DOOR, "scope": DOOR, "start_url": OPENED, "display": "browser",
        "name": words.t("page-title"), "short_name": words.t("site-name"),
        "lang": words.lang(), "dir": words.dir(),
        "background_color": "#ffffff", "theme_color": "#0066cc",
        "icons": words.icons(),
    });
    HttpResponse::Ok().content_type("application/manifest+json").body(manifest.to_string())
}

/// The forms' own addresses, to which somebody may come back, or choose a language there.
#[routes]
#[get("/v/blocca")]
#[get("/v/ricorda")]
#[get("/v/dimentica")]
async fn come_back(state: Data<AppState>, request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    for cookie in Words::of(&state, &request).cookies() {
        answer.cookie(cookie);
    }
    answer.insert_header((header::LOCATION, OPENED)).finish()
}

#[post("/v/blocca")]
async fn block(
    state: Data<AppState>,
    request: HttpRequest,
    citizen: Result<Citizen, Problem>,
    form: Form<Sent>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    let citizen = match citizen {
        Ok(citizen) if form.is_meant_for(&citizen) => citizen,
        other => return undone(&request, &words, other.err().as_ref()),
    };
    if form.sure == "1"
        && let Err(problem) = block_lost(&state, &citizen).await
    {
        return Ok(trouble(&request, &words, &problem, OPENED));
    }
    Ok(see_other(OPENED))
}
