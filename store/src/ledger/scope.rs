//! Whose rows a handle on Postgres sees. The database itself holds to it (row-level security), even where
//! a statement forgot to say whose rows it wants. SQLite has no such thing, and no other tenants' clerks.

use super::db::Error;
use crate::migrations::{self, Applied};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Postgres, Transaction};
use std::time::Duration;
use uuid::Uuid;

/// Connections of workers, tills' lookups and operators.
const CONNECTIONS: u32 = 16;
/// Connections of municipalities' staff.
const CONNECTIONS_OF_TOWNS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may take to give a sign of life before it is used; there is another one.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// Every connection takes the role that owns nothing, once `migrate` has made it, and says what it may see. Whatever a
/// machine that is gone has begun and locked is let go long before the tills that wait for it give up.
const ENTER: &str = "SELECT set_config('buono.municipality', $1, false),
    set_config('idle_in_transaction_session_timeout', '5s', false), set_config('tcp_keepalives_idle', '5', false),
    set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '2', false),
    (SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'buono_app')";
const IS_STANDBY: &str = "SELECT pg_is_in_recovery()";
const STANDBY: &str = "the server is a standby";
const IN_TOWN: &str = "SELECT set_config('buono.municipality', $1, true)";
const MIGRATING: &str = "SELECT set_config('buono.municipality', 'all', false)";
const ALL: &str = "all";
const NOTHING: &str = "";

#[derive(Clone, Copy, Debug)]
enum Scope {
    Nothing,
    Everything,
    Municipality(Uuid),
}

/// Postgres, and whose rows of it are seen.
#[derive(Clone, Debug)]
pub struct Pg {
    /// Connections that see everything.
    whole: PgPool,
    /// Connections that see nothing until a transaction says whose rows it is about.
    parts: PgPool,
    scope: Scope,
}

/// A connection for one call.
pub(crate) enum Held {
    Plain(PoolConnection<Postgres>),
    Scoped(Transaction<'static, Postgres>),
}

impl Held {
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::Scoped(transaction) => transaction,
        }
    }

    /// What was written counts from here on.
    pub(crate) async fn done(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Scoped(transaction) => transaction.commit().await,
        }
    }
}

/// Whether it is a standby: that one answers, with an older ledger.
async fn follows(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(IS_STANDBY).fetch_one(connection).await
}

/// Whether the other side is still there, and no standby.
async fn serves(connection: &mut PgConnection, patience: Duration) -> bool {
    tokio::time::timeout(patience, follows(connection)).await.is_ok_and(|standby| matches!(standby, Ok(false)))
}

/// A new connection says what it sees.
async fn enter(connection: &mut PgConnection, sees: &str) -> Result<(), sqlx::Error> {
    sqlx::query(ENTER).bind(sees).execute(&mut *connection).await?;
    if follows(connection).await? { Err(std::io::Error::other(STANDBY).into()) } else { Ok(()) }
}

/// Whether that is why a pool got no connection: it says only that none came in time.
async fn is_standby(options: &PgConnectOptions) -> bool {
    let asked = async { follows(&mut PgConnection::connect_with(options).await?).await };
    tokio::time::timeout(PATIENCE, asked).await.is_ok_and(|standby| matches!(standby, Ok(true)))
}

fn pool(connections: u32, sees: &'static str) -> PgPoolOptions {
    // each is asked for a sign of life before it is used, however short ago it was: it belongs to the thread that made it,
    // and at the end of the process some of these are gone before others have done. The pool's own test has no limit of
    // its own: the first silent one would take the time in which others answer
    let options =
        PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).test_before_acquire(false);
    let options =
        options.before_acquire(|connection, _| Box::pin(async move { Ok(serves(connection, SIGN_OF_LIFE).await) }));
    // one that was given up because nothing came is closed, or it would keep its place for ever
    let options =
        options.after_release(|connection, _| Box::pin(async move { Ok(serves(connection, PATIENCE).await) }));
    options.after_connect(move |connection, _| Box::pin(enter(connection, sees)))
}

impl Pg {
    /// Connects. The handle sees nothing yet.
    pub(super) async fn connect(options: PgConnectOptions) -> Result<Self, Error> {
        let parts = pool(CONNECTIONS_OF_TOWNS, NOTHING).connect_lazy_with(options.clone());
        let whole = match pool(CONNECTIONS, ALL).connect_with(options.clone()).await {
            Err(_) if is_standby(&options).await => return Err(Error::Unavailable(STANDBY.to_owned())),
            whole => whole?,
        };
        Ok(Self { whole, parts, scope: Scope::Nothing })
    }

    pub(super) fn everything(&self) -> Self {
        Self { scope: Scope::Everything, ..self.clone() }
    }

    pub(super) fn nothing(&self) -> Self {
        Self { scope: Scope::Nothing, ..self.clone() }
    }

    pub(super) fn for_municipality(&self, id: Uuid) -> Self {
        Self { scope: Scope::Municipality(id), ..self.clone() }
    }

    /// Holds a connection for one call within the scope.
    pub(crate) async fn hold(&self) -> Result<Held, sqlx::Error> {
        Ok(match self.scope {
            Scope::Everything => Held::Plain(self.whole.acquire().await?),
            Scope::Nothing => Held::Plain(self.parts.acquire().await?),
            Scope::Municipality(_) => Held::Scoped(self.begin().await?),
        })
    }

    /// Begins a transaction within the scope.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        match self.scope {
            Scope::Everything => self.whole.begin().await,
            Scope::Nothing => self.parts.begin().await,
            Scope::Municipality(id) => {
                let mut transaction = self.parts.begin().await?;
                sqlx::query(IN_TOWN).bind(id.to_string()).execute(&mut *transaction).await?;
                Ok(transaction)
            }
        }
    }

    /// Ends all connections.
    pub(super) async fn close(&self) {
        self.whole.close().await;
        self.parts.close().await;
    }

    /// Brings the tables up to date, as whoever the address names, who may own them; where nothing is to be
    /// done that may be anybody.
    pub(super) async fn migrate(&self, migrator: &Migrator) -> Result<(), Error> {
        let applied = self.applied().await?;
        migrations::suffice(migrator, &applied).map_err(Error::TooOld)?;
        if migrations::all_done(migrator, &applied) {
            return Ok(());
        }
        let mut owner = PgConnection::connect_with(&self.whole.connect_options()).await?;
        sqlx::query(MIGRATING).execute(&mut owner).await?;
        migrator.run(&mut owner).await?;
        owner.close().await?;
        // those that were there before the role was would go on without it
        for pool in [&self.whole, &self.parts] {
            while let Some(connection) = pool.try_acquire() {
                connection.close().await?;
            }
        }
        Ok(())
    }

    async fn applied(&self) -> Result<Vec<Applied>, sqlx::Error> {
        match sqlx::query_as(migrations::APPLIED).fetch_all(&self.whole).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => Ok(Vec::new()),
            applied => applied,
        }
    }
}
