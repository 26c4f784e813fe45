//! Every statement, so that a test can prepare each on both databases.

/// All statements of the ledger.
#[doc(hidden)]
#[must_use]
pub fn all_statements() -> Vec<&'static str> {
    [
        super::audit::STATEMENTS,
        super::citizens::STATEMENTS,
        super::claims::STATEMENTS,
        super::claims::notes::STATEMENTS,
        super::claims::office::STATEMENTS,
        super::directory::STATEMENTS,
        super::imports::STATEMENTS,
        super::inspection::STATEMENTS,
        super::marks::STATEMENTS,
        super::nodes::STATEMENTS,
        super::operations::STATEMENTS,
        super::outbox::STATEMENTS,
        super::people::STATEMENTS,
        super::programmes::STATEMENTS,
        super::progress::STATEMENTS,
        super::projection::STATEMENTS,
        super::shops::STATEMENTS,
        super::staff::STATEMENTS,
        super::statement_requests::STATEMENTS,
        super::tickets::STATEMENTS,
        super::users::STATEMENTS,
        super::vouchers::STATEMENTS,
    ]
    .concat()
}
