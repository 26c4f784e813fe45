//! `/v1/admin/messages`: what was sent to holders, and what was not.

use crate::auth::{Reads, Staff, Works};
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Instant, Listed, limit};
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::MessageRow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(resend);
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
    #[param(inline)]
    status: Option<MessageStatus>,
}

/// What became of a message.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum MessageStatus {
    Pending,
    Sent,
    Failed,
    Suppressed,
}

impl MessageStatus {
    const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }
}

/// A message: never its text nor its address, which are personal.
#[derive(Serialize, ToSchema)]
struct Message {
    id: Uuid,
    voucher_id: Uuid,
    /// The municipality's own name for the case; null where the import that brought it was undone.
    reference: Option<String>,
    /// Which text.
    #[schema(example = "voucher_link")]
    template: String,
    /// `pending`, `sent`, `failed` or `suppressed`.
    status: String,
    /// How often it was tried.
    attempts: i64,
    created_at: Instant,
    sent_at: Option<Instant>,
    /// How many SMS it took.
    segments: Option<i64>,
    /// Why it failed.
    error: Option<String>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Self {
            id: row.id,
            voucher_id: row.voucher_id,
            reference: row.reference,
            template: row.template,
            status: row.status,
            attempts: row.attempts,
            created_at: Instant(row.created_at),
            sent_at: row.sent_at.map(Instant),
            segments: row.segments,
            error: row.error,
        }
    }
}

/// Messages to the municipality's holders
///
/// Newest first.
#[utoipa::path(tag = "messages", operation_id = "list_messages", params(Query),
    responses((status = 200, description = "A page of messages", body = Listed<Message>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/messages")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (limit(query.limit)?, query.cursor.unwrap_or(Uuid::max()));
    let municipality = staff.municipality()?;
    let status = query.status.map_or("", MessageStatus::code);
    let rows = state.town(municipality).messages(municipality, before, status, limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(rows, limit, |row| row.id.to_string(), Message::from)))
}

/// Send a message again
///
/// 404 also for one that waits to be sent anyway.
#[utoipa::path(tag = "messages", operation_id = "resend_message",
    params(("id" = Uuid, Path, description = "The message")),
    responses((status = 202, description = "It will be sent")),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/admin/messages/{id}/resend")]
async fn resend(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    state.town(municipality).resend_message(municipality, *path, state.clock.now().micros()).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "message_resent", *path, json!({})).await?;
    Ok(HttpResponse::Accepted().finish())
}
