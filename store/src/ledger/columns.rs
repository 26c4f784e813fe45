//! The columns that rows are made of, each by its name. A newer version of this program may add some while this one
//! runs: `SELECT *` would then be another list, and Postgres refuses a statement that was prepared before.

/// Names behind that of their table: `o.id, o.seq`.
macro_rules! of {
    ($table:literal: $first:literal $($next:literal)*) => {
        concat!($table, ".", $first $(, ", ", $table, ".", $next)*)
    };
}

/// Those of an [`OperationRow`](super::OperationRow).
macro_rules! operation {
    ($table:literal) => {
        $crate::ledger::columns::of!(
            $table: "id" "partition_id" "seq" "voucher_id" "voucher_seq" "municipality_id" "kind" "shop_id" "terminal_id"
                "user_id" "op_key" "amount_cents" "balance_after_cents" "held_after_cents" "decided_at" "decline"
                "target_id" "reversed_cents"
        )
    };
}

/// Those of a [`VoucherRow`](super::VoucherRow), of the voucher `v` and its holder `h`.
macro_rules! voucher {
    () => {
        concat!(
            $crate::ledger::columns::of!(
                "v": "id" "municipality_id" "programme_id" "status" "voucher_seq" "generation" "valid_from" "expires_at"
                    "balance_cents" "held_cents" "issued_cents" "topped_up_cents" "redeemed_cents" "reversed_cents"
                    "expired_cents" "issued_at" "updated_at"
            ),
            ", h.reference, h.channel, h.initials, h.import_id"
        )
    };
}

pub(super) use {of, operation, voucher};
