//! `/v1/admin/claims`: the municipality checks line by line what its shops ask, approves it, and says that it paid.

mod decisions;

use crate::auth::{Reads, Staff, Works};
use crate::claims::{self, Claim, ClaimStatus, Line, LinesQuery, Side, document};
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use crate::wire::{Listed, Text500, limit};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{ClaimFilter, ClaimRow, Error, NewNote};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

const SEALED: &str = "sealed";
const APPROVED: &str = "approved";
const PAID: &str = "paid";

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list)
        .service(one)
        .service(lines)
        .service(printed)
        .service(remark)
        .service(decisions::approve)
        .service(decisions::reopen)
        .service(decisions::paid);
}

/// A claim of one of the municipality's shops.
#[derive(Serialize, ToSchema)]
struct ShopClaim {
    #[serde(flatten)]
    claim: Claim,
    shop_id: Uuid,
    /// The name over the door.
    shop: Option<String>,
    /// Who approved it.
    approved_by: Option<Uuid>,
    /// Who wrote down that it was paid.
    paid_by: Option<Uuid>,
}

impl ShopClaim {
    fn of(state: &AppState, row: ClaimRow) -> Self {
        let shop = state.directory.now().shops.get(&row.shop_id).map(|shop| shop.name.clone());
        let (shop_id, approved_by, paid_by) = (row.shop_id, row.approved_by, row.paid_by);
        Self { claim: row.into(), shop_id, shop, approved_by, paid_by }
    }
}

/// A claim of this municipality.
async fn own(state: &AppState, municipality: Uuid, id: Uuid) -> Result<ClaimRow, Problem> {
    match state.town(municipality).claim_of_town(municipality, id).await {
        Err(Error::NotFound) => Err(Problem::new("claim_not_found")),
        row => Ok(row?),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// Only these.
    #[param(inline, value_type = Option<ClaimStatus>)]
    status: Option<String>,
    /// Only this shop's.
    shop: Option<Uuid>,
}

/// What the municipality's shops have claimed
///
/// The latest first.
#[utoipa::path(tag = "claims", operation_id = "list_shops_claims", params(Query),
    responses((status = 200, description = "A page", body = Listed<ShopClaim>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/claims")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let status = query.status.clone().unwrap_or_default();
    if query.status.is_some() && ![SEALED, APPROVED, PAID].contains(&status.as_str()) {
        return Err(Problem::new("bad_request").with("field", "status"));
    }
    let limit = limit(query.limit)?;
    let filter = ClaimFilter { before: query.cursor.unwrap_or(Uuid::max()), status, shop: query.shop, limit };
    let rows = state.town(municipality).claims_of_town(municipality, &filter).await?;
    let page = Listed::page(rows, limit, |row| row.id.to_string(), |row| ShopClaim::of(&state, row));
    Ok(HttpResponse::Ok().json(page))
}

/// One claim
#[utoipa::path(tag = "claims", operation_id = "get_shops_claim",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "Where it is", body = ShopClaim)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["claim_not_found"]))))]
#[get("/v1/admin/claims/{id}")]
async fn one(state: web::Data<AppState>, staff: Staff<Reads>, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let row = own(&state, staff.municipality()?, *path).await?;
    Ok(HttpResponse::Ok().json(ShopClaim::of(&state, row)))
}

/// The lines of a claim
#[utoipa::path(tag = "claims", operation_id = "list_shops_claim_lines",
    params(("id" = Uuid, Path, description = "The claim"), LinesQuery),
    responses((status = 200, description = "A page, by operation", body = Listed<Line>)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["claim_not_found"]))))]
#[get("/v1/admin/claims/{id}/lines")]
async fn lines(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    path: web::Path<Uuid>,
    query: web::Query<LinesQuery>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let of = own(&state, municipality, *path).await?;
    Ok(HttpResponse::Ok().json(claims::lines(&state, &state.town(municipality), of.id, &query).await?))
}

/// A claim as a document
///
/// With the account on which the shop wants to be paid; who looked is in the audit log.
#[utoipa::path(tag = "claims", operation_id = "get_shops_claim_document",
    params(("id" = Uuid, Path, description = "The claim")),
    responses((status = 200, description = "A debit note, PDF/A-2a and PDF/UA-1", content_type = "application/pdf")),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["claim_not_found", "no_documents", "press_busy"]))))]
#[get("/v1/admin/claims/{id}/document.pdf")]
async fn printed(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    request: HttpRequest,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let claim = own(&state, municipality, *path).await?;
    let document = document::print(&state, &claim, Lang::of(request.headers(), &Lang::WHOLE)).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "claim_printed", claim.id, json!({})).await?;
    Ok(document)
}

/// What the municipality has to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Importo insolito: mandate lo scontrino."}))]
struct Remark {
    #[schema(value_type = Text500)]
    text: String,
}

/// Write something about a line
///
/// The shop reads it and can answer. In the place of an earlier remark; until the claim is paid.
#[utoipa::path(tag = "claims", operation_id = "remark_line",
    params(("id" = Uuid, Path, description = "The claim"), ("operation_id" = Uuid, Path, description = "Its line")),
    responses((status = 204, description = "The shop can read it")),
    extensions(("x-roles" = json!(Works::ROLES)),
        ("x-problems" = json!(["claim_not_found", "operation_not_found", "claim_already_paid"]))))]
#[post("/v1/admin/claims/{id}/lines/{operation_id}/remark")]
async fn remark(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<(Uuid, Uuid)>,
    body: web::Json<Remark>,
) -> Result<HttpResponse, Problem> {
    let ((claim, operation), municipality) = (path.into_inner(), staff.municipality()?);
    let text = Side::Remark.seal(&state, operation, &body.text)?;
    if own(&state, municipality, claim).await?.status == PAID {
        return Err(Problem::new("claim_already_paid"));
    }
    let new = NewNote { claim, operation, text: &text, now: state.clock.now().micros() };
    match state.town(municipality).remark(municipality, &new).await {
        Err(Error::NotFound) => return Err(Problem::new("operation_not_found")),
        remarked => remarked?,
    }
    let detail = json!({"operation_id": operation});
    state.audit(Some(municipality), Some(staff.user.uuid()), "claim_remarked", claim, detail).await?;
    Ok(HttpResponse::NoContent().finish())
}
