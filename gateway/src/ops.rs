//! What operators use: health, figures, public keys.

use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, web};
use engine::PartitionState;
use serde_json::json;
use std::sync::atomic::Ordering;

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig) {
    config.service(live).service(ready).service(figures).service(keys).service(problems);
}

#[get("/health/live")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

#[get("/health/ready")]
async fn ready(state: web::Data<AppState>) -> HttpResponse {
    let mut reasons = state.hub.stopped();
    for (partition, PartitionState { phase, .. }) in state.vouchers.states() {
        if phase != engine::writer::Phase::Serving {
            reasons.push(format!("partition {partition}: {phase:?}"));
        }
    }
    if state.closing.load(Ordering::Acquire) {
        reasons.push("about to end".to_owned());
    }
    if reasons.is_empty() {
        HttpResponse::Ok().json(json!({"status": "ready"}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "not_ready", "reasons": reasons}))
    }
}

#[get("/metrics")]
async fn figures(state: web::Data<AppState>) -> HttpResponse {
    metrics::gauge!("buono_engine_resident_vouchers").set(state.vouchers.resident() as f64);
    metrics::gauge!("buono_citizen_watched_vouchers").set(state.hub.watched() as f64);
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(state.metrics.render())
}

#[get("/v1/keys")]
async fn keys(state: web::Data<AppState>) -> HttpResponse {
    let key = data_encoding::BASE64URL_NOPAD.encode(&state.signer.public_key());
    HttpResponse::Ok().json(json!({
        "keys": [{"key_id": state.signer.key_id(), "algorithm": "Ed25519", "public_key": key}],
    }))
}

#[get("/docs/problems")]
async fn problems() -> HttpResponse {
    HttpResponse::Ok().json(crate::problem::document())
}
