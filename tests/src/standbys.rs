//! A Postgres whose every commit waits for one of two standbys, and what its operator does when a machine is lost.

use crate::postgres::Server;
use crate::stores::Stores;

/// Enough of the log that a standby which was away needs no new copy.
const KEEP: &str = "wal_keep_size = 512MB";

/// The setting by which each commit of a primary waits for one of the others, whichever of them is the primary.
fn any_of(servers: &[&Server]) -> String {
    let names: Vec<String> = servers.iter().map(|server| server.name()).collect();
    format!("synchronous_standby_names = 'ANY 1 ({})'", names.join(", "))
}

impl Stores {
    /// Journal and ledger on one Postgres, which two standbys follow.
    ///
    /// # Panics
    /// When they cannot be started.
    #[must_use]
    pub fn with_standbys() -> Self {
        let primary = Server::start(&[KEEP]);
        let standbys = vec![primary.standby(), primary.standby()];
        let stores = Self { postgres: Some(primary), standbys, ..Self::default() };
        let all: Vec<&Server> = stores.standbys.iter().chain(&stores.postgres).collect();
        let names = any_of(&all);
        for server in all {
            server.configure(&[&names]);
            server.reload();
        }
        stores.await_standbys(2);
        stores
    }

    /// The server that takes writes.
    ///
    /// # Panics
    /// When there is no Postgres.
    #[must_use]
    pub fn primary(&self) -> &Server {
        self.postgres.as_ref().expect("a Postgres")
    }

    /// Waits until so many standbys confirm what the primary commits.
    pub fn await_standbys(&self, count: usize) {
        let quorum = format!("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum' HAVING count(*) = {count}");
        self.primary().until(&quorum);
    }

    /// The primary is gone. Whichever standby has most of its log takes its place, the other one follows that, and the
    /// lost one is put last among the standbys.
    ///
    /// # Panics
    /// When no standby can be asked.
    pub fn promote_furthest(&mut self) {
        for standby in &self.standbys {
            // what the primary had sent is still on its way in
            standby.until("SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')");
        }
        let furthest = (0..self.standbys.len()).max_by_key(|at| self.standbys[*at].received()).expect("a standby");
        self.promote(furthest);
        self.standbys[0].follow(self.primary());
        self.await_standbys(1);
    }

    /// Makes this standby the primary, whatever it lacks.
    pub fn promote(&mut self, standby: usize) {
        let promoted = self.standbys.remove(standby);
        promoted.promote();
        self.standbys.extend(self.postgres.replace(promoted));
    }
}
