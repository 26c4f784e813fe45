//! `buono demo`: a town to try everything with, made through the same paths as a real one.
#![allow(clippy::print_stdout, reason = "the demonstration says where to look")]

use crate::admin::{File, NewUser, apply, dry_run, make_user};
use crate::auth::{new_token, token_hash};
use crate::edge::new_id;
use crate::problem::Problem;
use crate::settings::{Settings, StartError};
use crate::shop::enrolment_index;
use crate::state::AppState;
use actix_web::web::Bytes;
use domain::ids::VoucherId;
use domain::rome;
use serde_json::{Value, json};
use std::path::Path;
use store::codes::{grouped, qr_text};
use store::files::write_whole;
use store::keys::random;
use store::ledger::{MunicipalityRow, ProgrammeRow, TerminalRow, VoucherFilter};
use uuid::Uuid;

const SHOPS: &[u8] = include_bytes!("../../deploy/demo/esercizi.csv");
const FAMILIES: &[u8] = include_bytes!("../../deploy/demo/beneficiari.csv");
const RULES_IT: &str = "Si possono comprare alimentari e prodotti per l'igiene.\nNon si possono comprare alcolici, tabacchi, ricariche e lotterie.\nIl buono non dà resto in contanti.";
const RULES_EN: &str = "You can buy food and hygiene products.\nYou cannot buy alcohol, tobacco, top-ups or lottery tickets.\nNo change is given in cash.";
/// Days that the demonstration's vouchers last.
const DAYS: i64 = 180;

/// With which a till joins, once after each start.
const ENROLMENT_CODE: &str = "PROVA-2026";
/// How long it works, in seconds.
const ENROLMENT_S: i64 = 600;

/// How often an upload is applied to a machine that is too busy.
const TRIES_MAX: u32 = 5;

/// Makes the town, unless this data directory has it already, and says where to look.
///
/// # Errors
/// When something of it fails.
pub async fn prepare(state: &AppState, settings: &Settings) -> Result<(), StartError> {
    let path = settings.data.join("demo.json");
    let demo = match std::fs::read_to_string(&path) {
        Ok(text) => moved(serde_json::from_str(&text)?, &state.base_url),
        Err(_) => make(state).await.map_err(|problem| not_made(&problem, settings))?,
    };
    welcome(state, &demo).await.map_err(|problem| format!("the enrolment code could not be made good: {problem}"))?;
    write_whole(&path, serde_json::to_string_pretty(&demo)?.as_bytes())?;
    say(&demo, &path);
    Ok(())
}

/// Why there is no town, and what to do where an earlier start has left a part of one: no later start could go on with it.
fn not_made(problem: &Problem, settings: &Settings) -> String {
    let why = format!("the demonstration could not be made: {problem}");
    if problem.code() != "conflict" {
        return why;
    }
    let folder = settings.folder();
    let elsewhere = if settings.reaches_servers() { " and empty the servers' stores" } else { "" };
    format!(
        "{why}: an earlier start was cut off, or its demo.json is gone. Delete the folder {}{elsewhere}, unless somebody \
         needs what is in it, and start again",
        folder.display()
    )
}

/// Lets one more till join: the code of an earlier start was used, or is over.
async fn welcome(state: &AppState, demo: &Value) -> Result<(), Problem> {
    let (code, shop) = (demo["enrolment_code"].as_str(), demo["terminals"][0]["shop_id"].as_str());
    let (Some(code), Some(shop)) = (code, shop.and_then(|id| id.parse::<Uuid>().ok())) else { return Ok(()) };
    let until = state.clock.now().plus_seconds(ENROLMENT_S).micros();
    Ok(state.everything().renew_enrolment(&enrolment_index(state, code), shop, until).await?)
}

/// The same town at another address.
fn moved(mut demo: Value, base_url: &str) -> Value {
    let old = demo["base_url"].as_str().unwrap_or_default().to_owned();
    for voucher in demo["vouchers"].as_array_mut().into_iter().flatten() {
        let link = voucher["link"].as_str().unwrap_or_default().replace(&old, base_url);
        voucher["link"] = link.into();
    }
    demo["base_url"] = base_url.into();
    demo
}

fn say(demo: &Value, path: &Path) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let base = text(&demo["base_url"]);
    println!("\nBuono: the demonstration town of Borgo San Rocco\n");
    println!("  console      {base}/console");
    for user in demo["staff"].as_array().into_iter().flatten() {
        println!("               {:<16} {}  {}", text(&user["role"]), text(&user["email"]), text(&user["password"]));
    }
    println!(
        "  shop app     {base}/shop      (enrolment code {}, once, for ten minutes)",
        text(&demo["enrolment_code"])
    );
    for voucher in demo["vouchers"].as_array().into_iter().flatten().take(3) {
        println!("  a voucher    {}\n               typed code {}", text(&voucher["link"]), text(&voucher["code"]));
    }
    println!("  all of it    {}\n", path.display());
}

async fn make(state: &AppState) -> Result<Value, Problem> {
    let now = state.clock.now();
    let municipality = MunicipalityRow {
        id: new_id(),
        name: "Comune di Borgo San Rocco".to_owned(),
        help_phone: "0599 000 100".to_owned(),
        help_email: "buoni@comune.borgosanrocco.example".to_owned(),
        ..MunicipalityRow::default()
    };
    state.everything().add_municipality(&municipality, now.micros()).await?;
    let programme = programme(state, municipality.id);
    state.everything().add_programme(&programme).await?;
    state.directory_changed().await?;
    let mut staff = Vec::new();
    for role in ["municipal_admin", "clerk", "auditor"] {
        let password = data_encoding::BASE32_NOPAD.encode(&random::<10>(&state.entropy())).to_lowercase();
        let email = format!("{}@borgosanrocco.example", role.trim_start_matches("municipal_"));
        let new = NewUser {
            email: email.clone(),
            role: role.to_owned(),
            password: password.clone(),
            totp: false,
            municipality_id: None,
        };
        let (row, _) = make_user(&state.keys, &new, Some(municipality.id))?;
        state.everything().add_user(&row, now.micros()).await?;
        staff.push(json!({"role": role, "email": email, "password": password, "totp_secret": null}));
    }
    for (name, bytes, programme) in [("esercizi.csv", SHOPS, None), ("beneficiari.csv", FAMILIES, Some(programme.id))] {
        let bytes = Bytes::from_static(bytes);
        let file = File { municipality: municipality.id, programme, name, bytes };
        let looked_at = dry_run(state, None, &file).await?;
        apply_patiently(state, municipality.id, looked_at.import_id).await?;
    }
    let terminals = terminals(state, municipality.id).await?;
    Ok(json!({
        "base_url": state.base_url,
        "staff": staff,
        "programme_id": programme.id,
        "enrolment_code": ENROLMENT_CODE,
        "terminals": terminals,
        "vouchers": vouchers(state, municipality.id).await?,
    }))
}

/// Applies an upload, again where the machine was too busy to say in time what became of it: whoever has a voucher
/// by then is passed over.
async fn apply_patiently(state: &AppState, municipality: Uuid, import: Uuid) -> Result<(), Problem> {
    let mut tries = 1;
    loop {
        match apply(state, None, municipality, import).await {
            Err(problem) if tries < TRIES_MAX && matches!(problem.code(), "outcome_unknown" | "not_executed") => {
                tracing::warn!(%problem, "the demonstration takes longer than it should");
                tries += 1;
            }
            done => return done.map(drop),
        }
    }
}

fn programme(state: &AppState, municipality: Uuid) -> ProgrammeRow {
    let today = rome::date(state.clock.now());
    let last = rome::date(state.clock.now().plus_seconds(DAYS * 86_400));
    ProgrammeRow {
        id: new_id(),
        municipality_id: municipality,
        name: "Buoni spesa".to_owned(),
        status: "active".to_owned(),
        budget_cents: 50_000_000,
        valid_from: rome::start_of_day(today).micros(),
        expires_at: rome::end_of_day(last).micros(),
        per_redemption_max_cents: None,
        per_day_max_cents: None,
        per_day_count_max: None,
        pin_above_cents: None,
        hold_seconds: 900,
        message_after_purchase: 1,
        link_delay_seconds: 0,
        rules_it: RULES_IT.to_owned(),
        rules_en: RULES_EN.to_owned(),
        rotating_qr: 0,
        created_at: state.clock.now().micros(),
    }
}

/// A till in each of the first shops.
async fn terminals(state: &AppState, municipality: Uuid) -> Result<Vec<Value>, Problem> {
    let now = state.clock.now();
    let mut made = Vec::new();
    let directory = state.directory.now();
    for shop in directory.shops_by_name.iter().filter(|shop| shop.municipality_id == municipality).take(10) {
        let (code, token) = (data_encoding::HEXLOWER.encode(&random::<8>(&state.entropy())), new_token(state));
        let index = enrolment_index(state, &code);
        state.everything().add_enrolment(&index, shop.id, now.plus_seconds(ENROLMENT_S).micros()).await?;
        let terminal = TerminalRow {
            id: new_id(),
            shop_id: shop.id,
            label: "Cassa 1".to_owned(),
            token_hash: token_hash(&token).to_vec(),
        };
        state.everything().enrol_terminal(&index, &terminal, now.micros()).await?;
        made.push(json!({"shop": shop.name, "shop_id": shop.id, "token": token}));
    }
    state.directory_changed().await?;
    Ok(made)
}

async fn vouchers(state: &AppState, municipality: Uuid) -> Result<Vec<Value>, Problem> {
    let filter = VoucherFilter { limit: 10_000, ..VoucherFilter::default() };
    let rows = state.everything().vouchers(municipality, &filter).await?;
    let shown = rows.iter().map(|row| {
        let voucher = VoucherId::new(row.id);
        let code = state.keys.code(voucher, 1);
        json!({
            "voucher_id": row.id,
            "reference": row.reference,
            "link": format!("{}/v#{}", state.base_url, state.keys.token(voucher, 1)),
            "code": grouped(&code),
            "qr_text": qr_text(&code),
            "balance_cents": row.balance_cents,
        })
    });
    Ok(shown.collect())
}
