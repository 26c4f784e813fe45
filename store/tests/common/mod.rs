//! Both databases, new and empty: a SQLite file, and a private Postgres that ends with the test.

mod postgres;

use postgres::Server;
use store::ledger::{Db, MunicipalityRow, ProgrammeRow};
use uuid::Uuid;

/// A database that lasts as long as this value.
pub struct Fresh {
    pub name: &'static str,
    pub db: Db,
    _folder: Option<tempfile::TempDir>,
    server: Option<Server>,
}

impl Fresh {
    /// Connections of the one who owns the tables.
    pub async fn pool(&self) -> sqlx::PgPool {
        sqlx::PgPool::connect(&self.server().url()).await.unwrap()
    }

    /// The server that holds it.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a Postgres")
    }
}

async fn postgres() -> Fresh {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap().everything();
    Fresh { name: "postgres", db, _folder: None, server: Some(server) }
}

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(&folder.path().join("ledger.db")).await.unwrap();
    Fresh { name: "sqlite", db, _folder: Some(folder), server: None }
}

/// Both, migrated.
pub async fn both() -> Vec<Fresh> {
    let both = vec![sqlite().await, postgres().await];
    for fresh in &both {
        fresh.db.migrate().await.unwrap();
        fresh.db.migrate().await.unwrap();
    }
    both
}

/// A municipality and a programme without limits whose links wait a minute.
pub async fn town(db: &Db, municipality: Uuid, programme: Uuid) {
    let town = MunicipalityRow {
        id: municipality,
        name: "Comune".to_owned(),
        help_phone: "0".to_owned(),
        help_email: "a@example.org".to_owned(),
        ..MunicipalityRow::default()
    };
    db.add_municipality(&town, 1).await.unwrap();
    let row = ProgrammeRow {
        id: programme,
        municipality_id: municipality,
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
        link_delay_seconds: 60,
        rules_it: String::new(),
        rules_en: String::new(),
        rotating_qr: 0,
        created_at: 1,
    };
    db.add_programme(&row).await.unwrap();
}
