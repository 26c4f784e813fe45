//! `/v1/statements`: a shop has a list of its operations sent by mail.

use super::operations::export::{Clerk, FileFormat, Wanted};
use super::operations::instant;
use super::operations::whose::{of_this_shop, whose, written};
use crate::auth::Till;
use crate::edge::new_id;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::texts::Lang;
use crate::wire::{DayOrInstant, Instant, Listed, Page, StaffOrNone};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use domain::contacts::Email;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{OperationFilter, StatementRequest};
use utoipa::ToSchema;
use uuid::Uuid;

/// Mails that a shop may ask for within a day: whoever finds a till floods nobody with it.
const DAILY_MAX: i64 = 20;
const DAY_US: i64 = 86_400_000_000;
/// Seconds until a shop that had its share should come again.
const AGAIN_S: u64 = 3_600;

/// Which list, and where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-11-01", "to": "2026-11-30", "email": "negozio@example.org", "format": "pdf"}))]
struct Ask {
    /// The first day in Rome, or the first instant, RFC 3339.
    #[schema(value_type = DayOrInstant)]
    from: String,
    /// The last day in Rome, all of it, or the instant before which.
    #[schema(value_type = DayOrInstant)]
    to: String,
    /// Where to: the shop's, or its accountant's.
    #[schema(format = Email, max_length = 254)]
    email: String,
    format: FileFormat,
    /// Only this till's; everybody's when absent.
    terminal: Option<Uuid>,
    /// Only what this member of the shop's staff took, or with `none` only what is nobody's in particular.
    #[schema(value_type = Option<StaffOrNone>)]
    staff: Option<String>,
}

/// A list by mail. The address is not repeated, and is forgotten once the mail has gone.
#[derive(Serialize, ToSchema)]
struct Statement {
    statement_id: Uuid,
    from: Instant,
    to: Instant,
    #[schema(value_type = FileFormat)]
    format: String,
    #[schema(value_type = StatementStatus)]
    status: &'static str,
    /// How often it was tried.
    attempts: i64,
    /// Which till asked.
    terminal_id: Uuid,
    /// Only this till's operations are in it; null for all tills.
    terminal: Option<Uuid>,
    /// Only what this member of the shop's staff took is in it, or with `none` only what is nobody's in particular; null
    /// for everybody.
    #[schema(value_type = Option<StaffOrNone>)]
    staff: Option<String>,
    created_at: Instant,
    sent_at: Option<Instant>,
}

/// What became of a list by mail.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only the interface's description has it as a type")]
enum StatementStatus {
    /// On its way, perhaps not for the first time.
    Pending,
    Sent,
    /// It was tried for hours, or the address does not exist.
    Failed,
}

impl From<StatementRequest> for Statement {
    fn from(row: StatementRequest) -> Self {
        Self {
            statement_id: row.id,
            from: Instant(row.from_at),
            to: Instant(row.to_at),
            format: row.format,
            status: match row.status.as_str() {
                "sent" => "sent",
                "failed" => "failed",
                _ => "pending",
            },
            attempts: row.attempts,
            terminal_id: row.terminal_id,
            terminal: row.only_terminal_id,
            staff: written(row.only_staff),
            created_at: Instant(row.created_at),
            sent_at: row.sent_at.map(Instant),
        }
    }
}

/// Send a list of operations by mail
///
/// To the shop's address or to its accountant's. The mail says which shop asked for it and when, and nothing that
/// anybody typed at the till. A shop may ask for twenty in a day.
///
/// With `terminal` or `staff` it is the list that `GET /v1/operations` has for the same values, and the mail says that it
/// is not everybody's; of which till or person, XLSX and PDF say themselves.
#[utoipa::path(tag = "till", operation_id = "send_statement",
    responses((status = 202, description = "It will be sent; ask for the list of statements to see whether it was",
        body = Statement)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["validity_invalid", "not_found", "list_too_long", "too_many_requests", ENGINE]))))]
#[post("/v1/statements")]
pub(super) async fn send(
    state: web::Data<AppState>,
    till: Till,
    request: HttpRequest,
    body: web::Json<Ask>,
) -> Result<HttpResponse, Problem> {
    let wrong = |field: &str| Problem::new("bad_request").with("field", field);
    let (from, to) = (instant(&body.from, false)?, instant(&body.to, true)?);
    if from >= to {
        return Err(Problem::new("validity_invalid"));
    }
    let email = Email::parse(&body.email).map_err(|_| wrong("email"))?;
    let (terminal, staff) = (body.terminal, whose(body.staff.as_deref())?);
    let (shop, now) = (&till.0.shop, state.clock.now().micros());
    if state.everything().statement_requests_since(shop.id, now - DAY_US).await? >= DAILY_MAX {
        return Err(Problem::new("too_many_requests").retry_after(AGAIN_S));
    }
    of_this_shop(&state.everything(), shop.id, terminal, staff).await?;
    // what was answered before this request is in the list
    state.settled().await?;
    let filter = OperationFilter { terminal, staff, ..OperationFilter::all(from.micros(), to.micros()) };
    let lang = Lang::of(request.headers(), &Lang::WHOLE);
    Clerk::of(&state).measure(&Wanted { shop, filter, lang, now }, body.format).await?;
    let id = new_id();
    let address = state.keys.seal("statement_request", id, email.as_str().as_bytes(), &state.entropy());
    let row = StatementRequest {
        id,
        municipality_id: shop.municipality_id,
        shop_id: shop.id,
        terminal_id: till.0.id,
        format: body.format.code().to_owned(),
        language: lang.tag().to_owned(),
        from_at: from.micros(),
        to_at: to.micros(),
        address: address.map_err(|_| Problem::new("internal_error"))?,
        only_terminal_id: terminal,
        only_staff: staff,
        status: "pending".to_owned(),
        attempts: 0,
        not_before: now,
        created_at: now,
        sent_at: None,
        error: None,
    };
    state.everything().add_statement_request(&row).await?;
    let detail = json!({"shop_id": shop.id, "terminal_id": till.0.id, "format": row.format});
    state.audit(Some(shop.municipality_id), None, "statement_requested", id, detail).await?;
    Ok(HttpResponse::Accepted().json(Statement::from(row)))
}

/// Lists that the shop asked to have by mail
///
/// The latest first, with what became of each.
#[utoipa::path(tag = "till", operation_id = "list_statements", params(Page),
    responses((status = 200, description = "A page", body = Listed<Statement>)),
    extensions(("x-roles" = json!(Till::ROLES))))]
#[get("/v1/statements")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let rows = state.everything().statement_requests(till.0.shop.id, page.before(), limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, |row| row.id.to_string(), Statement::from)))
}
