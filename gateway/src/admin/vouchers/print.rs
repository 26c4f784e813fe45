//! `POST /v1/admin/vouchers/print.pdf`: vouchers for people without a telephone, from the office's printer.

use super::{holder, own};
use crate::auth::{Citizen, Staff, Works};
use crate::paper::{self, sheet::sheet};
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::{HttpResponse, post, web};
use documents::{Sheet, Sheets};
use domain::ids::VoucherId;
use serde::Deserialize;
use serde_json::json;
use store::ledger::VoucherRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// Vouchers of one document; more are printed in parts.
const SHEETS_MAX: usize = 200;

/// Which vouchers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"voucher_ids": ["01900000-0000-7000-8000-000000000000"]}))]
struct Print {
    /// In the order in which they are to come out of the printer.
    #[schema(min_items = 1, max_items = 200)]
    voucher_ids: Vec<Uuid>,
}

/// Vouchers on paper
///
/// One A4 sheet or more for each, in Italian, with name and address where envelopes have their window. A sheet can be
/// spent by whoever has it: who printed which is on record.
#[utoipa::path(tag = "vouchers", operation_id = "print_vouchers",
    responses((status = 200, description = "PDF/A-2a and PDF/UA-1", content_type = "application/pdf")),
    extensions(("x-roles" = json!(Works::ROLES)),
        ("x-problems" = json!(["voucher_not_found", "no_documents", "press_busy", ENGINE]))))]
#[post("/v1/admin/vouchers/print.pdf")]
pub(super) async fn print(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    body: web::Json<Print>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    if body.voucher_ids.is_empty() || body.voucher_ids.len() > SHEETS_MAX {
        return Err(Problem::new("bad_request").with("field", "voucher_ids").with("vouchers_max", SHEETS_MAX));
    }
    let mut sheets = Vec::with_capacity(body.voucher_ids.len());
    for id in &body.voucher_ids {
        let row = own(&state, municipality, *id).await?;
        sheets.push(addressed(&state, &row).await?);
    }
    let detail = json!({"voucher_ids": body.voucher_ids});
    state.audit(Some(municipality), Some(staff.user.uuid()), "vouchers_printed", "vouchers", detail).await?;
    paper::pdf(&state, Lang::It, Sheets { sheets }, "buoni.pdf").await
}

/// The sheet with its holder's name.
async fn addressed(state: &AppState, row: &VoucherRow) -> Result<Sheet, Problem> {
    let (holder, personal) = holder(state, row).await?;
    let name = format!("{} {}", personal.surname, personal.name).trim().to_owned();
    let lines = std::iter::once(name).chain(personal.address).chain([holder.reference]);
    let recipient = lines.filter(|line| !line.is_empty()).collect();
    let citizen = Citizen {
        voucher: VoucherId::new(row.id),
        generation: u32::try_from(row.generation).unwrap_or(1),
        kept: false,
    };
    sheet(state, Lang::It, &citizen, recipient).await
}
