//! The actor of one voucher: a mailbox around a [`Cell`].

use crate::answer::NotDone;
use crate::cell::{Ask, Cell};
use crate::partition::{Partition, Reply};
use crate::source::{LoadError, Source};
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use actix_rt::time::Instant;
use domain::clock::{Clock, Timestamp};
use domain::ids::VoucherId;
use domain::voucher::Voucher;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Requests that may wait for one voucher; beyond it callers are told to come back.
pub const MAILBOX_LEN_MAX: usize = 4096;

/// How often to look whether the ledger has caught up, and for how long: who asked is told that nothing was done, and
/// whoever asks next begins to wait anew.
const PROJECTION_POLL: Duration = Duration::from_millis(5);
const PROJECTION_PATIENCE: Duration = Duration::from_secs(4);

/// What every actor of a partition shares.
pub(crate) struct Surroundings {
    pub partition: Arc<Partition>,
    pub source: Arc<dyn Source>,
    pub clock: Arc<dyn Clock>,
}

/// One voucher in memory.
pub(crate) struct VoucherActor {
    voucher: VoucherId,
    shared: Arc<Surroundings>,
    /// The one life of the partition that it may serve: the registry starts another for the next.
    generation: u64,
    /// The ledger must hold the partition up to here before the voucher is read from it.
    after_seq: u64,
    state: State,
    /// Whether a [`Reload`] is on its way.
    reloads: bool,
}

enum State {
    Loading,
    Ready(Box<Cell>),
    Failed(LoadError),
}

/// A question with the handle that its answer goes to.
///
/// The handle travels inside the message: awaiting the actor's own reply costs a tenth of the
/// whole throughput.
pub(crate) struct Question {
    pub ask: Ask,
    pub deadline: Timestamp,
    pub asker: Asker,
}

/// Who waits for an answer. When a mailbox ends with the question in it they are told that nobody looked at it; when an
/// actor dies over it they hear nothing, since it may have been decided.
pub(crate) struct Asker(Option<Reply>);

impl Asker {
    pub const fn new(reply: Reply) -> Self {
        Self(Some(reply))
    }

    /// Somebody looks at the question now.
    fn heard(mut self) -> Option<Reply> {
        self.0.take()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            let _ = reply.send(Err(NotDone::Stale));
        }
    }
}

/// Asks an actor that the registry has forgotten to end.
pub(crate) struct Retire;

/// Asks an actor to try anew what failed for the moment, behind everybody who waits already: each of them would wait for
/// another failure otherwise.
struct Reload;

impl Message for Question {
    type Result = ();
}

impl Message for Retire {
    type Result = ();
}

impl Message for Reload {
    type Result = ();
}

impl Actor for VoucherActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl VoucherActor {
    pub fn new(voucher: VoucherId, shared: Arc<Surroundings>, generation: u64, after_seq: u64) -> Self {
        Self { voucher, shared, generation, after_seq, state: State::Loading, reloads: false }
    }

    /// Brings the voucher here; messages wait in the mailbox until it is.
    fn load(&mut self, ctx: &mut Context<Self>) {
        self.state = State::Loading;
        let load = load(self.voucher, Arc::clone(&self.shared), self.generation, self.after_seq);
        ctx.wait(load.into_actor(self).map(|result, actor, _| {
            actor.state = match result {
                Ok(cell) => State::Ready(Box::new(cell)),
                Err(error) => {
                    tracing::error!(voucher = %actor.voucher, %error, "a voucher could not be loaded");
                    State::Failed(error)
                }
            };
        }));
    }

    /// Why no question can be decided at the moment.
    fn refusal(&self, now: Timestamp, deadline: Timestamp) -> Option<NotDone> {
        let partition = &self.shared.partition;
        match &self.state {
            State::Ready(_) if self.generation != partition.generation() => Some(NotDone::Stale),
            State::Ready(_) if now > deadline || !partition.queue.has_room() => Some(NotDone::NotExecuted),
            State::Ready(_) => None,
            State::Failed(LoadError::Corrupt(_) | LoadError::Halted) => Some(NotDone::Halted),
            State::Failed(LoadError::Stale) => Some(NotDone::Stale),
            State::Failed(LoadError::Unavailable(_)) | State::Loading => Some(NotDone::NotExecuted),
        }
    }
}

/// Rebuilds a voucher from the ledger, once the ledger holds everything decided about it.
///
/// A life that ended before the load did is `Stale`: the registry knows this actor under that life,
/// and would start a second one beside it, behind a ledger that lacks what this one decides.
async fn load(
    voucher: VoucherId,
    shared: Arc<Surroundings>,
    generation: u64,
    after_seq: u64,
) -> Result<Cell, LoadError> {
    let partition = &shared.partition;
    let state = partition.serving().await?;
    if state.generation != generation {
        return Err(LoadError::Stale);
    }
    let needed = after_seq.max(state.opened_seq).max(partition.left_seq.load(Ordering::Acquire));
    let began = Instant::now();
    loop {
        if partition.generation() != generation {
            return Err(LoadError::Stale);
        }
        if reached(&shared, needed).await? {
            let facts = shared.source.facts(partition.id, voucher).await?;
            // how far the ledger is was asked of another connection, which may lead to another copy of it
            if facts.through >= needed {
                let cell = Cell::replay(Voucher::new(voucher), generation, &facts.entries)?;
                return if partition.generation() == generation { Ok(cell) } else { Err(LoadError::Stale) };
            }
        }
        if began.elapsed() > PROJECTION_PATIENCE {
            return Err(LoadError::Unavailable("the ledger is behind the journal".to_owned()));
        }
        actix_rt::time::sleep(PROJECTION_POLL).await;
    }
}

/// Whether the ledger holds the partition up to there, as far as is known: asked before a voucher's facts are read in vain.
async fn reached(shared: &Surroundings, needed: u64) -> Result<bool, LoadError> {
    let partition = &shared.partition;
    if partition.projected_seq.load(Ordering::Acquire) < needed {
        let projected = shared.source.checkpoint(partition.id).await?.seq;
        partition.projected_seq.fetch_max(projected, Ordering::AcqRel);
    }
    Ok(partition.projected_seq.load(Ordering::Acquire) >= needed)
}

impl Handler<Question> for VoucherActor {
    type Result = ();

    /// Never stops the actor: questions behind this one would have to be asked again. The registry
    /// retires it once its life of the partition is over.
    fn handle(&mut self, question: Question, ctx: &mut Self::Context) {
        let Question { ask, deadline, asker } = question;
        let Some(reply) = asker.heard() else { return };
        let now = self.shared.clock.now();
        if let Some(verdict) = self.refusal(now, deadline) {
            let _ = reply.send(Err(verdict));
            if matches!(self.state, State::Failed(LoadError::Unavailable(_))) && !self.reloads {
                self.reloads = true;
                ctx.notify(Reload);
            }
            return;
        }
        let State::Ready(cell) = &mut self.state else {
            return;
        };
        let queue = &self.shared.partition.queue;
        let handled = cell.handle(&ask, now, reply, |submission| {
            if let Err(submission) = queue.push(submission)
                && let Some(reply) = submission.reply
            {
                let _ = reply.send(Err(NotDone::NotExecuted));
            }
        });
        if let Err(corrupt) = handled {
            tracing::error!(voucher = %self.voucher, %corrupt, "a decision does not fit its own state");
            self.state = State::Failed(LoadError::from(corrupt));
        }
    }
}

impl Handler<Reload> for VoucherActor {
    type Result = ();

    fn handle(&mut self, _: Reload, ctx: &mut Self::Context) {
        self.reloads = false;
        self.load(ctx);
    }
}

impl Handler<Retire> for VoucherActor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
