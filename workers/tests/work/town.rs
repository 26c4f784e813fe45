//! A ledger of its own, vouchers that are decided as the engine decides, and a clock that the test sets.

use domain::cents::Cents;
use domain::clock::{Clock, Timestamp};
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId, derived};
use domain::keys::{OpKey, RequestHash};
use domain::record::{Body, NodeId};
use domain::voucher::{
    Action, Command, Credential, Decision, Entry, Origin, Refusal, Terms, Voucher, decide, due_release,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use store::journal::{Apart, Batch, Head, Journal, MemoryJournal};
use store::ledger::{Db, HolderRow, MunicipalityRow, NewHolder, ProgrammeRow};
use store::seal::Sealed;
use uuid::Uuid;

pub const TOWN: Uuid = Uuid::from_u128(4);
pub const PROGRAMME: Uuid = Uuid::from_u128(5);
pub const IMPORT: Uuid = Uuid::from_u128(6);

/// A clock that stands still until the test moves it.
#[derive(Default)]
pub struct Wall(AtomicI64);

impl Wall {
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), SeqCst);
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }
}

pub fn voucher(number: u128) -> VoucherId {
    VoucherId::new(Uuid::from_u128(number))
}

pub fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

pub fn command(key: OpKey, origin: Origin, action: Action) -> Command {
    let operation = OperationId::new(derived(Uuid::from_bytes(key.0), "operation", 0));
    Command { operation, origin, key, request_hash: RequestHash::of(&[&key.0]), action }
}

/// One partition of a town: its journal, its vouchers in memory, and the ledger.
pub struct Town {
    pub db: Db,
    pub journal: MemoryJournal,
    pub partition: PartitionId,
    pub head: Head,
    vouchers: HashMap<VoucherId, Voucher>,
    requests: u128,
}

impl Town {
    /// A connection that reads its journal.
    pub fn reader(&self) -> Apart<dyn Journal> {
        Apart::new(Box::new(self.journal.clone()))
    }
}

/// A new ledger in a folder that must outlive it.
pub async fn ledger(folder: &tempfile::TempDir) -> Db {
    let db = Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap();
    settle(&db).await;
    db
}

/// The town and its programme, in a ledger that is new.
pub async fn settle(db: &Db) {
    db.migrate().await.unwrap();
    let help = "0".to_owned();
    let town = MunicipalityRow {
        id: TOWN,
        name: "Comune".to_owned(),
        help_phone: help.clone(),
        help_email: help,
        ..MunicipalityRow::default()
    };
    db.add_municipality(&town, 1).await.unwrap();
    let programme = ProgrammeRow {
        id: PROGRAMME,
        municipality_id: TOWN,
        name: "Buoni spesa".to_owned(),
        status: "active".to_owned(),
        budget_cents: i64::MAX,
        valid_from: 1,
        expires_at: i64::MAX,
        per_redemption_max_cents: None,
        per_day_max_cents: None,
        per_day_count_max: None,
        pin_above_cents: None,
        hold_seconds: 600,
        message_after_purchase: 1,
        link_delay_seconds: 0,
        rules_it: String::new(),
        rules_en: String::new(),
        rotating_qr: 0,
        created_at: 1,
    };
    db.add_programme(&programme).await.unwrap();
}

/// Holders of vouchers with these numbers, who read SMS; all from one import.
pub async fn holders(db: &Db, numbers: impl Iterator<Item = u128>) {
    let holder = |number: u128| NewHolder {
        holder: HolderRow {
            voucher_id: Uuid::from_u128(number),
            municipality_id: TOWN,
            person_id: Uuid::from_u128(1_000_000 + number),
            import_id: Some(IMPORT),
            reference: format!("case {number}"),
            channel: "sms".to_owned(),
            household: None,
            minors: None,
            initials: "M.R.".to_owned(),
        },
        programme_id: PROGRAMME,
        language: "it".to_owned(),
        tax_index: None,
        phone_index: None,
        email_index: None,
        sealed: Sealed { wrapped_key: vec![1], sealed: vec![2] },
        codes: [("code", (2 * number).to_be_bytes()), ("token", (2 * number + 1).to_be_bytes())],
    };
    db.add_holders(&numbers.map(holder).collect::<Vec<_>>(), 1).await.unwrap();
}

impl Town {
    pub fn new(db: Db, partition: PartitionId) -> Self {
        let mut journal = MemoryJournal::default();
        journal.create(partition).unwrap();
        let head = journal.open(partition, NodeId(1), 0, Timestamp::from_micros(1)).unwrap().head;
        Self { db, journal, partition, head, vouchers: HashMap::new(), requests: 0 }
    }

    /// Decides as the engine does: holds that timed out go first.
    pub fn decide(&mut self, id: VoucherId, command: &Command, now: Timestamp) -> Result<(), Refusal> {
        self.look(id, now);
        let state = self.vouchers.entry(id).or_insert_with(|| Voucher::new(id));
        match decide(state, command, now) {
            Decision::Record(entry) => self.record(&[entry]),
            Decision::Refuse(refusal) => return Err(refusal),
            Decision::Known(_) | Decision::Unchanged => {}
        }
        Ok(())
    }

    /// Lets go of the holds that timed out.
    pub fn look(&mut self, id: VoucherId, now: Timestamp) {
        while let Some(entry) = self.vouchers.get(&id).and_then(|state| due_release(state, now)) {
            self.record(&[entry]);
        }
    }

    /// Appends facts as one batch, whether they can be or not.
    pub fn record(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Some(state) = self.vouchers.get_mut(&entry.voucher) {
                state.apply(entry).unwrap();
            }
        }
        self.append(entries);
    }

    /// The same without looking at the vouchers.
    pub fn append(&mut self, entries: &[Entry]) {
        let bodies = entries.iter().map(|entry| Body::Entry(*entry));
        let batch = Arc::new(Batch::encode(self.head.epoch, &self.head, bodies));
        self.journal.append(self.partition, self.head.seq, &batch).unwrap();
        self.head = batch.head();
    }

    /// Asks under a new key.
    pub fn act(&mut self, number: u128, action: Action, now: Timestamp) -> Result<(), Refusal> {
        self.requests += 1;
        let key = OpKey::of(Uuid::from_u128(u128::from(self.partition.0)), &self.requests.to_string());
        let origin =
            Origin::Till { shop: ShopId::new(Uuid::from_u128(1)), terminal: TerminalId::new(Uuid::from_u128(2)) };
        self.decide(voucher(number), &command(key, origin, action), now)
    }

    pub fn issue(&mut self, number: u128, amount: i64, expires_at: Timestamp) {
        let action = Action::Issue {
            municipality: MunicipalityId::new(TOWN),
            programme: ProgrammeId::new(PROGRAMME),
            amount: cents(amount),
            valid_from: Timestamp::EPOCH,
            expires_at,
            pin: None,
        };
        self.act(number, action, Timestamp::from_micros(1_000)).unwrap();
    }

    pub fn redeem(&mut self, number: u128, amount: i64, now: Timestamp) {
        let credential = Credential { generation: 1, pin: None };
        self.act(number, Action::Redeem { amount: cents(amount), credential, terms: Terms::OPEN }, now).unwrap();
    }

    /// Brings the ledger up to date, as the projector does.
    pub async fn project(&mut self) {
        let from = self.db.checkpoint(self.partition).await.unwrap();
        let batches = self.journal.read(self.partition, from.seq + 1, usize::MAX).unwrap();
        if !batches.is_empty() {
            self.db.project(self.partition, &from, &batches).await.unwrap();
        }
    }

    /// All facts of a voucher that are in the journal.
    pub fn facts(&mut self, number: u128) -> Vec<Entry> {
        let batches = self.journal.read(self.partition, 1, usize::MAX).unwrap();
        let records = batches.iter().flat_map(|batch| batch.records());
        let entries = records.filter_map(|record| match record.body {
            Body::Entry(entry) => Some(entry),
            Body::Open { .. } => None,
        });
        entries.filter(|entry| entry.voucher == voucher(number)).collect()
    }
}
