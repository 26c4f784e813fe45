//! `/v1/admin/shops`: the affiliated shops, their standing, their tills.

use crate::auth::Staff;
use crate::problem::Problem;
use crate::shop::answers::rfc3339;
use crate::shop::enrolment_index;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, post, web};
use serde_json::json;
use store::keys::random;
use uuid::Uuid;

/// How long an enrolment code works, in seconds.
const ENROLMENT_S: i64 = 600;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(list).service(enrol).service(suspend).service(enable).service(revoke);
}

#[get("/v1/admin/shops")]
async fn list(state: web::Data<AppState>, staff: Staff) -> Result<HttpResponse, Problem> {
    let municipality = staff.reads()?;
    let directory = state.directory.now();
    let own: Vec<_> = directory.shops_by_name.iter().filter(|shop| shop.municipality_id == municipality).collect();
    Ok(HttpResponse::Ok().json(json!({"items": own, "next_cursor": null})))
}

/// Eight characters without the ones that look alike.
fn enrolment_code(bytes: [u8; 8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let letters: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}

#[post("/v1/admin/shops/{id}/enrolments")]
async fn enrol(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    let directory = state.directory.now();
    let own = directory.shops.get(&*path).filter(|shop| shop.municipality_id == municipality);
    let shop = own.ok_or(Problem::new("not_found"))?;
    let code = enrolment_code(random(&state.entropy()));
    let until = state.clock.now().plus_seconds(ENROLMENT_S);
    state.db.add_enrolment(&enrolment_index(&state, &code), shop.id, until.micros()).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "enrolment_made", shop.id, json!({})).await?;
    Ok(HttpResponse::Created().json(json!({"enrolment_code": code, "expires_at": rfc3339(until)})))
}

async fn set_status(state: &AppState, staff: &Staff, shop: Uuid, status: &str) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    state.db.set_shop_status(municipality, shop, status).await?;
    state.directory.reload().await?;
    let detail = json!({"status": status});
    state.audit(Some(municipality), Some(staff.user.uuid()), "shop_status", shop, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[post("/v1/admin/shops/{id}/suspend")]
async fn suspend(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "suspended").await
}

#[post("/v1/admin/shops/{id}/enable")]
async fn enable(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "enabled").await
}

#[post("/v1/admin/terminals/{id}/revoke")]
async fn revoke(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    state.db.revoke_terminal(municipality, *path, state.clock.now().micros()).await?;
    state.directory.reload().await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "terminal_revoked", *path, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}
