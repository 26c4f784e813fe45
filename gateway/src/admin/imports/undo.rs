//! `POST /v1/admin/imports/{id}/undo`: possible until the first message of the import has gone and
//! while none of its vouchers was used.

use super::super::commands::run;
use super::PATIENCE;
use crate::auth::{Decides, Staff};
use crate::nothing::Nothing;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use actix_web::{HttpResponse, post, web};
use domain::keys::RequestHash;
use domain::voucher::{Action, Reason};
use serde::Serialize;
use serde_json::json;
use store::ledger::VoucherRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// What undoing an import took back.
#[derive(Serialize, ToSchema)]
struct Undone {
    import_id: Uuid,
    #[schema(example = "undone")]
    status: &'static str,
    /// How many shops or vouchers.
    undone: u64,
    /// Vouchers that somebody used while it was being undone: they stay as they are.
    kept: u64,
}

/// Undo an import
///
/// Possible until its first message has gone or one of its vouchers was used: on paper there is no message. Vouchers are
/// closed, but one that is used in this very moment stays; shops that have a till by now stay, too.
#[utoipa::path(tag = "imports", operation_id = "undo_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, description = "What was taken back", body = Undone)),
    extensions(("x-roles" = json!(Decides::ROLES)),
        ("x-problems" = json!(["not_found", "import_not_applicable", "messages_already_sent", "vouchers_used", "conflict",
            ENGINE]))))]
#[post("/v1/admin/imports/{id}/undo")]
pub(super) async fn undo(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let _alone = state.office_alone(PATIENCE).await?;
    let mut row = state.town(municipality).import(municipality, *path).await?;
    // one that was cut off, too: what it would still give may be over the budget by now
    if !matches!(&*row.status, "applied" | "applying") {
        return Err(Problem::new("import_not_applicable").with("import_status", row.status));
    }
    state.settled().await?;
    let vouchers = state.town(municipality).imported_vouchers(row.id).await?;
    // what was spent stays spent, and the same families in a corrected file would be given all of it again; an undo that
    // was cut off goes on
    let used = |voucher: &VoucherRow| voucher.redeemed_cents > 0 || voucher.held_cents > 0;
    if vouchers.iter().any(used) && !vouchers.iter().any(closed) {
        return Err(Problem::new("vouchers_used"));
    }
    let sent = |error| match error {
        store::ledger::Error::Conflict => Problem::new("messages_already_sent"),
        other => other.into(),
    };
    state.town(row.municipality_id).suppress_import(row.id).await.map_err(sent)?;
    "applied".clone_into(&mut row.status);
    let shops = state.town(row.municipality_id).remove_imported_shops(row.id).await?;
    for voucher in vouchers {
        let hash = RequestHash::of(&[b"undo", row.id.as_bytes()]);
        let action = Action::Close { reason: Reason::ImportUndone };
        run(&state, Some(staff.user), voucher.id, (Some("undo"), hash), action).await?;
    }
    state.directory_changed().await?;
    state.settled().await?;
    let (gone, kept): (Vec<_>, Vec<_>) =
        state.town(municipality).imported_vouchers(row.id).await?.into_iter().partition(closed);
    let (undone, kept) = (shops + gone.len() as u64, kept.len() as u64);
    state.town(row.municipality_id).move_import(&row, "undone", state.clock.now().micros()).await?;
    let detail = json!({"undone": undone, "kept": kept});
    state.audit(Some(municipality), Some(staff.user.uuid()), "import_undone", row.id, detail).await?;
    Ok(HttpResponse::Ok().json(Undone { import_id: row.id, status: "undone", undone, kept }))
}

/// Only undoing an import closes a voucher.
fn closed(voucher: &VoucherRow) -> bool {
    voucher.status == "closed"
}
