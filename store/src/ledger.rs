//! The ledger: everything one queries, on SQLite or Postgres with the same statements.
//!
//! One file for each group of tables, each a few functions on [`Db`]. To add one: a `const` with
//! the statement in the portable subset (`$n`, `RETURNING`, `ON CONFLICT`, CTE; the clock is bound,
//! never asked), a row type with `#[derive(sqlx::FromRow)]`, a function that runs it with [`on!`],
//! and the statement's name in the file's `STATEMENTS`, so that the test prepares it on both.

mod audit;
mod citizens;
mod claims;
mod columns;
mod complaints;
mod copy;
mod db;
mod directory;
mod imports;
mod inspection;
mod marks;
mod months;
mod nodes;
mod operations;
mod outbox;
mod people;
mod programmes;
mod progress;
mod projection;
mod rows;
mod scope;
mod shops;
mod staff;
mod statement_requests;
mod statements;
mod tickets;
mod users;
mod vouchers;

pub use audit::AuditRow;
pub use citizens::CitizenSession;
pub use claims::{ClaimFilter, ClaimLine, ClaimNote, ClaimRow, NewClaim, NewNote, Unclaimed, seal_of};
pub use copy::{CopyError, Digest, TABLES, copy_ledger};
pub use db::{Db, Error, within};
pub use directory::{Directory, MunicipalityRow, TerminalRow};
pub use imports::{ImportRow, NewImport};
pub use inspection::{BehindRow, KeptRow};
pub use marks::{Mark, MarkKind};
pub use nodes::OfficeLock;
pub use operations::{OperationFilter, OperationRow, Sought, TakenRow, TillHour, Whose};
pub use outbox::{Addressee, Letter, MessageRow, Settled};
pub use people::{HolderRow, NewContact, NewHolder, PersonRow};
pub use programmes::{ProgrammeRow, ProgrammeSums};
pub use projection::{ProjectError, Projected};
pub use scope::Pg;
pub use shops::{JoinedTerminal, NewShop, ShopRow};
pub use staff::{AtTill, NewShift, StaffRow};
pub use statement_requests::StatementRequest;
pub use statements::all_statements;
pub use tickets::{TicketRow, TicketState};
pub use users::{UserRow, UserSession};
pub use vouchers::{CodeRow, VoucherFilter, VoucherRow};
