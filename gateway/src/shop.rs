//! What shops use: `Authorization: Bearer <terminal token>`.

pub mod answers;
mod claims;
mod deadline;
mod enrol;
mod holds;
mod idempotency;
pub mod operations;
mod redemptions;
mod reversals;
mod shift;
mod shops;
pub mod staff;
mod statements;
mod terminal;
pub mod tickets;
mod vouchers;

pub use enrol::enrolment_index;
pub use idempotency::IdempotencyKey;

use domain::voucher::Decline;
use utoipa_actix_web::service_config::ServiceConfig;

/// Why a till may be told no, for ever, under its key.
fn declines() -> Vec<&'static str> {
    Decline::ALL.iter().map(|decline| decline.code()).collect()
}

/// All routes of this part, the busiest first.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(redemptions::redeem)
        .service(vouchers::lookup)
        .service(enrol::enrol)
        .service(shops::shop)
        .service(holds::hold)
        .service(holds::capture)
        .service(holds::release)
        .service(reversals::reverse)
        .service(operations::by_key)
        .service(operations::list)
        .service(statements::send)
        .service(statements::list)
        .service(claims::seal)
        .service(claims::list)
        .service(claims::unclaimed)
        .service(claims::by_key)
        .service(claims::claim)
        .service(claims::lines::lines)
        .service(claims::lines::answer)
        .service(claims::printed)
        .service(staff::list)
        .service(staff::add)
        .service(staff::change)
        .service(staff::remove)
        .service(shift::begin)
        .service(shift::end)
        .service(tickets::add)
        .service(tickets::list)
        .service(terminal::rename)
        .service(terminal::leave);
}
