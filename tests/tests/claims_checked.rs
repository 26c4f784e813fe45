//! What the municipality does with a claim: it checks it line by line, approves it, pays it, by two people; and the shop
//! sees all of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::pdf::said;
use tests::town::{Caller, Installation, Town, day_in_rome, key, text};

/// A town of which the first shop has sealed a claim of two lines.
struct World {
    on: Installation,
    town: Town,
    claim: String,
    operations: Vec<String>,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Pievebassa").await;
        let mut world = Self { on, town, claim: String::new(), operations: Vec::new(), _data: data };
        world.operations = vec![world.pays(0, 1_200).await, world.pays(0, 34).await];
        world.claim = world.seals(0, &key()).await;
        world
    }

    async fn pays(&self, till: usize, cents: i64) -> String {
        let body = json!({"voucher": self.town.voucher.code, "amount_cents": cents});
        text(&self.on.post(&self.town.tills[till], "/v1/redemptions", &body).await["operation_id"])
    }

    async fn seals(&self, till: usize, key: &str) -> String {
        let request =
            self.on.request(&self.town.tills[till], Method::POST, "/v1/claims").header("Idempotency-Key", key);
        text(&tests::town::done(request.json(&json!({})).send().await).await["claim_id"])
    }

    /// Status and code of a problem, nothing for success.
    async fn told(&self, caller: &Caller, path: &str, body: Value) -> (u16, Option<String>) {
        let answer = self.on.request(caller, Method::POST, path).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
        (status, body["code"].as_str().map(str::to_owned))
    }

    async fn refused(&self, caller: &Caller, path: &str, body: Value, status: u16, code: &str) {
        assert_eq!(self.told(caller, path, body).await, (status, Some(code.to_owned())), "{path}");
    }

    /// The claim as the office sees it, and as the shop does.
    async fn seen(&self) -> (Value, Value) {
        let office = self.on.get(&self.town.auditor, &format!("/v1/admin/claims/{}", self.claim)).await;
        let shop = self.on.get(&self.town.tills[0], &format!("/v1/claims/{}", self.claim)).await;
        (office, shop)
    }

    async fn line(&self, caller: &Caller, path: &str, operation: &str) -> Value {
        let lines = self.on.get(caller, &format!("{path}/{}/lines", self.claim)).await;
        let found = lines["items"].as_array().unwrap().iter().find(|line| line["operation_id"] == operation);
        found.unwrap().clone()
    }
}

#[tokio::test]
async fn an_approval_is_taken_back_until_it_is_paid() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    let path = |what: &str| format!("/v1/admin/claims/{}/{what}", world.claim);
    world.refused(&town.admin, &path("reopen"), json!({}), 409, "claim_not_approved").await;
    assert_eq!(world.told(&town.admin, &path("approve"), json!({})).await, (200, None));
    world.refused(&town.clerk, &path("reopen"), json!({}), 403, "forbidden").await;
    // whoever it is: four eyes are for the payment
    let other = town.second_admin(on).await;
    assert_eq!(world.told(&other, &path("reopen"), json!({})).await, (200, None));
    let (office, shop) = world.seen().await;
    assert_eq!((&office["status"], &office["approved_by"]), (&json!("sealed"), &Value::Null));
    assert_eq!((&shop["status"], &shop["approved_at"]), (&json!("sealed"), &Value::Null));
    let payment = json!({"reference": "Mandato 12/2026", "paid_on": day_in_rome(&office["sealed_at"])});
    world.refused(&other, &path("paid"), payment.clone(), 409, "claim_not_approved").await;
    // the second approval is the one that counts
    assert_eq!(world.told(&other, &path("approve"), json!({})).await, (200, None));
    world.refused(&other, &path("paid"), payment.clone(), 409, "four_eyes_required").await;
    assert_eq!(world.told(&town.admin, &path("paid"), payment).await, (200, None));
    world.refused(&town.admin, &path("reopen"), json!({}), 409, "claim_already_paid").await;
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=20").await;
    assert!(log["items"].as_array().unwrap().iter().any(|item| item["action"] == "claim_reopened"), "{log}");
}

#[tokio::test]
async fn the_office_has_the_document_with_the_account_to_pay() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    let path = format!("/v1/admin/claims/{}/document.pdf", world.claim);
    let printed = on.request(&town.clerk, Method::GET, &path).send().await.unwrap();
    assert_eq!(
        (printed.status().as_u16(), &printed.headers()["content-type"]),
        (200, &"application/pdf".parse().unwrap())
    );
    let document = said(&printed.bytes().await.unwrap());
    for wanted in ["Notadidebiton.1", "12,34€", "IT60X0542811101000000123456"] {
        assert!(document.contains(wanted), "no {wanted} in {document}");
    }
    let unknown =
        on.request(&town.clerk, Method::GET, "/v1/admin/claims/00000000-0000-7000-8000-000000000001/document.pdf");
    assert_eq!(unknown.send().await.unwrap().status().as_u16(), 404);
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=20").await;
    let looked = log["items"].as_array().unwrap().iter().find(|item| item["action"] == "claim_printed").unwrap();
    assert_eq!(looked["target"], json!(world.claim), "{looked}");
}

#[tokio::test]
async fn a_claim_is_approved_by_one_and_paid_by_another() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    let (approve, paid) =
        (format!("/v1/admin/claims/{}/approve", world.claim), format!("/v1/admin/claims/{}/paid", world.claim));
    let today = day_in_rome(&world.seen().await.0["sealed_at"]);
    let payment = |day: &str| json!({"reference": "Mandato 12/2026", "paid_on": day});
    let other = town.second_admin(on).await;
    // first one, then the other: in no other order, and by nobody else
    world.refused(&other, &paid, payment(&today), 409, "claim_not_approved").await;
    world.refused(&town.clerk, &approve, json!({}), 403, "forbidden").await;
    assert_eq!(world.told(&town.admin, &approve, json!({})).await, (200, None));
    world.refused(&other, &approve, json!({}), 409, "claim_already_approved").await;
    world.refused(&town.admin, &paid, payment(&today), 409, "four_eyes_required").await;
    for day in ["2026-01-01", "2099-01-01"] {
        world.refused(&other, &paid, payment(day), 422, "payment_day_invalid").await;
    }
    world.refused(&other, &paid, payment("24/11/2026"), 400, "bad_request").await;
    for reference in [String::new(), " ".to_owned(), "x".repeat(121), "a\u{7}".to_owned()] {
        let body = json!({"reference": reference, "paid_on": today});
        world.refused(&other, &paid, body, 400, "bad_request").await;
    }
    let (office, shop) = world.seen().await;
    assert_eq!((office["status"].as_str(), shop["status"].as_str()), (Some("approved"), Some("approved")));
    let me = on.get(&town.admin, "/v1/admin/session").await["user_id"].clone();
    assert_eq!((&office["approved_by"], &office["paid_by"], &shop["paid_at"]), (&me, &Value::Null, &Value::Null));
    assert!(shop["approved_at"].is_string() && shop["approved_by"].is_null(), "shops need not know who: {shop}");
    assert_eq!(world.told(&other, &paid, payment(&today)).await, (200, None));
    let (office, shop) = world.seen().await;
    assert_eq!((&shop["status"], &shop["payment_reference"]), (&json!("paid"), &json!("Mandato 12/2026")));
    assert_eq!(day_in_rome(&shop["paid_at"]), today);
    assert_ne!(office["paid_by"], office["approved_by"]);
    // and that is the end
    let remark = format!("/v1/admin/claims/{}/lines/{}/remark", world.claim, world.operations[0]);
    for (path, body) in [(&paid, payment(&today)), (&approve, json!({})), (&remark, json!({"text": "tardi"}))] {
        world.refused(&other, path, body, 409, "claim_already_paid").await;
    }
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=20").await;
    for action in ["claim_approved", "claim_paid"] {
        let entry = log["items"].as_array().unwrap().iter().find(|item| item["action"] == action).unwrap();
        assert_eq!(
            (&entry["target"], &entry["detail"]["amount_cents"]),
            (&json!(world.claim), &json!(1_234)),
            "{entry}"
        );
    }
}

#[tokio::test]
async fn the_office_finds_claims_by_state_and_shop() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    world.pays(1, 500).await;
    let second = world.seals(1, &key()).await;
    on.post(&town.admin, &format!("/v1/admin/claims/{second}/approve"), &Value::Null).await;
    let found = async |query: &str| -> Vec<String> {
        let list = on.get(&town.clerk, &format!("/v1/admin/claims{query}")).await;
        list["items"].as_array().unwrap().iter().map(|claim| text(&claim["claim_id"])).collect()
    };
    assert_eq!(found("").await, [second.clone(), world.claim.clone()], "the latest first");
    assert_eq!(found("?status=sealed").await, std::slice::from_ref(&world.claim));
    assert_eq!(found("?status=approved").await, std::slice::from_ref(&second));
    assert_eq!(found("?status=paid").await, [""; 0]);
    assert_eq!(found(&format!("?shop={}", town.shops[0])).await, std::slice::from_ref(&world.claim));
    assert_eq!(found(&format!("?status=sealed&shop={}", town.shops[1])).await, [""; 0]);
    let wrong = on.request(&town.clerk, Method::GET, "/v1/admin/claims?status=lost").send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 400);
    let office = world.seen().await.0;
    let shops = on.get(&town.clerk, "/v1/admin/shops?limit=500").await;
    let shop = shops["items"].as_array().unwrap().iter().find(|shop| shop["id"] == town.shops[0].as_str()).unwrap();
    assert_eq!((&office["shop_id"], &office["shop"]), (&shop["id"], &shop["name"]));
}

#[tokio::test]
async fn what_is_written_about_a_line_is_read_by_both_and_by_nobody_else() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    let (till, operation) = (&town.tills[0], &world.operations[0]);
    let remark = format!("/v1/admin/claims/{}/lines/{operation}/remark", world.claim);
    let answer = format!("/v1/claims/{}/lines/{operation}/answer", world.claim);
    world.refused(till, &answer, json!({"text": "perché?"}), 404, "remark_not_found").await;
    // texts are texts, whatever is in them, up to a length
    let strange = "<script>alert('è')</script>\n=1+1; {{ 7*7 }}";
    assert_eq!(world.told(&town.clerk, &remark, json!({"text": strange})).await, (204, None));
    for wrong in [String::new(), " \n".to_owned(), "è".repeat(501), "a\u{0}b".to_owned()] {
        world.refused(&town.clerk, &remark, json!({"text": wrong}), 400, "bad_request").await;
        world.refused(till, &answer, json!({"text": wrong}), 400, "bad_request").await;
    }
    world.refused(&town.auditor, &remark, json!({"text": "x"}), 403, "forbidden").await;
    assert_eq!(
        (world.seen().await.1["remarks"].as_i64(), world.seen().await.1["unanswered"].as_i64()),
        (Some(1), Some(1))
    );
    let line = world.line(till, "/v1/claims", operation).await;
    assert_eq!((line["remark"].as_str(), &line["answer"]), (Some(strange), &Value::Null), "{line}");
    let untouched = world.line(till, "/v1/claims", &world.operations[1]).await;
    assert_eq!((&untouched["remark"], &untouched["remarked_at"]), (&Value::Null, &Value::Null));
    // the last answer counts
    for said in ["prima", &"è".repeat(500)] {
        assert_eq!(world.told(till, &answer, json!({"text": said})).await, (204, None));
    }
    let line = world.line(&town.auditor, "/v1/admin/claims", operation).await;
    assert_eq!(line["answer"].as_str().unwrap().chars().count(), 500, "{line}");
    assert_eq!(world.seen().await.0["unanswered"], 0);
    let only = on.get(till, &format!("/v1/claims/{}/lines?remarked=true", world.claim)).await;
    assert_eq!((only["items"].as_array().unwrap().len(), &only["items"][0]), (1, &line));
    // a new remark wants a new answer
    assert_eq!(world.told(&town.admin, &remark, json!({"text": "e lo scontrino?"})).await, (204, None));
    assert_eq!((&world.seen().await.0["remarks"], &world.seen().await.0["unanswered"]), (&json!(1), &json!(1)));
    // lines of other claims, other shops, other towns
    world.pays(1, 100).await;
    let foreign = world.seals(1, &key()).await;
    let crossed = format!("/v1/admin/claims/{foreign}/lines/{operation}/remark");
    world.refused(&town.clerk, &crossed, json!({"text": "x"}), 404, "operation_not_found").await;
    world.refused(&town.tills[1], &answer, json!({"text": "x"}), 404, "claim_not_found").await;
    let crossed = format!("/v1/claims/{foreign}/lines/{operation}/answer");
    world.refused(&town.tills[1], &crossed, json!({"text": "x"}), 404, "remark_not_found").await;
    let elsewhere = Town::build(on, "Roccalta").await;
    world.refused(&elsewhere.clerk, &remark, json!({"text": "x"}), 404, "claim_not_found").await;
    // that somebody wrote is on record, what they wrote is not
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=50").await;
    let of = |action: &str| log["items"].as_array().unwrap().iter().filter(|item| item["action"] == action).count();
    assert_eq!((of("claim_remarked"), of("claim_answered")), (2, 2));
    assert!(!log.to_string().contains("script") && !log.to_string().contains("prima"), "{log}");
}

#[tokio::test]
async fn what_became_of_a_key_can_be_asked_without_sealing_anything() {
    let world = World::new().await;
    let key = key();
    let path = format!("/v1/claims/by-key/{key}");
    let asked = async |till: usize| {
        let answer = world.on.request(&world.town.tills[till], Method::GET, &path).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, told) = asked(0).await;
    assert_eq!((status, told["code"].as_str()), (404, Some("never_executed")));
    world.pays(0, 700).await;
    let claim = world.seals(0, &key).await;
    let (status, told) = asked(0).await;
    assert_eq!((status, text(&told["claim_id"]), &told["amount_cents"]), (200, claim, &json!(700)));
    assert_eq!(asked(1).await.0, 404, "another shop's key");
}
