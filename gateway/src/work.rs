//! The work behind the answers: projection, messages and trimming, in the server's process or in one of their own.

pub mod process;

use crate::directory::Directory;
use crate::edge::SystemClock;
use crate::mail::Statements;
use crate::messages::Messages;
use crate::paper::press::Press;
use crate::settings::Settings;
use crate::shop::operations::export::Clerk;
use crate::texts::Texts;
use clap::ValueEnum;
use domain::ids::PartitionId;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::journal::{Apart, JournalError, JournalPlace, apart};
use store::keys::Keys;
use store::ledger::Db;
use workers::mail::{FolderPost, Mailer, Post};
use workers::months::Months;
use workers::pace::Pace;
use workers::projector::{Projector, Watcher};
use workers::sms::{FileSender, Messenger};
use workers::trimming::Trimmer;

/// How long to wait for stores that do not answer.
const NAP: Duration = Duration::from_millis(250);

/// Which part of the work.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Bring the journal into the ledger.
    Projector,
    /// Send messages.
    Sms,
    /// Send the lists that shops want by mail.
    Mail,
    /// Let go of what the journal need not keep, and measure it.
    Trimming,
    /// Everything.
    All,
}

impl Job {
    fn includes(self, job: Self) -> bool {
        self == Self::All || self == job
    }
}

/// What the work is done with.
#[derive(Clone)]
pub struct Work {
    /// How the installation runs.
    pub settings: Settings,
    /// Opens what is sealed.
    pub keys: Arc<Keys>,
    /// The catalogue.
    pub texts: Arc<Texts>,
    /// Names of shops and municipalities.
    pub directory: Arc<Directory>,
    /// Prints.
    pub press: Arc<Press>,
    /// Who hears how far projection is.
    pub watcher: Arc<dyn Watcher>,
    /// How much of the machine it may take.
    pub pace: Arc<Pace>,
    /// Set when it is to end.
    pub stop: Arc<AtomicBool>,
}

impl Work {
    /// Runs until told to stop, over connections of its own: a busy projector takes none from the handlers.
    pub async fn run(&self, job: Job, db: Db) {
        let projectors = async {
            if job.includes(Job::Projector) {
                let months = Months { db: db.clone(), clock: Arc::new(SystemClock) };
                let partitions = self.journal(JournalPlace::partitions).await;
                let partitions = partitions.unwrap_or_default().into_iter();
                let projectors = join_all(partitions.map(|partition| self.projector(partition, db.clone())));
                tokio::join!(months.run(Arc::clone(&self.stop)), projectors);
            }
        };
        let messenger = async {
            if job.includes(Job::Sms) {
                Box::pin(self.messenger(db.clone()).run(Arc::clone(&self.stop))).await;
            }
        };
        let mailer = async {
            if job.includes(Job::Mail) {
                Box::pin(self.mailer(db.clone()).run(Arc::clone(&self.stop))).await;
            }
        };
        let trimmer = async {
            if job.includes(Job::Trimming) {
                Box::pin(self.trimmer(db.clone()).run(Arc::clone(&self.stop))).await;
            }
        };
        tokio::join!(projectors, messenger, mailer, trimmer);
    }

    async fn projector(&self, partition: PartitionId, db: Db) {
        let Some(journal) = self.journal(JournalPlace::reader).await else { return };
        let (watcher, pace) = (Arc::clone(&self.watcher), Arc::clone(&self.pace));
        let projector = Projector { db, journal: Apart::new(journal), partition, watcher, pace };
        projector.run(Arc::clone(&self.stop)).await;
    }

    fn messenger(&self, db: Db) -> Messenger {
        let composer = Messages {
            keys: Arc::clone(&self.keys),
            texts: Arc::clone(&self.texts),
            directory: Arc::clone(&self.directory),
            base_url: self.settings.base_url.clone(),
        };
        let sender = FileSender { path: self.settings.data.join("messages.jsonl") };
        Messenger::new(db, Arc::new(composer), Arc::new(sender), Arc::new(SystemClock))
    }

    fn mailer(&self, db: Db) -> Mailer {
        let clerk = Clerk {
            db: db.clone(),
            directory: Arc::clone(&self.directory),
            keys: Arc::clone(&self.keys),
            texts: Arc::clone(&self.texts),
            press: Arc::clone(&self.press),
        };
        let writer = Statements { clerk, clock: Arc::new(SystemClock) };
        let post: Arc<dyn Post> = match &self.settings.mail {
            Some(server) => Arc::new(server.clone()),
            None => Arc::new(FolderPost { folder: self.settings.data.join("mail") }),
        };
        Mailer { db, writer: Arc::new(writer), post, clock: Arc::new(SystemClock) }
    }

    fn trimmer(&self, db: Db) -> Trimmer {
        let Settings { journal, journal_keep, .. } = &self.settings;
        Trimmer::new(db, journal.clone(), *journal_keep, Arc::new(SystemClock))
    }

    /// What the journal's place says, once it answers; `None` when told to stop before.
    async fn journal<T: Send + 'static>(&self, ask: fn(&JournalPlace) -> Result<T, JournalError>) -> Option<T> {
        let asking = || {
            let place = self.settings.journal.clone();
            apart(move || ask(&place))
        };
        once_there(&self.stop, "journal", asking).await
    }

    /// A connection to the ledger, once there is one; `None` when told to stop before.
    pub async fn ledger(&self) -> Option<Db> {
        once_there(&self.stop, "ledger", || self.settings.ledger()).await
    }
}

/// Asks a store until it answers; `None` when told to stop before. Whoever was told to stop before they began asks
/// once: a projector still has to bring into the ledger what is durable.
async fn once_there<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    stop: &AtomicBool,
    store: &str,
    ask: impl Fn() -> F,
) -> Option<T> {
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(error) => tracing::error!(%error, store, "the workers cannot reach the store and will try again"),
        }
        if stop.load(Ordering::Acquire) {
            return None;
        }
        tokio::time::sleep(NAP).await;
    }
}

/// Does the work until it ends by itself, however often a defect ends it: payments go on without a ledger,
/// and nobody would notice that it stands still.
pub(crate) fn tirelessly(stop: &AtomicBool, work: impl AsyncFn()) {
    let once = || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work()),
        Err(error) => tracing::error!(%error, "the workers could not be started"),
    };
    // what a broken-off run leaves behind is on the disk, where the next one begins
    while std::panic::catch_unwind(std::panic::AssertUnwindSafe(&once)).is_err() {
        tracing::error!("the workers broke off, which is a defect, and begin anew");
        metrics::counter!("buono_workers_broke_off_total").increment(1);
        if stop.load(Ordering::Acquire) {
            return;
        }
        std::thread::sleep(NAP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[tokio::test]
    async fn whoever_ends_asks_a_store_once() {
        let (stop, asked) = (AtomicBool::new(true), AtomicU32::new(0));
        let ask = |answer: Result<u8, &'static str>| {
            asked.fetch_add(1, Ordering::SeqCst);
            std::future::ready(answer)
        };
        assert_eq!(once_there(&stop, "store", || ask(Ok(7))).await, Some(7));
        assert_eq!(once_there(&stop, "store", || ask(Err("away"))).await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_defect_does_not_end_the_work() {
        let (stop, runs) = (AtomicBool::new(false), AtomicU32::new(0));
        tirelessly(&stop, async || assert!(runs.fetch_add(1, Ordering::SeqCst) >= 2, "a defect"));
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        stop.store(true, Ordering::Release);
        tirelessly(&stop, async || panic!("a defect in the very end"));
    }
}
