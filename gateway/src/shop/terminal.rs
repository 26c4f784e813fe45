//! `/v1/terminal`: what a till may do with itself, which is to be called something else and to leave.

use crate::auth::Till;
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Text60, text};
use actix_web::{HttpResponse, delete, patch, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Cassa del pane"}))]
struct Rename {
    /// What the shop calls the till.
    #[schema(value_type = Text60)]
    label: String,
}

/// The till as it is called now.
#[derive(Serialize, ToSchema)]
struct Renamed {
    id: Uuid,
    label: String,
}

/// Call this till something else
#[utoipa::path(tag = "till", operation_id = "rename_terminal",
    responses((status = 200, description = "Its new name", body = Renamed)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["bad_request", "not_found", "payload_too_large"]))))]
#[patch("/v1/terminal")]
pub(super) async fn rename(
    state: web::Data<AppState>,
    till: Till,
    body: web::Json<Rename>,
) -> Result<HttpResponse, Problem> {
    let (terminal, municipality) = (till.0.id, till.0.shop.municipality_id);
    let label = text(&body.label, 60, "label")?;
    state.town(municipality).rename_terminal(municipality, terminal, &label).await?;
    state.directory_changed().await?;
    state.audit(Some(municipality), None, "terminal_renamed", terminal, json!({"label": label})).await?;
    Ok(HttpResponse::Ok().json(Renamed { id: terminal, label }))
}

/// Leave the shop
///
/// The till's token is worth nothing from now on; what it took stays as it is. Whoever wants to come
/// back needs a new code.
#[utoipa::path(tag = "till", operation_id = "leave_shop",
    responses((status = 204, description = "It has left")),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["bad_request", "not_found", "payload_too_large"]))))]
#[delete("/v1/terminal")]
pub(super) async fn leave(state: web::Data<AppState>, till: Till, _body: Nothing) -> Result<HttpResponse, Problem> {
    let (terminal, municipality) = (till.0.id, till.0.shop.municipality_id);
    state.town(municipality).revoke_terminal(municipality, terminal, state.clock.now().micros()).await?;
    state.directory_changed().await?;
    state.audit(Some(municipality), None, "terminal_left", terminal, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}
