//! Will it hold on the day of the payout, and does it tell the truth under load? As a library, for
//! whoever breaks things meanwhile: [`Load`] is what the program `buono-loadtest` does, step by step.
//!
//! The parts, in the order in which a run uses them: [`options`] and [`town`] say where to go with
//! what; [`survey`] looks at every voucher before; [`pace`] says when the next request is due and
//! [`mix`] which one it is; [`forms`] writes it, [`http`] carries it, [`answer`] reads what came back;
//! [`figures`] measures and [`history`] remembers; [`settle`] asks the server afterwards for all that
//! it holds; [`checker`], which is pure, compares; [`report`] tells.
//!
//! To add a kind of request: a variant of [`mix::Kind`] with its share, its text in [`forms`], what its
//! answer means in [`answer`], and, if it can break a promise, a planted breach in `checker/tests.rs`.

mod answer;
mod asker;
mod checker;
mod clock;
mod figures;
mod forms;
mod history;
mod http;
mod load;
mod mix;
mod options;
mod pace;
mod report;
mod run;
mod settle;
mod survey;
mod town;

pub use checker::{Breach, Verdict};
pub use load::{Ended, Load};
pub use mix::Mix;
pub use options::{Options, Spread};
pub use report::page;
pub use town::{Staff, Till, Town, Voucher};

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub(crate) String);

impl From<std::fmt::Error> for Failure {
    fn from(error: std::fmt::Error) -> Self {
        Self(error.to_string())
    }
}
