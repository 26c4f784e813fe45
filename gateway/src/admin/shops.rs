//! `/v1/admin/shops`: the affiliated shops, their standing, their tills.

use crate::auth::{Decides, Reads, Staff, Works};
use crate::claims::account::change_account;
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::shop::enrolment_index;
use crate::state::AppState;
use crate::wire::{Instant, Listed, Page, ShopStatus};
use actix_web::{HttpResponse, get, post, put, web};
use domain::contacts::Iban;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use store::keys::random;
use store::ledger::{JoinedTerminal, ShopRow};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// How long an enrolment code works, in seconds.
const ENROLMENT_S: i64 = 600;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(enrol)
        .service(suspend)
        .service(enable)
        .service(account)
        .service(terminals)
        .service(revoke);
}

/// An affiliated shop.
#[derive(Serialize, ToSchema)]
struct Shop {
    id: Uuid,
    municipality_id: Uuid,
    /// The municipality's own name for it.
    reference: String,
    /// The name over the door.
    name: String,
    /// The firm.
    legal_name: String,
    /// What it sells.
    category: String,
    /// Street and number.
    address: String,
    postcode: String,
    town: String,
    province: String,
    /// Partita IVA or codice fiscale of the firm.
    vat_number: String,
    #[schema(value_type = ShopStatus)]
    status: String,
    /// Operations up to here are sealed in a claim.
    sealed_through: Option<Instant>,
}

impl From<&ShopRow> for Shop {
    fn from(row: &ShopRow) -> Self {
        let row = row.clone();
        Self {
            id: row.id,
            municipality_id: row.municipality_id,
            reference: row.reference,
            name: row.name,
            legal_name: row.legal_name,
            category: row.category,
            address: row.address,
            postcode: row.postcode,
            town: row.town,
            province: row.province,
            vat_number: row.vat_number,
            status: row.status,
            sealed_through: row.sealed_through.map(Instant),
        }
    }
}

/// A code with which a till joins, once.
#[derive(Serialize, ToSchema)]
struct Enrolment {
    #[schema(example = "7K3M-9XQ2")]
    enrolment_code: String,
    expires_at: Instant,
}

/// The municipality's shops
///
/// In the order of their names.
#[utoipa::path(tag = "shops", operation_id = "list_shops", params(Page),
    responses((status = 200, description = "A page of shops", body = Listed<Shop>)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/admin/shops")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let directory = state.directory.now();
    let own: Vec<_> = directory.shops_by_name.iter().filter(|shop| shop.municipality_id == municipality).collect();
    Ok(HttpResponse::Ok().json(Listed::of_all(&own, &page, |shop| shop.id, |shop| Shop::from(&***shop))?))
}

/// A shop of the caller's municipality.
fn own_shop(state: &AppState, municipality: Uuid, shop: Uuid) -> Result<Arc<ShopRow>, Problem> {
    let directory = state.directory.now();
    let own = directory.shops.get(&shop).filter(|shop| shop.municipality_id == municipality);
    own.cloned().ok_or(Problem::new("not_found"))
}

/// Eight characters without the ones that look alike.
fn enrolment_code(bytes: [u8; 8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let letters: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}

/// Make a code with which a till joins the shop
///
/// It works once, for ten minutes.
#[utoipa::path(tag = "shops", operation_id = "add_enrolment",
    params(("id" = Uuid, Path, description = "The shop")),
    responses((status = 201, description = "The code, which is shown only here", body = Enrolment)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/shops/{id}/enrolments")]
async fn enrol(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let shop = own_shop(&state, municipality, *path)?;
    let enrolment_code = enrolment_code(random(&state.entropy()));
    let until = state.clock.now().plus_seconds(ENROLMENT_S);
    state
        .town(shop.municipality_id)
        .add_enrolment(&enrolment_index(&state, &enrolment_code), shop.id, until.micros())
        .await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "enrolment_made", shop.id, json!({})).await?;
    Ok(HttpResponse::Created().json(Enrolment { enrolment_code, expires_at: until.into() }))
}

async fn set_status(state: &AppState, staff: &Staff<Works>, shop: Uuid, status: &str) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    state.town(municipality).set_shop_status(municipality, shop, status).await?;
    state.directory_changed().await?;
    let detail = json!({"status": status});
    state.audit(Some(municipality), Some(staff.user.uuid()), "shop_status", shop, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Suspend a shop
///
/// From the next request on, its tills are declined.
#[utoipa::path(tag = "shops", operation_id = "suspend_shop",
    params(("id" = Uuid, Path, description = "The shop")),
    responses((status = 204, description = "It is suspended")),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/shops/{id}/suspend")]
async fn suspend(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "suspended").await
}

/// Enable a suspended shop
#[utoipa::path(tag = "shops", operation_id = "enable_shop",
    params(("id" = Uuid, Path, description = "The shop")),
    responses((status = 204, description = "It is enabled")),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/shops/{id}/enable")]
async fn enable(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_status(&state, &staff, *path, "enabled").await
}

/// Where a shop is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"iban": "IT60X0542811101000000123456"}))]
struct Account {
    /// Spaces do not count.
    #[schema(max_length = 42)]
    iban: String,
}

/// Say where a shop is paid
///
/// For one that joined without an account, or with a wrong one. Nobody is shown the account that there is; notes of claims
/// print the one of the day on which they are printed.
#[utoipa::path(tag = "shops", operation_id = "change_shop_account",
    params(("id" = Uuid, Path, description = "The shop")),
    responses((status = 204, description = "It is written down")),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found", "conflict", "bad_request", "iban_invalid"]))))]
#[put("/v1/admin/shops/{id}/account")]
async fn account(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    body: web::Json<Account>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let iban = Iban::parse(&body.iban).map_err(|_| Problem::new("iban_invalid"))?;
    let shop = own_shop(&state, municipality, *path)?;
    change_account(&state, &shop, &iban).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "shop_account_changed", shop.id, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A till of a shop.
#[derive(Serialize, ToSchema)]
struct ShopTerminal {
    id: Uuid,
    /// What the shop calls it.
    label: String,
    joined_at: Instant,
}

impl From<JoinedTerminal> for ShopTerminal {
    fn from(row: JoinedTerminal) -> Self {
        Self { id: row.id, label: row.label, joined_at: Instant(row.created_at) }
    }
}

/// A shop's tills
///
/// In the order in which they joined, without those that were revoked. One whose answer to its enrolment was lost is here,
/// too, though nobody has its token.
#[utoipa::path(tag = "shops", operation_id = "list_shop_terminals",
    params(("id" = Uuid, Path, description = "The shop"), Page),
    responses((status = 200, description = "A page of its tills", body = Listed<ShopTerminal>)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/admin/shops/{id}/terminals")]
async fn terminals(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    path: web::Path<Uuid>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let municipality = staff.municipality()?;
    let shop = own_shop(&state, municipality, *path)?;
    let rows = state.town(municipality).joined_terminals(shop.id, page.after(), limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, |row| row.id.to_string(), ShopTerminal::from)))
}

/// Make a till's token useless
///
/// 404 also for one that was revoked before.
#[utoipa::path(tag = "shops", operation_id = "revoke_terminal",
    params(("id" = Uuid, Path, description = "The terminal")),
    responses((status = 204, description = "It is revoked")),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/terminals/{id}/revoke")]
async fn revoke(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    state.town(municipality).revoke_terminal(municipality, *path, state.clock.now().micros()).await?;
    state.directory_changed().await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "terminal_revoked", *path, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}
