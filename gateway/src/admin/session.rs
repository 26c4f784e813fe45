//! `/v1/admin/session`: signing in and out.

use crate::auth::{STAFF_S, Staff, cookie, new_token, staff_token, token_hash};
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use serde::Deserialize;
use serde_json::json;
use store::ledger::{Error, UserRow};
use store::seal::Sealed;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(sign_in).service(who).service(sign_out);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: String,
    #[serde(default)]
    totp: Option<String>,
}

/// Verified for an address that does not exist, so that it takes as long as for one that does.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YnVvbm8tbm9ib2R5LXNhbHQ$dGhpcyBoYXNoIG1hdGNoZXMgbm8gcGFzc3dvcmQuLi4u";

fn password_matches(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

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

#[post("/v1/admin/session")]
async fn sign_in(state: web::Data<AppState>, body: web::Json<SignIn>) -> Result<HttpResponse, Problem> {
    let email = body.email.trim().to_lowercase();
    if body.password.len() > 256 || email.len() > 254 {
        return Err(Problem::new("sign_in_failed"));
    }
    state.limits.sign_in(&email)?;
    let user = match state.db.user_by_email(&email).await {
        Err(Error::NotFound) => None,
        found => Some(found?),
    };
    let (hash, password) =
        (user.as_ref().map_or(NOBODY.to_owned(), |u| u.password_hash.clone()), body.password.clone());
    // hashing takes tens of milliseconds: not on a thread that serves tills
    let matches =
        web::block(move || password_matches(&hash, &password)).await.map_err(|_| Problem::new("not_executed"))?;
    let user = user.filter(|user| matches && user.disabled == 0).ok_or(Problem::new("sign_in_failed"))?;
    if !totp_matches(&state, &user, body.totp.as_deref())? {
        return Err(Problem::new("sign_in_failed"));
    }
    let token = new_token(&state);
    let until = state.clock.now().plus_seconds(STAFF_S).micros();
    state.db.add_user_session(&token_hash(&token), user.id, until).await?;
    state.audit(user.municipality_id, Some(user.id), "sign_in", user.id, json!({})).await?;
    Ok(HttpResponse::Ok().cookie(cookie(&state, "staff", token)).json(json!({
        "user_id": user.id, "role": user.role, "municipality_id": user.municipality_id,
    })))
}

#[get("/v1/admin/session")]
async fn who(state: web::Data<AppState>, staff: Staff) -> HttpResponse {
    let directory = state.directory.now();
    let municipality = staff.municipality.and_then(|id| directory.municipalities.get(&id));
    let role = match staff.role {
        crate::auth::Role::Operator => "operator",
        crate::auth::Role::MunicipalAdmin => "municipal_admin",
        crate::auth::Role::Clerk => "clerk",
        crate::auth::Role::Auditor => "auditor",
    };
    HttpResponse::Ok().json(json!({"user_id": staff.user, "role": role, "municipality": municipality}))
}

#[delete("/v1/admin/session")]
async fn sign_out(state: web::Data<AppState>, request: HttpRequest, _staff: Staff) -> Result<HttpResponse, Problem> {
    if let Some(token) = staff_token(&state, &request) {
        state.db.end_user_session(&token_hash(&token)).await?;
    }
    let mut gone = cookie(&state, "staff", String::new());
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_a_password_that_is_really_hashed() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        let error = PasswordHash::new(NOBODY).map(|hash| Argon2::default().verify_password(b"any", &hash));
        assert!(matches!(error, Ok(Err(argon2::password_hash::Error::PasswordInvalid))), "{error:?}");
    }
}
