//! The rules of the protocol that can be left out, to see that the simulator notices.
//!
//! None of them is a switch in the code of production: each is a journal, a connection or a shell
//! around the cell and the writer that does what the rule forbids.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The full protocol.
    Nothing,
    /// A plain append: the journal writes whatever comes behind whatever is there.
    FenceAndPrevious,
    /// The journal looks at the epoch and not at the record before.
    Previous,
    /// After a time-out the same facts are appended again, blindly.
    FenceBeforeRetrying,
    /// After a time-out the journal is read, and what is not there was "not executed".
    FenceBeforeReading,
    /// A voucher that is loaded again has forgotten which keys it answered.
    DurableKeys,
    /// An owner believes the tail that it reads and leaves no record of its opening.
    OpenRecord,
    /// Declines are answered from speculative state.
    HeldDeclines,
    /// Duplicates are answered from speculative state.
    HeldDuplicates,
    /// Balances are shown from speculative state.
    HeldReads,
    /// An owner answers reads without asking whether the fence has moved.
    ReadBarrier,
    /// Successes are answered before they are written.
    Durability,
    /// The journal answers before its bytes are on the disk.
    Fsync,
    /// A reply of an old connection is taken for the answer to the present question.
    ConnectionGenerations,
    /// A voucher whose actor died is loaded again before what it had submitted is durable.
    BarrierBeforeRevival,
    /// The projector reads what is not yet on the disk.
    ProjectedAfterFsync,
}

impl Without {
    /// Each rule in the words of PROTOCOL.md.
    pub const RULES: [(Self, &str); 15] = [
        (Self::FenceAndPrevious, "plain append without fence and previous-check"),
        (Self::Previous, "no previous-check"),
        (Self::FenceBeforeRetrying, "blind retry after a time-out"),
        (Self::FenceBeforeReading, "reading back without moving the fence first"),
        (Self::DurableKeys, "idempotency only in memory"),
        (Self::OpenRecord, "no open record"),
        (Self::HeldDeclines, "declining eagerly from speculative state"),
        (Self::HeldDuplicates, "answering a duplicate eagerly"),
        (Self::HeldReads, "reading speculative balances"),
        (Self::ReadBarrier, "stale reads from a fenced owner"),
        (Self::Durability, "answering before durable"),
        (Self::Fsync, "appending without fsync"),
        (Self::ConnectionGenerations, "a stale reply of an old connection"),
        (Self::BarrierBeforeRevival, "reviving an actor without a barrier"),
        (Self::ProjectedAfterFsync, "projecting what is not on the disk"),
    ];
}
