//! `POST /v1/vouchers/lookup`: what a scanned code is worth.

use crate::auth::Till;
use crate::problem::{ENGINE, Problem};
use crate::state::AppState;
use crate::wire::{Instant, VoucherStatus};
use actix_web::{HttpResponse, post, web};
use domain::clock::Timestamp;
use domain::ids::VoucherId;
use domain::rome;
use domain::voucher::{Kind, View};
use serde::{Deserialize, Serialize};
use store::ledger::{CodeRow, Error};
use utoipa::ToSchema;
use uuid::Uuid;

/// More facts than a voucher has in a day.
const FACTS_OF_A_DAY_MAX: i64 = 200;

/// What was scanned or typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"voucher": "BUONO:7K3M9XQ2T5WAB"}))]
struct Lookup {
    /// The scanned text, the typed code, or the link.
    voucher: String,
}

/// What a till may know of a voucher.
#[derive(Serialize, ToSchema)]
struct VoucherFound {
    voucher_id: Uuid,
    /// The place of the latest fact it shows.
    voucher_seq: u64,
    programme: VoucherProgramme,
    #[schema(value_type = VoucherStatus)]
    status: &'static str,
    /// What it is worth, holds included.
    balance_cents: i64,
    /// What can be taken now.
    available_cents: i64,
    expires_at: Instant,
    /// To compare with the holder's document.
    holder_initials: String,
    /// Whether every amount needs the PIN.
    pin_required: bool,
    /// Above this amount the PIN is needed; null where it never is.
    pin_above_cents: Option<i64>,
    /// The most that one redemption may take; null without such a limit.
    per_redemption_max_cents: Option<i64>,
    /// What the programme's limit of a day leaves for today, by the ledger, which may be a second behind; null without
    /// such a limit.
    day_left_cents: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct VoucherProgramme {
    id: Uuid,
    name: String,
}

/// What a text leads to for this till, and whether it is a code of an earlier minute. Unknown, foreign and mistyped
/// are one and the same answer.
///
/// # Errors
/// `voucher_not_found`, `too_many_requests`.
pub async fn resolve(state: &AppState, till: &Till, text: &str) -> Result<(CodeRow, bool), Problem> {
    match state.shown(text).await? {
        Some((code, stale)) if code.municipality_id == till.0.shop.municipality_id => Ok((code, stale)),
        _ => {
            state.limits.failed_lookup(till.0.id)?;
            Err(Problem::new("voucher_not_found"))
        }
    }
}

/// What a voucher has spent today, as far as the ledger has it; given back the same day it is not spent.
async fn spent_today(state: &AppState, view: &View) -> Result<i64, Problem> {
    let before = i64::try_from(view.voucher_seq).unwrap_or(i64::MAX).saturating_sub(FACTS_OF_A_DAY_MAX);
    let facts = state.everything().voucher_operations(view.id.uuid(), before.max(0), FACTS_OF_A_DAY_MAX).await?;
    let today = rome::day(state.clock.now());
    let taken = facts.iter().filter(|row| {
        let kind = Kind::from_code(&row.kind);
        matches!(kind, Some(Kind::Redeem | Kind::Capture))
            && row.decline.is_none()
            && rome::day(Timestamp::from_micros(row.decided_at)) == today
    });
    Ok(taken.map(|row| row.amount_cents - row.reversed_cents).sum())
}

/// What a scanned or typed code is worth
///
/// Unknown, foreign and mistyped codes are one and the same 404. A QR of an earlier minute, where the
/// programme's change with time, is 409 `qr_expired`: the holder's page shows the present one.
#[utoipa::path(tag = "till", operation_id = "look_up_voucher",
    responses((status = 200, description = "The voucher", body = VoucherFound)),
    extensions(("x-roles" = json!(Till::ROLES)),
        ("x-problems" = json!(["voucher_not_found", "qr_expired", "too_many_requests", ENGINE]))))]
#[post("/v1/vouchers/lookup")]
pub(super) async fn lookup(
    state: web::Data<AppState>,
    till: Till,
    body: web::Json<Lookup>,
) -> Result<HttpResponse, Problem> {
    let (code, stale) = resolve(&state, &till, &body.voucher).await?;
    if stale {
        return Err(Problem::new("qr_expired"));
    }
    let voucher = VoucherId::new(code.voucher_id);
    let view = state.vouchers.view(voucher, state.deadline()).await?.ok_or(Problem::new("voucher_not_found"))?;
    let directory = state.directory.now();
    let programme = directory.programmes.get(&view.programme.uuid()).ok_or(Problem::new("voucher_not_found"))?;
    let initials = match state.everything().holder(code.voucher_id).await {
        // given after the copy of the ledger that was restored was made: it can be spent all the same
        Err(Error::NotFound) => String::new(),
        holder => holder?.initials,
    };
    let now = state.clock.now();
    let status = match view.life.code() {
        _ if i64::from(view.generation) != code.generation => "reissued",
        "active" if now < view.valid_from => "not_yet_valid",
        "active" if now >= view.expires_at.plus_seconds(1) => "expired",
        // nothing would be taken: the till is told before anybody keys in an amount
        "active" if programme.status == "suspended" => "suspended",
        code => code,
    };
    Ok(HttpResponse::Ok().json(VoucherFound {
        voucher_id: view.id.uuid(),
        voucher_seq: view.voucher_seq,
        programme: VoucherProgramme { id: programme.id, name: programme.name.clone() },
        status,
        balance_cents: view.balance.get(),
        available_cents: view.available().get(),
        expires_at: view.expires_at.into(),
        holder_initials: initials,
        pin_required: view.has_pin && programme.pin_above_cents == Some(0),
        pin_above_cents: programme.pin_above_cents.filter(|_| view.has_pin),
        per_redemption_max_cents: programme.per_redemption_max_cents,
        day_left_cents: match programme.per_day_max_cents {
            Some(max) => Some((max - view.held.get() - spent_today(&state, &view).await?).max(0)),
            None => None,
        },
    }))
}
