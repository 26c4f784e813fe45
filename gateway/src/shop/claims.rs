//! `/v1/claims`: a shop seals what it is owed, and follows what becomes of it.

pub(super) mod lines;

use super::deadline::Deadline;
use super::idempotency::IdempotencyKey;
use super::operations::instant;
use crate::auth::Till;
use crate::claims::account::contacts;
use crate::claims::{Claim, document};
use crate::edge::new_id;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use crate::wire::{self, DayOrInstant, Listed, Object, Page};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use domain::ids::ShopId;
use domain::keys::{OpKey, RequestHash};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use store::ledger::{ClaimRow, Error, NewClaim, ShopRow};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;
use uuid::Uuid;

/// After this no attempt seals anything: a key under which there is no claim then never has one. Tills ask for longer
/// (`LATE_MS` of the app).
const SEALS_WITHIN: Duration = Duration::from_secs(15);

/// Up to when, and how much.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"through": "2026-11-24"}))]
struct Seal {
    /// What somebody was shown and said yes to; whatever it is when absent. Another till may have taken more since.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    amount_cents: Option<i64>,
    /// The last day in Rome, all of it, or the instant of what was shown; everything until now when absent.
    #[serde(default)]
    #[schema(value_type = Option<DayOrInstant>)]
    through: Option<String>,
}

impl Seal {
    /// Of what older versions knew it is what they made of it.
    fn hash(&self) -> RequestHash {
        let through = self.through.as_deref().unwrap_or_default().as_bytes();
        match self.amount_cents {
            None => RequestHash::of(&[b"claim", through]),
            Some(cents) => RequestHash::of(&[b"claim", through, &cents.to_le_bytes()]),
        }
    }
}

/// What a shop could claim now.
#[derive(Serialize, ToSchema)]
struct Unclaimed {
    /// How many operations.
    operations: i64,
    /// What was taken less what was given back.
    amount_cents: i64,
    /// The first of them.
    from: Option<wire::Instant>,
    /// The last.
    to: Option<wire::Instant>,
    /// Operations before this instant. Whoever seals through it seals what was shown, whatever is taken meanwhile.
    through: wire::Instant,
}

/// Up to when a claim made now reaches, microseconds: never into the future, where nothing is decided yet.
fn through(text: Option<&str>, now: i64) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(now) };
    let end = instant(text, true).map_err(|_| Problem::new("bad_request").with("field", "through"))?;
    Ok(end.micros().min(now))
}

/// Seal what the shop is owed
///
/// Everything that no claim of the shop holds yet, through a day. What is sealed can no longer be given back at the
/// till. A reversal of something that was sealed before is a line of the next claim.
#[utoipa::path(tag = "till", operation_id = "seal_claim", params(IdempotencyKey, Deadline), request_body = Seal,
    responses((status = 201, description = "The claim", body = Claim)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["nothing_to_claim", "claim_changed", "iban_required", "conflict", "amount_invalid", ENGINE]))))]
#[post("/v1/claims")]
pub(super) async fn seal(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    _: Deadline,
    body: web::Json<Object<Seal>>,
) -> Result<HttpResponse, Problem> {
    let until = Instant::now() + SEALS_WITHIN;
    let shop = &till.0.shop;
    let now = state.clock.now().micros();
    let through_at = through(body.through.as_deref(), now)?;
    if body.amount_cents.is_some_and(|cents| cents <= 0) {
        return Err(Problem::new("amount_invalid"));
    }
    let attempt = Attempt { key: OpKey::of_shop(ShopId::new(shop.id), &key.0), request: body.hash() };
    if let Some(before) = attempt.before(&state, shop).await? {
        return Ok(before);
    }
    if contacts(&state, shop.id).await?.iban.is_none() {
        return Err(Problem::new("iban_required"));
    }
    // where it is cut off, the commit has not been asked for, or whoever asks for the key waits for it in the ledger
    let sealing = timeout_at(until, put_under_seal(&state, shop, &attempt, body.amount_cents, (through_at, now)));
    let row = match sealing.await.map_err(|_| Problem::new("outcome_unknown"))? {
        Ok(row) => row,
        // the same attempt, sent twice at once, was faster
        Err(problem) => return attempt.before(&state, shop).await?.ok_or(problem),
    };
    let detail = json!({"shop_id": shop.id, "number": row.number, "amount_cents": row.amount_cents});
    state.audit(Some(shop.municipality_id), None, "claim_sealed", row.id, detail).await?;
    metrics::counter!("buono_claims_sealed_total").increment(1);
    Ok(HttpResponse::Created().json(Claim::from(row)))
}

/// What a till tries, however often it sends it.
struct Attempt {
    key: OpKey,
    request: RequestHash,
}

impl Attempt {
    /// What became of it, if it was made before.
    async fn before(&self, state: &AppState, shop: &ShopRow) -> Result<Option<HttpResponse>, Problem> {
        match state.everything().claim_by_key(shop.id, &self.key.0).await? {
            Some(known) if known.request_hash != self.request.0 => Err(Problem::new("idempotency_key_reused")),
            Some(known) => {
                let mut answer = HttpResponse::Ok();
                Ok(Some(answer.insert_header(("Idempotency-Replayed", "true")).json(Claim::from(known))))
            }
            None => Ok(None),
        }
    }
}

/// First nothing of it can be given back any more, on any node; then everything that was decided before reaches the
/// ledger; then the lines are drawn. Where there is nothing to seal, nothing is sealed.
async fn put_under_seal(
    state: &AppState,
    shop: &ShopRow,
    attempt: &Attempt,
    confirmed: Option<i64>,
    (through_at, now): (i64, i64),
) -> Result<ClaimRow, Problem> {
    state.settled().await?;
    let amount_cents = state.everything().unclaimed(shop.id, through_at).await?.amount_cents;
    if amount_cents <= 0 {
        return Err(Problem::new("nothing_to_claim"));
    }
    if confirmed.is_some_and(|confirmed| confirmed != amount_cents) {
        return Err(Problem::new("claim_changed").with("amount_cents", amount_cents));
    }
    state.everything().seal_shop(shop.id, through_at - 1).await?;
    state.directory_changed().await?;
    state.settled().await?;
    let (id, municipality) = (new_id(), shop.municipality_id);
    let (key, request_hash) = (&attempt.key.0[..], &attempt.request.0[..]);
    let new = NewClaim { id, municipality, shop: shop.id, key, request_hash, through_at, now };
    match state.everything().add_claim(&new).await {
        Err(Error::NotFound) => Err(Problem::new("nothing_to_claim")),
        sealed => Ok(sealed?),
    }
}

/// What the shop has claimed
///
/// The latest first, with where each of them is and when it should be paid.
#[utoipa::path(tag = "till", operation_id = "list_claims", params(Page),
    responses((status = 200, description = "A page", body = Listed<Claim>)),
    extensions(("x-roles" = json!(Till::ROLES))))]
#[get("/v1/claims")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let rows = state.everything().claims(till.0.shop.id, page.before(), limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, |row| row.id.to_string(), Claim::from)))
}

/// What the shop could claim now
#[utoipa::path(tag = "till", operation_id = "get_unclaimed",
    responses((status = 200, description = "Everything that no claim holds", body = Unclaimed)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!([ENGINE]))))]
#[get("/v1/claims/unclaimed")]
pub(super) async fn unclaimed(state: web::Data<AppState>, till: Till) -> Result<HttpResponse, Problem> {
    state.settled().await?;
    let through_at = state.clock.now().micros();
    let found = state.everything().unclaimed(till.0.shop.id, through_at).await?;
    let some = |at| (found.operations > 0).then_some(wire::Instant(at));
    Ok(HttpResponse::Ok().json(Unclaimed {
        operations: found.operations,
        amount_cents: found.amount_cents,
        from: some(found.from_at),
        to: some(found.to_at),
        through: wire::Instant(through_at),
    }))
}

/// What became of a key of this shop's claims
///
/// 404 `never_executed` is final 15 seconds after the last attempt under the key reached the server.
#[utoipa::path(tag = "till", operation_id = "get_claim_by_key",
    params(("key" = String, Path, description = "The `Idempotency-Key` of the attempt",
        min_length = 8, max_length = 64, pattern = "^[!-~]+$")),
    responses((status = 200, description = "The claim that was sealed under it", body = Claim)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["never_executed"]))))]
#[get("/v1/claims/by-key/{key}")]
pub(super) async fn by_key(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    // what could not be a key has sealed nothing either
    let key = IdempotencyKey::parse(&path).map_err(|_| Problem::new("never_executed"))?;
    let shop = till.0.shop.id;
    let key = OpKey::of_shop(ShopId::new(shop), &key.0);
    let found = state.everything().claim_by_key_at_rest(shop, &key.0).await?;
    let row = found.ok_or(Problem::new("never_executed"))?;
    Ok(HttpResponse::Ok().json(Claim::from(row)))
}

/// A claim of this shop; of others nobody learns that they exist.
async fn own(state: &AppState, till: &Till, id: Uuid) -> Result<ClaimRow, Problem> {
    match state.everything().claim(till.0.shop.id, id).await {
        Err(Error::NotFound) => Err(Problem::new("claim_not_found")),
        found => Ok(found?),
    }
}

/// A claim
#[utoipa::path(tag = "till", operation_id = "get_claim", params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "Where it is", body = Claim)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["claim_not_found"]))))]
#[get("/v1/claims/{id}")]
pub(super) async fn claim(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Claim::from(own(&state, &till, *path).await?)))
}

/// A claim as a document
#[utoipa::path(tag = "till", operation_id = "get_claim_document",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "A debit note, PDF/A-2a and PDF/UA-1", content_type = "application/pdf")),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["claim_not_found", "no_documents", "press_busy"]))))]
#[get("/v1/claims/{id}/document.pdf")]
pub(super) async fn printed(
    state: web::Data<AppState>,
    till: Till,
    request: HttpRequest,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = own(&state, &till, *path).await?;
    document::print(&state, &row, Lang::of(request.headers(), &Lang::WHOLE)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rome;

    #[test]
    fn a_claim_reaches_to_the_end_of_a_day_and_never_into_the_future() {
        let noon = rome::start_of_day(jiff::civil::date(2026, 11, 25)).plus_seconds(12 * 3600).micros();
        assert_eq!(through(None, noon).unwrap(), noon);
        assert_eq!(through(Some("2026-11-25"), noon).unwrap(), noon);
        let midnight = rome::start_of_day(jiff::civil::date(2026, 11, 25)).micros();
        assert_eq!(through(Some("2026-11-24"), noon).unwrap(), midnight);
        // the days on which the hour changes have 25 and 23 hours
        for (day, after, hours) in
            [("2026-10-25", (10, 26), 25), ("2026-03-29", (3, 30), 23), ("2026-10-24", (10, 25), 24)]
        {
            let end = rome::start_of_day(jiff::civil::date(2026, after.0, after.1));
            assert_eq!(through(Some(day), noon).unwrap(), end.micros(), "{day}");
            let first = rome::start_of_day(day.parse().unwrap());
            assert_eq!(end.micros() - first.micros(), hours * 3_600_000_000, "{day}");
        }
        assert_eq!(through(Some("2026-11-24T10:00:00.000001Z"), noon).unwrap(), midnight - 13 * 3_600_000_000 + 1);
        assert_eq!(through(Some("2026-11-26T00:00:00Z"), noon).unwrap(), noon);
        for wrong in ["2026-02-30", "24/11/2026", "", "2026-11-24T10:00:00"] {
            assert_eq!(through(Some(wrong), noon).unwrap_err().code(), "bad_request", "{wrong}");
        }
    }
}
