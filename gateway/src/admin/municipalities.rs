//! `/v1/admin/municipalities`: what an operator looks after.

use crate::auth::{Operates, Staff};
use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Listed, Page, Text40, Text120, text};
use actix_web::{HttpResponse, get, post, web};
use domain::contacts::Email;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::MunicipalityRow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(add);
}

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
struct NewMunicipality {
    #[schema(value_type = Text120)]
    name: String,
    /// Where citizens call.
    #[schema(value_type = Text40)]
    help_phone: String,
    /// Where citizens write.
    #[schema(format = Email, max_length = 254)]
    help_email: String,
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
    let row = MunicipalityRow {
        id: new_id(),
        name: text(&body.name, 120, "name")?,
        help_phone: text(&body.help_phone, 40, "help_phone")?,
        help_email: Email::parse(&body.help_email)
            .map(|email| email.as_str().to_owned())
            .map_err(|_| Problem::new("bad_request").with("field", "help_email"))?,
    };
    state.everything().add_municipality(&row, state.clock.now().micros()).await?;
    state.directory_changed().await?;
    state.audit(Some(row.id), Some(staff.user.uuid()), "municipality_added", row.id, json!({})).await?;
    Ok(HttpResponse::Created().json(Municipality::from(row)))
}
