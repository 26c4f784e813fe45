//! `/v1/admin/vouchers`: finding them. What is done to them is in [`changes`].

mod changes;
mod contact;
mod history;
mod print;

use crate::auth::{Reads, Staff};
use crate::messages::Personal;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Channel, Instant, Listed, VoucherLife, limit};
use actix_web::{HttpResponse, get, web};
use domain::codice_fiscale::CodiceFiscale;
use domain::contacts::{Email, Phone};
use domain::voucher::Life;
use serde::{Deserialize, Serialize};
use store::ledger::{Error, HolderRow, PersonRow, VoucherFilter, VoucherRow};
use store::seal::Sealed;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Characters of a search text at most.
const SEARCH_MAX: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(print::print).service(list).service(one).service(history::history);
    changes::configure(config);
}

/// A voucher as the office sees it.
#[derive(Serialize, ToSchema)]
struct Voucher {
    id: Uuid,
    municipality_id: Uuid,
    programme_id: Uuid,
    #[schema(value_type = VoucherLife)]
    status: String,
    /// The place of its latest fact.
    voucher_seq: i64,
    /// Which of its codes is in force.
    generation: i64,
    valid_from: Instant,
    expires_at: Instant,
    /// What it is worth, holds included.
    balance_cents: i64,
    /// How much of that is held.
    held_cents: i64,
    /// At first.
    issued_cents: i64,
    /// Added later.
    topped_up_cents: i64,
    /// Taken by shops.
    redeemed_cents: i64,
    /// Given back by shops.
    reversed_cents: i64,
    /// Gone back to the programme.
    expired_cents: i64,
    issued_at: Instant,
    updated_at: Instant,
    /// The municipality's own name for the case.
    reference: Option<String>,
    #[schema(value_type = Option<Channel>)]
    channel: Option<String>,
    /// The holder's.
    initials: Option<String>,
    /// The import that brought it.
    import_id: Option<Uuid>,
}

impl From<VoucherRow> for Voucher {
    fn from(row: VoucherRow) -> Self {
        Self {
            id: row.id,
            municipality_id: row.municipality_id,
            programme_id: row.programme_id,
            status: row.status,
            voucher_seq: row.voucher_seq,
            generation: row.generation,
            valid_from: Instant(row.valid_from),
            expires_at: Instant(row.expires_at),
            balance_cents: row.balance_cents,
            held_cents: row.held_cents,
            issued_cents: row.issued_cents,
            topped_up_cents: row.topped_up_cents,
            redeemed_cents: row.redeemed_cents,
            reversed_cents: row.reversed_cents,
            expired_cents: row.expired_cents,
            issued_at: Instant(row.issued_at),
            updated_at: Instant(row.updated_at),
            reference: row.reference,
            channel: row.channel,
            initials: row.initials,
            import_id: row.import_id,
        }
    }
}

/// A voucher of this municipality.
async fn own(state: &AppState, municipality: Uuid, id: Uuid) -> Result<VoucherRow, Problem> {
    match state.town(municipality).voucher(municipality, id).await {
        Err(Error::NotFound) => Err(Problem::new("voucher_not_found")),
        row => Ok(row?),
    }
}

/// Who holds a voucher, and what is personal about them.
async fn holder(state: &AppState, voucher: &VoucherRow) -> Result<(HolderRow, Personal), Problem> {
    let town = state.town(voucher.municipality_id);
    let holder = town.holder(voucher.id).await.map_err(|error| match error {
        // its import was undone, or it was given after the copy of the ledger that was restored
        Error::NotFound => Problem::new("voucher_not_found"),
        other => other.into(),
    })?;
    let PersonRow { id, wrapped_key, sealed, .. } = town.person(holder.person_id).await?;
    let personal = Personal::open(&state.keys, id, &Sealed { wrapped_key, sealed })?;
    Ok((holder, personal))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// Only these.
    #[param(inline, value_type = Option<VoucherLife>)]
    status: Option<String>,
    /// A reference, codice fiscale, phone number, e-mail address, or code, written in full.
    #[param(max_length = 200, pattern = r"^[^\u0000]*$")]
    search: Option<String>,
}

/// The indexes that a search text may be found under.
fn filter(state: &AppState, query: &Query) -> Result<VoucherFilter, Problem> {
    let wrong = |field: &str| Err(Problem::new("bad_request").with("field", field));
    let search = query.search.as_deref().unwrap_or_default();
    if search.chars().count() > SEARCH_MAX || search.contains('\0') {
        return wrong("search");
    }
    let lives = [Life::Active, Life::Blocked, Life::Expired, Life::Closed].map(Life::code);
    if query.status.as_deref().is_some_and(|status| !lives.contains(&status)) {
        return wrong("status");
    }
    let search = search.trim();
    let index = |kind: &str, value: Option<String>| {
        value.map_or_else(Vec::new, |value| state.keys.blind_index(kind, &value).to_vec())
    };
    Ok(VoucherFilter {
        after: query.cursor.unwrap_or_default(),
        status: query.status.clone().unwrap_or_default(),
        search: search.to_owned(),
        tax_index: index("tax_code", CodiceFiscale::parse(search).ok().map(|code| code.as_str().to_owned())),
        phone_index: index("phone", Phone::parse(search).ok().map(|phone| phone.as_str().to_owned())),
        email_index: index("email", Email::parse(search).ok().map(|email| email.as_str().to_owned())),
        limit: limit(query.limit)?,
    })
}

/// The municipality's vouchers
///
/// In the order in which they were made. A search finds what matches in full; names are sealed and
/// cannot be searched.
#[utoipa::path(tag = "vouchers", operation_id = "list_vouchers", params(Query),
    responses((status = 200, description = "A page of vouchers", body = Listed<Voucher>)),
    extensions(("x-roles" = json!(Reads::ROLES))))]
#[get("/v1/admin/vouchers")]
async fn list(
    state: web::Data<AppState>,
    staff: Staff<Reads>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let municipality = staff.municipality()?;
    let filter = filter(&state, &query)?;
    let by_code = state.code(&filter.search).await?.filter(|code| code.municipality_id == municipality);
    let rows = match by_code {
        Some(code) if code.voucher_id <= filter.after => Vec::new(),
        Some(code) => vec![own(&state, municipality, code.voucher_id).await?],
        None => state.town(municipality).vouchers(municipality, &filter).await?,
    };
    Ok(HttpResponse::Ok().json(Listed::page(rows, filter.limit, |row| row.id.to_string(), Voucher::from)))
}

/// One voucher
#[utoipa::path(tag = "vouchers", operation_id = "get_voucher",
    params(("id" = Uuid, Path, description = "The voucher")),
    responses((status = 200, description = "The voucher", body = Voucher)),
    extensions(("x-roles" = json!(Reads::ROLES)), ("x-problems" = json!(["voucher_not_found"]))))]
#[get("/v1/admin/vouchers/{id}")]
async fn one(state: web::Data<AppState>, staff: Staff<Reads>, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Voucher::from(own(&state, staff.municipality()?, *path).await?)))
}
