//! What every answer carries: a request id, security headers, and problems in the caller's language.

use crate::figures::observe;
use crate::openapi::Document;
use crate::problem::{Problem, localise};
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use std::sync::Arc;
use std::time::Duration;

/// Only what this server itself serves; no inline scripts, no frames.
const CSP: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

type Header = (HeaderName, HeaderValue);

const fn fixed(name: HeaderName, value: &'static str) -> Header {
    (name, HeaderValue::from_static(value))
}

/// What every answer carries, unless its handler has said something else.
static EVERY: [Header; 3] = [
    fixed(header::CACHE_CONTROL, "no-store"),
    fixed(header::CONTENT_SECURITY_POLICY, CSP),
    fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// What only a document that a browser shows has a use for.
static DOCUMENTS: [Header; 3] = [
    fixed(header::REFERRER_POLICY, "no-referrer"),
    fixed(header::PERMISSIONS_POLICY, "camera=(self), geolocation=(self), microphone=()"),
    fixed(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
];

fn protect(headers: &mut HeaderMap) {
    let shown = headers.get(header::CONTENT_TYPE).is_none_or(|kind| !kind.as_bytes().starts_with(b"application/"));
    for (name, value) in EVERY.iter().chain(DOCUMENTS.iter().filter(|_| shown)) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// The middleware.
///
/// # Errors
/// Those of the handler, as responses.
pub async fn dress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let clock = request.app_data::<web::Data<AppState>>().map(|state| Arc::clone(&state.clock));
    let began = clock.as_ref().map(|clock| clock.now());
    let response = match unknown_parameter(&request) {
        Some(problem) => request.error_response(problem).map_into_boxed_body(),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let mut response = if response.status().is_client_error() || response.status().is_server_error() {
        in_words(response).await?
    } else {
        response
    };
    protect(response.headers_mut());
    if let Some((clock, began)) = clock.zip(began) {
        let micros = clock.now().micros() - began.micros();
        observe(&response, Duration::from_micros(micros.unsigned_abs()));
    }
    Ok(response)
}

/// A query parameter that the document does not know is refused, whatever the handler reads.
fn unknown_parameter(request: &ServiceRequest) -> Option<Problem> {
    if request.query_string().is_empty() {
        return None;
    }
    let name = request.app_data::<web::Data<Document>>()?.unknown_parameter(request)?;
    Some(Problem::new("unknown_field").with("field", name))
}

/// A problem gets its texts and an id that the log knows too.
async fn in_words(response: ServiceResponse<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    let texts = response.request().app_data::<web::Data<AppState>>().map(|state| Arc::clone(&state.texts));
    let (Some(texts), true) = (texts, is_problem) else {
        return Ok(response);
    };
    let (request, response) = response.into_parts();
    let id = crate::edge::new_id().to_string();
    let (head, body) = response.into_parts();
    let body = to_bytes(body).await.unwrap_or_default();
    if head.status().is_server_error() {
        tracing::warn!(
            request_id = id,
            status = head.status().as_u16(),
            path = request.match_pattern(),
            "a request failed"
        );
    }
    let worded = localise(&texts, request.headers(), &body, &id);
    let (lang, worded) = worded.unwrap_or_else(|| (Lang::default(), body.to_vec()));
    let mut answer = HttpResponse::build(head.status());
    for (name, value) in head.headers() {
        answer.insert_header((name.clone(), value.clone()));
    }
    answer.insert_header((header::CONTENT_LANGUAGE, lang.tag()));
    Ok(ServiceResponse::new(request, answer.body(worded)))
}
