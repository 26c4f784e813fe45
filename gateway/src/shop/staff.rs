//! `/v1/staff`: who works at a shop's tills. A shop that names nobody is asked nothing.

pub mod card;

use crate::auth::Till;
use crate::edge::new_id;
use crate::nothing::Nothing;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Listed, Page, Text40, text};
use actix_web::{HttpResponse, delete, get, patch, post, web};
use card::{Card, Pin};
use serde::{Deserialize, Deserializer, Serialize};
use store::ledger::{Error, StaffRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// People who may work at a shop at the same time.
const STAFF_MAX: usize = 200;
/// Characters of a name or number.
const LABEL_MAX: usize = 40;

/// Somebody to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Giulia"}))]
struct NewStaff {
    /// A name or a number, as the shop likes.
    #[schema(value_type = Text40)]
    label: String,
    /// What they type when they come to a till.
    #[schema(pattern = "^[0-9]{4,8}$")]
    pin: Option<String>,
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Giulia B."}))]
struct StaffChange {
    #[schema(value_type = Option<Text40>)]
    label: Option<String>,
    /// Another PIN; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4,8}$")]
    pin: Option<Option<String>>,
    /// The one so far, which is needed to change or remove it.
    #[schema(pattern = "^[0-9]{4,8}$")]
    current_pin: Option<String>,
}

/// Null is something else than nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Somebody who works at the shop's tills.
#[derive(Serialize, ToSchema)]
struct StaffMember {
    staff_id: Uuid,
    label: String,
    /// Whether they type a PIN when they come to a till.
    has_pin: bool,
}

impl StaffMember {
    fn of(id: Uuid, card: &Card) -> Self {
        Self { staff_id: id, label: card.label.clone(), has_pin: card.pin_hash.is_some() }
    }
}

/// Those who work there now, in the order of their names.
async fn everybody(state: &AppState, till: &Till) -> Result<Vec<(Uuid, Card)>, Problem> {
    let shop = &till.0.shop;
    let rows = state.town(shop.municipality_id).staff_of(shop.id).await?;
    let here = rows.iter().filter(|row| row.left_at.is_none());
    let mut all = here.map(|row| Ok((row.id, Card::open(&state.keys, row)?))).collect::<Result<Vec<_>, Problem>>()?;
    all.sort_by_cached_key(|(id, card)| (card.label.to_lowercase(), *id));
    Ok(all)
}

/// Two of the same name could not be told apart.
fn unlike_others(all: &[(Uuid, Card)], id: Option<Uuid>, label: &str) -> Result<(), Problem> {
    let same = |(other, card): &(Uuid, Card)| Some(*other) != id && card.label.to_lowercase() == label.to_lowercase();
    if all.iter().any(same) { Err(Problem::new("conflict").with("field", "label")) } else { Ok(()) }
}

/// Somebody of this shop, and what is on their card; of others nobody learns that they exist.
pub(super) async fn member(state: &AppState, till: &Till, id: Uuid) -> Result<(StaffRow, Card), Problem> {
    let shop = &till.0.shop;
    let row = state.town(shop.municipality_id).staff_member(shop.id, id).await?;
    let card = Card::open(&state.keys, &row)?;
    Ok((row, card))
}

/// Who works at the shop's tills
///
/// In the order of their names. Those who have left are no longer there; what they took still says so.
#[utoipa::path(tag = "till", operation_id = "list_staff", params(Page),
    responses((status = 200, description = "A page", body = Listed<StaffMember>)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["not_found"]))))]
#[get("/v1/staff")]
pub(super) async fn list(
    state: web::Data<AppState>,
    till: Till,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let all = everybody(&state, &till).await?;
    let listed = Listed::of_all(&all, &page, |(id, _)| *id, |(id, card)| StaffMember::of(*id, card))?;
    Ok(HttpResponse::Ok().json(listed))
}

/// Add somebody who works at the shop's tills
///
/// With a name or a number, and a PIN if they want one. The name is the shop's: neither the municipality nor holders
/// see it.
#[utoipa::path(tag = "till", operation_id = "add_staff",
    responses((status = 201, description = "They can come to a till", body = StaffMember)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["conflict", "staff_full", "too_many_requests", "not_executed"]))))]
#[post("/v1/staff")]
pub(super) async fn add(
    state: web::Data<AppState>,
    till: Till,
    body: web::Json<NewStaff>,
) -> Result<HttpResponse, Problem> {
    let (label, shop) = (text(&body.label, LABEL_MAX, "label")?, &till.0.shop);
    let pin = body.pin.as_deref().map(|pin| Pin::parse(pin, "pin")).transpose()?;
    let all = everybody(&state, &till).await?;
    unlike_others(&all, None, &label)?;
    if all.len() >= STAFF_MAX {
        return Err(Problem::new("staff_full").with("staff_max", STAFF_MAX));
    }
    let id = new_id();
    let card = Card { label, pin_hash: hashed(&state, pin).await? };
    let row = StaffRow {
        id,
        municipality_id: shop.municipality_id,
        shop_id: shop.id,
        card: card.seal(&state.keys, id)?,
        locked_until: None,
        created_at: state.clock.now().micros(),
        left_at: None,
    };
    state.town(shop.municipality_id).add_staff(&row).await?;
    Ok(HttpResponse::Created().json(StaffMember::of(id, &card)))
}

async fn hashed(state: &AppState, pin: Option<Pin>) -> Result<Option<String>, Problem> {
    match pin {
        None => Ok(None),
        Some(pin) => pin.hashed(state).await.map(Some),
    }
}

/// Call somebody something else, or give them another PIN
///
/// A PIN that is set is needed to change or remove it. Who has forgotten it is removed and added again.
#[utoipa::path(tag = "till", operation_id = "change_staff", params(("id" = Uuid, Path, description = "Who")),
    responses((status = 200, description = "As they are now", body = StaffMember)),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["bad_request", "not_found", "conflict",
        "staff_pin_required", "staff_pin_wrong", "staff_locked", "too_many_requests", "not_executed",
        "payload_too_large"]))))]
#[patch("/v1/staff/{id}")]
pub(super) async fn change(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<Uuid>,
    body: web::Json<StaffChange>,
) -> Result<HttpResponse, Problem> {
    let label = body.label.as_deref().map(|label| text(label, LABEL_MAX, "label")).transpose()?;
    let parsed = |pin: &Option<String>, field| pin.as_deref().map(|pin| Pin::parse(pin, field)).transpose();
    let pin = body.pin.as_ref().map(|pin| parsed(pin, "pin")).transpose()?;
    let current = parsed(&body.current_pin, "current_pin")?;
    let (row, mut card) = member(&state, &till, *path).await?;
    if let Some(label) = label {
        unlike_others(&everybody(&state, &till).await?, Some(row.id), &label)?;
        card.label = label;
    }
    if let Some(pin) = pin {
        card.admit(&state, &row, current).await?;
        card.pin_hash = hashed(&state, pin).await?;
    }
    let sealed = card.seal(&state.keys, row.id)?;
    match state.town(row.municipality_id).change_staff(&row, &sealed).await {
        // another till was faster
        Err(Error::NotFound) => Err(Problem::new("conflict")),
        changed => Ok(changed.map(|()| HttpResponse::Ok().json(StaffMember::of(row.id, &card)))?),
    }
}

/// Somebody no longer works at the shop's tills
///
/// They leave whatever till they are at. What they took stays theirs, under their name; whoever never took anything is
/// forgotten.
#[utoipa::path(tag = "till", operation_id = "remove_staff", params(("id" = Uuid, Path, description = "Who")),
    responses((status = 204, description = "They have left")),
    extensions(("x-roles" = json!(Till::ROLES)), ("x-problems" = json!(["bad_request", "not_found", "payload_too_large"]))))]
#[delete("/v1/staff/{id}")]
pub(super) async fn remove(
    state: web::Data<AppState>,
    till: Till,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let (row, card) = member(&state, &till, *path).await?;
    let name_alone = Card { pin_hash: None, ..card }.seal(&state.keys, row.id)?;
    state.town(row.municipality_id).remove_staff(&row, &name_alone, state.clock.now().micros()).await?;
    Ok(HttpResponse::NoContent().finish())
}
