//! Nothing personal is in clear where it need not be: in no file of the data folder, in no log, figure
//! or list. Everything that happens to people's data happens first; then everything is searched.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aho_corasick::AhoCorasick;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use tests::town::{Caller, Installation, Town, Voucher, client, key, text};
use tests::{Server, binary};

/// What nobody but authorised staff may read; each is in exactly one row of the uploads below, but for the last
/// six, which a till and a clerk type.
const PERSONAL: [&str; 25] = [
    "Quagliozzi",
    "Ermenegarda",
    "QGLRNG81A41F257M",
    "3477719283",
    "ermenegarda.q@posta-zanobria.example",
    "noccioline",
    "Zanobrinelli",
    "Baldassarre",
    "ZNBLDB79T13H501T",
    "baldassarre.z@posta-zanobria.example",
    "Verrettini",
    "3471112229",
    "IT64X0542811101000000987654",
    "Ottavianella Strozzapreti",
    "3488887771",
    "forno-riservato@pec.example",
    "Intestatario Segretissimo",
    "0599777123",
    "Vicolo Malacoda",
    "commercialista.s@posta-zanobria.example",
    "Osservatini",
    "Rispostelli",
    "Cassierella Ombretti",
    "Lamentazionelli",
    "Replichini",
];

/// Personal too, and never sent in an upload that was right: in wrong rows, wrong files and wrong requests.
const MISTAKEN: [&str; 8] = [
    "Sbagliatini",
    "VRRTTV90C55L219P",
    "Intestazionelli",
    "3479998881",
    "Cercatini",
    "sconosciuta.c@posta-zanobria.example",
    "Urlettini",
    "Chiavettini",
];

const FAMILIES: &str = "riferimento;codice_fiscale;cognome;nome;cellulare;email;importo;canale;note;indirizzo\n\
    ZAN-01;QGLRNG81A41F257M;Quagliozzi;Ermenegarda;347 771 9283;ermenegarda.q@posta-zanobria.example;50,00;sms;Allergia alle noccioline;Vicolo Malacoda 7\n\
    ZAN-02;ZNBLDB79T13H501T;Zanobrinelli;Baldassarre;;baldassarre.z@posta-zanobria.example;50,00;email;;\n\
    ZAN-03;;Verrettini;Ada;3471112229;;50,00;carta;;\n\
    ZAN-04;VRRTTV90C55L219X;Sbagliatini;Leo;3479998881;;12,345;piccione;;\n\
    ZAN-05;VRRTTV90C55L219P;Sbagliatini;Leo;12;;50,00;sms;;\n";

/// As an office sends it that forgot the titles.
const UNTITLED: &str = "ZAN-06;VRRTTV90C55L219P;Intestazionelli;Leo;3479998881;;50,00;sms;\n\
    ZAN-07;;Intestazionelli;Lea;3479998881;;50,00;sms;\n";

const SHOPS: &str = "riferimento;insegna;ragione_sociale;partita_iva;indirizzo;comune;iban;intestatario;referente_nome;referente_cellulare;pec;telefono\n\
    ZAN-F;Forno Notissimo;Forno Notissimo snc;00743110157;Via Roma 1;Zanobria;IT64X0542811101000000987654;Intestatario Segretissimo;Ottavianella Strozzapreti;3488887771;forno-riservato@pec.example;0599 777 123\n";

/// The ways in which a text may stand in bytes; the search itself does not look at case.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let in_a_link = text.replace('@', "%40").replace(' ', "%20");
    vec![text.into(), wide, in_a_link.into(), hex(text), hex(&text.to_lowercase()), hex(&text.to_uppercase())]
}

/// What is around a place, to see how it came there.
fn around(bytes: &[u8], at: Range<usize>) -> String {
    String::from_utf8_lossy(&bytes[at.start.saturating_sub(80)..bytes.len().min(at.end + 80)]).into_owned()
}

/// Everything that was left somewhere, by where.
#[derive(Default)]
struct Traces(BTreeMap<String, Vec<u8>>);

impl Traces {
    /// Every file below the folder.
    fn folder(&mut self, moment: &str, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.folder(moment, &path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            self.0.insert(format!("{name} {moment}"), std::fs::read(&path).unwrap());
        }
    }

    /// What a till was answered about a voucher.
    fn told(&mut self, what: &str, voucher: &Voucher, answer: &Value) {
        self.add(&format!("{what} {}", voucher.id), answer.to_string());
    }

    fn add(&mut self, name: &str, text: impl Into<Vec<u8>>) {
        self.0.insert(name.to_owned(), text.into());
    }

    /// Which of the texts is where, in whichever form, and what is around its first place.
    fn of<'a>(&self, texts: &[&'a str]) -> BTreeMap<(&'a str, &str), String> {
        let forms: Vec<_> =
            texts.iter().flat_map(|text| forms(text).into_iter().map(move |form| (*text, form))).collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(forms.iter().map(|(_, form)| form));
        let (automaton, mut found) = (automaton.unwrap(), BTreeMap::new());
        for (name, bytes) in &self.0 {
            for hit in automaton.find_overlapping_iter(bytes) {
                let text = forms[hit.pattern().as_usize()].0;
                found.entry((text, name.as_str())).or_insert_with(|| around(bytes, hit.range()));
            }
        }
        found
    }
}

#[test]
fn the_search_finds_every_form_wherever_it_is() {
    for text in ["Ermenegarda Q@x", "ermenegarda q@x", "ERMENEGARDA Q@X"] {
        for form in forms(text) {
            let mut traces = Traces::default();
            traces.add("somewhere", [b"before".to_vec(), form, b"after".to_vec()].concat());
            assert_eq!(traces.of(&["Ermenegarda Q@x"]).len(), 1, "{text}");
            assert!(traces.of(&["Ermenegardo Q@x"]).is_empty());
        }
    }
}

/// A town whose people are known, on a server that logs everything.
struct World {
    on: Installation,
    town: Town,
}

impl World {
    async fn new(data: &Path) -> Self {
        let mut program = Command::new(binary());
        program.arg("demo").env("BUONO_LOG", "debug");
        let on = Installation::on(Server::start_as(data, program), data).await;
        let town = Town::build(&on, "Zanobria").await;
        Self { on, town }
    }

    async fn send(&self, caller: &Caller, method: Method, path: &str, body: &str) -> (u16, String) {
        let request = self.on.request(caller, method, path).header("Content-Type", "application/json");
        let answer = request.header("Idempotency-Key", key()).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Uploads, some of them wrong, and applies what is right.
    async fn import(&self) {
        let (on, town) = (&self.on, &self.town);
        let families = format!("/v1/admin/beneficiaries/import?programme_id={}", town.programme);
        for (path, file, wrong) in [
            ("/v1/admin/shops/import", SHOPS, 0),
            (families.as_str(), FAMILIES, 2),
            (families.as_str(), UNTITLED, 1),
            ("/v1/admin/shops/import", UNTITLED, 1),
        ] {
            let told = town.send_file(on, path, "text/csv", file.into()).await.unwrap();
            assert_eq!(told.status(), 201);
            let import: Value = told.json().await.unwrap();
            assert_eq!(import["report"]["wrong"], wrong, "{import}");
            if file != UNTITLED {
                town.apply(on, &text(&import["import_id"])).await;
            }
        }
        let broken = format!("{FAMILIES}ZAN-09;\"Sbagliatini\u{1}\";;;;;;;\n");
        assert_eq!(town.send_file(on, &families, "text/csv", broken.into()).await.unwrap().status(), 422);
        town.quiet(on).await;
    }

    /// The voucher of a family by its reference, with a new code.
    async fn voucher(&self, reference: &str) -> Voucher {
        let found = self.on.get(&self.town.clerk, &format!("/v1/admin/vouchers?search={reference}")).await;
        let id = text(&found["items"][0]["id"]);
        self.town.unused.lock().unwrap().push(id);
        self.town.fresh_voucher(&self.on).await
    }

    /// What a till is answered about a family, among the rest that is searched.
    async fn at_the_till(&self, voucher: &Voucher, traces: &mut Traces) {
        let (on, till) = (&self.on, &self.town.tills[0]);
        let found = on.post(till, "/v1/vouchers/lookup", &json!({"voucher": voucher.code})).await;
        assert!(!text(&found["holder_initials"]).is_empty(), "{found}");
        traces.told("look-up", voucher, &found);
        let key = key();
        let pay = json!({"voucher": voucher.code, "amount_cents": 700});
        let paid = on.request(till, Method::POST, "/v1/redemptions").header("Idempotency-Key", &key).json(&pay);
        let paid = tests::town::done(paid.send().await).await;
        traces.told("redemption", voucher, &paid);
        traces.told("by key", voucher, &on.get(till, &format!("/v1/operations/by-key/{key}")).await);
        let reversal = format!("/v1/operations/{}/reversals", text(&paid["operation_id"]));
        let undone = on.post(till, &reversal, &json!({"reason": "errore"})).await;
        traces.told("reversal", voucher, &undone);
        let question = json!({"text": "Non lo trova la cassa.", "operation_id": paid["operation_id"]});
        traces.told("ticket", voucher, &on.post(till, "/v1/tickets", &question).await);
        traces.told("tickets", voucher, &on.get(till, "/v1/tickets").await);
    }

    /// A family's whole life: pages, payments, holds, reversals, declines, and the office in between.
    async fn live(&self, voucher: &Voucher, traces: &mut Traces) -> Caller {
        let (on, till) = (&self.on, &self.town.tills[0]);
        let holder = on.open(voucher, "home").await;
        on.get(&holder, "/v1/citizen/voucher").await;
        self.at_the_till(voucher, traces).await;
        let pay = json!({"voucher": voucher.code, "amount_cents": 700});
        self.claim(voucher, traces).await;
        let held = on.post(till, "/v1/holds", &pay).await;
        on.post(till, &format!("/v1/holds/{}/release", text(&held["operation_id"])), &Value::Null).await;
        let much = json!({"voucher": voucher.code, "amount_cents": 900_000}).to_string();
        assert_eq!(self.send(till, Method::POST, "/v1/redemptions", &much).await.0, 409);
        let block = format!("/v1/admin/vouchers/{}/block", voucher.id);
        on.post(&self.town.clerk, &block, &json!({"reason": "smarrito"})).await;
        on.get(&self.town.clerk, &format!("/v1/admin/vouchers/{}/history", voucher.id)).await;
        // a shop's accountant is a person, too
        let list = json!({"from": "2026-01-01", "to": "2099-12-31", "format": "csv",
            "email": "commercialista.s@posta-zanobria.example"});
        on.post(till, "/v1/statements", &list).await;
        on.request(&holder, Method::GET, "/v1/citizen/voucher/print.pdf").send().await.unwrap();
        holder
    }

    /// The shop seals what it is owed; office and shop write about a line as people do, with names.
    async fn claim(&self, voucher: &Voucher, traces: &mut Traces) {
        let (on, till) = (&self.on, &self.town.tills[0]);
        let pay = json!({"voucher": voucher.code, "amount_cents": 300});
        let operation = text(&on.post(till, "/v1/redemptions", &pay).await["operation_id"]);
        let claim = text(&on.post(till, "/v1/claims", &json!({})).await["claim_id"]);
        // before anybody writes a name about a line, which the shop then may read
        traces.told("lines of a claim", voucher, &on.get(till, &format!("/v1/claims/{claim}/lines")).await);
        let line = format!("{claim}/lines/{operation}");
        let remark = json!({"text": "Osservatini dice di non averlo speso"});
        on.post(&self.town.clerk, &format!("/v1/admin/claims/{line}/remark"), &remark).await;
        let answer = json!({"text": "Era la nonna Rispostelli"});
        on.post(till, &format!("/v1/claims/{line}/answer"), &answer).await;
        let lines = on.get(&self.town.auditor, &format!("/v1/admin/claims/{claim}/lines")).await.to_string();
        assert!(
            ["Osservatini", "Rispostelli"].iter().all(|name| lines.contains(name)),
            "who may read reads it: {lines}"
        );
    }

    /// Somebody works at a till, asks the municipality about a customer, and is answered.
    async fn work_and_ask(&self) {
        let (on, till) = (&self.on, &self.town.tills[1]);
        let added = on.post(till, "/v1/staff", &json!({"label": "Cassierella Ombretti", "pin": "7351"})).await;
        on.post(till, "/v1/terminal/shift", &json!({"staff_id": added["staff_id"], "pin": "7351"})).await;
        assert_eq!(on.get(till, "/v1/shop").await["staff"]["at_till"]["label"], "Cassierella Ombretti");
        let pay = json!({"voucher": self.town.fresh_voucher(on).await.code, "amount_cents": 100});
        on.post(till, "/v1/redemptions", &pay).await;
        let list = on.request(till, Method::GET, "/v1/operations?format=csv").send().await.unwrap();
        assert!(list.text().await.unwrap().contains("Cassierella Ombretti"));
        let asked = on.post(till, "/v1/tickets", &json!({"text": "La signora Lamentazionelli protesta."})).await;
        let path = format!("/v1/admin/tickets/{}/answer", text(&asked["ticket_id"]));
        on.post(&self.town.clerk, &path, &json!({"text": "Ci pensa il signor Replichini."})).await;
        assert!(on.get(till, "/v1/tickets").await.to_string().contains("Replichini"));
        assert!(on.get(&self.town.auditor, "/v1/admin/tickets").await.to_string().contains("Lamentazionelli"));
    }

    /// Whatever people do wrong with what is personal in their hands.
    async fn stumble(&self) {
        let (till, clerk, nobody) = (&self.town.tills[0], &self.town.clerk, Caller::nobody());
        for search in ["QGLRNG81A41F257M", "3477719283", "sconosciuta.c%40posta-zanobria.example", "Cercatini"] {
            let (status, _) = self.send(clerk, Method::GET, &format!("/v1/admin/vouchers?search={search}"), "").await;
            assert_eq!(status, 200);
        }
        let sign_in = json!({"email": "sconosciuta.c@posta-zanobria.example", "password": "Urlettini-2026"});
        let wrong: [(&Caller, &str, String, u16); 6] = [
            (&nobody, "/v1/admin/session", sign_in.to_string(), 401),
            (&nobody, "/v1/citizen/session", json!({"code": "Urlettini", "pin": "12345"}).to_string(), 404),
            (till, "/v1/vouchers/lookup", json!({"voucher": "Urlettini 3479998881"}).to_string(), 404),
            (till, "/v1/redemptions", "{\"voucher\": \"Urlettini".to_owned(), 400),
            (till, "/v1/redemptions", json!({"Urlettini": "3479998881"}).to_string(), 400),
            (till, "/v1/redemptions", json!({"voucher": "x", "amount_cents": "Urlettini"}).to_string(), 422),
        ];
        for (caller, path, body, expected) in wrong {
            let (status, told) = self.send(caller, Method::POST, path, &body).await;
            assert_eq!(status, expected, "{path} {body}: {told}");
        }
        for path in ["/v1/admin/vouchers/Urlettini", "/v1/Urlettini/3479998881", "/v1/admin/vouchers?Urlettini=1"] {
            let (status, _) = self.send(clerk, Method::GET, path, "").await;
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        let fresh = self.town.fresh_voucher(&self.on).await;
        let body = json!({"voucher": fresh.code, "amount_cents": 1});
        let keyed = self.on.request(till, Method::POST, "/v1/redemptions").header("Idempotency-Key", "Chiavettini-1");
        tests::town::done(keyed.json(&body).send().await).await;
    }

    /// What lists and figures show of it.
    async fn shown(&self, traces: &mut Traces) {
        for (caller, path) in [
            (&self.town.auditor, "/v1/admin/audit?limit=500"),
            (&self.town.auditor, "/v1/admin/messages?limit=500"),
            (&self.town.auditor, "/v1/admin/imports?limit=500"),
            (&self.town.auditor, "/v1/admin/vouchers?limit=500"),
            (&self.town.tills[0], "/v1/operations?limit=500"),
            (&self.town.tills[0], "/v1/shop"),
            (&self.town.tills[0], "/v1/statements"),
            (&self.town.tills[0], "/v1/claims/unclaimed"),
            (&self.town.tills[0], "/v1/claims"),
            (&self.town.auditor, "/v1/admin/claims"),
            (&Caller::nobody(), "/metrics"),
            (&Caller::nobody(), "/health/ready"),
        ] {
            let (status, told) = self.send(caller, Method::GET, path, "").await;
            assert_eq!(status, 200, "{path}: {told}");
            traces.add(path, told);
        }
        let imports = self.on.get(&self.town.auditor, "/v1/admin/imports?limit=500").await;
        for import in imports["items"].as_array().unwrap() {
            let path = format!("/v1/admin/imports/{}", text(&import["id"]));
            traces.add(&path, self.on.get(&self.town.auditor, &path).await.to_string());
        }
    }
}

#[tokio::test]
async fn nothing_personal_is_in_clear_where_it_need_not_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut world = World::new(data).await;
    world.import().await;
    let mut traces = Traces::default();
    let mut secrets = vec![world.town.tills[0].credential().trim_start_matches("Bearer ").to_owned()];
    for reference in ["ZAN-01", "ZAN-02", "ZAN-03"] {
        let voucher = world.voucher(reference).await;
        let session = world.live(&voucher, &mut traces).await;
        secrets.extend([voucher.code, session.credential().split_once('=').unwrap().1.to_owned()]);
    }
    world.work_and_ask().await;
    world.stumble().await;
    world.town.quiet(&world.on).await;
    while world.on.get(&world.town.tills[0], "/v1/statements").await.to_string().contains("\"pending\"") {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    world.shown(&mut traces).await;
    // while it runs, after it was killed, after it ended well
    traces.folder("of the running server", data);
    world.on.server.kill();
    traces.folder("of the killed server", data);
    let mut again = Server::start(data);
    assert!(client().get(format!("{}/health/ready", again.base_url)).send().await.unwrap().status().is_success());
    again.end();
    traces.folder("of the ended server", data);
    controls(&traces);
    let texts: Vec<&str> = PERSONAL.into_iter().chain(MISTAKEN).chain(secrets.iter().map(String::as_str)).collect();
    let mut found = traces.of(&texts);
    let sent: BTreeSet<&str> = found.keys().filter(|(_, place)| is_sent(place)).map(|(text, _)| *text).collect();
    found.retain(|(_, place), _| !is_sent(place));
    assert!(found.is_empty(), "{found:#?}");
    // a message says where it goes, and nothing else of a person; the link's secret is another one
    let accountant = "commercialista.s@posta-zanobria.example";
    let known = ["3477719283", "Baldassarre", "baldassarre.z@posta-zanobria.example", accountant];
    assert_eq!(sent, BTreeSet::from(known));
}

/// The files that stand for the provider of messages and the mail server.
fn is_sent(place: &str) -> bool {
    place.starts_with("messages.jsonl ") || place.contains(".eml ")
}

/// What must be found is: the search works, and what it looks at is not empty.
fn controls(traces: &Traces) {
    let wanted = [
        ("E.Q.", "look-up", ""),
        ("receipt_code", "redemption", ""),
        ("receipt_code", "by key", ""),
        ("receipt_code", "reversal", ""),
        ("receipt_code", "ticket", ""),
        ("Non lo trova", "tickets", ""),
        ("operation_id", "lines of a claim", ""),
        ("receipt_code", "/v1/operations", ""),
        ("Comune di Zanobria", "ledger.db", "of the ended server"),
        ("Forno Notissimo", "ledger.db", "of the killed server"),
        ("ZAN-01", "ledger.db", "of the running server"),
        ("E.Q.", "/v1/admin/vouchers", ""),
        ("import_applied", "/v1/admin/audit", ""),
        ("voucher_link", "/v1/admin/messages", ""),
        ("buono_", "/metrics", ""),
        ("DEBUG", "log", "of the ended server"),
    ];
    let found = traces.of(&wanted.map(|(text, ..)| text));
    for (wanted, place, moment) in wanted {
        let mut places = found.keys().filter(|(text, _)| *text == wanted);
        let expected = places.any(|(_, name)| name.starts_with(place) && name.ends_with(moment));
        assert!(expected, "{wanted} is not in {place} {moment}, but in {:?}", found.keys());
    }
    let journal = &traces.0["journal.db of the ended server"];
    assert!(journal.len() > 20_000, "the journal holds nothing: {} bytes", journal.len());
}
