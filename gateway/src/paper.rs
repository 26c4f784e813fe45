//! Documents for people: what is to be said, in their language, is set and sent as PDF.

pub mod press;
pub mod sheet;

use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::HttpResponse;
use actix_web::http::header;
use documents::Form;
use press::NotPrinted;

/// Seconds until somebody for whom the press had no time should come again.
const AGAIN_S: u64 = 5;

impl From<NotPrinted> for Problem {
    fn from(error: NotPrinted) -> Self {
        match error {
            NotPrinted::NoLetters => Self::new("no_documents"),
            NotPrinted::Busy => Self::new("press_busy").retry_after(AGAIN_S),
            NotPrinted::Defect(_) => {
                tracing::error!(%error, "a document is missing");
                Self::new("internal_error")
            }
        }
    }
}

/// A document as an answer that is never kept.
///
/// # Errors
/// `no_documents` where the binary was built without letters, `press_busy`, `internal_error` for a defect of a template.
pub async fn pdf<T: Form + Send + 'static>(
    state: &AppState,
    lang: Lang,
    form: T,
    name: &str,
) -> Result<HttpResponse, Problem> {
    let printed = state.press.print(&state.texts, lang, form, state.clock.now().micros()).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/pdf"))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(printed))
}
