//! Who took which payment, where the shop wants to know, and nothing of it in the way of a payment.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::Server;
use tests::pdf::said;
use tests::stores::Stores;
use tests::town::{Caller, Installation, Town, client, key, text};

struct World {
    on: Installation,
    town: Town,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Pievebassa").await;
        Self { on, town, _data: data }
    }

    fn till(&self) -> &Caller {
        &self.town.tills[0]
    }

    /// Status and body of a call.
    async fn call(&self, till: &Caller, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.on.request(till, method, path).header("Idempotency-Key", key());
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if status == 429 {
            let rest: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=300).contains(&rest), "{rest}");
        }
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn refuses(&self, method: Method, path: &str, body: Value, status: u16, code: &str) {
        let (told, problem) = self.call(self.till(), method.clone(), path, body.clone()).await;
        assert_eq!((told, problem["code"].as_str()), (status, Some(code)), "{method} {path} {body}: {problem}");
    }

    async fn add(&self, body: Value) -> String {
        let added = self.on.post(self.till(), "/v1/staff", &body).await;
        assert_eq!((&added["label"], &added["has_pin"]), (&body["label"], &json!(body["pin"].is_string())));
        text(&added["staff_id"])
    }

    async fn comes(&self, till: &Caller, staff: &str) {
        let shift = self.on.post(till, "/v1/terminal/shift", &json!({"staff_id": staff})).await;
        assert_eq!(shift["staff_id"], staff);
    }

    async fn takes(&self, till: &Caller, cents: i64) -> String {
        let body = json!({"voucher": self.town.voucher.code, "amount_cents": cents});
        text(&self.on.post(till, "/v1/redemptions", &body).await["operation_id"])
    }

    async fn labels(&self) -> Vec<String> {
        let all = self.on.get(self.till(), "/v1/staff").await;
        all["items"].as_array().unwrap().iter().map(|item| text(&item["label"])).collect()
    }
}

#[tokio::test]
async fn each_payment_is_of_whoever_was_at_its_till() {
    let world = World::new().await;
    let (on, till) = (&world.on, world.till());
    assert_eq!(on.get(till, "/v1/shop").await["staff"], json!({"people": 0, "at_till": null}));
    let (_, second) = world.town.enrol(on, &world.town.shops[0]).await;
    world.takes(till, 100).await;
    let totals = &on.get(till, "/v1/operations").await["totals"];
    assert_eq!(totals["staff"], json!([]), "nobody is named, and nothing is said of it");
    let (giulia, omar) = (world.add(json!({"label": "Giulia"})).await, world.add(json!({"label": "2; \"=1"})).await);
    world.comes(till, &giulia).await;
    world.comes(&second, &omar).await;
    let first = world.takes(till, 200).await;
    world.takes(&second, 400).await;
    world.comes(till, &omar).await;
    world.takes(till, 800).await;
    // who gives back is not who took
    on.post(till, &format!("/v1/operations/{first}/reversals"), &json!({"amount_cents": 50, "reason": "errore"})).await;
    assert_eq!(world.call(till, Method::DELETE, "/v1/terminal/shift", Value::Null).await.0, 204);
    assert_eq!(world.call(till, Method::DELETE, "/v1/terminal/shift", Value::Null).await.0, 204, "again");
    world.takes(till, 1_600).await;
    let all = on.get(till, "/v1/operations").await;
    let items = all["items"].as_array().unwrap().iter();
    let who: Vec<_> = items.map(|item| (item["amount_cents"].as_i64().unwrap(), item["staff"].clone())).collect();
    let (g, o, nobody) = (json!("Giulia"), json!("2; \"=1"), Value::Null);
    let expected = [(100, &nobody), (200, &g), (400, &o), (800, &o), (50, &o), (1_600, &nobody)]
        .map(|(at, who)| (at, who.clone()));
    assert_eq!(who, expected);
    let mut totals = all["totals"]["staff"].as_array().unwrap().clone();
    totals.sort_by_key(|total| total["amount_cents"].as_i64());
    let total = |id: Value, label: &Value, count: u64, cents: i64| json!({"staff_id": id, "label": label, "count": count, "amount_cents": cents});
    assert_eq!(
        totals,
        [total(json!(giulia), &g, 1, 200), total(json!(omar), &o, 3, 1_150), total(Value::Null, &nobody, 2, 1_700)]
    );
    let of_omar = on.get(till, &format!("/v1/operations?staff={omar}")).await;
    assert_eq!((of_omar["items"].as_array().unwrap().len(), &of_omar["totals"]["amount_cents"]), (3, &json!(1_150)));
    let unsaid = on.get(till, "/v1/operations?staff=none").await;
    let of_nobody: Vec<_> =
        all["items"].as_array().unwrap().iter().filter(|item| item["staff_id"].is_null()).cloned().collect();
    assert_eq!((&unsaid["items"], of_nobody.len()), (&json!(of_nobody), 2));
    assert_eq!((&unsaid["totals"]["count"], &unsaid["totals"]["amount_cents"]), (&json!(2), &json!(1_700)));
    // page by page, and at a till where somebody always was
    let first = on.get(till, "/v1/operations?staff=none&limit=1").await;
    let rest = format!("/v1/operations?staff=none&limit=1&cursor={}", text(&first["next_cursor"]));
    assert_eq!(on.get(till, &rest).await["items"], json!([of_nobody[1]]));
    let second_id = &all["items"][2]["terminal_id"];
    let there = on.get(till, &format!("/v1/operations?staff=none&terminal={}", text(second_id))).await;
    assert_eq!((&there["items"], &there["totals"]["count"]), (&json!([]), &json!(0)));
    world.files(&omar).await;
    // who has left is still there in what was
    assert_eq!(world.call(till, Method::DELETE, &format!("/v1/staff/{omar}"), Value::Null).await.0, 204);
    world.refuses(Method::DELETE, &format!("/v1/staff/{omar}"), Value::Null, 404, "not_found").await;
    world.refuses(Method::POST, "/v1/terminal/shift", json!({"staff_id": omar}), 404, "not_found").await;
    let shop = on.get(&second, "/v1/shop").await;
    assert_eq!(shop["staff"], json!({"people": 1, "at_till": null}), "they left the till, too");
    assert_eq!(world.labels().await, ["Giulia"]);
    assert_eq!(on.get(till, "/v1/operations").await["items"], all["items"]);
}

impl World {
    /// The lists that go to the accountant.
    async fn files(&self, omar: &str) {
        let file = async |query: &str| {
            let path = format!("/v1/operations?{query}");
            let answer = self.on.request(self.till(), Method::GET, &path).header("Accept-Language", "it").send().await;
            let answer = answer.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{query}");
            answer.bytes().await.unwrap().to_vec()
        };
        let csv = String::from_utf8(file("format=csv").await).unwrap();
        let mut lines = csv.lines();
        assert!(lines.next().unwrap().ends_with("\"Chi c'era\""), "{csv}");
        let ends: Vec<_> = lines.map(|line| line.rsplit(';').next().unwrap()).collect();
        assert!(csv.contains("\"2; \"\"=1\"") && ends[1] == "\"Giulia\"" && ends[0] == "\"\"", "{csv}");
        let csv = String::from_utf8(file(&format!("format=csv&staff={omar}")).await).unwrap();
        assert!(csv.lines().count() == 4 && !csv.contains("Giulia"), "{csv}");
        let csv = String::from_utf8(file("format=csv&staff=none").await).unwrap();
        assert!(csv.lines().count() == 3 && csv.lines().skip(1).all(|line| line.ends_with(";\"\"")), "{csv}");
        let said = said(&file("format=pdf").await);
        assert!(said.contains("Perpersona") && said.contains("Giulia") && said.contains("11,50"), "{said}");
        assert!(!said.contains("Solo"), "it is everybody's: {said}");
        self.spreadsheet(file("format=xlsx").await);
    }

    fn spreadsheet(&self, bytes: Vec<u8>) {
        use calamine::{Reader, Xlsx};
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range("Operazioni").unwrap();
        let who: Vec<_> = sheet.rows().map(|row| row[8].to_string()).collect();
        assert_eq!(who[..4], ["Chi c'era", "", "Giulia", "2; \"=1"]);
        let totals = book.worksheet_range("Totali").unwrap();
        let rows: Vec<_> = totals.rows().map(|row| (row[0].to_string(), row[2].to_string())).collect();
        assert!(rows.contains(&("Giulia".to_owned(), "2".to_owned())), "{rows:?}");
    }
}

#[tokio::test]
async fn a_pin_that_is_set_is_needed_and_cannot_be_tried_out() {
    let world = World::new().await;
    let (till, shift) = (world.till(), "/v1/terminal/shift");
    let anna = world.add(json!({"label": "Anna", "pin": "04711"})).await;
    let path = format!("/v1/staff/{anna}");
    let begin = |pin: Value| json!({"staff_id": anna, "pin": pin});
    let post = Method::POST;
    world.refuses(post.clone(), shift, json!({"staff_id": anna}), 409, "staff_pin_required").await;
    world.refuses(Method::PATCH, &path, json!({"pin": null}), 409, "staff_pin_required").await;
    world.refuses(Method::PATCH, &path, json!({"pin": "1234", "current_pin": "0000"}), 409, "staff_pin_wrong").await;
    for _ in 0..3 {
        world.refuses(post.clone(), shift, begin(json!("0000")), 409, "staff_pin_wrong").await;
    }
    // the right one forgets the wrong ones
    assert_eq!(world.call(till, post.clone(), shift, begin(json!("04711"))).await.0, 200);
    for _ in 0..5 {
        world.refuses(post.clone(), shift, begin(json!("0000")), 409, "staff_pin_wrong").await;
    }
    world.refuses(post.clone(), shift, begin(json!("04711")), 429, "staff_locked").await;
    world.refuses(Method::PATCH, &path, json!({"pin": null, "current_pin": "04711"}), 429, "staff_locked").await;
    world.takes(till, 100).await;
    // others come and go; whoever is locked out can be called something else, removed, and added again
    let bruno = world.add(json!({"label": "Bruno"})).await;
    world.comes(till, &bruno).await;
    let (status, renamed) = world.call(till, Method::PATCH, &path, json!({"label": "Anna B."})).await;
    assert_eq!((status, renamed), (200, json!({"staff_id": anna, "label": "Anna B.", "has_pin": true})));
    assert_eq!(world.call(till, Method::DELETE, &path, Value::Null).await.0, 204);
    let again = world.add(json!({"label": "Anna B.", "pin": "1234"})).await;
    assert_ne!(again, anna);
    let path = format!("/v1/staff/{again}");
    let (status, changed) =
        world.call(till, Method::PATCH, &path, json!({"pin": "87654321", "current_pin": "1234"})).await;
    assert_eq!((status, &changed["has_pin"]), (200, &json!(true)), "{changed}");
    let begin = |pin: &str| json!({"staff_id": again, "pin": pin});
    world.refuses(post.clone(), shift, begin("1234"), 409, "staff_pin_wrong").await;
    assert_eq!(world.call(till, post.clone(), shift, begin("87654321")).await.0, 200);
    let none = json!({"pin": null, "current_pin": "87654321"});
    assert_eq!(world.call(till, Method::PATCH, &path, none).await.1["has_pin"], false);
    world.comes(till, &again).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_says_which_field() {
    let world = World::new().await;
    let gino = world.add(json!({"label": "Gino"})).await;
    let path = format!("/v1/staff/{gino}");
    for (method, path, body, field) in [
        (Method::POST, "/v1/staff", json!({"label": ""}), "label"),
        (Method::POST, "/v1/staff", json!({"label": "   "}), "label"),
        (Method::POST, "/v1/staff", json!({"label": "x".repeat(41)}), "label"),
        (Method::POST, "/v1/staff", json!({"label": "a\u{7}b"}), "label"),
        (Method::POST, "/v1/staff", json!({"label": "Ada", "pin": "123"}), "pin"),
        (Method::POST, "/v1/staff", json!({"label": "Ada", "pin": "123456789"}), "pin"),
        (Method::POST, "/v1/staff", json!({"label": "Ada", "pin": "12a4"}), "pin"),
        (Method::PATCH, path.as_str(), json!({"label": "x".repeat(41)}), "label"),
        (Method::PATCH, path.as_str(), json!({"pin": ""}), "pin"),
        (Method::PATCH, path.as_str(), json!({"pin": "1234", "current_pin": "x"}), "current_pin"),
        (Method::POST, "/v1/terminal/shift", json!({"staff_id": gino, "pin": "1"}), "pin"),
    ] {
        let (status, problem) = world.call(world.till(), method.clone(), path, body.clone()).await;
        let told = (status, problem["code"].as_str(), problem["field"].as_str());
        assert_eq!(told, (400, Some("bad_request"), Some(field)), "{method} {path} {body}: {problem}");
    }
    world.refuses(Method::POST, "/v1/staff", json!({"label": "gino"}), 409, "conflict").await;
    world.refuses(Method::POST, "/v1/terminal/shift", json!({"staff_id": "Gino"}), 400, "bad_request").await;
    world.refuses(Method::PATCH, "/v1/staff/Gino", json!({}), 404, "not_found").await;
    for wrong in ["Gino", "", "NONE", "nobody", "none,none"] {
        let path = format!("/v1/operations?staff={wrong}");
        let (status, problem) = world.call(world.till(), Method::GET, &path, Value::Null).await;
        let told = (status, problem["code"].as_str(), problem["field"].as_str());
        assert_eq!(told, (400, Some("bad_request"), Some("staff")), "{wrong}: {problem}");
    }
    // a label of the greatest length, in characters and not in bytes
    world.add(json!({"label": "è".repeat(40)})).await;
    let (status, same) = world.call(world.till(), Method::PATCH, &path, json!({})).await;
    assert_eq!((status, &same["label"]), (200, &json!("Gino")), "nothing is changed by nothing");
    // what another shop calls its people is its own business
    let (status, _) = world.call(&world.town.tills[1], Method::POST, "/v1/staff", json!({"label": "Gino"})).await;
    assert_eq!(status, 201);
    let forgotten = world.call(world.till(), Method::DELETE, &path, Value::Null).await.0;
    assert_eq!((forgotten, world.labels().await.len()), (204, 1));
}

#[tokio::test]
async fn a_shop_has_two_hundred_people_at_most() {
    let world = World::new().await;
    for at in 0..200 {
        world.add(json!({"label": format!("{at:03}")})).await;
    }
    world.refuses(Method::POST, "/v1/staff", json!({"label": "200"}), 409, "staff_full").await;
    let first = world.on.get(world.till(), "/v1/staff?limit=150").await;
    let rest = format!("/v1/staff?limit=150&cursor={}", text(&first["next_cursor"]));
    let rest = world.on.get(world.till(), &rest).await;
    assert_eq!(rest["next_cursor"], Value::Null);
    let both = [&first, &rest].map(|page| page["items"].as_array().unwrap().len());
    assert_eq!(both, [150, 50]);
    assert_eq!((&first["items"][0]["label"], &rest["items"][49]["label"]), (&json!("000"), &json!("199")));
    let path = format!("/v1/staff/{}", text(&first["items"][0]["staff_id"]));
    assert_eq!(world.call(world.till(), Method::DELETE, &path, Value::Null).await.0, 204);
    world.add(json!({"label": "200"})).await;
}

#[tokio::test]
async fn a_till_opens_while_the_ledger_does_not_answer() {
    let (data, stores) = (tempfile::tempdir().unwrap(), Stores::redis_and_postgres());
    let server = Server::start_with(data.path(), &stores.options());
    let postgres = stores.postgres.as_ref().unwrap();
    postgres.signal_all("STOP");
    let asked = client().get(format!("{}/v1/shop", server.base_url));
    let shop = asked.bearer_auth(text(&server.demo["terminals"][0]["token"])).send().await.unwrap();
    let (status, told): (u16, Value) = (shop.status().as_u16(), shop.json().await.unwrap());
    postgres.signal_all("CONT");
    assert_eq!((status, &told["staff"]), (200, &Value::Null));
    assert!(!told["programmes"].as_array().unwrap().is_empty());
}
