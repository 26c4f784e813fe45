//! How a page goes out: in which language, how long it may be kept, how it is packed.

use super::words::Words;
use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Hex digits of an entity tag.
pub const ETAG_LEN: usize = 16;

/// How the browser wants the answer packed, of what we can do.
pub fn encoding_of(request: &HttpRequest) -> ContentEncoding {
    let ours = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    let wish = AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(ours.iter()));
    match wish {
        Some(Encoding::Known(encoding)) => encoding,
        _ => ContentEncoding::Identity,
    }
}

/// Whether the browser has what has this tag.
pub fn has(request: &HttpRequest, tag: &str) -> bool {
    request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes())
}

/// Whose page it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everybody's: it may be kept and is asked for again with its tag.
    Everybody,
    /// One person's: it is never kept.
    Nobody,
}

/// Renders a page.
///
/// # Errors
/// `internal_error` when the template fails.
pub fn page(
    request: &HttpRequest,
    words: &Words,
    template: &impl Template,
    (status, keep): (StatusCode, Keep),
) -> Result<HttpResponse, Problem> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::new("internal_error")
    })?;
    let mut answer = HttpResponse::build(status);
    for cookie in words.cookies() {
        answer.cookie(cookie);
    }
    answer.insert_header((header::CONTENT_LANGUAGE, words.lang()));
    answer.insert_header((header::VARY, "accept-encoding, accept-language, cookie"));
    if keep == Keep::Everybody {
        let tag = format!("W/\"{}\"", &blake3::hash(body.as_bytes()).to_hex()[..ETAG_LEN]);
        let same = has(request, &tag);
        answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
        if same {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
    } else {
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
    }
    answer.content_type("text/html; charset=utf-8");
    match encoding_of(request) {
        ContentEncoding::Brotli | ContentEncoding::Gzip => {
            answer.insert_header(ContentEncoding::Gzip);
            Ok(answer.body(gzip(body.as_bytes())?))
        }
        _ => Ok(answer.body(body)),
    }
}

fn gzip(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::default());
    let packed = packer.write_all(body).and_then(|()| packer.finish());
    packed.map_err(|_| Problem::new("internal_error"))
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble<'a> {
    w: &'a Words,
    title: String,
    detail: String,
    again: &'static str,
}

/// A problem as a page, for whoever has no script that could show it, and where to try again.
pub fn trouble(request: &HttpRequest, words: &Words, problem: &Problem, again: &'static str) -> HttpResponse {
    let key = problem.code().replace('_', "-");
    let (title, detail) = (format!("problem-{key}-title"), format!("problem-{key}-detail"));
    // what is ours to mend is worded for programs; and not every problem is worded in every language
    let said = !problem.status_code().is_server_error() && words.has(&title);
    let (title, detail) =
        if said { (title, detail) } else { ("trouble-ours-title".into(), "trouble-ours-text".into()) };
    let template = Trouble { w: words, title: words.t(&title), detail: words.t(&detail), again };
    let shown = page(request, words, &template, (problem.status_code(), Keep::Nobody));
    shown.unwrap_or_else(|_| problem.error_response())
}
