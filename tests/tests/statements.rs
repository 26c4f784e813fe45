//! What a shop takes home: its operations as files, found by a receipt, and sent by mail through a real mail server.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use calamine::{Data, Reader, Xlsx};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tests::pdf::said;
use tests::town::{Caller, Installation, Town, text};
use tests::{Server, binary, free_port};

/// A town with a till of whose shop a spreadsheet would make a formula, and what it took.
async fn shop(on: &Installation, town: &Town) -> Caller {
    let code = town.enrolment_code(on, &town.shops[2]).await;
    let body = json!({"enrolment_code": code, "label": "=1+1;\"x\""});
    let till = on.post(&Caller::nobody(), "/v1/terminals/enrol", &body).await;
    let till = Caller::till(&text(&till["token"]), town.name);
    let redeem = |cents: i64| json!({"voucher": town.voucher.code, "amount_cents": cents});
    on.post(&till, "/v1/redemptions", &redeem(2_050)).await;
    let second = on.post(&till, "/v1/redemptions", &redeem(100)).await;
    let undo = format!("/v1/operations/{}/reversals", text(&second["operation_id"]));
    on.post(&till, &undo, &json!({"amount_cents": 40, "reason": "errore"})).await;
    till
}

async fn file(on: &Installation, till: &Caller, format: &str, lang: &str) -> (String, Vec<u8>) {
    let path = format!("/v1/operations?format={format}");
    let answer = on.request(till, Method::GET, &path).header("Accept-Language", lang).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{format}");
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(name, format!("attachment; filename=\"operazioni.{format}\""));
    (kind, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_shops_list_is_a_file_in_its_language() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let till = shop(&on, &town).await;
    let (kind, csv) = file(&on, &till, "csv", "it").await;
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(kind, "text/csv; charset=utf-8");
    assert!(csv.starts_with("\u{feff}\"Data\";\"Ora\";\"Operazione\";\"Importo\""), "{csv}");
    assert!(csv.contains(";20,50;") && csv.contains(";-0,40;") && csv.contains("\"'=1+1;\"\"x\"\"\""), "{csv}");
    assert!(String::from_utf8(file(&on, &till, "csv", "en").await.1).unwrap().contains("\"Date\";\"Time\""));
    spreadsheet(&on, &till).await;
    let (kind, pdf) = file(&on, &till, "pdf", "it").await;
    let pdf = said(&pdf);
    assert_eq!(kind, "application/pdf");
    for wanted in ["FornoPievebassa", "20,50€", "−0,40€", "21,10€", "=1+1;\"x\"", "Restituzione"] {
        assert!(pdf.contains(wanted) || pdf.contains(&wanted.replace('−', "-")), "no {wanted} in {pdf}");
    }
    assert!(said(&file(&on, &till, "pdf", "en").await.1).contains("Alloperations"));
    // nothing taken is a file, too
    for format in ["csv", "xlsx", "pdf"] {
        assert!(!file(&on, &town.tills[1], format, "it").await.1.is_empty());
    }
    // by the code on a receipt, as it is read aloud
    let all = on.get(&till, "/v1/operations").await;
    let one = &all["items"][1];
    let code = text(&one["receipt_code"]);
    for typed in [code.clone(), code.to_lowercase(), code.replace('-', "")] {
        let found = on.get(&till, &format!("/v1/operations?receipt={typed}")).await;
        assert_eq!(found["items"], json!([one]), "{typed}");
        assert_eq!(on.get(&town.tills[0], &format!("/v1/operations?receipt={typed}")).await["items"], json!([]));
    }
    // a file, which has totals, has all of them
    let csv = |query: String| on.request(&till, Method::GET, &format!("/v1/operations?format=csv{query}")).send();
    let (one, whole) = (csv(format!("&receipt={code}")).await.unwrap(), csv(String::new()).await.unwrap());
    assert_eq!(one.text().await.unwrap(), whole.text().await.unwrap());
    for wrong in ["receipt=12", "receipt=GGGG-GGGG"] {
        let told = on.request(&till, Method::GET, &format!("/v1/operations?{wrong}")).send().await.unwrap();
        assert_eq!(told.status().as_u16(), 400, "{wrong}");
    }
}

async fn spreadsheet(on: &Installation, till: &Caller) {
    let (kind, bytes) = file(on, till, "xlsx", "it").await;
    assert!(kind.ends_with("spreadsheetml.sheet"), "{kind}");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Operazioni", "Totali"]);
    let sheet = book.worksheet_range("Operazioni").unwrap();
    let heads: Vec<String> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(heads[..4], ["Data", "Ora", "Operazione", "Importo"]);
    let amounts: Vec<_> = sheet.rows().skip(1).map(|row| row[3].clone()).collect();
    assert_eq!(amounts, [Data::Float(20.5), Data::Float(1.0), Data::Float(-0.4)], "money is a number");
    assert!(sheet.rows().skip(1).all(|row| matches!(row[0], Data::DateTime(_))), "{sheet:?}");
    assert_eq!(sheet.get_value((1, 5)), Some(&Data::String("=1+1;\"x\"".to_owned())));
    let formulas = book.worksheet_formula("Operazioni").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()), "a text became a formula");
    let totals = book.worksheet_range("Totali").unwrap();
    assert_eq!(totals.rows().next_back().unwrap()[2], Data::Float(21.1), "{totals:?}");
}

/// A mail server in a process of its own, which keeps what it gets in a folder.
struct MailServer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl MailServer {
    fn start(folder: &Path, port: u16) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let python = root.join("target/aiosmtpd/bin/python");
        assert!(python.is_file(), "{} is missing: run scripts/setup.sh test", python.display());
        let folder = folder.join("maildir");
        let child = Command::new(python)
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&folder)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port, folder }
    }

    /// The mails so far.
    fn mails(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.join("new")).into_iter().flatten();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn with_mail(data: &Path, port: u16) -> Server {
    let mut program = Command::new(binary());
    program.stderr(Stdio::null()).args(["demo", "--smtp", &format!("smtp://127.0.0.1:{port}")]);
    program.args(["--mail-from", "Buoni spesa <buoni@comune.example>"]);
    Server::start_as(data, program)
}

async fn statuses(on: &Installation, till: &Caller) -> Vec<String> {
    let list = on.get(till, "/v1/statements").await;
    list["items"].as_array().unwrap().iter().map(|item| text(&item["status"])).collect()
}

#[tokio::test]
async fn a_list_asked_for_by_mail_arrives_although_server_and_mail_server_die_meanwhile() {
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut on = Installation::on(with_mail(data.path(), port), data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let till = shop(&on, &town).await;
    let today = text(&on.get(&till, "/v1/operations").await["items"][0]["decided_at"])[..10].to_owned();
    // nobody listens: the request waits, also through a crash
    let asked = json!({"from": "2026-01-01", "to": today, "email": "Ragioniera@studio.example", "format": "pdf"});
    let answer = on.request(&till, Method::POST, "/v1/statements").json(&asked).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["status"], "pending", "{told}");
    assert!(!told.to_string().to_lowercase().contains("ragioniera"), "{told}");
    on.server.kill();
    let mail = MailServer::start(data.path(), port);
    on.server = with_mail(data.path(), mail.port);
    while statuses(&on, &till).await != ["sent"] {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let mails = mail.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    for said in [
        "To: ragioniera@studio.example",
        "filename=\"operazioni.pdf\"",
        "Content-Type: application/pdf",
        "Reply-To: buoni@pievebassa.example",
        "From: \"Buoni spesa\" <buoni@comune.example>",
    ] {
        assert!(mail.contains(said), "no {said} in {mail}");
    }
    assert!(!mail.contains("=1+1"), "what was typed at a till is in the text: {mail}");
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=50").await.to_string();
    assert!(log.contains("statement_requested") && !log.contains("studio.example"), "{log}");
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files_and_nobody_can_be_flooded() {
    let data = tempfile::tempdir().unwrap();
    let on = Installation::start(data.path()).await;
    let town = Town::build(&on, "Pievebassa").await;
    let till = shop(&on, &town).await;
    let ask = async |till: &Caller, field: &str, value: &str| {
        let mut body = json!({"from": "2026-01-01", "to": "2099-12-31", "email": "a@b.example", "format": "csv"});
        body[field] = json!(value);
        let answer = on.request(till, Method::POST, "/v1/statements").json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().get("retry-after").is_some(), answer.json::<Value>().await.unwrap())
    };
    for (field, wrong) in [
        ("email", "nobody"),
        ("email", "a@b.example, c@d.example"),
        ("email", "a@b.example\r\nBcc: c@d.example"),
        ("format", "json"),
        ("from", "ieri"),
    ] {
        let (status, _, told) = ask(&till, field, wrong).await;
        assert_eq!((status, told["code"].as_str()), (400, Some("bad_request")), "{field}: {wrong}: {told}");
    }
    let (status, _, told) = ask(&till, "to", "2025-12-31").await;
    assert_eq!((status, told["code"].as_str()), (422, Some("validity_invalid")), "{told}");
    assert_eq!(on.get(&till, "/v1/statements").await["items"], json!([]));
    for nth in 0..20 {
        assert_eq!(ask(&till, "email", "a@b.example").await.0, 202, "{nth}");
    }
    let (status, wait, told) = ask(&till, "email", "a@b.example").await;
    assert_eq!((status, wait, told["code"].as_str()), (429, true, Some("too_many_requests")), "{told}");
    assert_eq!(ask(&town.tills[0], "email", "a@b.example").await.0, 202, "another shop has its own share");
    while statuses(&on, &till).await.iter().any(|status| status != "sent") {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let first = on.get(&till, "/v1/statements").await["items"][0].clone();
    let path = data.path().join(format!("mail/{}.eml", text(&first["statement_id"])));
    assert!(std::fs::read_to_string(path).unwrap().contains("To: a@b.example"));
}

/// What a mail says and what is attached to it, as a mail program reads them.
fn opened(mail: &Path) -> (String, Vec<u8>) {
    const READ: &str = "import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
text, file = mail.iter_parts()
open(sys.argv[2], 'wb').write(file.get_payload(decode=True))
sys.stdout.buffer.write(text.get_content().encode())";
    let attached = mail.with_extension("attached");
    let read = Command::new("python3").args(["-c", READ]).args([mail, &attached]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    (String::from_utf8(read.stdout).unwrap(), std::fs::read(attached).unwrap())
}

/// A shop with two tills and somebody who is at one of them for a while.
struct Narrow {
    on: Installation,
    town: Town,
    till: Caller,
    /// The first till, the second one, and one of another shop.
    tills: [String; 3],
    /// Somebody of the shop, and somebody of another one.
    people: [String; 2],
    data: tempfile::TempDir,
}

impl Narrow {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Pievebassa").await;
        let enrol = async |shop: &str, label: &str| {
            let body = json!({"enrolment_code": town.enrolment_code(&on, shop).await, "label": label});
            let till = on.post(&Caller::nobody(), "/v1/terminals/enrol", &body).await;
            (text(&till["terminal_id"]), Caller::till(&text(&till["token"]), town.name))
        };
        let (first, till) = enrol(&town.shops[2], "Cassa 1").await;
        let (second, bench) = enrol(&town.shops[2], "=Banco; \"2\"").await;
        let (elsewhere, stranger) = enrol(&town.shops[3], "Retrobottega").await;
        let giulia = text(&on.post(&till, "/v1/staff", &json!({"label": "Giulia"})).await["staff_id"]);
        let foreigner = text(&on.post(&stranger, "/v1/staff", &json!({"label": "Straniera"})).await["staff_id"]);
        let redeem = async |till: &Caller, cents: i64| {
            let body = json!({"voucher": town.voucher.code, "amount_cents": cents});
            on.post(till, "/v1/redemptions", &body).await;
        };
        redeem(&till, 100).await;
        on.post(&till, "/v1/terminal/shift", &json!({"staff_id": giulia})).await;
        redeem(&till, 200).await;
        redeem(&bench, 400).await;
        redeem(&stranger, 800).await;
        Self { on, town, till, tills: [first, second, elsewhere], people: [giulia, foreigner], data }
    }

    async fn ask(&self, only: &Value, format: &str) -> (u16, Value) {
        let mut body = json!({"from": "2026-01-01", "to": "2099-12-31", "email": "a@b.example", "format": format});
        body.as_object_mut().unwrap().extend(only.as_object().unwrap().clone());
        let request = self.on.request(&self.till, Method::POST, "/v1/statements").header("Accept-Language", "it");
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks for a list, which is told as it was asked for, waits for the mail and opens it.
    async fn mailed(&self, only: &Value, format: &str) -> (String, Vec<u8>) {
        let (status, told) = self.ask(only, format).await;
        assert_eq!((status, &told["terminal"], &told["staff"]), (202, &only["terminal"], &only["staff"]), "{told}");
        loop {
            let list = self.on.get(&self.till, "/v1/statements").await;
            let item = &list["items"][0];
            assert_eq!(item["statement_id"], told["statement_id"]);
            assert_eq!((&item["terminal"], &item["staff"]), (&only["terminal"], &only["staff"]), "{item}");
            assert_ne!(item["status"], "failed", "{item}");
            if item["status"] == "sent" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        opened(&self.data.path().join(format!("mail/{}.eml", text(&told["statement_id"]))))
    }

    /// What a till downloads for the same.
    async fn downloaded(&self, only: &Value, format: &str) -> Vec<u8> {
        let asked: String =
            only.as_object().unwrap().iter().map(|(name, value)| format!("&{name}={}", text(value))).collect();
        let path = format!("/v1/operations?format={format}{asked}");
        let request = self.on.request(&self.till, Method::GET, &path).header("Accept-Language", "it");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }
}

/// What stands above all sums.
fn first_cell(xlsx: Vec<u8>) -> String {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(xlsx)).unwrap();
    let totals = book.worksheet_range("Totali").unwrap();
    assert!(book.worksheet_formula("Totali").unwrap().used_cells().all(|(_, _, formula)| formula.is_empty()));
    totals.get_value((0, 0)).unwrap().to_string()
}

#[tokio::test]
async fn a_narrowed_list_by_mail_is_that_list_and_says_so() {
    let shop = Narrow::new().await;
    let [first, second, _] = &shop.tills;
    let giulia = &shop.people[0];
    let (one_till, one_person) = ("Sono solo quelle di una cassa.", "Sono solo quelle di una persona.");
    let nobody = "Sono solo quelle senza il nome di chi era alla cassa.";
    let all = shop.downloaded(&json!({}), "csv").await;
    for (only, lines, said_of_itself, cents) in [
        (json!({"terminal": second}), &[one_till][..], "Solo cassa: =Banco; \"2\"", "4,00"),
        (json!({"staff": giulia}), &[one_person], "Solo: Giulia", "2,00"),
        (json!({"staff": "none"}), &[nobody], "Solo senza il nome di chi era alla cassa", "5,00"),
        (
            json!({"terminal": first, "staff": "none"}),
            &[one_till, nobody],
            "Solo cassa: Cassa 1 · Solo senza il nome di chi era alla cassa",
            "1,00",
        ),
    ] {
        let (told, csv) = shop.mailed(&only, "csv").await;
        assert!(csv == shop.downloaded(&only, "csv").await && csv != all && csv.len() < all.len(), "{only}");
        let about: Vec<_> = told.lines().filter(|line| line.starts_with("Attenzione: non sono tutte.")).collect();
        assert!(
            about.len() == lines.len() && lines.iter().zip(&about).all(|(line, told)| told.ends_with(line)),
            "{told}"
        );
        assert!(!told.contains("Banco") && !told.contains("Giulia"), "what was typed at a till: {told}");
        let (_, pdf) = shop.mailed(&only, "pdf").await;
        let squeezed: String = said_of_itself.split_whitespace().collect();
        for pdf in [pdf, shop.downloaded(&only, "pdf").await] {
            let pdf = said(&pdf);
            assert!(pdf.contains(&squeezed) && pdf.contains(&format!("Totale:{cents}")), "no {squeezed} in {pdf}");
        }
        let (_, xlsx) = shop.mailed(&only, "xlsx").await;
        assert_eq!(first_cell(xlsx), said_of_itself);
        assert_eq!(first_cell(shop.downloaded(&only, "xlsx").await), said_of_itself);
    }
    // everybody's, as before
    let (told, csv) = shop.mailed(&json!({}), "csv").await;
    assert!(csv == all && !told.contains("Attenzione"), "{told}");
    let (told, xlsx) = shop.mailed(&json!({"terminal": null, "staff": null}), "xlsx").await;
    assert!(first_cell(xlsx) == "Data" && told.contains("\nL'elenco è stato chiesto il "), "{told}");
}

#[tokio::test]
async fn a_list_by_mail_is_of_tills_and_people_of_the_shop_also_when_they_are_gone() {
    let shop = Narrow::new().await;
    let ([_, second, elsewhere], [giulia, foreigner]) = (&shop.tills, &shop.people);
    let nowhere = "01900000-0000-7000-8000-000000000000";
    for (only, status, code, field) in [
        (json!({"terminal": elsewhere}), 404, "not_found", Some("terminal")),
        (json!({"terminal": nowhere, "staff": "none"}), 404, "not_found", Some("terminal")),
        (json!({"staff": foreigner}), 404, "not_found", Some("staff")),
        (json!({"terminal": second, "staff": nowhere}), 404, "not_found", Some("staff")),
        (json!({"staff": "Giulia"}), 400, "bad_request", Some("staff")),
        (json!({"staff": ""}), 400, "bad_request", Some("staff")),
        (json!({"staff": "NONE"}), 400, "bad_request", Some("staff")),
        (json!({"staff": 7}), 400, "bad_request", None),
        (json!({"terminal": "none"}), 400, "bad_request", None),
        (json!({"terminal": ""}), 400, "bad_request", None),
        (json!({"till": second}), 400, "unknown_field", None),
    ] {
        let (told, problem) = shop.ask(&only, "csv").await;
        assert_eq!((told, problem["code"].as_str(), problem["field"].as_str()), (status, Some(code), field), "{only}");
    }
    assert_eq!(shop.on.get(&shop.till, "/v1/statements").await["items"], json!([]));
    // whoever looks for themselves finds nothing, and learns nothing of others
    for (only, theirs) in [(json!({"terminal": elsewhere}), "Retrobottega"), (json!({"staff": foreigner}), "Straniera")]
    {
        let csv = String::from_utf8(shop.downloaded(&only, "csv").await).unwrap();
        assert_eq!(csv.lines().count(), 1, "{csv}");
        let pdf = said(&shop.downloaded(&only, "pdf").await);
        assert!(!pdf.contains(theirs) && pdf.contains("Solo") && pdf.contains("Nessunaoperazione"), "{pdf}");
    }
    shop.on.post(&shop.town.clerk, &format!("/v1/admin/terminals/{second}/revoke"), &Value::Null).await;
    let left = format!("/v1/staff/{giulia}");
    let answer = shop.on.request(&shop.till, Method::DELETE, &left).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    for (only, called) in
        [(json!({"terminal": second}), "Solo cassa: =Banco; \"2\""), (json!({"staff": giulia}), "Solo: Giulia")]
    {
        assert_eq!(first_cell(shop.mailed(&only, "xlsx").await.1), called);
    }
}
