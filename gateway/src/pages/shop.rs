//! The shop's app: its page, the manifest that makes it installable, and its service worker.

use super::answer::{ETAG_LEN, Keep, page};
use super::words::Words;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use ::web::by_name;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Redirect, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use askama::Template;
use serde_json::json;

/// The scanner is WebAssembly: this page alone compiles such.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'",
);

const BLUE: &str = "#0066cc";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(shop).service(manifest).service(worker).service(earlier);
}

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopTemplate<'a> {
    w: &'a Words,
}

#[get("/shop")]
async fn shop(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let words = Words::among(&Lang::WHOLE, &state, &request);
    let mut answer = page(&request, &words, &ShopTemplate { w: &words }, (StatusCode::OK, Keep::Everybody))?;
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CSP);
    Ok(answer)
}

/// Where the app was at first: bookmarks stay good.
#[get("/negozio")]
async fn earlier() -> Redirect {
    Redirect::to("/shop").permanent()
}

#[get("/shop/manifest.webmanifest")]
async fn manifest(state: Data<AppState>, request: HttpRequest) -> HttpResponse {
    let words = Words::among(&Lang::WHOLE, &state, &request);
    let manifest = json!({
        "id": "/shop",
        "name": words.t("till-app-name"),
        "short_name": words.t("till-title"),
        "description": words.t("till-app-text"),
        "lang": words.lang(),
        "start_url": "/shop",
        "scope": "/shop",
        "display": "standalone",
        "theme_color": BLUE,
        "background_color": "#ffffff",
        "icons": words.icons(),
        "shortcuts": [{"name": words.t("till-go-pay"), "url": "/shop#pay"}],
    });
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-language, cookie"))
        .content_type("application/manifest+json")
        .body(manifest.to_string())
}

/// The worker with the list of what it keeps. Its version changes with the page and every file, so a
/// browser that compares it with the one that it has sees each new version of the app.
#[get("/shop/worker.js")]
async fn worker(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let words = Words::among(&Lang::WHOLE, &state, &request);
    let (script, files) = by_name("worker.js").zip(by_name("shell.json")).ok_or(Problem::new("not_found"))?;
    let files = std::str::from_utf8(files.bytes).map_err(|_| Problem::new("internal_error"))?;
    let body = ShopTemplate { w: &words }.render().map_err(|_| Problem::new("internal_error"))?;
    let version = blake3::Hasher::new().update(body.as_bytes()).update(files.as_bytes()).finalize().to_hex();
    let mut text = format!("self.SHELL={{version:\"{}\",files:{files}}};", &version[..ETAG_LEN]).into_bytes();
    text.extend_from_slice(script.bytes);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-language, cookie"))
        .insert_header(("Service-Worker-Allowed", "/shop"))
        .content_type("text/javascript; charset=utf-8")
        .body(text))
}
