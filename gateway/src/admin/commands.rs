//! How staff's commands reach a voucher, and what they carry.

use crate::edge::new_id;
use crate::problem::Problem;
use crate::state::AppState;
use domain::ids::{OperationId, UserId, VoucherId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::voucher::{Action, Command, Event, Origin};
use engine::Answer;
use store::ledger::ProgrammeRow;
use uuid::Uuid;

/// What a voucher of this programme keeps of its PIN; nothing where the programme asks for none.
pub fn pin_tag(state: &AppState, programme: &ProgrammeRow, voucher: VoucherId, generation: u32) -> Option<PinTag> {
    programme.pin_above_cents?;
    Some(state.keys.pin_tag(voucher, &state.keys.pin(voucher, generation)))
}

/// What stands for a key that a member of staff uses.
pub fn staff_key(user: Option<UserId>, key: &str) -> OpKey {
    OpKey::of(user.map_or(Uuid::nil(), UserId::uuid), key)
}

/// Runs a command of a member of staff, or of the system for nobody. Without a key of the
/// caller's every call is an attempt of its own.
///
/// # Errors
/// Any problem of the table.
pub async fn run(
    state: &AppState,
    user: Option<UserId>,
    voucher: Uuid,
    (key, hash): (Option<&str>, RequestHash),
    action: Action,
) -> Result<Answer, Problem> {
    let operation = new_id();
    let command = Command {
        operation: OperationId::new(operation),
        origin: user.map_or(Origin::System, Origin::Staff),
        key: staff_key(user, key.unwrap_or(&operation.to_string())),
        request_hash: hash,
        action,
    };
    match state.vouchers.execute(VoucherId::new(voucher), command, state.deadline()).await? {
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::Recorded { entry, .. } if matches!(entry.event, Event::Decline { .. }) => Err(Problem::new("conflict")),
        answer => Ok(answer),
    }
}
