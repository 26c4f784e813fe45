//! The composition root: opens the stores, starts engine, workers and HTTP, and ends them in order.

use crate::background::Background;
use crate::directory::Directory;
use crate::edge::{SystemClock, SystemEntropy};
use crate::figures::recorder;
use crate::hub::Hub;
use crate::openapi::{self, Document};
use crate::problem::{json_config, query_config};
use crate::settings::{Settings, StartError};
use crate::state::AppState;
use crate::stores::{LedgerSource, lock, open_stores, own};
use crate::texts::Texts;
use crate::unrouted::{no_route, path_config};
use crate::work::Work;
use crate::{docs, headers, node, pages};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use domain::clock::Clock;
use domain::ids::PartitionId;
use domain::record::NodeId;
use engine::writer::Phase;
use engine::{NotDone, Options, Source, Vouchers};
use std::fs::File;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use store::keys::{Keys, random};
use store::receipt::Signer;
use utoipa_actix_web::service_config::ServiceConfig;
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

/// A running installation.
pub struct Running {
    /// Everything that handlers share.
    pub state: web::Data<AppState>,
    /// What the interface promises.
    document: web::Data<Document>,
    stop: Arc<AtomicBool>,
    /// Whether the ledger is written here.
    works: bool,
    workers: JoinHandle<()>,
    /// Held until the end: one process for a data directory.
    _lock: File,
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
        limits: crate::limits::Limits::behind(settings.trusted_proxies.clone()),
        press: Arc::default(),
        texts,
        clock,
        codes: quick_cache::sync::Cache::new(CODES_MAX),
        journal: Arc::new(parking_lot::Mutex::new(settings.journal.reader()?)),
        base_url: settings.base_url.clone(),
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
    let document = web::Data::new(Document::new(&settings.base_url)?);
    Ok(Running { state, document, stop, works, workers, _lock: lock })
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
        let (state, document) = (self.state.clone(), self.document.clone());
        let server = HttpServer::new(move || {
            state.vouchers.offer_thread();
            let app = App::new().app_data(state.clone()).app_data(document.clone());
            app.wrap(from_fn(headers::dress)).configure(routes)
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
