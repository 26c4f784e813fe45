//! `/v1/admin/messages` and `/v1/admin/audit`.

use super::{Page, listed};
use crate::auth::Staff;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, post, web};
use serde_json::json;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(list).service(resend).service(audit);
}

#[get("/v1/admin/messages")]
async fn list(state: web::Data<AppState>, staff: Staff, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let rows = state.db.messages(staff.reads()?, page.before(), page.limit()).await?;
    Ok(HttpResponse::Ok().json(listed(&rows, page.limit(), |row| row.id)))
}

#[post("/v1/admin/messages/{id}/resend")]
async fn resend(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    state.db.resend_message(municipality, *path, state.clock.now().micros()).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "message_resent", *path, json!({})).await?;
    Ok(HttpResponse::Accepted().finish())
}

#[get("/v1/admin/audit")]
async fn audit(state: web::Data<AppState>, staff: Staff, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let rows = state.db.audit(staff.reads()?, page.before(), page.limit()).await?;
    Ok(HttpResponse::Ok().json(listed(&rows, page.limit(), |row| row.id)))
}
