//! A claim as a document: a debit note that the municipality files.

use super::account::contacts;
use crate::paper;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, Texts, day, euro};
use actix_web::HttpResponse;
use data_encoding::HEXLOWER;
use domain::clock::Timestamp;
use domain::rome;
use std::collections::BTreeMap;
use store::ledger::{ClaimLine, ClaimRow, MunicipalityRow, ShopRow};
use uuid::Uuid;

/// Lines that are read at once.
const LINES_AT_ONCE: i64 = 5_000;

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
