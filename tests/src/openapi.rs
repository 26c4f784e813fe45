//! The OpenAPI document as the generated tests read it.

use serde_json::Value;
use std::collections::BTreeMap;

/// The document that a server serves.
pub struct Document(pub Value);

/// One call of the document.
pub struct Operation<'a> {
    /// `GET`, `POST`, …
    pub method: String,
    /// With its parameters in braces.
    pub path: &'a str,
    document: &'a Document,
    described: &'a Value,
}

impl Document {
    /// Asks a server for it.
    ///
    /// # Panics
    /// When it does not answer with JSON.
    pub async fn of(base_url: &str) -> Self {
        let answer = reqwest::get(format!("{base_url}/openapi.json")).await.expect("an answer");
        Self(answer.json().await.expect("the document is JSON"))
    }

    /// All calls.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().expect("paths");
        let calls = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, described)| (path, method, described))
        });
        let all: Vec<_> = calls
            .map(|(path, method, described)| Operation {
                method: method.to_uppercase(),
                path,
                document: self,
                described,
            })
            .collect();
        assert!(!all.is_empty(), "the document is empty");
        all
    }

    /// What a `$ref` stands for; anything else stands for itself.
    ///
    /// # Panics
    /// When it leads nowhere.
    #[must_use]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let target = self.0.pointer(reference.trim_start_matches('#'));
        self.resolve(target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
    }
}

/// What an `id` names: `/v1/admin/vouchers/{id}/block` names a voucher.
const NAMED: [(&str, &str); 13] = [
    ("/v1/admin/vouchers/{id}", "voucher_id"),
    ("/v1/admin/shops/{id}", "shop_id"),
    ("/v1/admin/terminals/{id}", "terminal_id"),
    ("/v1/admin/programmes/{id}", "programme_id"),
    ("/v1/admin/users/{id}", "user_id"),
    ("/v1/admin/imports/{id}", "import_id"),
    ("/v1/admin/messages/{id}", "message_id"),
    ("/v1/admin/tickets/{id}", "ticket_id"),
    ("/v1/claims/{id}", "claim_id"),
    ("/v1/admin/claims/{id}", "claim_id"),
    ("/v1/holds/{id}", "hold_id"),
    ("/v1/operations/{id}", "operation_id"),
    ("/v1/staff/{id}", "staff_id"),
];

/// Where a path names a line of a claim: one thing, since a line is of one claim.
const LINE: &str = "{id}/lines/{operation_id}";

/// What names nothing of this world, as something of this kind.
#[must_use]
pub fn unknown(kind: &str) -> String {
    let id = "01900000-0000-7000-8000-000000000000";
    match kind {
        "key" | "claim_key" => "never-used-key".to_owned(),
        "voucher" => "BUONO:0000000000000".to_owned(),
        "claim_line" => format!("{id}/lines/{id}"),
        _ => id.to_owned(),
    }
}

impl Operation<'_> {
    /// `GET /v1/shop`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Who may make it; `None` for everybody.
    #[must_use]
    pub fn roles(&self) -> Option<Vec<&str>> {
        let roles = self.described["x-roles"].as_array()?;
        Some(roles.iter().filter_map(Value::as_str).collect())
    }

    /// The names of its security schemes.
    #[must_use]
    pub fn schemes(&self) -> Vec<&str> {
        let any = self.described["security"].as_array().into_iter().flatten();
        any.flat_map(|scheme| scheme.as_object().into_iter().flatten()).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether it answers with this media type.
    #[must_use]
    pub fn answers(&self, status: &str, media: &str) -> bool {
        let answer = self.document.resolve(&self.described["responses"][status]);
        answer["content"].as_object().is_some_and(|content| content.contains_key(media))
    }

    /// Whether its description knows this status.
    #[must_use]
    pub fn knows(&self, status: u16) -> bool {
        !self.described["responses"][status.to_string()].is_null()
    }

    /// The names of its parameters in the path, the query or the headers.
    #[must_use]
    pub fn parameters(&self, place: &str) -> Vec<&str> {
        let all = self.described["parameters"].as_array().into_iter().flatten();
        let there = all.map(|parameter| self.document.resolve(parameter)).filter(|parameter| parameter["in"] == place);
        there.filter_map(|parameter| parameter["name"].as_str()).collect()
    }

    /// The media types of its body.
    #[must_use]
    pub fn takes(&self) -> Vec<&str> {
        let content = self.described["requestBody"]["content"].as_object();
        content.into_iter().flatten().map(|(media, _)| media.as_str()).collect()
    }

    /// What its path parameter names, as the tests call it.
    ///
    /// # Panics
    /// When a path has a parameter that nobody has said the meaning of.
    #[must_use]
    pub fn named(&self) -> Option<&'static str> {
        match self.parameters("path").as_slice() {
            [] => None,
            ["key"] if self.path.starts_with("/v1/claims/") => Some("claim_key"),
            ["key"] => Some("key"),
            ["id", "operation_id"] if self.path.contains(LINE) => Some("claim_line"),
            ["id"] => {
                let known = NAMED.iter().find(|(start, _)| self.path.starts_with(start));
                Some(known.unwrap_or_else(|| panic!("what does the id of {} name? Say it in NAMED", self.path)).1)
            }
            other => panic!("{}: what are {other:?}?", self.path),
        }
    }

    /// The path, with what its parameter names and the query parameters that have a value here.
    #[must_use]
    pub fn target(&self, values: &BTreeMap<&str, String>) -> String {
        let mut path = self.path.to_owned();
        if let Some(named) = self.named() {
            let value = values.get(named).unwrap_or_else(|| panic!("{}: no {named}", self.name()));
            path = path.replace(LINE, value).replace("{id}", value).replace("{key}", value);
        }
        let queried = self.parameters("query").into_iter().filter_map(|name| Some((name, values.get(name)?)));
        let query: Vec<String> = queried.map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// A body as the document's examples have it, with these values where it has such fields, and
    /// its media type.
    ///
    /// # Panics
    /// When it has no example.
    #[must_use]
    pub fn body(&self, values: &BTreeMap<&str, String>) -> Option<(&'static str, String)> {
        let content = &self.described["requestBody"]["content"];
        if let Some(example) = content["text/csv"]["example"].as_str() {
            return Some(("text/csv", example.to_owned()));
        }
        let schema = content.get("application/json")?;
        let schema = self.document.resolve(&schema["schema"]);
        let example = schema["examples"][0].as_object();
        let example = example.unwrap_or_else(|| panic!("{}: give its body an example", self.name()));
        let mut body = example.clone();
        let variants = schema["oneOf"].as_array().into_iter().flatten().chain([schema]);
        // of several variants the one that the example shows
        let shown = variants.filter(|variant| example.keys().all(|name| !variant["properties"][name].is_null()));
        let fields = shown.flat_map(|variant| variant["properties"].as_object().into_iter().flatten());
        for (name, field) in fields {
            // a field of several has the one
            let several = name.strip_suffix('s').filter(|_| self.document.resolve(field)["type"] == "array");
            if let Some(value) = several.and_then(|one| values.get(one)) {
                body.insert(name.clone(), serde_json::json!([value]));
            } else if let Some(value) = values.get(name.as_str()) {
                body.insert(name.clone(), value.clone().into());
            }
        }
        Some(("application/json", Value::Object(body).to_string()))
    }
}
