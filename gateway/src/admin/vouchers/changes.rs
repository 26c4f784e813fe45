//! `POST /v1/admin/vouchers/{id}/…`: blocking, replacing, topping up.

use super::super::commands::{pin_tag, run, staff_key};
use super::super::{own_programme, within_budget};
use super::contact::Contact;
use super::{Voucher, own};
use crate::auth::{Staff, Works};
use crate::edge::new_id;
use crate::nothing::Nothing;
use crate::problem::{ENGINE, Problem};
use crate::shop::IdempotencyKey;
use crate::shop::answers::{Operation, told};
use crate::state::AppState;
use crate::wire::{Text500, text};
use actix_web::{HttpResponse, post, web};
use domain::cents::Cents;
use domain::ids::VoucherId;
use domain::keys::RequestHash;
use domain::rome;
use domain::voucher::{Action, Reason};
use engine::Answer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use store::codes::grouped;
use store::ledger::CodeRow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(block).service(unblock).service(reissue).service(top_up).service(expiry).service(show_pin);
}

/// How long somebody at the desk waits for others in the office.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may come of any change: its voucher may be over.
const CHANGE: [&str; 4] = ["voucher_not_found", "voucher_expired", "voucher_closed", "bad_request"];

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Smarrito dal titolare"}))]
struct WithReason {
    /// For the audit log.
    #[schema(value_type = Text500)]
    reason: String,
}

/// How much, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_cents": 2_000, "reason": "Integrazione di dicembre"}))]
struct TopUp {
    #[schema(minimum = 1, maximum = 10_000_000_000_i64)]
    amount_cents: i64,
    /// For the audit log.
    #[schema(value_type = Text500)]
    reason: String,
}

/// Until when, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"expires": "2027-03-31", "reason": "Proroga della giunta"}))]
struct NewExpiry {
    /// The last day from now on; the voucher expires at 23:59:59 in Rome.
    #[schema(value_type = String, format = Date)]
    expires: jiff::civil::Date,
    /// For the audit log.
    #[schema(value_type = Text500)]
    reason: String,
}

/// Why, and where the new code goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Nuovo numero", "contact": {"channel": "sms", "to": "333 1234567"}}))]
struct Replacement {
    /// For the audit log.
    #[schema(value_type = Text500)]
    reason: String,
    /// How the holder is reached from now on; as before where it is not said.
    contact: Option<Contact>,
}

/// A voucher with its new code.
#[derive(Serialize, ToSchema)]
struct Reissued {
    #[serde(flatten)]
    voucher: Voucher,
    /// To be handed to the holder.
    code: String,
}

/// Does something to a voucher of the caller's municipality and writes down who and why: again under the same id when it is
/// asked for again under its key, since the first answer may have been lost before that. Who asks again without one finds
/// nothing to change, and why they did is kept with that.
async fn act(
    state: &AppState,
    staff: &Staff<Works>,
    voucher: Uuid,
    attempt: (Option<&str>, RequestHash),
    (action, reason): (Action, &str),
    name: &str,
) -> Result<Answer, Problem> {
    let municipality = staff.municipality()?;
    let reason = text(reason, 500, "reason")?;
    own(state, municipality, voucher).await?;
    let answer = run(state, Some(staff.user), voucher, attempt, action).await?;
    let (id, why) = match &answer {
        Answer::Recorded { entry, .. } => (entry.operation.uuid(), json!({"reason": reason})),
        Answer::Known(outcome) => (outcome.operation.uuid(), json!({"reason": reason})),
        _ => (new_id(), json!({"reason": reason, "unchanged": true})),
    };
    let (who, what) = (Some(staff.user.uuid()), (name, voucher.to_string()));
    let noted = state.audit_as(id, Some(municipality), who, what, why).await;
    // it is done: nobody may be told otherwise because it is not written down yet
    noted.map_err(|_| Problem::new("outcome_unknown"))?;
    Ok(answer)
}

/// Does something that has no key of the caller's, and shows the voucher as it is then.
async fn change(
    state: &AppState,
    staff: &Staff<Works>,
    voucher: Uuid,
    action: (Action, &str),
    name: &str,
) -> Result<Voucher, Problem> {
    act(state, staff, voucher, (None, RequestHash::of(&[])), action, name).await?;
    // it is done, also where another partition's ledger is out of service
    state.settled().await.map_err(|_| Problem::new("outcome_unknown"))?;
    Ok(own(state, staff.municipality()?, voucher).await?.into())
}

/// Block a voucher
///
/// Nobody can spend it until it is unblocked. Blocking a blocked voucher changes nothing.
#[utoipa::path(tag = "vouchers", operation_id = "block_voucher",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The voucher as it is now", body = Voucher)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!([CHANGE, ENGINE]))))]
#[post("/v1/admin/vouchers/{id}/block")]
async fn block(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    body: web::Json<WithReason>,
) -> Result<HttpResponse, Problem> {
    let action = (Action::Block { reason: Reason::Other }, body.reason.as_str());
    Ok(HttpResponse::Ok().json(change(&state, &staff, *path, action, "voucher_blocked").await?))
}

/// Unblock a voucher
#[utoipa::path(tag = "vouchers", operation_id = "unblock_voucher",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The voucher as it is now", body = Voucher)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!([CHANGE, ENGINE]))))]
#[post("/v1/admin/vouchers/{id}/unblock")]
async fn unblock(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    body: web::Json<WithReason>,
) -> Result<HttpResponse, Problem> {
    let action = (Action::Unblock, body.reason.as_str());
    Ok(HttpResponse::Ok().json(change(&state, &staff, *path, action, "voucher_unblocked").await?))
}

/// Add money to a voucher
///
/// No more than what the programme's budget leaves.
#[utoipa::path(tag = "vouchers", operation_id = "top_up_voucher",
    params(("id" = Uuid, Path, description = "The voucher"), IdempotencyKey),
    responses((status = 201, description = "The money is on the voucher", body = Operation<'static>)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!([CHANGE, "amount_invalid", "over_budget", ENGINE]))))]
#[post("/v1/admin/vouchers/{id}/top-up")]
async fn top_up(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    key: IdempotencyKey,
    path: web::Path<Uuid>,
    body: web::Json<TopUp>,
) -> Result<HttpResponse, Problem> {
    let amount =
        Cents::new(body.amount_cents).filter(|cents| !cents.is_zero()).ok_or(Problem::new("amount_invalid"))?;
    let hash = RequestHash::of(&[b"top-up", path.as_bytes(), &amount.get().to_le_bytes(), body.reason.as_bytes()]);
    text(&body.reason, 500, "reason")?;
    let row = own(&state, staff.municipality()?, *path).await?;
    let (op_key, attempt) = (staff_key(Some(staff.user), &key.0), (Some(&*key.0), hash));
    let action = (Action::TopUp { amount }, body.reason.as_str());
    let used = async || state.everything().key_used(row.id, op_key.0).await;
    // whoever asks again is told what they were told, whatever the budget leaves by now
    let answer = if used().await? {
        act(&state, &staff, row.id, attempt, action, "voucher_topped_up").await?
    } else {
        // nobody gives anything meanwhile, and what was given before counts; of an earlier try nothing is known here
        let _alone = state.office_alone(PATIENCE).await.map_err(|_| Problem::new("outcome_unknown"))?;
        state.settled().await?;
        if !used().await? {
            within_budget(&state, &own_programme(&state, row.municipality_id, row.programme_id)?, amount.get()).await?;
        }
        act(&state, &staff, row.id, attempt, action, "voucher_topped_up").await?
    };
    // whoever looks next sees it; if the ledger takes longer, the answer is true all the same
    if let Err(problem) = state.settled().await {
        tracing::warn!(code = problem.code(), "a top-up is answered before the ledger has it");
    }
    told(&state, VoucherId::new(*path), answer).await
}

/// Change a voucher's last day
#[utoipa::path(tag = "vouchers", operation_id = "change_voucher_expiry",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The voucher as it is now", body = Voucher)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!([CHANGE, "validity_invalid", ENGINE]))))]
#[post("/v1/admin/vouchers/{id}/expiry")]
async fn expiry(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    body: web::Json<NewExpiry>,
) -> Result<HttpResponse, Problem> {
    // what is over is emptied, and that is for good
    if body.expires < rome::date(state.clock.now()) {
        return Err(Problem::new("validity_invalid"));
    }
    let action = (Action::ChangeExpiry { expires_at: rome::end_of_day(body.expires) }, body.reason.as_str());
    Ok(HttpResponse::Ok().json(change(&state, &staff, *path, action, "voucher_expiry_changed").await?))
}

/// Replace a voucher's code, link and PIN
///
/// The old ones are void at once; the holder gets the new ones by message. A holder with another number or address gets new
/// ones in any case: whoever has the number before has its link.
#[utoipa::path(tag = "vouchers", operation_id = "reissue_voucher",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The voucher with its new code", body = Reissued)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!([CHANGE, "contact_invalid", ENGINE]))))]
#[post("/v1/admin/vouchers/{id}/reissue")]
async fn reissue(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    body: web::Json<Replacement>,
) -> Result<HttpResponse, Problem> {
    text(&body.reason, 500, "reason")?;
    let reached = body.contact.as_ref().map(Contact::read).transpose()?;
    let voucher = VoucherId::new(*path);
    let _alone = state.office_alone(PATIENCE).await?;
    state.settled().await?;
    // the codes of the next generation lead somewhere before anybody can be told of them
    let row = own(&state, staff.municipality()?, *path).await?;
    let code = CodeRow {
        voucher_id: row.id,
        municipality_id: row.municipality_id,
        programme_id: row.programme_id,
        generation: row.generation + 1,
    };
    let generation = u32::try_from(code.generation).unwrap_or(u32::MAX);
    // before the new link is written to anybody, and not where there will be none
    if let Some(reached) = reached.filter(|_| matches!(&*row.status, "active" | "blocked")) {
        reached.write(&state, &staff, &row).await?;
    }
    let indexes = state.keys.code_indexes(voucher, generation);
    state.town(code.municipality_id).add_codes(&[(code, indexes)]).await?;
    state.forget_code(voucher, generation);
    let pin = pin_tag(&state, &own_programme(&state, row.municipality_id, row.programme_id)?, voucher, generation);
    let action = (Action::Reissue { pin }, body.reason.as_str());
    let voucher_now = change(&state, &staff, *path, action, "voucher_reissued").await?;
    let code = grouped(&state.keys.code(voucher, generation));
    Ok(HttpResponse::Ok().json(Reissued { voucher: voucher_now, code }))
}

/// A voucher's PIN.
#[derive(Serialize, ToSchema)]
struct Pin {
    #[schema(example = "40713")]
    pin: String,
}

/// Show a voucher's PIN
///
/// For the holder of a paper voucher, at the desk; who looked is in the audit log. 404 `not_found` where
/// the programme asks for no PIN.
#[utoipa::path(tag = "vouchers", operation_id = "show_voucher_pin",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The PIN in force", body = Pin)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["voucher_not_found", "not_found"]))))]
#[post("/v1/admin/vouchers/{id}/pin")]
async fn show_pin(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    path: web::Path<Uuid>,
    _body: Nothing,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let row = own(&state, municipality, *path).await?;
    let programme = own_programme(&state, municipality, row.programme_id)?;
    programme.pin_above_cents.ok_or(Problem::new("not_found"))?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "pin_shown", row.id, json!({})).await?;
    let generation = u32::try_from(row.generation).unwrap_or(0);
    let pin = state.keys.pin(VoucherId::new(row.id), generation);
    Ok(HttpResponse::Ok().json(Pin { pin }))
}
