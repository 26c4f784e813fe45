//! The composition root: opens the stores, starts engine, workers and HTTP, and ends them in order.

use crate::background::Background;
use crate::directory::Directory;
use crate::edge::{SystemClock, SystemEntropy};
use crate::hub::Hub;
use crate::node::{self, Meeting};
use crate::problem::{json_config, no_route, path_config, query_config};
use crate::seen::Seen;
use crate::state::{AppState, LEDGER_PATIENCE};
use crate::texts::Texts;
use crate::work::Work;
use crate::{docs, headers, openapi, pages};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use domain::clock::Clock;
use domain::ids::{PartitionId, VoucherId};
use domain::record::NodeId;
use engine::writer::Phase;
use engine::{LoadError, NotDone, Options, Source, Vouchers};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use store::journal::{Head, JournalPlace};
use store::keys::{Keys, random};
use store::ledger::Db;
use store::postgres::PostgresServer;
use store::receipt::Signer;
use utoipa_actix_web::service_config::ServiceConfig;
use workers::mail::SmtpPost;
use workers::pace::Pace;

/// How many looked-up codes are kept.
const CODES_MAX: usize = 1_000_000;
/// How long requests may take to end once the process is to end, in seconds.
const GRACE_S: u64 = 15;

/// How many partitions are written into the ledger at once: one at a time Postgres mostly waits for this process, and
/// SQLite has room for one writer only.
const WRITERS_ON_POSTGRES: usize = 4;

/// How often a start looks whether all partitions are served.
const READY_EVERY: Duration = Duration::from_millis(20);

/// Buckets of everything that takes time: from a commit of the journal to a till that gives up.
const SECONDS: [f64; 14] = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// How to run.
#[derive(Clone)]
pub struct Settings {
    /// Where journal, ledger and key file are.
    pub data: PathBuf,
    /// Where people reach this installation; from the address when empty.
    pub base_url: String,
    /// Where the municipality's own statement of accessibility is.
    pub accessibility_url: Option<String>,
    /// Where the journal is.
    pub journal: JournalPlace,
    /// The ledger's Postgres instead of a file.
    pub postgres: Option<PostgresServer>,
    /// How many partitions a new journal on a server gets.
    pub partitions: u16,
    /// Where nodes meet that share a journal on a server.
    pub meeting: Meeting,
    /// Threads that serve HTTP.
    pub http_workers: usize,
    /// A voucher that nobody asked for so long leaves memory.
    pub idle: Duration,
    /// Whether this process does the work behind the answers too.
    pub workers: bool,
    /// Whether to start although answered payments can be lost.
    pub accepts_losses: bool,
    /// Who sends mail; without anybody it goes into a folder.
    pub mail: Option<SmtpPost>,
    /// How long the journal keeps what the ledger and a backup hold; for ever when absent.
    pub journal_keep: Option<Duration>,
}

impl Settings {
    /// The embedded ledger's file.
    #[must_use]
    pub fn ledger_path(&self) -> PathBuf {
        self.data.join("ledger.db")
    }

    /// New connections to the ledger, which see all of it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn ledger(&self) -> Result<Db, store::ledger::Error> {
        let db = match &self.postgres {
            Some(server) => Db::connect_postgres(server).await?,
            None => Db::open_sqlite(&self.ledger_path()).await?,
        };
        Ok(db.everything())
    }

    /// The stores to which payments and names go over a network in the clear, as sentences with their remedies.
    #[must_use]
    pub fn overheard(&self) -> Vec<String> {
        let ledger = self.postgres.as_ref().and_then(PostgresServer::overheard);
        let ledger =
            ledger.map(|at| format!("Postgres at {at} is reached without TLS: add sslmode=verify-full to --postgres"));
        let journal = self.journal.overheard().into_iter();
        let journal = journal.map(|at| format!("Redis at {at} is reached without TLS: write rediss:// in --redis"));
        ledger.into_iter().chain(journal).collect()
    }
}

/// Why it did not start.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// A running installation.
pub struct Running {
    /// Everything that handlers share.
    pub state: web::Data<AppState>,
    stop: Arc<AtomicBool>,
    /// Whether the ledger is written here.
    works: bool,
    workers: JoinHandle<()>,
    /// Held until the end: one process for a data directory.
    _lock: File,
}

/// The ledger as the engine's source of facts.
pub struct LedgerSource {
    /// The ledger.
    pub db: Db,
    /// What the ledger may not know.
    pub seen: Option<Arc<Seen>>,
}

/// What the ledger tells within a while: on a connection to a machine that is gone nothing comes any more, and a till waits.
async fn heard<T>(told: impl Future<Output = Result<T, store::ledger::Error>>) -> Result<T, LoadError> {
    match tokio::time::timeout(LEDGER_PATIENCE, told).await {
        Ok(Err(store::ledger::Error::Corrupt(why))) => Err(LoadError::Corrupt(why)),
        Ok(told) => told.map_err(|error| LoadError::Unavailable(error.to_string())),
        Err(_) => Err(LoadError::Unavailable("it said nothing".into())),
    }
}

impl Source for LedgerSource {
    fn entries(&self, voucher: VoucherId) -> engine::source::Pending<'_, Vec<domain::voucher::Entry>> {
        Box::pin(heard(self.db.entries(voucher)))
    }

    fn checkpoint(&self, partition: PartitionId) -> engine::source::Pending<'_, Head> {
        Box::pin(heard(self.db.checkpoint(partition)))
    }

    fn seen_seq(&self, partition: PartitionId) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.seq(partition))
    }
}

/// Locks the data directory, making it where there is none.
///
/// # Errors
/// When another process has it.
pub fn lock(data: &Path) -> Result<File, StartError> {
    make_folder(data)?;
    let file = File::options().write(true).create(true).truncate(false).open(data.join("lock"))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| format!("{} is in use by another buono process", data.display()))?;
    Ok(file)
}

/// Makes a folder that only its owner sees.
pub(crate) fn make_folder(data: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)
}

/// Opens the ledger, making it where there is none, and brings it up to date.
///
/// # Errors
/// When it cannot be reached.
pub async fn open_ledger(settings: &Settings) -> Result<Db, StartError> {
    make_folder(&settings.data)?;
    let db = settings.ledger().await?;
    db.migrate().await?;
    Ok(db)
}

/// What keeps the promise from holding: settings of ledger and journal, each with its remedy.
///
/// # Errors
/// When they cannot even be asked.
pub async fn complaints(settings: &Settings, db: &Db) -> Result<Vec<String>, StartError> {
    let mut complaints = db.complaints().await?;
    complaints.extend(settings.journal.complaints()?.iter().map(|complaint| format!("the journal's {complaint}")));
    Ok(complaints)
}

/// Brings ledger and journal up to date, and refuses settings that break the promise, unless whoever starts
/// it accepted that: then it says which.
///
/// # Errors
/// What is wrong, in words.
pub async fn open_stores(settings: &Settings) -> Result<(Db, Vec<String>), StartError> {
    let db = open_ledger(settings).await?;
    settings.journal.migrate(settings.partitions).await?;
    let leaks = db.leaks().await?;
    if !leaks.is_empty() {
        return Err(leaks.join("; ").into());
    }
    let complaints = complaints(settings, &db).await?;
    if !complaints.is_empty() && !settings.accepts_losses {
        return Err(complaints.join("; ").into());
    }
    for overheard in settings.overheard() {
        tracing::warn!("{overheard}; whoever is on that network reads and changes what is said");
    }
    for complaint in &complaints {
        tracing::error!(complaint, "answered payments can be lost, and whoever started this accepted it");
    }
    metrics::gauge!("buono_accepted_risks").set(complaints.len() as f64);
    Ok((db, complaints))
}

/// Makes sure that the key file is the one that the ledger was written with.
///
/// # Errors
/// When it is another one.
pub(crate) async fn own(db: &Db, keys: &Keys, settings: &Settings) -> Result<(), StartError> {
    if db.adopts_key(keys.check()).await? {
        return Ok(());
    }
    let path = settings.data.join("key");
    Err(format!("{} is not this installation's key file: copy that of another node, or of the backup", path.display())
        .into())
}

/// Opens everything and starts engine and workers; HTTP comes after.
///
/// # Errors
/// What is wrong, in words.
pub async fn start(settings: &Settings) -> Result<Running, StartError> {
    // before anything that counts
    let metrics = recorder();
    let lock = lock(&settings.data)?;
    let keys = Arc::new(Keys::load_or_create(&settings.data.join("key"), &SystemEntropy)?);
    let (db, accepted) = open_stores(settings).await?;
    own(&db, &keys, settings).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seen = node::seen(settings)?;
    let source: Arc<dyn Source> = Arc::new(LedgerSource { db: db.clone(), seen: seen.clone() });
    let node = NodeId(u64::from_le_bytes(random(&SystemEntropy)));
    let options = Options { node, idle: settings.idle };
    let directory = Arc::new(Directory::load(&db).await?);
    let (primaries, shared) = (node::primaries(settings, &db).await?, node::share(settings, &keys, &directory)?);
    let vouchers = Vouchers::start(&options, primaries, &source, &clock, shared)?;
    let hub = Arc::new(Hub::default());
    hub.attach(vouchers.clone());
    let texts = Arc::new(Texts::default());
    let state = web::Data::new(AppState {
        db: db.nothing(),
        vouchers,
        directory,
        signer: Signer::new(keys.receipt_secret()),
        keys,
        hub,
        limits: crate::limits::Limits::default(),
        press: Arc::default(),
        texts,
        clock,
        codes: quick_cache::sync::Cache::new(CODES_MAX),
        journal: Arc::new(parking_lot::Mutex::new(settings.journal.reader()?)),
        document: openapi::Document::new(&settings.base_url)?,
        base_url: settings.base_url.clone(),
        accessibility_url: settings.accessibility_url.clone(),
        office: tokio::sync::Mutex::default(),
        closing: AtomicBool::new(false),
        accepted,
        seen,
        metrics,
    });
    let stop = Arc::new(AtomicBool::new(false));
    let work = Work {
        settings: settings.clone(),
        keys: Arc::clone(&state.keys),
        texts: Arc::clone(&state.texts),
        directory: Arc::clone(&state.directory),
        press: Arc::clone(&state.press),
        watcher: Arc::clone(&state.hub) as _,
        pace: Arc::new(Pace::beside_tills(settings.postgres.as_ref().map_or(1, |_| WRITERS_ON_POSTGRES))),
        stop: Arc::clone(&stop),
    };
    let works = settings.workers;
    let background = Background { state: state.clone(), work };
    let workers = std::thread::Builder::new().name("workers".to_owned()).spawn(|| background.run())?;
    Ok(Running { state, stop, works, workers, _lock: lock })
}

/// One recorder for the process, however many installations a test starts in it.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
        let recorder = builder.unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder was there first: /metrics stays empty");
        }
        handle
    };
    RECORDER.get_or_init(install).clone()
}

/// All routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.app_data(json_config()).app_data(query_config()).app_data(path_config());
    openapi::api(&mut ServiceConfig::new(config));
    docs::configure(config);
    pages::configure(config);
    config.default_service(web::route().to(no_route));
}

impl Running {
    /// Waits until every partition serves, here or at another node. One that is halted keeps no other from service:
    /// it is told of in the log and in `/health/ready`.
    ///
    /// # Errors
    /// When all are halted, or it takes a minute.
    pub async fn ready(&self) -> Result<(), StartError> {
        let AppState { vouchers, clock, .. } = &**self.state;
        let deadline = clock.now().plus_seconds(60);
        loop {
            let Err(error) = vouchers.barrier(deadline).await else { return Ok(()) };
            let unserved = vouchers.unserved();
            let halted = unserved.iter().filter(|(_, phase)| matches!(phase, Some(Phase::Halted(_)))).count();
            let hopeless = halted == vouchers.states().len() || clock.now() >= deadline;
            if error != NotDone::Halted || hopeless {
                return Err(format!("not ready: {error}").into());
            }
            if halted == unserved.len() {
                return Ok(());
            }
            tokio::time::sleep(READY_EVERY).await;
        }
    }

    /// Serves HTTP until it is told to end, then ends everything in order: hand over to other nodes, take nothing
    /// in, answer what is there, write it, bring it into the ledger.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(
        self,
        listener: TcpListener,
        workers: usize,
        told_to_end: impl Future<Output = ()> + 'static,
    ) -> Result<(), StartError> {
        let state = self.state.clone();
        let server = HttpServer::new(move || {
            state.vouchers.offer_thread();
            App::new().app_data(state.clone()).wrap(from_fn(headers::dress)).configure(routes)
        })
        .workers(workers)
        .backlog(4096)
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(GRACE_S)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        let closing = self.state.clone();
        actix_web::rt::spawn(async move {
            told_to_end.await;
            tracing::info!("ending: no new requests");
            closing.closing.store(true, Ordering::Release);
            // while this node still takes requests and passes them on
            closing.vouchers.leave().await;
            handle.stop(true).await;
        });
        server.await?;
        self.state.vouchers.recall_threads();
        self.end().await
    }

    /// Ends engine and workers.
    ///
    /// # Errors
    /// When the workers died.
    pub async fn end(self) -> Result<(), StartError> {
        // everything decided is on disk, and the projector stops only where the journal does
        let ends = self.state.vouchers.local_ends(self.state.deadline()).await;
        self.stop.store(true, Ordering::Release);
        let workers = self.workers;
        web::block(move || workers.join()).await?.map_err(|_| "the workers died")?;
        let vouchers = self.state.vouchers.clone();
        web::block(move || vouchers.stop()).await?;
        for (partition, end) in ends {
            match end {
                // nothing of it was taken in, and its operator has been told
                Err(NotDone::Halted) => tracing::warn!(%partition, "ended while the partition is halted"),
                Err(error) => return Err(format!("the journal did not answer at the end: {error}").into()),
                Ok(seq) if self.works => projected(&self.state.hub, partition, seq).await?,
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

/// The ledger has everything up to there by now, or the workers have ended without it.
async fn projected(hub: &Hub, partition: PartitionId, seq: u64) -> Result<(), StartError> {
    let reached = tokio::time::timeout(Duration::from_secs(1), hub.reached(partition, seq)).await;
    Ok(reached.map_err(|_| "the ledger has not caught up; it will at the next start")?)
}

/// Ends when the process is told to end, from this call on.
///
/// # Errors
/// When signals cannot be caught.
pub fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
