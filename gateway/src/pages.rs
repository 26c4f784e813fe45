//! What people see: the voucher's page, an app for shops, one for the municipality. They are
//! rendered here, in the reader's language; scripts only add to what is there.

mod accessibility;
mod answer;
mod assets;
mod maps;
mod plain;
mod shop;
mod voucher;
mod words;

use actix_web::web::ServiceConfig;

/// All pages.
pub fn configure(config: &mut ServiceConfig) {
    accessibility::configure(config);
    assets::configure(config);
    plain::configure(config);
    shop::configure(config);
    voucher::configure(config);
}
