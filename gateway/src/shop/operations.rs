//! `GET /v1/operations`: what a shop has taken, and what became of a key.

use super::answers::{kind_name, receipt_code, rfc3339};
use super::idempotency::IdempotencyKey;
use crate::auth::Till;
use crate::csv_out::{Cell, Csv};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use domain::clock::Timestamp;
use domain::ids::ShopId;
use domain::keys::OpKey;
use domain::rome;
use domain::voucher::Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::ledger::{OperationFilter, OperationRow};
use uuid::Uuid;

/// Rows of one page at most.
const PAGE_MAX: i64 = 500;
/// Rows that one range may have; more is asked for in parts.
const RANGE_MAX: usize = 200_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    from: Option<String>,
    to: Option<String>,
    terminal: Option<Uuid>,
    format: Option<String>,
    limit: Option<i64>,
    cursor: Option<Uuid>,
}

/// A day in Rome or an instant; a day as an end means all of it.
pub fn instant(text: &str, end: bool) -> Result<Timestamp, Problem> {
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let day = if end { day.tomorrow().unwrap_or(day) } else { day };
        return Ok(rome::start_of_day(day));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Timestamp::from_micros(at.as_microsecond())),
        Err(_) => Err(Problem::new("bad_request").with("field", if end { "to" } else { "from" })),
    }
}

fn kind_of(row: &OperationRow) -> &'static str {
    Kind::from_code(&row.kind).map_or("unknown", kind_name)
}

fn json_row(row: &OperationRow) -> Value {
    json!({
        "operation_id": row.id,
        "kind": kind_of(row),
        "voucher_id": row.voucher_id,
        "voucher_seq": row.voucher_seq,
        "terminal_id": row.terminal_id,
        "amount_cents": row.amount_cents,
        "reversed_cents": row.reversed_cents,
        "balance_cents": row.balance_after_cents,
        "available_cents": row.balance_after_cents - row.held_after_cents,
        "receipt_code": receipt_code(row.id),
        "decided_at": rfc3339(Timestamp::from_micros(row.decided_at)),
        "reverses": row.target_id.filter(|_| row.kind == "reverse"),
    })
}

#[get("/v1/operations/by-key/{key}")]
pub(super) async fn by_key(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = IdempotencyKey::parse(&path)?;
    let shop = till.0.shop.id;
    let key = OpKey::of_shop(ShopId::new(shop), &key.0).0;
    // "never" must be true: first everything that was answered reaches the ledger
    state.settled().await?;
    let rows = state.db.operations_by_key(shop, &key).await?;
    let row = rows.first().ok_or(Problem::new("never_executed"))?;
    let mut body = json_row(row);
    body["result"] = if row.decline.is_some() { "declined".into() } else { "done".into() };
    body["decline"] = row.decline.clone().into();
    Ok(HttpResponse::Ok().json(body))
}

#[get("/v1/operations")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let from = query.from.as_deref().map_or(Ok(Timestamp::EPOCH), |text| instant(text, false))?;
    let to = query.to.as_deref().map_or(Ok(state.clock.now().plus_seconds(60)), |text| instant(text, true))?;
    state.settled().await?;
    let filter = OperationFilter {
        from: from.micros(),
        to: to.micros(),
        terminal: query.terminal,
        after: query.cursor.unwrap_or_default(),
        limit: query.limit.unwrap_or(100).clamp(1, PAGE_MAX),
    };
    match query.format.as_deref().unwrap_or("json") {
        "json" => page(&state, &till, filter).await,
        "csv" => csv(&state, &till, filter).await,
        _ => Err(Problem::new("bad_request").with("field", "format")),
    }
}

async fn page(state: &AppState, till: &Till, filter: OperationFilter) -> Result<HttpResponse, Problem> {
    let rows = state.db.shop_operations(till.0.shop.id, &filter).await?;
    let full = i64::try_from(rows.len()).unwrap_or(0) == filter.limit;
    let next = rows.last().filter(|_| full).map(|row| row.id);
    let mut body = json!({"items": rows.iter().map(json_row).collect::<Vec<_>>(), "next_cursor": next});
    if filter.after.is_nil() {
        let all = everything(state, till, filter).await?;
        body["totals"] = totals(state, &all);
    }
    Ok(HttpResponse::Ok().json(body))
}

/// All rows of the range.
async fn everything(state: &AppState, till: &Till, filter: OperationFilter) -> Result<Vec<OperationRow>, Problem> {
    let mut filter = OperationFilter { after: Uuid::nil(), limit: 5_000, ..filter };
    let mut all: Vec<OperationRow> = Vec::new();
    loop {
        let rows = state.db.shop_operations(till.0.shop.id, &filter).await?;
        let Some(last) = rows.last() else {
            return Ok(all);
        };
        filter.after = last.id;
        all.extend(rows);
        if all.len() > RANGE_MAX {
            return Err(Problem::new("payload_too_large").with("rows_max", RANGE_MAX));
        }
    }
}

const fn sign(row: &OperationRow, reversal: bool) -> i64 {
    if reversal { -row.amount_cents } else { row.amount_cents }
}

/// What the shop is owed for the range, for each day in Rome and for each till.
fn totals(state: &AppState, rows: &[OperationRow]) -> Value {
    let mut days: BTreeMap<String, i64> = BTreeMap::new();
    let mut tills: BTreeMap<Uuid, i64> = BTreeMap::new();
    let mut total = 0;
    for row in rows {
        let cents = sign(row, row.kind == "reverse");
        total += cents;
        *days.entry(rome::date(Timestamp::from_micros(row.decided_at)).to_string()).or_default() += cents;
        *tills.entry(row.terminal_id.unwrap_or_default()).or_default() += cents;
    }
    let labels = &state.directory.now().terminal_labels;
    let tills: Vec<Value> = tills
        .iter()
        .map(|(id, cents)| json!({"terminal_id": id, "label": labels.get(id), "amount_cents": cents}))
        .collect();
    let days: Vec<Value> = days.iter().map(|(day, cents)| json!({"day": day, "amount_cents": cents})).collect();
    json!({"count": rows.len(), "amount_cents": total, "days": days, "terminals": tills})
}

async fn csv(state: &AppState, till: &Till, filter: OperationFilter) -> Result<HttpResponse, Problem> {
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
            Cell::Cents(sign(row, row.kind == "reverse")),
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
