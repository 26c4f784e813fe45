//! What `/metrics` shows, and of it how requests go: counted and timed by endpoint and status.

use actix_web::dev::ServiceResponse;
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

/// Buckets of everything that takes time: from a commit of the journal to a till that gives up.
const SECONDS: [f64; 14] = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// What one endpoint answered with one status.
struct Series {
    requests: Counter,
    seconds: Histogram,
}

thread_local! {
    /// Series that this thread has used: making a label for every request would cost more than counting it.
    static KNOWN: RefCell<HashMap<(String, u16), Series>> = RefCell::default();
}

/// Counts an answer. Paths that no endpoint serves are one series, whatever somebody tries.
pub fn observe<B>(answer: &ServiceResponse<B>, took: Duration) {
    let endpoint = answer.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = answer.status().as_u16();
    KNOWN.with_borrow_mut(|known| {
        let series = known.entry((endpoint, status)).or_insert_with_key(|(endpoint, status)| {
            let labels = [("endpoint", endpoint.clone()), ("status", status.to_string())];
            Series {
                requests: metrics::counter!("buono_http_requests_total", &labels),
                seconds: metrics::histogram!("buono_http_request_seconds", &labels),
            }
        });
        series.requests.increment(1);
        series.seconds.record(took);
    });
}

/// One recorder for the process, however many installations a test starts in it.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
        let recorder = builder.unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder was there first: /metrics stays empty");
        }
        handle
    };
    RECORDER.get_or_init(install).clone()
}
