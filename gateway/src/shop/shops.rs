//! `GET /v1/shop`: who the till is, and the rules of the programmes it may take.

use super::shift::StaffHere;
use crate::auth::Till;
use crate::state::AppState;
use crate::wire::{ProgrammeStatus, ShopStatus};
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use store::ledger::{MunicipalityRow, ProgrammeRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// What every till may do.
const PERMISSIONS: [&str; 6] = ["redeem", "hold", "reverse", "operations", "statements", "claims"];

/// Who the till is, what it may do, and by which rules.
#[derive(Serialize, ToSchema)]
struct TillView {
    shop: OwnShop,
    terminal: OwnTerminal,
    municipality: OwnMunicipality,
    /// What the till may do.
    #[schema(example = json!(PERMISSIONS))]
    permissions: [&'static str; 6],
    /// The files that `GET /v1/operations` makes: values of its `format`.
    #[schema(example = json!(["csv", "xlsx", "pdf"]))]
    downloads: Vec<&'static str>,
    /// Who works here, and who is at this till; null where nobody can say just now.
    staff: Option<StaffHere>,
    /// The programmes of the shop's municipality.
    programmes: Vec<Rules>,
}

#[derive(Serialize, ToSchema)]
struct OwnShop {
    id: Uuid,
    name: String,
    address: String,
    town: String,
    #[schema(value_type = ShopStatus)]
    status: String,
}

#[derive(Serialize, ToSchema)]
struct OwnTerminal {
    id: Uuid,
    /// What the shop calls it.
    label: String,
}

/// Whose vouchers the shop takes, and whom it calls.
#[derive(Serialize, ToSchema, Default)]
struct OwnMunicipality {
    name: String,
    help_phone: String,
    help_email: String,
}

/// A programme's rules for tills.
#[derive(Serialize, ToSchema)]
struct Rules {
    id: Uuid,
    name: String,
    #[schema(value_type = ProgrammeStatus)]
    status: String,
    rules: RulesTexts,
    /// The most that one redemption may take.
    per_redemption_max_cents: Option<i64>,
    /// The most that a voucher may spend in a day.
    per_day_max_cents: Option<i64>,
    /// Above this the PIN is asked.
    pin_above_cents: Option<i64>,
}

/// The rules in words.
#[derive(Serialize, ToSchema)]
struct RulesTexts {
    it: String,
    en: String,
}

impl From<&MunicipalityRow> for OwnMunicipality {
    fn from(row: &MunicipalityRow) -> Self {
        Self { name: row.name.clone(), help_phone: row.help_phone.clone(), help_email: row.help_email.clone() }
    }
}

impl From<&ProgrammeRow> for Rules {
    fn from(row: &ProgrammeRow) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            status: row.status.clone(),
            rules: RulesTexts { it: row.rules_it.clone(), en: row.rules_en.clone() },
            per_redemption_max_cents: row.per_redemption_max_cents,
            per_day_max_cents: row.per_day_max_cents,
            pin_above_cents: row.pin_above_cents,
        }
    }
}

/// Who the till is, and the rules of the programmes it may take
#[utoipa::path(tag = "till", operation_id = "get_shop",
    responses((status = 200, description = "Shop, till and programmes", body = TillView)),
    extensions(("x-roles" = json!(Till::ROLES))))]
#[get("/v1/shop")]
pub(super) async fn shop(state: web::Data<AppState>, till: Till) -> HttpResponse {
    let staff = StaffHere::of(&state, &till.0).await;
    let directory = state.directory.now();
    let shop = &till.0.shop;
    let mut programmes: Vec<_> =
        directory.programmes.values().filter(|programme| programme.municipality_id == shop.municipality_id).collect();
    programmes.sort_by_key(|programme| programme.id);
    HttpResponse::Ok().json(TillView {
        shop: OwnShop {
            id: shop.id,
            name: shop.name.clone(),
            address: shop.address.clone(),
            town: shop.town.clone(),
            status: shop.status.clone(),
        },
        municipality: directory
            .municipalities
            .get(&shop.municipality_id)
            .map(OwnMunicipality::from)
            .unwrap_or_default(),
        terminal: OwnTerminal { id: till.0.id, label: till.0.label.clone() },
        permissions: PERMISSIONS,
        downloads: super::operations::files(),
        staff,
        programmes: programmes.into_iter().map(Rules::from).collect(),
    })
}
