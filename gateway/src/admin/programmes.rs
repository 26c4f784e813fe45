//! `/v1/admin/programmes`.

use super::own_programme;
use crate::auth::{Decides, Reads, Staff};
use crate::edge::new_id;
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Instant, Listed, Page, ProgrammeStatus, Text120, text};
use actix_web::{HttpResponse, get, post, put, web};
use domain::cents::Cents;
use domain::rome;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{ProgrammeRow, ProgrammeSums};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// What a programme may issue at most, in cents: more than a country has ever given. A single voucher is worth less.
const BUDGET_MAX: i64 = 100_000_000_000_000;
/// Characters of a programme's rules, in each language.
const RULES_MAX: usize = 10_000;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(add).service(change).service(suspend).service(resume);
}

/// A programme to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Buoni spesa", "budget_cents": 5_000_000, "valid_from": "2026-12-01",
    "expires": "2027-06-30", "rules_it": "Solo alimentari.", "rules_en": "Food only."}))]
struct NewProgramme {
    #[schema(value_type = Text120)]
    name: String,
    /// What may be issued.
    #[schema(minimum = 0, maximum = 100_000_000_000_000_i64)]
    budget_cents: i64,
    /// First day.
    #[schema(value_type = String, format = Date)]
    valid_from: jiff::civil::Date,
    /// Last day; vouchers expire at 23:59:59 in Rome.
    #[schema(value_type = String, format = Date)]
    expires: jiff::civil::Date,
    /// The most that one redemption may take.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    per_redemption_max_cents: Option<i64>,
    /// The most that a voucher may spend in a day.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    per_day_max_cents: Option<i64>,
    /// The most uses of a voucher in a day.
    #[schema(minimum = 1, maximum = 10_000)]
    per_day_count_max: Option<i64>,
    /// Above this the PIN is asked.
    #[schema(minimum = 0, maximum = 10_000_000_000_i64)]
    pin_above_cents: Option<i64>,
    /// How long a hold lasts.
    #[serde(default = "quarter_of_an_hour")]
    #[schema(minimum = 30, maximum = 604_800, default = 900)]
    hold_seconds: i64,
    /// Whether the holder gets a message after each purchase.
    #[serde(default = "yes")]
    #[schema(default = true)]
    message_after_purchase: bool,
    /// How long after issue the link is sent; until then an import can be undone.
    #[serde(default = "ten_minutes")]
    #[schema(minimum = 0, maximum = 604_800, default = 600)]
    link_delay_seconds: i64,
    /// Whether the QR on the holder's page changes every minute, so that pictures of it are worth nothing.
    /// The typed code and the QR on paper stay as they are.
    #[serde(default)]
    #[schema(default = false)]
    rotating_qr: bool,
    /// The rules, in Italian.
    #[serde(default)]
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    rules_it: String,
    /// The rules, in English.
    #[serde(default)]
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    rules_en: String,
}

/// What can still be said otherwise of a programme whose vouchers are with families.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Buoni spesa", "budget_cents": 6_000_000, "per_redemption_max_cents": null,
    "per_day_max_cents": 5_000, "per_day_count_max": null, "rules_it": "Solo alimentari.", "rules_en": "Food only."}))]
struct ChangedProgramme {
    #[schema(value_type = Text120)]
    name: String,
    /// What may be issued, with what was issued already.
    #[schema(minimum = 0, maximum = 100_000_000_000_000_i64)]
    budget_cents: i64,
    /// The most that one redemption may take; null for no limit, which must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 1, maximum = 10_000_000_000_i64)]
    per_redemption_max_cents: Option<i64>,
    /// The most that a voucher may spend in a day; null for no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 1, maximum = 10_000_000_000_i64)]
    per_day_max_cents: Option<i64>,
    /// The most uses of a voucher in a day; null for no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 1, maximum = 10_000)]
    per_day_count_max: Option<i64>,
    /// The rules, in Italian.
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    rules_it: String,
    /// The rules, in English.
    #[schema(max_length = 10_000, pattern = r"^[^\u0000]*$")]
    rules_en: String,
}

/// A programme: its budget, validity and rules.
#[derive(Serialize, ToSchema)]
struct Programme {
    id: Uuid,
    municipality_id: Uuid,
    name: String,
    #[schema(value_type = ProgrammeStatus)]
    status: String,
    /// What may be issued.
    budget_cents: i64,
    valid_from: Instant,
    /// Vouchers expire here unless their row says otherwise.
    expires_at: Instant,
    per_redemption_max_cents: Option<i64>,
    per_day_max_cents: Option<i64>,
    per_day_count_max: Option<i64>,
    pin_above_cents: Option<i64>,
    hold_seconds: i64,
    message_after_purchase: bool,
    link_delay_seconds: i64,
    /// Whether the QR on the holder's page changes every minute.
    rotating_qr: bool,
    rules_it: String,
    rules_en: String,
    created_at: Instant,
}

impl From<&ProgrammeRow> for Programme {
    fn from(row: &ProgrammeRow) -> Self {
        Self {
            id: row.id,
            municipality_id: row.municipality_id,
            name: row.name.clone(),
            status: row.status.clone(),
            budget_cents: row.budget_cents,
            valid_from: Instant(row.valid_from),
            expires_at: Instant(row.expires_at),
            per_redemption_max_cents: row.per_redemption_max_cents,
            per_day_max_cents: row.per_day_max_cents,
            per_day_count_max: row.per_day_count_max,
            pin_above_cents: row.pin_above_cents,
            hold_seconds: row.hold_seconds,
            message_after_purchase: row.message_after_purchase != 0,
            link_delay_seconds: row.link_delay_seconds,
            rotating_qr: row.rotating_qr != 0,
            rules_it: row.rules_it.clone(),
            rules_en: row.rules_en.clone(),
            created_at: Instant(row.created_at),
        }
    }
}

/// Where a programme's money is.
#[derive(Serialize, ToSchema)]
struct Sums {
    /// How many vouchers.
    vouchers: i64,
    /// Issued and topped up.
    issued_cents: i64,
    /// Taken by shops and not given back.
    spent_cents: i64,
    held_cents: i64,
    /// Gone back to the programme.
    expired_cents: i64,
    /// Still to be spent, holds included.
    balance_cents: i64,
    /// What may still be issued.
    remaining_budget_cents: i64,
}

/// A programme and where its money is.
#[derive(Serialize, ToSchema)]
struct ProgrammeWithSums {
    #[serde(flatten)]
    programme: Programme,
    sums: Sums,
}

impl ProgrammeWithSums {
    fn new(row: &ProgrammeRow, sums: &ProgrammeSums) -> Self {
        let sums = Sums {
            vouchers: sums.vouchers,
            issued_cents: sums.issued_cents,
            spent_cents: sums.spent_cents,
            held_cents: sums.held_cents,
            expired_cents: sums.expired_cents,
            balance_cents: sums.balance_cents,
            remaining_budget_cents: sums.left_of(row.budget_cents),
        };
        Self { programme: row.into(), sums }
    }
}

const fn quarter_of_an_hour() -> i64 {
    900
}

const fn ten_minutes() -> i64 {
    600
}

const fn yes() -> bool {
    true
}

fn wrong<T>(field: &str) -> Result<T, Problem> {
    Err(Problem::new("bad_request").with("field", field))
}

/// What a voucher may spend at most: with a limit of nothing every payment in town would be declined.
fn check_limits(once: Option<i64>, a_day: Option<i64>, times: Option<i64>) -> Result<(), Problem> {
    for (field, cents) in [("per_redemption_max_cents", once), ("per_day_max_cents", a_day)] {
        if cents.is_some_and(|cents| cents < 1 || Cents::new(cents).is_none()) {
            return wrong(field);
        }
    }
    if times.is_some_and(|count| !(1..=10_000).contains(&count)) { wrong("per_day_count_max") } else { Ok(()) }
}

fn check_budget(cents: i64) -> Result<(), Problem> {
    if (0..=BUDGET_MAX).contains(&cents) { Ok(()) } else { wrong("budget_cents") }
}

fn check_rules(italian: &str, english: &str) -> Result<(), Problem> {
    for (field, rules) in [("rules_it", italian), ("rules_en", english)] {
        if rules.chars().count() > RULES_MAX || rules.contains('\0') {
            return wrong(field);
        }
    }
    Ok(())
}

impl NewProgramme {
    fn check(&self) -> Result<(), Problem> {
        check_budget(self.budget_cents)?;
        if self.pin_above_cents.is_some_and(|cents| Cents::new(cents).is_none()) {
            return wrong("pin_above_cents");
        }
        check_limits(self.per_redemption_max_cents, self.per_day_max_cents, self.per_day_count_max)?;
        if self.expires < self.valid_from {
            return Err(Problem::new("validity_invalid"));
        }
        if !(30..=7 * 86_400).contains(&self.hold_seconds) {
            return wrong("hold_seconds");
        }
        if !(0..=7 * 86_400).contains(&self.link_delay_seconds) {
            return wrong("link_delay_seconds");
        }
        check_rules(&self.rules_it, &self.rules_en)
    }
}

impl ChangedProgramme {
    fn check(&self) -> Result<(), Problem> {
        check_budget(self.budget_cents)?;
        check_limits(self.per_redemption_max_cents, self.per_day_max_cents, self.per_day_count_max)?;
        check_rules(&self.rules_it, &self.rules_en)
    }
}

/// The municipality's programmes and where their money is
#[utoipa::path(tag = "programmes", operation_id = "list_programmes", params(Page),
    responses((status = 200, description = "A page of programmes", body = Listed<ProgrammeWithSums>)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/admin/programmes")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let directory = state.directory.now();
    let mut own: Vec<_> = directory.programmes.values().filter(|p| p.municipality_id == municipality).collect();
    own.sort_by_key(|programme| programme.id);
    let Listed { items, next_cursor } = Listed::of_all(&own, &page, |row| row.id, |row| *row)?;
    let mut with_sums = Vec::with_capacity(items.len());
    for row in items {
        with_sums.push(ProgrammeWithSums::new(row, &state.town(row.municipality_id).programme_sums(row.id).await?));
    }
    Ok(HttpResponse::Ok().json(Listed { items: with_sums, next_cursor }))
}

/// Add a programme
#[utoipa::path(tag = "programmes", operation_id = "add_programme",
    responses((status = 201, description = "The programme", body = Programme)),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["amount_invalid", "validity_invalid"]))))]
#[post("/v1/admin/programmes")]
async fn add(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    body: web::Json<NewProgramme>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    body.check()?;
    let row = ProgrammeRow {
        id: new_id(),
        municipality_id: municipality,
        name: text(&body.name, 120, "name")?,
        status: "active".to_owned(),
        budget_cents: body.budget_cents,
        valid_from: rome::start_of_day(body.valid_from).micros(),
        expires_at: rome::end_of_day(body.expires).micros(),
        per_redemption_max_cents: body.per_redemption_max_cents,
        per_day_max_cents: body.per_day_max_cents,
        per_day_count_max: body.per_day_count_max,
        pin_above_cents: body.pin_above_cents,
        hold_seconds: body.hold_seconds,
        message_after_purchase: i64::from(body.message_after_purchase),
        link_delay_seconds: body.link_delay_seconds,
        rules_it: body.rules_it.clone(),
        rules_en: body.rules_en.clone(),
        created_at: state.clock.now().micros(),
        rotating_qr: i64::from(body.rotating_qr),
    };
    state.town(row.municipality_id).add_programme(&row).await?;
    state.directory_changed().await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "programme_added", row.id, json!({})).await?;
    Ok(HttpResponse::Created().json(Programme::from(&row)))
}

/// Change a programme's name, budget, limits and rules
///
/// Families read the new rules at once, and limits count from the next payment on. Days and PIN are those that its vouchers were
/// given with: for others make another programme. A budget below what is issued takes nothing back; nothing more is issued then.
#[utoipa::path(tag = "programmes", operation_id = "change_programme",
    params(("id" = Uuid, Path, description = "The programme")),
    responses((status = 200, description = "The programme", body = Programme)),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found", "bad_request", "amount_invalid"]))))]
#[put("/v1/admin/programmes/{id}")]
async fn change(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    body: web::Json<ChangedProgramme>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    body.check()?;
    let row = ProgrammeRow {
        name: text(&body.name, 120, "name")?,
        budget_cents: body.budget_cents,
        per_redemption_max_cents: body.per_redemption_max_cents,
        per_day_max_cents: body.per_day_max_cents,
        per_day_count_max: body.per_day_count_max,
        rules_it: body.rules_it.clone(),
        rules_en: body.rules_en.clone(),
        ..own_programme(&state, municipality, *path)?
    };
    state.town(municipality).change_programme(&row).await?;
    state.directory_changed().await?;
    let detail = json!({"budget_cents": row.budget_cents, "per_redemption_max_cents": row.per_redemption_max_cents,
        "per_day_max_cents": row.per_day_max_cents, "per_day_count_max": row.per_day_count_max});
    state.audit(Some(municipality), Some(staff.user.uuid()), "programme_changed", row.id, detail).await?;
    Ok(HttpResponse::Ok().json(Programme::from(&row)))
}

async fn set_status(state: &AppState, staff: &Staff<Decides>, id: Uuid, status: &str) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    state.town(municipality).set_programme_status(municipality, id, status).await?;
    state.directory_changed().await?;
    let detail = json!({"status": status});
    state.audit(Some(municipality), Some(staff.user.uuid()), "programme_status", id, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Suspend a programme
///
/// From the next request on, its vouchers are declined.
#[utoipa::path(tag = "programmes", operation_id = "suspend_programme",
    params(("id" = Uuid, Path, description = "The programme")),
    responses((status = 204, description = "It is suspended")),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/programmes/{id}/suspend")]
async fn suspend(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "suspended").await
}

/// Resume a suspended programme
#[utoipa::path(tag = "programmes", operation_id = "resume_programme",
    params(("id" = Uuid, Path, description = "The programme")),
    responses((status = 204, description = "It is active")),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/programmes/{id}/resume")]
async fn resume(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "active").await
}
