//! Requests that no handler takes.

use crate::openapi::Document;
use crate::problem::Problem;
use actix_web::error::InternalError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

/// Paths that cannot be read name nothing: the answer is the same as for an id that does not exist.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|error, request| {
        // what stands where an id could stand, and takes other methods
        let document = request.app_data::<web::Data<Document>>();
        let methods = document.map(|document| document.methods_of(request.path())).unwrap_or_default();
        if !methods.is_empty() {
            return InternalError::from_response(error, method_not_allowed(&methods)).into();
        }
        let code = match request.path() {
            path if path.starts_with("/v1/admin/vouchers/") => "voucher_not_found",
            path if ["/v1/claims/", "/v1/admin/claims/"].iter().any(|start| path.starts_with(start)) => {
                "claim_not_found"
            }
            path if path.starts_with("/v1/holds/") => "hold_not_found",
            path if path.starts_with("/v1/operations/") => "operation_not_found",
            _ => "not_found",
        };
        Problem::new(code).into()
    })
}

/// What no route answers.
pub async fn no_route(document: web::Data<Document>, request: HttpRequest) -> HttpResponse {
    let methods = document.methods(&request);
    if methods.is_empty() {
        return Problem::new("not_found").error_response();
    }
    method_not_allowed(&methods)
}

fn method_not_allowed(methods: &[&str]) -> HttpResponse {
    let mut response = Problem::new("method_not_allowed").error_response();
    if let Ok(allow) = header::HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
