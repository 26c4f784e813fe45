//! Calls over a connection that is kept only as long as all goes well.

use super::connection::RedisServer;
use crate::journal::JournalError;
use redis::{Cmd, Connection, FromRedisValue, Value};

/// A server, and the connection to it if there is one.
pub(super) struct Caller {
    server: RedisServer,
    connection: Option<Connection>,
}

impl Caller {
    /// Connects with the first call.
    pub const fn new(server: RedisServer) -> Self {
        Self { server, connection: None }
    }

    /// Connects now.
    pub fn connect(&mut self) -> Result<(), JournalError> {
        self.connection = Some(self.connected()?);
        Ok(())
    }

    fn connected(&mut self) -> Result<Connection, JournalError> {
        self.connection.take().map_or_else(|| self.server.connect(), Ok)
    }

    /// Calls once, and keeps the connection only if it was answered well.
    pub fn call<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, JournalError> {
        let mut connection = self.connected()?;
        let answer = self.server.ask(&mut connection, command)?;
        self.connection = Some(connection);
        shaped(answer)
    }

    /// Sends all of them at once, so that one turn of the server's loop and one sync carry them; keeps the
    /// connection only if every one was answered well.
    pub fn call_all(&mut self, commands: &[Cmd]) -> Result<Vec<Result<Value, JournalError>>, JournalError> {
        let mut connection = self.connected()?;
        let answers = self.server.ask_all(&mut connection, commands)?;
        if answers.iter().all(Result::is_ok) {
            self.connection = Some(connection);
        }
        Ok(answers)
    }

    /// Drops the connection and everything that may still come over it.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }
}

/// Nothing of ours ever wrote what has another shape.
pub(super) fn shaped<T: FromRedisValue>(answer: Value) -> Result<T, JournalError> {
    redis::from_redis_value(answer).map_err(|error| JournalError::Corrupt(error.to_string()))
}
