//! `/v1/admin/programmes`.

use super::text;
use crate::auth::Staff;
use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, post, web};
use domain::cents::Cents;
use domain::rome;
use serde::Deserialize;
use serde_json::{Value, json};
use store::ledger::ProgrammeRow;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(list).service(add).service(suspend).service(resume);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProgramme {
    name: String,
    budget_cents: i64,
    /// First day, `2026-12-01`.
    valid_from: jiff::civil::Date,
    /// Last day; vouchers expire at 23:59:59 in Rome.
    expires: jiff::civil::Date,
    per_redemption_max_cents: Option<i64>,
    per_day_max_cents: Option<i64>,
    per_day_count_max: Option<i64>,
    pin_above_cents: Option<i64>,
    #[serde(default = "quarter_of_an_hour")]
    hold_seconds: i64,
    #[serde(default = "yes")]
    message_after_purchase: bool,
    #[serde(default = "ten_minutes")]
    link_delay_seconds: i64,
    #[serde(default)]
    rules_it: String,
    #[serde(default)]
    rules_en: String,
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

impl NewProgramme {
    fn check(&self) -> Result<(), Problem> {
        let wrong = |field: &str| Err(Problem::new("bad_request").with("field", field));
        let limits = [
            ("budget_cents", Some(self.budget_cents)),
            ("per_redemption_max_cents", self.per_redemption_max_cents),
            ("per_day_max_cents", self.per_day_max_cents),
            ("pin_above_cents", self.pin_above_cents),
        ];
        for (field, cents) in limits {
            if cents.is_some_and(|cents| Cents::new(cents).is_none()) {
                return wrong(field);
            }
        }
        if self.expires < self.valid_from {
            return Err(Problem::new("validity_invalid"));
        }
        if !(30..=7 * 86_400).contains(&self.hold_seconds) {
            return wrong("hold_seconds");
        }
        if !(0..=7 * 86_400).contains(&self.link_delay_seconds) {
            return wrong("link_delay_seconds");
        }
        if self.rules_it.len() > 10_000 || self.rules_en.len() > 10_000 {
            return wrong("rules_it");
        }
        if self.per_day_count_max.is_some_and(|count| !(1..=10_000).contains(&count)) {
            wrong("per_day_count_max")
        } else {
            Ok(())
        }
    }
}

#[get("/v1/admin/programmes")]
async fn list(state: web::Data<AppState>, staff: Staff) -> Result<HttpResponse, Problem> {
    let municipality = staff.reads()?;
    let directory = state.directory.now();
    let mut own: Vec<_> = directory.programmes.values().filter(|p| p.municipality_id == municipality).collect();
    own.sort_by_key(|programme| programme.id);
    let mut items: Vec<Value> = Vec::new();
    for programme in own {
        let sums = state.db.programme_sums(programme.id).await?;
        let mut item = json!(programme);
        item["sums"] = json!(sums);
        item["sums"]["remaining_budget_cents"] =
            (programme.budget_cents - sums.issued_cents + sums.expired_cents).into();
        items.push(item);
    }
    Ok(HttpResponse::Ok().json(json!({"items": items, "next_cursor": null})))
}

#[post("/v1/admin/programmes")]
async fn add(state: web::Data<AppState>, staff: Staff, body: web::Json<NewProgramme>) -> Result<HttpResponse, Problem> {
    let municipality = staff.decides()?;
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
    };
    state.db.add_programme(&row).await?;
    state.directory.reload().await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "programme_added", row.id, json!({})).await?;
    Ok(HttpResponse::Created().json(row))
}

async fn set_status(state: &AppState, staff: &Staff, id: Uuid, status: &str) -> Result<HttpResponse, Problem> {
    let municipality = staff.decides()?;
    state.db.set_programme_status(municipality, id, status).await?;
    state.directory.reload().await?;
    let detail = json!({"status": status});
    state.audit(Some(municipality), Some(staff.user.uuid()), "programme_status", id, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[post("/v1/admin/programmes/{id}/suspend")]
async fn suspend(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "suspended").await
}

#[post("/v1/admin/programmes/{id}/resume")]
async fn resume(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "active").await
}
