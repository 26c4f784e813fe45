//! New stores of every kind, and what is written to them.

use super::certificates::{Certificates, NAME};
use super::postgres::Server;
use super::redis::server::{PATIENT, encrypted, ready};
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{Entry, Event, Origin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::journal::{Batch, Head, Journal, MemoryJournal, PostgresJournal, RedisJournal, RedisServer, SqliteJournal};
use store::postgres::PostgresServer;
use store::tls::Authorities;
use uuid::Uuid;

pub const P: PartitionId = PartitionId(0);
pub const NODE: NodeId = NodeId(1);
pub const AT: Timestamp = Timestamp::from_micros(1);

/// The `seq`-th fact as whoever has this mark writes it.
fn body(seq: u64, mark: u8) -> Body {
    Body::Entry(Entry {
        voucher: VoucherId::new(Uuid::from_u128(1)),
        voucher_seq: seq,
        municipality: MunicipalityId::new(Uuid::from_u128(2)),
        operation: OperationId::new(Uuid::from_u128(u128::from(seq))),
        origin: Origin::Till { shop: ShopId::new(Uuid::from_u128(3)), terminal: TerminalId::new(Uuid::from_u128(4)) },
        key: OpKey([seq as u8; 16]),
        request_hash: RequestHash([mark; 16]),
        decided_at: Timestamp::from_micros(seq as i64),
        balance_after: Cents::new(10).unwrap(),
        held_after: Cents::ZERO,
        event: Event::Redeem { amount: Cents::new(5).unwrap() },
    })
}

pub fn batch(head: &Head, count: u64) -> Arc<Batch> {
    marked(head, count, 0)
}

/// A batch that no other mark's is equal to.
pub fn marked(head: &Head, count: u64, mark: u8) -> Arc<Batch> {
    Arc::new(Batch::encode(head.epoch, head, (1..=count).map(|at| body(head.seq + at, mark))))
}

/// The journal as somebody reads it who believes nothing: from its first record to its end, every
/// batch behind the one before.
pub fn replay(journal: &mut dyn Journal) -> Vec<Arc<Batch>> {
    let (end, mut at, mut all) = (journal.head(P).unwrap(), Head::START, Vec::new());
    while at.seq < end.seq {
        let read = journal.read(P, at.seq + 1, 64 << 10).unwrap();
        assert!(!read.is_empty(), "record {} is missing", at.seq + 1);
        for batch in read {
            batch.follows(&at).unwrap();
            at = batch.head();
            all.push(batch);
        }
    }
    assert_eq!(at, end);
    all
}

/// A store that lasts as long as this value, and any number of connections to it.
pub struct Store {
    pub name: &'static str,
    connect: Box<dyn Fn() -> Box<dyn Journal> + Sync>,
    _folder: Option<tempfile::TempDir>,
    _server: Option<Server>,
}

impl Store {
    pub fn connect(&self) -> Box<dyn Journal> {
        (self.connect)()
    }
}

/// Each kind of store, new and empty.
pub fn each_store(test: impl Fn(&Store)) {
    let memory = MemoryJournal::default();
    test(&Store { name: "memory", connect: Box::new(move || Box::new(memory.clone())), _folder: None, _server: None });
    let (folder, path) = journal_file();
    let connect = Box::new(move || Box::new(SqliteJournal::open(&path).unwrap()) as Box<dyn Journal>);
    test(&Store { name: "sqlite", connect, _folder: Some(folder), _server: None });
    let server = migrated(&[]);
    let at = server.url().parse().unwrap();
    let connect = Box::new(move || Box::new(PostgresJournal::open(&at).unwrap()) as Box<dyn Journal>);
    test(&Store { name: "postgres", connect, _folder: None, _server: Some(server) });
    for server in ready() {
        let name = server.name;
        // the server lasts as long as whoever can connect to it
        let connect = Box::new(move || Box::new(server.journal()) as Box<dyn Journal>);
        test(&Store { name, connect, _folder: None, _server: None });
    }
    each_encrypted(test);
}

/// The servers again, reached with TLS.
fn each_encrypted(test: impl Fn(&Store)) {
    let certificates = Certificates::new();
    let trusted = Authorities::with_file(&certificates.authority()).unwrap();
    let server = migrated(&[]);
    server.encrypt(&certificates.certificate(), &certificates.key());
    let at = PostgresServer::parse(&encrypted_url(&server), &trusted).unwrap();
    let connect = Box::new(move || Box::new(PostgresJournal::open(&at).unwrap()) as Box<dyn Journal>);
    test(&Store { name: "postgres over TLS", connect, _folder: None, _server: Some(server) });
    let (server, port) = encrypted(&certificates);
    let url = format!("rediss://{}{NAME}:{port}", server.login());
    let at = RedisServer::parse(&url, &trusted).unwrap().with_time_outs(PATIENT, PATIENT);
    let name = server.name;
    let connect = Box::new(move || {
        let _server = &server;
        Box::new(RedisJournal::open(&at).unwrap()) as Box<dyn Journal>
    });
    test(&Store { name, connect, _folder: None, _server: None });
}

/// How a Postgres that speaks TLS is reached so.
pub fn encrypted_url(server: &Server) -> String {
    format!("{}?sslmode=verify-full", server.url().replace("127.0.0.1", NAME))
}

/// Two connections to each kind of store.
pub fn each(test: impl Fn(&mut dyn Journal, &mut dyn Journal)) {
    each_store(|store| test(store.connect().as_mut(), store.connect().as_mut()));
}

/// Where a journal's file may be, in a folder of its own.
pub fn journal_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    (folder, path)
}

/// A private Postgres with the journal's tables.
pub fn migrated(settings: &[&str]) -> Server {
    let server = Server::start(settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // again changes nothing
    for _ in 0..2 {
        runtime.block_on(PostgresJournal::migrate(&server.url().parse().unwrap())).unwrap();
    }
    server
}

/// A journal of so many batches of three records behind its opening.
pub fn written(path: &Path, batches: u64) -> SqliteJournal {
    let mut journal = SqliteJournal::open(path).unwrap();
    write(&mut journal, batches);
    journal
}

/// Opens an empty journal and appends so many batches of three records; gives its end.
pub fn write(journal: &mut dyn Journal, batches: u64) -> Head {
    journal.create(P).unwrap();
    let mut head = journal.open(P, NODE, 0, AT).unwrap().head;
    for _ in 0..batches {
        let next = batch(&head, 3);
        journal.append(P, head.seq, &next).unwrap();
        head = next.head();
    }
    head
}
