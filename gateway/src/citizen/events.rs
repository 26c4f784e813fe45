//! `GET /v1/citizen/voucher/events`: each change of the balance, as it becomes true.

use super::current;
use crate::auth::{Citizen, citizen_until};
use crate::hub::Hub;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::VoucherLife;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use domain::voucher::View;
use futures_util::stream;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::ToSchema;

/// How often a silent stream shows that it is alive: proxies keep it, and pages notice when it is not.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a stream looks whether the process is about to end.
const TICK: Duration = Duration::from_millis(500);

/// What each event says: the voucher as it is from now on.
#[derive(Serialize, ToSchema)]
struct VoucherChange {
    /// Also the event's id.
    voucher_seq: u64,
    /// What is left, holds included.
    balance_cents: i64,
    /// What can be spent now.
    available_cents: i64,
    #[schema(value_type = VoucherLife)]
    status: &'static str,
}

impl VoucherChange {
    fn event(view: &View) -> Option<Bytes> {
        let change = Self {
            voucher_seq: view.voucher_seq,
            balance_cents: view.balance.get(),
            available_cents: view.available().get(),
            status: view.life.code(),
        };
        let data = serde_json::to_string(&change).ok()?;
        // a stream that breaks is opened again after a second
        Some(Bytes::from(format!("retry: 1000\nid: {}\nevent: voucher\ndata: {data}\n\n", change.voucher_seq)))
    }
}

struct Stream {
    state: web::Data<AppState>,
    citizen: Citizen,
    /// When a session that nobody uses is over; whoever uses it opens another stream.
    until: i64,
    changes: watch::Receiver<u64>,
    hub: Arc<Hub>,
    first: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // the receiver is still counted while this runs: look again a moment later
        let (hub, voucher) = (Arc::clone(&self.hub), self.citizen.voucher);
        actix_web::rt::spawn(async move {
            tokio::time::sleep(TICK).await;
            hub.unsubscribe(voucher);
        });
    }
}

impl Stream {
    /// The next thing to send; `None` ends the stream, and the browser opens another.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::take(&mut self.first) {
            let mut silence = Duration::ZERO;
            loop {
                let over = self.state.clock.now().micros() >= self.until;
                if over || self.state.closing.load(Ordering::Acquire) {
                    return None;
                }
                match tokio::time::timeout(TICK, self.changes.changed()).await {
                    Ok(changed) => {
                        changed.ok()?;
                        break;
                    }
                    Err(_) => silence += TICK,
                }
                if silence >= HEARTBEAT {
                    return Some(Bytes::from_static(b"event: alive\ndata: 1\n\n"));
                }
            }
        }
        // a code that was replaced shows nothing more: whoever opens another stream with it is told
        VoucherChange::event(&current(&self.state, &self.citizen).await.ok()?)
    }
}

/// Follow the voucher live
///
/// Server-sent events: one called `voucher` at once and at each change, within a second of it, whose
/// `data` is the schema here as one line of JSON and whose `id` is the `voucher_seq`. One called `alive`
/// shows every fifteen seconds that a silent stream is not dead. 429 when too many follow: ask from time to time instead.
#[utoipa::path(tag = "citizen", operation_id = "follow_own_voucher",
    responses((status = 200, description = "The stream", body = VoucherChange, content_type = "text/event-stream")),
    extensions(("x-roles" = json!(Citizen::ROLES)), ("x-problems" = json!(["voucher_reissued", "too_many_requests"]))))]
#[get("/v1/citizen/voucher/events")]
pub(super) async fn events(state: web::Data<AppState>, citizen: Citizen) -> Result<HttpResponse, Problem> {
    // who cannot be asked now may answer when the stream does
    if let Err(problem) = current(&state, &citizen).await
        && problem.code() == "voucher_reissued"
    {
        return Err(problem);
    }
    let busy = || Problem::new("too_many_requests").retry_after(30);
    let changes = state.hub.subscribe(citizen.voucher).ok_or_else(busy)?;
    let hub = Arc::clone(&state.hub);
    let until = citizen_until(&state);
    let stream = Stream { state, citizen, until, changes, hub, first: true };
    let body = stream::unfold(stream, |mut stream| async move {
        let bytes = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), stream))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}
