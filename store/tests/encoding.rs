//! The bytes of records: what is written today is readable for ever.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::cents::Cents;
use domain::clock::Timestamp;
use domain::ids::{MunicipalityId, OperationId, PartitionId, ProgrammeId, ShopId, TerminalId, UserId, VoucherId};
use domain::keys::{OpKey, PinTag, RequestHash};
use domain::record::{Body, NodeId, Record};
use domain::voucher::{Decline, Entry, Event, Kind, Origin, Reason, ReleaseCause};
use proptest::prelude::*;
use std::fmt::Write;
use store::journal::{Batch, DecodeError, Head, JournalError, decode_record, encode_record};
use store::receipt::{Signer, verify};
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn events() -> Vec<Event> {
    let (amount, at) = (Cents::new(1_234).unwrap(), Timestamp::from_micros(5_678));
    let (hold, reason) = (OperationId::new(id(21)), Reason::LostByHolder);
    vec![
        Event::Issue {
            programme: ProgrammeId::new(id(20)),
            amount,
            valid_from: at,
            expires_at: at,
            pin: Some(PinTag([1; 16])),
        },
        Event::TopUp { amount },
        Event::Redeem { amount },
        Event::Reverse { target: OpKey([2; 16]), target_operation: hold, amount },
        Event::Hold { amount, until: at },
        Event::Capture { hold, amount },
        Event::Release { hold, cause: ReleaseCause::TimedOut },
        Event::Block { reason },
        Event::Unblock,
        Event::Reissue { generation: 3, pin: None },
        Event::ChangeExpiry { expires_at: at },
        Event::Expire { amount },
        Event::Close { amount, reason },
        Event::Decline { decline: Decline::InsufficientBalance, attempted: Kind::Hold, amount },
    ]
}

fn samples() -> Vec<Record> {
    let origins = [
        Origin::Till { shop: ShopId::new(id(10)), terminal: TerminalId::new(id(11)) },
        Origin::Staff(UserId::new(id(12))),
        Origin::Holder,
        Origin::System,
    ];
    let open = Body::Open { node: NodeId(7), at: Timestamp::from_micros(8) };
    let entry = |(at, event): (usize, Event)| {
        Body::Entry(Entry {
            voucher: VoucherId::new(id(1)),
            voucher_seq: at as u64 + 1,
            municipality: MunicipalityId::new(id(2)),
            operation: OperationId::new(id(3)),
            origin: origins[at % origins.len()],
            key: OpKey([4; 16]),
            request_hash: RequestHash([5; 16]),
            decided_at: Timestamp::from_micros(6),
            balance_after: Cents::new(7).unwrap(),
            held_after: Cents::new(1).unwrap(),
            event,
        })
    };
    let bodies = std::iter::once(open).chain(events().into_iter().enumerate().map(entry));
    bodies.zip(1..).map(|(body, seq)| Record { seq, epoch: 9, body }).collect()
}

#[test]
fn every_kind_has_the_bytes_that_it_always_had() {
    assert_eq!(events().len(), Kind::ALL.len());
    let mut lines = String::new();
    for record in samples() {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        assert_eq!(decode_record(&bytes), Ok(record));
        writeln!(lines, "{}", data_encoding::HEXLOWER.encode(&bytes)).unwrap();
    }
    is_what_it_was(&lines, "record-v1.golden");
}

/// What to do about bytes that are other ones.
const RULE: &str = "These bytes lie in journals. Leave the form as it is and add another, which is first read and only \
    written by the version after (docs/decisions/0019). Only what no version ever wrote may be recorded anew, with \
    BUONO_UPDATE=1";

fn is_what_it_was(lines: &str, file: &str) {
    let path = format!("{}/schema/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BUONO_UPDATE").is_some() {
        std::fs::write(&path, lines).unwrap();
    }
    assert!(lines == std::fs::read_to_string(&path).unwrap(), "{file}: {RULE}");
}

#[test]
fn a_batch_has_the_bytes_that_it_always_had() {
    let head = Head { epoch: 9, seq: 41, chain: [7; 32] };
    let bodies = samples().into_iter().map(|record| record.body);
    let batch = Batch::encode(9, &head, bodies);
    let bytes = data_encoding::HEXLOWER.encode(batch.bytes());
    is_what_it_was(&format!("{bytes}\n"), "batch-v1.golden");
    let read = Batch::decode(batch.bytes().to_vec()).unwrap();
    assert_eq!((read.head(), read.records()), (batch.head(), batch.records()));
    read.follows(&head).unwrap();
}

#[test]
fn a_form_of_a_later_version_is_named_and_not_guessed_at() {
    let head = Head { epoch: 9, ..Head::START };
    let batch = Batch::encode(9, &head, samples().into_iter().map(|record| record.body));
    for form in (0..=u8::MAX).filter(|form| *form != 1) {
        let mut bytes = batch.bytes().to_vec();
        bytes[0] = form;
        assert_eq!(Batch::decode(bytes).map(drop), Err(DecodeError::Form(form)));
        let mut record = batch.record_bytes(3).to_vec();
        record[0] = form;
        assert_eq!(decode_record(&record), Err(DecodeError::Form(form)));
    }
    assert_eq!(JournalError::from(DecodeError::Form(2)), JournalError::UnknownForm(2));
}

/// The bytes of a batch with exactly these records, whatever they say; all checksums are right.
fn assembled(records: &[Record]) -> Vec<u8> {
    let mut chain = [0; 32];
    let mut bytes = vec![1];
    bytes.extend_from_slice(&u32::try_from(records.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&chain);
    for record in records {
        let mut raw = Vec::new();
        encode_record(record, &mut raw);
        bytes.extend_from_slice(&u16::try_from(raw.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&raw);
        chain = *blake3::hash(&[&chain[..], &raw].concat()).as_bytes();
    }
    bytes.extend_from_slice(&chain);
    bytes
}

#[test]
fn places_that_cannot_be_are_refused_and_never_counted_on() {
    let good = samples()[2];
    assert!(Batch::decode(assembled(&[good])).is_ok());
    for place in [0, 1 << 63, u64::MAX - 1, u64::MAX] {
        let seq = [Record { seq: place, ..good }, Record { seq: place.wrapping_add(1), ..good }];
        assert_eq!(Batch::decode(assembled(&seq)).map(drop), Err(DecodeError::Field("seq")), "{place}");
        let epoch = [Record { epoch: place, ..good }];
        assert_eq!(Batch::decode(assembled(&epoch)).map(drop), Err(DecodeError::Field("epoch")), "{place}");
        let Body::Entry(entry) = good.body else { panic!("the sample is no fact") };
        let own = [Record { body: Body::Entry(Entry { voucher_seq: place, ..entry }), ..good }];
        assert_eq!(Batch::decode(assembled(&own)).map(drop), Err(DecodeError::Field("voucher_seq")), "{place}");
    }
}

#[test]
fn a_receipt_proves_its_record_and_nothing_else() {
    let signer = Signer::new(&[3; 32]);
    for count in 1..=samples().len() {
        let bodies = samples().into_iter().take(count).map(|record| record.body);
        let batch = Batch::encode(9, &Head { epoch: 9, ..Head::START }, bodies);
        for index in 0..count {
            let receipt = signer.receipt(PartitionId(0), &batch, index);
            let proven = verify(&receipt, &signer.public_key()).unwrap();
            assert_eq!((proven.partition, &proven.record), (PartitionId(0), &batch.records()[index]));
            assert_eq!((&proven.bytes[..], &proven.chain), (batch.record_bytes(index), batch.chain(index)));
            assert!(verify(&receipt, &Signer::new(&[4; 32]).public_key()).is_err());
            let other = signer.receipt(PartitionId(0), &batch, (index + 1) % count);
            let mixed = store::receipt::Receipt { payload: other.payload, ..receipt };
            assert_eq!(verify(&mixed, &signer.public_key()).is_ok(), count == 1);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_record(&bytes);
        let _ = Batch::decode(bytes);
    }
}
