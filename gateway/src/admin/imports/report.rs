//! The dry run: what is right and wrong with a file, and what applying it would change.

use super::super::{budget_left, own_programme};
use crate::edge::new_id;
use crate::imports::beneficiaries::{self, Beneficiary, REFERENCE_TAKEN, Validity};
use crate::imports::columns::ALREADY_THERE;
use crate::imports::shops::{self, ShopLine};
use crate::imports::{PROBLEMS_MAX, Parsed, RowProblem, decode};
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, Texts};
use actix_web::web::{self, Bytes};
use domain::clock::Timestamp;
use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use store::ledger::{NewImport, ProgrammeRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// An uploaded file in its context.
pub struct File<'a> {
    /// Whose upload it is.
    pub municipality: Uuid,
    /// The programme that its vouchers will belong to; `None` for shops.
    pub programme: Option<Uuid>,
    /// What it was called.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: Bytes,
}

/// How many rows are what.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ImportCounts {
    rows: usize,
    /// Rows that applying the file would turn into something.
    new: usize,
    /// Rows whose shop or family is there already.
    already_there: usize,
    /// Rows that cannot be used.
    wrong: usize,
    /// What the new vouchers would be worth together.
    amount_cents: i64,
    /// Whether the very same file was applied before.
    applied_before: bool,
    /// What the programme could still issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget_left_cents: Option<i64>,
    /// Whether the new vouchers would exceed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over_budget: Option<bool>,
}

/// What is right and wrong with a file.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ImportReport {
    #[serde(flatten)]
    pub counts: ImportCounts,
    /// Why rows cannot be used, the first thousand.
    problems: Vec<RowProblem>,
    problems_not_shown: usize,
    /// What somebody should look at.
    warnings: Vec<RowProblem>,
}

/// A file that was looked at and is kept, sealed, until somebody decides.
#[derive(Serialize, ToSchema)]
pub struct DryRun {
    /// To apply it by.
    pub import_id: Uuid,
    #[schema(example = "dry_run")]
    status: &'static str,
    report: ImportReport,
}

impl ImportReport {
    /// Of rows that can be used, those of `there` change nothing: somebody may have corrected them in the file.
    fn new<T>(parsed: &Parsed<T>, new: usize, there: &[usize], amount_cents: i64) -> Self {
        let unchanged = there.iter().map(|row| RowProblem::new(*row, "riferimento", ALREADY_THERE));
        let wrong = parsed.total - parsed.rows.len();
        Self {
            counts: ImportCounts {
                rows: parsed.total,
                new,
                already_there: there.len(),
                wrong,
                amount_cents,
                applied_before: false,
                budget_left_cents: None,
                over_budget: None,
            },
            problems: parsed.problems.iter().take(PROBLEMS_MAX).cloned().collect(),
            problems_not_shown: parsed.problems.len().saturating_sub(PROBLEMS_MAX),
            // last, so that a file that is uploaded once more does not push the others out
            warnings: parsed.warnings.iter().cloned().chain(unchanged).take(PROBLEMS_MAX).collect(),
        }
    }

    /// As the ledger keeps it.
    pub fn stored(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| {
            tracing::error!(%error, "a stored report cannot be read");
            Problem::new("internal_error")
        })
    }

    /// Puts each problem and warning into words.
    pub fn worded(mut self, texts: &Texts, lang: Lang) -> Self {
        for problem in self.problems.iter_mut().chain(&mut self.warnings) {
            problem.text = Some(texts.plain(lang, &format!("import-problem-{}", problem.code.replace('_', "-"))));
        }
        self
    }
}

impl DryRun {
    /// With its report in words.
    pub(super) fn worded(mut self, texts: &Texts, lang: Lang) -> Self {
        self.report = self.report.worded(texts, lang);
        self
    }
}

/// The rows of an upload, or what is wrong with it as a whole; read away from the threads that serve tills, since a large
/// file takes seconds.
pub(super) async fn read<T: Send + 'static>(
    bytes: impl AsRef<[u8]> + Send + 'static,
    parse: fn(&decode::Table) -> Parsed<T>,
) -> Result<Result<Parsed<T>, RowProblem>, Problem> {
    let read = web::block(move || decode::table(bytes.as_ref()).map(|table| parse(&table)));
    read.await.map_err(|_| Problem::new("not_executed"))
}

/// Reads the file, says everything that is wrong with it and what applying it would change, and
/// keeps it sealed until somebody decides.
///
/// # Errors
/// `file_unreadable` with the reason, `not_found` for another's programme.
pub async fn dry_run(state: &AppState, user: Option<UserId>, file: &File<'_>) -> Result<DryRun, Problem> {
    let unreadable = |problem: RowProblem| {
        Problem::new("file_unreadable").with("reason", problem.code.as_str()).with("row", problem.row)
    };
    let programme = file.programme.map(|id| own_programme(state, file.municipality, id)).transpose()?;
    let bytes = file.bytes.clone();
    let mut report = match programme {
        None => {
            let shops = read(bytes, shops::parse).await?.map_err(unreadable)?;
            shops_report(state, file.municipality, &shops)
        }
        Some(programme) => {
            let people = read(bytes, beneficiaries::parse).await?.map_err(unreadable)?;
            people_report(state, &programme, people).await?
        }
    };
    let hash = blake3::hash(&file.bytes);
    report.counts.applied_before =
        state.town(file.municipality).applied_before(file.municipality, &hash.as_bytes()[..]).await?;
    let id = new_id();
    let sealed = state.keys.seal("import", id, &file.bytes, &state.entropy())?;
    let name: String = file.name.chars().filter(|c| !c.is_control()).take(120).collect();
    let new = NewImport {
        id,
        municipality_id: file.municipality,
        programme_id: file.programme,
        kind: if file.programme.is_none() { "shops" } else { "beneficiaries" },
        file_name: &name,
        file_hash: hash.as_bytes(),
        report: &json!(report).to_string(),
        sealed: &sealed,
        user_id: user.map(UserId::uuid),
    };
    state.town(new.municipality_id).add_import(&new, state.clock.now().micros()).await?;
    state.audit(Some(file.municipality), user.map(UserId::uuid), "import_uploaded", id, json!({})).await?;
    Ok(DryRun { import_id: id, status: "dry_run", report })
}

/// The shops of a file that the municipality has not yet.
pub(super) fn new_shops<'a>(state: &AppState, municipality: Uuid, parsed: &'a Parsed<ShopLine>) -> Vec<&'a ShopLine> {
    let directory = state.directory.now();
    let own = directory.shops_by_name.iter().filter(|shop| shop.municipality_id == municipality);
    let known: HashSet<_> = own.map(|shop| shop.reference.to_lowercase()).collect();
    parsed.rows.iter().filter(|line| !known.contains(&line.reference.to_lowercase())).collect()
}

fn shops_report(state: &AppState, municipality: Uuid, parsed: &Parsed<ShopLine>) -> ImportReport {
    let new: HashSet<_> = new_shops(state, municipality, parsed).iter().map(|line| line.row).collect();
    let there: Vec<_> = parsed.rows.iter().map(|line| line.row).filter(|row| !new.contains(row)).collect();
    ImportReport::new(parsed, new.len(), &there, 0)
}

/// What the person's codice fiscale is found under.
pub(super) fn tax_index(state: &AppState, person: &Beneficiary) -> Option<[u8; 16]> {
    person.tax_code.as_ref().map(|code| state.keys.blind_index("tax_code", code.as_str()))
}

/// The reference under which a person without one is kept: their codice fiscale is not stored in clear.
pub(super) fn reference(state: &AppState, person: &Beneficiary) -> String {
    match (&*person.reference, tax_index(state, person)) {
        ("", Some(index)) => format!("cf-{}", data_encoding::HEXLOWER.encode(&index[..6])),
        (reference, _) => reference.to_owned(),
    }
}

/// The families of a file whose vouchers could be spent, and who of them has no voucher of this programme yet.
pub(super) struct Families {
    pub parsed: Parsed<Beneficiary>,
    /// Rows whose family has one.
    known: HashSet<usize>,
}

impl Families {
    /// Compares what was read with what is there. A family is known by its codice fiscale, or by its reference; where both
    /// have a codice fiscale and the two differ, the reference is somebody else's and the row a problem: an office that
    /// counts each of its lists from one must hear of it.
    pub async fn of(state: &AppState, programme: &ProgrammeRow, people: Parsed<Beneficiary>) -> Result<Self, Problem> {
        let [from, until] = [programme.valid_from, programme.expires_at].map(Timestamp::from_micros);
        let mut parsed = people.spendable(&Validity { from, until }, state.clock.now());
        let town = programme.municipality_id;
        let holders = state.town(town).holders(town, programme.id).await?;
        let taxed: HashSet<_> = holders.iter().filter_map(|(index, _)| index.as_deref()).collect();
        let referred: HashMap<_, _> =
            holders.iter().map(|(index, reference)| (reference.to_lowercase(), index.as_deref())).collect();
        let (mut known, mut taken) = (HashSet::new(), Vec::new());
        parsed.rows.retain(|person| {
            let index = tax_index(state, person);
            let own = index.as_ref().map(|index| &index[..]);
            let theirs = referred.get(&reference(state, person).to_lowercase()).copied();
            if own.is_some_and(|own| taxed.contains(own)) {
                known.insert(person.row);
            } else if let Some(theirs) = theirs {
                if own.is_some() && theirs.is_some() {
                    taken.push(RowProblem::new(person.row, "riferimento", REFERENCE_TAKEN));
                    return false;
                }
                known.insert(person.row);
            }
            true
        });
        parsed.problems.append(&mut taken);
        parsed.problems.sort_by_key(|problem| problem.row);
        Ok(Self { parsed, known })
    }

    /// Those who have none.
    pub fn without_voucher(&self) -> Vec<&Beneficiary> {
        self.parsed.rows.iter().filter(|person| !self.known.contains(&person.row)).collect()
    }

    /// The rows of those who have one.
    fn with_voucher(&self) -> Vec<usize> {
        self.parsed.rows.iter().map(|person| person.row).filter(|row| self.known.contains(row)).collect()
    }
}

async fn people_report(
    state: &AppState,
    programme: &ProgrammeRow,
    people: Parsed<Beneficiary>,
) -> Result<ImportReport, Problem> {
    let families = Families::of(state, programme, people).await?;
    let (parsed, new) = (&families.parsed, families.without_voucher());
    let cents = new.iter().map(|person| person.amount.get()).sum::<i64>();
    let mut report = ImportReport::new(parsed, new.len(), &families.with_voucher(), cents);
    let left = budget_left(state, programme).await?;
    report.counts.budget_left_cents = Some(left);
    report.counts.over_budget = Some(cents > left);
    Ok(report)
}
