//! A voucher as it is printed, from what its holder sees.

use crate::auth::Citizen;
use crate::citizen::qr_svg;
use crate::citizen::view::{VoucherPage, read};
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, day, euro, moment};
use documents::{Sheet, Shop};

/// Pixels of a module of the QR, which is scaled anyway.
const MODULE_PX: u32 = 8;

/// The voucher now, with its balance at this moment. `recipient` are lines for the window of an envelope.
///
/// # Errors
/// Any problem of the table; `voucher_reissued` for a code that is not in force, which no paper should carry.
pub async fn sheet(state: &AppState, lang: Lang, citizen: &Citizen, recipient: Vec<String>) -> Result<Sheet, Problem> {
    let view = read(state, citizen).await?.in_force()?;
    let now = state.clock.now().micros();
    let at = [("at", moment(lang, now).into())];
    let until = [("day", day(lang, view.expires_at_us).into())];
    let rules = if lang == Lang::It || view.rules_en.is_empty() { &view.rules_it } else { &view.rules_en };
    Ok(Sheet {
        balance: euro(lang, view.available_cents),
        balance_at: state.texts.get(lang, "paper-balance-at", &at),
        until: state.texts.get(lang, "paper-until", &until),
        warning: warning(state, lang, &view),
        qr: qr_svg(&view.paper_qr_text, MODULE_PX)?,
        shops: view.shops.iter().map(shop).collect(),
        rules: rules.clone(),
        contacts: [&view.help_phone, &view.help_email].into_iter().filter(|line| !line.is_empty()).cloned().collect(),
        municipality: view.municipality,
        programme: view.programme,
        code: view.code,
        recipient,
    })
}

fn shop(shop: &crate::citizen::view::ShopView) -> Shop {
    let address = [shop.address.as_str(), shop.town.as_str()];
    let address = address.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    Shop { name: shop.name.clone(), category: shop.category.clone(), address }
}

/// Why it cannot be spent now, if so.
fn warning(state: &AppState, lang: Lang, view: &VoucherPage) -> Option<String> {
    let status = view.status;
    (status != "active").then(|| state.texts.plain(lang, &format!("status-{}", status.replace('_', "-"))))
}
