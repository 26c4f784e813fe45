//! The transaction engine: every debit is decided in memory, in order, by the one actor of its
//! voucher, and nothing is answered before it is durable.
//!
//! ```text
//! Vouchers::execute ─▶ Registry ─▶ VoucherActor ─▶ Queue ─▶ Writer ─▶ Journal
//!        ▲                        (Cell: decide,          (one batch at a time,
//!        └──────── answers ◀──────  apply, go on)  ◀────── released when durable)
//! ```
//!
//! - [`cell`] is the actor without `actix`, [`writer`] is the writer without input or output: both
//!   are pure, so that the simulator in `engine/tests` runs the very code of production.
//! - [`actor`], [`registry`] and [`lane`] are the thin shells that give them mailboxes and a thread.
//! - [`Vouchers`] is all that the outside sees.
//!
//! Nothing outside this crate knows `actix`, which is in passive maintenance.

pub mod actor;
pub mod answer;
mod bell;
pub mod cell;
mod cluster;
mod failures;
mod lane;
mod local;
mod partition;
pub mod queue;
mod recent;
mod registry;
pub mod source;
mod start;
mod vouchers;
pub mod writer;

pub use answer::{Answer, NotDone, Proof};
pub use cluster::{Listener, Shared};
pub use partition::PartitionState;
pub use source::{LoadError, Source};
pub use start::{Options, Primary, StartError};
pub use vouchers::Vouchers;
pub use writer::Halt;
