//! What the document says of all calls, tried on each of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::openapi::{Document, Operation, unknown};
use tests::town::{Caller, Installation, Town, key};

struct World {
    on: Installation,
    document: Document,
    town: Town,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let (document, town) = (Document::of(&on.server.base_url).await, Town::build(&on, "Pievebassa").await);
        Self { on, document, town, _data: data }
    }

    /// Somebody who may make the call.
    fn allowed(&self, operation: &Operation<'_>) -> Caller {
        let Some(roles) = operation.roles() else { return Caller::nobody() };
        let everybody = self.town.callers().into_iter().chain([&self.on.operator]);
        everybody.into_iter().find(|caller| roles.contains(&caller.role.as_str())).unwrap().clone()
    }

    /// A request with all that the call needs but its body.
    fn request(&self, operation: &Operation<'_>, more: &str) -> RequestBuilder {
        let nowhere = operation.named().map(|name| (name, unknown(name)));
        let mut values: BTreeMap<&str, String> = nowhere.into_iter().collect();
        values.insert("programme_id", self.town.programme.clone());
        let target = operation.target(&values);
        let joint = if more.is_empty() {
            ""
        } else if target.contains('?') {
            "&"
        } else {
            "?"
        };
        let method: Method = operation.method.parse().unwrap();
        let request = self.on.request(&self.allowed(operation), method, &format!("{target}{joint}{more}"));
        request.header("Idempotency-Key", key())
    }
}

/// Status and code of a problem, which is in the caller's language and on record.
async fn problem(answer: Response) -> (u16, String, Value) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{}", answer.url());
    assert_eq!(answer.headers()["content-language"], "it");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned(), body)
}

#[tokio::test]
async fn unknown_query_parameters_are_refused_everywhere() {
    let world = World::new().await;
    for operation in world.document.operations() {
        let answer = world.request(&operation, "tipo=x").send().await.unwrap();
        let (status, code, body) = problem(answer).await;
        assert_eq!(
            (status, code.as_str(), &body["field"]),
            (400, "unknown_field", &json!("tipo")),
            "{}",
            operation.name()
        );
        assert!(operation.knows(400));
    }
    let twice = world.on.request(&world.town.clerk, Method::GET, "/v1/admin/vouchers?limit=1&limit=2");
    assert_eq!(problem(twice.send().await.unwrap()).await.0, 400);
}

#[tokio::test]
async fn bodies_are_held_to_their_type_and_size() {
    let world = World::new().await;
    let mut tried = 0;
    for operation in world.document.operations().iter().filter(|operation| operation.method == "POST") {
        let name = operation.name();
        let upload = operation.takes().contains(&"text/csv");
        let size = if upload { (8 << 20) + 1 } else { (64 << 10) + 1 };
        // a body that is right but for its size: blanks before the object
        let kind = if upload { "text/csv" } else { "application/json" };
        let big = world.request(operation, "").header("Content-Type", kind).body(" ".repeat(size));
        let (status, code, _) = problem(big.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (413, "payload_too_large"), "{name}");
        if operation.takes() == ["application/json"] {
            let (_, body) = operation.body(&BTreeMap::new()).unwrap();
            let text = world.request(operation, "").header("Content-Type", "text/plain").body(body.clone());
            let (status, code, _) = problem(text.send().await.unwrap()).await;
            assert_eq!((status, code.as_str()), (415, "unsupported_media_type"), "{name}");
            tried += 1;
        }
        if !upload {
            let more = world.request(operation, "").json(&json!({"inventato": 1}));
            let (status, code, _) = problem(more.send().await.unwrap()).await;
            assert_eq!((status, code.as_str()), (400, "unknown_field"), "{name}");
        }
    }
    assert!(tried > 10);
}

#[tokio::test]
async fn other_methods_are_named_and_refused() {
    let world = World::new().await;
    let mut methods: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let operations = world.document.operations();
    for operation in &operations {
        methods.entry(operation.path).or_default().push(operation.method.clone());
    }
    for operation in &operations {
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"] {
            if methods[operation.path].iter().any(|known| known == other) {
                continue;
            }
            let (client, request) = world.request(operation, "").build_split();
            let mut request = request.unwrap();
            *request.method_mut() = other.parse().unwrap();
            let answer = client.execute(request).await.unwrap();
            let allow = answer.headers().get("allow").map_or("", |allow| allow.to_str().unwrap());
            let allow: Vec<String> = allow.split(", ").map(str::to_owned).collect();
            assert_eq!(
                (answer.status().as_u16(), &allow),
                (405, &methods[operation.path]),
                "{other} {}",
                operation.path
            );
        }
    }
    let home = world.on.request(&Caller::nobody(), Method::DELETE, "/v").send().await.unwrap();
    assert_eq!((home.status().as_u16(), home.headers()["allow"].to_str().unwrap()), (405, "GET, POST"));
}

#[tokio::test]
async fn nothing_personal_is_kept_on_the_way() {
    let world = World::new().await;
    for operation in world.document.operations().iter().filter(|operation| operation.method == "GET") {
        let answer = world.request(operation, "").send().await.unwrap();
        let kept = answer.headers()["cache-control"].to_str().unwrap().to_owned();
        let public = operation.path == "/openapi.json";
        assert_eq!(kept, if public { "no-cache" } else { "no-store" }, "{}", operation.name());
    }
}

/// Follows a list to its end, two items at a time.
async fn walk(world: &World, caller: &Caller, path: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.on.get(caller, &format!("{path}?limit=2{after}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2, "{path}");
        all.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => after = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Several of what a till makes, and a claim with several lines.
async fn things_of_a_till(world: &World) -> String {
    let (till, voucher) = (&world.town.tills[0], &world.town.voucher.code);
    let mut first = None;
    for _ in 0..4 {
        let claim = world.on.post(till, "/v1/claims", &json!({})).await["claim_id"].clone();
        first.get_or_insert(claim.as_str().unwrap().to_owned());
        world.on.post(till, "/v1/redemptions", &json!({"voucher": voucher, "amount_cents": 1})).await;
        let list = json!({"from": "2026-01-01", "to": "2026-01-31", "email": "a@b.example", "format": "csv"});
        world.on.post(till, "/v1/statements", &list).await;
        world.on.post(till, "/v1/staff", &json!({"label": key()})).await;
        world.on.post(till, "/v1/tickets", &json!({"text": "Il lettore non legge più."})).await;
        world.town.enrol(&world.on, &world.town.shops[0]).await;
    }
    first.unwrap()
}

#[tokio::test]
async fn every_list_has_pages_that_make_up_the_whole() {
    let world = World::new().await;
    for name in ["Comune di Uno", "Comune di Due", "Comune di Tre"] {
        let new = json!({"name": name, "help_phone": "1", "help_email": "a@b.example"});
        world.on.post(&world.on.operator, "/v1/admin/municipalities", &new).await;
        world.town.add_programme(&world.on).await;
        world.town.import_shops(&world.on, 1).await;
    }
    let redeemed = json!({"voucher": world.town.voucher.code, "amount_cents": 1});
    for _ in 0..5 {
        world.on.post(&world.town.tills[0], "/v1/redemptions", &redeemed).await;
    }
    let claim = things_of_a_till(&world).await;
    world.town.quiet(&world.on).await;
    let mut lists = 0;
    for operation in world.document.operations() {
        let queried = operation.parameters("query");
        if !queried.contains(&"limit") {
            continue;
        }
        assert!(queried.contains(&"cursor"), "{} has no cursor", operation.name());
        let caller = world.allowed(&operation);
        let of = |part| operation.path.contains(part);
        let id = match (of("/claims/"), of("/shops/")) {
            (true, _) => &claim,
            (_, true) => &world.town.shops[0],
            _ => &world.town.voucher.id,
        };
        let path = operation.path.replace("{id}", id);
        let whole = world.on.get(&caller, &format!("{path}?limit=500")).await;
        let pages = walk(&world, &caller, &path).await;
        assert!(pages.len() > 2, "{path} is too short to prove anything");
        assert!(Value::from(pages) == whole["items"], "{path}: its pages do not make up the whole");
        for wrong in ["limit=0", "limit=501", "limit=-1", "limit=x", "cursor=x"] {
            let answer = world.on.request(&caller, Method::GET, &format!("{path}?{wrong}")).send().await.unwrap();
            assert_eq!(problem(answer).await.1, "bad_request", "{path}?{wrong}");
        }
        lists += 1;
    }
    assert_eq!(lists, 19, "a list was forgotten, or is new: then this is the place to count it");
}
