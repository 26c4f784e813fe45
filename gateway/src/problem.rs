//! Everything that can go wrong, in one table, answered as `application/problem+json` (RFC 9457).

use crate::texts::{Lang, Texts};
use actix_web::http::header::HeaderMap;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError, web};
use domain::voucher::{Decline, Refusal};
use engine::NotDone;
use serde_json::{Map, Value};
use std::fmt;

/// Code, status. Texts are `problem-<code>-title` and `-detail` in the catalogue.
pub const TABLE: &[(&str, u16)] = &[
    ("bad_request", 400),
    ("unknown_field", 400),
    ("idempotency_key_required", 400),
    ("idempotency_key_invalid", 400),
    ("unauthorized", 401),
    ("sign_in_failed", 401),
    ("totp_required", 401),
    ("forbidden", 403),
    ("not_found", 404),
    ("voucher_not_found", 404),
    ("operation_not_found", 404),
    ("claim_not_found", 404),
    ("remark_not_found", 404),
    ("hold_not_found", 404),
    ("enrolment_code_invalid", 404),
    ("never_executed", 404),
    ("method_not_allowed", 405),
    ("conflict", 409),
    ("insufficient_balance", 409),
    ("voucher_blocked", 409),
    ("voucher_expired", 409),
    ("voucher_not_yet_valid", 409),
    ("voucher_closed", 409),
    ("voucher_reissued", 409),
    ("qr_expired", 409),
    ("pin_required", 409),
    ("pin_wrong", 409),
    ("amount_over_limit", 409),
    ("shop_not_enabled", 409),
    ("programme_suspended", 409),
    ("velocity", 409),
    ("capture_exceeds_hold", 409),
    ("reversal_exceeds", 409),
    ("operation_sealed", 409),
    ("nothing_to_claim", 409),
    ("claim_changed", 409),
    ("iban_required", 409),
    ("claim_already_approved", 409),
    ("claim_not_approved", 409),
    ("claim_already_paid", 409),
    ("four_eyes_required", 409),
    ("holds_open", 409),
    ("staff_full", 409),
    ("staff_pin_required", 409),
    ("staff_pin_wrong", 409),
    ("ticket_answered", 409),
    ("messages_already_sent", 409),
    ("vouchers_used", 409),
    ("import_not_applicable", 409),
    ("over_budget", 409),
    ("payload_too_large", 413),
    ("list_too_long", 413),
    ("unsupported_media_type", 415),
    ("amount_invalid", 422),
    ("validity_invalid", 422),
    ("payment_day_invalid", 422),
    ("iban_invalid", 422),
    ("contact_invalid", 422),
    ("idempotency_key_reused", 422),
    ("deadline_over", 422),
    ("file_unreadable", 422),
    ("too_many_requests", 429),
    ("too_many_holds", 429),
    ("staff_locked", 429),
    ("internal_error", 500),
    ("no_documents", 503),
    ("press_busy", 503),
    ("not_executed", 503),
    ("out_of_service", 503),
    ("outcome_unknown", 504),
];

/// What may come of asking the engine.
pub const ENGINE: [&str; 2] = ["not_executed", "outcome_unknown"];

/// Something that went wrong.
#[derive(Debug)]
pub struct Problem {
    code: &'static str,
    fields: Map<String, Value>,
    retry_after_s: Option<u64>,
    replayed: bool,
}

impl Problem {
    /// One of the codes in [`TABLE`].
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        debug_assert!(TABLE.iter().any(|(known, _)| *known == code), "{code} is not in the table");
        let retry_after_s = match code {
            "not_executed" | "out_of_service" => Some(1),
            "too_many_holds" => Some(60),
            _ => None,
        };
        Self { code, fields: Map::new(), retry_after_s, replayed: false }
    }

    /// Adds a field of the case.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same answer was given before.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }

    /// What a field of the case says.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    fn status(&self) -> StatusCode {
        let known = TABLE.iter().find(|(code, _)| *code == self.code).map_or(500, |(_, status)| *status);
        StatusCode::from_u16(known).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, ", {name}: {value}"))
    }
}

/// The language is only known where the request is: [`localise`] fills in the texts on the way out.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        let mut body = self.fields.clone();
        body.insert("code".into(), self.code.into());
        body.insert("status".into(), self.status().as_u16().into());
        response.json(body)
    }
}

/// The whole document in the first of the caller's languages that has a text for it: what citizens may
/// meet is in theirs too, the rest in those of shops and offices.
#[must_use]
pub fn localise(texts: &Texts, headers: &HeaderMap, body: &[u8], request_id: &str) -> Option<(Lang, Vec<u8>)> {
    let mut document: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let code = document.get("code")?.as_str()?.to_owned();
    let key = code.replace('_', "-");
    let worded = |lang: &Lang| texts.has(*lang, &format!("problem-{key}-title"));
    let lang = Lang::wished(headers).find(worded).unwrap_or_default();
    document.insert("type".into(), format!("/docs/problems#{code}").into());
    document.insert("title".into(), texts.plain(lang, &format!("problem-{key}-title")).into());
    document.insert("detail".into(), texts.plain(lang, &format!("problem-{key}-detail")).into());
    document.insert("request_id".into(), request_id.into());
    Some((lang, serde_json::to_vec(&document).ok()?))
}

impl From<store::ledger::Error> for Problem {
    fn from(error: store::ledger::Error) -> Self {
        match error {
            store::ledger::Error::NotFound => Self::new("not_found"),
            store::ledger::Error::Conflict => Self::new("conflict"),
            store::ledger::Error::Unavailable(why) => {
                tracing::warn!(why, "the ledger is not available");
                Self::new("out_of_service")
            }
            other => {
                tracing::error!(error = %other, "the ledger refused");
                Self::new("internal_error")
            }
        }
    }
}

impl From<store::seal::Broken> for Problem {
    fn from(error: store::seal::Broken) -> Self {
        tracing::error!(%error, "a sealed value cannot be opened: is this the right key file?");
        Self::new("internal_error")
    }
}

impl From<NotDone> for Problem {
    fn from(not_done: NotDone) -> Self {
        Self::new(match not_done {
            NotDone::NotExecuted | NotDone::Stale | NotDone::Moved => "not_executed",
            NotDone::Unknown => "outcome_unknown",
            NotDone::Halted => "out_of_service",
        })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::NoSuchVoucher => "voucher_not_found",
            Refusal::AlreadyIssued | Refusal::NotYetExpired => "conflict",
            Refusal::KeyReused => "idempotency_key_reused",
            Refusal::InvalidAmount => "amount_invalid",
            Refusal::InvalidValidity => "validity_invalid",
            Refusal::NoSuchHold => "hold_not_found",
            Refusal::CaptureExceedsHold => "capture_exceeds_hold",
            Refusal::TooManyHolds => "too_many_holds",
            Refusal::NoSuchOperation => "operation_not_found",
            Refusal::ReversalExceeds => "reversal_exceeds",
            Refusal::OperationSealed => "operation_sealed",
            Refusal::VoucherClosed => "voucher_closed",
            Refusal::VoucherExpired => "voucher_expired",
            Refusal::HoldsOpen => "holds_open",
        })
    }
}

/// A decline, with the balance where the till may know it.
#[must_use]
pub fn declined(decline: Decline, balance_cents: i64, available_cents: i64) -> Problem {
    let problem = Problem::new(decline.code());
    match decline {
        Decline::InsufficientBalance | Decline::AmountOverLimit => {
            problem.with("balance_cents", balance_cents).with("available_cents", available_cents)
        }
        _ => problem,
    }
}

/// How actix's own errors become problems.
pub fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(|error, _| {
        use actix_web::error::JsonPayloadError as E;
        match &error {
            E::Overflow { .. } | E::OverflowKnownLength { .. } => Problem::new("payload_too_large").into(),
            E::ContentType => Problem::new("unsupported_media_type").into(),
            E::Deserialize(why) if why.to_string().contains("unknown field") => {
                Problem::new("unknown_field").with("reason", why.to_string()).into()
            }
            E::Deserialize(why)
                if ["amount_cents", "expected i64"].iter().any(|word| why.to_string().contains(word)) =>
            {
                Problem::new("amount_invalid").with("reason", why.to_string()).into()
            }
            other => Problem::new("bad_request").with("reason", other.to_string()).into(),
        }
    })
}

/// Bodies other than uploads.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// Query strings that cannot be read.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default()
        .error_handler(|error, _| Problem::new("bad_request").with("reason", error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_texts() {
        let texts = Texts::default();
        for (code, _) in TABLE {
            for part in ["title", "detail"] {
                let key = format!("problem-{}-{part}", code.replace('_', "-"));
                assert!(Lang::WHOLE.iter().all(|lang| texts.has(*lang, &key)), "{key} is missing");
            }
        }
        for decline in Decline::ALL {
            assert!(TABLE.iter().any(|(code, status)| *code == decline.code() && *status == 409), "{decline:?}");
        }
    }
}
