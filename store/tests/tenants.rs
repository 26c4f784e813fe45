//! Row-level security: nobody sees another municipality's rows, whatever the statement says.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "common/postgres.rs"]
mod postgres;

use postgres::Server;
use store::ledger::{AuditRow, Db, Error, MunicipalityRow, UserRow};
use uuid::Uuid;

const TOWNS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];
/// Every table that has rows of municipalities, and what their rows hold in the column that says whose.
const TABLES: [&str; 19] = [
    "app_user",
    "audit",
    "claim",
    "claim_line",
    "claim_note",
    "holder",
    "import",
    "municipality",
    "operation",
    "outbox",
    "person",
    "programme",
    "shift",
    "shop",
    "staff",
    "statement_request",
    "ticket",
    "voucher",
    "voucher_code",
];

/// Two municipalities with one row in each table, by whatever means.
async fn two_towns() -> (Server, Db) {
    let server = Server::start(&[]);
    let db = Db::connect_postgres(&server.url().parse().unwrap()).await.unwrap();
    db.migrate().await.unwrap();
    for (town, id) in [("uno", TOWNS[0]), ("due", TOWNS[1])] {
        let row = MunicipalityRow { id, name: town.into(), ..MunicipalityRow::default() };
        db.everything().add_municipality(&row, 1).await.unwrap();
        // a value of the right type in every column, the town's id in each that is one
        server.sql(&format!(
            "DO $$ DECLARE t TEXT; columns TEXT; BEGIN
                FOREACH t IN ARRAY ARRAY['programme', 'shop', 'person', 'import', 'holder', 'voucher_code', 'voucher',
                    'operation', 'outbox', 'claim', 'claim_line', 'claim_note', 'statement_request', 'audit', 'app_user', 'enrolment',
                    'terminal', 'staff', 'shift', 'ticket'] LOOP
                    SELECT string_agg(CASE format_type(atttypid, NULL) WHEN 'uuid' THEN quote_literal('{id}') || '::uuid'
                        WHEN 'bytea' THEN quote_literal('{town}') || '::bytea' WHEN 'text' THEN quote_literal('{town}')
                        ELSE '1' END, ', ' ORDER BY attnum) INTO columns
                    FROM pg_attribute WHERE attrelid = t::regclass AND attnum > 0;
                    EXECUTE format('INSERT INTO %I VALUES (%s)', t, columns);
                END LOOP;
            END $$"
        ));
    }
    (server, db)
}

/// What the application's role sees of a table within a scope.
fn seen(server: &Server, scope: &str, statement: &str) -> String {
    server.sql(&format!("SET ROLE buono_app; SET buono.municipality = '{scope}'; {statement}"))
}

#[tokio::test]
async fn a_statement_that_forgot_whose_rows_it_wants_gets_those_of_its_town() {
    let (server, db) = two_towns().await;
    for table in TABLES {
        let count = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(seen(&server, "", &count), "0", "{table}: nobody said whose");
        assert_eq!(seen(&server, "all", &count), "2", "{table}");
        let mine = if table == "municipality" { "id" } else { "municipality_id" };
        let whose = format!("SELECT string_agg(DISTINCT {mine}::text, ' ') FROM {table}");
        for town in TOWNS {
            assert_eq!(seen(&server, &town.to_string(), &whose), town.to_string(), "{table}");
        }
    }
    for table in ["enrolment", "terminal"] {
        let whose = format!("SELECT string_agg(shop_id::text, ' ') FROM {table}");
        assert_eq!(seen(&server, &TOWNS[0].to_string(), &whose), TOWNS[0].to_string(), "{table}");
        assert_eq!(seen(&server, "", &whose), "", "{table}");
    }
    // the handles of the store, whose statements here name another's row
    let [mine, yours] = TOWNS.map(|town| db.for_municipality(town));
    assert!(mine.holder(TOWNS[0]).await.is_ok() && yours.holder(TOWNS[1]).await.is_ok());
    for stranger in [&mine, &db] {
        assert!(matches!(stranger.holder(TOWNS[1]).await, Err(Error::NotFound)));
        assert!(matches!(stranger.operation(TOWNS[1]).await, Err(Error::NotFound)));
        assert!(stranger.voucher_operations(TOWNS[1], 0, 10).await.unwrap().is_empty());
    }
    assert_eq!(db.everything().directory().await.unwrap().shops.len(), 2);
    assert_eq!(mine.directory().await.unwrap().shops.len(), 1);
    assert!(db.directory().await.unwrap().municipalities.is_empty());
}

#[tokio::test]
async fn nobody_changes_what_is_anothers() {
    let (server, db) = two_towns().await;
    let changes = [
        ("UPDATE shop SET name = 'mine'", "SELECT name FROM shop ORDER BY id"),
        ("DELETE FROM terminal", "SELECT COUNT(*) FROM terminal"),
        ("UPDATE app_user SET role = 'operator'", "SELECT role FROM app_user ORDER BY id"),
    ];
    for (change, _) in changes {
        seen(&server, &TOWNS[0].to_string(), change);
    }
    let left = changes.map(|(_, look)| server.sql(look));
    assert_eq!(left, ["mine\ndue", "1", "operator\ndue"]);
    // nor brings rows into another's town, or moves its own there
    let mine = db.for_municipality(TOWNS[0]);
    let spy = UserRow {
        id: Uuid::from_u128(9),
        municipality_id: Some(TOWNS[1]),
        email: "spia".into(),
        role: "clerk".into(),
        password_hash: String::new(),
        totp_sealed: None,
        disabled: 0,
    };
    assert!(matches!(mine.add_user(&spy, 1).await, Err(Error::Database(_))));
    assert!(db.add_user(&spy, 1).await.is_err(), "nobody said whose");
    assert!(mine.add_user(&UserRow { municipality_id: Some(TOWNS[0]), ..spy }, 1).await.is_ok());
    // whom a town locks out is out for good, and not those of another
    let all = db.everything();
    all.add_user_session(b"cookie", Uuid::from_u128(9), i64::MAX).await.unwrap();
    assert!(matches!(mine.set_user_disabled(Some(TOWNS[1]), Uuid::from_u128(9), true).await, Err(Error::NotFound)));
    assert!(all.user_session(b"cookie", 1).await.is_ok());
    for disabled in [true, false] {
        mine.set_user_disabled(Some(TOWNS[0]), Uuid::from_u128(9), disabled).await.unwrap();
        let session = all.user_session(b"cookie", 1).await;
        assert!(matches!(session, Err(Error::NotFound)), "disabled: {disabled}, {session:?}");
    }
    // a call in a town leaves nothing behind for the next that uses its connection
    assert_eq!(db.users(Some(TOWNS[0]), Uuid::nil(), 10).await.unwrap().len(), 0);
    // what happened cannot be changed even by those who see everything
    let audit = AuditRow {
        id: Uuid::from_u128(9),
        user_id: None,
        action: "x".into(),
        target: "x".into(),
        detail: "{}".into(),
        at: 1,
    };
    mine.add_audit(Some(TOWNS[0]), &audit).await.unwrap();
    // what belongs to no town is the operators' to read
    all.add_audit(None, &AuditRow { id: Uuid::from_u128(10), ..audit }).await.unwrap();
    let of_nobody = async |db: &Db| db.audit(None, Uuid::max(), 10).await.unwrap().len();
    assert_eq!((of_nobody(&all).await, of_nobody(&mine).await, of_nobody(&db).await), (1, 0, 0));
    for change in [
        "DELETE FROM audit",
        "UPDATE operation SET amount_cents = 0",
        "DELETE FROM operation",
        "DELETE FROM claim",
        "UPDATE claim_line SET amount_cents = 0",
        "DELETE FROM claim_line",
        "DELETE FROM claim_note",
        "DROP TABLE shop",
    ] {
        let tried = server
            .psql()
            .args(["-c", &format!("SET ROLE buono_app; SET buono.municipality = 'all'; {change}")])
            .output()
            .unwrap();
        assert!(!tried.status.success(), "{change}");
    }
}

#[tokio::test]
async fn a_role_for_whom_the_rules_do_not_hold_is_named() {
    let (server, db) = two_towns().await;
    assert!(db.leaks().await.unwrap().is_empty(), "{:?}", db.leaks().await);
    // an address that logs in as somebody who is not the owner serves as well, once the tables are there
    server.sql("CREATE ROLE server LOGIN; GRANT buono_app TO server");
    let as_server = server.url().replace("postgres@", "server@");
    let serving = Db::connect_postgres(&as_server.parse().unwrap()).await.unwrap();
    serving.migrate().await.unwrap();
    assert!(serving.leaks().await.unwrap().is_empty());
    assert!(serving.for_municipality(TOWNS[0]).holder(TOWNS[0]).await.is_ok());
    let cases = [
        ("ALTER ROLE buono_app BYPASSRLS", "BYPASSRLS"),
        ("ALTER ROLE buono_app NOBYPASSRLS; ALTER ROLE buono_app SUPERUSER", "a superuser"),
        ("ALTER ROLE buono_app NOSUPERUSER; ALTER TABLE outbox OWNER TO buono_app", "owns the table outbox"),
        ("ALTER TABLE outbox OWNER TO postgres; ALTER TABLE voucher NO FORCE ROW LEVEL SECURITY", "rows of voucher"),
    ];
    for (change, complaint) in cases {
        server.sql(change);
        let found = db.leaks().await.unwrap();
        assert!(found.len() == 1 && found[0].contains(complaint), "{complaint}: {found:?}");
    }
}
