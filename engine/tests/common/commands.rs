//! Commands as a till and an office send them; the number names the attempt and its key.

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, VoucherId};
use domain::keys::{OpKey, RequestHash};
use domain::voucher::{Action, Command, Credential, Decision, Entry, Origin, Terms, Voucher, decide};
use uuid::Uuid;

pub const P: PartitionId = PartitionId(0);

pub fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

pub fn voucher(number: u128) -> VoucherId {
    VoucherId::new(Uuid::from_u128(number))
}

pub fn command(number: u128, action: Action) -> Command {
    Command {
        operation: OperationId::new(Uuid::from_u128(number)),
        origin: Origin::Till { shop: ShopId::new(Uuid::from_u128(1)), terminal: TerminalId::new(Uuid::from_u128(2)) },
        key: OpKey(number.to_le_bytes()),
        request_hash: RequestHash::of(&[&number.to_le_bytes()]),
        action,
    }
}

/// The same request under another attempt's operation id.
pub fn again(number: u128, command: &Command) -> Command {
    Command { operation: OperationId::new(Uuid::from_u128(number)), ..*command }
}

pub fn redeem(number: u128, amount: i64) -> Command {
    let credential = Credential { generation: 1, pin: None };
    command(number, Action::Redeem { amount: cents(amount), credential, terms: Terms::OPEN })
}

pub fn issue(number: u128, amount: i64) -> Command {
    let action = Action::Issue {
        municipality: MunicipalityId::new(Uuid::from_u128(3)),
        programme: ProgrammeId::new(Uuid::from_u128(4)),
        amount: cents(amount),
        valid_from: Timestamp::EPOCH,
        expires_at: Timestamp::from_micros(i64::MAX / 2),
        pin: None,
    };
    command(number, action)
}

/// The facts that the commands lead to, one after the other.
pub fn facts(id: VoucherId, commands: &[Command]) -> Vec<Entry> {
    let mut state = Voucher::new(id);
    let fact = |command: &Command| match decide(&state, command, Timestamp::from_micros(1_000)) {
        Decision::Record(entry) => {
            state.apply(&entry).unwrap();
            entry
        }
        other => panic!("{other:?}"),
    };
    commands.iter().map(fact).collect()
}
