//! What reads bytes that anybody may have written, held to its promises: it never panics, never takes
//! more than the bytes are worth, and what it accepts means what it says.
//!
//! A target is a `fn(&[u8])`, so that any fuzzer can drive it. Here proptest does, which works on the
//! stable toolchain and makes what fails small: it changes seeds of the folder `seeds` ([`edits`]). To
//! add a target: a function here or in [`targets`], its seeds in [`seeds`], a test in `tests/mutations.rs`.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "to panic is how a target says what is wrong"
)]

pub mod edits;
pub mod seeds;
pub mod targets;
