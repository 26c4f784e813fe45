//! A body that is not wanted: absent, or an empty object.

use crate::problem::{BODY_BYTES_MAX, Problem};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde_json::{Map, Value};
use std::future::Future;
use std::pin::Pin;

/// What is sent where nothing can be said. Anything but nothing and `{}` is refused, so that nobody
/// believes that it was heard.
pub struct Nothing;

impl FromRequest for Nothing {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let wrong = |why: String| Problem::new("bad_request").with("reason", why);
            let payload = payload.await.map_err(|error| wrong(error.to_string()))?;
            let read = payload.to_bytes_limited(BODY_BYTES_MAX).await;
            let bytes =
                read.map_err(|_| Problem::new("payload_too_large"))?.map_err(|error| wrong(error.to_string()))?;
            if bytes.is_empty() {
                return Ok(Self);
            }
            let fields: Map<String, Value> =
                serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
            match fields.keys().next() {
                None => Ok(Self),
                Some(field) => Err(Problem::new("unknown_field").with("field", field.as_str())),
            }
        })
    }
}
