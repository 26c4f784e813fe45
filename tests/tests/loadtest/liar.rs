//! A tiny town with one voucher, whose server keeps its promises or breaks one of them.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TOKEN: &str = "the-token-of-the-only-till";
const VOUCHER: &str = "00000000-0000-7000-8000-0000000000aa";
const TILL: &str = "00000000-0000-7000-8000-0000000000bb";
/// The town's clock stands still; the shop's list is asked for in parts of time.
const DATE: &str = "Wed, 25 Nov 2026 10:00:00 GMT";
const AT: &str = "2026-11-25T10:00:00.500000Z";
const PAGE: usize = 500;
/// How long it falls asleep.
pub const SLEEP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    None,
    ChargesTwice,
    DoesWhatItDeclined,
    TakesAgainWhatWasSentAgain,
    ChargesWhatItDeclined,
    ForgetsWhatItAnswered,
    ShowsOldBalances,
    /// No lie: it is slow once.
    FallsAsleep,
}

pub struct Town {
    lie: Lie,
    balance: i64,
    seq: u64,
    /// What the shop's list shows, in order.
    list: Vec<Value>,
    answers: HashMap<String, (u16, Value)>,
    first_look: Option<Value>,
}

impl Town {
    /// Serves on a free port until the process ends, and writes the town's `demo.json`.
    pub fn start(lie: Lie, data: &Path) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let demo = json!({
            "base_url": format!("http://{}", listener.local_addr().unwrap()),
            "terminals": [{"shop": "Forno", "token": TOKEN}],
            "vouchers": [{"reference": "2026/0001", "qr_text": "BUONO:1"}],
        });
        std::fs::write(data.join("demo.json"), demo.to_string()).unwrap();
        let town =
            Town { lie, balance: 1_000_000_000, seq: 1, list: vec![], answers: HashMap::new(), first_look: None };
        let town = Arc::new(Mutex::new(town));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let town = Arc::clone(&town);
                std::thread::spawn(move || serve(stream.unwrap(), &town));
            }
        });
    }
}

/// One connection, until the other side hangs up.
fn serve(stream: TcpStream, town: &Mutex<Town>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let mut body = vec![0; header("Content-Length: ").parse().unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let path = lines[0].split(' ').nth(1)?;
        let known = header("Authorization: ") == format!("Bearer {TOKEN}");
        let (status, answer) = match path {
            "/health/live" => (200, json!({})),
            _ if !known => (401, json!({"code": "unauthorized"})),
            _ => town.lock().ok()?.answer(path, &header("Idempotency-Key: "), &body),
        };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\nDate: {DATE}\r\nContent-Length: {}\r\n\r\n", answer.len());
        writer.write_all((head + &answer).as_bytes()).ok()?;
    }
}

impl Town {
    fn answer(&mut self, path: &str, key: &str, body: &[u8]) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match path {
            "/v1/shop" => (200, json!({"shop": {"id": VOUCHER}, "terminal": {"id": TILL}})),
            "/v1/vouchers/lookup" => (200, self.look()),
            "/v1/redemptions" => self.redeem(key, body["amount_cents"].as_i64().unwrap()),
            _ if path.starts_with("/v1/operations/by-key/") => self.by_key(path.rsplit('/').next().unwrap()),
            _ => (200, self.page(path)),
        }
    }

    fn look(&mut self) -> Value {
        let look = json!({
            "voucher_id": VOUCHER, "status": "active", "voucher_seq": self.seq,
            "balance_cents": self.balance, "available_cents": self.balance,
        });
        let first = self.first_look.get_or_insert(look.clone()).clone();
        if self.lie == Lie::ShowsOldBalances { first } else { look }
    }

    fn redeem(&mut self, key: &str, cents: i64) -> (u16, Value) {
        match self.answers.get(key).cloned() {
            Some((201, _)) if self.lie == Lie::TakesAgainWhatWasSentAgain => {}
            Some((409, _)) if self.lie == Lie::DoesWhatItDeclined => return (201, self.take(cents)),
            Some((201, body)) => return (200, body),
            Some(declined) => return declined,
            None => {}
        }
        if self.lie == Lie::FallsAsleep && self.seq == 20 {
            std::thread::sleep(SLEEP);
        }
        let answer = if cents > self.balance {
            if self.lie == Lie::ChargesWhatItDeclined {
                self.take(1);
            }
            self.seq += 1;
            (409, json!({"code": "insufficient_balance", "balance_cents": self.balance}))
        } else {
            (201, self.take(cents))
        };
        self.answers.insert(key.to_owned(), answer.clone());
        answer
    }

    fn take(&mut self, cents: i64) -> Value {
        self.seq += 1;
        self.balance -= if self.lie == Lie::ChargesTwice { 2 * cents } else { cents };
        let row = json!({
            "operation_id": format!("00000000-0000-7000-8000-{:012x}", self.seq), "kind": "redemption",
            "voucher_id": VOUCHER, "voucher_seq": self.seq, "terminal_id": TILL, "amount_cents": cents,
            "balance_cents": self.balance,
        });
        if self.lie != Lie::ForgetsWhatItAnswered || !self.seq.is_multiple_of(50) {
            self.list.push(row.clone());
        }
        row
    }

    fn by_key(&self, key: &str) -> (u16, Value) {
        match self.answers.get(key) {
            Some((201, body)) => (200, body.clone()),
            Some(_) => {
                let decline = json!({
                    "operation_id": TILL, "kind": "decline", "voucher_id": VOUCHER, "voucher_seq": 1,
                    "amount_cents": 4_000_000_000_u32, "balance_cents": 0, "decline": "insufficient_balance",
                });
                (200, decline)
            }
            None => (404, json!({"code": "never_executed"})),
        }
    }

    /// The part of the list that a query asks for.
    fn page(&self, path: &str) -> Value {
        let query = |name: &str| path.split(['?', '&']).find_map(|part| part.strip_prefix(name)).unwrap_or_default();
        // without the Z, instants of different precision compare as text
        let [from, to, at] = [query("from="), query("to="), AT].map(|instant| instant.trim_end_matches('Z'));
        let rows: &[Value] = if (from..to).contains(&at) { &self.list } else { &[] };
        let after = rows.iter().filter(|row| row["operation_id"].as_str() > Some(query("cursor=")));
        let items: Vec<&Value> = after.take(PAGE).collect();
        let next = items.last().filter(|_| items.len() == PAGE).map(|row| row["operation_id"].clone());
        json!({"items": items, "next_cursor": next})
    }
}
