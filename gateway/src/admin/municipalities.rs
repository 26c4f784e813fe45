//! `/v1/admin/municipalities`: what an operator looks after. `/v1/admin/municipality`: what one of them says about itself.

use crate::auth::{Decides, Operates, Reads, Staff};
use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Instant, Listed, Page, Text120, text, text_or_none, web_address};
use actix_web::{HttpResponse, get, post, put, web};
use domain::contacts::Email;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::MunicipalityRow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(add).service(own).service(change);
}

const GAPS_MAX: usize = 2000;

/// A municipality.
#[derive(Serialize, ToSchema)]
pub(super) struct Municipality {
    id: Uuid,
    name: String,
    /// Where citizens call.
    help_phone: String,
    /// Where citizens write.
    help_email: String,
}

impl From<MunicipalityRow> for Municipality {
    fn from(row: MunicipalityRow) -> Self {
        Self { id: row.id, name: row.name, help_phone: row.help_phone, help_email: row.help_email }
    }
}

/// A municipality to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Comune di Pievebassa", "help_phone": "0599 000 200",
    "help_email": "buoni@comune.pievebassa.example"}))]
pub struct NewMunicipality {
    /// What it is called.
    #[schema(value_type = Text120)]
    pub name: String,
    /// Where citizens call.
    #[schema(max_length = 40, pattern = r"^\+?[0-9][0-9 ()/.-]*$")]
    pub help_phone: String,
    /// Where citizens write.
    #[schema(format = Email, max_length = 254)]
    pub help_email: String,
}

/// A row to store.
///
/// # Errors
/// `bad_request` with the field that is wrong.
pub fn make_municipality(new: &NewMunicipality) -> Result<MunicipalityRow, Problem> {
    Ok(MunicipalityRow {
        id: new_id(),
        name: text(&new.name, 120, "name")?,
        help_phone: help_phone(&new.help_phone)?,
        help_email: help_email(&new.help_email)?,
        ..MunicipalityRow::default()
    })
}

/// All municipalities of the installation
#[utoipa::path(tag = "municipalities", operation_id = "list_municipalities", params(Page),
    responses((status = 200, description = "A page of municipalities", body = Listed<Municipality>)),
    extensions(("x-roles" = json!(Operates::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/admin/municipalities")]
async fn list(
    state: web::Data<AppState>,
    _staff: Staff<Operates>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let directory = state.directory.now();
    let mut all: Vec<_> = directory.municipalities.values().collect();
    all.sort_by_key(|row| row.id);
    Ok(HttpResponse::Ok().json(Listed::of_all(&all, &page, |row| row.id, |row| Municipality::from((*row).clone()))?))
}

/// Add a municipality
#[utoipa::path(tag = "municipalities", operation_id = "add_municipality",
    responses((status = 201, description = "The municipality", body = Municipality)),
    extensions(("x-roles" = json!(Operates::ROLES))))]
#[post("/v1/admin/municipalities")]
async fn add(
    state: web::Data<AppState>,
    staff: Staff<Operates>,
    body: web::Json<NewMunicipality>,
) -> Result<HttpResponse, Problem> {
    let row = make_municipality(&body)?;
    state.everything().add_municipality(&row, state.clock.now().micros()).await?;
    state.directory_changed().await?;
    state.audit(Some(row.id), Some(staff.user.uuid()), "municipality_added", row.id, json!({})).await?;
    Ok(HttpResponse::Created().json(Municipality::from(row)))
}

/// A number that a phone can dial, and every sheet can print.
fn help_phone(typed: &str) -> Result<String, Problem> {
    let number = text(typed, 40, "help_phone")?;
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let dials = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || " ()/.-".contains(c));
    if dials { Ok(number) } else { Err(Problem::new("bad_request").with("field", "help_phone")) }
}

fn help_email(text: &str) -> Result<String, Problem> {
    let email = Email::parse(text).map_err(|_| Problem::new("bad_request").with("field", "help_email"))?;
    Ok(email.as_str().to_owned())
}

/// What a municipality says about itself.
#[derive(Serialize, ToSchema)]
struct AboutMunicipality {
    #[serde(flatten)]
    municipality: Municipality,
    /// Where its formal statement of accessibility is; null where it has not said.
    accessibility_url: Option<String>,
    /// Who cannot use the pages well, and what they can do instead, in its own words; may be empty.
    accessibility_gaps: String,
    /// When it last wrote this; null where it never did.
    accessibility_at: Option<Instant>,
    /// Where everybody reads it.
    accessibility_page: String,
}

impl AboutMunicipality {
    fn of(state: &AppState, row: MunicipalityRow) -> Self {
        Self {
            accessibility_url: row.accessibility_url.clone(),
            accessibility_gaps: row.accessibility_gaps.clone(),
            accessibility_at: row.accessibility_at.map(Instant),
            accessibility_page: format!("{}/accessibilita/{}", state.base_url, row.id),
            municipality: row.into(),
        }
    }
}

/// What a municipality says about itself, whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"help_phone": "0599 000 200", "help_email": "buoni@comune.pievebassa.example",
    "accessibility_url": "https://form.agid.gov.it/view/0123456789",
    "accessibility_gaps": "Allo sportello c'è chi aiuta chi non vede."}))]
struct MunicipalityChange {
    /// Where citizens call.
    #[schema(max_length = 40, pattern = r"^\+?[0-9][0-9 ()/.-]*$")]
    help_phone: String,
    /// Where citizens write.
    #[schema(format = Email, max_length = 254)]
    help_email: String,
    /// Where its formal statement of accessibility is: https:// or http://.
    #[schema(max_length = 500, pattern = "^https?://[!-~]+$")]
    accessibility_url: Option<String>,
    /// Who cannot use the pages well, and what they can do instead, in its own words.
    #[schema(max_length = 2000, pattern = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$")]
    #[serde(default)]
    accessibility_gaps: String,
}

/// What the municipality says about itself
#[utoipa::path(tag = "municipality", operation_id = "read_municipality",
    responses((status = 200, description = "The caller's municipality", body = AboutMunicipality)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/municipality")]
async fn own(state: web::Data<AppState>, staff: Staff<Reads>) -> Result<HttpResponse, Problem> {
    let row = row(&state, staff.municipality()?)?;
    Ok(HttpResponse::Ok().json(AboutMunicipality::of(&state, row)))
}

/// Say it anew
///
/// Vouchers, sheets and the shops' help show the new contacts from the answer on; the page about accessibility shows the
/// rest, with the day.
#[utoipa::path(tag = "municipality", operation_id = "change_municipality",
    responses((status = 200, description = "The municipality as it is now", body = AboutMunicipality)),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["bad_request"]))))]
#[put("/v1/admin/municipality")]
async fn change(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    body: web::Json<MunicipalityChange>,
) -> Result<HttpResponse, Problem> {
    let row = MunicipalityRow {
        help_phone: help_phone(&body.help_phone)?,
        help_email: help_email(&body.help_email)?,
        accessibility_url: body
            .accessibility_url
            .as_deref()
            .map(|url| web_address(url, "accessibility_url"))
            .transpose()?,
        accessibility_gaps: text_or_none(&body.accessibility_gaps, GAPS_MAX, "accessibility_gaps")?,
        accessibility_at: Some(state.clock.now().micros()),
        ..row(&state, staff.municipality()?)?
    };
    state.town(row.id).change_municipality(&row).await?;
    state.directory_changed().await?;
    state.audit(Some(row.id), Some(staff.user.uuid()), "municipality_changed", row.id, json!({})).await?;
    Ok(HttpResponse::Ok().json(AboutMunicipality::of(&state, row)))
}

fn row(state: &AppState, id: Uuid) -> Result<MunicipalityRow, Problem> {
    state.directory.now().municipalities.get(&id).cloned().ok_or(Problem::new("not_found"))
}
