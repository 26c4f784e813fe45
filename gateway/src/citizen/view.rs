//! What the holder sees: no name, no address, only the voucher.

use super::session::replaced;
use crate::auth::Citizen;
use crate::problem::Problem;
use crate::state::AppState;
use crate::wire::{Instant, OperationKind, VoucherStatus, kind_name, rfc3339};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::VoucherId;
use domain::voucher::Kind;
use serde::Serialize;
use store::codes::Period;
use store::ledger::{ProgrammeRow, ShopRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Movements shown at most, the latest.
const MOVEMENTS_MAX: usize = 100;

/// The voucher as its holder sees it.
#[derive(Serialize, ToSchema)]
pub struct VoucherPage {
    /// The voucher.
    #[schema(value_type = Uuid)]
    pub voucher_id: VoucherId,
    /// The place of the latest fact it shows.
    pub voucher_seq: u64,
    /// What it is good for now.
    #[schema(value_type = VoucherStatus)]
    pub status: &'static str,
    /// Whether this phone keeps it open.
    #[serde(skip)]
    pub kept: bool,
    /// What is left, holds included.
    pub balance_cents: i64,
    /// What can be spent now.
    pub available_cents: i64,
    /// What came in altogether.
    pub total_cents: i64,
    /// First valid instant.
    #[schema(value_type = Instant)]
    pub valid_from: String,
    /// The same in microseconds.
    #[serde(skip)]
    pub valid_from_us: i64,
    /// Last valid instant.
    #[schema(value_type = Instant)]
    pub expires_at: String,
    /// The same in microseconds.
    #[serde(skip)]
    pub expires_at_us: i64,
    /// To be typed at the till.
    pub code: String,
    /// To be scanned at the till.
    pub qr_text: String,
    /// Until when that is shown, where it changes with time; a minute longer it is still taken.
    #[schema(value_type = Option<Instant>)]
    pub qr_until: Option<String>,
    /// How long that is from now, in milliseconds: the page does not ask its own clock.
    #[serde(skip)]
    pub qr_left_ms: i64,
    /// The QR that does not change, for paper.
    #[serde(skip)]
    pub paper_qr_text: String,
    /// The programme.
    pub programme: String,
    /// The municipality.
    pub municipality: String,
    /// The page's foot leads to what it says of itself.
    #[serde(skip)]
    pub municipality_id: Uuid,
    /// Rules, in Italian.
    pub rules_it: String,
    /// Rules, in English.
    pub rules_en: String,
    /// Where to call.
    pub help_phone: String,
    /// Where to write.
    pub help_email: String,
    /// What has happened, newest first.
    pub operations: Vec<Movement>,
    /// The place of the latest fact that the list knows of.
    #[serde(skip)]
    pub shown_seq: i64,
    /// Where it can be spent.
    pub shops: Vec<ShopView>,
}

impl VoucherPage {
    /// Itself, unless another code took the place of the one that opened it.
    ///
    /// # Errors
    /// `voucher_reissued` with the phone number to ask for the new one.
    pub fn in_force(self) -> Result<Self, Problem> {
        if self.status == "reissued" { Err(replaced(&self.help_phone)) } else { Ok(self) }
    }

    /// Whether the holder can still block it, had it been lost.
    #[must_use]
    pub fn may_be_blocked(&self) -> bool {
        matches!(self.status, "active" | "not_yet_valid" | "suspended")
    }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Movement {
    /// The operation.
    pub operation_id: Uuid,
    /// What.
    #[schema(value_type = OperationKind)]
    pub kind: &'static str,
    /// Where, if in a shop.
    pub shop: Option<String>,
    /// What came in, or went out when negative.
    pub amount_cents: i64,
    /// What was left.
    pub balance_cents: i64,
    /// When.
    #[schema(value_type = Instant)]
    pub decided_at: String,
    /// The same in microseconds.
    #[serde(skip)]
    pub decided_at_us: i64,
}

/// A shop that takes the voucher.
#[derive(Serialize, ToSchema)]
pub struct ShopView {
    /// Its name.
    pub name: String,
    /// What it sells.
    pub category: String,
    /// Where it is.
    pub address: String,
    /// Town.
    pub town: String,
    /// Degrees north; null where the municipality has not said.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
}

impl From<&ShopRow> for ShopView {
    fn from(shop: &ShopRow) -> Self {
        let degrees = |e6: i64| e6 as f64 / 1e6;
        Self {
            name: shop.name.clone(),
            category: shop.category.clone(),
            address: shop.address.clone(),
            town: shop.town.clone(),
            lat: shop.lat_e6.map(degrees),
            lon: shop.lon_e6.map(degrees),
        }
    }
}

/// What a till scans from the holder's phone now, and until when that is shown, if it changes.
#[must_use]
pub fn qr(state: &AppState, citizen: &Citizen, programme: &ProgrammeRow) -> (String, Option<Timestamp>) {
    if programme.rotating_qr == 0 {
        return (store::codes::qr_text(&state.keys.code(citizen.voucher, citizen.generation)), None);
    }
    let period = Period::at(state.clock.now());
    let code = state.keys.rotating_code(citizen.voucher, citizen.generation, period);
    (store::codes::qr_text(&code), Some(period.end()))
}

/// Reads everything for the page; for a code that was replaced no money and no movements.
///
/// # Errors
/// Any problem of the table.
pub async fn read(state: &AppState, citizen: &Citizen) -> Result<VoucherPage, Problem> {
    let missing = || Problem::new("voucher_not_found");
    let view = state.vouchers.view(citizen.voucher, state.deadline()).await?.ok_or_else(missing)?;
    let now = state.clock.now();
    let directory = state.directory.now();
    let programme = directory.programmes.get(&view.programme.uuid()).ok_or_else(missing)?;
    let status = match view.life.code() {
        _ if view.generation != citizen.generation => "reissued",
        "active" if now < view.valid_from => "not_yet_valid",
        "active" if now >= view.expires_at.plus_seconds(1) => "expired",
        "active" if programme.status == "suspended" => "suspended",
        code => code,
    };
    let code = state.keys.code(citizen.voucher, citizen.generation);
    let (qr_text, until) = qr(state, citizen, programme);
    let municipality = directory.municipalities.get(&view.municipality.uuid()).ok_or_else(missing)?;
    let good = status != "reissued";
    let (operations, shown_seq) =
        if good { movements(state, citizen.voucher, view.voucher_seq).await? } else { Default::default() };
    let cents = |amount: Cents| if good { amount.get() } else { 0 };
    let shops = directory
        .shops_by_name
        .iter()
        .filter(|shop| shop.municipality_id == municipality.id && shop.status == "enabled")
        .map(|shop| shop.as_ref().into())
        .collect();
    Ok(VoucherPage {
        voucher_id: view.id,
        voucher_seq: view.voucher_seq,
        status,
        kept: citizen.kept,
        balance_cents: cents(view.balance),
        available_cents: cents(view.available()),
        total_cents: cents(view.totals.issued) + cents(view.totals.topped_up),
        valid_from: rfc3339(view.valid_from),
        valid_from_us: view.valid_from.micros(),
        expires_at: rfc3339(view.expires_at),
        expires_at_us: view.expires_at.micros(),
        code: store::codes::grouped(&code),
        qr_text,
        qr_until: until.map(rfc3339),
        qr_left_ms: until.map_or(0, |until| (until.micros() - now.micros()) / 1_000),
        paper_qr_text: store::codes::qr_text(&code),
        programme: programme.name.clone(),
        municipality: municipality.name.clone(),
        municipality_id: municipality.id,
        rules_it: programme.rules_it.clone(),
        rules_en: programme.rules_en.clone(),
        help_phone: municipality.help_phone.clone(),
        help_email: municipality.help_email.clone(),
        operations,
        shown_seq,
        shops,
    })
}

/// The latest movements of money. The list may lag behind the balance by a moment, never lead it.
async fn movements(state: &AppState, voucher: VoucherId, seq: u64) -> Result<(Vec<Movement>, i64), Problem> {
    let after = i64::try_from(seq).unwrap_or(i64::MAX) - 1_000;
    let rows = state.everything().voucher_operations(voucher.uuid(), after, 1_000).await?;
    let shown_seq = rows.last().map_or(0, |row| row.voucher_seq);
    let directory = state.directory.now();
    let movements = rows.iter().rev().filter_map(|row| {
        let kind = Kind::from_code(&row.kind)?;
        let amount_cents = match kind {
            Kind::Issue | Kind::TopUp | Kind::Reverse => row.amount_cents,
            Kind::Redeem | Kind::Capture | Kind::Expire | Kind::Close => -row.amount_cents,
            _ => return None,
        };
        Some(Movement {
            operation_id: row.id,
            kind: kind_name(kind),
            shop: row.shop_id.and_then(|id| directory.shops.get(&id)).map(|shop| shop.name.clone()),
            amount_cents,
            balance_cents: row.balance_after_cents,
            decided_at: rfc3339(Timestamp::from_micros(row.decided_at)),
            decided_at_us: row.decided_at,
        })
    });
    Ok((movements.take(MOVEMENTS_MAX).collect(), shown_seq))
}
