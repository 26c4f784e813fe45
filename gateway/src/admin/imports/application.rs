//! Applying an upload: its right rows become shops, or holders with vouchers.

use super::super::commands::{pin_tag, run};
use super::super::{own_programme, within_budget};
use super::PATIENCE;
use super::report::{Families, new_shops, read, reference, tax_index};
use crate::edge::new_id;
use crate::imports::beneficiaries::{self, Beneficiary};
use crate::imports::shops::{self, ShopLine};
use crate::imports::{Parsed, RowProblem};
use crate::messages::Personal;
use crate::problem::Problem;
use crate::state::AppState;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, ProgrammeId, UserId, VoucherId, derived};
use domain::keys::RequestHash;
use domain::rome;
use domain::voucher::Action;
use serde::Serialize;
use serde_json::json;
use store::ledger::{HolderRow, ImportRow, NewHolder, NewShop, ProgrammeRow, ShopRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// What applying an upload made.
#[derive(Serialize, ToSchema)]
pub struct Applied {
    import_id: Uuid,
    #[schema(example = "applied")]
    status: &'static str,
    /// How many shops or vouchers.
    done: usize,
}

/// Applies what a dry run kept. May be repeated after a crash: whoever has a voucher by then is
/// passed over.
///
/// # Errors
/// `import_not_applicable` for one that was applied or undone, `over_budget`.
pub async fn apply(state: &AppState, user: Option<UserId>, municipality: Uuid, id: Uuid) -> Result<Applied, Problem> {
    let refused = || Problem::new("import_not_applicable");
    let _alone = state.office_alone(PATIENCE).await?;
    // whoever has a voucher is known by the ledger, which may lag after a crash
    state.settled().await?;
    let mut row = state.town(municipality).import(municipality, id).await?;
    if !matches!(&*row.status, "dry_run" | "applying") {
        return Err(refused().with("import_status", row.status));
    }
    let bytes = state.keys.unseal("import", id, &state.town(municipality).import_file(municipality, id).await?)?;
    let done = match row.programme_id {
        None => {
            let shops = usable(read(bytes, shops::parse).await?)?;
            begin(state, &mut row).await?;
            apply_shops(state, &row, &new_shops(state, municipality, &shops)).await?
        }
        Some(programme) => {
            let programme = own_programme(state, municipality, programme)?;
            let people = usable(read(bytes, beneficiaries::parse).await?)?;
            let families = Families::of(state, &programme, people).await?;
            let new = families.without_voucher();
            within_budget(state, &programme, new.iter().map(|person| person.amount.get()).sum()).await?;
            begin(state, &mut row).await?;
            apply_people(state, user, &row, &programme, &new).await?
        }
    };
    state.settled().await?;
    state.town(municipality).move_import(&row, "applied", state.clock.now().micros()).await?;
    state.audit(Some(municipality), user.map(UserId::uuid), "import_applied", id, json!({"done": done})).await?;
    Ok(Applied { import_id: id, status: "applied", done })
}

/// What has rows. A file of which nothing can be used is not used up by applying it: a version that reads it otherwise
/// than the one that looked at it may have come since.
fn usable<T>(read: Result<Parsed<T>, RowProblem>) -> Result<Parsed<T>, Problem> {
    read.ok().filter(|parsed| !parsed.rows.is_empty()).ok_or_else(|| Problem::new("import_not_applicable"))
}

/// From here on it may be repeated, and not be put aside.
async fn begin(state: &AppState, row: &mut ImportRow) -> Result<(), Problem> {
    let now = state.clock.now().micros();
    state.town(row.municipality_id).move_import(row, "applying", now).await?;
    "applying".clone_into(&mut row.status);
    Ok(())
}

async fn apply_shops(state: &AppState, row: &ImportRow, lines: &[&ShopLine]) -> Result<usize, Problem> {
    let mut new = Vec::with_capacity(lines.len());
    for line in lines {
        let id = new_id();
        let contacts = serde_json::to_vec(&line.contacts).map_err(|_| Problem::new("internal_error"))?;
        let shop = ShopRow {
            id,
            municipality_id: row.municipality_id,
            reference: line.reference.clone(),
            name: line.name.clone(),
            legal_name: line.legal_name.clone(),
            category: line.category.clone(),
            address: line.address.clone(),
            postcode: line.postcode.clone(),
            town: line.town.clone(),
            province: line.province.clone(),
            vat_number: line.vat_number.clone(),
            status: "enabled".to_owned(),
            lat_e6: line.place.map(|(lat, _)| lat),
            lon_e6: line.place.map(|(_, lon)| lon),
            sealed_through: None,
        };
        new.push(NewShop {
            shop,
            sealed: state.keys.seal("shop", id, &contacts, &state.entropy())?,
            import_id: Some(row.id),
        });
    }
    state.town(row.municipality_id).add_shops(&new, state.clock.now().micros()).await?;
    state.directory_changed().await?;
    Ok(new.len())
}

fn new_holder(
    state: &AppState,
    row: &ImportRow,
    programme: &ProgrammeRow,
    person: &Beneficiary,
) -> Result<NewHolder, Problem> {
    // a second try after a crash gives the same person the same voucher
    let place = person.row as u64;
    let (voucher, person_id) = (VoucherId::new(derived(row.id, "voucher", place)), derived(row.id, "person", place));
    let personal = Personal {
        tax_code: person.tax_code.as_ref().map(|code| code.as_str().to_owned()),
        surname: person.surname.clone(),
        name: person.name.clone(),
        mobile: person.mobile.as_ref().map(|phone| phone.as_str().to_owned()),
        email: person.email.as_ref().map(|email| email.as_str().to_owned()),
        address: person.address.clone(),
        note: person.note.clone(),
    };
    let [phone_index, email_index] = personal.found_by(&state.keys);
    Ok(NewHolder {
        holder: HolderRow {
            voucher_id: voucher.uuid(),
            municipality_id: row.municipality_id,
            person_id,
            import_id: Some(row.id),
            reference: reference(state, person),
            channel: person.channel.to_owned(),
            household: person.household.map(i64::from),
            minors: person.minors.map(i64::from),
            initials: person.initials(),
        },
        programme_id: programme.id,
        language: person.language.clone(),
        tax_index: tax_index(state, person),
        phone_index,
        email_index,
        sealed: personal.seal(&state.keys, person_id, &state.entropy())?,
        codes: state.keys.code_indexes(voucher, 1),
    })
}

/// First the people, then their vouchers: a voucher that nobody holds would be lost money, a person
/// without one gets theirs when the import is repeated.
async fn apply_people(
    state: &AppState,
    user: Option<UserId>,
    row: &ImportRow,
    programme: &ProgrammeRow,
    new: &[&Beneficiary],
) -> Result<usize, Problem> {
    for people in new.chunks(200) {
        let holders =
            people.iter().map(|person| new_holder(state, row, programme, person)).collect::<Result<Vec<_>, _>>()?;
        state.town(row.municipality_id).add_holders(&holders, state.clock.now().micros()).await?;
        let issued = people.iter().zip(&holders).map(|(person, holder)| {
            let voucher = holder.holder.voucher_id;
            let attempt = (Some("issue"), RequestHash::of(&[b"issue", voucher.as_bytes()]));
            run(state, user, voucher, attempt, issue(state, programme, VoucherId::new(voucher), person))
        });
        for result in futures_util::future::join_all(issued).await {
            result?;
        }
    }
    Ok(new.len())
}

fn issue(state: &AppState, programme: &ProgrammeRow, voucher: VoucherId, person: &Beneficiary) -> Action {
    Action::Issue {
        municipality: MunicipalityId::new(programme.municipality_id),
        programme: ProgrammeId::new(programme.id),
        amount: person.amount,
        valid_from: Timestamp::from_micros(programme.valid_from),
        expires_at: person.expiry.map_or(Timestamp::from_micros(programme.expires_at), rome::end_of_day),
        pin: pin_tag(state, programme, voucher, 1),
    }
}
