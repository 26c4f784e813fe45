//! Which of how many primaries each server is: a partition is looked for by its primary's number, so a server in
//! another's place would be asked for what it never had.

use super::connection::RedisServer;
use super::leases::HOLDERS;
use crate::journal::JournalError;

/// Where a server remembers its place.
const PLACE: &str = "buono:primary";

impl RedisServer {
    /// Remembers which of so many primaries those are that were nobody's.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when one is named twice.
    pub(in crate::journal) fn take_places(new: &[(usize, &Self)], primaries: usize) -> Result<(), JournalError> {
        for (at, server) in new {
            let (mut connection, wanted) = (server.dial()?, numbered(*at, primaries));
            server.ask(&mut connection, redis::cmd("SET").arg(PLACE).arg(&wanted).arg("NX"))?;
            // one that is named twice has just got its other place
            server.agrees(server.place()?.as_deref(), &wanted)?;
        }
        Ok(())
    }

    /// Those that are nobody's yet, with their numbers; makes sure that the others are what they were. Writes nothing.
    ///
    /// # Errors
    /// [`JournalError::Unknown`] when one is another one, or has lost what it had.
    pub(in crate::journal) fn without_place(servers: &[Self]) -> Result<Vec<(usize, &Self)>, JournalError> {
        let mut without = Vec::new();
        for (at, server) in servers.iter().enumerate() {
            let found = server.place()?;
            server.agrees(found.as_deref(), &numbered(at, servers.len()))?;
            if found.is_none() {
                without.push((at, server));
            }
        }
        match without.first() {
            // the first gets its place first, and the leases come when all have theirs: between those, a beginning
            // was broken off
            Some((at, empty)) if without.len() < servers.len() && (*at == 0 || servers[0].has_leases()?) => Err(empty
                .unknown(
                    "it is nobody's primary, and others that are named with it belong to an installation: \
                     it has lost its files, or is another server",
                )),
            _ => Ok(without),
        }
    }

    fn has_leases(&self) -> Result<bool, JournalError> {
        let found = self.ask(&mut self.dial()?, redis::cmd("EXISTS").arg(HOLDERS))?;
        redis::from_redis_value(found).map_err(|error| self.unknown(error))
    }

    fn place(&self) -> Result<Option<String>, JournalError> {
        let found = self.ask(&mut self.dial()?, redis::cmd("GET").arg(PLACE))?;
        redis::from_redis_value(found).map_err(|error| self.unknown(error))
    }

    fn agrees(&self, found: Option<&str>, wanted: &str) -> Result<(), JournalError> {
        match found {
            Some(found) if found != wanted => Err(self.unknown(format!(
                "this is primary {found}, and it is named as {wanted}: name all primaries, always in the same order"
            ))),
            _ => Ok(()),
        }
    }
}

fn numbered(at: usize, primaries: usize) -> String {
    format!("{} of {primaries}", at + 1)
}
