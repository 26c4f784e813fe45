//! A citizen's session lasts while it is used, on both databases.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use store::ledger::{CitizenSession, Error};
use uuid::Uuid;

#[tokio::test]
async fn a_session_lasts_while_it_is_used_and_no_longer() {
    const MINUTE: i64 = 60_000_000;
    const IDLE: i64 = 30 * MINUTE;
    for fresh in common::both().await {
        let (db, name) = (&fresh.db, fresh.name);
        let session = CitizenSession { voucher_id: Uuid::from_u128(1), generation: 1, expires_at: IDLE };
        db.add_citizen_session(b"one", session).await.unwrap();
        let at = |minute: i64| db.touch_citizen_session(b"one", minute * MINUTE + IDLE, minute * MINUTE);
        // used once more a moment before it would be over, it lasts again as long from there
        assert_eq!(at(29).await.unwrap().voucher_id, Uuid::from_u128(1), "{name}");
        assert!(at(58).await.is_ok(), "{name}");
        assert!(matches!(at(88).await, Err(Error::NotFound)), "{name}: over at that very instant");
        assert!(at(87).await.is_ok(), "{name}: looking too late changed nothing");
        assert!(matches!(db.touch_citizen_session(b"two", IDLE, 0).await, Err(Error::NotFound)), "{name}");
        db.purge_sessions(117 * MINUTE).await.unwrap();
        assert!(matches!(at(0).await, Err(Error::NotFound)), "{name}: swept up once it was over");
    }
}
