//! One connection: how long it may take, what its errors mean, and the library it needs.

use crate::journal::JournalError;
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, Connection, IntoConnectionInfo, RedisError, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// The library's name, which tells its version.
pub(super) const LIBRARY: &str = "buono_journal_1";
const LIBRARIES: &str = "buono_journal_*";
const SOURCE: &str = include_str!("../../../../migrations/redis/buono_journal.lua");
/// The one key that every new connection writes to.
const SETTLED: &str = "buono:settled";

const CONNECT: Duration = Duration::from_secs(2);
/// Longer than a disk that is busy needs for a sync.
const ANSWER: Duration = Duration::from_secs(5);

/// Where a server is, and how long it may take.
#[derive(Clone)]
pub struct RedisServer {
    client: Client,
    connect: Duration,
    answer: Duration,
}

impl RedisServer {
    /// A server from its address, `redis://[user:password@]host:port[/database]`.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when it is no such address.
    pub fn parse(url: &str) -> Result<Self, JournalError> {
        let unclear = |error: RedisError| JournalError::Unknown(format!("no address of a Redis server: {error}"));
        let info = url.into_connection_info().map_err(unclear)?;
        // an answer is waited for alone: holding back small packets only makes it late
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        // one wait less, and Redis 7.0 knows no such command
        let login = info.redis_settings().clone().set_skip_set_lib_name();
        let info = info.set_redis_settings(login);
        let client = Client::open(info).map_err(unclear)?;
        Ok(Self { client, connect: CONNECT, answer: ANSWER })
    }

    /// The same server with other limits for connecting and for sending or receiving anything.
    #[must_use]
    pub fn with_time_outs(self, connect: Duration, answer: Duration) -> Self {
        Self { connect, answer, ..self }
    }

    /// Loads the library, or replaces one of the same version.
    ///
    /// # Errors
    /// [`JournalError::Unknown`].
    pub fn migrate(&self) -> Result<(), JournalError> {
        let mut connection = self.dial()?;
        self.ask(&mut connection, redis::cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(SOURCE)).map(drop)
    }

    /// Connects, makes sure that the library is there, and has one write acknowledged.
    pub(super) fn connect(&self) -> Result<Connection, JournalError> {
        let mut connection = self.dial()?;
        if let Some(missing) = self.library_missing(&mut connection)? {
            return Err(self.unknown(missing));
        }
        let mut settle = redis::cmd("FCALL");
        self.ask(&mut connection, settle.arg(format!("{LIBRARY}_settle")).arg(1).arg(SETTLED))?;
        Ok(connection)
    }

    /// Connects, and no more.
    pub(super) fn dial(&self) -> Result<Connection, JournalError> {
        let dialled = self.client.get_connection_with_timeout(self.connect).and_then(|connection| {
            connection.set_read_timeout(Some(self.answer))?;
            connection.set_write_timeout(Some(self.answer))?;
            Ok(connection)
        });
        dialled.map_err(|error| self.unknown(error))
    }

    /// Sends the command once. After an error the connection must not be used again.
    pub(super) fn ask(&self, connection: &mut Connection, command: &Cmd) -> Result<Value, JournalError> {
        command.query(connection).map_err(|error| match error.code() {
            // the library's own word for it, and the server's for a key of another kind
            Some("DAMAGED" | "WRONGTYPE") => JournalError::Corrupt(self.told(error)),
            _ if error.is_timeout() => self.unknown(format!("no answer within {:?}", self.answer)),
            _ => self.unknown(error),
        })
    }

    /// What to say when the library of this program's version is not there.
    pub(super) fn library_missing(&self, connection: &mut Connection) -> Result<Option<String>, JournalError> {
        let list = self.ask(connection, redis::cmd("FUNCTION").arg("LIST").arg("LIBRARYNAME").arg(LIBRARIES))?;
        let libraries: Vec<BTreeMap<String, Value>> =
            redis::from_redis_value(list).map_err(|error| self.unknown(error))?;
        let name = |library: &BTreeMap<String, Value>| match library.get("library_name") {
            Some(Value::BulkString(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => String::new(),
        };
        let names: Vec<String> = libraries.iter().map(name).collect();
        if names.iter().any(|name| name == LIBRARY) {
            return Ok(None);
        }
        let instead = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Ok(Some(format!("the server lacks the library {LIBRARY} (it has {instead}): run `buono migrate`")))
    }

    /// The text with the server's address, which has no password in it.
    fn told(&self, text: impl std::fmt::Display) -> String {
        format!("{}: {text}", self.client.get_connection_info().addr())
    }

    pub(super) fn unknown(&self, text: impl std::fmt::Display) -> JournalError {
        JournalError::Unknown(self.told(text))
    }
}
