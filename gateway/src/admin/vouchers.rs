//! `/v1/admin/vouchers`: finding, blocking, replacing, topping up.

use super::commands::{pin_tag, run};
use super::{Page, listed, own_programme};
use crate::auth::Staff;
use crate::problem::Problem;
use crate::shop::IdempotencyKey;
use crate::shop::answers::{kind_name, rfc3339};
use crate::state::AppState;
use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get, post, web};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::codice_fiscale::CodiceFiscale;
use domain::contacts::{Email, Phone};
use domain::ids::VoucherId;
use domain::keys::RequestHash;
use domain::rome;
use domain::voucher::{Action, Kind, Reason};
use engine::Answer;
use serde::Deserialize;
use serde_json::{Value, json};
use store::codes::grouped;
use store::ledger::{CodeRow, VoucherFilter, VoucherRow};
use uuid::Uuid;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list)
        .service(one)
        .service(history)
        .service(block)
        .service(unblock)
        .service(reissue)
        .service(top_up)
        .service(expiry)
        .service(show_pin);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    limit: Option<i64>,
    cursor: Option<Uuid>,
    status: Option<String>,
    /// A reference, codice fiscale, phone number, address, or code.
    search: Option<String>,
}

/// The indexes that a search text may be found under.
fn filter(state: &AppState, query: &Query) -> VoucherFilter {
    let search = query.search.as_deref().unwrap_or_default().trim();
    let index = |kind: &str, value: Option<String>| {
        value.map_or_else(Vec::new, |value| state.keys.blind_index(kind, &value).to_vec())
    };
    VoucherFilter {
        after: query.cursor.unwrap_or_default(),
        status: query.status.clone().unwrap_or_default(),
        search: search.to_owned(),
        tax_index: index("tax_code", CodiceFiscale::parse(search).ok().map(|code| code.as_str().to_owned())),
        phone_index: index("phone", Phone::parse(search).ok().map(|phone| phone.as_str().to_owned())),
        email_index: index("email", Email::parse(search).ok().map(|email| email.as_str().to_owned())),
        limit: Page { limit: query.limit, cursor: None }.limit(),
    }
}

#[get("/v1/admin/vouchers")]
async fn list(state: web::Data<AppState>, staff: Staff, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let municipality = staff.reads()?;
    let filter = filter(&state, &query);
    let by_code = state.code(&filter.search).await?.filter(|code| code.municipality_id == municipality);
    let rows = match by_code {
        Some(code) => vec![state.db.voucher(municipality, code.voucher_id).await?],
        None => state.db.vouchers(municipality, &filter).await?,
    };
    Ok(HttpResponse::Ok().json(listed(&rows, filter.limit, |row| row.id)))
}

#[get("/v1/admin/vouchers/{id}")]
async fn one(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.db.voucher(staff.reads()?, *path).await?))
}

#[get("/v1/admin/vouchers/{id}/history")]
async fn history(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    state.db.voucher(staff.reads()?, *path).await?;
    let directory = state.directory.now();
    let rows = state.db.voucher_operations(*path, 0, 10_000).await?;
    let items: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "operation_id": row.id,
                "voucher_seq": row.voucher_seq,
                "kind": Kind::from_code(&row.kind).map_or("unknown", kind_name),
                "amount_cents": row.amount_cents,
                "balance_cents": row.balance_after_cents,
                "held_cents": row.held_after_cents,
                "decline": row.decline,
                "shop": row.shop_id.and_then(|id| directory.shops.get(&id)).map(|shop| shop.name.clone()),
                "user_id": row.user_id,
                "decided_at": rfc3339(Timestamp::from_micros(row.decided_at)),
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"items": items, "next_cursor": null})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopUp {
    amount_cents: i64,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewExpiry {
    expires: jiff::civil::Date,
    reason: String,
}

/// Does something to a voucher of the caller's municipality and writes down who and why.
async fn act(
    state: &AppState,
    staff: &Staff,
    voucher: Uuid,
    attempt: (Option<&str>, RequestHash),
    (action, reason): (Action, &str),
    name: &str,
) -> Result<(VoucherRow, Answer), Problem> {
    let municipality = staff.works()?;
    let reason = super::text(reason, 500, "reason")?;
    let row = state.db.voucher(municipality, voucher).await?;
    let answer = run(state, Some(staff.user), voucher, attempt, action).await?;
    state.audit(Some(municipality), Some(staff.user.uuid()), name, voucher, json!({"reason": reason})).await?;
    state.settled().await?;
    Ok((row, answer))
}

async fn shown(state: &AppState, row: &VoucherRow) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.db.voucher(row.municipality_id, row.id).await?))
}

fn once() -> (Option<&'static str>, RequestHash) {
    (None, RequestHash::of(&[]))
}

#[post("/v1/admin/vouchers/{id}/block")]
async fn block(
    state: web::Data<AppState>,
    staff: Staff,
    path: web::Path<Uuid>,
    body: web::Json<Why>,
) -> Result<HttpResponse, Problem> {
    let action = Action::Block { reason: Reason::Other };
    let (row, _) = act(&state, &staff, *path, once(), (action, &body.reason), "voucher_blocked").await?;
    shown(&state, &row).await
}

#[post("/v1/admin/vouchers/{id}/unblock")]
async fn unblock(
    state: web::Data<AppState>,
    staff: Staff,
    path: web::Path<Uuid>,
    body: web::Json<Why>,
) -> Result<HttpResponse, Problem> {
    let (row, _) = act(&state, &staff, *path, once(), (Action::Unblock, &body.reason), "voucher_unblocked").await?;
    shown(&state, &row).await
}

#[post("/v1/admin/vouchers/{id}/top-up")]
async fn top_up(
    state: web::Data<AppState>,
    staff: Staff,
    key: IdempotencyKey,
    path: web::Path<Uuid>,
    body: web::Json<TopUp>,
) -> Result<HttpResponse, Problem> {
    let amount =
        Cents::new(body.amount_cents).filter(|cents| !cents.is_zero()).ok_or(Problem::new("amount_invalid"))?;
    let hash = RequestHash::of(&[b"top-up", path.as_bytes(), &amount.get().to_le_bytes(), body.reason.as_bytes()]);
    let action = (Action::TopUp { amount }, body.reason.as_str());
    let (row, answer) = act(&state, &staff, *path, (Some(&key.0), hash), action, "voucher_topped_up").await?;
    let shown = state.db.voucher(row.municipality_id, row.id).await?;
    match answer {
        Answer::Known(_) => Ok(HttpResponse::Ok().insert_header(("Idempotency-Replayed", "true")).json(shown)),
        _ => Ok(HttpResponse::Created().json(shown)),
    }
}

#[post("/v1/admin/vouchers/{id}/expiry")]
async fn expiry(
    state: web::Data<AppState>,
    staff: Staff,
    path: web::Path<Uuid>,
    body: web::Json<NewExpiry>,
) -> Result<HttpResponse, Problem> {
    let action = Action::ChangeExpiry { expires_at: rome::end_of_day(body.expires) };
    let (row, _) = act(&state, &staff, *path, once(), (action, &body.reason), "voucher_expiry_changed").await?;
    shown(&state, &row).await
}

/// The old code, link and PIN are void; the new ones go to the holder by message.
#[post("/v1/admin/vouchers/{id}/reissue")]
async fn reissue(
    state: web::Data<AppState>,
    staff: Staff,
    path: web::Path<Uuid>,
    body: web::Json<Why>,
) -> Result<HttpResponse, Problem> {
    let voucher = VoucherId::new(*path);
    let _alone = state.office.lock().await;
    state.settled().await?;
    // the codes of the next generation lead somewhere before anybody can be told of them
    let row = state.db.voucher(staff.works()?, *path).await?;
    let code = CodeRow {
        voucher_id: row.id,
        municipality_id: row.municipality_id,
        programme_id: row.programme_id,
        generation: row.generation + 1,
    };
    let generation = u32::try_from(code.generation).unwrap_or(u32::MAX);
    state.db.add_codes(&code, &state.keys.code_indexes(voucher, generation)).await?;
    state.forget_code(voucher, generation);
    let pin = pin_tag(&state, &own_programme(&state, row.municipality_id, row.programme_id)?, voucher, generation);
    let action = (Action::Reissue { pin }, body.reason.as_str());
    act(&state, &staff, *path, once(), action, "voucher_reissued").await?;
    let mut body = json!(state.db.voucher(row.municipality_id, row.id).await?);
    body["code"] = grouped(&state.keys.code(voucher, generation)).into();
    Ok(HttpResponse::Ok().json(body))
}

/// For the holder of a paper voucher, at the desk; who looked is on record.
#[post("/v1/admin/vouchers/{id}/pin")]
async fn show_pin(state: web::Data<AppState>, staff: Staff, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let municipality = staff.works()?;
    let row = state.db.voucher(municipality, *path).await?;
    let programme = own_programme(&state, municipality, row.programme_id)?;
    programme.pin_above_cents.ok_or(Problem::new("not_found"))?;
    state.audit(Some(municipality), Some(staff.user.uuid()), "pin_shown", row.id, json!({})).await?;
    let generation = u32::try_from(row.generation).unwrap_or(0);
    let pin = state.keys.pin(VoucherId::new(row.id), generation);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({"pin": pin})))
}
