//! What every handler may need.

use crate::directory::Directory;
use crate::edge::{SystemEntropy, new_id};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::paper::press::Press;
use crate::problem::Problem;
use crate::seen::Seen;
use crate::texts::Texts;
use actix_web::web;
use domain::clock::{Clock, Timestamp};
use domain::ids::{OperationId, PartitionId, VoucherId};
use domain::keys::OpKey;
use domain::record::Body;
use engine::{NotDone, Vouchers};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use store::codes::{Kind, normalise};
use store::journal::{Batch, Journal};
use store::keys::Keys;
use store::ledger::{AuditRow, CodeRow, Db, Error, OfficeLock, OperationRow, Sought, within};
use store::receipt::Signer;
use uuid::Uuid;

/// How long a request may take before its till is told that the outcome is not known.
const DEADLINE_S: i64 = 10;
/// How long to wait for the ledger: until it says something, or has what is not in it yet. Half of what a till waits.
pub(crate) const LEDGER_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before looking whether the ledger holds by now what it lacked, at first and later.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(500);

/// Why nobody says what became of something: that the question was not executed says nothing of what it asks about.
fn unheard(why: NotDone) -> Problem {
    match why {
        NotDone::NotExecuted => Problem::new("outcome_unknown"),
        other => other.into(),
    }
}

/// Everything that handlers share.
pub struct AppState {
    /// The ledger, of which this handle sees nothing: see [`AppState::town`] and [`AppState::everything`].
    pub db: Db,
    /// The engine.
    pub vouchers: Vouchers,
    /// Who is who.
    pub directory: Arc<Directory>,
    /// The installation's keys.
    pub keys: Arc<Keys>,
    /// Signs receipts.
    pub signer: Signer,
    /// Who watches which voucher.
    pub hub: Arc<Hub>,
    /// Rate limits.
    pub limits: Limits,
    /// The catalogue.
    pub texts: Arc<Texts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Codes that were looked up, found or not.
    pub codes: Cache<[u8; 16], Option<CodeRow>>,
    /// A reading connection to the journal, for receipts of earlier answers.
    pub journal: Arc<Mutex<Box<dyn Journal>>>,
    /// Where people reach this installation, without a slash at the end.
    pub base_url: String,
    /// Prints.
    pub press: Arc<Press>,
    /// Held by changes that look first and then act on what they saw: imports, undos, reissues, top-ups.
    pub office: tokio::sync::Mutex<()>,
    /// Set when the process is about to end.
    pub closing: std::sync::atomic::AtomicBool,
    /// What can lose answered payments, and was accepted at the start.
    pub accepted: Vec<String>,
    /// How far the journal was ever seen to reach, where it is on servers.
    pub seen: Option<Arc<Seen>>,
    /// What `/metrics` shows.
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
}

impl AppState {
    /// When to give up on a request that begins now.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.clock.now().plus_seconds(DEADLINE_S)
    }

    /// The ledger as the staff of a municipality see it.
    #[must_use]
    pub fn town(&self, municipality: Uuid) -> Db {
        self.db.for_municipality(municipality)
    }

    /// The whole ledger: for tills and holders, who are known by a secret and not by a town, and for operators.
    #[must_use]
    pub fn everything(&self) -> Db {
        self.db.everything()
    }

    /// The ledger as somebody of a municipality sees it, or an operator, who has none.
    #[must_use]
    pub fn ledger_of(&self, municipality: Option<Uuid>) -> Db {
        municipality.map_or_else(|| self.everything(), |municipality| self.town(municipality))
    }

    /// Randomness for secrets.
    #[must_use]
    pub const fn entropy(&self) -> SystemEntropy {
        SystemEntropy
    }

    /// What a scanned or typed text leads to, in whatever municipality. Unknown, mistyped and
    /// malformed texts are all the same `None`.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn code(&self, text: &str) -> Result<Option<CodeRow>, Problem> {
        let Some((kind, normal)) = normalise(text) else {
            return Ok(None);
        };
        let index = self.keys.code_index(kind, &normal);
        if let Some(known) = self.codes.get(&index) {
            return Ok(known);
        }
        // boxed, since it is rare and would make every till's future larger
        Box::pin(self.look_up(index, kind)).await
    }

    /// The same for what a till was shown, where it may be a code that changes with time; and whether it
    /// is one of an earlier minute.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn shown(&self, text: &str) -> Result<Option<(CodeRow, bool)>, Problem> {
        match self.keys.unrotated(text) {
            Some((code, period)) => {
                let stale = !period.is_near(self.clock.now());
                Ok(self.code(&code).await?.map(|row| (row, stale)))
            }
            None => Ok(self.code(text).await?.map(|row| (row, false))),
        }
    }

    async fn look_up(&self, index: [u8; 16], kind: Kind) -> Result<Option<CodeRow>, Problem> {
        let found = match within(LEDGER_PATIENCE, self.everything().code(&index, kind.name())).await {
            Ok(row) => Some(row),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        self.codes.insert(index, found);
        Ok(found)
    }

    /// Forgets what was looked up for a voucher's codes, which are new.
    pub fn forget_code(&self, voucher: VoucherId, generation: u32) {
        for (_, index) in self.keys.code_indexes(voucher, generation) {
            self.codes.remove(&index);
        }
    }

    /// Municipalities, programmes, shops or terminals have changed: from the answer on, every node knows.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn directory_changed(&self) -> Result<(), Problem> {
        self.directory.reload().await?;
        self.vouchers.tell_others().await;
        Ok(())
    }

    /// Keeps everybody else in the office out, here and on other nodes.
    ///
    /// # Errors
    /// When the ledger does not answer, or somebody has been in there for longer than `patience`: in a long upload, or on a
    /// node that stands still in the middle of one.
    pub async fn office_alone(
        &self,
        patience: Duration,
    ) -> Result<(tokio::sync::MutexGuard<'_, ()>, OfficeLock), Problem> {
        let here = tokio::time::timeout(patience, self.office.lock()).await;
        let here = here.map_err(|_| Problem::new("not_executed"))?;
        Ok((here, self.everything().office(patience).await?))
    }

    /// Waits until the ledger holds everything answered so far.
    ///
    /// # Errors
    /// `outcome_unknown` when it takes too long.
    pub async fn settled(&self) -> Result<(), Problem> {
        for (partition, seq) in self.vouchers.barrier(self.deadline()).await.map_err(unheard)? {
            let reached = tokio::time::timeout(LEDGER_PATIENCE, self.hub.reached(partition, seq)).await;
            reached.map_err(|_| Problem::new("outcome_unknown"))?;
        }
        Ok(())
    }

    /// An operation by its id, also one answered a moment ago.
    ///
    /// # Errors
    /// `operation_not_found`.
    pub async fn operation(&self, id: Uuid) -> Result<OperationRow, Problem> {
        let asked = self.vouchers.whereabouts(OperationId::new(id), self.deadline()).await;
        match asked? {
            Some((partition, seq)) => self.journaled(partition, seq).await,
            None => self.in_ledger(Sought::Id(id)).await?.ok_or(Problem::new("operation_not_found")),
        }
    }

    /// What became of a key of a shop, if anything did.
    ///
    /// # Errors
    /// When neither engine nor ledger can say.
    pub async fn operation_by_key(&self, shop: Uuid, key: OpKey) -> Result<Option<OperationRow>, Problem> {
        let asked = self.vouchers.whereabouts_of_key(key, self.deadline()).await;
        match asked.map_err(unheard)? {
            Some((partition, seq)) => self.journaled(partition, seq).await.map(Some),
            None => self.in_ledger(Sought::Key { shop, key: key.0 }).await,
        }
    }

    /// What the ledger has; nothing only once the copy of it that answers holds all that is in nobody's memory. One that has
    /// just taken over may lack the end, and to a till "never" is final.
    async fn in_ledger(&self, sought: Sought) -> Result<Option<OperationRow>, Problem> {
        let looking = async {
            let (mut left, mut pause) = (None, LOOK_AGAIN);
            loop {
                let (reach, found) = self.everything().search(sought).await?;
                if found.is_some() {
                    return Ok(found);
                }
                let left = match &left {
                    Some(left) => left,
                    None => left.insert(self.vouchers.left_to_ledger(self.deadline()).await.map_err(unheard)?),
                };
                if left.iter().all(|(of, seq)| reach.get(of).copied().unwrap_or_default() >= *seq) {
                    return Ok(None);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOK_AGAIN_MAX);
            }
        };
        let looked = tokio::time::timeout(LEDGER_PATIENCE, looking).await;
        looked.unwrap_or(Err(Problem::new("outcome_unknown")))
    }

    /// An operation that the ledger does not hold yet, as it will.
    async fn journaled(&self, partition: PartitionId, seq: u64) -> Result<OperationRow, Problem> {
        let (batch, index) = self.batch_of(partition, seq).await?.ok_or(Problem::new("out_of_service"))?;
        match &batch.records()[index].body {
            Body::Entry(entry) => Ok(OperationRow::of(partition, seq, entry)),
            Body::Open { .. } => Err(Problem::new("internal_error")),
        }
    }

    /// The batch that carries a record, and its place in there; none once the journal is trimmed beyond it. Reading
    /// what is not kept in memory blocks, so another thread does.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn batch_of(&self, partition: PartitionId, seq: u64) -> Result<Option<(Arc<Batch>, usize)>, Problem> {
        if let Some(kept) = self.vouchers.kept(partition, seq) {
            return Ok(Some(kept));
        }
        let journal = Arc::clone(&self.journal);
        let read = web::block(move || journal.lock().read(partition, seq, 1)).await;
        let batches = read.map_err(|_| Problem::new("out_of_service"))?.map_err(|error| {
            tracing::error!(%error, "the journal cannot be read for an earlier record");
            Problem::new("out_of_service")
        })?;
        // the first that ends no earlier: where the record was trimmed, it begins behind it
        let batch = batches.into_iter().next();
        let index = |batch: &Batch| usize::try_from(seq.checked_sub(batch.first_seq())?).ok();
        Ok(batch.and_then(|batch| index(&batch).map(|index| (batch, index))))
    }

    /// Writes down what a member of staff did.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn audit(
        &self,
        municipality: Option<Uuid>,
        user: Option<Uuid>,
        action: &str,
        target: impl ToString,
        detail: serde_json::Value,
    ) -> Result<(), Problem> {
        self.audit_as(new_id(), municipality, user, (action, target.to_string()), detail).await
    }

    /// The same under an id of its own: written once, however often it is said.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn audit_as(
        &self,
        id: Uuid,
        municipality: Option<Uuid>,
        user: Option<Uuid>,
        (action, target): (&str, String),
        detail: serde_json::Value,
    ) -> Result<(), Problem> {
        let (action, detail, at) = (action.to_owned(), detail.to_string(), self.clock.now().micros());
        let row = AuditRow { id, user_id: user, action, target, detail, at };
        Ok(self.ledger_of(municipality).add_audit(municipality, &row).await?)
    }
}
