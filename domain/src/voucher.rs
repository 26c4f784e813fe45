//! A voucher as a pure state machine.
//!
//! ```text
//! Command ──decide──▶ Entry (a fact, with its totals) ──apply──▶ Voucher
//! ```
//!
//! [`decide`] reads the state and never changes it; [`Voucher::apply`] changes it and never
//! decides: it recomputes the totals that the entry claims and refuses an entry that does not add
//! up. A voucher is therefore rebuilt by applying its entries from the first one, and every replay
//! checks the arithmetic again.
//!
//! To add a kind of operation: an [`Action`], an [`Event`], its arm in `decide`, its arm in
//! `apply`, its layout in the journal's encoding, a line in each text table of `tests/`.

mod apply;
mod command;
mod decide;
mod entry;
mod outcome;
mod outcomes;
mod state;

pub use apply::Corrupt;
pub use command::{Action, Command, Credential, Refusal, Terms};
pub use decide::{Decision, decide, due_release};
pub use entry::{Decline, Entry, Event, Kind, Origin, Reason, ReleaseCause};
pub use outcome::Outcome;
pub use state::{Hold, Life, Totals, View, Voucher};

/// Wrong PINs in a day after which a voucher takes no more tries until the next day.
pub const WRONG_PINS_PER_DAY_MAX: u8 = 5;

/// Holds that may be open on one voucher at once.
pub const OPEN_HOLDS_MAX: usize = 16;
