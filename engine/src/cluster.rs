//! Several nodes: each partition has one owner, any node takes any question and passes it to the owner.
//!
//! ```text
//! Vouchers::execute ─▶ Local: the partition is here ─▶ actor
//!        │ Moved
//!        ▼
//!     Cluster ─▶ routes: who has it ─▶ Link ═══▶ Door of that node ─▶ its Local, and never further
//!        ▲
//!     Steward: beats, reads the leases, takes up and lays down what [`plan`] says
//! ```
//!
//! Leases only decide who tries. What is written, and what is read, passes the journal's fence: a node that slept
//! through the end of its lease can neither take a cent nor show an old balance.

mod door;
mod link;
mod plan;
mod steward;
mod wire;

use crate::answer::{Answer, NotDone};
use crate::cell::Ask;
use crate::local::Local;
use crate::recent::{Found, Sought};
use crate::source::Source;
use crate::start::StartError;
use domain::clock::Timestamp;
use domain::ids::{PartitionId, VoucherId};
use domain::record::NodeId;
use door::Door;
use link::{Link, ask_all};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use steward::Steward;
use store::journal::{Leases, Member};
use store::keys::Entropy;
use store::receipt::Signer;
use tokio::sync::{Notify, watch};
use wire::{Request, Response};

/// How long to wait for other routes before the same way is tried again: a partition changes hands in milliseconds.
const RETRY: Duration = Duration::from_millis(10);
/// How long a question waits for whoever has its partition to be reached, or for another node to take it over.
const PATIENCE_S: i64 = 5;
const _: () = assert!(PATIENCE_S as u128 * 1_000 > plan::LEASE.as_millis() + 2 * steward::BEAT.as_millis());
/// How long another node may take to hear a word.
const WORD: Duration = Duration::from_millis(500);
/// How long a node that leaves waits for the others to take over.
const FAREWELL: Duration = Duration::from_secs(10);

/// Keeps something in memory that other nodes may change.
pub trait Listener: Send + Sync {
    /// Another node has changed something, and waits until this one knows.
    fn changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What nodes need to share an installation.
pub struct Shared {
    /// The name that this node keeps over its restarts; no other node has it.
    pub name: String,
    /// Where other nodes reach it.
    pub address: String,
    /// What listens there.
    pub door: TcpListener,
    /// Where the leases are.
    pub leases: Box<dyn Leases>,
    /// What all nodes know and nobody else does.
    pub secret: [u8; 32],
    /// Makes the numbers that are used once.
    pub entropy: Arc<dyn Entropy>,
    /// Makes the receipts of what is done here for others.
    pub signer: Arc<Signer>,
    /// Hears that another node has changed something.
    pub listener: Arc<dyn Listener>,
}

/// Who has a partition.
#[derive(Clone)]
enum Holder {
    Here,
    There(Arc<Link>),
    Nobody,
}

/// The way to every partition.
#[derive(Clone, Default)]
struct Routes {
    holders: BTreeMap<PartitionId, Holder>,
    others: Vec<Arc<Link>>,
}

/// What the steward is told and tells.
#[derive(Default)]
struct Signals {
    /// Somebody says that the leases have changed.
    look: Notify,
    stop: Notify,
    leaving: AtomicBool,
    left: watch::Sender<bool>,
}

/// This node among others.
pub(crate) struct Cluster {
    local: Arc<Local>,
    routes: watch::Receiver<Arc<Routes>>,
    signals: Arc<Signals>,
    thread: parking_lot::Mutex<Option<JoinHandle<()>>>,
}

impl Cluster {
    /// Comes in, and takes its share of the partitions up.
    pub fn start(shared: Shared, node: NodeId, local: Arc<Local>, source: Arc<dyn Source>) -> Result<Self, StartError> {
        let Shared { name, address, door, leases, secret, entropy, signer, listener } = shared;
        door.set_nonblocking(true)?;
        let signals = Arc::new(Signals::default());
        let (sender, routes) = watch::channel(Arc::default());
        let me = Member { name, node, address, leaving: false };
        let keeper = link::Keeper { secret, entropy };
        let doorkeeper =
            Door { local: Arc::clone(&local), signer, listener, keeper: keeper.clone(), signals: Arc::clone(&signals) };
        let steward = Steward::new(me, leases, Arc::clone(&local), source, (sender, keeper, Arc::clone(&signals)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(door) {
                    Ok(door) => drop(tokio::spawn(doorkeeper.serve(door))),
                    Err(error) => tracing::error!(%error, "no other node can reach this one"),
                }
                steward.run().await;
            });
        };
        let thread = std::thread::Builder::new().name("cluster".to_owned()).spawn(run)?;
        Ok(Self { local, routes, signals, thread: parking_lot::Mutex::new(Some(thread)) })
    }

    /// Passes the question to whoever has the voucher, and waits a little while nobody has.
    pub async fn ask(&self, voucher: VoucherId, ask: Ask, deadline: Timestamp) -> Result<Answer, NotDone> {
        let partition = self.local.partition_of(voucher);
        let patience = self.local.now().plus_seconds(PATIENCE_S).min(deadline);
        let mut routes = self.routes.clone();
        loop {
            let holder = routes.borrow_and_update().holders.get(&partition).cloned();
            let told = match holder {
                Some(Holder::Here) => self.local.ask(voucher, ask, deadline).await,
                Some(Holder::There(link)) => {
                    metrics::counter!("buono_cluster_forwarded_total").increment(1);
                    link.call(Request::Ask { voucher, ask }, self.local.left_until(deadline))
                        .await
                        .and_then(Response::answer)
                }
                Some(Holder::Nobody) | None => Err(NotDone::Moved),
            };
            match told {
                Err(NotDone::Moved) if self.local.now() < patience => {
                    let _ = tokio::time::timeout(RETRY, routes.changed()).await;
                }
                Err(NotDone::Moved) => return Err(NotDone::NotExecuted),
                told => return told,
            }
        }
    }

    /// The same question to every other node.
    async fn ask_others(&self, request: Request, patience: Duration) -> Vec<Result<Response, NotDone>> {
        let others = self.routes.borrow().others.clone();
        ask_all(others.iter(), request, patience).await
    }

    /// The barriers of all nodes.
    pub async fn barrier(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        self.places(Request::Barrier, || self.local.barrier(deadline), deadline).await
    }

    /// What all nodes leave to the ledger.
    pub async fn left_to_ledger(&self, deadline: Timestamp) -> Result<Vec<(PartitionId, u64)>, NotDone> {
        self.places(Request::Left, || self.local.left_to_ledger(deadline), deadline).await
    }

    /// A place in each partition, asked of every node until together they name all: the furthest, where one changes hands.
    async fn places<H>(
        &self,
        request: Request,
        here: impl Fn() -> H,
        deadline: Timestamp,
    ) -> Result<Vec<(PartitionId, u64)>, NotDone>
    where
        H: Future<Output = Result<Vec<(PartitionId, u64)>, NotDone>>,
    {
        loop {
            let mut told = here().await?;
            for there in self.ask_others(request, self.local.left_until(deadline)).await {
                match there {
                    Ok(Response::Durable(there)) => told.extend(there),
                    Ok(_) | Err(NotDone::Moved) => {}
                    Err(other) => return Err(other),
                }
            }
            let mut places = BTreeMap::new();
            for (partition, seq) in told {
                places.entry(partition).and_modify(|place: &mut u64| *place = seq.max(*place)).or_insert(seq);
            }
            if places.len() == self.local.registry().partitions().count() {
                return Ok(places.into_iter().collect());
            }
            if self.local.now() >= deadline {
                return Err(NotDone::NotExecuted);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Asks every node, since what is looked for does not name its voucher. `here` is what this one knows.
    pub async fn find(&self, sought: Sought, here: Found, deadline: Timestamp) -> Result<Found, NotDone> {
        let (mut found, mut silent) = (here, None);
        for told in self.ask_others(Request::Find(sought), self.local.left_until(deadline)).await {
            match told {
                Ok(Response::Found(there)) => found = found.with(there),
                Ok(_) | Err(NotDone::Moved) => {}
                Err(other) => silent = Some(other),
            }
        }
        // who does not answer takes nothing away from what another one knows
        if let Some(why) = silent.filter(|_| found.at.is_none()) {
            return Err(why);
        }
        // of a partition that changes hands only the ledger will know
        found.later |= self.local.registry().partitions().any(|partition| !found.among.contains(&partition.id));
        Ok(found)
    }

    /// Tells every other node that something has changed that they keep in memory, and waits until they know; not for
    /// ever, since they also look by themselves.
    pub async fn tell_others(&self) {
        self.ask_others(Request::Changed, WORD).await;
    }

    /// Partitions that nobody has.
    pub fn orphans(&self) -> Vec<PartitionId> {
        let routes = self.routes.borrow().clone();
        let all = self.local.registry().partitions().map(|partition| partition.id);
        all.filter(|id| matches!(routes.holders.get(id), None | Some(Holder::Nobody))).collect()
    }

    /// Hands every partition over to other nodes.
    pub async fn leave(&self) {
        self.signals.leaving.store(true, Ordering::Release);
        self.signals.look.notify_one();
        let mut left = self.signals.left.subscribe();
        if tokio::time::timeout(FAREWELL, left.wait_for(|left| *left)).await.is_err() {
            tracing::warn!("not every partition could be handed over in time");
        }
    }

    /// Ends what runs for it. Blocks.
    pub fn stop(&self) {
        self.signals.stop.notify_one();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the nodes ended in a panic");
        }
    }
}
