//! The interface's own documents: OpenAPI, a browsable copy of it, and the table of problems.

use crate::problem::{Problem, TABLE};
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::http::header;
use actix_web::web::{Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, web};
use askama::Template;
use std::sync::Arc;

/// Swagger UI sets styles on its elements and draws its icons as data: its page alone allows both.
const CSP: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
                   base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SCRIPT: &[u8] = include_bytes!("../assets/docs.js");
const STYLE: &[u8] = include_bytes!("../assets/docs.css");

/// All pages of this part.
pub fn configure(config: &mut ServiceConfig) {
    config.service(docs).service(file).service(problems);
}

/// Something that changes only with the binary: asked for again, but not sent again.
pub(crate) fn fixed(request: &HttpRequest, kind: &str, body: Bytes) -> HttpResponse {
    let tag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..16]);
    let same = request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if same { answer.finish() } else { answer.insert_header((header::CONTENT_TYPE, kind)).body(body) }
}

fn html(request: &HttpRequest, page: &impl Template) -> Result<HttpResponse, Problem> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::new("internal_error")
    })?;
    Ok(fixed(request, "text/html; charset=utf-8", text.into()))
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsTemplate;

#[get("/docs")]
async fn docs(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut page = html(&request, &DocsTemplate)?;
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(CSP));
    Ok(page)
}

/// The files of these pages: our own two, and those of Swagger UI, all from the binary.
#[get("/docs/files/{name}")]
async fn file(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    match path.as_str() {
        "docs.js" => return Ok(fixed(&request, "text/javascript; charset=utf-8", Bytes::from_static(SCRIPT))),
        "docs.css" => return Ok(fixed(&request, "text/css; charset=utf-8", Bytes::from_static(STYLE))),
        _ => {}
    }
    let config = Arc::new(utoipa_swagger_ui::Config::new(["/openapi.json"]));
    let file = utoipa_swagger_ui::serve(&path, config).map_err(|error| {
        tracing::error!(%error, "a file of Swagger UI cannot be read");
        Problem::new("internal_error")
    })?;
    let file = file.ok_or(Problem::new("not_found"))?;
    Ok(fixed(&request, &file.content_type, file.bytes.into_owned().into()))
}

/// A problem with its title and detail in both languages.
struct Row {
    code: &'static str,
    status: u16,
    texts: [(&'static str, String, String); 2],
}

#[derive(Template)]
#[template(path = "problems.html")]
struct ProblemsTemplate {
    lang: &'static str,
    title: String,
    text: String,
    rows: Vec<Row>,
}

#[get("/docs/problems")]
async fn problems(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(request.headers(), &Lang::WHOLE);
    let text = |lang, code: &str, part| state.texts.plain(lang, &format!("problem-{}-{part}", code.replace('_', "-")));
    let rows = TABLE.iter().map(|(code, status)| Row {
        code,
        status: *status,
        texts: Lang::WHOLE.map(|lang| (lang.tag(), text(lang, code, "title"), text(lang, code, "detail"))),
    });
    let (title, words) = (state.texts.plain(lang, "docs-problems"), state.texts.plain(lang, "docs-problems-text"));
    let page = ProblemsTemplate { lang: lang.tag(), title, text: words, rows: rows.collect() };
    let mut page = html(&request, &page)?;
    page.headers_mut().insert(header::VARY, header::HeaderValue::from_static("accept-language"));
    Ok(page)
}
