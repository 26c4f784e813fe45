//! The actor of one voucher: a mailbox around a [`Cell`].

use crate::answer::NotDone;
use crate::cell::{Ask, Cell};
use crate::partition::{Partition, Reply};
use crate::source::{LoadError, Source};
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use domain::clock::{Clock, Timestamp};
use domain::ids::VoucherId;
use domain::voucher::Voucher;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Requests that may wait for one voucher; beyond it callers are told to come back.
pub const MAILBOX_LEN_MAX: usize = 4096;

/// How often to look whether the ledger has caught up.
const PROJECTION_POLL: Duration = Duration::from_millis(5);

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
    /// The ledger must hold the partition up to here before the voucher is read from it.
    after_seq: u64,
    state: State,
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
    pub reply: Reply,
}

/// Asks an actor that the registry has forgotten to end.
pub(crate) struct Retire;

impl Message for Question {
    type Result = ();
}

impl Message for Retire {
    type Result = ();
}

impl VoucherActor {
    pub fn new(voucher: VoucherId, shared: Arc<Surroundings>, after_seq: u64) -> Self {
        Self { voucher, shared, after_seq, state: State::Loading }
    }
}

impl Actor for VoucherActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_LEN_MAX);
        let load = load(self.voucher, Arc::clone(&self.shared), self.after_seq);
        // messages wait in the mailbox until the voucher is here
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
}

/// Rebuilds a voucher from the ledger, once the ledger holds everything decided about it.
async fn load(voucher: VoucherId, shared: Arc<Surroundings>, after_seq: u64) -> Result<Cell, LoadError> {
    let partition = &shared.partition;
    let state = partition.serving().await?;
    let needed = after_seq.max(state.opened_seq);
    while partition.projected_seq.load(Ordering::Acquire) < needed {
        let projected = shared.source.projected(partition.id).await?;
        partition.projected_seq.fetch_max(projected, Ordering::AcqRel);
        if projected < needed {
            actix_rt::time::sleep(PROJECTION_POLL).await;
        }
    }
    let entries = shared.source.entries(voucher).await?;
    let cell = Cell::replay(Voucher::new(voucher), state.generation, &entries)?;
    if partition.generation() == state.generation { Ok(cell) } else { Err(LoadError::Stale) }
}

impl Handler<Question> for VoucherActor {
    type Result = ();

    fn handle(&mut self, question: Question, ctx: &mut Self::Context) {
        let Question { ask, deadline, reply } = question;
        let queue = &self.shared.partition.queue;
        let now = self.shared.clock.now();
        let refusal = match &self.state {
            State::Ready(cell) if cell.generation() != self.shared.partition.generation() => Some(NotDone::Stale),
            State::Ready(_) if now > deadline || !queue.has_room() => Some(NotDone::NotExecuted),
            State::Ready(_) => None,
            State::Failed(LoadError::Corrupt(_) | LoadError::Halted) => Some(NotDone::Halted),
            State::Failed(LoadError::Stale) => Some(NotDone::Stale),
            State::Failed(LoadError::Unavailable(_)) | State::Loading => Some(NotDone::NotExecuted),
        };
        if let Some(verdict) = refusal {
            let _ = reply.send(Err(verdict));
            // a damaged voucher stays, so that it is not read again and again
            if !matches!(&self.state, State::Ready(_) | State::Failed(LoadError::Corrupt(_)))
                || verdict == NotDone::Stale
            {
                ctx.stop();
            }
            return;
        }
        let State::Ready(cell) = &mut self.state else {
            return;
        };
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

impl Handler<Retire> for VoucherActor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
