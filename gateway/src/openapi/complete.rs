//! What every call has in common: who may make it, how it can fail, in which language.

use crate::auth::cookie_name;
use crate::problem::TABLE;
use crate::texts::{Lang, Texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CONVENTIONS: &str = include_str!("conventions.md");

/// The parts of the document, in the order of its chapters.
const TAGS: [(&str, &str); 16] = [
    ("till", "What shops use, with the token of an enrolled till."),
    ("citizen", "What a voucher's holder uses, with the session that the link or the code opens."),
    ("session", "Staff sign in and out."),
    ("programmes", "Budget, validity and rules of a municipality's programmes."),
    ("shops", "The affiliated shops and their tills."),
    ("imports", "Uploading shops and families: look, apply, undo."),
    ("vouchers", "Finding and changing vouchers."),
    ("users", "Who works for the municipality."),
    ("municipalities", "What the operator of the installation looks after."),
    ("municipality", "What a municipality says about itself."),
    ("messages", "What was sent to holders."),
    ("claims", "What shops ask to be paid: checked, approved, paid."),
    ("tickets", "What shops ask, and the answers."),
    ("audit", "Who did what."),
    ("operations", "Health, figures, keys."),
    ("document", "This document."),
];

/// The document as derived from the handlers, made whole.
pub(super) fn complete(mut document: Value, base_url: &str) -> Value {
    document["openapi"] = "3.1.0".into();
    document["info"] = json!({
        "title": "Buono",
        "summary": "Digital vouchers of municipalities",
        "description": CONVENTIONS,
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    });
    document["servers"] = json!([{"url": "/"}]);
    document["tags"] = TAGS.iter().map(|(name, text)| json!({"name": name, "description": text})).collect();
    document["components"]["securitySchemes"] = security_schemes(base_url);
    document["components"]["schemas"]["Problem"] = problem();
    document["components"]["parameters"] = json!({"AcceptLanguage": {
        "name": "Accept-Language", "in": "header", "required": false, "schema": {"type": "string"}, "example": "it",
        "description": "The language of texts: Italian (`it`), which is also the default, or English (`en`). \
                        What citizens may meet is also in `fr`, `es`, `ro`, `ar`, `uk` and `sq`.",
    }});
    let mut failures = Failures { texts: Texts::default(), shared: Map::new() };
    for (_, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            complete_operation(&mut failures, method, operation);
        }
    }
    document["components"]["responses"] = failures.shared.into();
    with_examples(&mut document["components"]["schemas"]);
    document
}

/// Since 3.1 a schema has a list of examples.
fn with_examples(schemas: &mut Value) {
    match schemas {
        Value::Object(fields) => {
            if let Some(example) = fields.remove("example") {
                fields.insert("examples".to_owned(), json!([example]));
            }
            fields.iter_mut().filter(|(name, _)| *name != "examples").for_each(|(_, value)| with_examples(value));
        }
        Value::Array(items) => items.iter_mut().for_each(with_examples),
        _ => {}
    }
}

fn security_schemes(base_url: &str) -> Value {
    let cookie = |name, text| json!({"type": "apiKey", "in": "cookie", "name": cookie_name(base_url, name), "description": text});
    json!({
        "terminal": {"type": "http", "scheme": "bearer", "description": "The token of an enrolled till."},
        "citizen": cookie("voucher", "The session that `POST /v1/citizen/session` opens."),
        "staff": cookie("staff", "The session that `POST /v1/admin/session` opens."),
        "staff_token": {"type": "http", "scheme": "bearer", "description": "The value of the `staff` cookie, for callers without cookies."},
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong, RFC 9457, with fields of the case.",
        "required": ["type", "title", "detail", "status", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
            "title": {"type": "string"},
            "detail": {"type": "string", "description": "For a person, in the caller's language."},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable: programs look at this."},
            "request_id": {"type": "string", "format": "uuid", "description": "To name when asking for help."},
            "field": {"type": "string", "description": "Which field of the request is wrong."},
            "reason": {"type": "string", "description": "More, for whoever writes the caller."},
            "balance_cents": {"type": "integer", "description": "What is left, where the till may know it."},
            "available_cents": {"type": "integer", "description": "What can be taken, where the till may know it."},
        },
    })
}

fn complete_operation(failures: &mut Failures, method: &str, operation: &mut Value) {
    let Some(fields) = operation.as_object_mut() else { return };
    let named = fields.remove("x-problems").unwrap_or_default();
    let mut codes: Vec<String> = implied(method, fields).into_iter().map(str::to_owned).collect();
    gather(&named, &mut codes);
    fields.insert("security".to_owned(), security(fields.get("x-roles")));
    if takes(fields, "Idempotency-Key") {
        replays(fields);
    }
    let answers = fields.get_mut("responses");
    if let Some(stream) = answers.and_then(|answers| answers.pointer_mut("/200/content/text~1event-stream/schema")) {
        *stream = event(stream);
    }
    let parameters = fields.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(json!({"$ref": "#/components/parameters/AcceptLanguage"}));
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (code, status) in TABLE {
        if codes.iter().any(|named| named == code) {
            by_status.entry(*status).or_default().push(code);
        }
    }
    debug_assert!(
        codes.iter().all(|code| TABLE.iter().any(|(known, _)| code == known)),
        "an unknown code in {codes:?}"
    );
    for (status, codes) in by_status {
        fields["responses"][status.to_string()] = failures.answer(status, &codes);
    }
}

/// Codes may be named one by one or in lists.
fn gather(named: &Value, codes: &mut Vec<String>) {
    match named {
        Value::String(code) => codes.push(code.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, codes)),
        _ => {}
    }
}

/// A server-sent event whose data is JSON of this schema.
fn event(schema: &Value) -> Value {
    let data = json!({"type": "string", "contentMediaType": "application/json", "contentSchema": schema});
    json!({
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"type": "string"}, "id": {"type": "string"}, "data": data},
    })
}

fn takes(operation: &Map<String, Value>, header: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().any(|parameter| parameter["name"] == header)
}

/// What can go wrong with any call of this form.
fn implied(method: &str, operation: &Map<String, Value>) -> Vec<&'static str> {
    // unknown query parameters are refused everywhere
    let mut codes = vec!["unknown_field"];
    let roles = operation.get("x-roles").and_then(Value::as_array);
    let json = operation.get("requestBody").is_some_and(|body| !body["content"]["application/json"].is_null());
    let queried = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    if queried.clone().any(|parameter| parameter["in"] == "query") || method == "post" {
        codes.push("bad_request");
    }
    if let Some(roles) = roles {
        codes.push("unauthorized");
        if security_names(roles).contains(&"staff") {
            codes.push("forbidden");
        }
    }
    if method == "post" {
        codes.push("payload_too_large");
    }
    if json {
        codes.push("unsupported_media_type");
    }
    if takes(operation, "Idempotency-Key") {
        codes.extend(["idempotency_key_required", "idempotency_key_invalid", "idempotency_key_reused"]);
    }
    if takes(operation, "Deadline") {
        codes.push("deadline_over");
    }
    if roles.is_some() || json {
        codes.extend(["internal_error", "out_of_service"]);
    }
    codes
}

fn security_names(roles: &[Value]) -> &'static [&'static str] {
    match roles.first().and_then(Value::as_str) {
        Some("terminal") => &["terminal"],
        Some("citizen") => &["citizen"],
        _ => &["staff", "staff_token"],
    }
}

/// Any of the ways in which these roles say who they are.
fn security(roles: Option<&Value>) -> Value {
    let names = roles.and_then(Value::as_array).map_or(&[][..], |roles| security_names(roles));
    names.iter().map(|name| json!({*name: []})).collect()
}

/// A replay answers as the first time did, and says so.
fn replays(operation: &mut Map<String, Value>) {
    let mut replay = operation["responses"]["201"].clone();
    replay["description"] = "The same answer again: this key was used before for the same request".into();
    replay["headers"] =
        json!({"Idempotency-Replayed": {"required": true, "schema": {"type": "string", "enum": ["true"]}}});
    operation["responses"]["200"] = replay;
}

/// Codes beyond which an answer is written out where it is used.
const SHARED_MAX: usize = 3;

/// The answers that carry problems, each written once however many calls give it.
struct Failures {
    texts: Texts,
    shared: Map<String, Value>,
}

impl Failures {
    fn answer(&mut self, status: u16, codes: &[&str]) -> Value {
        let failure = self.failure(status, codes);
        if codes.len() > SHARED_MAX {
            return failure;
        }
        let name = codes.join(".");
        let reference = json!({"$ref": format!("#/components/responses/{name}")});
        self.shared.insert(name, failure);
        reference
    }

    fn failure(&self, status: u16, codes: &[&str]) -> Value {
        let lines = codes.iter().map(|code| {
            let detail = self.texts.plain(Lang::En, &format!("problem-{}-detail", code.replace('_', "-")));
            format!("- `{code}`: {detail}")
        });
        let language = json!({"required": true, "schema": {"type": "string", "enum": Lang::ALL.map(Lang::tag)}});
        let mut headers = json!({"Content-Language": language});
        if matches!(status, 429 | 503) {
            headers["Retry-After"] = json!({
                "required": true, "schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait.",
            });
        }
        json!({
            "description": lines.collect::<Vec<_>>().join("\n"),
            "headers": headers,
            "content": {"application/problem+json": {"schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"type": "object", "properties": {"code": {"enum": codes}, "status": {"const": status}}},
            ]}}},
        })
    }
}
