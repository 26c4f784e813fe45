//! How requests are written: everything that does not change is prepared once.

use crate::history::{key_prefix, key_text};
use crate::mix::{Kind, Request};
use crate::town::Town;

/// Prepared parts of requests.
pub struct Forms {
    /// What the run's keys begin with.
    pub keys: String,
    host: String,
    /// For each terminal, the headers that say who asks.
    tills: Vec<String>,
    /// For each voucher, the body of a look-up up to its closing brace: a redemption begins the same.
    vouchers: Vec<String>,
    /// For each voucher, the body that opens its link.
    links: Vec<String>,
}

/// Writes a request into an empty buffer.
pub fn compose(out: &mut Vec<u8>, start: &str, headers: &[&str], body: Option<&str>) {
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    put(start);
    put(" HTTP/1.1\r\n");
    for header in headers {
        put(header);
    }
    if let Some(body) = body {
        put("Content-Type: application/json\r\nContent-Length: ");
        put(&body.len().to_string());
        put("\r\n\r\n");
        put(body);
    } else {
        put("\r\n");
    }
}

impl Forms {
    /// Prepares what the town's tills and holders send in this run.
    pub fn new(town: &Town, host: &str, run: u64) -> Self {
        let host = format!("Host: {host}\r\nAccept-Language: en\r\n");
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        Self {
            keys: key_prefix(run),
            tills: town
                .terminals
                .iter()
                .map(|till| format!("{host}Authorization: Bearer {}\r\n", till.token))
                .collect(),
            vouchers: town
                .vouchers
                .iter()
                .map(|voucher| format!("{{\"voucher\":{}", quoted(&voucher.qr_text)))
                .collect(),
            links: town
                .vouchers
                .iter()
                .map(|voucher| format!("{{\"token\":{}}}", quoted(voucher.link_token().unwrap_or_default())))
                .collect(),
            host,
        }
    }

    /// The headers of somebody without a terminal.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The headers of a terminal.
    pub fn till(&self, terminal: u16) -> &str {
        &self.tills[usize::from(terminal)]
    }

    /// Writes a request, which carries the cookie if its sender has one.
    pub fn write(&self, out: &mut Vec<u8>, request: &Request, cookie: &str) {
        out.clear();
        let (till, voucher) = (self.till(request.terminal), request.voucher as usize);
        let key = || format!("Idempotency-Key: {}\r\n", key_text(&self.keys, request.key));
        match request.kind {
            Kind::Link => compose(out, "POST /v1/citizen/session", &[&self.host], Some(&self.links[voucher])),
            Kind::Page => {
                let cookie = format!("Cookie: {cookie}\r\n");
                compose(out, "GET /v1/citizen/voucher", &[&self.host, &cookie], None);
            }
            Kind::Lookup => {
                compose(out, "POST /v1/vouchers/lookup", &[till], Some(&format!("{}}}", self.vouchers[voucher])));
            }
            _ if !request.target.uuid().is_nil() => {
                let start = format!("POST /v1/operations/{}/reversals", request.target);
                compose(out, &start, &[till, &key()], Some("{\"reason\":\"load test\"}"));
            }
            _ => {
                let body = format!("{},\"amount_cents\":{}}}", self.vouchers[voucher], request.amount_cents);
                compose(out, "POST /v1/redemptions", &[till, &key()], Some(&body));
            }
        }
    }
}
