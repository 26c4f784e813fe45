//! The OpenAPI document: derived from the handlers and the types they really take and send,
//! [completed](complete) with what all of them have in common, and then used to hold requests to it.
//!
//! A handler says whom it is for with `x-roles` and how it can fail with `x-problems`; from these come
//! its security, and an answer for every code of [`problem::TABLE`](crate::problem::TABLE).

mod complete;

use crate::docs::fixed;
use crate::{admin, citizen, ops, shop};
use actix_web::dev::ServiceRequest;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, get, web};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Pages and assets: served, but no part of the interface that the document describes.
pub const PAGES: [(&str, &str); 25] = [
    ("GET", "/"),
    ("GET", "/v"),
    ("POST", "/v"),
    ("GET", "/v/buono"),
    ("GET", "/v/buono/parti"),
    ("GET", "/v/buono/foglio.pdf"),
    ("GET", "/v/buono/tessera.pdf"),
    ("GET", "/v/blocca"),
    ("GET", "/v/ricorda"),
    ("POST", "/v/ricorda"),
    ("GET", "/v/dimentica"),
    ("POST", "/v/dimentica"),
    ("GET", "/v/app.webmanifest"),
    ("POST", "/v/blocca"),
    ("GET", "/negozio"),
    ("GET", "/shop"),
    ("GET", "/shop/manifest.webmanifest"),
    ("GET", "/shop/worker.js"),
    ("GET", "/console"),
    ("GET", "/accessibilita"),
    ("GET", "/accessibilita/{municipality}"),
    ("GET", "/assets/{name}"),
    ("GET", "/docs"),
    ("GET", "/docs/files/{name}"),
    ("GET", "/docs/problems"),
];

/// All routes that the document describes; nothing can be registered here without a description.
pub fn api(config: &mut ServiceConfig<'_>) {
    // the router looks at one route after the other: tills first
    shop::configure(config);
    ops::configure(config);
    citizen::configure(config);
    admin::configure(config);
    config.service(this_document);
}

/// This document
#[utoipa::path(tag = "document", operation_id = "get_openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
#[get("/openapi.json")]
async fn this_document(document: web::Data<Document>, request: HttpRequest) -> HttpResponse {
    fixed(&request, "application/json", document.json.clone())
}

/// Which query parameters a call may have; `None` for pages, which do not say.
type Parameters = Option<Vec<String>>;

/// The document as it is served, and what is to be known of it at every request.
pub struct Document {
    /// What `/openapi.json` answers.
    pub json: Bytes,
    /// By path pattern and method.
    calls: BTreeMap<String, BTreeMap<String, Parameters>>,
}

impl Document {
    /// The document of an installation at this address.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect of ours.
    pub fn new(base_url: &str) -> Result<Self, serde_json::Error> {
        let (_, described) = App::new().into_utoipa_app().configure(api).split_for_parts();
        let document = complete::complete(serde_json::to_value(described)?, base_url);
        let mut calls: BTreeMap<String, BTreeMap<String, Parameters>> = BTreeMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let call = calls.entry(path.clone()).or_default();
                call.insert(method.to_ascii_uppercase(), Some(query_parameters(operation)));
            }
        }
        for (method, path) in PAGES {
            calls.entry(path.to_owned()).or_default().insert(method.to_owned(), None);
        }
        Ok(Self { json: serde_json::to_vec(&document)?.into(), calls })
    }

    /// A query parameter of this request that the document does not know.
    #[must_use]
    pub fn unknown_parameter(&self, request: &ServiceRequest) -> Option<String> {
        let methods = self.calls.get(&request.match_pattern()?)?;
        let known = methods.get(request.method().as_str())?.as_ref()?;
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
        query.into_inner().into_iter().map(|(name, _)| name).find(|name| !known.contains(name))
    }

    /// The methods that the path of this request takes; none when there is no such path.
    #[must_use]
    pub fn methods(&self, request: &HttpRequest) -> Vec<&str> {
        let pattern = request.resource_map().match_pattern(request.path());
        pattern.map(|pattern| self.methods_of(&pattern)).unwrap_or_default()
    }

    /// The methods that a path of the document takes, by its pattern; none when there is no such path.
    #[must_use]
    pub fn methods_of(&self, pattern: &str) -> Vec<&str> {
        self.calls.get(pattern).into_iter().flatten().map(|(method, _)| method.as_str()).collect()
    }
}

fn query_parameters(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let queried = parameters.filter(|parameter| parameter["in"] == "query");
    queried.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}
