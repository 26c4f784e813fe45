//! The shop's app: its page, the manifest that makes it installable, and its service worker.

use super::answer::{ETAG_LEN, Keep, page};
use super::maps::agent;
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
/// The same for browsers that do not know that word, and compile nothing without the stronger one.
const CSP_OLD: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self' 'unsafe-eval'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);
/// The first iOS whose browsers know it.
const WASM_SINCE_IOS: u32 = 16;

/// Whether it is an iPhone or iPad that gets no newer system: each of its browsers is Safari of that age.
fn is_old_iphone(request: &HttpRequest) -> bool {
    let version = agent(request).split_once("like Mac OS X").and_then(|(before, _)| before.split(" OS ").nth(1));
    let major = version.and_then(|version| version.split('_').next()?.trim().parse::<u32>().ok());
    major.is_some_and(|major| major < WASM_SINCE_IOS)
}

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
    let policy = if is_old_iphone(&request) { CSP_OLD } else { CSP };
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("User-Agent"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_old_iphones_get_the_stronger_word() {
        let old = |agent: &str| {
            is_old_iphone(&TestRequest::default().insert_header((header::USER_AGENT, agent)).to_http_request())
        };
        let apple =
            |system: &str| format!("Mozilla/5.0 ({system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)");
        for system in ["iPhone; CPU iPhone OS 15_8_2", "iPhone; CPU iPhone OS 12_5_7", "iPad; CPU OS 9_3_5"] {
            assert!(old(&apple(system)), "{system}");
        }
        for system in ["iPhone; CPU iPhone OS 16_0", "iPad; CPU OS 17_4", "iPhone; CPU iPhone OS X"] {
            assert!(!old(&apple(system)), "{system}");
        }
        for agent in
            ["", "Mozilla/5.0 (Linux; Android 8.0) Chrome/64", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"]
        {
            assert!(!old(agent), "{agent}");
        }
    }
}
