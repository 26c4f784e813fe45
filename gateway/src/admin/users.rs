//! `/v1/admin/users` and `/v1/admin/municipalities`.

use super::text;
use crate::auth::{Role, Staff};
use crate::edge::{SystemEntropy, new_id};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, post, web};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use domain::contacts::Email;
use serde::Deserialize;
use serde_json::json;
use store::keys::{Keys, random};
use store::ledger::{MunicipalityRow, UserRow};
use totp_rs::{Algorithm, Builder, Totp};
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list)
        .service(add)
        .service(disable)
        .service(enable)
        .service(municipalities)
        .service(add_municipality);
}

/// Characters of the shortest password, and of the longest, since hashing takes its time.
const PASSWORD_MIN: usize = 12;
const PASSWORD_MAX: usize = 256;

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
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What they sign in with.
    pub email: String,
    /// What they may do.
    pub role: String,
    /// Their first password.
    pub password: String,
    /// Whether they need a second factor.
    #[serde(default)]
    pub totp: bool,
    /// Where they work; an operator says it, others add to their own.
    #[serde(default)]
    pub municipality_id: Option<Uuid>,
}

/// The hash of a password that is long enough.
///
/// # Errors
/// `bad_request` with the field and how long it must be.
pub fn check_password(password: &str) -> Result<String, Problem> {
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        return Err(Problem::new("bad_request").with("field", "password").with("characters_min", PASSWORD_MIN));
    }
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &random::<16>(&SystemEntropy));
    Ok(hash.map_err(|_| Problem::new("internal_error"))?.to_string())
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
    let secret = new.totp.then(|| random::<20>(&SystemEntropy));
    let totp_sealed = match &secret {
        None => None,
        Some(secret) => {
            let sealed = keys.seal("app_user", id, secret, &SystemEntropy)?;
            let length = u16::try_from(sealed.wrapped_key.len()).unwrap_or(u16::MAX);
            Some([&length.to_le_bytes()[..], &sealed.wrapped_key, &sealed.sealed].concat())
        }
    };
    let row = UserRow {
        id,
        municipality_id: municipality,
        email: email.as_str().to_owned(),
        role: new.role.clone(),
        password_hash,
        totp_sealed,
        disabled: 0,
    };
    Ok((row, secret.map(|secret| data_encoding::BASE32_NOPAD.encode(&secret))))
}

#[get("/v1/admin/users")]
async fn list(state: web::Data<AppState>, staff: Staff) -> Result<HttpResponse, Problem> {
    let users = state.db.users(Some(staff.reads()?)).await?;
    Ok(HttpResponse::Ok().json(json!({"items": users, "next_cursor": null})))
}

#[post("/v1/admin/users")]
async fn add(state: web::Data<AppState>, staff: Staff, body: web::Json<NewUser>) -> Result<HttpResponse, Problem> {
    let municipality = match staff.role {
        Role::Operator => body.municipality_id,
        _ => Some(staff.decides()?),
    };
    if municipality.is_some_and(|id| !state.directory.now().municipalities.contains_key(&id)) {
        return Err(Problem::new("not_found"));
    }
    let inner = state.clone();
    let made = web::block(move || make_user(&inner.keys, &body, municipality)).await;
    let (row, secret) = made.map_err(|_| Problem::new("not_executed"))??;
    state.db.add_user(&row, state.clock.now().micros()).await?;
    let detail = json!({"role": row.role});
    state.audit(municipality, Some(staff.user.uuid()), "user_added", row.id, detail).await?;
    Ok(HttpResponse::Created().json(json!({"user_id": row.id, "totp_secret": secret})))
}

async fn set_disabled(state: &AppState, staff: &Staff, user: Uuid, disabled: bool) -> Result<HttpResponse, Problem> {
    let municipality = staff.decides()?;
    if user == staff.user.uuid() {
        return Err(Problem::new("conflict"));
    }
    state.db.set_user_disabled(Some(municipality), user, disabled).await?;
    let action = if disabled { "user_disabled" } else { "user_enabled" };
    state.audit(Some(municipality), Some(staff.user.uuid()), action, user, json!({})).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[post("/v1/admin/users/{id}/disable")]
async fn disable(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_disabled(&state, &staff, *path, true).await
}

#[post("/v1/admin/users/{id}/enable")]
async fn enable(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    set_disabled(&state, &staff, *path, false).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMunicipality {
    name: String,
    help_phone: String,
    help_email: String,
}

#[get("/v1/admin/municipalities")]
async fn municipalities(state: web::Data<AppState>, staff: Staff) -> Result<HttpResponse, Problem> {
    staff.operates()?;
    let directory = state.directory.now();
    let mut all: Vec<_> = directory.municipalities.values().collect();
    all.sort_by_key(|municipality| municipality.id);
    Ok(HttpResponse::Ok().json(json!({"items": all, "next_cursor": null})))
}

#[post("/v1/admin/municipalities")]
async fn add_municipality(
    state: web::Data<AppState>,
    staff: Staff,
    body: web::Json<NewMunicipality>,
) -> Result<HttpResponse, Problem> {
    staff.operates()?;
    let row = MunicipalityRow {
        id: new_id(),
        name: text(&body.name, 120, "name")?,
        help_phone: text(&body.help_phone, 40, "help_phone")?,
        help_email: Email::parse(&body.help_email)
            .map(|email| email.as_str().to_owned())
            .map_err(|_| Problem::new("bad_request").with("field", "help_email"))?,
    };
    state.db.add_municipality(&row, state.clock.now().micros()).await?;
    state.directory.reload().await?;
    state.audit(Some(row.id), Some(staff.user.uuid()), "municipality_added", row.id, json!({})).await?;
    Ok(HttpResponse::Created().json(row))
}
