//! The vouchers of the partitions that this process has.

use crate::actor::Surroundings;
use crate::answer::{Answer, NotDone};
use crate::bell::Bell;
use crate::cell::Ask;
use crate::lane::Lane;
use crate::partition::Partition;
use crate::queue::{Submission, What};
use crate::recent::{Found, Sought, Whereabouts};
use crate::registry::{Registry, Undelivered};
use crate::source::{LoadError, Source};
use crate::start::{Options, Primary, StartError};
use crate::writer::{Phase, Writer};
use domain::clock::{Clock, Timestamp};
use domain::ids::{PartitionId, VoucherId};
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Answers that may be void before a caller is told to come back.
const TRIES_MAX: usize = 5;
/// How long a question waits for a partition that does not serve: a new opening takes milliseconds, and a
/// disk that is full takes nobody knows how long.
const SERVICE_PATIENCE_S: i64 = 2;

/// What this process does with its partitions.
pub(crate) struct Local {
    registry: Registry,
    clock: Arc<dyn Clock>,
    idle: Duration,
    lanes: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

impl Local {
    /// Starts one lane for each primary. Where nodes share the partitions, all of them rest until they are taken up.
    pub fn start(
        options: &Options,
        primaries: Vec<Primary>,
        source: &Arc<dyn Source>,
        clock: &Arc<dyn Clock>,
        rest: bool,
    ) -> Result<Self, StartError> {
        let mut all = Vec::new();
        let mut lanes = Vec::new();
        for Primary { journal, partitions } in primaries {
            let bell = Arc::new(Bell::default());
            let mut lane = Lane::new(journal, Arc::clone(&bell), options.node, Arc::clone(clock));
            for (id, checkpoint) in partitions {
                let partition = Arc::new(Partition::new(id, &bell));
                partition.projected_seq.store(checkpoint.seq, Ordering::Release);
                let writer = if rest { Writer::resting(options.node) } else { Writer::new(options.node, checkpoint) };
                lane.seat(Arc::clone(&partition), writer);
                all.push(Arc::new(Surroundings { partition, source: Arc::clone(source), clock: Arc::clone(clock) }));
            }
            let name = format!("journal-{}", lanes.len());
            lanes.push(std::thread::Builder::new().name(name).spawn(|| lane.run())?);
        }
        all.sort_by_key(|shared| shared.partition.id);
        let dense = all.iter().enumerate().all(|(at, shared)| usize::from(shared.partition.id.0) == at);
        if !dense || !all.len().is_power_of_two() {
            return Err(StartError::Partitions(all.len()));
        }
        let (registry, lanes) = (Registry::new(all), parking_lot::Mutex::new(lanes));
        Ok(Self { registry, clock: Arc::clone(clock), idle: options.idle, lanes })
    }

    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn partition_of(&self, voucher: VoucherId) -> PartitionId {
        self.registry.partition_of(voucher).partition.id
    }

    pub fn partition(&self, id: PartitionId) -> Option<&Arc<Partition>> {
        self.registry.partition(id)
    }

    /// [`NotDone::Moved`] when the voucher's partition is not here: then nothing was done.
    pub async fn ask(&self, voucher: VoucherId, ask: Ask, deadline: Timestamp) -> Result<Answer, NotDone> {
        let registry = &self.registry;
        let mut unsure = false;
        let mut verdict = NotDone::NotExecuted;
        for _ in 0..TRIES_MAX {
            if self.clock.now() > deadline {
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
        let nothing_happened = matches!(verdict, NotDone::NotExecuted | NotDone::Moved);
        Err(if unsure && nothing_happened { NotDone::Unknown } else { verdict })
    }

    /// Waits until the voucher's partition serves, but not long: what was not handed over was not executed.
    async fn service(&self, voucher: VoucherId, deadline: Timestamp) -> Result<(), NotDone> {
        let partition = &self.registry.partition_of(voucher).partition;
        let patience = self.clock.now().plus_seconds(SERVICE_PATIENCE_S).min(deadline);
        match self.until(patience, partition.serving()).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(LoadError::Stale)) => Err(NotDone::Moved),
            Some(Err(_)) => Err(NotDone::Halted),
            None => Err(NotDone::NotExecuted),
        }
    }

    /// How long it is until then.
    pub fn left_until(&self, deadline: Timestamp) -> Duration {
        let micros = deadline.micros() - self.clock.now().micros();
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    async fn until<T>(&self, deadline: Timestamp, future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.left_until(deadline), future).await.ok()
    }

    /// The place up to which the voucher's partition is durable, once everything submitted so far is.
    async fn durable(&self, voucher: VoucherId, deadline: Timestamp) -> Result<u64, NotDone> {
        let partition = Arc::clone(&self.registry.partition_of(voucher).partition);
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

    /// For each partition that is here the place up to which it is durable, once everything submitted before this
    /// call is; or why nobody knows.
    pub async fn ends(&self, deadline: Timestamp) -> Vec<(PartitionId, Result<u64, NotDone>)> {
        let end = async |partition: &Partition| (partition.id, self.partition_durable(partition, deadline).await);
        let mut ends = join_all(self.registry.partitions().map(|partition| end(partition))).await;
        ends.retain(|(_, end)| *end != Err(NotDone::Moved));
        ends
    }

    /// The same where nobody may be in doubt.
    pub async fn barrier(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        self.ends(deadline).await.into_iter().map(|(partition, end)| Ok((partition, end?))).collect()
    }

    /// For each partition that is here the place up to which the ledger alone may know what nobody has in memory.
    pub async fn left_to_ledger(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        let left = |(id, durable)| {
            let own = self.partition(id);
            let left = own.map(|own| own.recent(|recent| recent.left_to_ledger()));
            // asked afterwards: with a partition goes what it remembers, and then everything durable counts
            (id, left.filter(|_| own.is_some_and(|own| own.serves())).unwrap_or(durable))
        };
        Ok(self.barrier(deadline).await?.into_iter().map(left).collect())
    }

    /// The first partition that knows; otherwise the least certain answer.
    pub fn find(&self, sought: Sought) -> Found {
        let mut found = Found::default();
        for partition in self.registry.partitions() {
            // asked on both sides: what is here only afterwards, or before, was not here to be looked at
            let served = partition.serves();
            match partition.recent(|recent| recent.find(sought)) {
                Whereabouts::Journal(seq) => found.at = Some((partition.id, seq)),
                Whereabouts::LedgerLater => found.later = true,
                Whereabouts::Ledger => {}
            }
            if served && partition.serves() {
                found.among.push(partition.id);
            }
        }
        found
    }

    /// Lets idle vouchers leave memory. `source` says how far the ledger is, asked after the
    /// barrier; a partition whose ledger lags, or that does not serve, is left alone this time.
    pub async fn passivate(&self, source: &dyn Source, deadline: Timestamp) -> usize {
        let idle_us = i64::try_from(self.idle.as_micros()).unwrap_or(i64::MAX);
        let long_ago = || self.clock.now().plus_micros(idle_us.saturating_neg());
        let before = long_ago();
        let mut retired = 0;
        for (partition, end) in self.ends(deadline).await {
            let Ok(durable) = end else { continue };
            if source.checkpoint(partition).await.is_ok_and(|checkpoint| checkpoint.seq >= durable) {
                self.partition(partition).inspect(|partition| partition.left(durable));
                // a clock that was set back meanwhile makes what was asked for since look old
                retired += self.registry.passivate(partition, before.min(long_ago()));
            }
        }
        metrics::counter!("buono_engine_passivated_total").increment(retired as u64);
        metrics::gauge!("buono_engine_resident_vouchers").set(self.registry.len() as f64);
        retired
    }

    /// Forgets what it had of a partition that is not here any more: it would be void when that comes back.
    pub fn forget(&self, partition: PartitionId) {
        let Some(state) = self.partition(partition).map(|partition| partition.state()) else { return };
        if state.phase == Phase::SteppedDown {
            // it may be on its way back
            self.registry.forget(partition, state.generation);
        }
    }

    /// Takes nothing in any more, writes what is there, answers it, and ends the lanes. Blocks.
    pub fn stop(&self) {
        for partition in self.registry.partitions() {
            partition.queue.close();
        }
        for lane in self.lanes.lock().drain(..) {
            if lane.join().is_err() {
                tracing::error!("a journal writer ended in a panic");
            }
        }
        self.registry.stop();
    }
}
