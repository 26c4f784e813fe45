//! The bytes of messages: two versions of this program that meet in a rolling upgrade must mean the same by them.

use super::*;
use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, TerminalId, UserId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::voucher::{
    Action, Command, Credential, Decline, Event, Hold, Kind, Life, Origin, Reason, ReleaseCause, Terms, Totals,
};
use std::fmt::Write;
use uuid::Uuid;

/// What to do about a message whose bytes are other ones.
const RULE: &str = "A message between nodes has other bytes than the version before gives it, so the two cannot talk. Make \
    it a new form beside the old one, and raise NEWEST in wire.rs (docs/decisions/0019). Only what no version ever \
    sent may be recorded anew, with BUONO_UPDATE=1";

const AT: Timestamp = Timestamp::from_micros(5_678);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

fn actions() -> Vec<Action> {
    let (amount, credential) = (cents(1_234), Credential { generation: 2, pin: Some(PinTag([1; 16])) });
    let (limit, hold, reason) = (Some(cents(99)), OperationId::new(id(21)), Reason::LostByHolder);
    let terms = Terms {
        shop_enabled: true,
        programme_active: false,
        per_redemption_max: limit,
        per_day_max: None,
        per_day_count_max: Some(3),
        pin_above: limit,
    };
    let (programme, municipality) = (ProgrammeId::new(id(20)), MunicipalityId::new(id(2)));
    vec![
        Action::Issue { municipality, programme, amount, valid_from: AT, expires_at: AT, pin: None },
        Action::TopUp { amount },
        Action::Redeem { amount, credential, terms },
        Action::Hold { amount, credential, terms, until: AT },
        Action::Capture { hold, amount: None },
        Action::Release { hold },
        Action::Reverse {
            target: OpKey([2; 16]),
            target_operation: hold,
            amount: Some(amount),
            sealed_through: Some(AT),
        },
        Action::Block { reason },
        Action::Unblock,
        Action::Reissue { pin: Some(PinTag([3; 16])) },
        Action::ChangeExpiry { expires_at: AT },
        Action::Expire,
        Action::Close { reason },
    ]
}

fn origins() -> [Origin; 4] {
    let till = Origin::Till { shop: ShopId::new(id(10)), terminal: TerminalId::new(id(11)) };
    [till, Origin::Staff(UserId::new(id(12))), Origin::Holder, Origin::System]
}

fn requests() -> Vec<Request> {
    let voucher = VoucherId::new(id(1));
    let executes = actions().into_iter().zip(origins().into_iter().cycle()).map(|(action, origin)| {
        let (operation, key) = (OperationId::new(id(3)), OpKey([4; 16]));
        let command = Command { operation, origin, key, request_hash: RequestHash([5; 16]), action };
        Request::Ask { voucher, ask: Ask::Execute(command) }
    });
    let others = [
        Request::Ask { voucher, ask: Ask::View },
        Request::Barrier,
        Request::Find(Sought::Operation(OperationId::new(id(3)))),
        Request::Find(Sought::Key(OpKey([4; 16]))),
        Request::Look,
        Request::Changed,
        Request::Left,
    ];
    executes.chain(others).collect()
}

fn events() -> Vec<Event> {
    let (amount, hold, reason) = (cents(1_234), OperationId::new(id(21)), Reason::LostByHolder);
    vec![
        Event::Issue {
            programme: ProgrammeId::new(id(20)),
            amount,
            valid_from: AT,
            expires_at: AT,
            pin: Some(PinTag([1; 16])),
        },
        Event::TopUp { amount },
        Event::Redeem { amount },
        Event::Reverse { target: OpKey([2; 16]), target_operation: hold, amount },
        Event::Hold { amount, until: AT },
        Event::Capture { hold, amount },
        Event::Release { hold, cause: ReleaseCause::TimedOut },
        Event::Block { reason },
        Event::Unblock,
        Event::Reissue { generation: 3, pin: None },
        Event::ChangeExpiry { expires_at: AT },
        Event::Expire { amount },
        Event::Close { amount, reason },
        Event::Decline { decline: Decline::InsufficientBalance, attempted: Kind::Hold, amount },
    ]
}

fn entry(event: Event) -> Box<Entry> {
    Box::new(Entry {
        voucher: VoucherId::new(id(1)),
        voucher_seq: 6,
        municipality: MunicipalityId::new(id(2)),
        operation: OperationId::new(id(3)),
        origin: origins()[0],
        key: OpKey([4; 16]),
        request_hash: RequestHash([5; 16]),
        decided_at: AT,
        balance_after: cents(7),
        held_after: cents(1),
        event,
    })
}

fn view(life: Life) -> Box<View> {
    let hold = Hold { operation: OperationId::new(id(3)), shop: ShopId::new(id(10)), amount: cents(1), until: AT };
    Box::new(View {
        id: VoucherId::new(id(1)),
        voucher_seq: 6,
        municipality: MunicipalityId::new(id(2)),
        programme: ProgrammeId::new(id(20)),
        life,
        valid_from: AT,
        expires_at: AT,
        generation: 2,
        has_pin: true,
        balance: cents(7),
        held: cents(1),
        totals: Totals {
            issued: cents(9),
            topped_up: cents(1),
            redeemed: cents(4),
            reversed: cents(2),
            expired: cents(1),
        },
        holds: vec![hold],
    })
}

fn responses() -> Vec<Response> {
    let receipt = Receipt {
        payload: "payload".to_owned(),
        path: vec!["Lhash".into(), "Rhash".into()],
        root_signature: "signature".into(),
        key_id: "key".into(),
    };
    let recorded = events().into_iter().map(|event| Told::Recorded(entry(event), Box::new(receipt.clone())));
    let outcome = Outcome::from(&*entry(Event::Redeem { amount: cents(1) }));
    let known = Kind::ALL.iter().map(|kind| Told::Known(Box::new(Outcome { kind: *kind, ..outcome })));
    let declines =
        Decline::ALL.iter().map(|decline| Told::Known(Box::new(Outcome { decline: Some(*decline), ..outcome })));
    let lives = [Life::Active, Life::Blocked, Life::Expired, Life::Closed];
    let views = lives.into_iter().map(|life| Told::Viewed(Some(view(life))));
    let told = recorded.chain(known).chain(declines).chain(REFUSALS.map(Told::Refused)).chain(views);
    let told = told.chain([Told::Viewed(None), Told::Unchanged]).map(Response::Told);
    let found = Found { at: Some((PartitionId(3), 17)), later: true, among: vec![PartitionId(3), PartitionId(300)] };
    told.chain([Response::Durable(vec![(PartitionId(3), 17)]), Response::Found(found), Response::Heard]).collect()
}

const REFUSALS: [Refusal; 15] = [
    Refusal::NoSuchVoucher,
    Refusal::AlreadyIssued,
    Refusal::KeyReused,
    Refusal::InvalidAmount,
    Refusal::InvalidValidity,
    Refusal::NoSuchHold,
    Refusal::CaptureExceedsHold,
    Refusal::TooManyHolds,
    Refusal::NoSuchOperation,
    Refusal::ReversalExceeds,
    Refusal::OperationSealed,
    Refusal::VoucherClosed,
    Refusal::VoucherExpired,
    Refusal::HoldsOpen,
    Refusal::NotYetExpired,
];

const NOT_DONE: [NotDone; 5] =
    [NotDone::NotExecuted, NotDone::Stale, NotDone::Moved, NotDone::Unknown, NotDone::Halted];

/// Does not compile once there is a message of another kind, which needs a line in the golden file too.
const fn has_a_line(request: &Request, response: &Response, action: &Action) {
    match request {
        Request::Ask { ask: Ask::Execute(_) | Ask::View, .. } => {}
        Request::Barrier | Request::Find(Sought::Operation(_) | Sought::Key(_)) | Request::Look | Request::Changed => {}
        Request::Left => {}
    }
    match response {
        Response::Told(Told::Recorded(..) | Told::Known(_) | Told::Refused(_) | Told::Unchanged | Told::Viewed(_)) => {}
        Response::Durable(_) | Response::Found(_) | Response::Heard => {}
    }
    match action {
        Action::Issue { .. } | Action::TopUp { .. } | Action::Redeem { .. } | Action::Hold { .. } => {}
        Action::Capture { .. } | Action::Release { .. } | Action::Reverse { .. } | Action::Block { .. } => {}
        Action::Unblock | Action::Reissue { .. } | Action::ChangeExpiry { .. } | Action::Expire => {}
        Action::Close { .. } => {}
    }
}

/// One message of each kind in its frame, as whoever sent it first under this secret.
#[test]
fn every_message_has_the_bytes_that_it_always_had() {
    assert_eq!(events().len(), Kind::ALL.len());
    actions().iter().for_each(|action| has_a_line(&Request::Look, &Response::Heard, action));
    let mut lines = String::new();
    let mut note = |direction, message: &dyn Fn(&mut Seal, &mut Vec<u8>)| {
        let (mut seal, mut frame) = (Seal::new(&[7; 32], direction, [&[1; NONCE_LEN], &[2; NONCE_LEN]]), Vec::new());
        message(&mut seal, &mut frame);
        writeln!(lines, "{}", data_encoding::HEXLOWER.encode(&frame)).unwrap();
    };
    for request in requests() {
        let call = Call { id: 300, patience_us: 2_000_000, request };
        note(Direction::Calls, &|seal, frame| seal.write(&call, frame).unwrap());
    }
    for result in responses().into_iter().map(Ok).chain(NOT_DONE.map(Err)) {
        let reply = Reply { id: 300, result };
        note(Direction::Replies, &|seal, frame| seal.write(&reply, frame).unwrap());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/wire-v1.golden");
    if std::env::var_os("BUONO_UPDATE").is_some() {
        std::fs::write(path, &lines).unwrap();
    }
    assert!(lines == std::fs::read_to_string(path).unwrap(), "{RULE}");
}
