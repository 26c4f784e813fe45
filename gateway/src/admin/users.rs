//! `/v1/admin/users`: who works for the municipality.

use crate::auth::{Appoints, Decides, Reads, Role, Staff};
use crate::edge::{SystemEntropy, new_id};
use crate::nothing::Nothing;
use crate::passwords;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Listed, Page};
use actix_web::{HttpResponse, get, post, web};
use domain::contacts::Email;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::keys::{Keys, random};
use store::ledger::UserRow;
use totp_rs::{Algorithm, Builder, Totp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list).service(add).service(disable).service(enable);
}

/// The shortest password, in characters.
const PASSWORD_MIN: usize = 12;
/// The longest: hashing takes longer for longer ones.
pub(super) const PASSWORD_MAX: usize = 256;

/// A second factor from its secret.
pub fn totp(secret: Vec<u8>) -> Result<Totp, Problem> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .build()
        .map_err(|_| Problem::new("internal_error"))
}

/// Somebody to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "anna.bianchi@comune.example", "role": "clerk", "password": "otto mele rosse"}))]
pub struct NewUser {
    /// What they sign in with.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// What they may do.
    #[schema(value_type = Role)]
    pub role: String,
    /// Their first password.
    #[schema(min_length = 12, max_length = 256)]
    pub password: String,
    /// Whether they need a second factor.
    #[serde(default)]
    pub totp: bool,
    /// Where they work; an operator says it, others add to their own.
    #[serde(default)]
    pub municipality_id: Option<Uuid>,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
struct User {
    id: Uuid,
    /// Where they work; null for an operator.
    municipality_id: Option<Uuid>,
    /// What they sign in with.
    email: String,
    #[schema(value_type = Role)]
    role: String,
    /// Whether they may no longer sign in.
    disabled: bool,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            municipality_id: row.municipality_id,
            email: row.email,
            role: row.role,
            disabled: row.disabled != 0,
        }
    }
}

/// Who was added.
#[derive(Serialize, ToSchema)]
struct UserAdded {
    user_id: Uuid,
    /// The second factor's secret in base32, shown only here; null without one.
    totp_secret: Option<String>,
}

/// The hash of a password that is long enough.
///
/// # Errors
/// `bad_request` with the field and how long it must be.
pub fn check_password(password: &str) -> Result<String, Problem> {
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        return Err(Problem::new("bad_request").with("field", "password").with("characters_min", PASSWORD_MIN));
    }
    passwords::hashed(password)
}

/// A new second factor of a user: sealed, to be stored, and its secret in base32 to show once.
///
/// # Errors
/// `internal_error`.
pub fn make_totp(keys: &Keys, user: Uuid) -> Result<(Vec<u8>, String), Problem> {
    let secret = random::<20>(&SystemEntropy);
    let sealed = keys.seal("app_user", user, &secret, &SystemEntropy)?;
    let length = u16::try_from(sealed.wrapped_key.len()).unwrap_or(u16::MAX);
    let packed = [&length.to_le_bytes()[..], &sealed.wrapped_key, &sealed.sealed].concat();
    Ok((packed, data_encoding::BASE32_NOPAD.encode(&secret)))
}

/// A row to store, and the second factor's secret in base32 to show once.
///
/// # Errors
/// `bad_request` with the field that is wrong.
pub fn make_user(keys: &Keys, new: &NewUser, municipality: Option<Uuid>) -> Result<(UserRow, Option<String>), Problem> {
    let wrong = |field: &str| Problem::new("bad_request").with("field", field);
    let email = Email::parse(&new.email).map_err(|_| wrong("email"))?;
    let role = Role::from_name(&new.role).ok_or_else(|| wrong("role"))?;
    if (role == Role::Operator) != municipality.is_none() {
        return Err(wrong("municipality_id"));
    }
    let password_hash = check_password(&new.password)?;
    let id = new_id();
    let (totp_sealed, secret) = new.totp.then(|| make_totp(keys, id)).transpose()?.unzip();
    let row = UserRow {
        id,
        municipality_id: municipality,
        email: email.as_str().to_owned(),
        role: new.role.clone(),
        password_hash,
        totp_sealed,
        disabled: 0,
    };
    Ok((row, secret))
}

/// The municipality's staff
#[utoipa::path(tag = "users", operation_id = "list_users", params(Page),
    responses((status = 200, description = "A page of users", body = Listed<User>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/users")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let municipality = staff.municipality()?;
    let users = state.town(municipality).users(Some(municipality), page.after(), limit).await?;
    Ok(HttpResponse::Ok().json(Listed::page(users, limit, |user| user.id.to_string(), User::from)))
}

/// Add a member of staff
///
/// An operator says where they work; a municipality's administrator adds to their own.
#[utoipa::path(tag = "users", operation_id = "add_user",
    responses((status = 201, description = "They may sign in", body = UserAdded)),
    extensions(("x-roles" = json!(Appoints::ROLES)), ("x-problems" = json!(["not_found", "conflict", "not_executed"]))))]
#[post("/v1/admin/users")]
async fn add(
    state: web::Data<AppState>,
    staff: Staff<Appoints>,
    body: web::Json<NewUser>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality.or(body.municipality_id);
    // another municipality than the caller's own is as unknown as one that does not exist
    let known = municipality.is_none_or(|id| state.directory.now().municipalities.contains_key(&id));
    if !known || body.municipality_id.is_some() && body.municipality_id != municipality {
        return Err(Problem::new("not_found"));
    }
    let inner = state.clone();
    let made = web::block(move || make_user(&inner.keys, &body, municipality)).await;
    let (row, totp_secret) = made.map_err(|_| Problem::new("not_executed"))??;
    state.ledger_of(row.municipality_id).add_user(&row, state.clock.now().micros()).await?;
    let detail = json!({"role": row.role});
    state.audit(municipality, Some(staff.user.uuid()), "user_added", row.id, detail).await?;
    Ok(HttpResponse::Created().json(UserAdded { user_id: row.id, totp_secret }))
}

async fn set_disabled(
    state: &AppState,
    staff: &Staff<Decides>,
    user: Uuid,
    disabled: bool,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    if user == staff.user.uuid() {
        return Err(Problem::new("conflict"));
    }
    state.town(municipality).set_user_disabled(Some(municipality), user, disabled).await?;
    let action = if disabled { "user_disabled" } else { "user_enabled" };
    state.audit(Some(municipality), Some(staff.user.uuid()), action, user, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lock somebody out
///
/// Their sessions end at once. Nobody can lock out themselves: 409.
#[utoipa::path(tag = "users", operation_id = "disable_user",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 204, description = "They may no longer sign in")),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found", "conflict"]))))]
#[post("/v1/admin/users/{id}/disable")]
async fn disable(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_disabled(&state, &staff, *path, true).await
}

/// Let somebody in again
#[utoipa::path(tag = "users", operation_id = "enable_user",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 204, description = "They may sign in")),
    extensions(("x-roles" = json!(Decides::ROLES)), ("x-problems" = json!(["not_found", "conflict"]))))]
#[post("/v1/admin/users/{id}/enable")]
async fn enable(
    state: web::Data<AppState>,
    staff: Staff<Decides>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    set_disabled(&state, &staff, *path, false).await
}
