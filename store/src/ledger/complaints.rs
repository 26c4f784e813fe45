//! What is wrong with a database, each with its remedy.

use super::db::{Db, Error};
use super::scope::Pg;
use crate::journal::{POSTGRES_UNSAFE, SQLITE_VERSION_MIN};

const ROLE: &str =
    "SELECT CAST(current_user AS TEXT), rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user";
const OWNED: &str = "SELECT CAST(relname AS TEXT) FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND pg_has_role(current_user, relowner, 'MEMBER') ORDER BY relname LIMIT 1";
const OPEN: &str = "SELECT CAST(t.relname AS TEXT) FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
        AND c.attname = 'municipality_id' AND NOT (t.relrowsecurity AND t.relforcerowsecurity)
    ORDER BY t.relname";

impl Db {
    /// The settings without which answered payments can be lost, as sentences with their remedies; none is
    /// good.
    ///
    /// # Errors
    /// [`Error`] when it cannot even be asked.
    pub async fn complaints(&self) -> Result<Vec<String>, Error> {
        let mut complaints = Vec::new();
        match self {
            Self::Lite(pool) => {
                let (mode, synchronous): (String, i64) = (
                    sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?,
                    sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await?,
                );
                if mode != "wal" || synchronous != 2 {
                    complaints.push(format!(
                        "ledger.db: journal_mode is {mode}, synchronous is {synchronous}, and must be wal and 2: \
                         move it to a local disk whose file system knows locks and shared memory"
                    ));
                }
                if rusqlite::version_number() < SQLITE_VERSION_MIN {
                    complaints
                        .push(format!("SQLite {} can lose commits; build with 3.51.3 or newer", rusqlite::version()));
                }
            }
            Self::Pg(pg) => {
                let mut held = pg.hold().await?;
                for (setting, bad, reason) in POSTGRES_UNSAFE {
                    let asked = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
                    let value: String = asked.fetch_one(held.connection()).await?;
                    if bad.contains(&value.as_str()) {
                        complaints.push(format!(
                            "Postgres: {setting} is {value}: {reason}; run ALTER SYSTEM SET {setting} = on, \
                             then SELECT pg_reload_conf()"
                        ));
                    }
                }
                held.done().await?;
            }
        }
        Ok(complaints)
    }

    /// What could show one municipality's rows to another, as sentences with their remedies; none is good.
    ///
    /// # Errors
    /// [`Error`] when it cannot even be asked.
    pub async fn leaks(&self) -> Result<Vec<String>, Error> {
        match self {
            // one process, which asks for what it may see
            Self::Lite(_) => Ok(Vec::new()),
            Self::Pg(pg) => leaks(pg).await,
        }
    }
}

async fn leaks(pg: &Pg) -> Result<Vec<String>, Error> {
    let mut held = pg.hold().await?;
    let mut leaks = Vec::new();
    let (role, is_super, bypasses): (String, bool, bool) = sqlx::query_as(ROLE).fetch_one(held.connection()).await?;
    if is_super || bypasses {
        let what = if is_super { "a superuser" } else { "a role with BYPASSRLS" };
        leaks.push(format!(
            "Postgres: {role} is {what}, for whom rows of all municipalities are open; run `buono migrate`, \
             which makes buono_app, and GRANT buono_app TO {role}"
        ));
    }
    let owned: Option<String> = sqlx::query_scalar(OWNED).fetch_optional(held.connection()).await?;
    if let Some(table) = owned.filter(|_| !is_super) {
        leaks.push(format!(
            "Postgres: {role} owns the table {table} and could lift its protection; REVOKE the owner's role from {role}, \
             and let tables belong to whoever runs `buono migrate`"
        ));
    }
    let open: Vec<String> = sqlx::query_scalar(OPEN).fetch_all(held.connection()).await?;
    for table in open {
        leaks.push(format!(
            "Postgres: rows of {table} are not kept apart; \
             run ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        ));
    }
    held.done().await?;
    Ok(leaks)
}
