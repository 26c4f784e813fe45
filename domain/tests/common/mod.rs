//! A voucher, a clock and a language of one line a command.
#![allow(dead_code, reason = "each test file uses its own part")]

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::rome;
use domain::voucher::*;
use uuid::Uuid;

pub const PIN: PinTag = PinTag([1; 16]);

pub fn cents(value: i64) -> Cents {
    Cents::new(value).unwrap()
}

pub struct Bench {
    pub voucher: Voucher,
    pub entries: Vec<Entry>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
    terms: Terms,
    generation: u32,
    pin: Option<PinTag>,
    sealed: Option<Timestamp>,
    operations: u128,
    names: std::collections::HashMap<String, (OperationId, OpKey)>,
}

pub fn shop(name: &str) -> ShopId {
    ShopId::new(Uuid::from_u128(if name == "A" { 0xa } else { 0xb }))
}

impl Bench {
    pub fn new() -> Self {
        Self {
            voucher: Voucher::new(VoucherId::new(Uuid::from_u128(7))),
            entries: Vec::new(),
            now: rome::start_of_day(jiff::civil::date(2026, 11, 2)).plus_seconds(36_000),
            expires_at: rome::end_of_day(jiff::civil::date(2026, 12, 31)),
            terms: Terms::OPEN,
            generation: 1,
            pin: None,
            sealed: None,
            operations: 0,
            names: std::collections::HashMap::new(),
        }
    }

    /// Decides and applies, timed-out holds first, as the engine does.
    pub fn decide(&mut self, command: &Command) -> Decision {
        while let Some(release) = due_release(&self.voucher, self.now) {
            self.voucher.apply(&release).unwrap();
            self.entries.push(release);
        }
        let decision = decide(&self.voucher, command, self.now);
        if let Decision::Record(entry) = decision {
            self.voucher.apply(&entry).unwrap();
            self.entries.push(entry);
        }
        decision
    }

    fn name(&self, name: &str) -> (OperationId, OpKey) {
        let nothing = (OperationId::new(Uuid::nil()), OpKey([0; 16]));
        self.names.get(name).copied().unwrap_or(nothing)
    }

    fn issue(&self, amount: Cents, valid_from: Timestamp, pin: Option<PinTag>) -> Action {
        let (municipality, programme) = (MunicipalityId::new(Uuid::from_u128(3)), ProgrammeId::new(Uuid::from_u128(4)));
        Action::Issue { municipality, programme, amount, valid_from, expires_at: self.expires_at, pin }
    }

    fn action(&mut self, words: &[&str]) -> Option<(Origin, String, Action)> {
        let credential = Credential { generation: self.generation, pin: self.pin };
        let terms = self.terms;
        let amount = |word: &str| cents(word.parse().unwrap());
        let part = |word: &str| (word != "all").then(|| amount(word));
        let staff = Origin::Staff(UserId::new(Uuid::from_u128(2)));
        let by = |name: &str| match name {
            "office" => staff,
            name => Origin::Till { shop: shop(name), terminal: TerminalId::new(Uuid::from_u128(1)) },
        };
        self.operations += 1;
        let own = format!("own-{}", self.operations);
        Some(match *words {
            ["issue", sum] => (staff, own, self.issue(amount(sum), self.now, None)),
            ["issue-with-pin", sum] => (staff, own, self.issue(amount(sum), self.now, Some(PIN))),
            ["issue-from", seconds, sum] => {
                let valid_from = self.now.plus_seconds(seconds.parse().unwrap());
                (staff, own, self.issue(amount(sum), valid_from, None))
            }
            ["top-up", sum] => (staff, own, Action::TopUp { amount: amount(sum) }),
            ["redeem", who, key, sum] => {
                (by(who), key.into(), Action::Redeem { amount: amount(sum), credential, terms })
            }
            ["hold", who, key, sum] => (by(who), key.into(), self.hold(amount(sum), 900)),
            ["hold", who, key, sum, "for", seconds] => {
                (by(who), key.into(), self.hold(amount(sum), seconds.parse().unwrap()))
            }
            ["capture", who, key, of, sum] => {
                (by(who), key.into(), Action::Capture { hold: self.name(of).0, amount: part(sum) })
            }
            ["release", who, key, of] => (by(who), key.into(), Action::Release { hold: self.name(of).0 }),
            ["reverse", who, key, of, sum] => {
                let ((target_operation, target), sealed_through) = (self.name(of), self.sealed);
                (by(who), key.into(), Action::Reverse { target, target_operation, amount: part(sum), sealed_through })
            }
            ["block"] => (staff, own, Action::Block { reason: Reason::Other }),
            ["unblock"] => (staff, own, Action::Unblock),
            ["reissue"] => (staff, own, Action::Reissue { pin: None }),
            ["reissue-with-pin"] => (staff, own, Action::Reissue { pin: Some(PIN) }),
            ["expiry", day] => {
                self.expires_at = rome::end_of_day(day.parse().unwrap());
                (staff, own, Action::ChangeExpiry { expires_at: self.expires_at })
            }
            ["expire"] => (Origin::System, own, Action::Expire),
            ["undo"] => (staff, own, Action::Close { reason: Reason::ImportUndone }),
            ["close"] => (staff, own, Action::Close { reason: Reason::Other }),
            _ => return None,
        })
    }

    fn hold(&self, amount: Cents, seconds: i64) -> Action {
        let credential = Credential { generation: self.generation, pin: self.pin };
        Action::Hold { amount, credential, terms: self.terms, until: self.now.plus_seconds(seconds) }
    }

    fn setting(&mut self, words: &[&str]) {
        match *words {
            ["wait", seconds] => self.now = self.now.plus_seconds(seconds.parse().unwrap()),
            ["at", instant] => {
                let instant: jiff::Timestamp = instant.parse().unwrap();
                self.now = Timestamp::from_micros(instant.as_microsecond());
            }
            ["last-day", day] => self.expires_at = rome::end_of_day(day.parse().unwrap()),
            ["to-the-end", seconds] => self.now = self.expires_at.plus_seconds(seconds.parse().unwrap()),
            ["seal"] => self.sealed = Some(self.now.plus_seconds(1)),
            ["code", generation] => self.generation = generation.parse().unwrap(),
            ["pin", "none"] => self.pin = None,
            ["pin", which] => self.pin = Some(if which == "right" { PIN } else { PinTag([9; 16]) }),
            ["terms", ref terms @ ..] => self.terms = terms_of(terms),
            _ => panic!("what is {words:?}?"),
        }
    }

    /// Runs one line and says what came of it; nothing for a setting.
    pub fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.now = self.now.plus_micros(1_000);
        let Some((origin, key, action)) = self.action(&words) else {
            self.setting(&words);
            return String::new();
        };
        let operation = OperationId::new(Uuid::from_u128(1_000 + self.operations));
        let op_key = origin.shop().map_or_else(|| OpKey::of(Uuid::nil(), &key), |shop| OpKey::of_shop(shop, &key));
        let request_hash = RequestHash::of(&[line.as_bytes()]);
        let decision = self.decide(&Command { operation, origin, key: op_key, request_hash, action });
        if let Decision::Record(entry) = decision {
            self.names.entry(key).or_insert((entry.operation, entry.key));
        }
        said(&decision)
    }
}

/// Everything is allowed but what the words say.
fn terms_of(words: &[&str]) -> Terms {
    let mut terms = Terms::OPEN;
    for word in words {
        match word.split_once('=') {
            Some(("once", sum)) => terms.per_redemption_max = Some(cents(sum.parse().unwrap())),
            Some(("day", sum)) => terms.per_day_max = Some(cents(sum.parse().unwrap())),
            Some(("uses", count)) => terms.per_day_count_max = Some(count.parse().unwrap()),
            Some(("pin-above", sum)) => terms.pin_above = Some(cents(sum.parse().unwrap())),
            None if *word == "shop-off" => terms.shop_enabled = false,
            None if *word == "programme-off" => terms.programme_active = false,
            _ => panic!("what is {word}?"),
        }
    }
    terms
}

fn said(decision: &Decision) -> String {
    match decision {
        Decision::Record(Entry { event: Event::Decline { decline, .. }, .. }) => format!("declined {}", decline.code()),
        Decision::Record(entry) => format!(
            "{} {} left {} held {}",
            entry.event.kind().code(),
            entry.event.amount().get(),
            entry.balance_after.get(),
            entry.held_after.get()
        ),
        Decision::Known(Outcome { decline: Some(decline), .. }) => format!("known declined {}", decline.code()),
        Decision::Known(outcome) => {
            format!("known {} {} left {}", outcome.kind.code(), outcome.amount.get(), outcome.balance_after.get())
        }
        Decision::Refuse(refusal) => format!("refused {refusal}"),
        Decision::Unchanged => "unchanged".to_owned(),
    }
}

/// Runs a table, and gives what came of each command.
pub fn run(table: &str) -> Vec<String> {
    let mut bench = Bench::new();
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let said = lines.map(|line| {
        let (command, expected) = line.split_once("->").unwrap_or((line, ""));
        let said = bench.line(command.trim());
        assert_eq!(said, expected.trim(), "{line}");
        said
    });
    said.collect()
}
