//! `GET /v1/operations`: what a shop has taken, and what became of a key.

mod csv;
pub mod export;
mod pdf;
mod totals;
pub mod whose;
mod xlsx;

use super::answers::receipt_code;
use super::idempotency::IdempotencyKey;
use super::staff::card::names;
use crate::auth::Till;
use crate::paper::press::has_letters;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use crate::wire::{DayOrInstant, DeclineCode, Instant, OperationKind, StaffOrNone, kind_name, limit};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use data_encoding::HEXUPPER;
use domain::clock::Timestamp;
use domain::ids::ShopId;
use domain::keys::OpKey;
use domain::rome;
use domain::voucher::Kind;
use export::{Clerk, FileFormat, Wanted};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::ledger::{Error, OperationFilter, OperationRow, TakenRow};
use totals::Totals;
use utoipa::ToSchema;
use uuid::Uuid;
use whose::whose;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Query {
    /// The first day in Rome, or the first instant, RFC 3339; from the beginning when absent.
    #[param(value_type = Option<DayOrInstant>, inline)]
    from: Option<String>,
    /// The last day in Rome, all of it, or the instant before which; until now when absent.
    #[param(value_type = Option<DayOrInstant>, inline)]
    to: Option<String>,
    /// Only this till's.
    terminal: Option<Uuid>,
    /// Only what this member of the shop's staff took, or with `none` only what is nobody's in particular.
    #[param(value_type = Option<StaffOrNone>, inline)]
    staff: Option<String>,
    /// Only those with this receipt code, as it was read aloud; a file has all of them.
    #[param(pattern = "^[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}$")]
    receipt: Option<String>,
    /// JSON in pages, or all of the range as a file: CSV for any spreadsheet, at most 200,000 operations, XLSX at most
    /// 50,000, PDF at most 2,000.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

#[derive(Deserialize, ToSchema, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
    Xlsx,
    Pdf,
}

impl Format {
    const fn file(self) -> Option<FileFormat> {
        match self {
            Self::Json => None,
            Self::Csv => Some(FileFormat::Csv),
            Self::Xlsx => Some(FileFormat::Xlsx),
            Self::Pdf => Some(FileFormat::Pdf),
        }
    }
}

/// What a till may offer to download, as [`Format`] names it: PDF only where there are letters to print with.
pub(super) fn files() -> Vec<&'static str> {
    let made = FileFormat::ALL.into_iter().filter(|format| *format != FileFormat::Pdf || has_letters());
    made.map(FileFormat::code).collect()
}

/// Money that a shop took, or gave back.
#[derive(Serialize, ToSchema)]
struct OperationItem {
    operation_id: Uuid,
    #[schema(value_type = OperationKind)]
    kind: &'static str,
    voucher_id: Uuid,
    /// Its place in the voucher's life.
    voucher_seq: i64,
    terminal_id: Option<Uuid>,
    amount_cents: i64,
    /// How much of it was given back since.
    reversed_cents: i64,
    /// What the voucher was worth afterwards, holds included.
    balance_cents: i64,
    /// What could be taken afterwards.
    available_cents: i64,
    /// To read aloud.
    receipt_code: String,
    decided_at: Instant,
    /// The operation that this one gives back; null for others.
    reverses: Option<Uuid>,
}

/// The same in a list, with who took it.
#[derive(Serialize, ToSchema)]
struct TakenItem {
    #[serde(flatten)]
    operation: OperationItem,
    /// Who was at the till; null for nobody in particular.
    staff_id: Option<Uuid>,
    /// What the shop calls them.
    staff: Option<String>,
    /// Whether it can no longer be given back: a claim was made, or begun, that covers it.
    sealed: bool,
}

/// What became of a key.
#[derive(Serialize, ToSchema)]
struct KeyOutcome {
    #[serde(flatten)]
    operation: OperationItem,
    /// `done` or `declined`.
    result: &'static str,
    #[schema(value_type = Option<DeclineCode>)]
    decline: Option<String>,
}

/// A page of operations.
#[derive(Serialize, ToSchema)]
struct OperationsPage {
    items: Vec<TakenItem>,
    /// Where the next page begins; null on the last.
    #[schema(required = true)]
    next_cursor: Option<Uuid>,
    /// Of the whole range, whatever receipt was asked for; only on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
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

impl From<&OperationRow> for OperationItem {
    fn from(row: &OperationRow) -> Self {
        Self {
            operation_id: row.id,
            kind: kind_of(row),
            voucher_id: row.voucher_id,
            voucher_seq: row.voucher_seq,
            terminal_id: row.terminal_id,
            amount_cents: row.amount_cents,
            reversed_cents: row.reversed_cents,
            balance_cents: row.balance_after_cents,
            available_cents: row.balance_after_cents - row.held_after_cents,
            receipt_code: receipt_code(row.id),
            decided_at: Instant(row.decided_at),
            reverses: row.target_id.filter(|_| row.kind == "reverse"),
        }
    }
}

impl TakenItem {
    fn of(row: &TakenRow, names: &HashMap<Uuid, String>, sealed_through: Option<i64>) -> Self {
        let staff = row.staff_id.and_then(|id| names.get(&id)).cloned();
        let sealed = sealed_through.is_some_and(|through| row.operation.decided_at <= through);
        Self { operation: (&row.operation).into(), staff_id: row.staff_id, staff, sealed }
    }
}

/// What became of a key of this shop
///
/// 404 `never_executed` is final only if no attempt under the key is still on its way: once the `Deadline` of each is over,
/// where they had one.
#[utoipa::path(tag = "till", operation_id = "get_operation_by_key",
    params(("key" = String, Path, description = "The `Idempotency-Key` of the attempt",
        min_length = 8, max_length = 64, pattern = "^[!-~]+$")),
    responses((status = 200, description = "Its recorded outcome", body = KeyOutcome)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["never_executed", ENGINE]))))]
#[get("/v1/operations/by-key/{key}")]
pub(super) async fn by_key(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    // what could not be a key has done nothing either
    let key = IdempotencyKey::parse(&path).map_err(|_| Problem::new("never_executed"))?;
    let shop = till.0.shop.id;
    let key = OpKey::of_shop(ShopId::new(shop), &key.0);
    let row = state.operation_by_key(shop, key).await?.ok_or(Problem::new("never_executed"))?;
    Ok(HttpResponse::Ok().json(KeyOutcome {
        operation: (&row).into(),
        result: if row.decline.is_some() { "declined" } else { "done" },
        decline: row.decline,
    }))
}

/// What the shop has taken
///
/// Redemptions, captures and reversals, oldest first, with totals for each day in Rome, each till and whoever was there.
/// Of a till or a person that is not the shop's the list is empty. With `terminal` or `staff`, XLSX and PDF say whose list
/// it is.
#[utoipa::path(tag = "till", operation_id = "list_operations", params(Query),
    responses((status = 200, description = "A page, or the file", content(
        (OperationsPage = "application/json"), (String = "text/csv; charset=utf-8"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/pdf")))),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["not_found", "list_too_long", "no_documents", "press_busy", ENGINE]))))]
#[get("/v1/operations")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    request: HttpRequest,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let from = query.from.as_deref().map_or(Ok(Timestamp::EPOCH), |text| instant(text, false))?;
    let to = query.to.as_deref().map_or(Ok(state.clock.now().plus_seconds(60)), |text| instant(text, true))?;
    let file = query.format.file();
    let receipt = query.receipt.as_deref().map(|code| receipt(code, "receipt")).transpose()?;
    let filter = OperationFilter {
        from: from.micros(),
        to: to.micros(),
        terminal: query.terminal,
        staff: whose(query.staff.as_deref())?,
        receipt: receipt.filter(|_| file.is_none()),
        after: place(&state, &till, query.cursor).await?,
        limit: limit(query.limit)?,
    };
    state.settled().await?;
    let Some(format) = file else { return page(&state, &till, filter).await };
    let (lang, now) = (Lang::of(request.headers(), &Lang::WHOLE), state.clock.now().micros());
    let wanted = Wanted { shop: &till.0.shop, filter, lang, now };
    let bytes = Clerk::of(&state).file(wanted, format).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.media()))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(format))))
        .body(bytes))
}

/// How a list is called once it is saved.
pub fn file_name(format: FileFormat) -> String {
    format!("operazioni.{}", format.code())
}

/// The end of an operation's id, which its receipt code shows.
///
/// # Errors
/// `bad_request` with the field.
pub fn receipt(text: &str, field: &str) -> Result<[u8; 4], Problem> {
    let digits = text.replacen('-', "", 1).to_ascii_uppercase();
    let bytes = HEXUPPER.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(Problem::new("bad_request").with("field", field))
}

/// Where a cursor stands, which is an operation of this shop.
async fn place(state: &AppState, till: &Till, cursor: Option<Uuid>) -> Result<Option<(i64, Uuid)>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    match state.everything().operation(cursor).await {
        Ok(row) if row.shop_id == Some(till.0.shop.id) => Ok(Some((row.decided_at, row.id))),
        Ok(_) | Err(Error::NotFound) => Err(Problem::new("not_found").with("field", "cursor")),
        Err(error) => Err(error.into()),
    }
}

async fn page(state: &AppState, till: &Till, filter: OperationFilter) -> Result<HttpResponse, Problem> {
    let rows = state.everything().shop_operations(till.0.shop.id, &filter).await?;
    let names = names(&state.everything(), &state.keys, till.0.shop.id).await?;
    let full = i64::try_from(rows.len()).unwrap_or(0) == filter.limit;
    let totals = match filter.after.is_none() {
        true => Some(Totals::of(state, &state.everything().shop_hours(till.0.shop.id, &filter).await?, &names)),
        false => None,
    };
    Ok(HttpResponse::Ok().json(OperationsPage {
        items: rows.iter().map(|row| TakenItem::of(row, &names, till.0.shop.sealed_through)).collect(),
        next_cursor: rows.last().filter(|_| full).map(|row| row.operation.id),
        totals,
    }))
}

/// What a shop is owed for operations of a kind: it owes what it gave back.
fn owed(kind: &str, amount_cents: i64) -> i64 {
    if kind == "reverse" { -amount_cents } else { amount_cents }
}
