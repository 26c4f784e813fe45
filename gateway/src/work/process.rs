//! `buono work`: the work alone, in a process of its own beside any number of others.

use super::{Job, Work, tirelessly};
use crate::directory::Directory;
use crate::figures::recorder;
use crate::ops::{Health, figures_text};
use crate::settings::{Settings, StartError};
use crate::stores::{open_stores, own};
use crate::texts::Texts;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use domain::ids::PartitionId;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::keys::Keys;
use workers::pace::Pace;
use workers::projector::Watcher;

/// What of the work has stopped for good, and what was accepted at the start.
#[derive(Default)]
struct Progress {
    partitions: Mutex<BTreeMap<PartitionId, String>>,
    accepted: Vec<String>,
}

impl Watcher for Progress {
    fn durable_seq(&self, _: PartitionId) -> Option<u64> {
        None
    }

    fn projected(&self, _: PartitionId, _: u64) {}

    fn stopped(&self, partition: PartitionId, why: &str) {
        self.partitions.lock().insert(partition, why.to_owned());
    }
}

impl Progress {
    fn health(&self) -> HttpResponse {
        let stopped = self.partitions.lock();
        let reasons = stopped.iter().map(|(partition, why)| format!("partition {partition}: {why}")).collect();
        Health::ready(reasons, self.accepted.clone())
    }
}

/// Does the work until it is told to end, and shows on `listener` how it is.
///
/// # Errors
/// What is wrong, in words.
pub async fn run(
    settings: &Settings,
    job: Job,
    listener: Option<TcpListener>,
    told_to_end: impl Future<Output = ()>,
) -> Result<(), StartError> {
    if settings.keeps_files() {
        return Err("files belong to one process, whose `buono serve` does the work itself; \
            `buono work` needs --postgres, and --redis or --journal postgres"
            .into());
    }
    let metrics = recorder();
    let keys = Keys::load(&settings.data.join("key")).map_err(|error| {
        format!("{error}: {} must be the key file of this installation's servers", settings.data.join("key").display())
    })?;
    let (db, accepted) = open_stores(settings).await?;
    own(&db, &keys, settings).await?;
    let progress = Arc::new(Progress { accepted, ..Progress::default() });
    let stop = Arc::new(AtomicBool::new(false));
    let work = Work {
        settings: settings.clone(),
        keys: Arc::new(keys),
        texts: Arc::new(Texts::default()),
        directory: Arc::new(Directory::load(&db).await?),
        press: Arc::default(),
        watcher: Arc::clone(&progress) as _,
        pace: Arc::new(Pace::alone()),
        stop: Arc::clone(&stop),
    };
    let worker = std::thread::Builder::new().name("workers".to_owned()).spawn(move || {
        tirelessly(&work.stop, async || {
            if let Some(db) = work.ledger().await {
                work.run(job, db).await;
            }
        });
    })?;
    let server = listener.map(|listener| serve(listener, metrics, progress)).transpose()?;
    let handle = server.as_ref().map(actix_web::dev::Server::handle);
    let serving = server.map(actix_web::rt::spawn);
    told_to_end.await;
    tracing::info!("ending: the step at hand is the last");
    stop.store(true, Ordering::Release);
    web::block(move || worker.join()).await?.map_err(|_| "the workers died")?;
    if let (Some(handle), Some(serving)) = (handle, serving) {
        handle.stop(true).await;
        serving.await??;
    }
    Ok(())
}

/// Health and figures, for whoever watches over the process.
fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    progress: Arc<Progress>,
) -> std::io::Result<actix_web::dev::Server> {
    let app = move || {
        let (metrics, progress) = (metrics.clone(), Arc::clone(&progress));
        let answer = move |request: HttpRequest| {
            std::future::ready(match request.path() {
                "/health/live" => Health::alive(),
                "/health/ready" => progress.health(),
                "/metrics" => figures_text(&metrics),
                _ => HttpResponse::NotFound().finish(),
            })
        };
        App::new().default_service(web::to(answer))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}
