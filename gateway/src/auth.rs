//! Who asks: a till, a citizen, a member of staff.

use crate::directory::Terminal;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use domain::ids::{UserId, VoucherId};
use serde::Serialize;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use store::keys::random;
use utoipa::ToSchema;
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

impl Till {
    /// Whom endpoints of shops are for, as their descriptions say it.
    pub const ROLES: [&str; 1] = ["terminal"];
}

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
#[must_use]
pub fn cookie_name(base_url: &str, name: &str) -> String {
    if base_url.starts_with("https://") { format!("__Host-{name}") } else { name.to_owned() }
}

/// A cookie that only this site's own pages send, and that no script reads.
#[must_use]
pub fn cookie(state: &AppState, name: &str, value: String) -> Cookie<'static> {
    Cookie::build(cookie_name(&state.base_url, name), value)
        .path("/")
        .http_only(true)
        .secure(state.base_url.starts_with("https://"))
        .same_site(SameSite::Strict)
        .finish()
}

fn cookie_value(state: &AppState, request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(&cookie_name(&state.base_url, name)).map(|cookie| cookie.value().to_owned())
}

/// A voucher's holder.
pub struct Citizen {
    /// The voucher.
    pub voucher: VoucherId,
    /// The generation of the code or link that opened the session.
    pub generation: u32,
    /// Whether the holder wanted this phone to keep it open.
    pub kept: bool,
}

impl Citizen {
    /// Whom endpoints of holders are for, as their descriptions say it.
    pub const ROLES: [&str; 1] = ["citizen"];

    /// Whose session a request comes with, which lasts longer by that.
    ///
    /// # Errors
    /// `unauthorized`, or that the ledger does not answer.
    pub async fn of(state: &AppState, request: &HttpRequest) -> Result<Self, Problem> {
        let hash = citizen_token_hash(state, request).ok_or(Problem::new("unauthorized"))?;
        let (now, until) = (state.clock.now().micros(), citizen_until(state));
        match state.everything().touch_citizen_session(&hash, until, now).await {
            Ok(session) => Ok(Self {
                voucher: VoucherId::new(session.voucher_id),
                generation: u32::try_from(session.generation).unwrap_or(0),
                kept: session.expires_at > until,
            }),
            Err(store::ledger::Error::NotFound) => Err(Problem::new("unauthorized")),
            Err(error) => Err(error.into()),
        }
    }
}

impl FromRequest for Citizen {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&*state(&request)?, &request).await })
    }
}

/// The hash of the token of a citizen's session, if the request has one.
#[must_use]
pub fn citizen_token_hash(state: &AppState, request: &HttpRequest) -> Option<[u8; 32]> {
    cookie_value(state, request, "voucher").map(|token| token_hash(&token))
}

/// When a citizen's session that is used now ends.
#[must_use]
pub fn citizen_until(state: &AppState) -> i64 {
    state.clock.now().plus_seconds(CITIZEN_IDLE_S).micros()
}

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

/// Which members of staff an endpoint is for: its handler takes a [`Staff`] of this, and its
/// description names the same roles.
pub trait Access: 'static {
    /// Nobody else comes in.
    const ROLES: &'static [Role];
}

macro_rules! accesses {
    ($($(#[$doc:meta])* $name:ident = $($role:ident),+;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $name {
            /// As the description of an endpoint says it.
            pub const ROLES: &[Role] = &[$(Role::$role),+];
        }

        impl Access for $name {
            const ROLES: &'static [Role] = $name::ROLES;
        }
    )+};
}

accesses! {
    /// Whoever may look.
    Reads = MunicipalAdmin, Clerk, Auditor;
    /// Whoever does the daily work.
    Works = MunicipalAdmin, Clerk;
    /// Whoever decides.
    Decides = MunicipalAdmin;
    /// Whoever says who works where.
    Appoints = Operator, MunicipalAdmin;
    /// Whoever runs the installation.
    Operates = Operator;
    /// Everybody who has signed in.
    SignedIn = Operator, MunicipalAdmin, Clerk, Auditor;
}

/// A member of staff with one of the roles that `A` lets in.
pub struct Staff<A> {
    /// Who.
    pub user: UserId,
    /// Where they work; nowhere for an operator.
    pub municipality: Option<Uuid>,
    /// What they may do.
    pub role: Role,
    access: PhantomData<A>,
}

impl<A: Access> Staff<A> {
    /// The municipality, which only an operator has not.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn municipality(&self) -> Result<Uuid, Problem> {
        self.municipality.ok_or(Problem::new("forbidden"))
    }

    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let state = state(request)?;
        let token = staff_token(&state, request).ok_or(Problem::new("unauthorized"))?;
        let session = match state.everything().user_session(&token_hash(&token), state.clock.now().micros()).await {
            Err(store::ledger::Error::NotFound) => return Err(Problem::new("unauthorized")),
            session => session?,
        };
        let role = Role::from_name(&session.role).filter(|role| A::ROLES.contains(role));
        Ok(Self {
            user: UserId::new(session.id),
            municipality: session.municipality_id,
            role: role.ok_or(Problem::new("forbidden"))?,
            access: PhantomData,
        })
    }
}

impl<A: Access> FromRequest for Staff<A> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// The token of a session, from its cookie or as a bearer.
#[must_use]
pub fn staff_token(state: &AppState, request: &HttpRequest) -> Option<String> {
    bearer(request).map(str::to_owned).or_else(|| cookie_value(state, request, "staff"))
}
