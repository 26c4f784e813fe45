//! The operations as a file that Italian Excel opens.

use super::super::answers::receipt_code;
use super::{kind_of, owed};
use crate::auth::Till;
use crate::csv_out::{Cell, Csv};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::HttpResponse;
use actix_web::http::header;
use domain::clock::Timestamp;
use domain::rome;
use store::ledger::{OperationFilter, OperationRow};

/// Rows that one file may have; more is asked for in parts.
const ROWS_MAX: usize = 200_000;

/// All rows of the range.
async fn everything(state: &AppState, till: &Till, filter: OperationFilter) -> Result<Vec<OperationRow>, Problem> {
    let mut filter = OperationFilter { after: None, limit: 5_000, ..filter };
    let mut all: Vec<OperationRow> = Vec::new();
    loop {
        let rows = state.everything().shop_operations(till.0.shop.id, &filter).await?;
        let Some(last) = rows.last() else {
            return Ok(all);
        };
        filter.after = Some((last.decided_at, last.id));
        all.extend(rows);
        if all.len() > ROWS_MAX {
            return Err(Problem::new("payload_too_large").with("rows_max", ROWS_MAX));
        }
    }
}

/// All operations of the range.
pub(super) async fn file(state: &AppState, till: &Till, filter: OperationFilter) -> Result<HttpResponse, Problem> {
    let rows = everything(state, till, filter).await?;
    let labels = &state.directory.now().terminal_labels;
    let mut csv = Csv::new(&[
        "Data",
        "Ora",
        "Operazione",
        "Importo",
        "Stornato",
        "Saldo buono",
        "Cassa",
        "Ricevuta",
        "Codice operazione",
        "Codice buono",
        "Progressivo buono",
    ]);
    for row in &rows {
        let at = rome::local(Timestamp::from_micros(row.decided_at));
        csv.row(&[
            Cell::Text(&at.strftime("%d/%m/%Y").to_string()),
            Cell::Text(&at.strftime("%H:%M:%S").to_string()),
            Cell::Text(kind_of(row)),
            Cell::Cents(owed(&row.kind, row.amount_cents)),
            Cell::Cents(row.reversed_cents),
            Cell::Cents(row.balance_after_cents),
            Cell::Text(row.terminal_id.and_then(|id| labels.get(&id)).map_or("", String::as_str)),
            Cell::Text(&receipt_code(row.id)),
            Cell::Text(&row.id.to_string()),
            Cell::Text(&row.voucher_id.to_string()),
            Cell::Number(row.voucher_seq),
        ]);
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"operazioni.csv\""))
        .body(csv.finish()))
}
