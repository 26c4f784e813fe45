//! `GET /v1/admin/vouchers/{id}/history`: everything that ever happened to a voucher.

use super::own;
use crate::auth::{Reads, Staff};
use crate::directory::Snapshot;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{DeclineCode, Instant, Listed, OperationKind, kind_name, limit};
use actix_web::{HttpResponse, get, web};
use domain::voucher::Kind;
use serde::{Deserialize, Serialize};
use store::ledger::OperationRow;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(minimum = 0, maximum = 4_294_967_295_i64)]
    cursor: Option<u32>,
}

/// Something that happened, or was refused.
#[derive(Serialize, ToSchema)]
struct HistoryEntry {
    operation_id: Uuid,
    /// Its place in the voucher's life.
    voucher_seq: i64,
    #[schema(value_type = OperationKind)]
    kind: &'static str,
    amount_cents: i64,
    /// What the voucher was worth afterwards, holds included.
    balance_cents: i64,
    /// How much of that was held.
    held_cents: i64,
    #[schema(value_type = Option<DeclineCode>)]
    decline: Option<String>,
    /// The name of the shop that asked.
    shop: Option<String>,
    /// The member of staff who asked.
    user_id: Option<Uuid>,
    decided_at: Instant,
}

impl HistoryEntry {
    fn new(row: &OperationRow, directory: &Snapshot) -> Self {
        Self {
            operation_id: row.id,
            voucher_seq: row.voucher_seq,
            kind: Kind::from_code(&row.kind).map_or("unknown", kind_name),
            amount_cents: row.amount_cents,
            balance_cents: row.balance_after_cents,
            held_cents: row.held_after_cents,
            decline: row.decline.clone(),
            shop: row.shop_id.and_then(|id| directory.shops.get(&id)).map(|shop| shop.name.clone()),
            user_id: row.user_id,
            decided_at: Instant(row.decided_at),
        }
    }
}

/// Everything that happened to a voucher
///
/// In order from its beginning, declines included.
#[utoipa::path(tag = "vouchers", operation_id = "list_voucher_history",
    params(("id" = Uuid, Path, description = "The voucher"), Query),
    responses((status = 200, description = "A page of its history", body = Listed<HistoryEntry>)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["voucher_not_found"]))))]
#[get("/v1/admin/vouchers/{id}/history")]
pub(super) async fn history(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    path: web::Path<Uuid>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    own(&state, municipality, *path).await?;
    let (limit, after) = (limit(query.limit)?, query.cursor.unwrap_or_default());
    let rows = state.town(municipality).voucher_operations(*path, i64::from(after), limit).await?;
    let directory = state.directory.now();
    let seq = |row: &OperationRow| row.voucher_seq.to_string();
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, seq, |row| HistoryEntry::new(&row, &directory))))
}
