//! What is unsafe on a server, each with its remedy.

use super::JournalError;
use super::session::Session;
use crate::postgres::PostgresServer;

/// Settings, the values of each that break the promise, and why.
pub(crate) const UNSAFE: [(&str, &[&str], &str); 3] = [
    ("fsync", &["off"], "a power cut damages the whole database"),
    ("full_page_writes", &["off"], "a power cut can leave half a page"),
    ("synchronous_commit", &["off", "local"], "whoever writes with it is answered before it is safe"),
];

/// Asks the server with its own settings, not with those that the journal's sessions choose.
pub(super) fn complaints(server: &PostgresServer) -> Result<Vec<String>, JournalError> {
    Session::connect(server)?.ask(async |client| {
        let mut complaints = Vec::new();
        for (setting, bad, reason) in UNSAFE {
            let value: String = client.query_one("SELECT current_setting($1)", &[&setting]).await?.try_get(0)?;
            if bad.contains(&value.as_str()) {
                complaints.push(format!(
                    "Postgres: {setting} is {value}: {reason}; run ALTER SYSTEM SET {setting} = on, \
                     then SELECT pg_reload_conf()"
                ));
            }
        }
        if client.query_one("SELECT pg_is_in_recovery()", &[]).await?.try_get(0)? {
            complaints.push(
                "Postgres: the server is a standby and takes no payments; name the primary, or promote this one \
                 with SELECT pg_promote() once the old primary is gone for good"
                    .to_owned(),
            );
        }
        Ok(complaints)
    })
}
