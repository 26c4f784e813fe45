//! The handle that the rest of Buono holds.

use crate::actor::Surroundings;
use crate::answer::{Answer, NotDone};
use crate::cell::Ask;
use crate::driver::Driver;
use crate::partition::{Partition, PartitionState};
use crate::queue::{Submission, What};
use crate::recent::{Recent, Whereabouts};
use crate::registry::{Registry, Undelivered};
use crate::source::Source;
use crate::writer::Writer;
use domain::clock::{Clock, Timestamp};
use domain::ids::{OperationId, PartitionId, VoucherId};
use domain::keys::OpKey;
use domain::record::NodeId;
use domain::voucher::{Command, View};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use store::journal::{Head, Journal};
use tokio::sync::oneshot;

/// Answers that may be void before a caller is told to come back.
const TRIES_MAX: usize = 5;
/// How long a question waits for a partition that does not serve: a new opening takes milliseconds, and a
/// disk that is full takes nobody knows how long.
const SERVICE_PATIENCE_S: i64 = 2;

/// How to start the engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// This incarnation of this process.
    pub node: NodeId,
    /// A voucher that nobody asked for so long leaves memory. Far longer than any deadline.
    pub idle: Duration,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The number of partitions is not a power of two.
    #[error("the number of partitions must be a power of two, not {0}")]
    Partitions(usize),
    /// No thread could be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// All vouchers. Cheap to clone.
#[derive(Clone)]
pub struct Vouchers {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    clock: Arc<dyn Clock>,
    idle: Duration,
    drivers: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

impl Vouchers {
    /// Starts one writer for each journal, which is one partition, behind the ledger's checkpoint
    /// of it. Partitions open and catch up in the background: see [`Vouchers::states`].
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        options: &Options,
        journals: Vec<(Box<dyn Journal>, Head)>,
        source: &Arc<dyn Source>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        if !journals.len().is_power_of_two() {
            return Err(StartError::Partitions(journals.len()));
        }
        let mut partitions = Vec::new();
        let mut drivers = Vec::new();
        for (number, (journal, checkpoint)) in (0u16..).zip(journals) {
            let partition = Arc::new(Partition::new(PartitionId(number)));
            partition.projected_seq.store(checkpoint.seq, Ordering::Release);
            partitions.push(Arc::new(Surroundings {
                partition: Arc::clone(&partition),
                source: Arc::clone(source),
                clock: Arc::clone(clock),
            }));
            let writer = Writer::new(options.node, checkpoint);
            let driver = Driver { partition, journal, writer, node: options.node, clock: Arc::clone(clock) };
            drivers.push(std::thread::Builder::new().name(format!("journal-{number}")).spawn(|| driver.run())?);
        }
        let inner = Inner {
            registry: Registry::new(partitions),
            clock: Arc::clone(clock),
            idle: options.idle,
            drivers: parking_lot::Mutex::new(drivers),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The calling thread, an arbiter of `actix`, runs actors from now on: an HTTP worker that does
    /// saves a hand-over for every question.
    pub fn offer_thread(&self) {
        self.inner.registry.offer_thread();
    }

    /// Call it when the threads that offered themselves have ended.
    pub fn recall_threads(&self) {
        self.inner.registry.recall_threads();
    }

    /// Does what the command says, once, and answers when it is durable.
    ///
    /// # Errors
    /// [`NotDone`]: `NotExecuted` is said only of what was never written.
    pub async fn execute(&self, voucher: VoucherId, command: Command, deadline: Timestamp) -> Result<Answer, NotDone> {
        self.ask(voucher, Ask::Execute(command), deadline).await
    }

    /// What the voucher is, including everything answered before; `None` when there is none.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn view(&self, voucher: VoucherId, deadline: Timestamp) -> Result<Option<View>, NotDone> {
        match self.ask(voucher, Ask::View, deadline).await? {
            Answer::Viewed(view) => Ok(view.map(|view| *view)),
            _ => Err(NotDone::Unknown),
        }
    }

    async fn ask(&self, voucher: VoucherId, ask: Ask, deadline: Timestamp) -> Result<Answer, NotDone> {
        let registry = &self.inner.registry;
        let mut unsure = false;
        let mut verdict = NotDone::NotExecuted;
        for _ in 0..TRIES_MAX {
            if self.inner.clock.now() > deadline {
                verdict = NotDone::NotExecuted;
                break;
            }
            if !registry.partition_of(voucher).partition.serves()
                && let Err(refused) = Box::pin(self.service(voucher, deadline)).await
            {
                verdict = refused;
                break;
            }
            let (question, answer) = Registry::question(ask, deadline);
            let dead = match registry.deliver(voucher, question) {
                Err(Undelivered::Dead(dead)) => dead,
                Err(Undelivered::Refused(refused)) => {
                    verdict = refused;
                    break;
                }
                Ok(actor) => match self.until(deadline, answer).await {
                    Some(Ok(Ok(answer))) => {
                        registry.answered(voucher);
                        return Ok(answer);
                    }
                    // what it was decided on is void, and so is the decision
                    Some(Ok(Err(NotDone::Stale))) => continue,
                    Some(Ok(Err(refused))) => {
                        verdict = refused;
                        break;
                    }
                    Some(Err(_)) => {
                        unsure = true;
                        actor
                    }
                    None => return Err(NotDone::Unknown),
                },
            };
            // boxed, since it is rare and would make the future of every question larger
            match Box::pin(self.durable(voucher, deadline)).await {
                Ok(durable) => registry.revive(voucher, &dead, durable, deadline),
                Err(refused) => {
                    verdict = refused;
                    break;
                }
            }
        }
        // of an attempt that died in the actor's hands nobody can say that it did nothing
        Err(if unsure && verdict == NotDone::NotExecuted { NotDone::Unknown } else { verdict })
    }

    /// Waits until the voucher's partition serves, but not long: what was not handed over was not executed.
    async fn service(&self, voucher: VoucherId, deadline: Timestamp) -> Result<(), NotDone> {
        let partition = &self.inner.registry.partition_of(voucher).partition;
        let patience = self.inner.clock.now().plus_seconds(SERVICE_PATIENCE_S).min(deadline);
        match self.until(patience, partition.serving()).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(_)) => Err(NotDone::Halted),
            None => Err(NotDone::NotExecuted),
        }
    }

    async fn until<T>(&self, deadline: Timestamp, future: impl Future<Output = T>) -> Option<T> {
        let micros = deadline.micros() - self.inner.clock.now().micros();
        let patience = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        tokio::time::timeout(patience, future).await.ok()
    }

    /// The place up to which the voucher's partition is durable, once everything submitted so far is.
    async fn durable(&self, voucher: VoucherId, deadline: Timestamp) -> Result<u64, NotDone> {
        let partition = Arc::clone(&self.inner.registry.partition_of(voucher).partition);
        self.partition_durable(&partition, deadline).await
    }

    async fn partition_durable(&self, partition: &Partition, deadline: Timestamp) -> Result<u64, NotDone> {
        for _ in 0..TRIES_MAX {
            let (reply, answer) = oneshot::channel();
            let generation = partition.state().generation;
            let what = What::Answer(Answer::Durable { seq: 0 });
            if partition.queue.push(Submission { generation, what, reply: Some(reply) }).is_err() {
                return Err(NotDone::NotExecuted);
            }
            match self.until(deadline, answer).await {
                Some(Ok(Ok(Answer::Durable { seq }))) => return Ok(seq),
                Some(Ok(Err(NotDone::Stale))) => {
                    self.until(deadline, partition.serving()).await;
                }
                Some(Ok(Err(other))) => return Err(other),
                Some(Ok(Ok(_)) | Err(_)) | None => return Err(NotDone::Unknown),
            }
        }
        Err(NotDone::NotExecuted)
    }

    /// For each partition the place up to which it is durable, once everything submitted before
    /// this call is.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn barrier(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        let mut durable = Vec::new();
        for partition in self.inner.registry.partitions() {
            durable.push((partition.id, self.partition_durable(partition, deadline).await?));
        }
        Ok(durable)
    }

    /// Where each partition is.
    #[must_use]
    pub fn states(&self) -> Vec<(PartitionId, PartitionState)> {
        self.inner.registry.partitions().map(|partition| (partition.id, partition.state())).collect()
    }

    /// For each partition the last durable record that its writer knows of.
    #[must_use]
    pub fn durable_seqs(&self) -> Vec<(PartitionId, u64)> {
        let seq = |partition: &Arc<Partition>| partition.durable_seq.load(Ordering::Acquire);
        self.inner.registry.partitions().map(|partition| (partition.id, seq(partition))).collect()
    }

    /// The ledger holds a partition up to here; called by whoever projects.
    pub fn projected(&self, partition: PartitionId, seq: u64) {
        if let Some(partition) = self.inner.registry.partitions().find(|known| known.id == partition) {
            partition.projected(seq);
        }
    }

    /// Where to find an operation that was answered.
    #[must_use]
    pub fn whereabouts(&self, operation: OperationId) -> (PartitionId, Whereabouts) {
        self.find(|recent| recent.by_operation(operation))
    }

    /// Where to find what became of a key: everything answered before this call, and everything
    /// that was submitted before it, counts.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn whereabouts_of_key(
        &self,
        key: OpKey,
        deadline: Timestamp,
    ) -> Result<(PartitionId, Whereabouts), NotDone> {
        self.barrier(deadline).await?;
        Ok(self.find(|recent| recent.by_key(key)))
    }

    /// The first that knows; otherwise the least certain answer.
    fn find(&self, ask: impl Fn(&Recent) -> Whereabouts) -> (PartitionId, Whereabouts) {
        let mut found = (PartitionId(0), Whereabouts::Ledger);
        for partition in self.inner.registry.partitions() {
            match partition.recent(&ask) {
                at @ Whereabouts::Journal(_) => return (partition.id, at),
                Whereabouts::LedgerLater => found = (partition.id, Whereabouts::LedgerLater),
                Whereabouts::Ledger => {}
            }
        }
        found
    }

    /// The partition that a voucher belongs to.
    #[must_use]
    pub fn partition_of(&self, voucher: VoucherId) -> PartitionId {
        self.inner.registry.partition_of(voucher).partition.id
    }

    /// Vouchers in memory.
    #[must_use]
    pub fn resident(&self) -> usize {
        self.inner.registry.len()
    }

    /// Lets idle vouchers leave memory. `projected` says how far the ledger is, asked after the
    /// barrier; a partition whose ledger lags is left alone this time.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn passivate(&self, source: &dyn Source, deadline: Timestamp) -> Result<usize, NotDone> {
        let idle_us = i64::try_from(self.inner.idle.as_micros()).unwrap_or(i64::MAX);
        let before = self.inner.clock.now().plus_micros(idle_us.saturating_neg());
        let mut retired = 0;
        for (partition, durable) in self.barrier(deadline).await? {
            if source.projected(partition).await.is_ok_and(|projected| projected >= durable) {
                retired += self.inner.registry.passivate(partition, before);
            }
        }
        metrics::counter!("buono_engine_passivated_total").increment(retired as u64);
        metrics::gauge!("buono_engine_resident_vouchers").set(self.resident() as f64);
        Ok(retired)
    }

    /// Takes nothing in any more, writes what is there, answers it, and ends the writers. Blocks.
    pub fn stop(&self) {
        for partition in self.inner.registry.partitions() {
            partition.queue.close();
        }
        for driver in self.inner.drivers.lock().drain(..) {
            if driver.join().is_err() {
                tracing::error!("a journal writer ended in a panic");
            }
        }
        self.inner.registry.stop();
    }
}
