//! `/v1/admin/shops/import`, `/v1/admin/beneficiaries/import`, `/v1/admin/imports`: upload, look,
//! decide, and undo until the first message has gone.

use super::commands::{pin_tag, run};
use super::{Page, listed, own_programme};
use crate::auth::Staff;
use crate::edge::new_id;
use crate::imports::beneficiaries::{self, Beneficiary};
use crate::imports::shops::{self, ShopLine};
use crate::imports::{PROBLEMS_MAX, Parsed, decode};
use crate::messages::Personal;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::web::{Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, ProgrammeId, UserId, VoucherId, derived};
use domain::keys::RequestHash;
use domain::rome;
use domain::voucher::{Action, Reason};
use serde::Deserialize;
use serde_json::{Value, json};
use store::ledger::{HolderRow, ImportRow, NewHolder, NewImport, NewShop, ProgrammeRow, ShopRow};
use store::seal::Sealed;
use uuid::Uuid;

/// The largest upload.
pub const UPLOAD_BYTES_MAX: usize = 8 << 20;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(upload_shops).service(upload_people).service(list).service(one).service(apply_import).service(undo);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upload {
    programme_id: Option<Uuid>,
    #[serde(default)]
    file_name: String,
}

/// An uploaded file in its context.
pub struct File<'a> {
    /// Whose upload it is.
    pub municipality: Uuid,
    /// The programme that its vouchers will belong to; `None` for shops.
    pub programme: Option<Uuid>,
    /// What it was called.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

#[post("/v1/admin/shops/import")]
async fn upload_shops(
    state: web::Data<AppState>,
    staff: Staff,
    request: HttpRequest,
    query: web::Query<Upload>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let file = File { municipality: staff.works()?, programme: None, name: &query.file_name, bytes: &body };
    let done = dry_run(&state, Some(staff.user), &file).await?;
    Ok(HttpResponse::Created().json(worded(&state, &request, done)))
}

#[post("/v1/admin/beneficiaries/import")]
async fn upload_people(
    state: web::Data<AppState>,
    staff: Staff,
    request: HttpRequest,
    query: web::Query<Upload>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let programme = query.programme_id.ok_or(Problem::new("bad_request").with("field", "programme_id"))?;
    let file = File { municipality: staff.works()?, programme: Some(programme), name: &query.file_name, bytes: &body };
    let done = dry_run(&state, Some(staff.user), &file).await?;
    Ok(HttpResponse::Created().json(worded(&state, &request, done)))
}

/// Puts each problem and warning of a report into words of the caller's language.
fn worded(state: &AppState, request: &HttpRequest, mut import: Value) -> Value {
    let lang = Lang::of(request.headers());
    for part in ["problems", "warnings"] {
        for problem in import["report"][part].as_array_mut().into_iter().flatten() {
            let code = problem["code"].as_str().unwrap_or_default().replace('_', "-");
            problem["text"] = state.texts.plain(lang, &format!("import-problem-{code}")).into();
        }
    }
    import
}

/// Reads the file, says everything that is wrong with it and what applying it would change, and
/// keeps it sealed until somebody decides.
///
/// # Errors
/// `file_unreadable` with the reason, `not_found` for another's programme.
pub async fn dry_run(state: &AppState, user: Option<UserId>, file: &File<'_>) -> Result<Value, Problem> {
    let unreadable = |problem: crate::imports::RowProblem| {
        Problem::new("file_unreadable").with("reason", problem.code.as_str()).with("row", problem.row)
    };
    let table = decode::table(file.bytes).map_err(unreadable)?;
    let mut report = match file.programme {
        None => shops_report(state, file.municipality, &shops::parse(&table)),
        Some(programme) => {
            people_report(state, &own_programme(state, file.municipality, programme)?, &beneficiaries::parse(&table))
                .await?
        }
    };
    let hash = blake3::hash(file.bytes);
    report["applied_before"] = state.db.applied_before(file.municipality, &hash.as_bytes()[..]).await?.into();
    let id = new_id();
    let sealed = state.keys.seal("import", id, file.bytes, &state.entropy())?;
    let name: String = file.name.chars().filter(|c| !c.is_control()).take(120).collect();
    let new = NewImport {
        id,
        municipality_id: file.municipality,
        programme_id: file.programme,
        kind: if file.programme.is_none() { "shops" } else { "beneficiaries" },
        file_name: &name,
        file_hash: hash.as_bytes(),
        report: &report.to_string(),
        sealed: &sealed,
        user_id: user.map(UserId::uuid),
    };
    state.db.add_import(&new, state.clock.now().micros()).await?;
    state.audit(Some(file.municipality), user.map(UserId::uuid), "import_uploaded", id, json!({})).await?;
    Ok(json!({"import_id": id, "status": "dry_run", "report": report}))
}

fn report<T>(parsed: &Parsed<T>, new: usize, known: usize, cents: i64) -> Value {
    json!({
        "rows": parsed.total,
        "new": new,
        "already_there": known,
        "wrong": parsed.total - parsed.rows.len(),
        "amount_cents": cents,
        "problems": parsed.problems.iter().take(PROBLEMS_MAX).collect::<Vec<_>>(),
        "problems_not_shown": parsed.problems.len().saturating_sub(PROBLEMS_MAX),
        "warnings": parsed.warnings.iter().take(PROBLEMS_MAX).collect::<Vec<_>>(),
    })
}

fn known_shop(state: &AppState, municipality: Uuid, line: &ShopLine) -> bool {
    let directory = state.directory.now();
    directory.shops_by_name.iter().any(|shop| shop.municipality_id == municipality && shop.reference == line.reference)
}

fn shops_report(state: &AppState, municipality: Uuid, parsed: &Parsed<ShopLine>) -> Value {
    let known = parsed.rows.iter().filter(|line| known_shop(state, municipality, line)).count();
    report(parsed, parsed.rows.len() - known, known, 0)
}

fn tax_index(state: &AppState, person: &Beneficiary) -> Option<[u8; 16]> {
    person.tax_code.as_ref().map(|code| state.keys.blind_index("tax_code", code.as_str()))
}

/// The reference under which a person without one is kept: their codice fiscale is not stored in clear.
fn reference(state: &AppState, person: &Beneficiary) -> String {
    match (&*person.reference, tax_index(state, person)) {
        ("", Some(index)) => format!("cf-{}", data_encoding::HEXLOWER.encode(&index[..6])),
        (reference, _) => reference.to_owned(),
    }
}

/// The people of the file who have no voucher of this programme yet.
async fn newcomers<'a>(
    state: &AppState,
    programme: &ProgrammeRow,
    parsed: &'a Parsed<Beneficiary>,
) -> Result<Vec<&'a Beneficiary>, Problem> {
    let mut new = Vec::new();
    for person in &parsed.rows {
        let (index, reference) = (tax_index(state, person), reference(state, person));
        let known = state.db.same_holder(programme.municipality_id, programme.id, index, &reference).await?;
        if known.is_empty() {
            new.push(person);
        }
    }
    Ok(new)
}

async fn people_report(
    state: &AppState,
    programme: &ProgrammeRow,
    parsed: &Parsed<Beneficiary>,
) -> Result<Value, Problem> {
    let new = newcomers(state, programme, parsed).await?;
    let cents = new.iter().map(|person| person.amount.get()).sum::<i64>();
    let mut report = report(parsed, new.len(), parsed.rows.len() - new.len(), cents);
    let sums = state.db.programme_sums(programme.id).await?;
    let left = programme.budget_cents - sums.issued_cents + sums.expired_cents;
    report["budget_left_cents"] = left.into();
    report["over_budget"] = (cents > left).into();
    Ok(report)
}

#[get("/v1/admin/imports")]
async fn list(state: web::Data<AppState>, staff: Staff, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let rows = state.db.imports(staff.reads()?, page.before(), page.limit()).await?;
    Ok(HttpResponse::Ok().json(listed(&rows, page.limit(), |row| row.id)))
}

fn shown(row: &ImportRow) -> Value {
    let report: Value = serde_json::from_str(&row.report).unwrap_or(Value::Null);
    json!({
        "import_id": row.id, "kind": row.kind, "status": row.status, "file_name": row.file_name,
        "programme_id": row.programme_id, "report": report,
    })
}

#[get("/v1/admin/imports/{id}")]
async fn one(
    state: web::Data<AppState>,
    staff: Staff,
    request: HttpRequest,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = state.db.import(staff.reads()?, *path).await?;
    Ok(HttpResponse::Ok().json(worded(&state, &request, shown(&row))))
}

#[post("/v1/admin/imports/{id}/apply")]
async fn apply_import(
    state: web::Data<AppState>,
    staff: Staff,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    Ok(HttpResponse::Ok().json(apply(&state, Some(staff.user), municipality, *path).await?))
}

/// Applies what a dry run kept. May be repeated after a crash: whoever has a voucher by then is
/// passed over.
///
/// # Errors
/// `import_not_applicable` for one that was applied or undone, or is over the budget.
pub async fn apply(state: &AppState, user: Option<UserId>, municipality: Uuid, id: Uuid) -> Result<Value, Problem> {
    let refused = || Problem::new("import_not_applicable");
    let _alone = state.office.lock().await;
    // whoever has a voucher is known by the ledger, which may lag after a crash
    state.settled().await?;
    let mut row = state.db.import(municipality, id).await?;
    if !matches!(&*row.status, "dry_run" | "applying") {
        return Err(refused().with("import_status", row.status));
    }
    let sealed = Sealed { wrapped_key: row.wrapped_key.clone(), sealed: row.sealed.clone() };
    let bytes = state.keys.unseal("import", id, &sealed)?;
    let table = decode::table(&bytes).map_err(|_| refused())?;
    let now = state.clock.now().micros();
    state.db.move_import(&row, "applying", now).await?;
    "applying".clone_into(&mut row.status);
    let done = match row.programme_id {
        None => apply_shops(state, &row, &shops::parse(&table)).await?,
        Some(programme) => {
            let programme = own_programme(state, municipality, programme)?;
            apply_people(state, user, &row, &programme, &beneficiaries::parse(&table)).await?
        }
    };
    state.settled().await?;
    state.db.move_import(&row, "applied", state.clock.now().micros()).await?;
    state.audit(Some(municipality), user.map(UserId::uuid), "import_applied", id, json!({"done": done})).await?;
    Ok(json!({"import_id": id, "status": "applied", "done": done}))
}

async fn apply_shops(state: &AppState, row: &ImportRow, parsed: &Parsed<ShopLine>) -> Result<usize, Problem> {
    let mut new = Vec::new();
    for line in parsed.rows.iter().filter(|line| !known_shop(state, row.municipality_id, line)) {
        let id = new_id();
        let contacts = serde_json::to_vec(&line.contacts).map_err(|_| Problem::new("internal_error"))?;
        let shop = ShopRow {
            id,
            municipality_id: row.municipality_id,
            reference: line.reference.clone(),
            name: line.name.clone(),
            legal_name: line.legal_name.clone(),
            category: line.category.clone(),
            address: line.address.clone(),
            postcode: line.postcode.clone(),
            town: line.town.clone(),
            province: line.province.clone(),
            vat_number: line.vat_number.clone(),
            status: "enabled".to_owned(),
            sealed_through: None,
        };
        new.push(NewShop {
            shop,
            sealed: state.keys.seal("shop", id, &contacts, &state.entropy())?,
            import_id: Some(row.id),
        });
    }
    state.db.add_shops(&new, state.clock.now().micros()).await?;
    state.directory.reload().await?;
    Ok(new.len())
}

fn new_holder(
    state: &AppState,
    row: &ImportRow,
    programme: &ProgrammeRow,
    person: &Beneficiary,
) -> Result<NewHolder, Problem> {
    // a second try after a crash gives the same person the same voucher
    let place = person.row as u64;
    let (voucher, person_id) = (VoucherId::new(derived(row.id, "voucher", place)), derived(row.id, "person", place));
    let personal = Personal {
        tax_code: person.tax_code.as_ref().map(|code| code.as_str().to_owned()),
        surname: person.surname.clone(),
        name: person.name.clone(),
        mobile: person.mobile.as_ref().map(|phone| phone.as_str().to_owned()),
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        note: person.note.clone(),
    };
    let bytes = serde_json::to_vec(&personal).map_err(|_| Problem::new("internal_error"))?;
    Ok(NewHolder {
        holder: HolderRow {
            voucher_id: voucher.uuid(),
            municipality_id: row.municipality_id,
            person_id,
            import_id: Some(row.id),
            reference: reference(state, person),
            channel: person.channel.to_owned(),
            household: person.household.map(i64::from),
            minors: person.minors.map(i64::from),
            initials: person.initials(),
        },
        programme_id: programme.id,
        language: person.language.clone(),
        tax_index: tax_index(state, person),
        phone_index: personal.mobile.as_ref().map(|phone| state.keys.blind_index("phone", phone)),
        email_index: personal.email.as_ref().map(|email| state.keys.blind_index("email", email)),
        sealed: state.keys.seal("person", person_id, &bytes, &state.entropy())?,
        codes: state.keys.code_indexes(voucher, 1),
    })
}

/// First the people, then their vouchers: a voucher that nobody holds would be lost money, a person
/// without one gets theirs when the import is repeated.
async fn apply_people(
    state: &AppState,
    user: Option<UserId>,
    row: &ImportRow,
    programme: &ProgrammeRow,
    parsed: &Parsed<Beneficiary>,
) -> Result<usize, Problem> {
    let new = newcomers(state, programme, parsed).await?;
    let cents: i64 = new.iter().map(|person| person.amount.get()).sum();
    let sums = state.db.programme_sums(programme.id).await?;
    if cents > programme.budget_cents - sums.issued_cents + sums.expired_cents {
        return Err(Problem::new("import_not_applicable").with("over_budget", true));
    }
    for people in new.chunks(200) {
        let holders =
            people.iter().map(|person| new_holder(state, row, programme, person)).collect::<Result<Vec<_>, _>>()?;
        state.db.add_holders(&holders, state.clock.now().micros()).await?;
        let issued = people.iter().zip(&holders).map(|(person, holder)| {
            let voucher = holder.holder.voucher_id;
            let attempt = (Some("issue"), RequestHash::of(&[b"issue", voucher.as_bytes()]));
            run(state, user, voucher, attempt, issue(state, programme, VoucherId::new(voucher), person))
        });
        for result in futures_util::future::join_all(issued).await {
            result?;
        }
    }
    Ok(new.len())
}

fn issue(state: &AppState, programme: &ProgrammeRow, voucher: VoucherId, person: &Beneficiary) -> Action {
    Action::Issue {
        municipality: MunicipalityId::new(programme.municipality_id),
        programme: ProgrammeId::new(programme.id),
        amount: person.amount,
        valid_from: Timestamp::from_micros(programme.valid_from),
        expires_at: person.expiry.map_or(Timestamp::from_micros(programme.expires_at), rome::end_of_day),
        pin: pin_tag(state, programme, voucher, 1),
    }
}

/// Possible until the first message of the import has gone and while none of its vouchers was used.
#[post("/v1/admin/imports/{id}/undo")]
async fn undo(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let municipality = staff.decides()?;
    let _alone = state.office.lock().await;
    let row = state.db.import(municipality, *path).await?;
    if row.status != "applied" {
        return Err(Problem::new("import_not_applicable").with("import_status", row.status));
    }
    state.settled().await?;
    let sent = |error| match error {
        store::ledger::Error::Conflict => Problem::new("messages_already_sent"),
        other => other.into(),
    };
    state.db.suppress_import(row.id).await.map_err(sent)?;
    let mut undone = state.db.remove_imported_shops(row.id).await?;
    for voucher in state.db.imported_vouchers(row.id).await? {
        let hash = RequestHash::of(&[b"undo", row.id.as_bytes()]);
        let action = Action::Close { reason: Reason::ImportUndone };
        run(&state, Some(staff.user), voucher.id, (Some("undo"), hash), action).await?;
        undone += 1;
    }
    state.directory.reload().await?;
    state.settled().await?;
    state.db.move_import(&row, "undone", state.clock.now().micros()).await?;
    state
        .audit(Some(municipality), Some(staff.user.uuid()), "import_undone", row.id, json!({"undone": undone}))
        .await?;
    Ok(HttpResponse::Ok().json(json!({"import_id": row.id, "status": "undone", "undone": undone})))
}
