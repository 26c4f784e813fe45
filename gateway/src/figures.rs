//! How requests go, by endpoint and status: counted and timed.

use actix_web::dev::ServiceResponse;
use metrics::{Counter, Histogram};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

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
