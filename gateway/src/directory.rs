//! Municipalities, programmes, shops and terminals in memory: a redemption asks no database who
//! is allowed to make it. The whole is replaced at every change, so a shop suspended a second ago
//! is refused.

use crate::state::LEDGER_PATIENCE;
use domain::cents::Cents;
use domain::voucher::Terms;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::ledger::{self, Db, Error, MunicipalityRow, ProgrammeRow, ShopRow, within};
use uuid::Uuid;

/// How long reading all of it may take; whoever needs what is new waits meanwhile.
const READING: Duration = Duration::from_secs(30);

/// A shop's till.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// Its id.
    pub id: Uuid,
    /// What the shop calls it.
    pub label: String,
    /// Its shop.
    pub shop: Arc<ShopRow>,
}

/// Everything at one moment.
#[derive(Default)]
pub struct Snapshot {
    /// Which moment that was: the ledger counts every change.
    version: i64,
    /// By id.
    pub municipalities: HashMap<Uuid, MunicipalityRow>,
    /// By id.
    pub programmes: HashMap<Uuid, ProgrammeRow>,
    /// By id.
    pub shops: HashMap<Uuid, Arc<ShopRow>>,
    /// In the order of their names.
    pub shops_by_name: Vec<Arc<ShopRow>>,
    /// By the hash of their token.
    pub terminals: HashMap<[u8; 32], Arc<Terminal>>,
    /// By id.
    pub terminal_labels: HashMap<Uuid, String>,
}

fn cents(value: Option<i64>) -> Option<Cents> {
    value.and_then(Cents::new)
}

impl Snapshot {
    fn new(rows: ledger::Directory) -> Self {
        let shops_by_name: Vec<_> = rows.shops.into_iter().map(Arc::new).collect();
        let shops: HashMap<_, _> = shops_by_name.iter().map(|shop| (shop.id, Arc::clone(shop))).collect();
        let mut snapshot = Self {
            municipalities: rows.municipalities.into_iter().map(|row| (row.id, row)).collect(),
            programmes: rows.programmes.into_iter().map(|row| (row.id, row)).collect(),
            shops,
            shops_by_name,
            ..Self::default()
        };
        for row in rows.terminals {
            let (Some(shop), Ok(hash)) = (snapshot.shops.get(&row.shop_id), row.token_hash.try_into()) else {
                continue;
            };
            snapshot.terminal_labels.insert(row.id, row.label.clone());
            let terminal = Terminal { id: row.id, label: row.label, shop: Arc::clone(shop) };
            snapshot.terminals.insert(hash, Arc::new(terminal));
        }
        snapshot
    }

    /// What a shop may take from vouchers of a programme at this moment.
    #[must_use]
    pub fn terms(&self, programme: Uuid, shop: &ShopRow) -> Terms {
        let Some(programme) = self.programmes.get(&programme) else {
            return Terms { programme_active: false, ..Terms::OPEN };
        };
        Terms {
            shop_enabled: shop.status == "enabled" && shop.municipality_id == programme.municipality_id,
            programme_active: programme.status == "active",
            per_redemption_max: cents(programme.per_redemption_max_cents),
            per_day_max: cents(programme.per_day_max_cents),
            per_day_count_max: programme.per_day_count_max.and_then(|count| u32::try_from(count).ok()),
            pin_above: cents(programme.pin_above_cents),
        }
    }
}

async fn version(db: &Db) -> Result<i64, Error> {
    within(LEDGER_PATIENCE, db.directory_version()).await
}

/// The version comes first: what changes in between is read again, and never missed.
async fn read(db: &Db) -> Result<Snapshot, Error> {
    let version = version(db).await?;
    Ok(Snapshot { version, ..Snapshot::new(within(READING, db.directory()).await?) })
}

/// The latest snapshot, for everyone.
pub struct Directory {
    db: Db,
    latest: arc_swap::ArcSwap<Snapshot>,
    /// One reads at a time: otherwise a slow reader could put what it read before a change in the place of what
    /// was read after it.
    reading: tokio::sync::Mutex<()>,
}

impl Directory {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn load(db: &Db) -> Result<Self, Error> {
        let latest = arc_swap::ArcSwap::from_pointee(read(db).await?);
        Ok(Self { db: db.clone(), latest, reading: tokio::sync::Mutex::default() })
    }

    /// Reads it again if another process has changed something.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn refresh(&self) -> Result<(), Error> {
        if version(&self.db).await? == self.latest.load().version { Ok(()) } else { self.reload().await }
    }

    /// Reads it again; whoever changed something calls this before answering.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reload(&self) -> Result<(), Error> {
        let _alone = self.reading.lock().await;
        self.latest.store(Arc::new(read(&self.db).await?));
        Ok(())
    }

    /// The latest that holds what the caller needs: read again where it does not, since another process
    /// may have added it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn knowing(&self, known: impl Fn(&Snapshot) -> bool) -> Result<Arc<Snapshot>, Error> {
        let now = self.now();
        if known(&now) {
            return Ok(now);
        }
        self.reload().await?;
        Ok(self.now())
    }

    /// The latest.
    #[must_use]
    pub fn now(&self) -> Arc<Snapshot> {
        self.latest.load_full()
    }

    /// The terminal with this token.
    #[must_use]
    pub fn terminal(&self, token_hash: &[u8; 32]) -> Option<Arc<Terminal>> {
        self.latest.load().terminals.get(token_hash).cloned()
    }

    /// What a shop may take from vouchers of a programme at this moment.
    #[must_use]
    pub fn terms(&self, programme: Uuid, shop: &ShopRow) -> Terms {
        let snapshot = self.latest.load();
        // the terminal may have been looked up before its shop changed
        let shop = snapshot.shops.get(&shop.id).map_or(shop, AsRef::as_ref);
        snapshot.terms(programme, shop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Others read again and again meanwhile, as the watch over the ledger does.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn what_was_read_before_a_change_does_not_replace_what_was_read_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap();
        db.migrate().await.unwrap();
        let (directory, stop) = (Arc::new(Directory::load(&db).await.unwrap()), Arc::new(AtomicBool::new(false)));
        let others: Vec<_> = (0..3)
            .map(|_| {
                let (directory, stop) = (Arc::clone(&directory), Arc::clone(&stop));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        directory.reload().await.unwrap();
                    }
                })
            })
            .collect();
        for at in 1..=100 {
            let id = Uuid::from_u128(at);
            let town = MunicipalityRow { id, name: "Comune".into(), ..MunicipalityRow::default() };
            db.add_municipality(&town, 1).await.unwrap();
            directory.reload().await.unwrap();
            for _ in 0..50 {
                assert!(directory.now().municipalities.contains_key(&id), "change {at} was forgotten again");
                tokio::task::yield_now().await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        for other in others {
            other.await.unwrap();
        }
    }
}
