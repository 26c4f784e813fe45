//! The yardstick of `make bench`: a bare actix-web server that reads what a redemption sends and
//! answers as many bytes as Buono does, and does nothing else. What Buono costs beyond this is the
//! price of authentication, of the decision, and of the disk.
//!
//!     cargo run --release -p loadtest --example bare -- 127.0.0.1:9090 2 1000
//!     buono-loadtest --demo demo-data/demo.json --url http://127.0.0.1:9090 --no-check
#![allow(clippy::print_stdout, reason = "it says when it is ready")]

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, post, web};
use serde::Deserialize;

/// The bytes of an answer's body, unless given: of Buono's with 64 connections. The receipt's path
/// grows with the batch: 725 bytes alone, 1,100 with 256 connections.
const ANSWER_BYTES: usize = 1_000;
/// Of the body without its filler.
const FRAME_BYTES: usize = 13;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    voucher: String,
    amount_cents: i64,
    pin: Option<String>,
    reference: Option<String>,
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[post("/v1/redemptions")]
async fn redeem(request: HttpRequest, take: web::Json<Take>, answer: web::Data<web::Bytes>) -> HttpResponse {
    let token = header(request.headers(), AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let key = header(request.headers(), "idempotency-key").filter(|key| (8..=64).contains(&key.len()));
    let unneeded = take.pin.is_none() && take.reference.is_none();
    if token.is_none() || key.is_none() || take.voucher.is_empty() || take.amount_cents <= 0 || !unneeded {
        return HttpResponse::BadRequest().finish();
    }
    HttpResponse::Created().content_type("application/json").body(answer.get_ref().clone())
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:9090".to_owned());
    let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (workers, bytes) = (number(2), number(ANSWER_BYTES));
    let filler = "x".repeat(bytes.saturating_sub(FRAME_BYTES));
    let answer = web::Data::new(web::Bytes::from(format!("{{\"filler\":\"{filler}\"}}")));
    let server = HttpServer::new(move || App::new().app_data(answer.clone()).service(redeem));
    let server = server.workers(workers).backlog(4096).bind(&listen)?.run();
    println!("ready");
    server.await
}
