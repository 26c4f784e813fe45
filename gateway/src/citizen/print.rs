//! `GET /v1/citizen/voucher/print.pdf`: the holder's voucher on paper.

use crate::auth::Citizen;
use crate::paper::{self, sheet::sheet};
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::{HttpRequest, HttpResponse, get, web};
use documents::Sheets;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// A sheet, or a card to be cut out.
    #[serde(default)]
    #[param(inline)]
    size: Size,
}

/// How large a voucher on paper is.
#[derive(Deserialize, ToSchema, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// A sheet.
    #[default]
    A4,
    /// A card to be cut out.
    Card,
}

/// The voucher on paper
///
/// With its balance at the moment of print, its QR code and the code to say, the shops, the rules; never with the PIN.
#[utoipa::path(tag = "citizen", operation_id = "print_own_voucher", params(Query),
    responses((status = 200, description = "PDF/A-2a and PDF/UA-1", content_type = "application/pdf")),
    extensions(("x-roles" = json!(Citizen::ROLES)),
        ("x-problems" = json!(["voucher_not_found", "voucher_reissued", "no_documents", "press_busy", ENGINE]))))]
#[get("/v1/citizen/voucher/print.pdf")]
pub(super) async fn print(
    state: web::Data<AppState>,
    request: HttpRequest,
    citizen: Citizen,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    printed(&state, Lang::of(request.headers(), &Lang::ALL), &citizen, query.size).await
}

/// The voucher of that size, in that language.
///
/// # Errors
/// Those of [`sheet`] and [`paper::pdf`].
pub async fn printed(state: &AppState, lang: Lang, citizen: &Citizen, size: Size) -> Result<HttpResponse, Problem> {
    let sheet = sheet(state, lang, citizen, Vec::new()).await?;
    match size {
        Size::A4 => paper::pdf(state, lang, Sheets { sheets: vec![sheet] }, "buono.pdf").await,
        Size::Card => paper::pdf(state, lang, sheet, "buono-tessera.pdf").await,
    }
}
