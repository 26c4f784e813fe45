//! What the municipality and the operator use. Every call is scoped to the caller's municipality
//! by the [`Staff`](crate::auth::Staff) that it takes: nothing of another one can even be named.

mod audit;
mod claims;
mod commands;
mod imports;
mod messages;
mod municipalities;
mod programmes;
mod session;
mod shops;
mod tickets;
mod users;
mod vouchers;

pub use imports::{File, apply, dry_run};
pub use municipalities::{NewMunicipality, make_municipality};
pub use users::{NewUser, check_password, make_totp, make_user};

use crate::problem::Problem;
use crate::state::AppState;
use store::ledger::ProgrammeRow;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig<'_>) {
    session::configure(config);
    programmes::configure(config);
    shops::configure(config);
    imports::configure(config);
    vouchers::configure(config);
    users::configure(config);
    municipalities::configure(config);
    messages::configure(config);
    claims::configure(config);
    tickets::configure(config);
    config.service(audit::list);
}

/// A programme of the caller's municipality.
fn own_programme(state: &AppState, municipality: Uuid, programme: Uuid) -> Result<ProgrammeRow, Problem> {
    let directory = state.directory.now();
    let own = directory.programmes.get(&programme).filter(|programme| programme.municipality_id == municipality);
    own.cloned().ok_or(Problem::new("not_found"))
}

/// What may still be issued of a programme's budget. True for as long as the caller is alone in the office.
async fn budget_left(state: &AppState, programme: &ProgrammeRow) -> Result<i64, Problem> {
    Ok(state.town(programme.municipality_id).programme_sums(programme.id).await?.left_of(programme.budget_cents))
}

/// Refuses what a programme's budget does not leave, and says what it leaves.
async fn within_budget(state: &AppState, programme: &ProgrammeRow, cents: i64) -> Result<(), Problem> {
    let left = budget_left(state, programme).await?;
    if cents > left { Err(Problem::new("over_budget").with("remaining_budget_cents", left)) } else { Ok(()) }
}
