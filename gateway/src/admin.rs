//! What the municipality and the operator use. Every call is scoped to the caller's municipality
//! by the [`Staff`](crate::auth::Staff) that it takes: nothing of another one can even be named.

mod commands;
mod imports;
mod messages;
mod programmes;
mod session;
mod shops;
mod users;
mod vouchers;

pub use imports::{File, UPLOAD_BYTES_MAX, apply, dry_run};
pub use users::{NewUser, check_password, make_user};

use crate::problem::Problem;
use crate::state::AppState;
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use store::ledger::ProgrammeRow;
use uuid::Uuid;

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig) {
    session::configure(config);
    programmes::configure(config);
    shops::configure(config);
    imports::configure(config);
    vouchers::configure(config);
    users::configure(config);
    messages::configure(config);
}

/// Which part of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    limit: Option<i64>,
    cursor: Option<Uuid>,
}

impl Page {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(100).clamp(1, 500)
    }

    /// Newest first: everything comes before this.
    fn before(&self) -> Uuid {
        self.cursor.unwrap_or(Uuid::max())
    }
}

/// A page of a list, newest or first first.
fn listed<T: serde::Serialize>(items: &[T], limit: i64, id: impl Fn(&T) -> Uuid) -> serde_json::Value {
    let full = i64::try_from(items.len()).unwrap_or(0) == limit;
    serde_json::json!({"items": items, "next_cursor": items.last().filter(|_| full).map(id)})
}

/// A programme of the caller's municipality.
fn own_programme(state: &AppState, municipality: Uuid, programme: Uuid) -> Result<ProgrammeRow, Problem> {
    let directory = state.directory.now();
    let own = directory.programmes.get(&programme).filter(|programme| programme.municipality_id == municipality);
    own.cloned().ok_or(Problem::new("not_found"))
}

/// A text of a reasonable length.
fn text(value: &str, max: usize, field: &str) -> Result<String, Problem> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > max || value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::new("bad_request").with("field", field));
    }
    Ok(value.to_owned())
}
