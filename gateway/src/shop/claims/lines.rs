//! The lines of a shop's claim, and its answers to what the municipality wrote about them.

use super::own;
use crate::auth::Till;
use crate::claims::{self, Line, LinesQuery, Side};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Listed, Text500};
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::json;
use store::ledger::{Error, NewNote};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the shop has to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Ho lo scontrino, ve lo mando."}))]
struct Answer {
    #[schema(value_type = Text500)]
    text: String,
}

/// The lines of a claim
#[utoipa::path(tag = "till", operation_id = "list_claim_lines",
    params(("id" = Uuid, Path, description = "The claim"), LinesQuery),
    responses((status = 200, description = "A page, by operation", body = Listed<Line>)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["claim_not_found"]))))]
#[get("/v1/claims/{id}/lines")]
pub(in crate::shop) async fn lines(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<Uuid>,
    query: web::Query<LinesQuery>,
) -> Result<HttpResponse, Problem> {
    let of = own(&state, &till, *path).await?;
    Ok(HttpResponse::Ok().json(claims::lines(&state, &state.everything(), of.id, &query).await?))
}

/// Answer what the municipality wrote about a line
///
/// In the place of an earlier answer.
#[utoipa::path(tag = "till", operation_id = "answer_remark",
    params(("id" = Uuid, Path, description = "The claim"), ("operation_id" = Uuid, Path, description = "Its line")),
    responses((status = 204, description = "The municipality can read it")),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["claim_not_found", "remark_not_found"]))))]
#[post("/v1/claims/{id}/lines/{operation_id}/answer")]
pub(in crate::shop) async fn answer(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<(Uuid, Uuid)>,
    body: web::Json<Answer>,
) -> Result<HttpResponse, Problem> {
    let (claim, operation) = path.into_inner();
    let text = Side::Answer.seal(&state, operation, &body.text)?;
    let of = own(&state, &till, claim).await?;
    let new = NewNote { claim, operation, text: &text, now: state.clock.now().micros() };
    match state.everything().answer(of.shop_id, &new).await {
        Err(Error::NotFound) => return Err(Problem::new("remark_not_found")),
        answered => answered?,
    }
    let detail = json!({"operation_id": operation, "shop_id": of.shop_id, "terminal_id": till.0.id});
    state.audit(Some(of.municipality_id), None, "claim_answered", claim, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}
