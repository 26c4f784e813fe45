//! `/v1/tickets`: a shop asks its municipality, and reads what it answered.

use super::answers::receipt_code;
use super::idempotency::IdempotencyKey;
use super::operations::receipt;
use crate::auth::Till;
use crate::edge::{SystemEntropy, new_id};
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::wire::{Instant, Listed, Page, TicketStatus, text};
use actix_web::{HttpResponse, get, post, web};
use domain::ids::ShopId;
use domain::keys::{OpKey, RequestHash};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::keys::Keys;
use store::ledger::{Error, OperationFilter, TicketRow};
use store::seal::Sealed;
use utoipa::ToSchema;
use uuid::Uuid;

/// Tickets that a shop may write within a day: whoever finds a till floods nobody with it.
const DAILY_MAX: i64 = 20;
const DAY_US: i64 = 86_400_000_000;
/// Seconds until a shop that had its share should come again.
const AGAIN_S: u64 = 3_600;
/// Characters with which something can be said.
const TEXT_MIN: usize = 10;
/// Characters of a ticket, and of its answer.
pub(crate) const TEXT_MAX: usize = 2_000;
const TABLE: &str = "ticket";
/// Operations with the same receipt code that are looked at: the code is a part of an id.
const SAME_RECEIPT_MAX: i64 = 100;

/// What a shop asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Il lettore non legge più i buoni stampati."}))]
struct NewTicket {
    /// What is wrong, in 10 to 2,000 characters.
    #[schema(
        min_length = 10,
        max_length = 2000,
        pattern = "^[^\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F]*[^\\s\\u0000-\\u001F\\u007F-\\u009F][^\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F]*$"
    )]
    text: String,
    /// The receipt that it is about, if there is one.
    #[schema(pattern = "^[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}$")]
    receipt_code: Option<String>,
    /// The same by the operation's id; where both are given they must be the same.
    operation_id: Option<Uuid>,
}

/// A ticket as its shop sees it.
#[derive(Serialize, ToSchema)]
struct Ticket {
    ticket_id: Uuid,
    text: String,
    /// What it is about, if it is about one operation.
    operation_id: Option<Uuid>,
    /// The same, to read aloud.
    receipt_code: Option<String>,
    #[schema(value_type = TicketStatus)]
    status: &'static str,
    /// What the municipality says; null until it does.
    answer: Option<String>,
    created_at: Instant,
    answered_at: Option<Instant>,
}

/// Everything that people wrote in a ticket, which is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Texts {
    pub text: String,
    pub answer: Option<String>,
}

impl Texts {
    pub fn seal(&self, keys: &Keys, id: Uuid) -> Result<Sealed, Problem> {
        let bytes = serde_json::to_vec(self).map_err(|_| Problem::new("internal_error"))?;
        Ok(keys.seal(TABLE, id, &bytes, &SystemEntropy)?)
    }

    pub fn open(keys: &Keys, row: &TicketRow) -> Result<Self, Problem> {
        let bytes = keys.unseal(TABLE, row.id, &row.texts)?;
        serde_json::from_slice(&bytes).map_err(|_| Problem::new("internal_error"))
    }
}

/// Where a ticket is, as the interface names it.
pub(crate) fn status(row: &TicketRow) -> &'static str {
    if row.answered_at.is_some() { "answered" } else { "open" }
}

impl Ticket {
    fn of(state: &AppState, row: &TicketRow) -> Result<Self, Problem> {
        let Texts { text, answer } = Texts::open(&state.keys, row)?;
        Ok(Self {
            ticket_id: row.id,
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

impl NewTicket {
    fn hash(&self) -> RequestHash {
        let operation = self.operation_id.map(Uuid::into_bytes).unwrap_or_default();
        let code = self.receipt_code.as_deref().unwrap_or_default().as_bytes();
        RequestHash::of(&[b"ticket", self.text.as_bytes(), code, &operation])
    }

    /// The operation that it is about, which is the shop's own; also one that was answered a moment ago.
    async fn operation(&self, state: &AppState, shop: Uuid) -> Result<Option<Uuid>, Problem> {
        let missing = || Problem::new("operation_not_found");
        match (&self.receipt_code, self.operation_id) {
            (None, None) => Ok(None),
            (code, Some(id)) => {
                let code = code.as_deref().map(|code| receipt(code, "receipt_code")).transpose()?;
                let row = state.operation(id).await?;
                let same = code.is_none_or(|code| id.as_bytes().ends_with(&code));
                Some(id).filter(|_| same && row.shop_id == Some(shop)).map(Some).ok_or_else(missing)
            }
            (Some(code), None) => {
                let receipt = Some(receipt(code, "receipt_code")?);
                state.settled().await?;
                let until = state.clock.now().plus_seconds(60).micros();
                let filter = OperationFilter { receipt, limit: SAME_RECEIPT_MAX, ..OperationFilter::all(0, until) };
                let rows = state.everything().shop_operations(shop, &filter).await?;
                rows.last().map(|row| Some(row.operation.id)).ok_or_else(missing)
            }
        }
    }
}

/// What a shop wrote under this key before, if it did.
async fn before(state: &AppState, shop: Uuid, key: OpKey, hash: RequestHash) -> Result<Option<HttpResponse>, Problem> {
    match state.everything().ticket_by_key(shop, &key.0).await? {
        None => Ok(None),
        Some(known) if known.request_hash != hash.0 => Err(Problem::new("idempotency_key_reused")),
        Some(known) => {
            let mut answer = HttpResponse::Ok();
            Ok(Some(answer.insert_header(("Idempotency-Replayed", "true")).json(Ticket::of(state, &known)?)))
        }
    }
}

/// Ask the municipality
///
/// For what can wait: whoever cannot, calls. A shop may ask twenty times in a day.
#[utoipa::path(tag = "till", operation_id = "add_ticket", params(IdempotencyKey),
    responses((status = 201, description = "The municipality has it", body = Ticket)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["operation_not_found", "too_many_requests", "conflict", ENGINE]))))]
#[post("/v1/tickets")]
pub(super) async fn add(
    state: web::Data<AppState>,
    till: Till,
    key: IdempotencyKey,
    body: web::Json<NewTicket>,
) -> Result<HttpResponse, Problem> {
    let (shop, now) = (&till.0.shop, state.clock.now().micros());
    let written = text(&body.text, TEXT_MAX, "text")?;
    if body.text.chars().count() < TEXT_MIN {
        return Err(Problem::new("bad_request").with("field", "text").with("characters_min", TEXT_MIN));
    }
    let (key, hash) = (OpKey::of_shop(ShopId::new(shop.id), &key.0), body.hash());
    if let Some(before) = before(&state, shop.id, key, hash).await? {
        return Ok(before);
    }
    let operation_id = body.operation(&state, shop.id).await?;
    if state.everything().tickets_since(shop.id, now - DAY_US).await? >= DAILY_MAX {
        return Err(Problem::new("too_many_requests").retry_after(AGAIN_S));
    }
    let id = new_id();
    let row = TicketRow {
        id,
        municipality_id: shop.municipality_id,
        shop_id: shop.id,
        terminal_id: till.0.id,
        operation_id,
        op_key: key.0.to_vec(),
        request_hash: hash.0.to_vec(),
        texts: Texts { text: written, answer: None }.seal(&state.keys, id)?,
        created_at: now,
        answered_at: None,
    };
    match state.town(shop.municipality_id).add_ticket(&row).await {
        // the same attempt, sent twice at once, was faster
        Err(Error::Conflict) => return before(&state, shop.id, key, hash).await?.ok_or(Problem::new("conflict")),
        added => added?,
    }
    let detail = json!({"shop_id": shop.id, "terminal_id": till.0.id});
    state.audit(Some(shop.municipality_id), None, "ticket_added", id, detail).await?;
    Ok(HttpResponse::Created().json(Ticket::of(&state, &row)?))
}

/// What the shop asked
///
/// The latest first, with what the municipality answered.
#[utoipa::path(tag = "till", operation_id = "list_tickets", params(Page),
    responses((status = 200, description = "A page", body = Listed<Ticket>)),
    extensions(("x-roles" = json!(Till::ROLES))))]
#[get("/v1/tickets")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let (limit, shop) = (page.limit()?, &till.0.shop);
    let rows = state.town(shop.municipality_id).tickets(shop.id, page.before(), limit).await?;
    let listed = Listed::page(rows, limit, |row| row.id.to_string(), |row| Ticket::of(&state, &row));
    Ok(HttpResponse::Ok().json(listed.whole()?))
}
