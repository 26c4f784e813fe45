//! A citizen's session lasts while it is used, on both databases.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use store::ledger::{CitizenSession, Error};
use uuid::Uuid;

#[tokio::test]
async fn a_session_lasts_while_it_is_used_and_no_longer() {
    const IDLE: i64 = 30;
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        let session = CitizenSession { voucher_id: Uuid::from_u128(1), generation: 1 };
        db.add_citizen_session(b"one", session, IDLE, 0).await.unwrap();
        let at = |now| db.touch_citizen_session(b"one", now + IDLE, now);
        // used once more a moment before it would be over, it lasts again as long from there
        assert_eq!(at(IDLE - 1).await.unwrap().voucher_id, Uuid::from_u128(1), "{name}");
        assert!(at(2 * IDLE - 2).await.is_ok(), "{name}");
        assert!(matches!(at(3 * IDLE - 2).await, Err(Error::NotFound)), "{name}: over at that very instant");
        assert!(matches!(at(3 * IDLE - 3).await, Ok(_)), "{name}: looking too late changed nothing");
        assert!(matches!(db.touch_citizen_session(b"two", 99, 0).await, Err(Error::NotFound)), "{name}");
        // whoever opens another one sweeps up
        db.add_citizen_session(b"two", session, 1_000, 900).await.unwrap();
        assert!(matches!(at(0).await, Err(Error::NotFound)), "{name}: gone for good");
    }
}
