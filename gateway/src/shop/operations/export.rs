//! What a shop has taken in a range, to be written into a file of whatever kind.

use super::super::answers::receipt_code;
use super::super::staff::card;
use super::owed;
use crate::directory::{Directory, Snapshot};
use crate::paper::press::Press;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, Texts};
use crate::wire::kind_name;
use domain::clock::Timestamp;
use domain::rome;
use domain::voucher::Kind;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::keys::Keys;
use store::ledger::{Db, OperationFilter, OperationRow, ShopRow, TakenRow, TillHour};
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows that are read at once.
const ROWS_AT_ONCE: i64 = 5_000;

/// What a list is written with, by a server or by a worker.
#[derive(Clone)]
pub struct Clerk {
    /// The ledger, all of it.
    pub db: Db,
    /// Names of tills.
    pub directory: Arc<Directory>,
    /// Opens what is sealed.
    pub keys: Arc<Keys>,
    /// The catalogue.
    pub texts: Arc<Texts>,
    /// Prints.
    pub press: Arc<Press>,
}

/// The kind of a file.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// For any spreadsheet and for programs, at most 200,000 operations.
    Csv,
    /// For a spreadsheet, at most 50,000.
    Xlsx,
    /// To be read and filed, at most 2,000.
    Pdf,
}

impl FileFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Xlsx, Self::Pdf];

    /// Its stable name, which is how such files end, too.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }

    /// Operations that one file may have; more is asked for in parts.
    const fn rows_max(self) -> i64 {
        match self {
            Self::Csv => 200_000,
            Self::Xlsx => 50_000,
            Self::Pdf => 2_000,
        }
    }
}

/// Which list, for whom.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whose operations.
    pub shop: &'a ShopRow,
    /// Which of them.
    pub filter: OperationFilter,
    /// In which language.
    pub lang: Lang,
    /// When, microseconds.
    pub now: i64,
}

/// The list in memory.
pub(super) struct List<'a> {
    pub wanted: Wanted<'a>,
    pub texts: &'a Texts,
    pub rows: Vec<TakenRow>,
    pub hours: Vec<TillHour>,
    /// What it says of itself where it leaves something out.
    pub only: Option<String>,
    tills: Arc<Snapshot>,
    staff: HashMap<Uuid, String>,
}

impl Clerk {
    /// A server's.
    pub(in crate::shop) fn of(state: &AppState) -> Self {
        Self {
            db: state.everything(),
            directory: Arc::clone(&state.directory),
            keys: Arc::clone(&state.keys),
            texts: Arc::clone(&state.texts),
            press: Arc::clone(&state.press),
        }
    }

    /// Whether a list of this kind is not too long.
    ///
    /// # Errors
    /// `list_too_long` with how many operations there are and may be.
    pub async fn measure(&self, wanted: &Wanted<'_>, format: FileFormat) -> Result<Vec<TillHour>, Problem> {
        let hours = self.db.shop_hours(wanted.shop.id, &wanted.filter).await?;
        let operations: i64 = hours.iter().map(|hour| hour.operations).sum();
        if operations > format.rows_max() {
            let problem = Problem::new("list_too_long").with("operations", operations);
            return Err(problem.with("operations_max", format.rows_max()));
        }
        Ok(hours)
    }

    /// The file.
    ///
    /// # Errors
    /// As [`Clerk::measure`], and those of the press.
    pub async fn file(&self, wanted: Wanted<'_>, format: FileFormat) -> Result<Vec<u8>, Problem> {
        let hours = self.measure(&wanted, format).await?;
        let rows = self.rows(&wanted).await?;
        let staff = card::names(&self.db, &self.keys, wanted.shop.id).await?;
        let only = self.only(&wanted, &staff).await?;
        let list = List { wanted, texts: &self.texts, rows, hours, only, tills: self.directory.now(), staff };
        match format {
            FileFormat::Csv => Ok(super::csv::file(&list)),
            FileFormat::Xlsx => super::xlsx::file(&list),
            FileFormat::Pdf => {
                Ok(self.press.print(&self.texts, wanted.lang, super::pdf::form(&list), wanted.now).await?)
            }
        }
    }

    async fn rows(&self, wanted: &Wanted<'_>) -> Result<Vec<TakenRow>, Problem> {
        let mut filter = OperationFilter { after: None, limit: ROWS_AT_ONCE, ..wanted.filter };
        let mut all: Vec<TakenRow> = Vec::new();
        loop {
            let rows = self.db.shop_operations(wanted.shop.id, &filter).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            filter.after = Some((last.operation.decided_at, last.operation.id));
            all.extend(rows);
        }
    }
}

impl List<'_> {
    /// The text of a column's head.
    pub fn head(&self, column: &str) -> String {
        self.texts.plain(self.wanted.lang, &format!("list-{column}"))
    }

    /// What the shop calls a till; nothing for one that is gone.
    pub fn till(&self, terminal: Option<Uuid>) -> &str {
        terminal.and_then(|id| self.tills.terminal_labels.get(&id)).map_or("", String::as_str)
    }

    /// What the shop calls who was there; nothing for nobody in particular.
    pub fn staff(&self, id: Option<Uuid>) -> &str {
        id.and_then(|id| self.staff.get(&id)).map_or("", String::as_str)
    }

    /// Whether the list says of anything who took it.
    pub fn names_staff(&self) -> bool {
        self.hours.iter().any(|hour| hour.staff_id.is_some())
    }

    /// What happened, in the reader's words.
    pub fn kind(&self, row: &OperationRow) -> String {
        let kind = Kind::from_code(&row.kind).map_or("unknown", kind_name);
        self.texts.plain(self.wanted.lang, &format!("kind-{kind}"))
    }

    /// When it was decided, in Rome.
    pub fn at(row: &OperationRow) -> jiff::civil::DateTime {
        rome::local(Timestamp::from_micros(row.decided_at))
    }

    /// What the shop is owed for it.
    pub fn owed(row: &OperationRow) -> i64 {
        owed(&row.kind, row.amount_cents)
    }

    /// To read aloud.
    pub fn receipt(row: &OperationRow) -> String {
        receipt_code(row.id)
    }
}
