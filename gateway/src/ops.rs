//! What operators use: health, figures, public keys.

use crate::state::AppState;
use actix_web::{HttpResponse, get, web};
use engine::writer::Phase;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(live).service(ready).service(figures).service(keys);
}

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `alive`, `ready` or `not_ready`.
    status: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
    /// Settings that can lose answered payments, which whoever started the process accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    accepted_risks: Vec<String>,
}

impl Health {
    pub(crate) fn alive() -> HttpResponse {
        HttpResponse::Ok().json(Self { status: "alive", reasons: Vec::new(), accepted_risks: Vec::new() })
    }

    pub(crate) fn ready(reasons: Vec<String>, accepted_risks: Vec<String>) -> HttpResponse {
        if reasons.is_empty() {
            HttpResponse::Ok().json(Self { status: "ready", reasons, accepted_risks })
        } else {
            HttpResponse::ServiceUnavailable().json(Self { status: "not_ready", reasons, accepted_risks })
        }
    }
}

/// All figures of the process in Prometheus' text form.
pub(crate) fn figures_text(metrics: &PrometheusHandle) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(metrics.render())
}

/// The keys that sign receipts.
#[derive(Serialize, ToSchema)]
struct PublicKeys {
    keys: Vec<PublicKey>,
}

/// A key that signs receipts.
#[derive(Serialize, ToSchema)]
struct PublicKey {
    /// As receipts name it.
    key_id: String,
    #[schema(example = "Ed25519")]
    algorithm: &'static str,
    /// 32 bytes, base64url without padding.
    public_key: String,
}

/// Whether the process is alive
#[utoipa::path(tag = "operations", operation_id = "get_liveness",
    responses((status = 200, description = "It is", body = Health)))]
#[get("/health/live")]
async fn live() -> HttpResponse {
    Health::alive()
}

/// Whether requests are served
#[utoipa::path(tag = "operations", operation_id = "get_readiness",
    responses((status = 200, description = "They are", body = Health),
        (status = 503, description = "They are not: starting, halted, or about to end", body = Health)))]
#[get("/health/ready")]
async fn ready(state: web::Data<AppState>) -> HttpResponse {
    let mut reasons = state.hub.stopped();
    let unserved = state.vouchers.unserved().into_iter();
    reasons.extend(unserved.map(|(partition, phase)| match phase {
        Some(Phase::Halted(why)) => {
            let seq = state.vouchers.whole_seq(partition);
            format!("partition {partition}: {why}; record {seq} was still whole")
        }
        Some(phase) => format!("partition {partition}: {phase:?}"),
        None => format!("partition {partition}: no node has it"),
    }));
    if state.closing.load(Ordering::Acquire) {
        reasons.push("about to end".to_owned());
    }
    Health::ready(reasons, state.accepted.clone())
}

/// Figures for Prometheus
#[utoipa::path(tag = "operations", operation_id = "get_metrics",
    responses((status = 200, description = "In Prometheus' text form", body = String,
        content_type = "text/plain; version=0.0.4")))]
#[get("/metrics")]
async fn figures(state: web::Data<AppState>) -> HttpResponse {
    metrics::gauge!("buono_engine_resident_vouchers").set(state.vouchers.resident() as f64);
    metrics::gauge!("buono_citizen_watched_vouchers").set(state.hub.watched() as f64);
    figures_text(&state.metrics)
}

/// The public keys of receipts
#[utoipa::path(tag = "operations", operation_id = "list_keys",
    responses((status = 200, description = "All keys that ever signed", body = PublicKeys)))]
#[get("/v1/keys")]
async fn keys(state: web::Data<AppState>) -> HttpResponse {
    let key = PublicKey {
        key_id: state.signer.key_id().to_owned(),
        algorithm: "Ed25519",
        public_key: data_encoding::BASE64URL_NOPAD.encode(&state.signer.public_key()),
    };
    HttpResponse::Ok().json(PublicKeys { keys: vec![key] })
}
