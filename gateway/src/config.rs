//! The command line.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

use crate::admin::{NewUser, make_user};
use crate::edge::{SystemClock, SystemEntropy, new_id};
use crate::serve::{Settings, StartError, lock, open_ledger, start};
use crate::{demo, verify};
use clap::{Args, Parser, Subcommand};
use domain::clock::Clock;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use store::keys::Keys;
use store::ledger::MunicipalityRow;

/// Digital vouchers for municipalities.
#[derive(Parser)]
#[command(name = "buono", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run with a demonstration town.
    Demo(Serve),
    /// Run.
    Serve(Serve),
    /// Bring the stores up to date.
    Migrate(Stores),
    /// Check every setting that safety depends on.
    Doctor(Stores),
    /// Check the ledger against the journal, the chain, and every sum. The server must not run.
    Verify(Stores),
    /// Add a member of staff.
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
    /// Postgres for the ledger, instead of a file.
    #[arg(long, env = "BUONO_POSTGRES")]
    postgres: Option<String>,
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
    /// Threads that serve HTTP; as many as there are cores when absent.
    #[arg(long, env = "BUONO_HTTP_WORKERS")]
    http_workers: Option<usize>,
    /// Seconds after which a voucher that nobody asked for leaves memory.
    #[arg(long, env = "BUONO_IDLE_SECONDS", default_value_t = 900)]
    idle_seconds: u64,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add somebody; the password is read from BUONO_PASSWORD.
    Add {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
        /// operator, municipal_admin, clerk or auditor.
        #[arg(long)]
        role: String,
        /// Where they work; nowhere for an operator.
        #[arg(long)]
        municipality: Option<uuid::Uuid>,
        /// Ask for a second factor.
        #[arg(long)]
        totp: bool,
        /// Their first password; better by the environment than by the command line.
        #[arg(long, env = "BUONO_PASSWORD", hide_env_values = true)]
        password: String,
    },
}

#[derive(Subcommand)]
enum MunicipalityCommand {
    /// Add one.
    Add {
        #[command(flatten)]
        stores: Stores,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Where citizens call.
        #[arg(long)]
        help_phone: String,
        /// Where citizens write.
        #[arg(long)]
        help_email: String,
    },
    /// List them.
    List {
        #[command(flatten)]
        stores: Stores,
    },
}

impl Stores {
    fn settings(&self) -> Settings {
        Settings {
            data: self.data.clone(),
            base_url: String::new(),
            postgres: self.postgres.clone(),
            http_workers: 1,
            idle: Duration::from_secs(900),
        }
    }
}

/// Runs a command.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BUONO_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
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
        Command::Migrate(stores) => {
            let _lock = lock(&stores.data)?;
            open_ledger(&stores.settings()).await?;
            println!("the ledger is up to date");
        }
        Command::Doctor(stores) => return doctor(&stores).await,
        Command::Verify(stores) => return verify::run(&stores.settings()).await,
        Command::User { command } => add_user(command).await?,
        Command::Municipality { command } => municipality(command).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: Serve, demo: bool) -> Result<(), StartError> {
    let listener = TcpListener::bind(options.listen)?;
    let address = listener.local_addr()?;
    let workers =
        options.http_workers.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(2);
    let settings = Settings {
        base_url: options.base_url.unwrap_or_else(|| format!("http://{address}")).trim_end_matches('/').to_owned(),
        http_workers: workers,
        idle: Duration::from_secs(options.idle_seconds.max(60)),
        ..options.stores.settings()
    };
    if let Some(why) = web::missing() {
        tracing::warn!(why, "the pages have a plain style and no scripts; with npm installed, build again");
    }
    let running = start(&settings).await?;
    running.ready().await?;
    if demo {
        demo::prepare(&running.state, &settings).await?;
    }
    println!("ready");
    running.serve(listener, workers).await
}

async fn doctor(stores: &Stores) -> Result<ExitCode, StartError> {
    let db = open_ledger(&stores.settings()).await?;
    let mut complaints = db.complaints().await?;
    if let Err(error) = store::journal::SqliteJournal::open(&stores.data.join("journal.db")) {
        complaints.push(format!("journal.db: {error}"));
    }
    if let Err(error) = Keys::load_or_create(&stores.data.join("key"), &SystemEntropy) {
        complaints.push(error.to_string());
    }
    for complaint in &complaints {
        println!("wrong: {complaint}");
    }
    if complaints.is_empty() {
        println!("everything that safety depends on is as it must be");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn add_user(command: UserCommand) -> Result<(), StartError> {
    let UserCommand::Add { stores, email, role, municipality, totp, password } = command;
    let db = open_ledger(&stores.settings()).await?;
    let keys = Keys::load_or_create(&stores.data.join("key"), &SystemEntropy)?;
    let new = NewUser { email, role, password, totp, municipality_id: municipality };
    let (row, secret) = make_user(&keys, &new, municipality).map_err(|problem| format!("not added: {problem}"))?;
    db.add_user(&row, SystemClock.now().micros()).await?;
    println!("user {}", row.id);
    if let Some(secret) = secret {
        println!("second factor {secret}");
    }
    Ok(())
}

async fn municipality(command: MunicipalityCommand) -> Result<(), StartError> {
    match command {
        MunicipalityCommand::Add { stores, name, help_phone, help_email } => {
            let db = open_ledger(&stores.settings()).await?;
            let row = MunicipalityRow { id: new_id(), name, help_phone, help_email };
            db.add_municipality(&row, SystemClock.now().micros()).await?;
            println!("municipality {}", row.id);
        }
        MunicipalityCommand::List { stores } => {
            for row in open_ledger(&stores.settings()).await?.directory().await?.municipalities {
                println!("{} {}", row.id, row.name);
            }
        }
    }
    Ok(())
}
