//! `Deadline`: after it an attempt does nothing, however long it was on its way.

use crate::problem::Problem;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::clock::Timestamp;
use std::future::{Ready, ready};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

const NAME: &str = "Deadline";

/// Until when an attempt may begin to be executed: as long as any request, and not longer than its till will wait. What a
/// phone has given up may leave it minutes later, and a machine that stood still reads what came meanwhile.
pub struct Deadline(pub Timestamp);

impl Deadline {
    fn read(state: &AppState, text: Option<&[u8]>) -> Result<Self, Problem> {
        let own = state.deadline();
        let Some(text) = text else { return Ok(Self(own)) };
        let told = std::str::from_utf8(text).ok().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let told = told.ok_or(Problem::new("bad_request").with("field", NAME))?;
        let until = Timestamp::from_micros(told.as_microsecond());
        // sent on to another node in vain it would be called unknown
        if state.clock.now() > until { Err(Problem::new("deadline_over")) } else { Ok(Self(own.min(until))) }
    }
}

impl IntoParams for Deadline {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let instant = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let deadline = ParameterBuilder::new()
            .name(NAME)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "An instant by the server's clock (its answers' `Date`) after which this request begins nothing: 422 \
                 `deadline_over`. A till that sends it knows from when on 404 `never_executed` is final.",
            ))
            .schema(Some(instant));
        vec![deadline.build()]
    }
}

impl FromRequest for Deadline {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<AppState>>().ok_or(Problem::new("internal_error"));
        ready(state.and_then(|state| Self::read(state, request.headers().get(NAME).map(|value| value.as_bytes()))))
    }
}
