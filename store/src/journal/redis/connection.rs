//! One connection: how long it may take, what its errors mean, and the library it needs.

use crate::journal::JournalError;
use crate::tls::{AddressError, Authorities, explained, is_elsewhere};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, Connection, ConnectionAddr, IntoConnectionInfo, RedisError, TlsCertificates, Value};
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
    /// A server from its address, `redis://[user:password@]host:port[/database]`, or `rediss://…` with TLS.
    ///
    /// # Errors
    /// When it is no such address, or would be believed without being verified.
    pub fn parse(url: &str, authorities: &Authorities) -> Result<Self, AddressError> {
        let unclear = |error: RedisError| AddressError(format!("no address of a Redis server: {error}"));
        let info = url.into_connection_info().map_err(unclear)?;
        // an answer is waited for alone: holding back small packets only makes it late
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        // one wait less, and Redis 7.0 knows no such command
        let login = info.redis_settings().clone().set_skip_set_lib_name();
        let info = info.set_redis_settings(login);
        let client = match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => {
                return Err(AddressError(
                    "no server is believed unverified: write the address without #insecure".into(),
                ));
            }
            ConnectionAddr::TcpTls { .. } => {
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities.pem()?) };
                Client::build_with_tls(info, certificates).map_err(unclear)?
            }
            _ => Client::open(info).map_err(unclear)?,
        };
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

    /// Connects, and hears one answer: what goes wrong there says whether the server is spoken to as it wants.
    pub(super) fn dial(&self) -> Result<Connection, JournalError> {
        let dialled = self.client.get_connection_with_timeout(self.connect).and_then(|mut connection| {
            connection.set_read_timeout(Some(self.answer))?;
            connection.set_write_timeout(Some(self.answer))?;
            redis::cmd("PING").exec(&mut connection)?;
            Ok(connection)
        });
        dialled.map_err(|error| self.undialled(&error))
    }

    fn undialled(&self, error: &RedisError) -> JournalError {
        let hung_up = error.is_connection_dropped() && !error.is_connection_refusal();
        let remedy = match (self.is_encrypted(), hung_up || error.is_timeout()) {
            (true, true) => ": does the server speak TLS on this port?",
            (false, true) => ": where the server speaks TLS alone, write rediss://",
            _ => "",
        };
        if error.is_timeout() {
            return self.unknown(format!("no answer within {:?}{remedy}", self.answer));
        }
        self.unknown(format!("{}{remedy}", explained(error)))
    }

    /// Whether what is said to it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self.client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. })
    }

    /// Its address, if what is said to it leaves the machine in the clear.
    #[must_use]
    pub fn overheard(&self) -> Option<String> {
        let address = self.client.get_connection_info().addr();
        matches!(address, ConnectionAddr::Tcp(host, _) if is_elsewhere(host)).then(|| address.to_string())
    }

    /// Sends the command once. After an error the connection must not be used again.
    pub(super) fn ask(&self, connection: &mut Connection, command: &Cmd) -> Result<Value, JournalError> {
        command.query(connection).map_err(|error| self.failure(&error))
    }

    /// Sends all of them at once. After an error of any the connection must not be used again. Each answer is
    /// waited for, but none once one did not come: the library's own pipeline would wait for every single one.
    pub(super) fn ask_all(
        &self,
        connection: &mut Connection,
        commands: &[Cmd],
    ) -> Result<Vec<Result<Value, JournalError>>, JournalError> {
        let packed: Vec<u8> = commands.iter().flat_map(Cmd::get_packed_command).collect();
        connection.send_packed_command(&packed).map_err(|error| self.failure(&error))?;
        let mut answers = Vec::with_capacity(commands.len());
        while answers.len() < commands.len() {
            match connection.recv_response() {
                Ok(answer) => answers.push(answer.extract_error().map_err(|error| self.failure(&error))),
                Err(error) => answers.resize(commands.len(), Err(self.failure(&error))),
            }
        }
        Ok(answers)
    }

    fn failure(&self, error: &RedisError) -> JournalError {
        match error.code() {
            // the library's own word for it, and the server's for a key of another kind
            Some("DAMAGED" | "WRONGTYPE") => JournalError::Corrupt(self.told(error)),
            _ if error.is_timeout() => self.unknown(format!("no answer within {:?}", self.answer)),
            _ => self.unknown(explained(error)),
        }
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

    /// Its name or number and port, without a password.
    #[must_use]
    pub fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    pub(super) fn told(&self, text: impl std::fmt::Display) -> String {
        format!("{}: {text}", self.address())
    }

    pub(super) fn unknown(&self, text: impl std::fmt::Display) -> JournalError {
        JournalError::Unknown(self.told(text))
    }
}
