//! `GET /v1/shop`: who the till is, and the rules of the programmes it may take.

use crate::auth::Till;
use crate::state::AppState;
use actix_web::{HttpResponse, get, web};
use serde_json::{Value, json};

#[get("/v1/shop")]
pub(super) async fn shop(state: web::Data<AppState>, till: Till) -> HttpResponse {
    let directory = state.directory.now();
    let shop = &till.0.shop;
    let mut programmes: Vec<_> =
        directory.programmes.values().filter(|programme| programme.municipality_id == shop.municipality_id).collect();
    programmes.sort_by_key(|programme| programme.id);
    let programmes: Vec<Value> = programmes
        .iter()
        .map(|programme| {
            json!({
                "id": programme.id, "name": programme.name, "status": programme.status,
                "rules": {"it": programme.rules_it, "en": programme.rules_en},
                "per_redemption_max_cents": programme.per_redemption_max_cents,
                "per_day_max_cents": programme.per_day_max_cents,
                "pin_above_cents": programme.pin_above_cents,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({
        "shop": {
            "id": shop.id, "name": shop.name, "address": shop.address, "town": shop.town, "status": shop.status,
        },
        "terminal": {"id": till.0.id, "label": till.0.label},
        "permissions": ["redeem", "hold", "reverse", "operations"],
        "programmes": programmes,
    }))
}
