//! The bytes of a record: version 1, little-endian, described in `store/schema/record-v1.md`.

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::record::{Body, NodeId, Record};
use domain::voucher::{Decline, Entry, Event, Kind, Origin, Reason, ReleaseCause};
use uuid::Uuid;

/// The first byte of every record.
const VERSION: u8 = 1;
/// The kind byte of an open record; facts have their [`Kind`]'s number.
const OPEN: u8 = 0;
/// Where the checksum stands: behind version and kind.
const CRC_AT: usize = 2;
const BODY_AT: usize = 6;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than there should be.
    #[error("the bytes end too early")]
    Short,
    /// More bytes than there should be.
    #[error("bytes are left over")]
    Long,
    /// A form that a later version of this program writes, or damage to the byte that names the form.
    #[error("form {0} is none that this version reads")]
    Form(u8),
    /// A field has a value that it cannot have.
    #[error("the field {0} has an impossible value")]
    Field(&'static str),
    /// The checksum of record `seq`, if it can be read at all, does not match.
    #[error("the checksum of record {seq} does not match")]
    Checksum {
        /// The place that the damaged bytes claim.
        seq: u64,
    },
    /// The chain is broken at record `seq`.
    #[error("the chain is broken at record {seq}")]
    Chain {
        /// The first record that does not follow.
        seq: u64,
    },
    /// Record `seq` does not come next.
    #[error("record {seq} is out of order")]
    Order {
        /// The record.
        seq: u64,
    },
}

/// Appends the bytes of a record.
pub fn encode_record(record: &Record, out: &mut Vec<u8>) {
    let start = out.len();
    let kind = match &record.body {
        Body::Open { .. } => OPEN,
        Body::Entry(entry) => entry.event.kind().number(),
    };
    out.extend_from_slice(&[VERSION, kind, 0, 0, 0, 0]);
    put_u64(out, record.seq);
    put_u64(out, record.epoch);
    match &record.body {
        Body::Open { node, at } => {
            put_u64(out, node.0);
            put_time(out, *at);
        }
        Body::Entry(entry) => put_entry(out, entry),
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&out[start..start + CRC_AT]), &out[start + BODY_AT..]);
    out[start + CRC_AT..start + BODY_AT].copy_from_slice(&crc.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_time(out: &mut Vec<u8>, at: Timestamp) {
    out.extend_from_slice(&at.micros().to_le_bytes());
}

fn put_cents(out: &mut Vec<u8>, cents: Cents) {
    out.extend_from_slice(&cents.get().to_le_bytes());
}

fn put_id(out: &mut Vec<u8>, id: Uuid) {
    out.extend_from_slice(id.as_bytes());
}

fn put_pin(out: &mut Vec<u8>, pin: Option<PinTag>) {
    match pin {
        None => out.push(0),
        Some(tag) => {
            out.push(1);
            out.extend_from_slice(&tag.0);
        }
    }
}

fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    put_id(out, entry.voucher.uuid());
    put_u64(out, entry.voucher_seq);
    put_id(out, entry.municipality.uuid());
    put_id(out, entry.operation.uuid());
    match entry.origin {
        Origin::Till { shop, terminal } => {
            out.push(1);
            put_id(out, shop.uuid());
            put_id(out, terminal.uuid());
        }
        Origin::Staff(user) => {
            out.push(2);
            put_id(out, user.uuid());
        }
        Origin::Holder => out.push(3),
        Origin::System => out.push(4),
    }
    out.extend_from_slice(&entry.key.0);
    out.extend_from_slice(&entry.request_hash.0);
    put_time(out, entry.decided_at);
    put_cents(out, entry.balance_after);
    put_cents(out, entry.held_after);
    put_event(out, &entry.event);
}

fn put_event(out: &mut Vec<u8>, event: &Event) {
    match *event {
        Event::Issue { programme, amount, valid_from, expires_at, pin } => {
            put_id(out, programme.uuid());
            put_cents(out, amount);
            put_time(out, valid_from);
            put_time(out, expires_at);
            put_pin(out, pin);
        }
        Event::TopUp { amount } | Event::Redeem { amount } | Event::Expire { amount } => put_cents(out, amount),
        Event::Reverse { target, target_operation, amount } => {
            out.extend_from_slice(&target.0);
            put_id(out, target_operation.uuid());
            put_cents(out, amount);
        }
        Event::Hold { amount, until } => {
            put_cents(out, amount);
            put_time(out, until);
        }
        Event::Capture { hold, amount } => {
            put_id(out, hold.uuid());
            put_cents(out, amount);
        }
        Event::Release { hold, cause } => {
            put_id(out, hold.uuid());
            out.push(cause.number());
        }
        Event::Block { reason } => out.push(reason.number()),
        Event::Unblock => {}
        Event::Reissue { generation, pin } => {
            out.extend_from_slice(&generation.to_le_bytes());
            put_pin(out, pin);
        }
        Event::ChangeExpiry { expires_at } => put_time(out, expires_at),
        Event::Close { amount, reason } => {
            put_cents(out, amount);
            out.push(reason.number());
        }
        Event::Decline { decline, attempted, amount } => {
            out.extend_from_slice(&[decline.number(), attempted.number()]);
            put_cents(out, amount);
        }
    }
}

/// Reads one record out of exactly these bytes.
///
/// # Errors
/// [`DecodeError`]; no bytes make it panic.
pub fn decode_record(bytes: &[u8]) -> Result<Record, DecodeError> {
    let mut reader = Reader { bytes };
    let version = reader.byte()?;
    if version != VERSION {
        return Err(DecodeError::Form(version));
    }
    let kind = reader.byte()?;
    let crc = u32::from_le_bytes(reader.array()?);
    // for the message only, until the checksum has vouched for it
    let seq = reader.clone().u64()?;
    if crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[BODY_AT..]) != crc {
        return Err(DecodeError::Checksum { seq });
    }
    let (seq, epoch) = (reader.place("seq")?, reader.place("epoch")?);
    let body = if kind == OPEN {
        Body::Open { node: NodeId(reader.u64()?), at: reader.time()? }
    } else {
        let kind = Kind::from_number(kind).ok_or(DecodeError::Field("kind"))?;
        Body::Entry(reader.entry(kind)?)
    };
    if reader.bytes.is_empty() { Ok(Record { seq, epoch, body }) } else { Err(DecodeError::Long) }
}

#[derive(Clone)]
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.bytes.split_first_chunk().ok_or(DecodeError::Short)?;
        self.bytes = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number that counts from one, and that both stores can hold.
    fn place(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        let place = self.u64()?;
        if (1..=i64::MAX.unsigned_abs()).contains(&place) { Ok(place) } else { Err(DecodeError::Field(field)) }
    }

    fn time(&mut self) -> Result<Timestamp, DecodeError> {
        self.array().map(|bytes| Timestamp::from_micros(i64::from_le_bytes(bytes)))
    }

    fn cents(&mut self) -> Result<Cents, DecodeError> {
        Cents::new(i64::from_le_bytes(self.array()?)).ok_or(DecodeError::Field("cents"))
    }

    fn id(&mut self) -> Result<Uuid, DecodeError> {
        self.array().map(Uuid::from_bytes)
    }

    fn pin(&mut self) -> Result<Option<PinTag>, DecodeError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.array().map(|tag| Some(PinTag(tag))),
            _ => Err(DecodeError::Field("pin")),
        }
    }

    fn reason(&mut self) -> Result<Reason, DecodeError> {
        Reason::from_number(self.byte()?).ok_or(DecodeError::Field("reason"))
    }

    fn origin(&mut self) -> Result<Origin, DecodeError> {
        Ok(match self.byte()? {
            1 => Origin::Till { shop: ShopId::new(self.id()?), terminal: TerminalId::new(self.id()?) },
            2 => Origin::Staff(UserId::new(self.id()?)),
            3 => Origin::Holder,
            4 => Origin::System,
            _ => return Err(DecodeError::Field("origin")),
        })
    }

    fn entry(&mut self, kind: Kind) -> Result<Entry, DecodeError> {
        Ok(Entry {
            voucher: VoucherId::new(self.id()?),
            voucher_seq: self.place("voucher_seq")?,
            municipality: MunicipalityId::new(self.id()?),
            operation: OperationId::new(self.id()?),
            origin: self.origin()?,
            key: OpKey(self.array()?),
            request_hash: RequestHash(self.array()?),
            decided_at: self.time()?,
            balance_after: self.cents()?,
            held_after: self.cents()?,
            event: self.event(kind)?,
        })
    }

    fn event(&mut self, kind: Kind) -> Result<Event, DecodeError> {
        Ok(match kind {
            Kind::Issue => Event::Issue {
                programme: ProgrammeId::new(self.id()?),
                amount: self.cents()?,
                valid_from: self.time()?,
                expires_at: self.time()?,
                pin: self.pin()?,
            },
            Kind::TopUp => Event::TopUp { amount: self.cents()? },
            Kind::Redeem => Event::Redeem { amount: self.cents()? },
            Kind::Reverse => Event::Reverse {
                target: OpKey(self.array()?),
                target_operation: OperationId::new(self.id()?),
                amount: self.cents()?,
            },
            Kind::Hold => Event::Hold { amount: self.cents()?, until: self.time()? },
            Kind::Capture => Event::Capture { hold: OperationId::new(self.id()?), amount: self.cents()? },
            Kind::Release => Event::Release {
                hold: OperationId::new(self.id()?),
                cause: ReleaseCause::from_number(self.byte()?).ok_or(DecodeError::Field("cause"))?,
            },
            Kind::Block => Event::Block { reason: self.reason()? },
            Kind::Unblock => Event::Unblock,
            Kind::Reissue => Event::Reissue { generation: u32::from_le_bytes(self.array()?), pin: self.pin()? },
            Kind::ChangeExpiry => Event::ChangeExpiry { expires_at: self.time()? },
            Kind::Expire => Event::Expire { amount: self.cents()? },
            Kind::Close => Event::Close { amount: self.cents()?, reason: self.reason()? },
            Kind::Decline => Event::Decline {
                decline: Decline::from_number(self.byte()?).ok_or(DecodeError::Field("decline"))?,
                attempted: Kind::from_number(self.byte()?).ok_or(DecodeError::Field("attempted"))?,
                amount: self.cents()?,
            },
        })
    }
}
