//! What shops use: `Authorization: Bearer <terminal token>`.

pub mod answers;
mod enrol;
mod holds;
mod idempotency;
mod operations;
mod redemptions;
mod reversals;
mod shops;
mod vouchers;

pub use enrol::enrolment_index;
pub use idempotency::IdempotencyKey;

use actix_web::web::ServiceConfig;

/// All routes of this part.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(enrol::enrol)
        .service(shops::shop)
        .service(vouchers::lookup)
        .service(redemptions::redeem)
        .service(holds::hold)
        .service(holds::capture)
        .service(holds::release)
        .service(reversals::reverse)
        .service(operations::by_key)
        .service(operations::list);
}
