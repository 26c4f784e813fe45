//! Keeps this node's place among the others: beats, reads the leases, and does what the plan says.

use super::link::{Keeper, Link, ask_all};
use super::plan::{Plan, Pulse, plan};
use super::wire::Request;
use super::{Holder, Routes, Signals, WORD};
use crate::local::Local;
use crate::partition::{Order, Partition};
use crate::source::Source;
use crate::writer::Phase;
use domain::ids::PartitionId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::journal::{Apart, JournalError, Leases, Member, Table};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// How often a node says that it is there, and looks who else is.
pub(super) const BEAT: Duration = Duration::from_millis(400);
/// How long a partition may take until everything in it is answered: one batch, or one unknown outcome.
const DRAIN: Duration = Duration::from_secs(5);
/// How long one kind of step may hold a turn up, for however many partitions: others take a node that does not beat for dead,
/// this one sees no death meanwhile, and what a turn did not reach the next one does.
const STEP: Duration = Duration::from_secs(1);

/// Where this node is in its life among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Outside,
    In,
    /// Another process has its name.
    Gone,
}

pub(super) struct Steward {
    me: Member,
    leases: Apart<dyn Leases>,
    local: Arc<Local>,
    source: Arc<dyn Source>,
    routes: watch::Sender<Arc<Routes>>,
    keeper: Keeper,
    signals: Arc<Signals>,
    links: BTreeMap<String, Arc<Link>>,
    pulse: Pulse,
    standing: Standing,
    beaten: Instant,
    /// Partitions of which there may be something in memory here.
    taken: BTreeSet<PartitionId>,
}

impl Steward {
    pub fn new(
        me: Member,
        leases: Box<dyn Leases>,
        local: Arc<Local>,
        source: Arc<dyn Source>,
        (routes, keeper, signals): (watch::Sender<Arc<Routes>>, Keeper, Arc<Signals>),
    ) -> Self {
        let (links, pulse, leases) = (BTreeMap::new(), Pulse::default(), Apart::new(leases));
        let (standing, beaten, taken) = (Standing::Outside, Instant::now(), BTreeSet::new());
        Self { me, leases, local, source, routes, keeper, signals, links, pulse, standing, beaten, taken }
    }

    /// Runs until the engine ends.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the leases cannot be reached: partitions stay where they are");
                metrics::counter!("buono_cluster_failures_total").increment(1);
            }
            let signals = Arc::clone(&self.signals);
            tokio::select! {
                () = signals.stop.notified() => break,
                () = signals.look.notified() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
        if self.standing == Standing::In
            && let Err(error) = self.farewell().await
        {
            tracing::warn!(%error, "the leases were not given back: other nodes take over once they have run out");
        }
    }

    /// Gives everything back, also what nobody was there to take.
    async fn farewell(&mut self) -> Result<(), JournalError> {
        self.local.registry().partitions().for_each(|partition| partition.command(Order::LayDown));
        let all_rest = async {
            for partition in self.local.registry().partitions() {
                partition.rests().await;
            }
        };
        // whatever is still on its way then is refused once another node has the partition
        let _ = timeout(DRAIN, all_rest).await;
        let me = self.me.clone();
        self.leases.ask(move |leases| leases.leave(&me)).await?;
        self.tell_others().await;
        Ok(())
    }

    async fn turn(&mut self) -> Result<(), JournalError> {
        self.me.leaving = self.signals.leaving.load(Ordering::Acquire);
        if self.standing != Standing::Gone {
            self.beat().await?;
        }
        let table = self.leases.ask(|leases| leases.table()).await?;
        let living = self.pulse.living(&table, Instant::now());
        self.meet(&table, &living);
        self.publish(&table, &living);
        let changed = match self.standing {
            Standing::Gone => false,
            Standing::In | Standing::Outside => self.follow(&table, plan(&self.me.name, &table, &living)).await?,
        };
        if changed {
            self.tell_others().await;
            self.signals.look.notify_one();
        } else if self.me.leaving {
            self.signals.left.send_replace(true);
        }
        Ok(())
    }

    /// Between two steps of a turn; whether this node still takes part.
    async fn beat_meanwhile(&mut self) -> Result<bool, JournalError> {
        if self.beaten.elapsed() > BEAT {
            self.beat().await?;
        }
        Ok(self.standing == Standing::In)
    }

    async fn beat(&mut self) -> Result<(), JournalError> {
        self.beaten = Instant::now();
        let (me, first) = (self.me.clone(), self.standing == Standing::Outside);
        if self.leases.ask(move |leases| leases.beat(&me, first)).await? {
            self.standing = Standing::In;
        } else {
            tracing::error!(name = self.me.name, "another process runs under this node's name: this one takes no part");
            self.standing = Standing::Gone;
            self.local.registry().partitions().for_each(|partition| partition.command(Order::LayDown));
        }
        Ok(())
    }

    /// Keeps a link to everybody else who lives, under the address of today.
    fn meet(&mut self, table: &Table, living: &BTreeSet<String>) {
        self.links.retain(|name, link| {
            living.contains(name) && table.members.get(name).is_some_and(|seen| seen.member.address == link.address)
        });
        // whoever has this node's name, when this one takes no part any more, is another node
        for name in living.iter().filter(|name| **name != self.me.name || self.standing == Standing::Gone) {
            if let Some(seen) = table.members.get(name) {
                let open = || Arc::new(Link::open(seen.member.address.clone(), self.keeper.clone()));
                self.links.entry(name.clone()).or_insert_with(open);
            }
        }
        metrics::gauge!("buono_cluster_living_nodes").set(living.len() as f64);
    }

    /// Lets everybody here know the way to every partition.
    fn publish(&self, table: &Table, living: &BTreeSet<String>) {
        let holder = |name: &Option<String>| match name {
            Some(name) if *name == self.me.name && self.standing == Standing::In => Holder::Here,
            Some(name) if living.contains(name) => {
                self.links.get(name).map_or(Holder::Nobody, |link| Holder::There(Arc::clone(link)))
            }
            _ => Holder::Nobody,
        };
        let holders: BTreeMap<_, _> = table.holders.iter().map(|(id, name)| (*id, holder(name))).collect();
        let here = holders.values().filter(|holder| matches!(holder, Holder::Here)).count();
        metrics::gauge!("buono_cluster_partitions_here").set(here as f64);
        metrics::gauge!("buono_cluster_partitions").set(holders.len() as f64);
        self.routes.send_replace(Arc::new(Routes { holders, others: self.links.values().cloned().collect() }));
    }

    /// Does what the plan says, and says whether that changed a lease.
    async fn follow(&mut self, table: &Table, plan: Plan) -> Result<bool, JournalError> {
        for (id, holder) in &table.holders {
            if holder.as_ref() != Some(&self.me.name) {
                self.lay_down(*id);
            }
        }
        let soon = Instant::now() + STEP;
        for id in &plan.keep {
            self.take_up(*id, soon).await;
            if !self.beat_meanwhile().await? {
                return Ok(false);
            }
        }
        // all at once, so that waiting for one is waiting for all
        for partition in plan.hand_over.iter().filter_map(|id| self.partition(*id)) {
            partition.command(Order::LayDown);
        }
        let (mut changed, soon) = (false, Instant::now() + STEP);
        for id in plan.hand_over {
            changed |= self.hand_over(id, soon).await?;
            if !self.beat_meanwhile().await? {
                return Ok(changed);
            }
        }
        let soon = Instant::now() + STEP;
        for (id, from) in plan.claim {
            if !self.beat_meanwhile().await? {
                return Ok(changed);
            }
            let me = self.me.name.clone();
            if self.leases.ask(move |leases| leases.claim(id, &me, from.as_ref())).await? {
                metrics::counter!("buono_cluster_taken_total").increment(1);
                self.take_up(id, soon).await;
                changed = true;
            }
        }
        Ok(changed)
    }

    fn partition(&self, id: PartitionId) -> Option<Arc<Partition>> {
        self.local.partition(id).cloned()
    }

    /// Has the partition served here, if it is not already.
    async fn take_up(&mut self, id: PartitionId, soon: Instant) {
        let Some(partition) = self.partition(id) else { return };
        self.taken.insert(id);
        if partition.state().phase != Phase::SteppedDown {
            return;
        }
        match timeout_at(soon, self.source.checkpoint(id)).await {
            Ok(Ok(checkpoint)) => {
                let seen_seq = self.source.seen_seq(id);
                partition.command(Order::TakeUp { checkpoint, seen_seq });
            }
            Ok(Err(error)) => tracing::warn!(partition = %id, %error, "the partition will be taken up later"),
            Err(_) => {
                tracing::warn!(partition = %id, "the ledger takes its time: the partition will be taken up later")
            }
        }
    }

    /// Somebody else has it by now: whatever this node still wants to write is refused anyway.
    fn lay_down(&mut self, id: PartitionId) {
        let Some(partition) = self.partition(id).filter(|_| self.taken.contains(&id)) else { return };
        // always, since an order to take it up may still stand and would push its rightful owner out
        partition.command(Order::LayDown);
        if partition.state().phase == Phase::SteppedDown {
            self.forget(id);
        }
    }

    /// Once, since it goes through all vouchers in memory.
    fn forget(&mut self, id: PartitionId) {
        self.local.forget(id);
        self.taken.remove(&id);
    }

    /// Lets go of what was laid down, once everything that came before is answered.
    async fn hand_over(&mut self, id: PartitionId, soon: Instant) -> Result<bool, JournalError> {
        let Some(partition) = self.partition(id) else { return Ok(false) };
        if timeout_at(soon, partition.rests()).await.is_err() {
            tracing::warn!(partition = %id, "the partition is not ready to be handed over");
            return Ok(false);
        }
        self.forget(id);
        let me = self.me.name.clone();
        self.leases.ask(move |leases| leases.release(id, &me)).await?;
        Ok(true)
    }

    /// So that nobody waits for the next beat.
    async fn tell_others(&self) {
        ask_all(self.links.values(), Request::Look, WORD).await;
    }
}
