//! `/v1/admin/session`: signing in and out.

use super::municipalities::Municipality;
use super::users::PASSWORD_MAX;
use crate::auth::{Role, STAFF_S, SignedIn, Staff, cookie, new_token, staff_token, token_hash};
use crate::passwords;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use domain::contacts::Email;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ledger::{Error, UserRow};
use store::seal::Sealed;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(sign_in).service(who).service(sign_out);
}

/// Address, password, and the second factor for who has one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "anna.bianchi@comune.example", "password": "otto mele rosse"}))]
struct SignIn {
    email: String,
    password: String,
    /// The six digits of the authenticator, for users who have one.
    #[serde(default)]
    totp: Option<String>,
}

/// Who has signed in; the session itself is in a cookie.
#[derive(Serialize, ToSchema)]
struct SignedInUser {
    user_id: Uuid,
    #[schema(value_type = Role)]
    role: String,
    /// Null for an operator.
    municipality_id: Option<Uuid>,
}

/// Whose session it is.
#[derive(Serialize, ToSchema)]
struct SessionOwner {
    user_id: Uuid,
    role: Role,
    /// Null for an operator.
    municipality: Option<Municipality>,
}

/// Verified for an address that does not exist, so that it takes as long as for one that does.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YnVvbm8tbm9ib2R5LXNhbHQ$dGhpcyBoYXNoIG1hdGNoZXMgbm8gcGFzc3dvcmQuLi4u";

/// Whether the typed code is right, for users who have a second factor.
fn totp_matches(state: &AppState, user: &UserRow, typed: Option<&str>) -> Result<bool, Problem> {
    let Some(packed) = &user.totp_sealed else {
        return Ok(true);
    };
    let sealed = unpack(packed).ok_or(Problem::new("internal_error"))?;
    let secret = state.keys.unseal("app_user", user.id, &sealed)?;
    let typed = typed.filter(|typed| !typed.is_empty()).ok_or(Problem::new("totp_required"))?;
    let totp = super::users::totp(secret)?;
    let now = state.clock.now().micros().unsigned_abs() / 1_000_000;
    Ok(totp.check(typed, now).is_some())
}

fn unpack(packed: &[u8]) -> Option<Sealed> {
    let (length, rest) = packed.split_first_chunk::<2>()?;
    let (wrapped, sealed) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some(Sealed { wrapped_key: wrapped.to_vec(), sealed: sealed.to_vec() })
}

/// The user with this address, if there is one and the password is theirs.
async fn authenticated(state: &AppState, request: &HttpRequest, body: SignIn) -> Result<UserRow, Problem> {
    let failed = || Problem::new("sign_in_failed");
    if body.password.chars().count() > PASSWORD_MAX {
        return Err(failed());
    }
    let email = Email::parse(&body.email).map_err(|_| failed())?;
    state.limits.sign_in(request, email.as_str())?;
    let user = match state.everything().user_by_email(email.as_str()).await {
        Err(Error::NotFound) => None,
        found => Some(found?),
    };
    let hash = user.as_ref().map_or(NOBODY.to_owned(), |user| user.password_hash.clone());
    let (permit, password) = (state.limits.hashing()?, body.password);
    let matches = passwords::apart(permit, move || passwords::matches(&hash, &password)).await?;
    let user = user.filter(|user| matches && user.disabled == 0).ok_or_else(failed)?;
    if totp_matches(state, &user, body.totp.as_deref())? { Ok(user) } else { Err(failed()) }
}

/// Sign in
///
/// Opens a session of eight hours in a cookie. 401 `totp_required` when the password is right and
/// the user has a second factor.
#[utoipa::path(tag = "session", operation_id = "sign_in",
    responses((status = 200, description = "Signed in", body = SignedInUser, headers(
        ("Set-Cookie" = String, description = "The session: HttpOnly, SameSite=Strict, and Secure over https")))),
    extensions(("x-problems" = json!(["sign_in_failed", "totp_required", "too_many_requests", "not_executed"]))))]
#[post("/v1/admin/session")]
async fn sign_in(
    state: web::Data<AppState>,
    request: HttpRequest,
    body: web::Json<SignIn>,
) -> Result<HttpResponse, Problem> {
    let user = authenticated(&state, &request, body.into_inner()).await?;
    let token = new_token(&state);
    let until = state.clock.now().plus_seconds(STAFF_S).micros();
    state.everything().add_user_session(&token_hash(&token), user.id, until).await?;
    state.audit(user.municipality_id, Some(user.id), "sign_in", user.id, json!({})).await?;
    Ok(HttpResponse::Ok().cookie(cookie(&state, "staff", token)).json(SignedInUser {
        user_id: user.id,
        role: user.role,
        municipality_id: user.municipality_id,
    }))
}

/// Who has signed in
#[utoipa::path(tag = "session", operation_id = "get_session",
    responses((status = 200, description = "Whose session it is", body = SessionOwner)),
    extensions(("x-roles" = json!(SignedIn::ROLES))))]
#[get("/v1/admin/session")]
async fn who(state: web::Data<AppState>, staff: Staff<SignedIn>) -> HttpResponse {
    let directory = state.directory.now();
    let municipality = staff.municipality.and_then(|id| directory.municipalities.get(&id));
    let municipality = municipality.cloned().map(Municipality::from);
    HttpResponse::Ok().json(SessionOwner { user_id: staff.user.uuid(), role: staff.role, municipality })
}

/// Sign out
///
/// Ends this session; others of the same user go on.
#[utoipa::path(tag = "session", operation_id = "sign_out",
    responses((status = 204, description = "Signed out")),
    extensions(("x-roles" = json!(SignedIn::ROLES))))]
#[delete("/v1/admin/session")]
async fn sign_out(
    state: web::Data<AppState>,
    request: HttpRequest,
    staff: Staff<SignedIn>,
) -> Result<HttpResponse, Problem> {
    if let Some(token) = staff_token(&state, &request) {
        state.everything().end_user_session(&token_hash(&token)).await?;
        let user = staff.user.uuid();
        state.audit(staff.municipality, Some(user), "sign_out", user, json!({})).await?;
    }
    let mut gone = cookie(&state, "staff", String::new());
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::make_totp;
    use crate::edge::SystemEntropy;
    use argon2::{Argon2, PasswordHash, PasswordVerifier};
    use store::keys::Keys;

    #[test]
    fn nobody_has_a_password_that_is_really_hashed() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        let error = PasswordHash::new(NOBODY).map(|hash| Argon2::default().verify_password(b"any", &hash));
        assert!(matches!(error, Ok(Err(argon2::password_hash::Error::PasswordInvalid))), "{error:?}");
    }

    #[test]
    fn the_secret_that_is_shown_is_the_one_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("key"), &SystemEntropy).unwrap();
        let (user, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (packed, shown) = make_totp(&keys, user).unwrap();
        let sealed = unpack(&packed).unwrap();
        let asked_for = keys.unseal("app_user", user, &sealed).unwrap();
        assert_eq!(data_encoding::BASE32_NOPAD.encode(&asked_for), shown);
        assert!(keys.unseal("app_user", other, &sealed).is_err(), "nobody else's factor fits");
        assert_ne!(make_totp(&keys, user).unwrap().1, shown, "a new one is new");
    }
}
