//! Tables that another version of this program has changed: newer ones are worked on as long as they have what
//! this version needs (docs/decisions/0019).
//!
//! Migrations add. One that takes something away says in its name since which earlier migration nobody needs it,
//! `0031_needs_0025_drop_old_marks.sql`: a program that does not know number 25 yet must leave such tables alone.

use sqlx::migrate::Migrator;

/// The migrations of a database that were applied, in the columns of [`Applied`].
pub(crate) const APPLIED: &str =
    "SELECT version, description, checksum FROM _sqlx_migrations WHERE success ORDER BY version";

/// What a database remembers of a migration: its number, the rest of its name with spaces, and its checksum.
pub(crate) type Applied = (i64, String, Vec<u8>);

/// The migrations that this program knows, over tables that may have seen more of them.
pub(crate) fn known(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

/// The migrations of a ledger in a file.
pub(crate) fn of_a_file() -> Migrator {
    known(sqlx::migrate!("../migrations/sqlite"))
}

/// Whether these are the tables that this program makes, with nothing missing and nothing of a newer one.
pub(crate) fn exactly(known: &Migrator, applied: &[Applied]) -> bool {
    all_done(known, applied) && applied.iter().all(|(version, ..)| known.version_exists(*version))
}

/// Whether nothing is to be done.
pub(crate) fn all_done(known: &Migrator, applied: &[Applied]) -> bool {
    known.iter().all(|migration| {
        let same =
            |(version, _, checksum): &Applied| *version == migration.version && checksum[..] == migration.checksum[..];
        applied.iter().any(same)
    })
}

/// Refuses tables that have lost what this program needs.
///
/// # Errors
/// In words for the operator.
pub(crate) fn suffice(known: &Migrator, applied: &[Applied]) -> Result<(), String> {
    for (version, description, _) in applied.iter().filter(|(version, ..)| !known.version_exists(*version)) {
        if let Some(needed) = needed(description).filter(|needed| !known.version_exists(*needed)) {
            return Err(format!(
                "this version of buono is too old for these tables: migration {version} took away what it uses. Start \
                 the version that ran before, or a newer one: any that knows migration {needed}"
            ));
        }
    }
    Ok(())
}

/// The migration that a program must know to work on tables after the one with this description. A name that
/// nobody can read names one that nobody knows.
fn needed(description: &str) -> Option<i64> {
    let number = description.strip_prefix("needs ")?.split(' ').next()?;
    Some(number.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqlSafeStr;
    use sqlx::migrate::{Migration, MigrationType};

    fn migrator(versions: &[i64]) -> Migrator {
        let migration = |version: &i64| {
            Migration::new(*version, "it".into(), MigrationType::Simple, "SELECT 1".into_sql_str(), false)
        };
        known(Migrator::with_migrations(versions.iter().map(migration).collect()))
    }

    fn applied(rows: &[(i64, &str)]) -> Vec<Applied> {
        let checksum = migrator(&[1]).iter().map(|migration| migration.checksum.to_vec()).next().unwrap_or_default();
        rows.iter().map(|(version, name)| (*version, (*name).to_owned(), checksum.clone())).collect()
    }

    #[test]
    fn what_was_added_is_no_hindrance_and_what_was_taken_away_is_one_for_those_who_need_it() {
        let tables = applied(&[(1, "it"), (25, "add marks"), (31, "needs 0025 drop old marks")]);
        for (program, may) in [(&[1][..], false), (&[1, 25], true), (&[1, 25, 31], true), (&[1, 25, 31, 40], true)] {
            assert_eq!(suffice(&migrator(program), &tables).is_ok(), may, "{program:?}");
        }
        assert_eq!(suffice(&migrator(&[1]), &tables[..2]), Ok(()));
        let said = suffice(&migrator(&[1]), &tables).unwrap_err();
        assert!(said.contains("migration 31 took away") && said.contains("knows migration 25"), "{said}");
        assert!(suffice(&migrator(&[1]), &applied(&[(2, "needs nothing that can be read")])).is_err());
    }

    #[test]
    fn only_what_this_program_knows_is_to_be_done() {
        assert!(all_done(&migrator(&[1]), &applied(&[(1, "it"), (2, "more")])));
        assert!(!all_done(&migrator(&[1, 3]), &applied(&[(1, "it"), (2, "more")])));
        assert!(exactly(&migrator(&[1]), &applied(&[(1, "it")])));
        assert!(!exactly(&migrator(&[1]), &applied(&[(1, "it"), (2, "more")])));
        let mut another = applied(&[(1, "it")]);
        another[0].2 = vec![0];
        assert!(!all_done(&migrator(&[1]), &another), "the migrator says what is wrong with it");
    }
}
