//! Towns made through the real interface, and whoever calls from them.

use crate::{Server, binary};
use domain::clock::Timestamp;
use domain::rome;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const PASSWORD: &str = "otto mele rosse";

/// Whoever asks: a till, a holder, a member of staff, or nobody.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As the document's `x-roles` has it; `nobody` for nobody.
    pub role: String,
    /// Where they are, for messages of failing tests.
    pub place: String,
    header: Option<(&'static str, String)>,
}

impl Caller {
    /// Somebody without any credential.
    #[must_use]
    pub fn nobody() -> Self {
        Self { role: "nobody".into(), place: "the street".into(), header: None }
    }

    fn with(role: &str, place: &str, header: (&'static str, String)) -> Self {
        Self { role: role.into(), place: place.into(), header: Some(header) }
    }

    /// A till with this token.
    #[must_use]
    pub fn till(token: &str, place: &str) -> Self {
        Self::with("terminal", place, ("Authorization", format!("Bearer {token}")))
    }

    /// Whoever signed in with this answer.
    ///
    /// # Panics
    /// When they may not.
    #[must_use]
    pub fn signed_in(role: &str, place: &str, answer: Response) -> Self {
        Self::with(role, place, ("Cookie", cookie(Ok(answer))))
    }

    /// Puts the credential on a request.
    pub fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.header {
            Some((name, value)) => request.header(*name, value),
            None => request,
        }
    }

    /// The credential itself.
    #[must_use]
    pub fn credential(&self) -> &str {
        self.header.as_ref().map_or("", |(_, value)| value)
    }
}

/// A client at an address of its own on this machine, since what strangers try is counted by address.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn client() -> Client {
    static LAST: AtomicU8 = AtomicU8::new(1);
    let last = LAST.fetch_add(1, Ordering::Relaxed);
    let address = std::net::Ipv4Addr::new(127, 0, 1, last);
    Client::builder().local_address(Some(address.into())).build().unwrap()
}

/// A call that must succeed, and its body.
///
/// # Panics
/// When it does not.
pub async fn done(answer: Result<Response, reqwest::Error>) -> Value {
    let answer = answer.unwrap();
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let body = answer.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status} {body}");
    serde_json::from_str(&body).unwrap_or(Value::Null)
}

/// The text of a field, as of an id.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The day in Rome of an instant, as the interface writes both.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn day_in_rome(instant: &Value) -> String {
    let at: jiff::Timestamp = text(instant).parse().expect("an instant");
    rome::date(Timestamp::from_micros(at.as_microsecond())).to_string()
}

/// A server with an operator, who looks after all its towns.
pub struct Installation {
    /// The process.
    pub server: Server,
    /// Signed in.
    pub operator: Caller,
}

impl Installation {
    /// Starts a server on this data directory and signs its operator in.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn start(data: &Path) -> Self {
        Self::on(Server::start(data), data).await
    }

    /// Signs an operator in on a running server.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn on(server: Server, data: &Path) -> Self {
        let added = Command::new(binary())
            .args(["user", "add", "--email", "operatore@regione.example", "--role", "operator", "--data"])
            .arg(data)
            .env("BUONO_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let mut installation = Self { server, operator: Caller::nobody() };
        installation.operator = installation.sign_in("operatore@regione.example", "operator", "the region").await;
        installation
    }

    /// A request to a path.
    pub fn request(&self, caller: &Caller, method: Method, path: &str) -> RequestBuilder {
        caller.sign(client().request(method, format!("{}{path}", self.server.base_url)))
    }

    /// Posts JSON and expects success.
    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Value {
        let request = self.request(caller, Method::POST, path).header("Idempotency-Key", key());
        done(if body.is_null() { request.send().await } else { request.json(body).send().await }).await
    }

    /// Gets JSON and expects success.
    pub async fn get(&self, caller: &Caller, path: &str) -> Value {
        done(self.request(caller, Method::GET, path).send().await).await
    }

    /// Signs somebody in.
    ///
    /// # Panics
    /// When they may not.
    pub async fn sign_in(&self, email: &str, role: &str, place: &str) -> Caller {
        let body = json!({"email": email, "password": PASSWORD});
        let request = self.request(&Caller::nobody(), Method::POST, "/v1/admin/session").json(&body);
        Caller::with(role, place, ("Cookie", cookie(request.send().await)))
    }

    /// A holder who opens their page with a code and a PIN.
    ///
    /// # Panics
    /// When they open nothing.
    pub async fn open(&self, voucher: &Voucher, place: &str) -> Caller {
        let body = json!({"code": voucher.code, "pin": voucher.pin});
        let request = self.request(&Caller::nobody(), Method::POST, "/v1/citizen/session").json(&body);
        Caller::with("citizen", place, ("Cookie", cookie(request.send().await)))
    }
}

/// The cookie that an answer sets.
fn cookie(answer: Result<Response, reqwest::Error>) -> String {
    let answer = answer.unwrap();
    assert!(answer.status().is_success(), "{}: {}", answer.url(), answer.status());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// A new idempotency key.
#[must_use]
pub fn key() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    format!("test-key-{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A voucher and the code that its holder has.
#[derive(Clone, Debug)]
pub struct Voucher {
    /// Its id.
    pub id: String,
    /// To be typed.
    pub code: String,
    /// To be typed with the code where that is not enough.
    pub pin: String,
}

/// A town with its staff, two shops with a till each, families and a holder.
pub struct Town {
    /// A word that is in every name of the town and in no other town's.
    pub name: &'static str,
    /// Its id.
    pub municipality: String,
    /// The programme of its vouchers.
    pub programme: String,
    /// Everything in the town.
    pub admin: Caller,
    /// The daily work.
    pub clerk: Caller,
    /// Reads.
    pub auditor: Caller,
    /// The ids of the shops.
    pub shops: Vec<String>,
    /// A till in the first shop and one in the second.
    pub tills: Vec<Caller>,
    /// The ids of those tills.
    pub terminals: Vec<String>,
    /// Whose page is open.
    pub holder: Caller,
    /// The holder's.
    pub voucher: Voucher,
    /// Vouchers that no test has used yet.
    pub unused: std::sync::Mutex<Vec<String>>,
}

/// Families of a town.
const FAMILIES: usize = 120;

impl Town {
    /// Makes a town as its operator and its own people would.
    ///
    /// # Panics
    /// When a step does not work.
    pub async fn build(on: &Installation, name: &'static str) -> Self {
        let new = json!({"name": format!("Comune di {name}"), "help_phone": "0599 000 200",
            "help_email": format!("buoni@{}.example", name.to_lowercase())});
        let municipality = text(&on.post(&on.operator, "/v1/admin/municipalities", &new).await["id"]);
        let admin = staff(on, &on.operator, name, "municipal_admin", Some(&municipality)).await;
        let clerk = staff(on, &admin, name, "clerk", None).await;
        let auditor = staff(on, &admin, name, "auditor", None).await;
        let mut town = Self {
            name,
            municipality,
            programme: String::new(),
            admin,
            clerk,
            auditor,
            shops: Vec::new(),
            tills: Vec::new(),
            terminals: Vec::new(),
            holder: Caller::nobody(),
            voucher: Voucher { id: String::new(), code: String::new(), pin: String::new() },
            unused: std::sync::Mutex::default(),
        };
        town.programme = town.add_programme(on).await;
        let shops = town.import_shops(on, 6).await;
        town.apply(on, &shops).await;
        town.shops = ids(&on.get(&town.clerk, "/v1/admin/shops?limit=500").await);
        for shop in town.shops.clone().iter().take(2) {
            let (terminal, till) = town.enrol(on, shop).await;
            town.terminals.push(terminal);
            town.tills.push(till);
        }
        let families = town.import_families(on).await;
        town.apply(on, &families).await;
        town.unused = ids(&on.get(&town.clerk, "/v1/admin/vouchers?limit=500").await).into();
        town.voucher = town.fresh_voucher(on).await;
        town.holder = on.open(&town.voucher, name).await;
        town.quiet(on).await;
        town
    }

    /// A new programme: its id.
    pub async fn add_programme(&self, on: &Installation) -> String {
        let new = json!({"name": format!("Buoni {}", self.name), "budget_cents": 100_000_000,
            "valid_from": "2020-01-01", "expires": "2099-12-31", "link_delay_seconds": 0, "pin_above_cents": 1_000_000,
            "rules_it": "Niente alcolici.", "rules_en": "No alcohol."});
        text(&on.post(&self.admin, "/v1/admin/programmes", &new).await["id"])
    }

    /// Uploads a file of new shops and gives the import.
    pub async fn import_shops(&self, on: &Installation, count: usize) -> String {
        let rows = (0..count).map(|_| {
            let reference = key();
            format!(
                "{reference};Forno {} {reference};Forno di {} snc;00743110157;Via Roma 1;{};IT60X0542811101000000123456\n",
                self.name, self.name, self.name
            )
        });
        let head = "riferimento;insegna;ragione_sociale;partita_iva;indirizzo;comune;iban\n";
        self.upload(on, "/v1/admin/shops/import", head, rows.collect()).await
    }

    async fn import_families(&self, on: &Installation) -> String {
        let rows = (0..FAMILIES).map(|at| format!("{}-{at};Rossi;Maria;50,00;333{at:07}\n", self.name));
        let path = format!("/v1/admin/beneficiaries/import?programme_id={}", self.programme);
        self.upload(on, &path, "riferimento;cognome;nome;importo;cellulare\n", rows.collect()).await
    }

    async fn upload(&self, on: &Installation, path: &str, head: &str, rows: String) -> String {
        let import = done(self.send_file(on, path, "text/csv", format!("{head}{rows}").into()).await).await;
        assert_eq!(import["report"]["wrong"], 0, "{import}");
        text(&import["import_id"])
    }

    /// Uploads a file of a media type, whatever comes of it.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send_file(
        &self,
        on: &Installation,
        path: &str,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<Response, reqwest::Error> {
        on.request(&self.clerk, Method::POST, path).header("Content-Type", kind).body(bytes).send().await
    }

    /// Applies an import.
    pub async fn apply(&self, on: &Installation, import: &str) {
        let path = format!("/v1/admin/imports/{import}/apply");
        for _ in 0..20 {
            let request = on.request(&self.clerk, Method::POST, &path).header("Idempotency-Key", key());
            let answer = request.send().await.unwrap();
            // it waits for the ledger for some seconds only, and goes on where it was
            if !answer.status().is_server_error() {
                done(Ok(answer)).await;
                return;
            }
        }
        panic!("the ledger does not follow");
    }

    /// A new till of a shop: its id and its caller.
    pub async fn enrol(&self, on: &Installation, shop: &str) -> (String, Caller) {
        let code = self.enrolment_code(on, shop).await;
        let body = json!({"enrolment_code": code, "label": format!("Cassa {}", self.name)});
        let till = on.post(&Caller::nobody(), "/v1/terminals/enrol", &body).await;
        (text(&till["terminal_id"]), Caller::till(&text(&till["token"]), self.name))
    }

    /// A code with which a till can join a shop.
    pub async fn enrolment_code(&self, on: &Installation, shop: &str) -> String {
        let made = on.post(&self.clerk, &format!("/v1/admin/shops/{shop}/enrolments"), &Value::Null).await;
        text(&made["enrolment_code"])
    }

    /// A voucher that nobody has used, with a new code.
    ///
    /// # Panics
    /// When all have been used.
    pub async fn fresh_voucher(&self, on: &Installation) -> Voucher {
        let id = self.unused.lock().unwrap().pop().expect("the tests need more families");
        let made = on.post(&self.clerk, &format!("/v1/admin/vouchers/{id}/reissue"), &json!({"reason": "prova"})).await;
        let pin = on.post(&self.clerk, &format!("/v1/admin/vouchers/{id}/pin"), &Value::Null).await;
        Voucher { id, code: text(&made["code"]), pin: text(&pin["pin"]) }
    }

    /// Waits until no message is on its way, so that nothing changes by itself.
    ///
    /// # Panics
    /// When that takes a minute.
    pub async fn quiet(&self, on: &Installation) {
        // a list of a shop's waits until the ledger has what was paid, and with it the messages
        on.get(&self.tills[0], "/v1/operations?limit=1").await;
        for _ in 0..600 {
            let messages = on.get(&self.clerk, "/v1/admin/messages?limit=500").await;
            let items = messages["items"].as_array().unwrap();
            if !items.is_empty() && items.iter().all(|message| message["status"] != "pending") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("messages of {} are still on their way", self.name);
    }

    /// A new member of staff: their id.
    pub async fn add_user(&self, on: &Installation) -> String {
        let email = format!("{}@{}.example", key(), self.name.to_lowercase());
        let body = json!({"email": email, "role": "clerk", "password": PASSWORD});
        text(&on.post(&self.admin, "/v1/admin/users", &body).await["user_id"])
    }

    /// Another administrator than the first, signed in: some things two of them must do.
    pub async fn second_admin(&self, on: &Installation) -> Caller {
        let email = format!("{}@{}.example", key(), self.name.to_lowercase());
        let body = json!({"email": email, "role": "municipal_admin", "password": PASSWORD});
        on.post(&self.admin, "/v1/admin/users", &body).await;
        on.sign_in(&email, "municipal_admin", self.name).await
    }

    /// Everybody who calls from the town.
    #[must_use]
    pub fn callers(&self) -> Vec<&Caller> {
        vec![&self.admin, &self.clerk, &self.auditor, &self.tills[0], &self.tills[1], &self.holder]
    }
}

async fn staff(on: &Installation, by: &Caller, town: &str, role: &str, municipality: Option<&str>) -> Caller {
    let email = format!("{role}@{}.example", town.to_lowercase());
    let mut body = json!({"email": email, "role": role, "password": PASSWORD});
    if let Some(municipality) = municipality {
        body["municipality_id"] = municipality.into();
    }
    on.post(by, "/v1/admin/users", &body).await;
    on.sign_in(&email, role, town).await
}

/// The ids of a list's items.
fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
}
