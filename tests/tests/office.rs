//! What a tired clerk does by mistake costs no family its money and gives none twice, and what was done is on record.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests live at the edge")]

use domain::clock::Timestamp;
use domain::rome;
use reqwest::Method;
use serde_json::{Value, json};
use tests::payments::buono;
use tests::town::{Caller, Installation, Town, done, key, text};

async fn world() -> (Installation, Town, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    (on, town, data)
}

async fn post(on: &Installation, caller: &Caller, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = on.request(caller, Method::POST, path).header("Idempotency-Key", key);
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn upload(on: &Installation, town: &Town, programme: &str, file: &str) -> Value {
    let path = format!("/v1/admin/beneficiaries/import?programme_id={programme}");
    done(town.send_file(on, &path, "text/csv", file.into()).await).await
}

/// So many days from now, in Rome.
fn day(from_now: i32) -> jiff::civil::Date {
    let now = Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
    rome::date(now).checked_add(jiff::Span::new().days(from_now)).unwrap()
}

#[tokio::test]
async fn an_import_whose_vouchers_were_used_is_not_undone() {
    let (on, town, _data) = world().await;
    let import = upload(&on, &town, &town.programme, "riferimento;importo;canale\nCARTA-1;50,00;carta\n").await;
    let import = text(&import["import_id"]);
    town.apply(&on, &import).await;
    let found = on.get(&town.clerk, "/v1/admin/vouchers?search=CARTA-1").await;
    let path = format!("/v1/admin/vouchers/{}", text(&found["items"][0]["id"]));
    let made = on.post(&town.clerk, &format!("{path}/reissue"), &json!({"reason": "allo sportello"})).await;
    let payment = json!({"voucher": made["code"], "amount_cents": 2_050});
    on.post(&town.tills[0], "/v1/redemptions", &payment).await;
    let (status, refused) =
        post(&on, &town.admin, &format!("/v1/admin/imports/{import}/undo"), &key(), &Value::Null).await;
    assert_eq!((status, &refused["code"]), (409, &json!("vouchers_used")), "{refused}");
    let voucher = &on.get(&town.clerk, "/v1/admin/vouchers?search=CARTA-1").await["items"][0];
    assert_eq!((&voucher["status"], &voucher["balance_cents"]), (&json!("active"), &json!(2_950)));
    let imports = on.get(&town.clerk, "/v1/admin/imports").await;
    assert!(imports["items"].as_array().unwrap().iter().any(|one| one["id"] == *import && one["status"] == "applied"));
}

/// What a crash left half applied, of a budget that is used up by now, can be taken back.
#[tokio::test]
async fn an_import_that_was_cut_off_can_be_undone_and_nothing_else_then() {
    let (on, town, data) = world().await;
    let import = upload(&on, &town, &town.programme, "riferimento;importo;canale\nCARTA-1;50,00;carta\n").await;
    let import = text(&import["import_id"]);
    town.apply(&on, &import).await;
    let ledger = rusqlite::Connection::open(data.path().join("ledger.db")).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    let cut_off = "UPDATE import SET status = 'applying', applied_at = NULL WHERE status = 'applied' AND id =
        (SELECT import_id FROM holder WHERE reference = 'CARTA-1')";
    assert_eq!(ledger.execute(cut_off, []).unwrap(), 1);
    let path = |what: &str| format!("/v1/admin/imports/{import}/{what}");
    let (status, undone) = post(&on, &town.admin, &path("undo"), &key(), &Value::Null).await;
    assert_eq!((status, &undone["undone"], &undone["kept"]), (200, &json!(1), &json!(0)), "{undone}");
    let (status, refused) = post(&on, &town.clerk, &path("apply"), &key(), &Value::Null).await;
    assert_eq!((status, &refused["import_status"]), (409, &json!("undone")), "{refused}");
}

/// Who may not take back what was cut off, because somebody was told, finishes it.
#[tokio::test]
async fn what_was_cut_off_and_told_of_is_not_undone_and_can_still_be_finished() {
    let (on, town, data) = world().await;
    let file = "riferimento;importo;canale;cellulare\nA;50,00;sms;3331234567\nB;50,00;carta;\n";
    let import = text(&upload(&on, &town, &town.programme, file).await["import_id"]);
    town.apply(&on, &import).await;
    let ledger = rusqlite::Connection::open(data.path().join("ledger.db")).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    let own = "(SELECT import_id FROM holder WHERE reference = 'B')";
    let told = format!(
        "UPDATE outbox SET status = 'sent', sent_at = 1 WHERE voucher_id IN
            (SELECT voucher_id FROM holder WHERE import_id = {own})"
    );
    let cut_off = format!("UPDATE import SET status = 'applying', applied_at = NULL WHERE id = {own}");
    assert_eq!([told, cut_off].map(|change| ledger.execute(&change, []).unwrap()), [1, 1]);
    let path = |what: &str| format!("/v1/admin/imports/{import}/{what}");
    let (status, refused) = post(&on, &town.admin, &path("undo"), &key(), &Value::Null).await;
    assert_eq!((status, &refused["code"]), (409, &json!("messages_already_sent")), "{refused}");
    let (status, applied) = post(&on, &town.clerk, &path("apply"), &key(), &Value::Null).await;
    assert_eq!((status, &applied["status"]), (200, &json!("applied")), "{applied}");
}

/// The ledger is locked between the look at the vouchers and their closing, and a till is quicker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spent_while_its_import_is_undone_stays_and_is_not_given_again() {
    let (on, town, data) = world().await;
    let file = "riferimento;importo;canale\nCARTA-1;50,00;carta\nCARTA-2;50,00;carta\n";
    let import = text(&upload(&on, &town, &town.programme, file).await["import_id"]);
    town.apply(&on, &import).await;
    let found = on.get(&town.clerk, "/v1/admin/vouchers?search=CARTA-1").await;
    let path = format!("/v1/admin/vouchers/{}", text(&found["items"][0]["id"]));
    let made = on.post(&town.clerk, &format!("{path}/reissue"), &json!({"reason": "allo sportello"})).await;
    let lookup = json!({"voucher": made["code"]});
    on.post(&town.tills[0], "/v1/vouchers/lookup", &lookup).await;

    let ledger = rusqlite::Connection::open(data.path().join("ledger.db")).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (undo_path, none) = (format!("/v1/admin/imports/{import}/undo"), key());
    let undo = post(&on, &town.admin, &undo_path, &none, &Value::Null);
    let pay = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let payment = json!({"voucher": made["code"], "amount_cents": 2_050});
        let paid = post(&on, &town.tills[0], "/v1/redemptions", &key(), &payment).await;
        ledger.execute_batch("ROLLBACK").unwrap();
        paid
    };
    let ((status, undone), (paid, told)) = tokio::join!(undo, pay);
    assert_eq!(paid, 201, "{told}");
    assert_eq!((status, &undone["undone"], &undone["kept"]), (200, &json!(1), &json!(1)), "{undone}");
    let voucher = &on.get(&town.clerk, "/v1/admin/vouchers?search=CARTA-1").await["items"][0];
    assert_eq!((&voucher["status"], &voucher["balance_cents"]), (&json!("active"), &json!(2_950)), "{voucher}");
    let again = upload(&on, &town, &town.programme, file).await;
    assert_eq!(again["report"]["already_there"], 1, "{again}");
    assert_eq!(again["report"]["new"], 1, "{again}");
}

/// An office counts each of its lists from one, in small letters or in capitals.
#[tokio::test]
async fn another_familys_reference_is_said_and_the_same_one_in_capitals_is_the_same() {
    let (on, town, _data) = world().await;
    let file = |rows: &str| format!("riferimento;codice_fiscale;importo;canale\n{rows}");
    let first = file("a1;RSSMRA85T10A562S;50,00;carta\nb1;;50,00;carta\n");
    let import = upload(&on, &town, &town.programme, &first).await;
    town.apply(&on, &text(&import["import_id"])).await;
    let second = file("A1;BNMHSN82T18Z969J;50,00;carta\nB1;;50,00;carta\nC1;;50,00;carta\n");
    let import = upload(&on, &town, &town.programme, &second).await;
    let report = &import["report"];
    assert_eq!([&report["new"], &report["already_there"], &report["wrong"]], [1, 1, 1], "{report}");
    let problem = &report["problems"][0];
    assert_eq!((&problem["row"], &problem["code"]), (&json!(2), &json!("reference_taken")), "{report}");
    town.apply(&on, &text(&import["import_id"])).await;
    // the same again, one amount of it corrected: that this changes nothing is said of every row
    let corrected = first.replace("b1;;50,00", "b1;;60,00");
    let again = upload(&on, &town, &town.programme, &corrected).await;
    assert_eq!(again["report"]["already_there"], 2, "{again}");
    let warnings = again["report"]["warnings"].as_array().unwrap();
    let said: Vec<_> =
        warnings.iter().map(|one| (one["row"].as_u64(), text(&one["field"]), text(&one["code"]))).collect();
    let unchanged = |row| (Some(row), "riferimento".to_owned(), "already_there".to_owned());
    assert_eq!(said, [unchanged(2), unchanged(3)], "{again}");
    assert_ne!(text(&warnings[0]["text"]), "", "{again}");
}

#[tokio::test]
async fn whoever_was_locked_out_signs_in_anew() {
    let (on, town, _data) = world().await;
    let user = on.get(&town.clerk, "/v1/admin/session").await["user_id"].clone();
    for action in ["disable", "enable"] {
        on.post(&town.admin, &format!("/v1/admin/users/{}/{action}", text(&user)), &Value::Null).await;
        let status = on.request(&town.clerk, Method::GET, "/v1/admin/session").send().await.unwrap().status();
        assert_eq!(status, 401, "after {action}: a session that was stolen is over for good");
    }
}

/// A phone is lost, and the authenticator on it: whoever runs the machine gives its owner another one.
#[tokio::test]
async fn a_lost_second_factor_is_replaced_and_its_sessions_end() {
    let (on, town, data) = world().await;
    let totp = |email: &str, more: &[&str]| {
        let data = ["--data", data.path().to_str().unwrap()];
        buono(&[&["user", "totp", "--email", email], &data[..], more].concat(), &[])
    };
    let shown = |said: &str| said.lines().find_map(|line| line.strip_prefix("second factor ")).unwrap().to_owned();
    let email = "clerk@pievebassa.example";
    let sign_in = async |typed: Option<&str>| {
        let body = json!({"email": email, "password": "otto mele rosse", "totp": typed});
        let (status, said) = post(&on, &Caller::nobody(), "/v1/admin/session", &key(), &body).await;
        (status, said["code"].as_str().map(str::to_owned))
    };
    let refused = |code: &str| (401, Some(code.to_owned()));

    let first = shown(&totp(email, &[]).well());
    let status = on.request(&town.clerk, Method::GET, "/v1/admin/session").send().await.unwrap().status();
    assert_eq!(status, 401, "whoever has the phone may have the session, too");
    assert_eq!(sign_in(None).await, refused("totp_required"));
    assert_eq!(sign_in(Some("no code")).await, refused("sign_in_failed"));
    assert_ne!(shown(&totp(email, &[]).well()), first);
    totp(email, &["--off"]).well();
    assert_eq!(sign_in(None).await, (200, None));
    totp("nobody@pievebassa.example", &[]).refused("nobody signs in with");

    let audit = on.get(&town.auditor, "/v1/admin/audit?limit=500").await;
    let audit = audit["items"].as_array().unwrap();
    let noted = |action: &str| audit.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!([noted("totp_changed"), noted("totp_removed")], [2, 1], "{audit:?}");
}

#[tokio::test]
async fn a_last_day_on_which_nobody_could_spend_is_said_before_anything_is_given() {
    let (on, town, _data) = world().await;
    let (today, yesterday) = (day(0), day(-1));
    let file = format!(
        "riferimento;importo;canale;scadenza\nA;50,00;carta;{today}\nB;50,00;carta;{yesterday}\nC;50,00;carta;2019-12-31\n"
    );
    let import = upload(&on, &town, &town.programme, &file).await;
    let report = &import["report"];
    assert_eq!((&report["new"], &report["wrong"]), (&json!(1), &json!(2)), "{report}");
    let problems: Vec<_> = report["problems"].as_array().unwrap().iter().collect();
    let said: Vec<_> =
        problems.iter().map(|one| (one["row"].as_u64(), text(&one["field"]), text(&one["code"]))).collect();
    let past = || ("scadenza".to_owned(), "date_past".to_owned());
    assert_eq!(said, [(Some(3), past().0, past().1), (Some(4), past().0, past().1)]);
    town.apply(&on, &text(&import["import_id"])).await;

    // a programme that has not begun: its vouchers cannot end before it
    let new = json!({"name": "Domani", "budget_cents": 5_000, "valid_from": day(10), "expires": day(20)});
    let later = text(&on.post(&town.admin, "/v1/admin/programmes", &new).await["id"]);
    let file = format!("riferimento;importo;canale;scadenza\nD;50,00;carta;{}\nE;50,00;carta;\n", day(5));
    let import = upload(&on, &town, &later, &file).await;
    assert_eq!(import["report"]["problems"][0]["code"], "date_before_programme", "{import}");
    assert_eq!(import["report"]["new"], 1);
    town.apply(&on, &text(&import["import_id"])).await;

    // over the budget by now: refused, and it can still be put aside for a smaller one
    let import = upload(&on, &town, &later, "riferimento;importo;canale\nF;50,00;carta\n").await;
    let apply = format!("/v1/admin/imports/{}/apply", text(&import["import_id"]));
    let (status, refused) = post(&on, &town.clerk, &apply, &key(), &Value::Null).await;
    let told = (status, &refused["code"], &refused["remaining_budget_cents"]);
    assert_eq!(told, (409, &json!("over_budget"), &json!(0)), "{refused}");
    let imports = on.get(&town.clerk, "/v1/admin/imports").await;
    assert_eq!(imports["items"][0]["status"], "dry_run", "nothing of it was begun: {imports}");
}

#[tokio::test]
async fn a_mistyped_year_does_not_empty_a_voucher() {
    let (on, town, _data) = world().await;
    let voucher = town.fresh_voucher(&on).await;
    let path = format!("/v1/admin/vouchers/{}/expiry", voucher.id);
    for wrong in [day(-1), day(-365)] {
        let body = json!({"expires": wrong, "reason": "proroga"});
        let (status, refused) = post(&on, &town.clerk, &path, &key(), &body).await;
        assert_eq!((status, &refused["code"]), (422, &json!("validity_invalid")), "{wrong}: {refused}");
    }
    let (status, changed) = post(&on, &town.clerk, &path, &key(), &json!({"expires": day(0), "reason": "x"})).await;
    assert_eq!((status, &changed["status"]), (200, &json!("active")), "{changed}");
}

/// A council gives more, and somebody reads the rules once more.
#[tokio::test]
async fn a_programmes_budget_and_rules_change_and_nothing_else_of_it() {
    let (on, town, _data) = world().await;
    let before = on.get(&town.admin, "/v1/admin/programmes").await["items"][0].clone();
    let path = format!("/v1/admin/programmes/{}", town.programme);
    let said = json!({"name": "Buoni di Natale", "budget_cents": before["sums"]["issued_cents"], "rules_it": "Anche detersivi.",
        "rules_en": "", "per_redemption_max_cents": 1_000, "per_day_max_cents": null, "per_day_count_max": 20});
    let put = async |who: &Caller, body: &Value| {
        let answer = on.request(who, Method::PUT, &path).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    assert_eq!(put(&town.clerk, &said).await.0, 403);
    let too_long = json!("x".repeat(10_001));
    let wrong = [
        ("name", json!(" ")),
        ("budget_cents", json!(-1)),
        ("rules_it", too_long),
        ("per_day_max_cents", json!(0)),
        ("per_day_count_max", json!(0)),
    ];
    for (field, wrong) in wrong {
        let mut body = said.clone();
        body[field] = wrong;
        let (status, told) = put(&town.admin, &body).await;
        assert_eq!((status, &told["code"]), (400, &json!("bad_request")), "{field}: {told}");
    }
    // a limit that is not spoken of is not a limit lifted
    let mut silent = said.clone();
    silent.as_object_mut().unwrap().remove("per_redemption_max_cents");
    assert_eq!(put(&town.admin, &silent).await.0, 400);
    assert_eq!(put(&town.admin, &said).await.0, 200);
    let mut expected = before.clone();
    for (field, value) in said.as_object().unwrap() {
        expected[field] = value.clone();
    }
    expected["sums"]["remaining_budget_cents"] = json!(0);
    assert_eq!(on.get(&town.auditor, "/v1/admin/programmes").await["items"][0], expected);
    let page = on.request(&town.holder, Method::GET, "/v/buono").header("Accept-Language", "it").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Anche detersivi."), "families read them at once");

    // the next payment is held to the new limit
    let voucher = town.fresh_voucher(&on).await.code;
    let pay = async |cents: i64| {
        post(&on, &town.tills[0], "/v1/redemptions", &key(), &json!({"voucher": voucher, "amount_cents": cents})).await
    };
    let (status, declined) = pay(1_001).await;
    assert_eq!((status, &declined["code"]), (409, &json!("amount_over_limit")), "{declined}");
    assert_eq!(pay(1_000).await.0, 201);

    // nothing more is issued, until there is more to give
    let file = "riferimento;importo;canale\nDI-PIU;50,00;carta\n";
    let import = upload(&on, &town, &town.programme, file).await;
    assert_eq!(import["report"]["over_budget"], true, "{import}");
    let mut more = said.clone();
    more["budget_cents"] = json!(before["budget_cents"].as_i64().unwrap() + 5_000);
    assert_eq!(put(&town.admin, &more).await.0, 200);
    town.apply(&on, &text(&import["import_id"])).await;
}

/// Two clerks, and the last fifteen euro of a programme.
#[tokio::test]
async fn a_top_up_takes_no_more_than_the_budget_leaves() {
    let (on, town, _data) = world().await;
    let voucher = town.fresh_voucher(&on).await;
    let now = on.get(&town.admin, "/v1/admin/programmes").await["items"][0].clone();
    let issued = now["sums"]["issued_cents"].as_i64().unwrap();
    let body = json!({"name": "Buoni", "budget_cents": issued + 1_500, "rules_it": "", "rules_en": "",
        "per_redemption_max_cents": null, "per_day_max_cents": null, "per_day_count_max": null});
    let answer = on.request(&town.admin, Method::PUT, &format!("/v1/admin/programmes/{}", town.programme)).json(&body);
    assert_eq!(answer.send().await.unwrap().status(), 200);

    let path = format!("/v1/admin/vouchers/{}/top-up", voucher.id);
    let top_up = async |who: &Caller, key: &str, cents: i64| {
        post(&on, who, &path, key, &json!({"amount_cents": cents, "reason": "integrazione"})).await
    };
    let (status, refused) = top_up(&town.clerk, &key(), 1_501).await;
    let told = (status, &refused["code"], &refused["remaining_budget_cents"]);
    assert_eq!(told, (409, &json!("over_budget"), &json!(1_500)), "{refused}");
    let (one, other) = (key(), key());
    let both = tokio::join!(top_up(&town.clerk, &one, 1_000), top_up(&town.admin, &other, 1_000));
    let mut told = [both.0.0, both.1.0];
    told.sort_unstable();
    assert_eq!(told, [201, 409], "{both:?}");
    // whoever asks again is told what they were told, though nothing is left for it
    let (who, key) = if both.0.0 == 201 { (&town.clerk, &one) } else { (&town.admin, &other) };
    assert_eq!(top_up(who, key, 1_000).await.0, 200);
    // the same key is another one on another voucher, and says nothing of this one
    let second = format!("/v1/admin/vouchers/{}/top-up", town.fresh_voucher(&on).await.id);
    let body = json!({"amount_cents": 400, "reason": "integrazione"});
    assert_eq!(post(&on, who, &second, key, &body).await.0, 201);
    assert_eq!(top_up(who, key, 1_000).await.0, 200);
    let too_much = json!({"amount_cents": 101, "reason": "integrazione"});
    assert_eq!(post(&on, who, &second, &tests::town::key(), &too_much).await.0, 409);
    let sums = &on.get(&town.admin, "/v1/admin/programmes").await["items"][0]["sums"];
    assert_eq!(sums["remaining_budget_cents"], 100, "{sums}");
    assert_eq!(top_up(&town.clerk, &tests::town::key(), 100).await.0, 201);
}

/// The answer was lost with the ledger, and the clerk blocks once more.
#[tokio::test]
async fn why_a_blocked_voucher_was_blocked_again_is_on_record() {
    let (on, town, _data) = world().await;
    let voucher = town.fresh_voucher(&on).await;
    let path = format!("/v1/admin/vouchers/{}/block", voucher.id);
    for reason in ["smarrito", "smarrito davvero"] {
        let (status, told) = post(&on, &town.clerk, &path, &key(), &json!({"reason": reason})).await;
        assert_eq!((status, &told["status"]), (200, &json!("blocked")), "{told}");
    }
    let log = on.get(&town.auditor, "/v1/admin/audit").await;
    let said = log["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "voucher_blocked");
    let said: Vec<_> = said.map(|entry| entry["detail"].clone()).collect();
    assert_eq!(said, [json!({"reason": "smarrito davvero", "unchanged": true}), json!({"reason": "smarrito"})]);
}

/// Who of the operators did what stands in their own log, and in no town's.
#[tokio::test]
async fn operators_read_what_operators_did() {
    let (on, town, _data) = world().await;
    let of = async |who: &Caller| on.get(who, "/v1/admin/audit?limit=500").await["items"].as_array().unwrap().clone();
    let (operators, towns) = (of(&on.operator).await, of(&town.auditor).await);
    assert!(operators.iter().any(|entry| entry["action"] == "sign_in"), "{operators:?}");
    assert!(towns.iter().any(|entry| entry["action"] == "municipality_added"), "{towns:?}");
    assert!(operators.iter().all(|entry| !towns.contains(entry)));
    let first = on.get(&on.operator, "/v1/admin/audit?limit=1").await;
    assert_eq!(first["items"], json!([operators[0]]));
}

#[tokio::test]
async fn messages_are_found_by_what_became_of_them_and_say_whose_voucher_it_was() {
    let (on, town, _data) = world().await;
    town.quiet(&on).await;
    let list = async |query: &str| on.get(&town.auditor, &format!("/v1/admin/messages?limit=500{query}")).await;
    let all = list("").await;
    let voucher = on.get(&town.auditor, &format!("/v1/admin/vouchers/{}", text(&all["items"][0]["voucher_id"]))).await;
    assert_eq!(all["items"][0]["reference"], voucher["reference"]);
    let mut found = 0;
    for status in ["pending", "sent", "failed", "suppressed"] {
        let some = list(&format!("&status={status}")).await;
        let some = some["items"].as_array().unwrap();
        assert!(some.iter().all(|message| message["status"] == status), "{status}: {some:?}");
        found += some.len();
    }
    assert_eq!(found, all["items"].as_array().unwrap().len());
    let wrong = on.request(&town.auditor, Method::GET, "/v1/admin/messages?status=sending").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn a_till_whose_answer_was_lost_is_seen_and_revoked() {
    let (on, town, _data) = world().await;
    let shop = town.shops.last().unwrap();
    let (ghost, lost) = town.enrol(&on, shop).await;
    let (till, _) = town.enrol(&on, shop).await;
    let list = format!("/v1/admin/shops/{shop}/terminals");
    let first = on.get(&town.auditor, &format!("{list}?limit=1")).await;
    let second = on.get(&town.auditor, &format!("{list}?limit=1&cursor={}", text(&first["next_cursor"]))).await;
    assert_eq!((&first["items"][0]["id"], &second["items"][0]["id"]), (&json!(ghost), &json!(till)));
    let shown: Vec<_> = first["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(shown, ["id", "joined_at", "label"], "the token is nobody's business");
    let revoke = format!("/v1/admin/terminals/{ghost}/revoke");
    assert!(on.request(&town.clerk, Method::POST, &revoke).send().await.unwrap().status().is_success());
    assert_eq!(on.request(&lost, Method::GET, "/v1/shop").send().await.unwrap().status(), 401);
    let left = on.get(&town.auditor, &list).await;
    assert_eq!(left["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect::<Vec<_>>(), [till]);
}

/// The ledger is locked for longer than it is waited for, between the top-up and its entry in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_whose_entry_could_not_be_written_is_made_and_written_once() {
    let (on, town, data) = world().await;
    let voucher = town.fresh_voucher(&on).await;
    let (path, key) = (format!("/v1/admin/vouchers/{}/top-up", voucher.id), key());
    let body = json!({"amount_cents": 2_000, "reason": "Integrazione"});
    let ledger = rusqlite::Connection::open(data.path().join("ledger.db")).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, told) = post(&on, &town.clerk, &path, &key, &body).await;
    assert_eq!((status, &told["code"]), (504, &json!("outcome_unknown")), "{told}");
    ledger.execute_batch("ROLLBACK").unwrap();
    for _ in 0..2 {
        let (status, told) = post(&on, &town.clerk, &path, &key, &body).await;
        assert_eq!((status, &told["balance_cents"]), (200, &json!(7_000)), "{told}");
    }
    let log = on.get(&town.auditor, "/v1/admin/audit").await;
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "voucher_topped_up").count(), 1, "{log}");
}
