//! `Idempotency-Key`.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// The caller's own name for one attempt: 8 to 64 visible ASCII characters.
pub struct IdempotencyKey(pub String);

impl IdempotencyKey {
    /// Checks a key.
    ///
    /// # Errors
    /// `idempotency_key_invalid`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::new("idempotency_key_invalid"))
        }
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(8))
            .max_length(Some(64))
            .pattern(Some("^[!-~]+$"));
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("The caller's own name for one attempt; a UUID is recommended."))
            .schema(Some(text));
        vec![key.build()]
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get("idempotency-key").ok_or(Problem::new("idempotency_key_required"));
        ready(header.and_then(|value| match value.to_str() {
            Ok(text) => Self::parse(text),
            Err(_) => Err(Problem::new("idempotency_key_invalid")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_visible_text() {
        for good in ["12345678", "a-key:with/signs", &"x".repeat(64)] {
            assert!(IdempotencyKey::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1234567", &"x".repeat(65), "with space", "tab\there!", "accènted"] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad}");
        }
    }
}
