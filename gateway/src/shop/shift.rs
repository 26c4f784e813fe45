//! `/v1/terminal/shift`: who is at this till. No payment waits for it or looks at it.

use super::staff::card::{Card, Pin};
use super::staff::member;
use crate::auth::Till;
use crate::directory::Terminal;
use crate::edge::new_id;
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::Instant;
use actix_web::{HttpResponse, delete, post, web};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::ledger::{AtTill, NewShift};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a till that opens waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who comes to the till.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"staff_id": "01900000-0000-7000-8000-000000000000"}))]
struct BeginShift {
    staff_id: Uuid,
    /// Theirs, if they have one.
    #[schema(pattern = "^[0-9]{4,8}$")]
    pin: Option<String>,
}

/// Who is at the till.
#[derive(Serialize, ToSchema)]
pub(super) struct Shift {
    staff_id: Uuid,
    label: String,
    /// Since when.
    since: Instant,
}

/// What a till is told of those who work at it.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffHere {
    /// How many work at the shop; with none there is nothing to ask or to show.
    people: usize,
    /// Who is at this till; null for nobody.
    at_till: Option<Shift>,
}

impl StaffHere {
    /// As it is now; nothing, for once, where the ledger does not answer: a till that opens must not wait for it.
    pub async fn of(state: &AppState, terminal: &Terminal) -> Option<Self> {
        match tokio::time::timeout(PATIENCE, Self::read(state, terminal)).await {
            Ok(Ok(here)) => Some(here),
            away => {
                let problem = away.map(|read| read.err().map(|problem| problem.code()));
                tracing::warn!(?problem, "nobody can say who is at a till");
                None
            }
        }
    }

    async fn read(state: &AppState, terminal: &Terminal) -> Result<Self, Problem> {
        let shop = &terminal.shop;
        let rows = state.town(shop.municipality_id).staff_of(shop.id).await?;
        let people = rows.iter().filter(|row| row.left_at.is_none()).count();
        Ok(Self { people, at_till: at(state, terminal).await? })
    }
}

async fn at(state: &AppState, terminal: &Terminal) -> Result<Option<Shift>, Problem> {
    let found = state.town(terminal.shop.municipality_id).at_till(terminal.id).await?;
    let shift = |AtTill { staff, from_at }| {
        let label = Card::open(&state.keys, &staff)?.label;
        Ok(Shift { staff_id: staff.id, label, since: Instant(from_at) })
    };
    found.map(shift).transpose()
}

/// Say who is at this till
///
/// From now on, until somebody else comes or they leave, what this till takes is theirs in the shop's lists. Whoever was
/// there leaves in the same moment. After five wrong PINs in a row nobody can come under that name for five minutes;
/// payments go on.
#[utoipa::path(tag = "till", operation_id = "begin_shift",
    responses((status = 200, description = "Who is there now", body = Shift)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["not_found", "conflict", "staff_pin_required",
        "staff_pin_wrong", "staff_locked", "too_many_requests", "not_executed"]))))]
#[post("/v1/terminal/shift")]
pub(super) async fn begin(
    state: web::Data<AppState>,
    till: Till,
    body: web::Json<BeginShift>,
) -> Result<HttpResponse, Problem> {
    let pin = body.pin.as_deref().map(|pin| Pin::parse(pin, "pin")).transpose()?;
    let (row, card) = member(&state, &till, body.staff_id).await?;
    card.admit(&state, &row, pin).await?;
    let here = at(&state, &till.0).await?;
    if here.is_none_or(|shift| shift.staff_id != row.id) {
        let new = NewShift { id: new_id(), terminal: till.0.id, staff: row.id, now: state.clock.now().micros() };
        state.town(row.municipality_id).begin_shift(&new).await?;
    }
    let shift = at(&state, &till.0).await?.ok_or(Problem::new("conflict"))?;
    Ok(HttpResponse::Ok().json(shift))
}

/// Say that nobody in particular is at this till
///
/// What it takes from now on is nobody's in particular. It may be said again.
#[utoipa::path(tag = "till", operation_id = "end_shift",
    responses((status = 204, description = "Nobody is there")),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["bad_request", "payload_too_large"]))))]
#[delete("/v1/terminal/shift")]
pub(super) async fn end(state: web::Data<AppState>, till: Till, _body: Nothing) -> Result<HttpResponse, Problem> {
    let now = state.clock.now().micros();
    state.town(till.0.shop.municipality_id).end_shift(till.0.id, now).await?;
    Ok(HttpResponse::NoContent().finish())
}
