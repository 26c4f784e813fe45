//! The handle that the rest of Buono holds.

use crate::answer::{Answer, NotDone};
use crate::cell::Ask;
use crate::cluster::{Cluster, Shared};
use crate::local::Local;
use crate::partition::PartitionState;
use crate::recent::Sought;
use crate::source::Source;
use crate::start::{Options, Primary, StartError};
use crate::writer::Phase;
use domain::clock::{Clock, Timestamp};
use domain::ids::{OperationId, PartitionId, VoucherId};
use domain::keys::OpKey;
use domain::voucher::{Command, View};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::journal::Batch;

/// All vouchers, wherever their partitions are. Cheap to clone.
#[derive(Clone)]
pub struct Vouchers {
    local: Arc<Local>,
    cluster: Option<Arc<Cluster>>,
}

impl Vouchers {
    /// Starts one lane for each primary. Alone, the process has all partitions, and they open and catch up in the
    /// background: see [`Vouchers::states`]. Otherwise it shares them with other nodes, as their leases say.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        options: &Options,
        primaries: Vec<Primary>,
        source: &Arc<dyn Source>,
        clock: &Arc<dyn Clock>,
        shared: Option<Shared>,
    ) -> Result<Self, StartError> {
        let local = Arc::new(Local::start(options, primaries, source, clock, shared.is_some())?);
        let join = |shared| Cluster::start(shared, options.node, Arc::clone(&local), Arc::clone(source));
        let cluster = shared.map(join).transpose()?.map(Arc::new);
        Ok(Self { local, cluster })
    }

    /// The calling thread, an arbiter of `actix`, runs actors from now on: an HTTP worker that does
    /// saves a hand-over for every question.
    pub fn offer_thread(&self) {
        self.local.registry().offer_thread();
    }

    /// Call it when the threads that offered themselves have ended.
    pub fn recall_threads(&self) {
        self.local.registry().recall_threads();
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
        // what is elsewhere is not waited for here
        let here = self.cluster.is_none() || self.serves(voucher);
        let told = if here { self.local.ask(voucher, ask, deadline).await } else { Err(NotDone::Moved) };
        match (told, &self.cluster) {
            // boxed, since most ask where the voucher is and it would make every question's future larger
            (Err(NotDone::Moved), Some(cluster)) => Box::pin(cluster.ask(voucher, ask, deadline)).await,
            // another process has moved the fence of a journal that nobody shares
            (Err(NotDone::Moved), None) => Err(NotDone::Halted),
            (told, _) => told,
        }
    }

    /// For each partition the place up to which it is durable, once everything submitted before
    /// this call is.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn barrier(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        match &self.cluster {
            Some(cluster) => cluster.barrier(deadline).await,
            None => self.whole(self.local.barrier(deadline).await?),
        }
    }

    /// What names every partition.
    fn whole(&self, places: Vec<(PartitionId, u64)>) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        if places.len() == self.states().len() { Ok(places) } else { Err(NotDone::Halted) }
    }

    /// How far each partition that this process has is durable, once everything submitted before this call is; or why
    /// nobody knows.
    pub async fn local_ends(&self, deadline: Timestamp) -> Vec<(PartitionId, Result<u64, NotDone>)> {
        self.local.ends(deadline).await
    }

    /// Where each partition is, as this process knows it.
    #[must_use]
    pub fn states(&self) -> Vec<(PartitionId, PartitionState)> {
        self.local.registry().partitions().map(|partition| (partition.id, partition.state())).collect()
    }

    /// Partitions that are not served at the moment, as far as this node knows: each with where it is here, or
    /// nothing if no node has it.
    #[must_use]
    pub fn unserved(&self) -> Vec<(PartitionId, Option<Phase>)> {
        let orphans = self.cluster.as_ref().map(|cluster| cluster.orphans()).unwrap_or_default();
        let elsewhere = |phase| self.cluster.is_some() && phase == Phase::SteppedDown;
        let here = self.states().into_iter().map(|(id, state)| (id, state.phase));
        let here = here.filter(|(_, phase)| *phase != Phase::Serving && !elsewhere(*phase));
        here.map(|(id, phase)| (id, Some(phase))).chain(orphans.into_iter().map(|id| (id, None))).collect()
    }

    /// The last durable record of a partition that its writer here knows of; nothing while it is not served here.
    #[must_use]
    pub fn durable_seq(&self, partition: PartitionId) -> Option<u64> {
        let partition = self.local.partition(partition).filter(|partition| partition.serves())?;
        Some(partition.durable_seq.load(Ordering::Acquire))
    }

    /// The last record of a partition that this node has seen whole, also if the partition halted since.
    #[must_use]
    pub fn whole_seq(&self, partition: PartitionId) -> u64 {
        self.local.partition(partition).map_or(0, |partition| partition.durable_seq.load(Ordering::Acquire))
    }

    /// The ledger holds a partition up to here; called by whoever projects.
    pub fn projected(&self, partition: PartitionId, seq: u64) {
        if let Some(partition) = self.local.partition(partition) {
            partition.projected(seq);
        }
    }

    /// The batch that carries a record of a partition, and its place in there, if this process wrote it a moment ago.
    #[must_use]
    pub fn kept(&self, partition: PartitionId, seq: u64) -> Option<(Arc<Batch>, usize)> {
        self.local.partition(partition)?.recent(|recent| recent.batch(seq))
    }

    /// Where in the journal an operation is that was answered, if some node still has it in memory.
    ///
    /// # Errors
    /// [`NotDone`] when another node that may know does not answer.
    pub async fn whereabouts(
        &self,
        operation: OperationId,
        deadline: Timestamp,
    ) -> Result<Option<(PartitionId, u64)>, NotDone> {
        self.find(Sought::Operation(operation), deadline).await
    }

    /// The same of what became of a key: everything answered before this call, and everything
    /// that was submitted before it, counts.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn whereabouts_of_key(
        &self,
        key: OpKey,
        deadline: Timestamp,
    ) -> Result<Option<(PartitionId, u64)>, NotDone> {
        self.barrier(deadline).await?;
        self.find(Sought::Key(key), deadline).await
    }

    /// Up to which record of each partition the ledger alone may know what nobody has in memory.
    ///
    /// # Errors
    /// [`NotDone`] when a partition does not serve.
    pub async fn left_to_ledger(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        match &self.cluster {
            Some(cluster) => cluster.left_to_ledger(deadline).await,
            None => self.whole(self.local.left_to_ledger(deadline).await?),
        }
    }

    async fn find(&self, sought: Sought, deadline: Timestamp) -> Result<Option<(PartitionId, u64)>, NotDone> {
        let found = self.local.find(sought);
        match &self.cluster {
            Some(cluster) if found.at.is_none() => Ok(cluster.find(sought, found, deadline).await?.at),
            _ => Ok(found.at),
        }
    }

    /// Whether this process has the voucher at the moment.
    #[must_use]
    pub fn serves(&self, voucher: VoucherId) -> bool {
        self.local.registry().partition_of(voucher).partition.serves()
    }

    /// The partition that a voucher belongs to.
    #[must_use]
    pub fn partition_of(&self, voucher: VoucherId) -> PartitionId {
        self.local.partition_of(voucher)
    }

    /// Vouchers in memory.
    #[must_use]
    pub fn resident(&self) -> usize {
        self.local.registry().len()
    }

    /// Lets idle vouchers of the partitions that serve leave memory, and says how many went.
    pub async fn passivate(&self, source: &dyn Source, deadline: Timestamp) -> usize {
        self.local.passivate(source, deadline).await
    }

    /// Tells every other node that something has changed that they keep in memory, and waits a moment for them.
    pub async fn tell_others(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.tell_others().await;
        }
    }

    /// Hands this node's partitions over to the others, if there are any; their vouchers can be asked for as before.
    /// Where there are none, it keeps them until it stops.
    pub async fn leave(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.leave().await;
        }
    }

    /// Takes nothing in any more, writes what is there, answers it, and ends the lanes. Blocks.
    pub fn stop(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.stop();
        }
        self.local.stop();
    }
}
