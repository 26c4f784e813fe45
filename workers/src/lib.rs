//! What happens after an answer: one module for each kind of work.
//!
//! Every task takes no input but the stores, is idempotent, and may die at any moment: what it had
//! not finished it finds again. To add one: a module with a `run` that loops until told to stop.

pub mod expiry;
pub mod months;
pub mod projector;
pub mod sms;
pub mod trimming;

use std::future::Future;
use std::pin::Pin;

/// A future that can be kept in a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
