//! What goes to paper or to a file cabinet: PDF that a screen reader can read (PDF/UA-1) and an archive can keep
//! (PDF/A-2a), set by Typst from the templates beside this folder.
//!
//! Texts come with the data, in the reader's language: the catalogue is the gateway's.

mod forms;
mod press;

pub use forms::{Claim, Form, Operation, Operations, Sheet, Sheets, Shop, Total};
pub use press::{PrintError, Printer, Words};
