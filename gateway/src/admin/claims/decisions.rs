//! `/v1/admin/claims/{id}/approve`, `/reopen` and `/paid`: decisions by two people.

use super::{APPROVED, PAID, SEALED, ShopClaim, own};
use crate::auth::{Decides, Staff};
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Text120, text};
use actix_web::{HttpResponse, post, web};
use domain::clock::Timestamp;
use domain::rome;
use serde::Deserialize;
use serde_json::{Value, json};
use store::ledger::{ClaimRow, Error};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a claim was paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reference": "Mandato 123/2026", "paid_on": "2026-11-24"}))]
struct Payment {
    /// The treasurer's, by which the shop finds it on its account.
    #[schema(value_type = Text120)]
    reference: String,
    /// The day in Rome: between the day of the claim and today.
    #[schema(format = Date)]
    paid_on: String,
}

/// A claim that is where a decision needs it.
async fn awaiting(state: &AppState, municipality: Uuid, id: Uuid, needed: &str) -> Result<ClaimRow, Problem> {
    let claim = own(state, municipality, id).await?;
    let code = match claim.status.as_str() {
        status if status == needed => return Ok(claim),
        SEALED => "claim_not_approved",
        PAID => "claim_already_paid",
        _ => "claim_already_approved",
    };
    Err(Problem::new(code))
}

/// Puts a decision on record, and shows the claim as it is now.
async fn decided(
    state: &AppState,
    claim: &ClaimRow,
    user: Uuid,
    action: &str,
    detail: Value,
) -> Result<HttpResponse, Problem> {
    state.audit(Some(claim.municipality_id), Some(user), action, claim.id, detail).await?;
    Ok(HttpResponse::Ok().json(ShopClaim::of(state, own(state, claim.municipality_id, claim.id).await?)))
}

/// The beginning of a day in Rome on which a claim can have been paid, microseconds.
fn payment_day(day: &str, sealed_at: i64, now: Timestamp) -> Result<i64, Problem> {
    let day = day.parse::<jiff::civil::Date>().ok().filter(|_| day.len() == 10);
    let day = day.ok_or(Problem::new("bad_request").with("field", "paid_on"))?;
    let possible = rome::date(Timestamp::from_micros(sealed_at))..=rome::date(now);
    if !possible.contains(&day) {
        return Err(Problem::new("payment_day_invalid"));
    }
    Ok(rome::start_of_day(day).micros())
}

/// Somebody else was faster between the look and the decision.
fn in_time(decided: Result<(), Error>) -> Result<(), Problem> {
    match decided {
        Err(Error::NotFound) => Err(Problem::new("conflict")),
        decided => Ok(decided?),
    }
}

/// Approve a claim
///
/// The municipality has checked it and means to pay it.
#[utoipa::path(tag = "claims", operation_id = "approve_claim",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "The claim", body = ShopClaim)),
    extensions(("x-roles" = json!(Decides::ROLES)),
        ("x-problems" = json!(["claim_not_found", "claim_already_approved", "claim_already_paid", "conflict"]))))]
#[post("/v1/admin/claims/{id}/approve")]
pub(super) async fn approve(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let (municipality, user) = (staff.municipality()?, staff.user.uuid());
    let claim = awaiting(&state, municipality, *path, SEALED).await?;
    in_time(state.town(municipality).approve_claim(municipality, claim.id, user, state.clock.now().micros()).await)?;
    let detail = json!({"shop_id": claim.shop_id, "number": claim.number, "amount_cents": claim.amount_cents});
    decided(&state, &claim, user, "claim_approved", detail).await
}

/// Take an approval back
///
/// Until it is paid: there was something that nobody had seen.
#[utoipa::path(tag = "claims", operation_id = "reopen_claim",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "The claim", body = ShopClaim)),
    extensions(("x-roles" = json!(Decides::ROLES)),
        ("x-problems" = json!(["claim_not_found", "claim_not_approved", "claim_already_paid", "conflict"]))))]
#[post("/v1/admin/claims/{id}/reopen")]
pub(super) async fn reopen(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let (municipality, user) = (staff.municipality()?, staff.user.uuid());
    let claim = awaiting(&state, municipality, *path, APPROVED).await?;
    in_time(state.town(municipality).reopen_claim(municipality, claim.id).await)?;
    let detail = json!({"shop_id": claim.shop_id, "number": claim.number, "approved_by": claim.approved_by});
    decided(&state, &claim, user, "claim_reopened", detail).await
}

/// Say that a claim was paid
///
/// Four eyes: another administrator than the one who approved it.
#[utoipa::path(tag = "claims", operation_id = "pay_claim",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "The claim", body = ShopClaim)),
    extensions(("x-roles" = json!(Decides::ROLES)),
        ("x-problems" = json!(["claim_not_found", "claim_not_approved", "claim_already_paid", "four_eyes_required",
            "payment_day_invalid", "conflict"]))))]
#[post("/v1/admin/claims/{id}/paid")]
pub(super) async fn paid(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    body: web::Json<Payment>,
) -> Result<HttpResponse, Problem> {
    let (municipality, user) = (staff.municipality()?, staff.user.uuid());
    let reference = text(&body.reference, 120, "reference")?;
    let claim = awaiting(&state, municipality, *path, APPROVED).await?;
    if claim.approved_by == Some(user) {
        return Err(Problem::new("four_eyes_required"));
    }
    let paid_at = payment_day(&body.paid_on, claim.sealed_at, state.clock.now())?;
    in_time(state.town(municipality).pay_claim(municipality, claim.id, user, paid_at, &reference).await)?;
    let detail = json!({"shop_id": claim.shop_id, "number": claim.number, "amount_cents": claim.amount_cents,
        "paid_on": body.paid_on});
    decided(&state, &claim, user, "claim_paid", detail).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_paid_between_its_day_and_today_in_rome() {
        // half past midnight in Rome is still the day before in UTC
        let at = |day: i8| rome::start_of_day(jiff::civil::date(2026, 11, day)).plus_seconds(1_800);
        let tried = |day: &str| payment_day(day, at(24).micros(), at(26)).map_err(|problem| problem.code());
        for (day, number) in [("2026-11-24", 24), ("2026-11-26", 26)] {
            assert_eq!(tried(day), Ok(rome::start_of_day(jiff::civil::date(2026, 11, number)).micros()));
        }
        for wrong in ["2026-11-23", "2026-11-27", "0001-01-01", "9999-12-31"] {
            assert_eq!(tried(wrong), Err("payment_day_invalid"), "{wrong}");
        }
        for wrong in ["2026-02-30", "24/11/2026", "", "2026-11-24T10:00:00Z"] {
            assert_eq!(tried(wrong), Err("bad_request"), "{wrong}");
        }
    }
}
