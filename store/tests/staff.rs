//! Who is at a till, on both databases: shifts follow each other whatever the clocks say, and PINs cannot be tried out.
//! And what a shop asks for in its tills' and people's names.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "other tests look at the server itself")]
mod common;

use store::ledger::{
    AtTill, Db, Error, NewShift, NewShop, ShopRow, StaffRow, StatementRequest, TerminalRow, TicketRow, TicketState,
    Whose,
};
use store::seal::Sealed;
use uuid::Uuid;

const TOWN: Uuid = Uuid::from_u128(4);
const SHOPS: [Uuid; 2] = [Uuid::from_u128(21), Uuid::from_u128(22)];
const TILLS: [Uuid; 2] = [Uuid::from_u128(31), Uuid::from_u128(32)];

fn card(number: u8) -> Sealed {
    Sealed { wrapped_key: vec![number], sealed: vec![number, number] }
}

fn person(number: u128) -> StaffRow {
    StaffRow {
        id: Uuid::from_u128(number),
        municipality_id: TOWN,
        shop_id: SHOPS[0],
        card: card(1),
        locked_until: None,
        created_at: 1,
        left_at: None,
    }
}

fn shift(number: u128, terminal: usize, staff: u128, now: i64) -> NewShift {
    NewShift { id: Uuid::from_u128(number), terminal: TILLS[terminal], staff: Uuid::from_u128(staff), now }
}

/// Two shops, the first with two tills, and people 1, 2 and 3.
async fn shops(db: &Db) {
    common::town(db, TOWN, Uuid::from_u128(5)).await;
    let shop = |id: Uuid| NewShop {
        shop: ShopRow {
            id,
            municipality_id: TOWN,
            reference: id.to_string(),
            name: "Bottega".to_owned(),
            legal_name: String::new(),
            category: String::new(),
            address: String::new(),
            postcode: String::new(),
            town: String::new(),
            province: String::new(),
            vat_number: String::new(),
            status: "enabled".to_owned(),
            sealed_through: None,
            lat_e6: None,
            lon_e6: None,
        },
        sealed: card(9),
        import_id: None,
    };
    db.add_shops(&SHOPS.map(shop), 1).await.unwrap();
    for (at, id) in (1..).zip(TILLS) {
        db.add_enrolment(&[at], SHOPS[0], 100).await.unwrap();
        let till = TerminalRow { id, shop_id: Uuid::nil(), label: "Cassa".to_owned(), token_hash: vec![at; 32] };
        db.enrol_terminal(&[at], &till, 2).await.unwrap();
    }
    for number in 1..=3 {
        db.add_staff(&person(number)).await.unwrap();
    }
}

/// Who is at a till, and since when.
async fn at(db: &Db, terminal: usize) -> Option<(u128, i64)> {
    db.at_till(TILLS[terminal]).await.unwrap().map(|AtTill { staff, from_at }| (staff.id.as_u128(), from_at))
}

#[tokio::test]
async fn one_is_at_a_till_at_a_time_whatever_the_clocks_say() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        assert_eq!(at(db, 0).await, None, "{name}");
        db.begin_shift(&shift(101, 0, 1, 10)).await.unwrap();
        db.begin_shift(&shift(102, 1, 1, 11)).await.unwrap();
        assert_eq!((at(db, 0).await, at(db, 1).await), (Some((1, 10)), Some((1, 11))), "{name}: at both tills");
        db.begin_shift(&shift(103, 0, 2, 20)).await.unwrap();
        assert_eq!((at(db, 0).await, at(db, 1).await), (Some((2, 20)), Some((1, 11))), "{name}");
        // a node whose clock is behind
        db.begin_shift(&shift(104, 0, 3, 15)).await.unwrap();
        assert_eq!(at(db, 0).await, Some((3, 20)), "{name}: not before the one before came");
        db.end_shift(TILLS[0], 12).await.unwrap();
        assert_eq!(at(db, 0).await, None, "{name}");
        db.begin_shift(&shift(105, 0, 1, 13)).await.unwrap();
        assert_eq!(at(db, 0).await, Some((1, 20)), "{name}: nor before the one before left");
        db.end_shift(TILLS[0], 30).await.unwrap();
        db.end_shift(TILLS[0], 31).await.unwrap();
        db.begin_shift(&shift(106, 0, 1, 25)).await.unwrap();
        assert_eq!(at(db, 0).await, Some((1, 30)), "{name}");
        let nobody = db.begin_shift(&shift(107, 0, 99, 40)).await;
        assert!(matches!(nobody, Err(Error::NotFound)), "{name}: {nobody:?}");
        assert_eq!(at(db, 0).await, Some((1, 30)), "{name}: whoever is there stays when nobody comes");
    }
}

#[tokio::test]
async fn whoever_leaves_the_shop_leaves_the_till_and_is_forgotten_where_there_is_nothing_to_remember() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        db.begin_shift(&shift(101, 0, 1, 10)).await.unwrap();
        db.begin_shift(&shift(102, 1, 1, 10)).await.unwrap();
        let foreign = StaffRow { shop_id: SHOPS[1], ..person(1) };
        assert!(matches!(db.remove_staff(&foreign, &card(7), 20).await, Err(Error::NotFound)), "{name}");
        db.remove_staff(&person(1), &card(7), 20).await.unwrap();
        assert_eq!((at(db, 0).await, at(db, 1).await), (None, None), "{name}");
        assert!(matches!(db.remove_staff(&person(1), &card(7), 21).await, Err(Error::NotFound)), "{name}: twice");
        assert!(matches!(db.staff_member(SHOPS[0], Uuid::from_u128(1)).await, Err(Error::NotFound)), "{name}");
        assert!(matches!(db.begin_shift(&shift(103, 0, 1, 30)).await, Err(Error::NotFound)), "{name}");
        db.remove_staff(&person(2), &card(7), 20).await.unwrap();
        let left = db.staff_of(SHOPS[0]).await.unwrap();
        let left: Vec<_> = left.iter().map(|row| (row.id.as_u128(), row.left_at, row.card == card(7))).collect();
        assert_eq!(left, [(1, Some(20), true), (3, None, false)], "{name}");
        assert!(db.staff_of(SHOPS[1]).await.unwrap().is_empty(), "{name}: another shop's");
    }
}

#[tokio::test]
async fn a_card_is_changed_by_whoever_has_seen_it() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        db.change_staff(&person(1), &card(2)).await.unwrap();
        let late = db.change_staff(&person(1), &card(3)).await;
        assert!(matches!(late, Err(Error::NotFound)), "{name}: {late:?}");
        assert_eq!(db.staff_member(SHOPS[0], Uuid::from_u128(1)).await.unwrap().card, card(2), "{name}");
        assert!(matches!(db.staff_member(SHOPS[1], Uuid::from_u128(1)).await, Err(Error::NotFound)), "{name}");
    }
}

#[tokio::test]
async fn five_wrong_pins_lock_for_a_while_and_a_right_one_forgets_them() {
    for fresh in common::both().await {
        let (db, name, who) = (&fresh.db, fresh.name, Uuid::from_u128(1));
        shops(db).await;
        let tried = async |now| db.try_pin(who, now, 5, now + 100).await.unwrap();
        for now in 1..=4 {
            assert!(tried(now).await, "{name}: {now}");
        }
        db.right_pin(who).await.unwrap();
        for now in 11..=15 {
            assert!(tried(now).await, "{name}: {now}");
        }
        for now in [15, 16, 114] {
            assert!(!tried(now).await, "{name}: {now}");
        }
        assert!(db.try_pin(Uuid::from_u128(2), 16, 5, 100).await.unwrap(), "{name}: others are not locked");
        // afterwards there are five again
        for now in 115..=119 {
            assert!(tried(now).await, "{name}: {now}");
        }
        assert!(!tried(120).await, "{name}");
        // the fifth was right after all
        db.right_pin(who).await.unwrap();
        assert!(tried(121).await, "{name}");
        assert!(!db.try_pin(Uuid::from_u128(99), 1, 5, 2).await.unwrap(), "{name}: nobody");
    }
}

#[tokio::test]
async fn many_tries_at_once_are_no_more_tries() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        let tries = (0..40).map(|_| db.try_pin(Uuid::from_u128(1), 10, 5, 20));
        let looked_at = futures_util::future::try_join_all(tries).await.unwrap();
        assert_eq!(looked_at.iter().filter(|looked_at| **looked_at).count(), 5, "{name}");
    }
}

#[tokio::test]
async fn a_ticket_is_its_shops_and_its_towns_and_answered_once() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        let ticket = |number: u128, shop: Uuid| TicketRow {
            id: Uuid::from_u128(number),
            municipality_id: TOWN,
            shop_id: shop,
            terminal_id: TILLS[0],
            operation_id: None,
            op_key: number.to_be_bytes().to_vec(),
            request_hash: vec![1],
            texts: card(1),
            created_at: i64::try_from(number).unwrap(),
            answered_at: None,
        };
        for (number, shop) in [(201, SHOPS[0]), (202, SHOPS[1]), (203, SHOPS[0])] {
            db.add_ticket(&ticket(number, shop)).await.unwrap();
        }
        let again = TicketRow { id: Uuid::from_u128(204), ..ticket(203, SHOPS[0]) };
        assert!(matches!(db.add_ticket(&again).await, Err(Error::Conflict)), "{name}: the same key");
        assert!(db.ticket_by_key(SHOPS[1], &again.op_key).await.unwrap().is_none(), "{name}: another shop's key");
        let ids = |rows: Vec<TicketRow>| rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>();
        assert_eq!(ids(db.tickets(SHOPS[0], Uuid::max(), 10).await.unwrap()), [203, 201], "{name}");
        assert_eq!(ids(db.tickets(SHOPS[0], Uuid::from_u128(203), 10).await.unwrap()), [201], "{name}");
        assert_eq!(db.tickets_since(SHOPS[0], 201).await.unwrap(), 1, "{name}");
        assert_eq!(db.open_tickets().await.unwrap(), 3, "{name}");
        let user = Uuid::from_u128(7);
        let asked = db.ticket(TOWN, Uuid::from_u128(202)).await.unwrap();
        assert!(matches!(db.ticket(SHOPS[0], asked.id).await, Err(Error::NotFound)), "{name}: another town's");
        db.answer_ticket(&asked, &card(2), user, 300).await.unwrap();
        assert!(matches!(db.answer_ticket(&asked, &card(3), user, 301).await, Err(Error::NotFound)), "{name}: twice");
        let answered = db.ticket(TOWN, asked.id).await.unwrap();
        assert_eq!((answered.texts, answered.answered_at), (card(2), Some(300)), "{name}");
        for (state, expected) in [
            (TicketState::Any, &[203, 202, 201][..]),
            (TicketState::Open, &[203, 201]),
            (TicketState::Answered, &[202]),
        ] {
            let found = ids(db.town_tickets(TOWN, state, Uuid::max(), 10).await.unwrap());
            assert_eq!(found, expected, "{name}: {state:?}");
        }
        assert!(db.town_tickets(SHOPS[0], TicketState::Any, Uuid::max(), 10).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_till_is_called_what_its_shop_called_it_also_when_it_is_gone() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        db.rename_terminal(TOWN, TILLS[1], "Banco").await.unwrap();
        db.revoke_terminal(TOWN, TILLS[1], 9).await.unwrap();
        for (shop, till, label) in [
            (SHOPS[0], TILLS[0], Some("Cassa")),
            (SHOPS[0], TILLS[1], Some("Banco")),
            (SHOPS[1], TILLS[0], None),
            (SHOPS[0], Uuid::from_u128(99), None),
        ] {
            assert_eq!(db.terminal_label(shop, till).await.unwrap().as_deref(), label, "{name}: {shop} {till}");
        }
    }
}

/// A list by mail that is due at 10.
fn request(number: u128, only_terminal_id: Option<Uuid>, only_staff: Whose) -> StatementRequest {
    StatementRequest {
        id: Uuid::from_u128(number),
        municipality_id: TOWN,
        shop_id: SHOPS[0],
        terminal_id: TILLS[0],
        format: "pdf".to_owned(),
        language: "it".to_owned(),
        from_at: 1,
        to_at: 2,
        address: card(3),
        only_terminal_id,
        only_staff,
        status: String::new(),
        attempts: 0,
        not_before: 10,
        created_at: 10,
        sent_at: None,
        error: None,
    }
}

/// What is told by the database itself, whatever this version of the program makes of it.
async fn number(fresh: &common::Fresh, statement: &'static str) -> i64 {
    match &fresh.db {
        Db::Pg(_) => sqlx::query_scalar(statement).fetch_one(&fresh.pool().await).await.unwrap(),
        Db::Lite(pool) => sqlx::query_scalar(statement).fetch_one(pool).await.unwrap(),
    }
}

#[tokio::test]
async fn a_narrowed_list_by_mail_stays_so_and_the_version_before_does_not_send_it() {
    // what that version looks for
    const BEFORE: &str =
        "SELECT COUNT(*) FROM statement_request WHERE status IN ('pending', 'sending') AND not_before <= 1000";
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        let asked = [
            (301, None, Whose::Everybodys, "pending"),
            (302, Some(TILLS[1]), Whose::Everybodys, "narrowed"),
            (303, None, Whose::Nobodys, "narrowed"),
            (304, Some(TILLS[0]), Whose::Ones(Uuid::from_u128(2)), "narrowed"),
        ];
        for (id, terminal, staff, _) in asked {
            db.add_statement_request(&request(id, terminal, staff)).await.unwrap();
        }
        assert_eq!((db.pending_statement_requests().await.unwrap(), number(&fresh, BEFORE).await), (4, 1), "{name}");
        let due = db.due_statement_requests(10, 10).await.unwrap();
        let told: Vec<_> = due.iter().map(|row| (row.id.as_u128(), row.only_terminal_id, row.only_staff)).collect();
        assert_eq!(told, asked.map(|(id, terminal, staff, _)| (id, terminal, staff)), "{name}");
        let status = async |id: Uuid| {
            let rows = db.statement_requests(SHOPS[0], Uuid::max(), 10).await.unwrap();
            rows.into_iter().find(|row| row.id == id).unwrap().status
        };
        for (id, .., waiting) in asked {
            let id = Uuid::from_u128(id);
            assert!(
                matches!(db.settle_statement_request((id, 20), 10, None).await, Err(Error::NotFound)),
                "{name}: not taken"
            );
            assert_eq!(status(id).await, waiting, "{name}");
            assert!(db.take_statement_request(id, 10, 20).await.unwrap(), "{name}");
            assert!(!db.take_statement_request(id, 10, 20).await.unwrap(), "{name}: twice");
            let sending = if waiting == "pending" { "sending" } else { "narrowed_sending" };
            assert_eq!(status(id).await, sending, "{name}");
            // whoever had it died
            assert!(db.take_statement_request(id, 20, 30).await.unwrap(), "{name}");
            let late = db.postpone_statement_request((id, 20), 40, "later").await;
            assert!(matches!(late, Err(Error::NotFound)), "{name}: it is not theirs any more");
            assert!(matches!(db.settle_statement_request((id, 20), 21, None).await, Err(Error::NotFound)), "{name}");
            db.postpone_statement_request((id, 30), 40, "later").await.unwrap();
            assert_eq!(status(id).await, waiting, "{name}");
            assert!(db.take_statement_request(id, 40, 50).await.unwrap(), "{name}");
            assert_eq!(number(&fresh, BEFORE).await, i64::from(waiting == "pending"), "{name}: {waiting}");
            db.settle_statement_request((id, 50), 41, None).await.unwrap();
            assert_eq!(status(id).await, "sent", "{name}");
        }
        assert_eq!(db.pending_statement_requests().await.unwrap(), 0, "{name}");
    }
}

#[tokio::test]
async fn what_was_asked_for_before_lists_could_be_narrowed_is_everybodys() {
    // the tables of then, with a request in them
    let back = [
        "DROP INDEX statement_request_waiting",
        "ALTER TABLE statement_request DROP COLUMN only_terminal_id",
        "ALTER TABLE statement_request DROP COLUMN only_staff_id",
        "ALTER TABLE statement_request DROP COLUMN only_nobody",
        "DELETE FROM _sqlx_migrations WHERE version = 40",
        "INSERT INTO statement_request (id, municipality_id, shop_id, terminal_id, format, language, from_at, to_at,
            wrapped_key, sealed, status, attempts, not_before, created_at)
        SELECT terminal.id, municipality_id, shop_id, terminal.id, 'csv', 'it', 1, 2, wrapped_key, sealed, 'pending', 0, 5, 5
        FROM terminal JOIN shop ON shop.id = shop_id",
    ];
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        shops(db).await;
        for statement in back {
            match db {
                Db::Pg(_) => drop(sqlx::query(statement).execute(&fresh.pool().await).await.unwrap()),
                Db::Lite(pool) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
            }
        }
        assert!(db.due_statement_requests(10, 10).await.is_err(), "{name}: the columns are gone");
        db.migrate().await.unwrap();
        let due = db.due_statement_requests(10, 10).await.unwrap();
        let told: Vec<_> = due.iter().map(|row| (row.id, row.only_terminal_id, row.only_staff)).collect();
        assert_eq!(told, TILLS.map(|till| (till, None, Whose::Everybodys)), "{name}");
        assert!(due.iter().all(|row| !row.is_narrowed()), "{name}");
        assert!(db.take_statement_request(TILLS[0], 10, 20).await.unwrap(), "{name}");
        db.settle_statement_request((TILLS[0], 20), 11, None).await.unwrap();
    }
}
