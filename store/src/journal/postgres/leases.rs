//! Leases beside the journal on Postgres: two small tables, changed by one statement at a time.

use super::session::Session;
use crate::journal::{JournalError, Leases, Member, Seen, Table};
use crate::postgres::PostgresServer;
use domain::ids::PartitionId;
use domain::record::NodeId;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

const CREATE: &str = "INSERT INTO journal.holder (partition) SELECT generate_series(0, $1 - 1)
    WHERE NOT EXISTS (SELECT FROM journal.holder) ON CONFLICT DO NOTHING";
const COUNT: &str = "SELECT count(*) FROM journal.holder";
const BEAT: &str =
    "INSERT INTO journal.member AS known (name, node, beats, leaving, address) VALUES ($1, $2, 1, $3, $4)
    ON CONFLICT (name) DO UPDATE SET node = $2, beats = known.beats + 1, leaving = $3, address = $4
    WHERE known.node = $2 OR $5";
const MEMBERS: &str = "SELECT name, node, beats, leaving, address FROM journal.member";
const HOLDERS: &str = "SELECT partition, member FROM journal.holder";
const CLAIM: &str = "UPDATE journal.holder SET member = $2 WHERE partition = $1 AND member IS NOT DISTINCT FROM $3
    AND NOT EXISTS (SELECT FROM journal.member WHERE name = $3 AND beats <> $4)";
const RELEASE: &str = "UPDATE journal.holder SET member = NULL WHERE partition = $1 AND member = $2";
const LEAVE: &str = "WITH gone AS (DELETE FROM journal.member WHERE name = $1 AND node = $2 RETURNING name)
    UPDATE journal.holder SET member = NULL FROM gone WHERE member = gone.name";

/// A connection to the leases.
pub struct PostgresLeases {
    server: PostgresServer,
    session: Option<Session>,
}

impl PostgresLeases {
    /// Connects once it is asked for something.
    #[must_use]
    pub const fn new(server: PostgresServer) -> Self {
        Self { server, session: None }
    }

    fn ask<T: Send>(
        &mut self,
        act: impl AsyncFnOnce(&Client) -> Result<T, JournalError> + Send,
    ) -> Result<T, JournalError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let mut session = Session::connect(&self.server)?;
                session.prepare(true, [])?;
                session
            }
        };
        let answer = session.ask(act);
        if answer.is_ok() {
            self.session = Some(session);
        }
        answer
    }
}

/// A node's number, whose bits the table keeps in a signed one.
const fn stored(node: NodeId) -> i64 {
    node.0.cast_signed()
}

fn seen(row: &Row) -> Result<Seen, JournalError> {
    let member = Member {
        name: row.try_get(0)?,
        node: NodeId(row.try_get::<_, i64>(1)?.cast_unsigned()),
        leaving: row.try_get(3)?,
        address: row.try_get(4)?,
    };
    Ok(Seen { member, beats: row.try_get::<_, i64>(2)?.unsigned_abs() })
}

fn holder(row: &Row) -> Result<(PartitionId, Option<String>), JournalError> {
    let partition: i32 = row.try_get(0)?;
    let partition = u16::try_from(partition)
        .map_err(|_| JournalError::Corrupt(format!("there is a lease of a partition {partition}")))?;
    Ok((PartitionId(partition), row.try_get(1)?))
}

impl Leases for PostgresLeases {
    fn create(&mut self, count: u16) -> Result<u16, JournalError> {
        self.ask(async |client| {
            client.execute(CREATE, &[&i32::from(count)]).await?;
            let count: i64 = client.query_one(COUNT, &[]).await?.try_get(0)?;
            Ok(u16::try_from(count).unwrap_or(u16::MAX))
        })
    }

    fn beat(&mut self, me: &Member, first: bool) -> Result<bool, JournalError> {
        self.ask(async |client| {
            let row = [&me.name as &(dyn ToSql + Sync), &stored(me.node), &me.leaving, &me.address, &first];
            Ok(client.execute(BEAT, &row).await? == 1)
        })
    }

    fn table(&mut self) -> Result<Table, JournalError> {
        self.ask(async |client| {
            let members = client.query(MEMBERS, &[]).await?;
            let holders = client.query(HOLDERS, &[]).await?;
            let members = members.iter().map(|row| seen(row).map(|seen| (seen.member.name.clone(), seen)));
            Ok(Table {
                members: members.collect::<Result<_, JournalError>>()?,
                holders: holders.iter().map(holder).collect::<Result<_, _>>()?,
            })
        })
    }

    fn claim(&mut self, partition: PartitionId, me: &str, from: Option<&Seen>) -> Result<bool, JournalError> {
        let name = from.map(|from| from.member.name.as_str());
        let beats = from.map_or(0, |from| i64::try_from(from.beats).unwrap_or(i64::MAX));
        self.ask(async |client| Ok(client.execute(CLAIM, &[&i32::from(partition.0), &me, &name, &beats]).await? == 1))
    }

    fn release(&mut self, partition: PartitionId, me: &str) -> Result<(), JournalError> {
        self.ask(async |client| {
            client.execute(RELEASE, &[&i32::from(partition.0), &me]).await?;
            Ok(())
        })
    }

    fn leave(&mut self, me: &Member) -> Result<(), JournalError> {
        self.ask(async |client| {
            client.execute(LEAVE, &[&me.name, &stored(me.node)]).await?;
            Ok(())
        })
    }
}
