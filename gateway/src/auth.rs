//! Who asks: a till, a citizen, a member of staff.

use crate::directory::Terminal;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use domain::ids::{UserId, VoucherId};
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use store::keys::random;
use uuid::Uuid;

/// How long a citizen's session lasts without being used, in seconds.
const CITIZEN_IDLE_S: i64 = 30 * 60;
/// How long a member of staff stays signed in, in seconds.
pub const STAFF_S: i64 = 8 * 3600;

/// The hash under which a token is kept.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// A new secret token: 256 bits.
#[must_use]
pub fn new_token(state: &AppState) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&random::<32>(&state.entropy()))
}

fn state(request: &HttpRequest) -> Result<web::Data<AppState>, Problem> {
    request.app_data::<web::Data<AppState>>().cloned().ok_or(Problem::new("internal_error"))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A shop's terminal.
pub struct Till(pub Arc<Terminal>);

impl FromRequest for Till {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found =
            state(request).map(|state| bearer(request).and_then(|token| state.directory.terminal(&token_hash(token))));
        ready(found.and_then(|till| till.map(Till).ok_or(Problem::new("unauthorized"))))
    }
}

/// The name of a cookie. `__Host-` needs https; plain http is for the demonstration on one machine.
fn cookie_name(state: &AppState, name: &str) -> String {
    if state.base_url.starts_with("https://") { format!("__Host-{name}") } else { name.to_owned() }
}

/// A cookie that only this site's own pages send, and that no script reads.
#[must_use]
pub fn cookie(state: &AppState, name: &str, value: String) -> Cookie<'static> {
    Cookie::build(cookie_name(state, name), value)
        .path("/")
        .http_only(true)
        .secure(state.base_url.starts_with("https://"))
        .same_site(SameSite::Strict)
        .finish()
}

fn cookie_value(state: &AppState, request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(&cookie_name(state, name)).map(|cookie| cookie.value().to_owned())
}

/// A voucher's holder.
pub struct Citizen {
    /// The voucher.
    pub voucher: VoucherId,
    /// The generation of the code or link that opened the session.
    pub generation: u32,
}

impl FromRequest for Citizen {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let token = cookie_value(&state, &request, "voucher").ok_or(Problem::new("unauthorized"))?;
            let now = state.clock.now().micros();
            match state.db.touch_citizen_session(&token_hash(&token), citizen_until(&state), now).await {
                Ok(session) => Ok(Self {
                    voucher: VoucherId::new(session.voucher_id),
                    generation: u32::try_from(session.generation).unwrap_or(0),
                }),
                Err(store::ledger::Error::NotFound) => Err(Problem::new("unauthorized")),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// When a citizen's session that is used now ends.
#[must_use]
pub fn citizen_until(state: &AppState) -> i64 {
    state.clock.now().plus_seconds(CITIZEN_IDLE_S).micros()
}

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Runs the installation: municipalities and their first users, nobody's data.
    Operator,
    /// Everything in their municipality.
    MunicipalAdmin,
    /// The daily work: imports, vouchers, shops.
    Clerk,
    /// Reads everything in their municipality, changes nothing.
    Auditor,
}

impl Role {
    /// By its name in the ledger.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "operator" => Some(Self::Operator),
            "municipal_admin" => Some(Self::MunicipalAdmin),
            "clerk" => Some(Self::Clerk),
            "auditor" => Some(Self::Auditor),
            _ => None,
        }
    }
}

/// A member of staff.
pub struct Staff {
    /// Who.
    pub user: UserId,
    /// Where they work; nowhere for an operator.
    pub municipality: Option<Uuid>,
    /// What they may do.
    pub role: Role,
}

impl Staff {
    fn of_municipality(&self, allowed: bool) -> Result<Uuid, Problem> {
        self.municipality.filter(|_| allowed).ok_or(Problem::new("forbidden"))
    }

    /// The municipality, for whoever may look.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn reads(&self) -> Result<Uuid, Problem> {
        self.of_municipality(self.role != Role::Operator)
    }

    /// The municipality, for whoever does the daily work.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn works(&self) -> Result<Uuid, Problem> {
        self.of_municipality(matches!(self.role, Role::MunicipalAdmin | Role::Clerk))
    }

    /// The municipality, for whoever decides.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn decides(&self) -> Result<Uuid, Problem> {
        self.of_municipality(self.role == Role::MunicipalAdmin)
    }

    /// Passes for operators.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn operates(&self) -> Result<(), Problem> {
        if self.role == Role::Operator { Ok(()) } else { Err(Problem::new("forbidden")) }
    }
}

impl FromRequest for Staff {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let token = staff_token(&state, &request).ok_or(Problem::new("unauthorized"))?;
            match state.db.user_session(&token_hash(&token), state.clock.now().micros()).await {
                Ok(session) => Ok(Self {
                    user: UserId::new(session.id),
                    municipality: session.municipality_id,
                    role: Role::from_name(&session.role).ok_or(Problem::new("forbidden"))?,
                }),
                Err(store::ledger::Error::NotFound) => Err(Problem::new("unauthorized")),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// The token of a session, from its cookie or as a bearer.
#[must_use]
pub fn staff_token(state: &AppState, request: &HttpRequest) -> Option<String> {
    bearer(request).map(str::to_owned).or_else(|| cookie_value(state, request, "staff"))
}
