//! Payments that somebody remembers, and commands of the binary.

use crate::{Server, binary};
use domain::ids::{PartitionId, VoucherId};
use reqwest::Client;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::process::{Command, Output};

/// What a command said, on both ways out, and whether it ended well.
#[derive(Debug)]
pub struct Said {
    /// Whether it exited with 0.
    pub well: bool,
    /// Standard output and standard error.
    pub text: String,
}

impl Said {
    /// That it ended well.
    ///
    /// # Panics
    /// When it did not.
    pub fn well(self) -> String {
        assert!(self.well, "{}", self.text);
        self.text
    }

    /// That it refused, with these words among others.
    ///
    /// # Panics
    /// When it did not.
    pub fn refused(self, words: &str) -> String {
        assert!(!self.well && self.text.contains(words), "{words}: {}", self.text);
        self.text
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Self { well: output.status.success(), text }
    }
}

/// Runs a command of the binary with these options behind it.
///
/// # Panics
/// When it cannot be run.
pub fn buono(command: &[impl AsRef<OsStr>], options: &[String]) -> Said {
    Command::new(binary()).args(command).args(options).output().expect("the binary starts").into()
}

/// Seals what the first till's shop is owed: the claim.
///
/// # Panics
/// When it is owed nothing.
pub async fn seal(server: &Server) -> Value {
    let till = server.demo["terminals"][0]["token"].as_str().expect("a token");
    let request = Client::new().post(format!("{}/v1/claims", server.base_url)).bearer_auth(till);
    let answer = request.header("Idempotency-Key", crate::town::key()).json(&json!({})).send().await;
    crate::town::done(answer).await
}

/// What that shop has claimed.
///
/// # Panics
/// When there is no answer.
pub async fn claims(server: &Server) -> Value {
    let till = server.demo["terminals"][0]["token"].as_str().expect("a token");
    let request = Client::new().get(format!("{}/v1/claims", server.base_url)).bearer_auth(till);
    crate::town::done(request.send().await).await["items"].clone()
}

/// How many a demonstration has.
const PARTITIONS: u16 = 8;

/// Which partition one of the demonstration's vouchers is in.
///
/// # Panics
/// When it is none of these.
#[must_use]
pub fn partition_of(voucher: &Value) -> PartitionId {
    let id = voucher["voucher_id"].as_str().expect("an id").parse().expect("a UUID");
    PartitionId::of(VoucherId::new(id), PARTITIONS)
}

struct Payment {
    key: String,
    terminal: usize,
    voucher: usize,
    cents: i64,
    answer: Value,
}

/// The tills of a demonstration town, and all that they were told.
#[derive(Default)]
pub struct Payments {
    client: Client,
    told: Vec<Payment>,
}

impl Payments {
    async fn send(&self, server: &Server, payment: &Payment) -> (u16, Value) {
        let demo = &server.demo;
        let token = demo["terminals"][payment.terminal]["token"].as_str().expect("a token");
        let request = self.client.post(format!("{}/v1/redemptions", server.base_url)).bearer_auth(token);
        let body = json!({"voucher": demo["vouchers"][payment.voucher]["qr_text"], "amount_cents": payment.cents});
        let answer = request.header("Idempotency-Key", &payment.key).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// So many new payments, at several tills, with several vouchers.
    ///
    /// # Panics
    /// When one is not taken.
    pub async fn make(&mut self, server: &Server, count: usize) {
        for _ in 0..count {
            self.pay(server, self.told.len() % 5).await;
        }
    }

    /// One more from a voucher of each partition, whose last batch is this then.
    ///
    /// # Panics
    /// When one is not taken, or a partition has no voucher.
    pub async fn make_everywhere(&mut self, server: &Server) {
        let vouchers = server.demo["vouchers"].as_array().expect("vouchers");
        for partition in 0..PARTITIONS {
            let voucher = vouchers.iter().position(|voucher| partition_of(voucher) == PartitionId(partition));
            self.pay(server, voucher.expect("a voucher in each")).await;
        }
    }

    async fn pay(&mut self, server: &Server, voucher: usize) {
        let nth = self.told.len();
        let cents = 1 + (nth % 3) as i64;
        let mut payment =
            Payment { key: format!("payment-{nth}"), terminal: nth % 4, voucher, cents, answer: Value::Null };
        let (status, answer) = self.send(server, &payment).await;
        assert_eq!(status, 201, "{answer}");
        payment.answer = answer;
        self.told.push(payment);
    }

    /// How many were made.
    #[must_use]
    pub fn count(&self) -> usize {
        self.told.len()
    }

    /// The answers to the payments from here on.
    pub fn answers(&self, from: usize) -> impl Iterator<Item = &Value> {
        self.told[from..].iter().map(|payment| &payment.answer)
    }

    /// The first so many, asked again under their keys, are answered as they were.
    ///
    /// # Panics
    /// When one is not.
    pub async fn still_known(&self, server: &Server, count: usize) {
        for payment in &self.told[..count] {
            let (status, answer) = self.send(server, payment).await;
            assert_eq!((status, &answer), (200, &payment.answer), "{}", payment.key);
        }
    }

    /// All of them, asked again, have the outcome that was told, though their receipts may be gone.
    ///
    /// # Panics
    /// When one has not.
    pub async fn outcomes_known(&self, server: &Server) {
        self.outcomes_known_of(server, self.told.len()).await;
    }

    /// The same of the first so many.
    ///
    /// # Panics
    /// When one has not.
    pub async fn outcomes_known_of(&self, server: &Server, count: usize) {
        let without_receipt = |answer: &Value| {
            let mut answer = answer.clone();
            answer.as_object_mut().map(|fields| fields.remove("receipt"));
            answer
        };
        for payment in &self.told[..count] {
            let (status, answer) = self.send(server, payment).await;
            assert_eq!((status, without_receipt(&answer)), (200, without_receipt(&payment.answer)), "{}", payment.key);
            let receipt = answer.get("receipt");
            assert!(receipt.is_none() || receipt == payment.answer.get("receipt"), "another record's receipt");
        }
    }
}
