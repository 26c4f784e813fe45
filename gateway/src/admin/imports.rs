//! `/v1/admin/shops/import`, `/v1/admin/beneficiaries/import`, `/v1/admin/imports`: upload, look,
//! decide, and undo until the first message has gone.

mod application;
mod report;
mod undo;
mod upload;

pub use application::apply;
pub use report::{File, dry_run};

use crate::auth::{Reads, Staff, Works};
use crate::nothing::Nothing;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use crate::wire::{Instant, Listed, Page};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use report::{ImportCounts, ImportReport};
use serde::Serialize;
use std::time::Duration;
use store::ledger::ImportRow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// How long an upload waits for another one to be worked on, as long as the console waits for it.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(upload::shops)
        .service(upload::beneficiaries)
        .service(list)
        .service(one)
        .service(apply_import)
        .service(undo::undo);
}

/// An upload in the list.
#[derive(Serialize, ToSchema)]
struct ImportItem {
    id: Uuid,
    municipality_id: Uuid,
    /// The programme that its vouchers belong to; null for shops.
    programme_id: Option<Uuid>,
    /// `shops` or `beneficiaries`.
    kind: String,
    /// `dry_run`, `applying`, `applied` or `undone`.
    status: String,
    file_name: String,
    report: ImportCounts,
    created_at: Instant,
    applied_at: Option<Instant>,
    undone_at: Option<Instant>,
}

/// An upload with all that is right and wrong with it.
#[derive(Serialize, ToSchema)]
struct Import {
    import_id: Uuid,
    /// `shops` or `beneficiaries`.
    kind: String,
    /// `dry_run`, `applying`, `applied` or `undone`.
    status: String,
    file_name: String,
    /// The programme that its vouchers belong to; null for shops.
    programme_id: Option<Uuid>,
    report: ImportReport,
}

fn item(row: ImportRow) -> Result<ImportItem, Problem> {
    Ok(ImportItem {
        report: ImportReport::stored(&row.report)?.counts,
        id: row.id,
        municipality_id: row.municipality_id,
        programme_id: row.programme_id,
        kind: row.kind,
        status: row.status,
        file_name: row.file_name,
        created_at: Instant(row.created_at),
        applied_at: row.applied_at.map(Instant),
        undone_at: row.undone_at.map(Instant),
    })
}

/// The municipality's uploads
///
/// Newest first, each with the counts of its report.
#[utoipa::path(tag = "imports", operation_id = "list_imports", params(Page),
    responses((status = 200, description = "A page of uploads", body = Listed<ImportItem>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/imports")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let municipality = staff.municipality()?;
    let rows = state.town(municipality).imports(municipality, page.before(), limit).await?;
    let Listed { items, next_cursor } = Listed::page(rows, limit, |row| row.id.to_string(), item);
    let items = items.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Listed { items, next_cursor }))
}

/// One upload
#[utoipa::path(tag = "imports", operation_id = "get_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, description = "The upload and its report", body = Import)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/admin/imports/{id}")]
async fn one(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    request: HttpRequest,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let row = state.town(municipality).import(municipality, *path).await?;
    let report = ImportReport::stored(&row.report)?.worded(&state.texts, Lang::of(request.headers(), &Lang::WHOLE));
    Ok(HttpResponse::Ok().json(Import {
        import_id: row.id,
        kind: row.kind,
        status: row.status,
        file_name: row.file_name,
        programme_id: row.programme_id,
        report,
    }))
}

/// Apply an upload
///
/// Its right rows become shops, or holders with vouchers. May be repeated after a crash: whoever
/// has a voucher by then is passed over.
#[utoipa::path(tag = "imports", operation_id = "apply_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, description = "What was made", body = application::Applied)),
    extensions(("x-roles" = json!(Works::ROLES)),
        ("x-problems" = json!(["not_found", "import_not_applicable", "over_budget", "conflict", "validity_invalid",
            ENGINE]))))]
#[post("/v1/admin/imports/{id}/apply")]
async fn apply_import(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(apply(&state, Some(staff.user), staff.municipality()?, *path).await?))
}
