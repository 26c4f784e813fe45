//! `GET /assets/…`: the front end's files, packed as the browser likes it best.

use super::answer::{ETAG_LEN, encoding_of, has};
use crate::problem::Problem;
use ::web::{Asset, by_path};
use actix_web::http::header::{self, ContentEncoding};
use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(serve);
}

/// The bytes to send and how they are packed.
fn packed(asset: &Asset, request: &HttpRequest) -> (&'static [u8], ContentEncoding) {
    match (encoding_of(request), asset.brotli, asset.gzip) {
        (ContentEncoding::Brotli, Some(bytes), _) => (bytes, ContentEncoding::Brotli),
        (ContentEncoding::Brotli | ContentEncoding::Gzip, _, Some(bytes)) => (bytes, ContentEncoding::Gzip),
        _ => (asset.bytes, ContentEncoding::Identity),
    }
}

#[get("/assets/{name}")]
async fn serve(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Problem> {
    let asset = by_path(&path).ok_or(Problem::new("not_found"))?;
    let (bytes, encoding) = packed(asset, &request);
    let tag = format!("\"{}\"", &blake3::hash(bytes).to_hex()[..ETAG_LEN]);
    let same = has(&request, &tag);
    let mut answer = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let kept = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, kept));
    answer.insert_header((header::VARY, "accept-encoding"));
    if same {
        return Ok(answer.finish());
    }
    if encoding != ContentEncoding::Identity {
        answer.insert_header(encoding);
    }
    Ok(answer.content_type(asset.kind).body(bytes))
}
