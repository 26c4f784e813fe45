//! Who may do what, generated from the OpenAPI document: every role, every endpoint, one's own town
//! and another, one's own shop and another.
//!
//! The expected rights are the document's `x-roles`; what the server really does is the handlers'
//! own guards. Nothing is listed here: a new endpoint is tried as soon as it is described.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::openapi::{Document, Operation, unknown};
use tests::town::{Caller, Installation, Town, day_in_rome, key, text};

type Values = BTreeMap<&'static str, String>;

/// Things that the tills of a shop have to themselves, even against another shop of their town.
const OF_A_SHOP: [&str; 7] = ["claim_id", "claim_line", "claim_key", "hold_id", "operation_id", "key", "staff_id"];

struct World {
    on: Installation,
    document: Document,
    towns: Vec<Town>,
    /// For each town something of every kind, made by its first till, that no test changes.
    standing: Vec<Values>,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let document = Document::of(&on.server.base_url).await;
        let towns = vec![Town::build(&on, "Pievebassa").await, Town::build(&on, "Roccalta").await];
        let mut world = Self { on, document, towns, standing: Vec::new(), _data: data };
        for at in 0..world.towns.len() {
            let mut values = Values::new();
            for kind in world.kinds() {
                values.insert(kind, world.fresh(kind, at, &world.towns[at].tills[0].clone()).await);
            }
            world.standing.push(values);
        }
        for town in &world.towns {
            town.quiet(&world.on).await;
        }
        world
    }

    /// Everything that calls name in their paths, and what they name elsewhere.
    fn kinds(&self) -> BTreeSet<&'static str> {
        let named = self.document.operations().iter().filter_map(Operation::named).collect::<BTreeSet<_>>();
        named.into_iter().chain(["voucher", "municipality_id"]).collect()
    }

    /// Something of a kind in a town that nobody has touched, made by whoever makes such things.
    async fn fresh(&self, kind: &'static str, town: usize, caller: &Caller) -> String {
        let (on, town) = (&self.on, &self.towns[town]);
        let till = if caller.role == "terminal" { caller } else { &town.tills[0] };
        let take = async |path: &str, key: &str| {
            let voucher = town.fresh_voucher(on).await;
            let body = json!({"voucher": voucher.code, "amount_cents": 2_000});
            let request = on.request(till, Method::POST, path).header("Idempotency-Key", key);
            text(&tests::town::done(request.json(&body).send().await).await["operation_id"])
        };
        match kind {
            "voucher_id" => town.fresh_voucher(on).await.id,
            "voucher" => town.fresh_voucher(on).await.code,
            "shop_id" => town.shops.last().unwrap().clone(),
            "programme_id" => town.add_programme(on).await,
            "municipality_id" => town.municipality.clone(),
            "terminal_id" => town.enrol(on, town.shops.last().unwrap()).await.0,
            "user_id" => town.add_user(on).await,
            "import_id" => town.import_shops(on, 1).await,
            "message_id" => self.sent_message(town).await,
            "hold_id" => take("/v1/holds", &key()).await,
            "operation_id" => take("/v1/redemptions", &key()).await,
            "claim_id" | "claim_key" => {
                take("/v1/redemptions", &key()).await;
                let key = key();
                let request = on.request(till, Method::POST, "/v1/claims").header("Idempotency-Key", &key);
                let claim = tests::town::done(request.json(&json!({})).send().await).await;
                if kind == "claim_key" { key } else { text(&claim["claim_id"]) }
            }
            "claim_line" => {
                let operation = take("/v1/redemptions", &key()).await;
                let claim = text(&on.post(till, "/v1/claims", &json!({})).await["claim_id"]);
                format!("{claim}/lines/{operation}")
            }
            "staff_id" => text(&on.post(till, "/v1/staff", &json!({"label": key()})).await["staff_id"]),
            "ticket_id" => {
                let asked = json!({"text": "Il lettore non legge più."});
                text(&on.post(&town.tills[0], "/v1/tickets", &asked).await["ticket_id"])
            }
            "enrolment_code" => town.enrolment_code(on, &town.shops[1]).await,
            "key" => {
                let key = key();
                take("/v1/redemptions", &key).await;
                key
            }
            other => panic!("how is {other} made? Say it in `fresh`"),
        }
    }

    async fn sent_message(&self, town: &Town) -> String {
        town.quiet(&self.on).await;
        let messages = self.on.get(&town.clerk, "/v1/admin/messages?limit=1").await;
        text(&messages["items"][0]["id"])
    }

    /// All callers, each with the town that they call from.
    fn callers(&self) -> Vec<(Option<usize>, Caller)> {
        let towns = self.towns.iter().enumerate();
        let people =
            towns.flat_map(|(at, town)| town.callers().into_iter().map(move |caller| (Some(at), caller.clone())));
        people.chain([(None, Caller::nobody()), (None, self.on.operator.clone())]).collect()
    }

    async fn call(&self, operation: &Operation<'_>, caller: &Caller, values: &Values) -> (u16, String) {
        let method = operation.method.parse().unwrap();
        let mut request = self.on.request(caller, method, &operation.target(values));
        if operation.parameters("header").contains(&"Idempotency-Key") {
            request = request.header("Idempotency-Key", key());
        }
        if let Some((media, body)) = operation.body(values) {
            request = request.header("Content-Type", media).body(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        // a stream has no end: that it began is all that is asked here
        let endless = answer.headers().get("content-type").is_some_and(|media| media == "text/event-stream");
        (status, if endless { String::new() } else { answer.text().await.unwrap() })
    }

    /// What everybody sees, as of now.
    async fn picture(&self) -> BTreeMap<String, Value> {
        let mut picture = BTreeMap::new();
        for (_, caller) in self.callers() {
            for operation in self.document.operations() {
                let allowed = operation.roles().is_some_and(|roles| roles.contains(&caller.role.as_str()));
                let readable = operation.method == "GET" && operation.answers("200", "application/json");
                if !allowed || !readable || operation.named().is_some() {
                    continue;
                }
                let values = Values::from([("limit", "500".to_owned())]);
                let (status, body) = self.call(&operation, &caller, &values).await;
                assert_eq!(status, 200, "{}: {body}", operation.name());
                let name = format!("{} {} {}", operation.name(), caller.role, caller.credential());
                let mut body: Value = serde_json::from_str(&body).unwrap();
                if operation.path == "/v1/claims/unclaimed" {
                    // up to now, whenever that is
                    body["through"] = Value::Null;
                }
                picture.insert(name, body);
            }
        }
        picture
    }

    /// Whether what `values` name belongs to whoever calls.
    fn owns(&self, caller: &(Option<usize>, Caller), town: usize, names: &[&str]) -> bool {
        match caller.0 {
            None => true,
            Some(home) if home != town => false,
            Some(home) if caller.1.role == "terminal" => {
                let first = caller.1.credential() == self.towns[home].tills[0].credential();
                first || !names.iter().any(|name| OF_A_SHOP.contains(name))
            }
            Some(_) => true,
        }
    }
}

/// Which of the values a call really sends.
fn sent<'a>(operation: &Operation<'_>, values: &'a Values) -> Vec<&'a str> {
    let body = operation.body(values).map(|(_, body)| body).unwrap_or_default();
    let target = operation.target(values);
    values.iter().filter(|(_, value)| target.contains(*value) || body.contains(*value)).map(|(name, _)| *name).collect()
}

fn nothing_of_this_world(kinds: BTreeSet<&'static str>) -> Values {
    kinds.into_iter().map(|kind| (kind, unknown(kind))).collect()
}

/// A problem without what is different each time.
fn shape(body: &str) -> Value {
    let mut body: Value = serde_json::from_str(body).unwrap();
    body["request_id"] = Value::Null;
    body
}

/// What must be refused before anything is done: by whom, and with which status.
fn refusal(operation: &Operation<'_>, caller: &Caller) -> Option<(u16, &'static str)> {
    let roles = operation.roles()?;
    if roles.contains(&caller.role.as_str()) {
        return None;
    }
    let staff = !["nobody", "terminal", "citizen"].contains(&caller.role.as_str());
    Some(if staff && operation.schemes().contains(&"staff") { (403, "forbidden") } else { (401, "unauthorized") })
}

#[tokio::test]
async fn nobody_does_or_sees_more_than_the_document_says() {
    let world = World::new().await;
    let mut before = world.picture().await;
    for operation in world.document.operations() {
        refused(&world, &operation).await;
        hidden(&world, &operation).await;
        let after = world.picture().await;
        for (what, was) in &before {
            assert_eq!(Some(was), after.get(what), "{} was refused and changed {what}", operation.name());
        }
        before = after;
    }
    nothing_leaks(&world, &before).await;
}

/// Whoever has no right to a call is refused, whatever it names.
async fn refused(world: &World, operation: &Operation<'_>) {
    for (home, caller) in world.callers() {
        let Some((status, code)) = refusal(operation, &caller) else { continue };
        for values in home.map_or(&world.standing[..], |home| &world.standing[home..=home]) {
            let (told, body) = world.call(operation, &caller, values).await;
            let who = format!("{} as {} of {}", operation.name(), caller.role, caller.place);
            assert_eq!((told, shape(&body)["code"].as_str()), (status, Some(code)), "{who}");
        }
    }
}

/// Whoever has the right to a call, but not to what it names, learns no more than of what does not exist.
async fn hidden(world: &World, operation: &Operation<'_>) {
    let unknown = nothing_of_this_world(world.kinds());
    for caller in world.callers() {
        let allowed = operation.roles().is_some_and(|roles| roles.contains(&caller.1.role.as_str()));
        for (town, values) in world.standing.iter().enumerate() {
            let names = sent(operation, values);
            if !allowed || names.is_empty() || world.owns(&caller, town, &names) {
                continue;
            }
            let who = format!("{} as {} of {}", operation.name(), caller.1.role, caller.1.place);
            let (foreign, told) = world.call(operation, &caller.1, values).await;
            let (missing, expected) = world.call(operation, &caller.1, &unknown).await;
            assert_eq!((foreign, missing), (404, 404), "{who}: {told} {expected}");
            assert_eq!(shape(&told), shape(&expected), "{who}");
            assert!(operation.knows(404), "{who}: 404 is not in the document");
        }
    }
}

/// No id and no name of a town is anywhere in what the people of another can read.
async fn nothing_leaks(world: &World, picture: &BTreeMap<String, Value>) {
    let seen = |town: usize| -> String {
        let credentials: Vec<_> =
            world.towns[town].callers().iter().map(|caller| caller.credential().to_owned()).collect();
        let own = picture.iter().filter(|(what, _)| credentials.iter().any(|credential| what.ends_with(credential)));
        own.map(|(_, value)| value.to_string()).collect()
    };
    let operator = world.on.get(&world.on.operator, "/v1/admin/session").await;
    let common = BTreeSet::from([text(&operator["user_id"])]);
    let texts = [seen(0), seen(1)];
    let ids = texts.each_ref().map(|text| uuids(text));
    assert!(ids.iter().all(|ids| ids.len() > 200), "too little was read: {:?}", ids.each_ref().map(BTreeSet::len));
    let leaked: Vec<_> = ids[0].intersection(&ids[1]).filter(|id| !common.contains(*id)).collect();
    assert_eq!(leaked, Vec::<&String>::new());
    for (at, other) in [(0, 1), (1, 0)] {
        let (own, foreign) = (world.towns[at].name, world.towns[other].name);
        assert!(texts[at].contains(own) && !texts[at].contains(foreign), "{foreign} can be read in {own}");
    }
}

fn uuids(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    words.filter(|word| word.len() == 36 && word.matches('-').count() == 4).map(str::to_owned).collect()
}

#[tokio::test]
async fn everybody_can_do_what_the_document_says() {
    let world = World::new().await;
    for operation in world.document.operations() {
        for (home, caller) in world.callers() {
            if refusal(&operation, &caller).is_some() {
                continue;
            }
            let town = home.unwrap_or(0);
            let mut values = Values::new();
            for name in wanted(&operation) {
                values.insert(name, world.fresh(name, town, &caller).await);
            }
            let caller = expendable(&world, &operation, town, &caller, &mut values).await;
            let log = Log::before(&world, &operation, &caller, town).await;
            let (status, body) = world.call(&operation, &caller, &values).await;
            let who = format!("{} as {} of {}", operation.name(), caller.role, caller.place);
            assert!((200..300).contains(&status) && operation.knows(status), "{who}: {status} {body}");
            log.tells(&world, &who).await;
        }
    }
}

/// The town's audit log before a call that must appear in it.
struct Log {
    town: usize,
    last: String,
    user: Value,
    expected: bool,
}

impl Log {
    async fn before(world: &World, operation: &Operation<'_>, caller: &Caller, town: usize) -> Self {
        let by_staff = operation.schemes().contains(&"staff");
        // an operator's own coming and going, and a town that begins, are in no log of this town
        let elsewhere = operation.path == "/v1/admin/municipalities"
            || caller.role == "operator" && operation.path == "/v1/admin/session";
        let by_staff = by_staff && !elsewhere;
        // who is at a till is the shop's own business
        let of_a_till = operation.path.starts_with("/v1/terminal") && operation.path != "/v1/terminal/shift";
        let expected = operation.method != "GET" && (by_staff || of_a_till);
        let user = match expected && by_staff {
            true => world.on.get(caller, "/v1/admin/session").await["user_id"].clone(),
            false => Value::Null,
        };
        let newest = world.on.get(&world.towns[town].auditor, "/v1/admin/audit?limit=1").await;
        Self { town, last: text(&newest["items"][0]["id"]), user, expected }
    }

    async fn tells(&self, world: &World, who: &str) {
        let log = world.on.get(&world.towns[self.town].auditor, "/v1/admin/audit?limit=5").await;
        let items = log["items"].as_array().unwrap();
        let new = items.iter().take_while(|item| item["id"] != self.last.as_str());
        assert!(
            !self.expected || new.clone().any(|item| item["user_id"] == self.user),
            "{who} is not in the audit log"
        );
    }
}

/// What a call needs to be made at all.
fn wanted(operation: &Operation<'_>) -> Vec<&'static str> {
    let fields = operation.body(&Values::new()).map(|(_, body)| body).unwrap_or_default();
    let in_body =
        ["voucher", "enrolment_code", "staff_id"].into_iter().filter(|name| fields.contains(&format!("\"{name}\"")));
    let queried = operation.parameters("query").contains(&"programme_id").then_some("programme_id");
    let several = fields.contains("\"voucher_ids\"").then_some("voucher_id");
    operation.named().into_iter().chain(in_body).chain(queried).chain(several).collect()
}

/// Some calls spend who makes them, or need somebody in a certain state.
async fn expendable(
    world: &World,
    operation: &Operation<'_>,
    town: usize,
    caller: &Caller,
    values: &mut Values,
) -> Caller {
    let (on, here) = (&world.on, &world.towns[town]);
    match operation.name().as_str() {
        "POST /v1/admin/session" => {
            let user = here.add_user(on).await;
            let users = on.get(&here.admin, "/v1/admin/users?limit=500").await;
            let email = users["items"].as_array().unwrap().iter().find(|item| item["id"] == user.as_str()).unwrap();
            values.insert("email", text(&email["email"]));
        }
        "POST /v1/citizen/session" => {
            let voucher = here.fresh_voucher(on).await;
            values.extend([("code", voucher.code), ("pin", voucher.pin)]);
        }
        "DELETE /v1/admin/session" => {
            let email = match caller.role.as_str() {
                "operator" => "operatore@regione.example".to_owned(),
                role => format!("{role}@{}.example", here.name.to_lowercase()),
            };
            return on.sign_in(&email, &caller.role, &caller.place).await;
        }
        // a till that may leave, in a shop of its own
        "DELETE /v1/terminal" => return here.enrol(on, here.shops.last().unwrap()).await.1,
        "POST /v1/admin/vouchers/{id}/unblock" => {
            let block = format!("/v1/admin/vouchers/{}/block", values["voucher_id"]);
            on.post(&here.clerk, &block, &json!({"reason": "prova"})).await;
        }
        "POST /v1/claims" => {
            world.fresh("operation_id", town, caller).await;
            values.insert("through", "2099-12-31".to_owned());
        }
        "POST /v1/claims/{id}/lines/{operation_id}/answer" => {
            let remark = format!("/v1/admin/claims/{}/remark", values["claim_line"]);
            on.post(&here.clerk, &remark, &json!({"text": "prova"})).await;
        }
        "POST /v1/admin/claims/{id}/reopen" => {
            let approve = format!("/v1/admin/claims/{}/approve", values["claim_id"]);
            on.post(&here.second_admin(on).await, &approve, &Value::Null).await;
        }
        "POST /v1/admin/claims/{id}/paid" => {
            let claim = format!("/v1/admin/claims/{}", values["claim_id"]);
            let other = here.second_admin(on).await;
            on.post(&other, &format!("{claim}/approve"), &Value::Null).await;
            values.insert("paid_on", day_in_rome(&on.get(&other, &claim).await["sealed_at"]));
        }
        "POST /v1/admin/imports/{id}/undo" => here.apply(on, &values["import_id"]).await,
        "POST /v1/citizen/voucher/block" => {
            let voucher = here.fresh_voucher(on).await;
            return on.open(&voucher, here.name).await;
        }
        "POST /v1/admin/users" => {
            values.insert("email", format!("{}@{}.example", key(), here.name.to_lowercase()));
            if caller.role == "operator" {
                values.insert("municipality_id", here.municipality.clone());
            }
        }
        _ => {}
    }
    caller.clone()
}
