//! What every answer carries: a request id, security headers, and problems in the caller's language.

use crate::figures::observe;
use crate::problem::localise;
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use std::sync::Arc;
use std::time::Duration;

/// Only what this server itself serves; no inline scripts, no frames.
const CSP: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const FIXED: [(&str, &str); 5] = [
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(self), geolocation=(), microphone=()"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The middleware.
///
/// # Errors
/// Those of the handler, as responses.
pub async fn dress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let lang = Lang::of(request.headers());
    let clock = request.app_data::<web::Data<AppState>>().map(|state| Arc::clone(&state.clock));
    let began = clock.as_ref().map(|clock| clock.now());
    let response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => return Err(error),
    };
    let mut response = if response.status().is_client_error() || response.status().is_server_error() {
        in_words(response, lang).await?
    } else {
        response
    };
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some((clock, began)) = clock.zip(began) {
        let micros = clock.now().micros() - began.micros();
        observe(&response, Duration::from_micros(micros.unsigned_abs()));
    }
    Ok(response)
}

/// A problem gets its texts and an id that the log knows too.
async fn in_words(response: ServiceResponse<BoxBody>, lang: Lang) -> Result<ServiceResponse<BoxBody>, Error> {
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
    let worded = localise(&texts, lang, &body, &id).unwrap_or_else(|| body.to_vec());
    let mut answer = HttpResponse::build(head.status());
    for (name, value) in head.headers() {
        answer.insert_header((name.clone(), value.clone()));
    }
    answer.insert_header((header::CONTENT_LANGUAGE, lang.tag()));
    Ok(ServiceResponse::new(request, answer.body(worded)))
}
