//! Lets go of what the journal need not keep any more, and says how much it keeps, how old that is, and how far
//! the ledger lags behind.
//!
//! A batch goes when the ledger holds it, a verified backup holds it, and it is older than it must be kept. First
//! the ledger notes up to where, with both chains, so that `buono verify` can go on from there; then the batches
//! go. Several nodes may do this at once: notes never go back, and trimming twice is trimming once.

use crate::{NAP, again};
use domain::clock::{Clock, Timestamp};
use domain::ids::PartitionId;
use domain::record::Body;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store::journal::{Apart, Batch, Chain, GENESIS, Head, Journal, JournalError, JournalPlace, Volume, apart, link};
use store::ledger::{Db, Error, Mark, MarkKind, within};

/// How often to look.
const EVERY: Duration = Duration::from_secs(15);
/// How long to wait for the ledger, which waits for standbys itself: what is measured must not wait with it.
const LEDGER_PATIENCE: Duration = Duration::from_secs(10);
/// How much goes at once: payments want to write too.
const STEP_BYTES: usize = 1 << 20;
/// Rows of the ledger read at once.
const ROWS: i64 = 4_096;
/// A ledger that is so far behind needs somebody to look at it, long before room runs out.
const LAG_S_MAX: i64 = 300;

/// Trims every partition.
pub struct Trimmer {
    db: Db,
    place: JournalPlace,
    keep: Option<Duration>,
    clock: Arc<dyn Clock>,
    /// How far the ledger was in each partition when it last answered.
    projected: Option<BTreeMap<PartitionId, u64>>,
}

/// Why a look was broken off; the next one may work.
#[derive(Debug, thiserror::Error)]
pub enum TrimError {
    /// The journal did not do as asked.
    #[error("the journal: {0}")]
    Journal(#[from] JournalError),
    /// The ledger did not do as asked.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl Trimmer {
    /// Trims the journal of that place, where everything is kept so long; for ever when absent.
    #[must_use]
    pub const fn new(db: Db, place: JournalPlace, keep: Option<Duration>, clock: Arc<dyn Clock>) -> Self {
        Self { db, place, keep, clock, projected: None }
    }

    /// Looks every few seconds until told to stop; while there is much to trim, without a rest.
    pub async fn run(mut self, stop: Arc<AtomicBool>) {
        again(&stop, async || match self.look().await {
            Ok(true) => NAP,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "the journal is not trimmed for now");
                EVERY
            }
        })
        .await;
    }

    /// Measures and trims each partition once, a bounded step. Whether anything went.
    ///
    /// # Errors
    /// [`TrimError`].
    pub async fn look(&mut self) -> Result<bool, TrimError> {
        // before anything that waits for standbys
        let place = self.place.clone();
        let measured = apart(move || measure_place(&place)).await;
        let heard = self.hear().await;
        let (place, writes) = (self.place.clone(), self.keep.is_some());
        let open = move || {
            let journal = if writes { place.writer() } else { place.reader() };
            Ok((place.partitions()?, journal?))
        };
        let (partitions, journal) = apart(open).await?;
        let (mut journal, mut trimmed) = (Apart::new(journal), false);
        for partition in partitions {
            match self.turn(&mut journal, partition, heard.is_ok()).await {
                Ok(gone) => trimmed |= gone,
                // of several primaries one may be away, and the others fill up
                Err(error) => tracing::warn!(%partition, %error, "the partition is not trimmed for now"),
            }
        }
        heard?;
        measured?;
        Ok(trimmed)
    }

    /// Asks the ledger how far it is. While it is away, it is where it was, and lags more and more.
    async fn hear(&mut self) -> Result<(), Error> {
        let checkpoints = within(LEDGER_PATIENCE, self.db.checkpoints()).await?;
        self.projected = Some(checkpoints.into_iter().map(|(partition, head)| (partition, head.seq)).collect());
        Ok(())
    }

    /// Measures a partition, and trims it where the ledger is there.
    async fn turn(
        &self,
        journal: &mut Apart<dyn Journal>,
        partition: PartitionId,
        ledger_is_there: bool,
    ) -> Result<bool, TrimError> {
        let end = journal.ask(move |journal| journal.head(partition)).await?;
        self.measure(journal, partition, &end).await?;
        if !ledger_is_there {
            return Ok(false);
        }
        self.measure_backup(partition).await?;
        match self.keep {
            Some(keep) => self.trim(journal, partition, &end, keep).await,
            None => Ok(false),
        }
    }

    /// How long ago a record was written.
    fn age_s(&self, at: Option<Timestamp>) -> i64 {
        at.map_or(0, |at| (self.clock.now().micros() - at.micros()).max(0) / 1_000_000)
    }

    async fn measure(
        &self,
        journal: &mut Apart<dyn Journal>,
        partition: PartitionId,
        end: &Head,
    ) -> Result<(), TrimError> {
        let oldest = first(journal, partition, 1).await?;
        let began = oldest.as_ref().map_or(end.seq, |batch| batch.first_seq() - 1);
        let gauge = gauge(partition);
        gauge("buono_journal_kept_records", end.seq.saturating_sub(began) as f64);
        gauge("buono_journal_oldest_seconds", self.age_s(oldest.as_deref().map(begun)) as f64);
        let Some(projected) = &self.projected else { return Ok(()) };
        let projected = projected.get(&partition).copied().unwrap_or(0);
        let waiting = if projected < end.seq { first(journal, partition, projected + 1).await? } else { None };
        let waiting = waiting.filter(|batch| batch.first_seq() > projected);
        let lag_s = self.age_s(waiting.as_deref().map(begun));
        gauge("buono_journal_lag_records", end.seq.saturating_sub(projected) as f64);
        gauge("buono_journal_lag_seconds", lag_s as f64);
        if lag_s > LAG_S_MAX {
            tracing::error!(%partition, projected, end = end.seq, lag_s,
                "the ledger does not follow the journal, which therefore only grows: see /health/ready for the reason");
        }
        Ok(())
    }

    async fn measure_backup(&self, partition: PartitionId) -> Result<(), Error> {
        if let Some(backup) = self.db.mark(partition, MarkKind::Backup).await? {
            let gauge = gauge(partition);
            gauge("buono_backup_age_seconds", self.age_s(Some(backup.at)) as f64);
            gauge("buono_backup_seq", backup.head.seq as f64);
        }
        Ok(())
    }

    async fn trim(
        &self,
        journal: &mut Apart<dyn Journal>,
        partition: PartitionId,
        end: &Head,
        keep: Duration,
    ) -> Result<bool, TrimError> {
        let Some(oldest) = first(journal, partition, 1).await? else { return Ok(false) };
        let (mut at, mut facts) = self.noted(partition, &oldest.previous()).await?;
        let floor = self.floor(partition).await?;
        // whoever noted it may have been killed before it was done
        if oldest.head().seq <= at.seq {
            let upto = at.seq;
            journal.ask(move |journal| journal.trim(partition, upto, floor.max(upto))).await?;
        }
        let keep_us = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        let before = self.clock.now().micros().saturating_sub(keep_us);
        let started = at.seq;
        for batch in journal.ask(move |journal| journal.read(partition, started + 1, STEP_BYTES)).await? {
            let last = batch.head().seq;
            if last > floor || last >= end.seq || ended(&batch).micros() >= before || batch.follows(&at).is_err() {
                break;
            }
            for (index, record) in batch.records().iter().enumerate() {
                if matches!(record.body, Body::Entry(_)) {
                    facts = link(&facts, batch.record_bytes(index));
                }
            }
            at = batch.head();
        }
        if at.seq == started {
            return Ok(false);
        }
        let mark = Mark { head: at, facts, at: self.clock.now() };
        within(LEDGER_PATIENCE, self.db.set_mark(partition, MarkKind::Trimmed, &mark)).await?;
        journal.ask(move |journal| journal.trim(partition, at.seq, floor)).await?;
        metrics::counter!("buono_journal_trimmed_records_total", "partition" => partition.to_string())
            .increment(at.seq - started);
        tracing::info!(%partition, upto = at.seq, "the journal is trimmed");
        Ok(true)
    }

    /// Up to where the journal was trimmed, and the chain over the facts up to there. A ledger that was restored
    /// may have noted less than is gone; it has the facts themselves.
    async fn noted(&self, partition: PartitionId, gone: &Head) -> Result<(Head, Chain), Error> {
        let noted = self.db.mark(partition, MarkKind::Trimmed).await?;
        let (mut at, mut facts) = noted.map_or((Head::START, GENESIS), |mark| (mark.head, mark.facts));
        while at.seq < gone.seq {
            let rows = self.db.kept(partition, at.seq, gone.seq, ROWS).await?;
            let reached = rows.last().map_or(gone.seq, |row| row.operation.seq.unsigned_abs());
            facts = rows.iter().fold(facts, |facts, row| link(&facts, &row.record));
            at = if reached == gone.seq { *gone } else { Head { seq: reached, ..at } };
        }
        Ok((at, facts))
    }

    /// The last record that nobody needs any more: neither whoever follows the journal nor a restore.
    async fn floor(&self, partition: PartitionId) -> Result<u64, Error> {
        let backup = self.db.mark(partition, MarkKind::Backup).await?.map_or(0, |mark| mark.head.seq);
        Ok(self.db.checkpoint(partition).await?.seq.min(backup))
    }
}

/// Shows figures of a partition.
fn gauge(partition: PartitionId) -> impl Fn(&'static str, f64) {
    move |name, value| metrics::gauge!(name, "partition" => partition.to_string()).set(value)
}

/// Who else has what the journal commits, and how much room it takes.
fn measure_place(place: &JournalPlace) -> Result<(), JournalError> {
    if let Some(standbys) = place.standbys()?.filter(|standbys| standbys.hidden == 0) {
        metrics::gauge!("buono_journal_standbys_needed").set(standbys.needed as f64);
        metrics::gauge!("buono_journal_standbys_confirming").set(standbys.confirming.len() as f64);
    }
    for (server, volume) in place.volumes() {
        let show = |name: &'static str, bytes: f64| metrics::gauge!(name, "server" => server.clone()).set(bytes);
        match volume {
            Ok(Volume { bytes, limit_bytes }) => {
                show("buono_journal_bytes", bytes as f64);
                // nothing compares with no number, so no alarm counts on a limit that was taken away
                show("buono_journal_limit_bytes", limit_bytes.map_or(f64::NAN, |limit| limit as f64));
            }
            Err(error) => tracing::warn!(server, %error, "how full the journal's server is, is not known"),
        }
    }
    Ok(())
}

async fn first(
    journal: &mut Apart<dyn Journal>,
    partition: PartitionId,
    from: u64,
) -> Result<Option<Arc<Batch>>, JournalError> {
    Ok(journal.ask(move |journal| journal.read(partition, from, 1)).await?.into_iter().next())
}

fn written(body: &Body) -> Timestamp {
    match body {
        Body::Open { at, .. } => *at,
        Body::Entry(entry) => entry.decided_at,
    }
}

fn begun(batch: &Batch) -> Timestamp {
    batch.records().first().map_or(Timestamp::EPOCH, |record| written(&record.body))
}

fn ended(batch: &Batch) -> Timestamp {
    batch.records().iter().map(|record| written(&record.body)).max().unwrap_or(Timestamp::EPOCH)
}
