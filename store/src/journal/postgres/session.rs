//! One connection, and calls on it that always end.

use super::JournalError;
use crate::postgres::{NO_TLS, PostgresServer, is_unwelcome};
use crate::tls::explained;
use rustls_tokio_postgres::MakeRustlsConnect;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket, Statement};

/// How long a call may take in all. It must be more than the server's own limits, which name the cause.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);
const KEEPALIVE: Duration = Duration::from_secs(5);

/// What a session's answers depend on, whatever the server, the database or the role has set.
const SETTINGS: &str = "
    SET client_min_messages = warning;
    SET statement_timeout = '4s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '5s';
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_deferrable = off;";
/// A commit waits for the disk, here and on the standbys that the server names; the one setting that waits
/// for more is kept. Whoever logs in takes the role that owns nothing, once `migrate` has made it.
const ENTER: &str = "SELECT set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
    pg_is_in_recovery(),
    (SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'buono_journal')";

/// Says what went wrong, with the server's own words rather than "db error".
impl From<tokio_postgres::Error> for JournalError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else { return Self::Unknown(explained(&error)) };
        match said.code() {
            &SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME => {
                Self::Unknown(format!("the journal's tables are missing, run `buono migrate`: {}", said.message()))
            }
            &SqlState::INSUFFICIENT_PRIVILEGE => Self::Unknown(format!(
                "{}: run `buono migrate` as the owner of the journal's tables; whoever else logs in needs \
                 GRANT buono_journal",
                said.message()
            )),
            // a page that fails its checksum, a row that cannot be read, a batch beyond the fence
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED | &SqlState::UNIQUE_VIOLATION => {
                Self::Corrupt(said.message().to_owned())
            }
            code if is_unwelcome(code.code()) => Self::Unknown(format!("{} ({}){NO_TLS}", said.message(), code.code())),
            code => Self::Unknown(format!("{} ({})", said.message(), code.code())),
        }
    }
}

/// Encrypted, or not.
type Wire = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// A connection that everything so far went well on.
pub(super) struct Session {
    runtime: Private,
    client: Client,
    connection: Connection<Socket, Wire>,
    /// From then on a warning counts: at the start it says nothing about a commit, but something about
    /// collations for example.
    prepared: bool,
}

/// A runtime of one's own, also where a thread already drives another: neither may be blocked on or dropped
/// there as it is. It is there until it is dropped.
struct Private(Option<Runtime>);

impl Private {
    fn new() -> Result<Self, JournalError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self(Some(runtime.map_err(|error| JournalError::Unknown(error.to_string()))?)))
    }

    /// Does work that blocks on it, on a thread of its own if need be.
    fn run<T: Send>(&self, work: impl FnOnce(&Runtime) -> Result<T, JournalError> + Send) -> Result<T, JournalError> {
        let runtime = self.0.as_ref().ok_or_else(|| JournalError::Unknown("the connection has ended".into()))?;
        if Handle::try_current().is_err() {
            return work(runtime);
        }
        let done = std::thread::scope(|scope| scope.spawn(|| work(runtime)).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Class 01. The text of a warning is translated, its code is not.
fn is_warning(notice: &DbError) -> bool {
    notice.code().code().starts_with("01")
}

impl Session {
    /// Connects with the server's own settings.
    pub(super) fn connect(server: &PostgresServer) -> Result<Self, JournalError> {
        let runtime = Private::new()?;
        let (mut config, connector) = (server.journal.clone(), server.connector.clone());
        config.connect_timeout(CONNECT).tcp_user_timeout(PATIENCE);
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(2);
        let connect =
            async { timeout(PATIENCE, config.connect(connector)).await.map_err(|_| too_long())?.map_err(Into::into) };
        let (client, connection) = runtime.run(|runtime| runtime.block_on(connect))?;
        Ok(Self { runtime, client, connection, prepared: false })
    }

    /// Sets what the promise depends on, and refuses a server that only follows another one.
    pub(super) fn prepare<const N: usize>(
        &mut self,
        writable: bool,
        statements: [&'static str; N],
    ) -> Result<[Statement; N], JournalError> {
        let statements = self.ask(async |client| {
            client.batch_execute(SETTINGS).await?;
            let row = client.query_one(ENTER, &[]).await?;
            if row.try_get(1)? {
                return Err(JournalError::Unknown("the server is a standby: promote it, or name the primary".into()));
            }
            if !writable {
                client.batch_execute("SET default_transaction_read_only = on").await?;
            }
            let mut prepared = Vec::with_capacity(N);
            for statement in statements {
                prepared.push(client.prepare(statement).await?);
            }
            prepared.try_into().map_err(|_| JournalError::Unknown("not every statement is prepared".into()))
        })?;
        self.prepared = true;
        Ok(statements)
    }

    /// Runs one exchange. An answer that came with a warning is no answer: see the module's page.
    pub(super) fn ask<T: Send>(
        &mut self,
        act: impl AsyncFnOnce(&Client) -> Result<T, JournalError> + Send,
    ) -> Result<T, JournalError> {
        let Self { runtime, client, connection, prepared } = self;
        runtime.run(|runtime| {
            runtime.block_on(async {
                let mut act = pin!(act(client));
                let mut warning = None;
                let answer = poll_fn(|context| {
                    while let Poll::Ready(message) = connection.poll_message(context) {
                        match message {
                            Some(Ok(AsyncMessage::Notice(notice))) if *prepared && is_warning(&notice) => {
                                warning = Some(notice.to_string());
                            }
                            Some(Ok(_)) => {}
                            Some(Err(error)) => return Poll::Ready(Err(error.into())),
                            None => return Poll::Ready(Err(JournalError::Unknown("the connection was closed".into()))),
                        }
                    }
                    act.as_mut().poll(context)
                });
                let answer = timeout(PATIENCE, answer).await.map_err(|_| too_long())?;
                warning.map_or(answer, |warning| Err(JournalError::Unknown(warning)))
            })
        })
    }
}

fn too_long() -> JournalError {
    JournalError::Unknown(format!("no answer within {} seconds", PATIENCE.as_secs()))
}
