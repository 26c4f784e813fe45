//! The other yardstick of `make bench`: what one would write without an engine. The same handler as in `bare`, and
//! behind it one call for each request, of a Redis Function or of a Postgres function, that does the whole
//! redemption: known key, conditional debit, and a record of it. Durable as Buono is: AOF always, commits on.
//!
//!     cargo run --release -p loadtest --example stored -- 127.0.0.1:9090 2 1000 redis://127.0.0.1:6379 1
#![allow(clippy::print_stdout, reason = "it says when it is ready")]

mod postgres;
mod redis;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, post, web};
use serde::Deserialize;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// What every voucher holds at first, in cents.
const FUND: i64 = 1 << 50;
const FRAME_BYTES: usize = 60;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    voucher: String,
    amount_cents: i64,
}

/// What a redemption came to.
struct Taken {
    balance: i64,
    declined: bool,
    known: bool,
}

/// The store behind the handlers of one thread.
enum Store {
    Redis(redis::Store),
    Postgres(postgres::Store),
}

impl Store {
    async fn connect(url: &str, connections: usize) -> Result<Rc<Self>, Failure> {
        Ok(Rc::new(if url.starts_with("redis") {
            Self::Redis(redis::Store::connect(url, connections).await?)
        } else {
            Self::Postgres(postgres::Store::connect(url, connections).await?)
        }))
    }

    async fn redeem(&self, voucher: &str, key: &str, cents: i64) -> Result<Taken, Failure> {
        match self {
            Self::Redis(store) => store.redeem(voucher, key, cents).await,
            Self::Postgres(store) => store.redeem(voucher, key, cents).await,
        }
    }
}

/// What a thread knows.
struct Thread {
    url: String,
    connections: usize,
    filler: String,
    store: OnceCell<Rc<Store>>,
}

#[post("/v1/redemptions")]
async fn redeem(request: HttpRequest, take: web::Json<Take>, thread: web::Data<Thread>) -> HttpResponse {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(key) = header("idempotency-key").filter(|key| (8..=64).contains(&key.len())) else {
        return HttpResponse::BadRequest().finish();
    };
    if header("authorization").is_none() || take.voucher.is_empty() || take.amount_cents <= 0 {
        return HttpResponse::BadRequest().finish();
    }
    let store = thread.store.get_or_try_init(|| Store::connect(&thread.url, thread.connections)).await;
    let taken = match store {
        Ok(store) => store.redeem(&take.voucher, key, take.amount_cents).await,
        Err(error) => Err(error),
    };
    let Ok(taken) = taken else { return HttpResponse::ServiceUnavailable().finish() };
    let mut answer = if taken.known { HttpResponse::Ok() } else { HttpResponse::Created() };
    if taken.declined {
        answer = HttpResponse::Conflict();
    }
    let body = format!("{{\"balance_cents\":{},\"filler\":\"{}\"}}", taken.balance, thread.filler);
    answer.content_type("application/json").body(body)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, workers, bytes, url, connections] = arguments.as_slice() else {
        return Err("usage: stored LISTEN WORKERS ANSWER_BYTES URL CONNECTIONS_PER_WORKER".into());
    };
    if url.starts_with("redis") {
        redis::prepare(url).await?
    } else {
        postgres::prepare(url).await?
    }
    let (bytes, connections): (usize, usize) = (bytes.parse()?, connections.parse()?);
    let (filler, url) = ("x".repeat(bytes.saturating_sub(FRAME_BYTES)), url.clone());
    let server = HttpServer::new(move || {
        let thread = Thread { url: url.clone(), connections, filler: filler.clone(), store: OnceCell::new() };
        App::new().app_data(web::Data::new(thread)).service(redeem)
    });
    let server = server.workers(workers.parse()?).backlog(4096).bind(listen)?.run();
    println!("ready");
    Ok(server.await?)
}
