//! A claim as a document: a debit note that the municipality files.

use crate::imports::ShopContacts;
use crate::paper;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, Texts, day, euro};
use actix_web::HttpResponse;
use data_encoding::HEXLOWER;
use domain::clock::Timestamp;
use domain::contacts::Iban;
use domain::rome;
use std::collections::BTreeMap;
use store::ledger::{ClaimLine, ClaimRow, Error, MunicipalityRow, ShopRow};
use store::seal::Sealed;
use uuid::Uuid;

/// Lines that are read at once.
const LINES_AT_ONCE: i64 = 5_000;

/// What is personal in a shop.
///
/// # Errors
/// When the ledger does not answer.
pub async fn contacts(state: &AppState, shop: Uuid) -> Result<ShopContacts, Problem> {
    opened(state, shop, &state.everything().sealed_shop(shop).await?)
}

fn opened(state: &AppState, shop: Uuid, sealed: &Sealed) -> Result<ShopContacts, Problem> {
    let opened = state.keys.unseal("shop", shop, sealed).map_err(|_| Problem::new("internal_error"))?;
    serde_json::from_slice(&opened).map_err(|_| Problem::new("internal_error"))
}

/// Writes down where a shop is paid from now on.
///
/// # Errors
/// `conflict` when somebody else changed it meanwhile.
pub async fn change_account(state: &AppState, shop: &ShopRow, iban: &Iban) -> Result<(), Problem> {
    let was = state.everything().sealed_shop(shop.id).await?;
    let contacts = ShopContacts { iban: Some(iban.as_str().to_owned()), ..opened(state, shop.id, &was)? };
    let bytes = serde_json::to_vec(&contacts).map_err(|_| Problem::new("internal_error"))?;
    let now = state.keys.seal("shop", shop.id, &bytes, &state.entropy())?;
    match state.town(shop.municipality_id).reseal_shop(shop.municipality_id, shop.id, &was, &now).await {
        Err(Error::NotFound) => Err(Problem::new("conflict")),
        changed => Ok(changed?),
    }
}

/// Prints it.
///
/// # Errors
/// `no_documents`, `press_busy`, or when the ledger does not answer.
pub async fn print(state: &AppState, claim: &ClaimRow, lang: Lang) -> Result<HttpResponse, Problem> {
    let iban = contacts(state, claim.shop_id).await?.iban;
    let days = days(state, claim.id, lang).await?;
    let known = state.directory.now();
    let (shop, municipality) = (known.shops.get(&claim.shop_id), known.municipalities.get(&claim.municipality_id));
    let (shop, municipality) = shop.zip(municipality).ok_or(Problem::new("internal_error"))?;
    let form = form(&state.texts, lang, claim, shop, municipality, (iban, days));
    paper::pdf(state, lang, form, &format!("nota-{}.pdf", claim.number)).await
}

/// The sums of the days in Rome.
async fn days(state: &AppState, claim: Uuid, lang: Lang) -> Result<Vec<documents::Total>, Problem> {
    let mut days: BTreeMap<jiff::civil::Date, (u64, i64)> = BTreeMap::new();
    let mut after = Uuid::nil();
    loop {
        let lines: Vec<ClaimLine> = state.everything().claim_lines(claim, after, LINES_AT_ONCE).await?;
        for line in &lines {
            let (count, cents) = days.entry(rome::date(Timestamp::from_micros(line.decided_at))).or_default();
            *count += 1;
            *cents += line.amount_cents;
        }
        match lines.last() {
            Some(last) => after = last.operation_id,
            None => break,
        }
    }
    let total = |(date, (count, cents))| documents::Total {
        of: day(lang, rome::start_of_day(date).micros()),
        count,
        amount: euro(lang, cents),
    };
    Ok(days.into_iter().map(total).collect())
}

fn form(
    texts: &Texts,
    lang: Lang,
    claim: &ClaimRow,
    shop: &ShopRow,
    municipality: &MunicipalityRow,
    (iban, days): (Option<String>, Vec<documents::Total>),
) -> documents::Claim {
    let on = |key: &str, micros: i64| texts.get(lang, key, &[("day", day(lang, micros).into())]);
    let period = [("from", day(lang, claim.from_at).into()), ("to", day(lang, claim.through_at - 1).into())];
    let town = format!("{} {} {}", shop.postcode, shop.town, shop.province);
    let vat = texts.get(lang, "paper-vat", &[("number", shop.vat_number.as_str().into())]);
    let lines = [&shop.name, &shop.legal_name, &shop.address, &town, &vat];
    documents::Claim {
        number: claim.number.to_string(),
        sealed_at: on("paper-sealed-on", claim.sealed_at),
        period: texts.get(lang, "paper-period", &period),
        shop: lines.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect(),
        municipality: vec![municipality.name.clone(), municipality.help_email.clone()],
        iban,
        days,
        total: euro(lang, claim.amount_cents),
        note: texts.plain(lang, "paper-claim-note"),
        seal: HEXLOWER.encode(&claim.seal),
    }
}
