//! `GET /v1/admin/audit`: who did what.

use crate::auth::{SignedIn, Staff};
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Instant, Listed, Page};
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use serde_json::Value;
use store::ledger::AuditRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// One thing that somebody did.
#[derive(Serialize, ToSchema)]
struct AuditEntry {
    id: Uuid,
    /// Who; null for the system and for shops.
    user_id: Option<Uuid>,
    /// What, a stable name.
    #[schema(example = "voucher_blocked")]
    action: String,
    /// To what: an id.
    target: String,
    /// More, without personal data.
    #[schema(value_type = Object, example = json!({"reason": "Smarrito dal titolare"}))]
    detail: Value,
    at: Instant,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            action: row.action,
            target: row.target,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            at: Instant(row.at),
        }
    }
}

/// Who did what in the municipality
///
/// Newest first. An operator reads what belongs to no municipality: who of them signed in, and whom they made an operator.
#[utoipa::path(tag = "audit", operation_id = "list_audit", params(Page),
    responses((status = 200, description = "A page of the log", body = Listed<AuditEntry>)),
    extensions(("x-roles" = json!(SignedIn::ROLES))))]
#[get("/v1/admin/audit")]
pub(super) async fn list(
    state: web::Data<AppState>,
    staff: Staff<SignedIn>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let rows = state.ledger_of(staff.municipality).audit(staff.municipality, page.before(), limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, |row| row.id.to_string(), AuditEntry::from)))
}
