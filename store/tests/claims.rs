//! Claims on both databases: every fact that a shop is owed for is in one of them at most, and none is forgotten. And
//! what else a shop asks of its operations.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "other tests look at the server itself")]
mod common;

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::record::Body;
use domain::voucher::{Action, Command, Credential, Decision, Entry, Origin, Terms, Voucher, decide};
use std::sync::Arc;
use store::journal::{Batch, Head};
use store::ledger::{
    ClaimFilter, ClaimRow, Db, Error, NewClaim, NewNote, NewShift, NewShop, OperationFilter, ShopRow, StaffRow,
    StatementRequest, TerminalRow, Unclaimed, Whose, seal_of,
};
use store::seal::Sealed;
use uuid::Uuid;

const P: PartitionId = PartitionId(0);
const TOWN: Uuid = Uuid::from_u128(4);
const PROGRAMME: Uuid = Uuid::from_u128(5);
const SHOPS: [Uuid; 2] = [Uuid::from_u128(21), Uuid::from_u128(22)];
const DAY: i64 = 86_400_000_000;

/// What happens to the vouchers of a town, and its ledger.
struct Town<'a> {
    db: &'a Db,
    head: Head,
    voucher: Voucher,
    facts: u128,
}

impl<'a> Town<'a> {
    async fn new(db: &'a Db) -> Self {
        common::town(db, TOWN, PROGRAMME).await;
        let shops = SHOPS.map(|id| NewShop {
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
            sealed: Sealed { wrapped_key: vec![1], sealed: vec![2] },
            import_id: None,
        });
        db.add_shops(&shops, 1).await.unwrap();
        let voucher = Voucher::new(VoucherId::new(Uuid::from_u128(1)));
        let mut town = Self { db, head: Head::START, voucher, facts: 0 };
        let issue = Action::Issue {
            municipality: MunicipalityId::new(TOWN),
            programme: ProgrammeId::new(PROGRAMME),
            amount: Cents::new(100_000).unwrap(),
            valid_from: Timestamp::from_micros(1),
            expires_at: Timestamp::LAST,
            pin: None,
        };
        town.does(0, 1, issue).await;
        town
    }

    /// Something that a shop does at a time is in the ledger at once.
    async fn does(&mut self, shop: usize, at: i64, action: Action) -> Entry {
        self.facts += 1;
        let number = 1_000 + self.facts;
        let command = Command {
            operation: OperationId::new(Uuid::from_u128(number)),
            origin: Origin::Till { shop: ShopId::new(SHOPS[shop]), terminal: TerminalId::new(Uuid::from_u128(3)) },
            key: OpKey(number.to_be_bytes()),
            request_hash: RequestHash::of(&[&number.to_be_bytes()]),
            action,
        };
        let decided = decide(&self.voucher, &command, Timestamp::from_micros(at));
        let Decision::Record(entry) = decided else { panic!("{action:?}: {decided:?}") };
        self.voucher.apply(&entry).unwrap();
        let batch = Arc::new(Batch::encode(1, &self.head, [Body::Entry(entry)].into_iter()));
        self.db.project(P, &self.head, &[Arc::clone(&batch)]).await.unwrap();
        self.head = batch.head();
        entry
    }

    async fn redeems(&mut self, shop: usize, at: i64, cents: i64) -> Entry {
        let amount = Cents::new(cents).unwrap();
        let credential = Credential { generation: 1, pin: None };
        self.does(shop, at, Action::Redeem { amount, credential, terms: Terms::OPEN }).await
    }

    async fn gives_back(&mut self, shop: usize, at: i64, taken: &Entry, cents: i64) {
        let (target, target_operation) = (taken.key, taken.operation);
        let amount = Cents::new(cents);
        self.does(shop, at, Action::Reverse { target, target_operation, amount, sealed_through: None }).await;
    }

    async fn seals(&self, shop: usize, key: u8, through_at: i64) -> Result<ClaimRow, Error> {
        let id = Uuid::from_u128(100 + u128::from(key));
        let new = NewClaim {
            id,
            municipality: TOWN,
            shop: SHOPS[shop],
            key: &[key; 16],
            request_hash: &[key; 16],
            through_at,
            now: through_at + 7,
        };
        self.db.add_claim(&new).await
    }

    /// How many operations a shop has not claimed, and their sum.
    async fn open(&self, shop: usize) -> (i64, i64) {
        let Unclaimed { operations, amount_cents, .. } = self.db.unclaimed(SHOPS[shop], i64::MAX).await.unwrap();
        (operations, amount_cents)
    }

    /// The lines of a claim: operations and what is owed for them.
    async fn lines(&self, claim: &ClaimRow) -> Vec<(Uuid, i64)> {
        let lines = self.db.claim_lines(claim.id, Uuid::nil(), 1_000).await.unwrap();
        assert_eq!(seal_of(lines.iter().map(|line| (line.operation_id, line.amount_cents)))[..], claim.seal);
        assert_eq!(i64::try_from(lines.len()).unwrap(), claim.operations);
        assert_eq!(lines.iter().map(|line| line.amount_cents).sum::<i64>(), claim.amount_cents);
        lines.iter().map(|line| (line.operation_id, line.amount_cents)).collect()
    }
}

#[tokio::test]
async fn a_claim_holds_what_the_shop_took_less_what_it_gave_back() {
    for fresh in common::both().await {
        let (name, mut town) = (fresh.name, Town::new(&fresh.db).await);
        let first = town.redeems(0, 10, 2_050).await;
        town.redeems(1, 11, 999).await;
        town.gives_back(0, 12, &first, 50).await;
        let hold = Action::Hold {
            amount: Cents::new(500).unwrap(),
            credential: Credential { generation: 1, pin: None },
            terms: Terms::OPEN,
            until: Timestamp::from_micros(DAY),
        };
        let held = town.does(0, 13, hold).await;
        town.does(0, 14, Action::Capture { hold: held.operation, amount: Cents::new(300) }).await;
        town.redeems(0, DAY, 7).await;
        assert_eq!((town.open(0).await, town.open(1).await), ((4, 2_307), (1, 999)), "{name}");
        let claim = town.seals(0, 1, DAY).await.unwrap();
        assert_eq!((claim.number, claim.operations, claim.amount_cents), (1, 3, 2_300), "{name}: a hold is no money");
        assert_eq!((claim.from_at, claim.through_at, claim.status.as_str()), (10, DAY, "sealed"), "{name}");
        assert_eq!(claim.expected_at, claim.sealed_at + 30 * DAY, "{name}");
        assert_eq!(town.lines(&claim).await.iter().map(|(_, cents)| *cents).collect::<Vec<_>>(), [2_050, -50, 300]);
        assert_eq!((town.open(0).await, town.open(1).await), ((1, 7), (1, 999)), "{name}: the other shop's stays");
        let next = town.seals(0, 2, 2 * DAY).await.unwrap();
        assert_eq!((next.number, next.amount_cents), (2, 7), "{name}");
        let other = town.seals(1, 3, 2 * DAY).await.unwrap();
        assert_eq!((other.number, other.amount_cents), (1, 999), "{name}: each shop counts for itself");
        let listed = fresh.db.claims(SHOPS[0], Uuid::max(), 10).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 1], "{name}");
        assert!(matches!(fresh.db.claim(SHOPS[1], claim.id).await, Err(Error::NotFound)), "{name}: another shop's");
    }
}

#[tokio::test]
async fn a_reversal_that_slipped_through_is_a_negative_line_of_the_next_claim() {
    for fresh in common::both().await {
        let (name, mut town) = (fresh.name, Town::new(&fresh.db).await);
        let taken = town.redeems(0, 10, 2_000).await;
        let first = town.seals(0, 1, 20).await.unwrap();
        // it was decided before the seal and reached the ledger behind it
        town.gives_back(0, 19, &taken, 1_500).await;
        assert_eq!(town.open(0).await, (1, -1_500), "{name}");
        let refused = town.seals(0, 2, 30).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{name}: the shop owes: {refused:?}");
        assert_eq!(town.open(0).await, (1, -1_500), "{name}: a claim that was refused leaves nothing behind");
        town.redeems(0, 40, 4_000).await;
        let next = town.seals(0, 3, 50).await.unwrap();
        assert_eq!((next.number, next.operations, next.amount_cents, next.from_at), (2, 2, 2_500, 19), "{name}");
        let (before, after) = (town.lines(&first).await, town.lines(&next).await);
        assert!(before.iter().all(|(id, _)| after.iter().all(|(other, _)| other != id)), "{name}: a fact twice");
        assert_eq!(before.iter().chain(&after).map(|(_, cents)| cents).sum::<i64>(), 4_500, "{name}");
    }
}

#[tokio::test]
async fn two_tills_at_once_make_one_claim() {
    for fresh in common::both().await {
        let (name, mut town) = (fresh.name, Town::new(&fresh.db).await);
        for round in 1..=8 {
            town.redeems(0, i64::from(round) * 10, 100).await;
            let (one, two) =
                tokio::join!(town.seals(0, 2 * round, i64::MAX / 4), town.seals(0, 2 * round + 1, i64::MAX / 4));
            assert!(one.is_ok() != two.is_ok(), "{name}: {one:?} {two:?}");
            let lost = [&one, &two].into_iter().find_map(|tried| tried.as_ref().err()).unwrap();
            assert!(matches!(lost, Error::NotFound | Error::Conflict), "{name}: {lost}");
            assert_eq!(town.open(0).await, (0, 0), "{name}");
        }
        let claims = fresh.db.claims(SHOPS[0], Uuid::max(), 100).await.unwrap();
        assert_eq!(
            claims.iter().map(|claim| (claim.operations, claim.amount_cents)).collect::<Vec<_>>(),
            [(1, 100); 8]
        );
        assert_eq!(claims.iter().map(|claim| claim.number).max(), Some(8), "{name}: no number is left out");
    }
}

#[tokio::test]
async fn nothing_is_not_claimed_and_a_key_is_used_once() {
    for fresh in common::both().await {
        let (name, mut town) = (fresh.name, Town::new(&fresh.db).await);
        assert!(matches!(town.seals(0, 1, DAY).await, Err(Error::NotFound)), "{name}");
        let taken = town.redeems(0, 10, 100).await;
        town.gives_back(0, 11, &taken, 100).await;
        assert!(matches!(town.seals(0, 1, DAY).await, Err(Error::NotFound)), "{name}: zero euro are not asked for");
        town.redeems(0, 12, 1).await;
        let claim = town.seals(0, 1, DAY).await.unwrap();
        assert_eq!((claim.operations, claim.amount_cents), (3, 1), "{name}: what made up zero comes along");
        town.redeems(0, 13, 1).await;
        let again = NewClaim {
            id: Uuid::from_u128(999),
            municipality: TOWN,
            shop: SHOPS[0],
            key: &[1; 16],
            request_hash: &[1; 16],
            through_at: DAY,
            now: DAY,
        };
        assert!(matches!(fresh.db.add_claim(&again).await, Err(Error::Conflict)), "{name}");
        assert_eq!(fresh.db.claim_by_key(SHOPS[0], &[1; 16]).await.unwrap().unwrap().id, claim.id, "{name}");
        assert!(fresh.db.claim_by_key(SHOPS[1], &[1; 16]).await.unwrap().is_none(), "{name}: another shop's key");
    }
}

#[tokio::test]
async fn whoever_asks_for_a_key_waits_for_the_claim_that_is_being_added() {
    let fresh = common::both().await.pop().unwrap();
    let mut town = Town::new(&fresh.db).await;
    town.redeems(0, 10, 100).await;
    assert!(fresh.db.claim_by_key_at_rest(SHOPS[0], &[1; 16]).await.unwrap().is_none());
    // it gets as far as its first row
    let held = fresh.server().hold("LOCK TABLE claim IN EXCLUSIVE MODE");
    let waits =
        |query| format!("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{query}%'");
    let asks = async {
        fresh.server().comes(&waits("INTO claim ")).await;
        assert!(fresh.db.claim_by_key(SHOPS[0], &[1; 16]).await.unwrap().is_none(), "as far as anybody sees");
        let other = fresh.db.claim_by_key_at_rest(SHOPS[1], &[1; 16]).await.unwrap();
        assert!(other.is_none(), "another shop's does not wait");
        let released = async {
            fresh.server().comes(&waits("FOR NO KEY UPDATE")).await;
            drop(held);
        };
        tokio::join!(fresh.db.claim_by_key_at_rest(SHOPS[0], &[1; 16]), released).0
    };
    let (added, found) = tokio::join!(town.seals(0, 1, DAY), asks);
    assert_eq!(found.unwrap().map(|claim| claim.id), Some(added.unwrap().id));
}

#[tokio::test]
async fn a_claim_is_approved_once_and_paid_by_another() {
    for fresh in common::both().await {
        let (name, db, mut town) = (fresh.name, &fresh.db, Town::new(&fresh.db).await);
        let (elsewhere, one, other) = (Uuid::from_u128(5), Uuid::from_u128(71), Uuid::from_u128(72));
        town.redeems(0, 10, 100).await;
        let claim = town.seals(0, 1, DAY).await.unwrap().id;
        let missing = |done: Result<(), Error>| matches!(done, Err(Error::NotFound));
        assert!(missing(db.pay_claim(TOWN, claim, other, 9, "x").await), "{name}: not approved");
        assert!(missing(db.approve_claim(elsewhere, claim, one, 8).await), "{name}: another town's");
        db.approve_claim(TOWN, claim, one, 8).await.unwrap();
        assert!(missing(db.approve_claim(TOWN, claim, other, 9).await), "{name}: twice");
        assert!(missing(db.pay_claim(TOWN, claim, one, 9, "x").await), "{name}: the same two eyes");
        assert!(missing(db.pay_claim(elsewhere, claim, other, 9, "x").await), "{name}: another town's");
        db.pay_claim(TOWN, claim, other, 9, "Mandato 1").await.unwrap();
        assert!(missing(db.pay_claim(TOWN, claim, other, 9, "x").await), "{name}: twice");
        assert!(missing(db.approve_claim(TOWN, claim, other, 9).await), "{name}: after it was paid");
        let row = db.claim_of_town(TOWN, claim).await.unwrap();
        assert_eq!((row.status.as_str(), row.approved_by, row.paid_by), ("paid", Some(one), Some(other)), "{name}");
        assert_eq!((row.approved_at, row.paid_at), (Some(8), Some(9)), "{name}");
        assert_eq!(row.payment_reference.as_deref(), Some("Mandato 1"), "{name}");
        assert!(matches!(db.claim_of_town(elsewhere, claim).await, Err(Error::NotFound)), "{name}");
        town.redeems(1, DAY, 100).await;
        let second = town.seals(1, 2, 2 * DAY).await.unwrap().id;
        for (status, shop, expected) in [
            ("", None, vec![second, claim]),
            ("paid", None, vec![claim]),
            ("sealed", None, vec![second]),
            ("", Some(SHOPS[0]), vec![claim]),
            ("sealed", Some(SHOPS[0]), vec![]),
        ] {
            let filter = ClaimFilter { before: Uuid::max(), status: status.to_owned(), shop, limit: 10 };
            let found = db.claims_of_town(TOWN, &filter).await.unwrap();
            assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), expected, "{name}: {filter:?}");
            assert!(db.claims_of_town(elsewhere, &filter).await.unwrap().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_line_has_one_remark_and_one_answer() {
    for fresh in common::both().await {
        let (name, db, mut town) = (fresh.name, &fresh.db, Town::new(&fresh.db).await);
        let operation = town.redeems(0, 10, 100).await.operation.uuid();
        let untouched = town.redeems(0, 11, 100).await.operation.uuid();
        let claim = town.seals(0, 1, DAY).await.unwrap().id;
        let note = |text: u8| Sealed { wrapped_key: vec![text], sealed: vec![text] };
        let missing = |done: Result<(), Error>| matches!(done, Err(Error::NotFound));
        let texts = [note(1), note(2), note(3)];
        let new = |text, now| NewNote { claim, operation, text: &texts[text], now };
        assert!(missing(db.answer(SHOPS[0], &new(0, 5)).await), "{name}: nothing to answer");
        assert!(missing(db.remark(Uuid::from_u128(5), &new(0, 5)).await), "{name}: another town's");
        let stranger = NewNote { operation: Uuid::from_u128(9), ..new(0, 5) };
        assert!(missing(db.remark(TOWN, &stranger).await), "{name}: no such line");
        db.remark(TOWN, &new(0, 5)).await.unwrap();
        let counts = async || {
            let row = db.claim(SHOPS[0], claim).await.unwrap();
            (row.remarks, row.unanswered)
        };
        assert_eq!(counts().await, (1, 1), "{name}");
        assert!(missing(db.answer(SHOPS[1], &new(1, 6)).await), "{name}: another shop's");
        assert!(missing(db.answer(SHOPS[0], &NewNote { operation: untouched, ..new(1, 6) }).await), "{name}");
        db.answer(SHOPS[0], &new(1, 6)).await.unwrap();
        assert_eq!(counts().await, (1, 0), "{name}");
        db.remark(TOWN, &new(2, 7)).await.unwrap();
        assert_eq!(counts().await, (1, 1), "{name}: a new remark wants a new answer");
        let notes = db.claim_notes(claim, Uuid::nil(), Uuid::max()).await.unwrap();
        let notes: Vec<_> = notes.iter().map(|note| (note.side.as_str(), &note.text, note.written_at)).collect();
        assert_eq!(notes, [("answer", &texts[1], 6), ("remark", &texts[2], 7)], "{name}");
        let remarked = db.remarked_lines(claim, Uuid::nil(), 10).await.unwrap();
        assert_eq!(remarked.iter().map(|line| line.operation_id).collect::<Vec<_>>(), [operation], "{name}");
        assert!(db.remarked_lines(claim, operation, 10).await.unwrap().is_empty(), "{name}: behind it");
        let [one, other] = [71, 72].map(Uuid::from_u128);
        db.approve_claim(TOWN, claim, one, 8).await.unwrap();
        db.pay_claim(TOWN, claim, other, 9, "x").await.unwrap();
        assert!(missing(db.remark(TOWN, &new(0, 10)).await), "{name}: it is paid");
        db.answer(SHOPS[0], &new(1, 10)).await.unwrap();
    }
}

#[tokio::test]
async fn an_operation_is_found_by_the_end_of_its_id() {
    for fresh in common::both().await {
        let (name, mut town) = (fresh.name, Town::new(&fresh.db).await);
        town.redeems(0, 10, 100).await;
        let wanted = town.redeems(0, 11, 200).await.operation.uuid();
        let receipt = wanted.as_bytes()[12..].try_into().ok();
        let filter = OperationFilter { receipt, limit: 10, ..OperationFilter::all(0, 100) };
        let found = fresh.db.shop_operations(SHOPS[0], &filter).await.unwrap();
        assert_eq!(found.iter().map(|row| row.operation.id).collect::<Vec<_>>(), [wanted], "{name}");
        assert!(fresh.db.shop_operations(SHOPS[1], &filter).await.unwrap().is_empty(), "{name}: another shop's");
        let before = OperationFilter { to: 11, ..filter };
        assert!(fresh.db.shop_operations(SHOPS[0], &before).await.unwrap().is_empty(), "{name}: out of range");
    }
}

#[tokio::test]
async fn an_operation_is_of_whoever_was_at_its_till_when_it_was_decided() {
    for fresh in common::both().await {
        let (db, name, mut town) = (&fresh.db, fresh.name, Town::new(&fresh.db).await);
        let [till, giulia, omar] = [3, 51, 52].map(Uuid::from_u128);
        db.add_enrolment(&[1], SHOPS[0], 100).await.unwrap();
        let row = TerminalRow { id: till, shop_id: Uuid::nil(), label: "Cassa".to_owned(), token_hash: vec![1; 32] };
        db.enrol_terminal(&[1], &row, 2).await.unwrap();
        for id in [giulia, omar] {
            let card = Sealed { wrapped_key: vec![1], sealed: vec![2] };
            let (municipality_id, shop_id, created_at) = (TOWN, SHOPS[0], 1);
            let row = StaffRow { id, municipality_id, shop_id, card, locked_until: None, created_at, left_at: None };
            db.add_staff(&row).await.unwrap();
        }
        for (number, staff, now) in [(61, giulia, 20), (62, omar, 40), (63, giulia, 60), (64, omar, 60)] {
            let id = Uuid::from_u128(number);
            db.begin_shift(&NewShift { id, terminal: till, staff, now }).await.unwrap();
        }
        db.end_shift(till, 80).await.unwrap();
        let taken = town.redeems(0, 10, 1).await;
        for (at, cents) in [(20, 2), (39, 4), (40, 8), (59, 16), (60, 32), (80, 64), (81, 128)] {
            town.redeems(0, at, cents).await;
        }
        town.gives_back(0, 82, &taken, 1).await;
        let filter = OperationFilter { limit: 100, ..OperationFilter::all(0, 100) };
        let who: Vec<_> = db.shop_operations(SHOPS[0], &filter).await.unwrap().iter().map(|row| row.staff_id).collect();
        let [g, o] = [Some(giulia), Some(omar)];
        assert_eq!(who, [None, g, g, o, o, o, None, None, None], "{name}");
        for (staff, operations, amounts) in [
            (Whose::Everybodys, 9, 256),
            (Whose::Ones(giulia), 2, 6),
            (Whose::Ones(omar), 3, 56),
            (Whose::Ones(till), 0, 0),
            (Whose::Nobodys, 4, 194),
        ] {
            let filter = OperationFilter { staff, ..filter };
            let found = db.shop_operations(SHOPS[0], &filter).await.unwrap();
            let hours = db.shop_hours(SHOPS[0], &filter).await.unwrap();
            let sums = hours.iter().fold((0, 0), |sum, hour| (sum.0 + hour.operations, sum.1 + hour.amount_cents));
            assert_eq!((found.len(), sums), (operations, (operations as i64, amounts)), "{name}: {staff:?}");
        }
        for (staff, expected) in [(Whose::Ones(omar), &[8, 16, 32][..]), (Whose::Nobodys, &[1, 64, 128, 1])] {
            let pages = OperationFilter { staff, limit: 2, ..filter };
            let first = db.shop_operations(SHOPS[0], &pages).await.unwrap();
            let after = first.last().map(|row| (row.operation.decided_at, row.operation.id));
            let rest = db.shop_operations(SHOPS[0], &OperationFilter { after, ..pages }).await.unwrap();
            let amounts: Vec<_> = first.iter().chain(&rest).map(|row| row.operation.amount_cents).collect();
            assert_eq!(amounts, expected, "{name}: page by page, {staff:?}");
        }
        let nobody = OperationFilter { terminal: Some(omar), staff: Whose::Nobodys, ..filter };
        assert!(db.shop_operations(SHOPS[0], &nobody).await.unwrap().is_empty(), "{name}: at another till");
        let nobody = OperationFilter { staff: Whose::Nobodys, ..filter };
        assert!(db.shop_operations(SHOPS[1], &nobody).await.unwrap().is_empty(), "{name}: in another shop");
        assert!(db.shop_hours(SHOPS[1], &nobody).await.unwrap().is_empty(), "{name}: in another shop");
    }
}

#[tokio::test]
async fn a_list_by_mail_is_in_one_pair_of_hands_and_its_address_is_forgotten() {
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        Town::new(db).await;
        let request = StatementRequest {
            id: Uuid::from_u128(77),
            municipality_id: TOWN,
            shop_id: SHOPS[0],
            terminal_id: Uuid::from_u128(3),
            format: "pdf".to_owned(),
            language: "it".to_owned(),
            from_at: 1,
            to_at: 2,
            address: Sealed { wrapped_key: vec![7], sealed: vec![8] },
            only_terminal_id: None,
            only_staff: Whose::Everybodys,
            status: "pending".to_owned(),
            attempts: 0,
            not_before: 10,
            created_at: 10,
            sent_at: None,
            error: None,
        };
        db.add_statement_request(&request).await.unwrap();
        assert_eq!(db.statement_requests_since(SHOPS[0], 9).await.unwrap(), 1, "{name}");
        assert_eq!(db.statement_requests_since(SHOPS[0], 10).await.unwrap(), 0, "{name}");
        assert!(db.due_statement_requests(9, 10).await.unwrap().is_empty(), "{name}");
        let due = db.due_statement_requests(10, 10).await.unwrap();
        assert_eq!((due.len(), &due[0].address), (1, &request.address), "{name}");
        assert!(db.take_statement_request(request.id, 10, 20).await.unwrap(), "{name}");
        assert!(!db.take_statement_request(request.id, 10, 20).await.unwrap(), "{name}: twice");
        db.postpone_statement_request((request.id, 20), 15, "later").await.unwrap();
        assert!(
            matches!(db.postpone_statement_request((request.id, 20), 15, "later").await, Err(Error::NotFound)),
            "{name}"
        );
        assert!(db.take_statement_request(request.id, 15, 20).await.unwrap(), "{name}");
        assert_eq!(db.pending_statement_requests().await.unwrap(), 1, "{name}");
        db.settle_statement_request((request.id, 20), 16, None).await.unwrap();
        assert_eq!(db.pending_statement_requests().await.unwrap(), 0, "{name}");
        let row = db.statement_requests(SHOPS[0], Uuid::max(), 10).await.unwrap().remove(0);
        let nothing = Sealed { wrapped_key: vec![], sealed: vec![] };
        assert_eq!((row.status.as_str(), row.attempts, row.sent_at), ("sent", 2, Some(16)), "{name}");
        assert_eq!((row.address, row.error.as_deref()), (nothing, None), "{name}");
        assert!(db.statement_requests(SHOPS[1], Uuid::max(), 10).await.unwrap().is_empty(), "{name}: another shop's");
    }
}
