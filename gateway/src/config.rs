//! The command line. Every flag of it may also stand in the environment, as `BUONO_…`, and in a TOML
//! file; the command line wins over the environment, the environment over the file.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

mod file;
mod people;

pub use file::parse;

use crate::demo;
use crate::node::seen;
use crate::serve::{signals, start};
use crate::settings::{Meeting, Settings, StartError};
use crate::stores::{complaints, exists, lock, open_existing_ledger, open_ledger, wrong_key};
use crate::upkeep::{Finding, backup, migrate, no_backup, not_behind, restore, verify};
use crate::work::{Job, process};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use people::{MunicipalityCommand, UserCommand};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use store::journal::{JournalPlace, RedisServer, Standing};
use store::ledger::Db;
use store::postgres::PostgresServer;
use store::tls::Authorities;
use tracing_subscriber::EnvFilter;
use workers::mail::SmtpPost;

/// Every partition has a batch of its own: more than this many would be small ones.
const PARTITIONS_MAX: u16 = 256;
/// Longer than a month of claims, so that receipts can be repeated while anybody may ask.
const JOURNAL_KEEP_DAYS: u32 = 35;

/// Digital vouchers for municipalities.
#[derive(Parser)]
#[command(name = "buono", version, about)]
pub struct Cli {
    /// A TOML file with any of the flags, `_` for `-`: `base_url = "https://…"`.
    #[arg(long, env = "BUONO_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run with a demonstration town.
    Demo(Serve),
    /// Run.
    Serve(Serve),
    /// Do the work behind the answers in a process of its own, beside servers with `--workers false`.
    Work(Work),
    /// Bring the stores up to date, or move a town into them.
    Migrate {
        #[command(flatten)]
        stores: Stores,
        /// The data folder of an installation on files, which moves into the stores named by the other options.
        /// They must be empty, and its server must not run. What was broken off goes on when it is repeated.
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// Check every setting that safety depends on, and that the journal holds all that the ledger knows.
    Doctor(Stores),
    /// Check the journal's chain and checksums, the ledger against it, and every sum. The server must not run.
    Verify {
        #[command(flatten)]
        stores: Stores,
        #[command(flatten)]
        evidence: verify::Evidence,
    },
    /// Copy journal and ledger into a folder and verify the copy. The server may run.
    Backup {
        #[command(flatten)]
        stores: Stores,
        /// A new or empty folder.
        #[arg(long)]
        to: PathBuf,
        /// Copy the key file too, with which every name can be read and every code be made.
        #[arg(long)]
        with_key: bool,
    },
    /// Bring a backup into empty stores, verify it there, and shut out whoever still writes for the old ones.
    Restore {
        #[command(flatten)]
        stores: Stores,
        #[command(flatten)]
        options: restore::Wanted,
    },
    /// Add, list and lock out members of staff.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Add or list municipalities.
    Municipality {
        #[command(subcommand)]
        command: MunicipalityCommand,
    },
}

#[derive(Args)]
struct Stores {
    /// Where journal, ledger and key file are.
    #[arg(long, env = "BUONO_DATA", default_value = "./data")]
    data: PathBuf,
    /// Postgres for the ledger, instead of a file. On another machine with TLS: `postgres://…?sslmode=verify-full`.
    #[arg(long, env = "BUONO_POSTGRES")]
    postgres: Option<String>,
    /// Redis or Valkey for the journal, `redis://user:password@host:port`, instead of a file; `rediss://…` with TLS.
    /// Several, always in the same order, share the partitions.
    #[arg(long, env = "BUONO_REDIS", value_delimiter = ',')]
    redis: Vec<String>,
    /// A PEM file with the authority that signed the certificates of Redis and Postgres, where the system does not
    /// know it; for Postgres `sslrootcert=…` in the address wins.
    #[arg(long, env = "BUONO_STORE_CA")]
    store_ca: Option<PathBuf>,
    /// Where the journal is, if not where --redis says or in a file; `postgres` is the ledger's.
    #[arg(long, env = "BUONO_JOURNAL")]
    journal: Option<JournalKind>,
    /// How many partitions a new journal on a server gets, a power of two: as many nodes can share it. It stays so.
    #[arg(long, env = "BUONO_PARTITIONS", default_value_t = 8, value_parser = power_of_two)]
    partitions: u16,
    /// Start although a setting of Redis or Postgres can lose payments that tills were told are done; shown in
    /// /health/ready, in the console and in /metrics.
    #[arg(long, env = "BUONO_I_ACCEPT_LOSING_ACKNOWLEDGED_PAYMENTS")]
    i_accept_losing_acknowledged_payments: bool,
}

#[derive(ValueEnum, Clone, Copy)]
enum JournalKind {
    File,
    Postgres,
    Redis,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    stores: Stores,
    /// Where to listen.
    #[arg(long, env = "BUONO_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where people reach it; from --listen when absent.
    #[arg(long, env = "BUONO_BASE_URL")]
    base_url: Option<String>,
    /// The addresses of the proxy in front, `10.0.0.0/8` or one: it says who asks (`X-Forwarded-For`), and limits count by that.
    #[arg(long, env = "BUONO_TRUSTED_PROXY", value_delimiter = ',', value_parser = addresses)]
    trusted_proxy: Vec<IpNet>,
    /// Where other nodes reach this one, where the journal is on a server: in a network that is theirs alone.
    #[arg(long, env = "BUONO_NODE_LISTEN", default_value = "127.0.0.1:0")]
    node_listen: SocketAddr,
    /// How they reach it, `host:port`, if not as it listens.
    #[arg(long, env = "BUONO_NODE_ADDRESS")]
    node_address: Option<String>,
    /// Threads that serve HTTP; as many as there are cores when absent.
    #[arg(long, env = "BUONO_HTTP_WORKERS")]
    http_workers: Option<usize>,
    /// Seconds after which a voucher that nobody asked for leaves memory.
    #[arg(long, env = "BUONO_IDLE_SECONDS", default_value_t = 900)]
    idle_seconds: u64,
    /// Whether the work behind the answers is done here: by default where the stores are files. Otherwise
    /// it is `buono work`'s.
    #[arg(long, env = "BUONO_WORKERS", num_args = 0..=1, default_missing_value = "true")]
    workers: Option<bool>,
    #[command(flatten)]
    mail: MailServer,
    #[command(flatten)]
    keep: Keep,
}

#[derive(Args)]
struct Work {
    /// Which part of it.
    #[arg(default_value = "all")]
    job: Job,
    #[command(flatten)]
    stores: Stores,
    /// Where people reach the servers: the links in messages begin with it.
    #[arg(long, env = "BUONO_BASE_URL")]
    base_url: String,
    /// Where to show /health and /metrics; nowhere when absent.
    #[arg(long = "listen", env = "BUONO_WORK_LISTEN")]
    work_listen: Option<SocketAddr>,
    #[command(flatten)]
    mail: MailServer,
    #[command(flatten)]
    keep: Keep,
}

#[derive(Args)]
struct MailServer {
    /// The mail server, `smtps://user:password@host`; better in the environment or the file, where other users of the
    /// machine do not see it. Without one, mails go into the folder `mail` beside the data.
    #[arg(long, env = "BUONO_SMTP", hide_env_values = true)]
    smtp: Option<String>,
    /// Whom mails come from, `Buoni spesa <buoni@comune.example>`.
    #[arg(long, env = "BUONO_MAIL_FROM")]
    mail_from: Option<String>,
}

impl MailServer {
    fn post(&self) -> Result<Option<SmtpPost>, StartError> {
        // either may come from the file, where clap does not see that the other is missing
        match (&self.smtp, &self.mail_from) {
            (Some(url), Some(from)) => Ok(Some(SmtpPost::new(url, from)?)),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err("there is a mail server (smtp), and nobody whom mails come from: say so with --mail-from".into())
            }
            (None, Some(_)) => Err("it is known whom mails come from (mail_from), and no mail server: name it with \
                --smtp, or leave both out, and mails go into the folder `mail`"
                .into()),
        }
    }
}

#[derive(Args)]
struct Keep {
    /// Days for which the journal keeps what the ledger and a verified backup hold; without a backup it keeps
    /// everything. When absent, 35 on servers, and for ever in a file.
    #[arg(long, env = "BUONO_JOURNAL_KEEP_DAYS")]
    journal_keep_days: Option<u32>,
}

impl Keep {
    /// Memory and servers' disks are dear, a file's growth is not.
    fn of(&self, place: &JournalPlace) -> Option<Duration> {
        let days = match (self.journal_keep_days, place) {
            (None, JournalPlace::File(_)) => return None,
            (days, _) => days.unwrap_or(JOURNAL_KEEP_DAYS),
        };
        Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
    }
}

fn power_of_two(text: &str) -> Result<u16, String> {
    let number = text.parse::<u16>().ok().filter(|number| number.is_power_of_two() && *number <= PARTITIONS_MAX);
    number.ok_or_else(|| format!("it must be a power of two up to {PARTITIONS_MAX}"))
}

impl Stores {
    fn journal(&self, postgres: Option<&PostgresServer>, trusted: &Authorities) -> Result<JournalPlace, StartError> {
        match (self.journal, postgres, self.redis.as_slice()) {
            (Some(JournalKind::Postgres), Some(server), []) => Ok(JournalPlace::Postgres(Box::new(server.clone()))),
            (Some(JournalKind::File) | None, _, []) => Ok(JournalPlace::File(self.data.join("journal.db"))),
            (Some(JournalKind::Postgres), None, _) => Err("the journal on Postgres needs --postgres".into()),
            (Some(JournalKind::Redis), _, []) => Err("the journal on Redis needs --redis".into()),
            (Some(JournalKind::Redis) | None, _, urls) => {
                let servers = urls.iter().map(|url| RedisServer::parse(url, trusted));
                let servers = servers.collect::<Result<_, _>>().map_err(|error| format!("--redis: {error}"))?;
                Ok(JournalPlace::Redis(servers))
            }
            (Some(_), ..) => Err("--redis is given, and --journal says that the journal is elsewhere".into()),
        }
    }

    /// How a town runs.
    fn settings(&self) -> Result<Settings, StartError> {
        no_backup(&self.data)?;
        self.settings_of_anything()
    }

    /// The same where the folder may be a backup, which is only looked at.
    fn settings_of_anything(&self) -> Result<Settings, StartError> {
        let trusted = self.store_ca.as_deref().map(Authorities::with_file).transpose();
        let trusted = trusted.map_err(|error| format!("--store-ca: {error}"))?.unwrap_or_default();
        let postgres = self.postgres.as_deref().map(|address| PostgresServer::parse(address, &trusted)).transpose();
        let postgres = postgres.map_err(|error| format!("--postgres: {error}"))?;
        let journal = self.journal(postgres.as_ref(), &trusted)?;
        let encrypted = postgres.as_ref().is_some_and(PostgresServer::is_encrypted) || journal.is_encrypted();
        if self.store_ca.is_some() && !encrypted {
            return Err("--store-ca is given, and no store is reached with TLS: write rediss://… for --redis, \
                and sslmode=verify-full for --postgres"
                .into());
        }
        Ok(Settings {
            data: self.data.clone(),
            base_url: String::new(),
            trusted_proxies: Vec::new(),
            journal,
            postgres,
            partitions: self.partitions,
            meeting: Meeting { listen: SocketAddr::from(([127, 0, 0, 1], 0)), address: None },
            http_workers: 1,
            idle: Duration::from_secs(900),
            workers: false,
            accepts_losses: self.i_accept_losing_acknowledged_payments,
            journal_keep: None,
            mail: None,
        })
    }
}

/// What `BUONO_LOG` asks for, but for a line of actix' own: it repeats a path that it cannot read, and
/// with it whatever somebody typed there.
fn log_filter() -> EnvFilter {
    let wanted = std::env::var("BUONO_LOG").unwrap_or_else(|_| "info".to_owned());
    EnvFilter::try_new(format!("{wanted},actix_web::types::path=info")).unwrap_or_else(|_| "info".into())
}

/// Runs a command.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let log = tracing_subscriber::fmt().with_env_filter(log_filter()).with_writer(std::io::stderr);
    // a log that cannot be written, on a full disk, must end no thread: complaining about it would
    log.log_internal_errors(false).init();
    match actix_web::rt::System::new().block_on(dispatch(cli.command)) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<ExitCode, StartError> {
    match command {
        Command::Demo(options) => serve(options, true).await?,
        Command::Serve(options) => serve(options, false).await?,
        Command::Work(options) => work(options).await?,
        Command::Migrate { stores, from: Some(from) } => migrate::run(&stores.settings()?, &from).await?,
        Command::Migrate { stores, from: None } => {
            let settings = stores.settings()?;
            // servers are brought up to date while nodes of the old version go on
            let _lock = settings.keeps_files().then(|| lock(&settings.data)).transpose()?;
            open_ledger(&settings).await?;
            settings.journal.migrate(settings.partitions).await?;
            println!("ledger and journal are up to date");
        }
        Command::Doctor(stores) => return doctor(&stores).await,
        Command::Verify { stores, evidence } => {
            let settings = stores.settings_of_anything()?;
            exists(&settings)?;
            return verify::run(&settings, &evidence).await;
        }
        Command::Backup { stores, to, with_key } => backup::run(&stores.settings()?, &to, with_key).await?,
        Command::Restore { stores, options } => restore::run(&stores.settings()?, &options).await?,
        Command::User { command } => people::user(command).await?,
        Command::Municipality { command } => people::municipality(command).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: Serve, demo: bool) -> Result<(), StartError> {
    let listener = TcpListener::bind(options.listen)?;
    let address = listener.local_addr()?;
    let workers =
        options.http_workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(2);
    let stores = options.stores.settings()?;
    let settings = Settings {
        base_url: options.base_url.unwrap_or_else(|| format!("http://{address}")).trim_end_matches('/').to_owned(),
        trusted_proxies: options.trusted_proxy,
        http_workers: workers,
        meeting: Meeting { listen: options.node_listen, address: options.node_address },
        idle: Duration::from_secs(options.idle_seconds.max(60)),
        journal_keep: options.keep.of(&stores.journal),
        mail: options.mail.post()?,
        ..stores
    };
    // the demonstration waits for its own ledger
    let alone = demo || settings.keeps_files();
    let settings = Settings { workers: options.workers.unwrap_or(alone), ..settings };
    if let Some(why) = web::missing() {
        tracing::warn!(why, "the pages have a plain style and no scripts; with npm installed, build again");
    }
    if settings.base_url.starts_with("https://") && settings.trusted_proxies.is_empty() {
        tracing::warn!("whoever comes through the proxy in front counts as one caller: name it with --trusted-proxy");
    }
    let running = start(&settings).await?;
    running.ready().await?;
    if demo {
        demo::prepare(&running.state, &settings).await?;
    }
    let told_to_end = signals()?;
    println!("ready");
    running.serve(listener, workers, told_to_end).await
}

/// One address, or a network of them.
fn addresses(text: &str) -> Result<IpNet, String> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| "it must be an address, or a network like 10.0.0.0/8".into())
}

async fn work(options: Work) -> Result<(), StartError> {
    let base_url = options.base_url.trim_end_matches('/').to_owned();
    let stores = options.stores.settings()?;
    let (journal_keep, mail) = (options.keep.of(&stores.journal), options.mail.post()?);
    let settings = Settings { base_url, journal_keep, mail, ..stores };
    let listener = options.work_listen.map(TcpListener::bind).transpose()?;
    process::run(&settings, options.job, listener, signals()?).await
}

/// Whether the journal is there, and not an older copy than the ledger, or than this node has seen.
async fn lost(settings: &Settings, db: &Db) -> Result<(), Finding> {
    let seen = seen(settings).map_err(|error| Finding::Unreadable(error.to_string()))?;
    let mut journal = settings.journal.writer()?;
    for (partition, _) in db.checkpoints().await? {
        let end = journal.head(partition)?.seq;
        not_behind(db, partition, end).await?;
        if let Some(complaint) = seen.as_ref().and_then(|seen| seen.complaint(partition, end)) {
            return Err(Finding::Damaged(complaint));
        }
    }
    Ok(())
}

/// What is wrong with a journal whose settings are as they must be. Says on the way who has a copy of it.
async fn unfit(settings: &Settings, db: &Db) -> Result<Option<String>, StartError> {
    if let Some(standbys) = settings.journal.standbys()? {
        let kind = match standbys.standing() {
            // whatever else is asked would wait for them
            Standing::Stopped => return Ok(Some(format!("Postgres: {standbys}"))),
            Standing::Weak | Standing::Hidden => "warning",
            Standing::Good => "good",
        };
        println!("{kind}: Postgres: {standbys}");
    }
    Ok(lost(settings, db).await.err().map(|finding| finding.to_string()))
}

async fn doctor(stores: &Stores) -> Result<ExitCode, StartError> {
    let settings = stores.settings()?;
    let db = open_existing_ledger(&settings).await?;
    println!("looked at {}: {}", settings.folder().display(), settings.places());
    let mut wrong = db.leaks().await?;
    match complaints(&settings, &db).await {
        // a journal is only opened for writing where nothing speaks against it
        Ok(found) if found.is_empty() => wrong.extend(unfit(&settings, &db).await?),
        Ok(found) => wrong.extend(found),
        Err(error) => wrong.push(error.to_string()),
    }
    wrong.extend(wrong_key(&db, &settings).await?);
    // who cannot be asked is among what is wrong
    for one in settings.overheard().into_iter().chain(settings.journal.warnings()) {
        println!("warning: {one}");
    }
    for one in &wrong {
        println!("wrong: {one}");
    }
    if wrong.is_empty() {
        println!("everything that safety depends on is as it must be");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
