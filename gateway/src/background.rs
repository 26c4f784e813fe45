//! What runs beside HTTP: projector, messages, expiry, housekeeping, on a thread of their own.

use crate::messages::Messages;
use crate::serve::{LedgerSource, PARTITION, Settings};
use crate::state::AppState;
use actix_web::web;
use domain::clock::Clock;
use domain::ids::{OperationId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Origin};
use engine::Vouchers;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::journal::Journal;
use store::ledger::Db;
use workers::Pending;
use workers::expiry::{Expiry, Sweep};
use workers::projector::{Projector, Watcher};
use workers::sms::{FileSender, Messenger};

/// Answers come before rows: where the processors are busy, the ledger waits and the tills do not.
const NICE: i32 = 10;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const FOLD_EVERY: Duration = Duration::from_secs(5);
const NAP: Duration = Duration::from_millis(250);

/// The engine as the expiry run sees it.
struct Engine {
    vouchers: Vouchers,
    clock: Arc<dyn Clock>,
}

impl Sweep for Engine {
    fn expire(&self, voucher: VoucherId) -> Pending<'_, ()> {
        Box::pin(async move {
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
            let deadline = self.clock.now().plus_seconds(10);
            if let Err(error) = self.vouchers.view(voucher, deadline).await {
                tracing::warn!(%voucher, %error, "the hold will be looked at again");
            }
        })
    }
}

/// Everything that runs beside HTTP.
pub struct Background {
    /// How the installation runs.
    pub settings: Settings,
    /// What handlers share.
    pub state: web::Data<AppState>,
    /// Set when it is to end.
    pub stop: Arc<AtomicBool>,
}

impl Background {
    /// Runs until told to stop, and then until the ledger holds what is durable.
    pub fn run(self) {
        // threads started from here, those of the ledger's connections too, inherit it
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "the workers run at the priority of the tills");
        }
        tirelessly(&self.stop, || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.tasks()),
            Err(error) => tracing::error!(%error, "the workers could not be started"),
        });
    }

    async fn tasks(&self) {
        let Some((db, journal)) = self.stores().await else { return };
        let Self { settings, state, stop } = self;
        let clock = Arc::clone(&state.clock);
        let watcher: Arc<dyn Watcher> = Arc::clone(&state.hub) as _;
        let projector = Projector { db: db.clone(), journal, partition: PARTITION, watcher };
        let composer = Messages {
            db: db.clone(),
            keys: Arc::clone(&state.keys),
            texts: Arc::clone(&state.texts),
            directory: Arc::clone(&state.directory),
            base_url: state.base_url.clone(),
        };
        let messenger = Messenger {
            db: db.clone(),
            composer: Arc::new(composer),
            sender: Arc::new(FileSender { path: settings.data.join("messages.jsonl") }),
            clock: Arc::clone(&clock),
        };
        let engine = Engine { vouchers: state.vouchers.clone(), clock: Arc::clone(&clock) };
        let expiry = Expiry { db: db.clone(), sweep: Arc::new(engine), clock };
        let source = LedgerSource(db);
        tokio::join!(
            projector.run(Arc::clone(stop)),
            messenger.run(Arc::clone(stop)),
            expiry.run(Arc::clone(stop)),
            housekeeping(state, &source, stop),
        );
    }

    /// Connections of its own, so that a busy projector takes none from the handlers.
    async fn stores(&self) -> Option<(Db, Box<dyn Journal>)> {
        while !self.stop.load(Ordering::Acquire) {
            let connected = match &self.settings.postgres {
                Some(url) => Db::connect_postgres(url).await,
                None => Db::open_sqlite(&self.settings.ledger_path()).await,
            };
            match (connected, self.settings.journal.reader()) {
                (Ok(db), Ok(journal)) => return Some((db, journal)),
                (Err(error), _) => tracing::error!(%error, "the workers cannot reach the ledger and will try again"),
                (_, Err(error)) => tracing::error!(%error, "the workers cannot reach the journal and will try again"),
            }
            tokio::time::sleep(NAP).await;
        }
        None
    }
}

/// Does the work until it ends by itself, however often a defect ends it: payments go on without a ledger,
/// and nobody would notice that it stands still.
fn tirelessly(stop: &AtomicBool, work: impl Fn()) {
    // what a broken-off run leaves behind is on the disk, where the next one begins
    while std::panic::catch_unwind(std::panic::AssertUnwindSafe(&work)).is_err() {
        tracing::error!("the workers broke off, which is a defect, and begin anew");
        metrics::counter!("buono_workers_broke_off_total").increment(1);
        if stop.load(Ordering::Acquire) {
            return;
        }
        std::thread::sleep(NAP);
    }
}

/// Idle vouchers leave memory, figures are folded, limits of callers who are gone are forgotten.
async fn housekeeping(state: &AppState, source: &LedgerSource, stop: &AtomicBool) {
    let (mut sweep, mut fold) = (SWEEP_EVERY, FOLD_EVERY);
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(NAP).await;
        (sweep, fold) = (sweep.saturating_sub(NAP), fold.saturating_sub(NAP));
        if fold.is_zero() {
            fold = FOLD_EVERY;
            // otherwise every single sample stays in memory until somebody asks for the figures
            state.metrics.run_upkeep();
        }
        if sweep.is_zero() {
            sweep = SWEEP_EVERY;
            state.limits.forget();
            if let Err(error) = state.vouchers.passivate(source, state.deadline()).await {
                tracing::warn!(%error, "idle vouchers stay in memory for now");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn a_defect_does_not_end_the_work() {
        let (stop, runs) = (AtomicBool::new(false), AtomicU32::new(0));
        tirelessly(&stop, || assert!(runs.fetch_add(1, Ordering::SeqCst) >= 2, "a defect"));
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        stop.store(true, Ordering::Release);
        tirelessly(&stop, || panic!("a defect in the very end"));
    }
}
