//! What on a server would break the promise.

use super::connection::RedisServer;
use crate::journal::{JournalError, Volume};
use redis::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A setting, the only value with which the promise holds, and why.
const SETTINGS: [(&str, &str, &str); 6] = [
    ("appendonly", "yes", "otherwise a restart forgets every payment"),
    ("appendfsync", "always", "otherwise a power cut takes payments that were answered"),
    ("maxmemory-policy", "noeviction", "otherwise a full server throws payments away instead of refusing new ones"),
    ("no-appendfsync-on-rewrite", "no", "otherwise nothing is synced while the file is rewritten"),
    ("aof-load-truncated", "no", "otherwise a damaged file is cut and loaded without a word"),
    ("cluster-enabled", "no", "otherwise a replica may be promoted that lacks payments that were answered"),
];

/// Something unsafe, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is unsafe: a setting by its name in the server's configuration, `role` or `library`.
    pub what: &'static str,
    /// How it is.
    pub found: String,
    /// What to do, and why.
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is {}: {}", self.what, self.found, self.remedy)
    }
}

impl RedisServer {
    /// Everything that makes the server unfit for a journal; nothing if it is fit.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be seen.
    pub fn complaints(&self) -> Result<Vec<Complaint>, JournalError> {
        let mut connection = self.dial()?;
        let mut get = redis::cmd("CONFIG");
        get.arg("GET");
        for (setting, ..) in SETTINGS {
            get.arg(setting);
        }
        let found = self.ask(&mut connection, &get)?;
        let found = redis::from_redis_value(found).map_err(|error| self.unknown(error))?;
        let mut complaints = settings(&found);
        let role = self.ask(&mut connection, &redis::cmd("ROLE"))?;
        complaints.extend(not_master(&role));
        if let Some(remedy) = self.library_missing(&mut connection)? {
            complaints.push(Complaint { what: "library", found: "missing".to_owned(), remedy });
        }
        Ok(complaints)
    }
}

impl RedisServer {
    /// How much memory the server uses, and how much it may.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it cannot be seen.
    pub fn volume(&self) -> Result<Volume, JournalError> {
        let mut connection = self.dial()?;
        let said = self.ask(&mut connection, redis::cmd("INFO").arg("memory"))?;
        let said: String = redis::from_redis_value(said).map_err(|error| self.unknown(error))?;
        let figure = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|value| value.trim().parse::<u64>().ok())
                .ok_or_else(|| self.unknown(format!("the server does not say its {name}")))
        };
        // zero is the server's word for no limit
        Ok(Volume { bytes: figure("used_memory")?, limit_bytes: Some(figure("maxmemory")?).filter(|limit| *limit > 0) })
    }
}

impl RedisServer {
    /// What breaks no promise and is missed in the end, with its remedy; nothing if it cannot be asked.
    pub fn warning(&self) -> Option<String> {
        let unlimited = "there is no maxmemory: no alarm says that memory ends, and then the system ends the server. Set it to \
            half of what the machine has for it";
        self.volume().is_ok_and(|volume| volume.limit_bytes.is_none()).then(|| self.told(unlimited))
    }
}

fn settings(found: &BTreeMap<String, String>) -> Vec<Complaint> {
    let unsafe_one = |(what, safe, why): (&'static str, &str, &str)| {
        let found = found.get(what).map_or("unknown", String::as_str);
        let remedy = format!("write `{what} {safe}` in the server's configuration file and restart it; {why}");
        (found != safe).then(|| Complaint { what, found: found.to_owned(), remedy })
    };
    SETTINGS.into_iter().filter_map(unsafe_one).collect()
}

fn not_master(role: &Value) -> Option<Complaint> {
    let role = match role {
        Value::Array(parts) => parts.first().and_then(|role| match role {
            Value::BulkString(role) => str::from_utf8(role).ok(),
            _ => None,
        }),
        _ => None,
    };
    let found = role.unwrap_or("unknown");
    let remedy = "name the primary itself; a replica is promoted by hand, once what it lacks has been listed";
    (found != "master").then(|| Complaint { what: "role", found: found.to_owned(), remedy: remedy.to_owned() })
}
