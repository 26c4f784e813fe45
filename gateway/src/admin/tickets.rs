//! `/v1/admin/tickets`: what shops ask, and the answers.

use crate::auth::{Reads, Staff, Works};
use crate::problem::Problem;
use crate::shop::answers::receipt_code;
use crate::shop::tickets::{TEXT_MAX, Texts, status};
use crate::state::AppState;
use crate::wire::{Instant, Listed, Text2000, TicketStatus, limit, text};
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{Error, TicketRow, TicketState};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(reply);
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Only these.
    #[param(inline)]
    status: Option<Wanted>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Open,
    Answered,
}

/// What a shop asked.
#[derive(Serialize, ToSchema)]
struct ShopTicket {
    ticket_id: Uuid,
    shop_id: Uuid,
    /// The name over its door.
    shop: String,
    /// The till's name; null for one that is gone.
    terminal: Option<String>,
    text: String,
    /// What it is about, if it is about one operation.
    operation_id: Option<Uuid>,
    /// The same, to read aloud.
    receipt_code: Option<String>,
    #[schema(value_type = TicketStatus)]
    status: &'static str,
    answer: Option<String>,
    created_at: Instant,
    answered_at: Option<Instant>,
}

impl ShopTicket {
    fn of(state: &AppState, row: &TicketRow) -> Result<Self, Problem> {
        let (Texts { text, answer }, directory) = (Texts::open(&state.keys, row)?, state.directory.now());
        Ok(Self {
            ticket_id: row.id,
            shop_id: row.shop_id,
            shop: directory.shops.get(&row.shop_id).map(|shop| shop.name.clone()).unwrap_or_default(),
            terminal: directory.terminal_labels.get(&row.terminal_id).cloned(),
            text,
            operation_id: row.operation_id,
            receipt_code: row.operation_id.map(receipt_code),
            status: status(row),
            answer,
            created_at: Instant(row.created_at),
            answered_at: row.answered_at.map(Instant),
        })
    }
}

/// What is answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Passiamo domani mattina."}))]
struct TicketAnswer {
    #[schema(value_type = Text2000)]
    text: String,
}

/// What shops ask
///
/// The latest first.
#[utoipa::path(tag = "tickets", operation_id = "list_shop_tickets", params(Query),
    responses((status = 200, description = "A page of tickets", body = Listed<ShopTicket>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/tickets")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let (limit, municipality) = (limit(query.limit)?, staff.municipality()?);
    let wanted = match query.status {
        None => TicketState::Any,
        Some(Wanted::Open) => TicketState::Open,
        Some(Wanted::Answered) => TicketState::Answered,
    };
    let before = query.cursor.unwrap_or(Uuid::max());
    let rows = state.town(municipality).town_tickets(municipality, wanted, before, limit).await?;
    let listed = Listed::page(rows, limit, |row| row.id.to_string(), |row| ShopTicket::of(&state, &row));
    Ok(HttpResponse::Ok().json(listed.whole()?))
}

/// Answer a shop
///
/// It reads the answer where it asked. What was answered stays as it is: 409 `ticket_answered`.
#[utoipa::path(tag = "tickets", operation_id = "answer_ticket", params(("id" = Uuid, Path, description = "The ticket")),
    responses((status = 200, description = "The ticket with its answer", body = ShopTicket)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found", "ticket_answered"]))))]
#[post("/v1/admin/tickets/{id}/answer")]
async fn reply(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    body: web::Json<TicketAnswer>,
) -> Result<HttpResponse, Problem> {
    let (municipality, now) = (staff.municipality()?, state.clock.now().micros());
    let answer = text(&body.text, TEXT_MAX, "text")?;
    let town = state.town(municipality);
    let row = town.ticket(municipality, *path).await?;
    if row.answered_at.is_some() {
        return Err(Problem::new("ticket_answered"));
    }
    let texts = Texts { answer: Some(answer), ..Texts::open(&state.keys, &row)? }.seal(&state.keys, row.id)?;
    match town.answer_ticket(&row, &texts, staff.user.uuid(), now).await {
        // a colleague was faster
        Err(Error::NotFound) => return Err(Problem::new("ticket_answered")),
        answered => answered?,
    }
    state.audit(Some(municipality), Some(staff.user.uuid()), "ticket_answered", row.id, json!({})).await?;
    let row = TicketRow { texts, answered_at: Some(now), ..row };
    Ok(HttpResponse::Ok().json(ShopTicket::of(&state, &row)?))
}
