//! What runs beside HTTP on a thread of its own: the watch over the ledger, expiry, housekeeping, and the
//! work itself unless other processes do it.

use crate::ledger_watch::LedgerWatch;
use crate::state::AppState;
use crate::stores::LedgerSource;
use crate::work::{Job, Work, tirelessly};
use actix_web::web;
use domain::clock::Clock;
use domain::ids::{OperationId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Origin};
use engine::Vouchers;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use workers::expiry::{Expiry, Sweep};
use workers::{Pending, counting};

/// Answers come before rows: where the processors are busy, the ledger waits and the tills do not.
const NICE: i32 = 10;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const FOLD_EVERY: Duration = Duration::from_secs(5);
const NOTE_EVERY: Duration = Duration::from_secs(1);
const NAP: Duration = Duration::from_millis(250);

/// The engine as the expiry run sees it.
struct Engine {
    vouchers: Vouchers,
    clock: Arc<dyn Clock>,
}

impl Sweep for Engine {
    fn expire(&self, voucher: VoucherId) -> Pending<'_, ()> {
        Box::pin(async move {
            if !self.vouchers.serves(voucher) {
                // the node that has it asks, too
                return;
            }
            let now = self.clock.now();
            // once a day, since money may come back by a reversal
            let purpose = format!("expire {}", domain::rome::date(now));
            let command = Command {
                operation: OperationId::new(crate::edge::new_id()),
                origin: Origin::System,
                key: OpKey::of_system(voucher, &purpose),
                request_hash: RequestHash::of(&[purpose.as_bytes()]),
                action: Action::Expire,
            };
            if let Err(error) = self.vouchers.execute(voucher, command, now.plus_seconds(10)).await {
                tracing::warn!(%voucher, %error, "the expiry will be tried again");
            }
        })
    }

    fn touch(&self, voucher: VoucherId) -> Pending<'_, ()> {
        Box::pin(async move {
            if !self.vouchers.serves(voucher) {
                return;
            }
            let deadline = self.clock.now().plus_seconds(10);
            if let Err(error) = self.vouchers.view(voucher, deadline).await {
                tracing::warn!(%voucher, %error, "the hold will be looked at again");
            }
        })
    }
}

/// Everything that runs beside HTTP.
pub struct Background {
    /// What handlers share.
    pub state: web::Data<AppState>,
    /// What the work is done with; it is done here or elsewhere.
    pub work: Work,
}

impl Background {
    /// Runs until told to stop, and then, if the work is done here, until the ledger holds what is durable.
    pub fn run(self) {
        // threads started from here, those of the ledger's connections too, inherit it
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "the workers run at the priority of the tills");
        }
        // boxed, since everything that runs beside HTTP is in it
        tirelessly(&self.work.stop, async || Box::pin(self.tasks()).await);
    }

    async fn tasks(&self) {
        let Some(db) = self.work.ledger().await else { return };
        let (state, stop) = (&self.state, &self.work.stop);
        let clock = Arc::clone(&state.clock);
        let engine = Engine { vouchers: state.vouchers.clone(), clock: Arc::clone(&clock) };
        let expiry = Expiry { db: db.clone(), sweep: Arc::new(engine), clock };
        let watch =
            LedgerWatch { db: db.clone(), hub: Arc::clone(&state.hub), directory: Arc::clone(&state.directory) };
        let source = LedgerSource { db: db.clone(), seen: state.seen.clone() };
        let work = async {
            if self.work.settings.workers {
                self.work.run(Job::All, db.clone()).await;
            }
        };
        tokio::join!(
            work,
            watch.run(stop),
            // only the engine can decide, and it is here
            expiry.run(Arc::clone(stop)),
            housekeeping(state, &source, stop),
            counting(stop, "buono_tickets_open", async || db.open_tickets().await),
        );
        if let Err(error) = watch.look().await {
            tracing::warn!(%error, "the ledger did not answer at the end");
        }
    }
}

/// Notes how far the journal reaches, where others could exchange it for an older copy.
fn note_ends(state: &AppState) {
    let AppState { vouchers, hub, seen: Some(seen), .. } = state else { return };
    let partitions = vouchers.states().into_iter().map(|(id, _)| id);
    let ends = partitions.map(|id| (id, vouchers.whole_seq(id).max(hub.seen(id).unwrap_or(0))));
    if let Err(error) = seen.note(ends) {
        tracing::warn!(%error, "how far the journal reaches is not noted in the data folder");
    }
}

/// Idle vouchers leave memory, figures are folded, limits of callers who are gone are forgotten.
async fn housekeeping(state: &AppState, source: &LedgerSource, stop: &AtomicBool) {
    let (mut sweep, mut fold, mut note) = (SWEEP_EVERY, FOLD_EVERY, NOTE_EVERY);
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(NAP).await;
        (sweep, fold, note) = (sweep.saturating_sub(NAP), fold.saturating_sub(NAP), note.saturating_sub(NAP));
        if note.is_zero() {
            note = NOTE_EVERY;
            note_ends(state);
        }
        if fold.is_zero() {
            fold = FOLD_EVERY;
            // otherwise every single sample stays in memory until somebody asks for the figures
            state.metrics.run_upkeep();
        }
        if sweep.is_zero() {
            sweep = SWEEP_EVERY;
            state.limits.forget();
            state.vouchers.passivate(source, state.deadline()).await;
        }
    }
    note_ends(state);
}
