//! What a printed document says.

use lopdf::Document;

/// The text of each page, spaces left out: where a line breaks is the typesetter's.
///
/// # Panics
/// When it is no PDF.
#[must_use]
pub fn pages(pdf: &[u8]) -> Vec<String> {
    let pdf = Document::load_mem(pdf).expect("a PDF");
    let page = |number| pdf.extract_text(&[number]).expect("text").split_whitespace().collect();
    pdf.get_pages().into_keys().map(page).collect()
}

/// The text of all of it.
///
/// # Panics
/// When it is no PDF.
#[must_use]
pub fn said(pdf: &[u8]) -> String {
    pages(pdf).concat()
}
