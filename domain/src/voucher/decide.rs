//! Deciding what a command does.

use super::command::{Action, Command, Credential, Refusal, Terms};
use super::entry::{Decline, Entry, Event, Kind, Origin, Reason, ReleaseCause};
use super::outcome::Outcome;
use super::state::{Hold, Issued, Life, Voucher};
use super::{OPEN_HOLDS_MAX, WRONG_PINS_PER_DAY_MAX};
use crate::cents::Cents;
use crate::clock::Timestamp;
use crate::ids::{MunicipalityId, OperationId, derived};
use crate::keys::{OpKey, RequestHash};
use crate::rome;

/// What a command does to a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A new fact, to be recorded and applied: a success, or a decline that is final for its key.
    Record(Entry),
    /// The same request was decided before.
    Known(Outcome),
    /// Nothing, and nothing has to be remembered.
    Refuse(Refusal),
    /// Nothing: it is already as asked.
    Unchanged,
}

/// Money moving: how the totals change.
#[derive(Clone, Copy)]
struct Move {
    event: Event,
    balance: Cents,
    held: Cents,
}

/// A fact, something final for the key, or nothing at all.
enum Verdict {
    Do(Move),
    Decline(Decline, Kind, Cents),
    Refuse(Refusal),
    Unchanged,
}

/// The hold that timed out first and has not let go yet.
///
/// Its release is a fact of its own: the caller records and applies it before deciding anything
/// else at `now`, so that every later fact is decided on what the journal says.
#[must_use]
pub fn due_release(voucher: &Voucher, now: Timestamp) -> Option<Entry> {
    let issued = voucher.issued.as_ref()?;
    let hold = issued.holds.iter().filter(|hold| hold.until < now).min_by_key(|hold| hold.until)?;
    let key = OpKey::of(hold.operation.uuid(), "time-out");
    let command = Command {
        operation: OperationId::new(derived(hold.operation.uuid(), "time-out", 0)),
        origin: Origin::System,
        key,
        request_hash: RequestHash::of(&[]),
        action: Action::Release { hold: hold.operation },
    };
    let moved = release(issued, hold, ReleaseCause::TimedOut)?;
    Some(entry(voucher, issued.municipality, &command, now, moved))
}

/// Decides a command; the state is not changed.
///
/// The order of precedence is the order of the code: a known key first, then what is impossible,
/// then the reasons to decline in the order of [`Decline`].
#[must_use]
pub fn decide(voucher: &Voucher, command: &Command, now: Timestamp) -> Decision {
    // a clock that jumped back does not take the voucher back with it
    let now = now.max(voucher.decided_at);
    if let Some(outcome) = voucher.outcome(command.key) {
        return match outcome.request_hash == command.request_hash {
            true => Decision::Known(*outcome),
            false => Decision::Refuse(Refusal::KeyReused),
        };
    }
    let (municipality, verdict) = match (&voucher.issued, command.action) {
        (None, Action::Issue { municipality, .. }) => (municipality, issue(&command.action)),
        (None, _) => return Decision::Refuse(Refusal::NoSuchVoucher),
        (Some(issued), _) => (issued.municipality, on_issued(voucher, issued, command, now)),
    };
    match verdict {
        Verdict::Do(moved) => Decision::Record(entry(voucher, municipality, command, now, moved)),
        Verdict::Decline(decline, attempted, amount) => {
            let (balance, held) = voucher.issued.as_ref().map_or((Cents::ZERO, Cents::ZERO), |i| (i.balance, i.held()));
            let moved = Move { event: Event::Decline { decline, attempted, amount }, balance, held };
            Decision::Record(entry(voucher, municipality, command, now, moved))
        }
        Verdict::Refuse(refusal) => Decision::Refuse(refusal),
        Verdict::Unchanged => Decision::Unchanged,
    }
}

fn entry(voucher: &Voucher, municipality: MunicipalityId, command: &Command, now: Timestamp, moved: Move) -> Entry {
    Entry {
        voucher: voucher.id,
        voucher_seq: voucher.seq + 1,
        municipality,
        operation: command.operation,
        origin: command.origin,
        key: command.key,
        request_hash: command.request_hash,
        decided_at: now.min(Timestamp::LAST).max(voucher.decided_at.plus_micros(1)),
        balance_after: moved.balance,
        held_after: moved.held,
        event: moved.event,
    }
}

fn issue(action: &Action) -> Verdict {
    let Action::Issue { programme, amount, valid_from, expires_at, pin, .. } = *action else {
        return Verdict::Refuse(Refusal::NoSuchVoucher);
    };
    if amount.is_zero() {
        return Verdict::Refuse(Refusal::InvalidAmount);
    }
    if expires_at <= valid_from {
        return Verdict::Refuse(Refusal::InvalidValidity);
    }
    let event = Event::Issue { programme, amount, valid_from, expires_at, pin };
    Verdict::Do(Move { event, balance: amount, held: Cents::ZERO })
}

fn on_issued(voucher: &Voucher, issued: &Issued, command: &Command, now: Timestamp) -> Verdict {
    match command.action {
        Action::Issue { .. } => Verdict::Refuse(Refusal::AlreadyIssued),
        Action::TopUp { amount } => top_up(issued, amount),
        Action::Redeem { amount, credential, terms } => redeem(issued, amount, credential, &terms, now),
        Action::Hold { amount, credential, terms, until } => {
            hold(issued, command, amount, credential, &terms, until, now)
        }
        Action::Capture { hold, amount } => capture(issued, command, hold, amount),
        Action::Release { hold } => match own_hold(issued, command, hold) {
            Some(hold) => {
                release(issued, hold, ReleaseCause::Shop).map_or(Verdict::Refuse(Refusal::NoSuchHold), Verdict::Do)
            }
            None => Verdict::Refuse(Refusal::NoSuchHold),
        },
        Action::Reverse { target, target_operation, amount, sealed_through } => {
            reverse(voucher, issued, command, (target, target_operation), amount, sealed_through)
        }
        Action::Block { reason } => still(issued, Life::Blocked, Event::Block { reason }),
        Action::Unblock => still(issued, Life::Active, Event::Unblock),
        Action::Reissue { pin } => match over(issued) {
            Some(refusal) => Verdict::Refuse(refusal),
            None => unmoved(issued, Event::Reissue { generation: issued.generation + 1, pin }),
        },
        Action::ChangeExpiry { expires_at } => change_expiry(issued, expires_at),
        Action::Expire => expire(issued, now),
        Action::Close { reason } => close(issued, reason),
    }
}

/// An event that moves no money.
fn unmoved(issued: &Issued, event: Event) -> Verdict {
    Verdict::Do(Move { event, balance: issued.balance, held: issued.held() })
}

/// Why a voucher whose life has ended cannot be changed.
fn over(issued: &Issued) -> Option<Refusal> {
    match issued.life {
        Life::Active | Life::Blocked => None,
        Life::Expired => Some(Refusal::VoucherExpired),
        Life::Closed => Some(Refusal::VoucherClosed),
    }
}

/// Blocking and unblocking.
fn still(issued: &Issued, wanted: Life, event: Event) -> Verdict {
    match over(issued) {
        Some(refusal) => Verdict::Refuse(refusal),
        None if issued.life == wanted => Verdict::Unchanged,
        None => unmoved(issued, event),
    }
}

fn top_up(issued: &Issued, amount: Cents) -> Verdict {
    if let Some(refusal) = over(issued) {
        return Verdict::Refuse(refusal);
    }
    // what came in over the whole life must fit too, since reversals can bring all of it back
    let fits = issued.totals.issued.plus(issued.totals.topped_up).and_then(|sum| sum.plus(amount)).is_some();
    match issued.balance.plus(amount) {
        Some(balance) if fits && !amount.is_zero() => {
            Verdict::Do(Move { event: Event::TopUp { amount }, balance, held: issued.held() })
        }
        _ => Verdict::Refuse(Refusal::InvalidAmount),
    }
}

fn redeem(issued: &Issued, amount: Cents, credential: Credential, terms: &Terms, now: Timestamp) -> Verdict {
    if amount.is_zero() {
        return Verdict::Refuse(Refusal::InvalidAmount);
    }
    if let Some(decline) = objection(issued, amount, credential, terms, now) {
        return Verdict::Decline(decline, Kind::Redeem, amount);
    }
    match issued.balance.minus(amount) {
        Some(_) if !countable(issued, amount) => Verdict::Refuse(Refusal::InvalidAmount),
        Some(balance) => Verdict::Do(Move { event: Event::Redeem { amount }, balance, held: issued.held() }),
        None => Verdict::Decline(Decline::InsufficientBalance, Kind::Redeem, amount),
    }
}

/// Whether the sum of all that was ever taken can still be counted: the same money can come back by
/// a reversal and be taken again, any number of times.
fn countable(issued: &Issued, amount: Cents) -> bool {
    issued.totals.redeemed.plus(issued.held()).and_then(|sum| sum.plus(amount)).is_some()
}

fn hold(
    issued: &Issued,
    command: &Command,
    amount: Cents,
    credential: Credential,
    terms: &Terms,
    until: Timestamp,
    now: Timestamp,
) -> Verdict {
    if amount.is_zero() {
        return Verdict::Refuse(Refusal::InvalidAmount);
    }
    if until <= now || command.origin.shop().is_none() {
        return Verdict::Refuse(Refusal::InvalidValidity);
    }
    if let Some(decline) = objection(issued, amount, credential, terms, now) {
        return Verdict::Decline(decline, Kind::Hold, amount);
    }
    if issued.holds.len() >= OPEN_HOLDS_MAX {
        return Verdict::Refuse(Refusal::TooManyHolds);
    }
    match issued.held().plus(amount) {
        Some(_) if !countable(issued, amount) => Verdict::Refuse(Refusal::InvalidAmount),
        Some(held) => Verdict::Do(Move { event: Event::Hold { amount, until }, balance: issued.balance, held }),
        None => Verdict::Decline(Decline::InsufficientBalance, Kind::Hold, amount),
    }
}

/// The first reason, in the order of [`Decline`], not to let a till take this amount.
fn objection(issued: &Issued, amount: Cents, credential: Credential, terms: &Terms, now: Timestamp) -> Option<Decline> {
    standing(issued, credential, terms, now)
        .or_else(|| limits(issued, amount, credential, terms, now))
        .or_else(|| (amount > issued.available()).then_some(Decline::InsufficientBalance))
}

/// Whether this shop and this code may take anything from this voucher now.
fn standing(issued: &Issued, credential: Credential, terms: &Terms, now: Timestamp) -> Option<Decline> {
    if !terms.shop_enabled {
        return Some(Decline::ShopNotEnabled);
    }
    if !terms.programme_active {
        return Some(Decline::ProgrammeSuspended);
    }
    if credential.generation != issued.generation {
        return Some(Decline::VoucherReissued);
    }
    match issued.life {
        Life::Closed => Some(Decline::VoucherClosed),
        Life::Blocked => Some(Decline::VoucherBlocked),
        Life::Expired => Some(Decline::VoucherExpired),
        Life::Active if now < issued.valid_from => Some(Decline::VoucherNotYetValid),
        // the last instant is a whole second, 23:59:59, and all of it counts
        Life::Active if now >= issued.expires_at.plus_seconds(1) => Some(Decline::VoucherExpired),
        Life::Active => None,
    }
}

/// PIN and limits.
fn limits(issued: &Issued, amount: Cents, credential: Credential, terms: &Terms, now: Timestamp) -> Option<Decline> {
    let today = issued.today.on(rome::day(now));
    if today.wrong_pins >= WRONG_PINS_PER_DAY_MAX || terms.per_day_count_max.is_some_and(|max| today.uses >= max) {
        return Some(Decline::Velocity);
    }
    // after a wrong one also below: small amounts without any would let somebody guess for ever
    let needed = today.wrong_pins > 0 || terms.pin_above.is_some_and(|threshold| amount > threshold);
    match (issued.pin, credential.pin) {
        (Some(_), None) if needed => return Some(Decline::PinRequired),
        // a wrong PIN is refused even where none was needed: somebody is trying
        (Some(pin), Some(typed)) if pin != typed => return Some(Decline::PinWrong),
        _ => {}
    }
    let over_once = terms.per_redemption_max.is_some_and(|max| amount > max);
    let spent = today.spent.plus(issued.held()).and_then(|sum| sum.plus(amount));
    let over_day = terms.per_day_max.is_some_and(|max| spent.is_none_or(|sum| sum > max));
    (over_once || over_day).then_some(Decline::AmountOverLimit)
}

fn own_hold<'a>(issued: &'a Issued, command: &Command, operation: OperationId) -> Option<&'a Hold> {
    issued.hold(operation).filter(|hold| Some(hold.shop) == command.origin.shop())
}

fn release(issued: &Issued, hold: &Hold, cause: ReleaseCause) -> Option<Move> {
    let held = issued.held().minus(hold.amount)?;
    Some(Move { event: Event::Release { hold: hold.operation, cause }, balance: issued.balance, held })
}

/// A hold is a promise to the shop: it can be captured although the voucher was blocked, or ran
/// out, since.
fn capture(issued: &Issued, command: &Command, operation: OperationId, amount: Option<Cents>) -> Verdict {
    let Some(hold) = own_hold(issued, command, operation) else {
        return Verdict::Refuse(Refusal::NoSuchHold);
    };
    let amount = amount.unwrap_or(hold.amount);
    if amount.is_zero() {
        return Verdict::Refuse(Refusal::InvalidAmount);
    }
    if amount > hold.amount {
        return Verdict::Refuse(Refusal::CaptureExceedsHold);
    }
    match (issued.balance.minus(amount), issued.held().minus(hold.amount)) {
        (Some(balance), Some(held)) => {
            Verdict::Do(Move { event: Event::Capture { hold: operation, amount }, balance, held })
        }
        _ => Verdict::Refuse(Refusal::NoSuchHold),
    }
}

fn reverse(
    voucher: &Voucher,
    issued: &Issued,
    command: &Command,
    (target, target_operation): (OpKey, OperationId),
    amount: Option<Cents>,
    sealed_through: Option<Timestamp>,
) -> Verdict {
    let taken = voucher.outcome(target).filter(|outcome| {
        outcome.operation == target_operation
            && matches!(outcome.kind, Kind::Redeem | Kind::Capture)
            && outcome.shop.is_some()
            && outcome.shop == command.origin.shop()
    });
    let Some(taken) = taken else {
        return Verdict::Refuse(Refusal::NoSuchOperation);
    };
    if sealed_through.is_some_and(|sealed| taken.decided_at <= sealed) {
        return Verdict::Refuse(Refusal::OperationSealed);
    }
    let left = taken.amount.minus(taken.reversed).unwrap_or(Cents::ZERO);
    let amount = amount.unwrap_or(left);
    if amount > left || left.is_zero() {
        return Verdict::Refuse(Refusal::ReversalExceeds);
    }
    match issued.balance.plus(amount) {
        Some(balance) if !amount.is_zero() => {
            let event = Event::Reverse { target, target_operation, amount };
            Verdict::Do(Move { event, balance, held: issued.held() })
        }
        _ => Verdict::Refuse(Refusal::InvalidAmount),
    }
}

fn change_expiry(issued: &Issued, expires_at: Timestamp) -> Verdict {
    if let Some(refusal) = over(issued) {
        return Verdict::Refuse(refusal);
    }
    if expires_at <= issued.valid_from {
        return Verdict::Refuse(Refusal::InvalidValidity);
    }
    if expires_at == issued.expires_at {
        return Verdict::Unchanged;
    }
    unmoved(issued, Event::ChangeExpiry { expires_at })
}

/// Money reversed after the end is swept again by the next run.
fn expire(issued: &Issued, now: Timestamp) -> Verdict {
    match issued.life {
        Life::Closed => return Verdict::Refuse(Refusal::VoucherClosed),
        Life::Expired if issued.balance.is_zero() => return Verdict::Unchanged,
        Life::Active | Life::Blocked | Life::Expired => {}
    }
    if now < issued.expires_at.plus_seconds(1) {
        return Verdict::Refuse(Refusal::NotYetExpired);
    }
    if !issued.holds.is_empty() {
        return Verdict::Refuse(Refusal::HoldsOpen);
    }
    Verdict::Do(Move { event: Event::Expire { amount: issued.balance }, balance: Cents::ZERO, held: Cents::ZERO })
}

fn close(issued: &Issued, reason: Reason) -> Verdict {
    if issued.life == Life::Closed && issued.balance.is_zero() {
        return Verdict::Unchanged;
    }
    // undoing takes back what nobody has touched, whatever was known when it was asked for
    let used = !issued.totals.redeemed.is_zero() || !issued.holds.is_empty();
    if reason == Reason::ImportUndone && used {
        return Verdict::Unchanged;
    }
    if !issued.holds.is_empty() {
        return Verdict::Refuse(Refusal::HoldsOpen);
    }
    Verdict::Do(Move {
        event: Event::Close { amount: issued.balance, reason },
        balance: Cents::ZERO,
        held: Cents::ZERO,
    })
}
