//! What an answer means.

use crate::figures::micros;
use crate::history::{Act, Outcome, Record, UNTOLD};
use crate::http::Reply;
use crate::mix::{Kind, Request};
use domain::ids::{OperationId, VoucherId};
use domain::voucher::Decline;
use serde::Deserialize;
use std::time::Duration;
use uuid::Uuid;

/// The longest that a till waits because it was told to.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What matters of a body: of an operation, a voucher or a problem.
#[derive(Default, Deserialize)]
struct Body<'a> {
    operation_id: Option<Uuid>,
    voucher_id: Option<Uuid>,
    voucher_seq: Option<u32>,
    amount_cents: Option<u32>,
    balance_cents: Option<i64>,
    available_cents: Option<i64>,
    #[serde(borrow)]
    code: Option<&'a str>,
}

/// An answer, read.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it says.
    pub outcome: Outcome,
    /// The operation's id, or nil.
    pub operation: OperationId,
    /// The place in the voucher's life.
    pub voucher_seq: u32,
    /// What was left, or [`UNTOLD`].
    pub balance_cents: i64,
    /// How much of it is held.
    held_cents: u32,
    /// Of the body of an operation.
    body_crc: u32,
    /// How long to leave the server alone.
    pub wait: Duration,
    /// The session that it opens.
    pub cookie: Option<String>,
    /// What went wrong, for a person to read.
    pub trouble: Option<String>,
}

impl Answer {
    fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            operation: OperationId::new(Uuid::nil()),
            voucher_seq: 0,
            balance_cents: UNTOLD,
            held_cents: 0,
            body_crc: 0,
            wait: Duration::ZERO,
            cookie: None,
            trouble: None,
        }
    }

    /// None came.
    pub fn lost(error: &std::io::Error) -> Self {
        Self { trouble: Some(error.to_string()), ..Self::of(Outcome::Lost) }
    }

    /// By its status alone, when nothing is checked.
    pub fn by_status(reply: &Reply<'_>, kind: Kind) -> Self {
        match reply.status {
            200 | 201 if kind == Kind::Link => Self::linked(reply),
            200 | 201 => Self::of(Outcome::Done),
            409 => Self::of(Outcome::Declined(Decline::InsufficientBalance)),
            _ => Self::failed(reply, &serde_json::from_slice(reply.body).unwrap_or_default()),
        }
    }

    /// Reads the answer to a request about the voucher with this id.
    pub fn read(reply: &Reply<'_>, request: &Request, voucher: VoucherId) -> Self {
        let body: Body<'_> = match serde_json::from_slice(reply.body) {
            Ok(body) => body,
            Err(_) if !matches!(reply.status, 200 | 201) => Body::default(),
            Err(error) => return Self::unreadable(&error.to_string()),
        };
        match (reply.status, body.code.and_then(Decline::from_code)) {
            (200 | 201, _) if request.kind == Kind::Link => Self::linked(reply),
            (200 | 201, _) => Self::done(reply, request, voucher, &body),
            (409, Some(decline)) if request.act == Act::Redeem => {
                let balance_cents = body.balance_cents.unwrap_or(UNTOLD);
                Self { balance_cents, ..Self::of(Outcome::Declined(decline)) }
            }
            _ => Self::failed(reply, &body),
        }
    }

    /// A session that was opened tells nothing about the balance.
    fn linked(reply: &Reply<'_>) -> Self {
        Self { cookie: reply.header("set-cookie").map(cookie_pair), ..Self::of(Outcome::Done) }
    }

    fn done(reply: &Reply<'_>, request: &Request, voucher: VoucherId, body: &Body<'_>) -> Self {
        let (Some(of), Some(voucher_seq), Some(balance_cents)) =
            (body.voucher_id, body.voucher_seq, body.balance_cents)
        else {
            return Self::unreadable("a field is missing");
        };
        let mut answer = Self { voucher_seq, balance_cents, ..Self::of(Outcome::Done) };
        let mut same = of == voucher.uuid();
        if request.act == Act::Read {
            let held = balance_cents - body.available_cents.unwrap_or(balance_cents);
            answer.held_cents = u32::try_from(held).unwrap_or(0);
        } else {
            let Some(operation) = body.operation_id else {
                return Self::unreadable("a field is missing");
            };
            answer.operation = OperationId::new(operation);
            answer.body_crc = crc32c::crc32c(reply.body).max(1);
            same &= body.amount_cents == Some(request.amount_cents);
        }
        if !same {
            answer.outcome = Outcome::Mismatched;
        }
        answer
    }

    fn failed(reply: &Reply<'_>, body: &Body<'_>) -> Self {
        let code = body.code.unwrap_or_default();
        let outcome = match (reply.status, code) {
            // any other 503 may come from a proxy that does not know
            (503, "not_executed") => Outcome::NotExecuted,
            (400..=499, _) => Outcome::Refused,
            _ => Outcome::Unknown,
        };
        let wait = Duration::from_secs(reply.retry_after_s.unwrap_or(0)).min(WAIT_MAX);
        Self { wait, trouble: Some(format!("{} {code}", reply.status)), ..Self::of(outcome) }
    }

    fn unreadable(why: &str) -> Self {
        Self { trouble: Some(format!("an answer that cannot be read: {why}")), ..Self::of(Outcome::Unknown) }
    }

    /// As it is remembered.
    pub fn record(&self, request: &Request, sent: Duration, received: Duration) -> Record {
        let sent_us = micros(sent);
        let received_us = micros(received) + 1;
        Record {
            operation: self.operation,
            sent_us,
            balance_cents: self.balance_cents,
            took_us: u32::try_from(received_us - sent_us).unwrap_or(u32::MAX),
            voucher_seq: self.voucher_seq,
            amount_cents: if request.act == Act::Read { self.held_cents } else { request.amount_cents },
            body_crc: self.body_crc,
            key: request.key,
            voucher: request.voucher,
            terminal: request.terminal,
            act: request.act,
            outcome: self.outcome,
        }
    }
}

/// `name=value` of a `Set-Cookie`.
pub fn cookie_pair(header: &str) -> String {
    header.split(';').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOUCHER: &str = "00000000-0000-7000-8000-0000000000aa";

    #[test]
    fn answers_mean_no_more_than_they_say() {
        let take = Request { act: Act::Redeem, amount_cents: 5, key: 0, ..Request::read(Kind::Redemption, 0, 0) };
        let done = |cents: i64| {
            let place = r#""voucher_seq":2,"balance_cents":95,"receipt":{"amount_cents":1}"#;
            format!(r#"{{"operation_id":"{VOUCHER}","voucher_id":"{VOUCHER}","amount_cents":{cents},{place}}}"#)
        };
        let declined = r#"{"code":"insufficient_balance","balance_cents":4}"#;
        for (status, body, outcome) in [
            (201, done(5).as_str(), Outcome::Done),
            (200, &done(5), Outcome::Done),
            (201, &done(6), Outcome::Mismatched),
            (201, &done(5).replace("voucher_seq", "seq"), Outcome::Unknown),
            (201, "<html>", Outcome::Unknown),
            (409, declined, Outcome::Declined(Decline::InsufficientBalance)),
            (409, r#"{"code":"reversal_exceeds"}"#, Outcome::Refused),
            (429, "slow down", Outcome::Refused),
            (503, r#"{"code":"not_executed"}"#, Outcome::NotExecuted),
            (503, r#"{"code":"out_of_service"}"#, Outcome::Unknown),
            (503, "<h1>a proxy's own page</h1>", Outcome::Unknown),
            (504, r#"{"code":"outcome_unknown"}"#, Outcome::Unknown),
            (500, "", Outcome::Unknown),
        ] {
            let reply = Reply { status, retry_after_s: None, body: body.as_bytes(), head: b"" };
            let voucher = VOUCHER.parse().unwrap_or(VoucherId::new(Uuid::nil()));
            assert_eq!(Answer::read(&reply, &take, voucher).outcome, outcome, "{status} {body}");
            if status >= 429 {
                assert_eq!(Answer::by_status(&reply, take.kind).outcome, outcome, "{status} {body}");
            }
        }
    }
}
