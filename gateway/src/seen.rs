//! How far this node has ever seen each partition's journal durable, in a file of its data folder.
//!
//! Where journal and ledger are one database, an older copy of it agrees with itself: a standby that lacked the end
//! and was promoted all the same, a snapshot of a machine. Only whoever was there before knows better. The file says
//! at most what is true, a moment late, and is written whole at an orderly end.

use crate::settings::StartError;
use domain::ids::PartitionId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use store::files::write_whole;

/// The last records that were seen, by partition.
pub struct Seen {
    path: PathBuf,
    ends: Mutex<BTreeMap<u16, u64>>,
    /// What the file says.
    written: Mutex<BTreeMap<u16, u64>>,
}

/// The file of a data folder.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    data.join("seen")
}

/// Forgets what was seen: a backup that is restored ends earlier, and whoever restores it knows.
///
/// # Errors
/// When the file cannot be removed.
pub fn forget(data: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path(data)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn parse(line: &str) -> Option<(u16, u64)> {
    let (partition, seq) = line.split_once(' ')?;
    Some((partition.parse().ok()?, seq.parse().ok()?))
}

impl Seen {
    /// What the data folder's file says; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(data: &Path) -> Result<Self, StartError> {
        let path = path(data);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let Some(ends) = text.lines().map(parse).collect::<Option<BTreeMap<_, _>>>() else {
            return Err(format!(
                "{} does not hold a partition and a record in each line: this node no longer knows how far the \
                 journal went; make sure that it is not an older copy, and remove the file",
                path.display()
            )
            .into());
        };
        Ok(Self { path, written: Mutex::new(ends.clone()), ends: Mutex::new(ends) })
    }

    /// The last record of a partition that was seen.
    #[must_use]
    pub fn seq(&self, partition: PartitionId) -> u64 {
        self.ends.lock().get(&partition.0).copied().unwrap_or(0)
    }

    /// What is wrong with a journal whose partition ends there, if it once was longer.
    #[must_use]
    pub fn complaint(&self, partition: PartitionId, journal_end: u64) -> Option<String> {
        let seq = self.seq(partition);
        (seq > journal_end).then(|| {
            format!(
                "the journal of partition {partition} ends at record {journal_end}, and this node has seen it durable up \
                 to record {seq}: this journal is an older copy, as that of a standby which lacked the end. Serve nobody. \
                 Promote the standby that has received most, or find the newer copy. If there is none, what lies \
                 between is lost with all that was answered of it: then remove {} on every node",
                self.path.display()
            )
        })
    }

    /// Takes in what is durable now; what lies before the known ends changes nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note(&self, durable: impl Iterator<Item = (PartitionId, u64)>) -> std::io::Result<()> {
        // one writes after the other
        let mut written = self.written.lock();
        let mut ends = self.ends.lock();
        for (partition, seq) in durable.filter(|(_, seq)| *seq > 0) {
            let end = ends.entry(partition.0).or_default();
            *end = seq.max(*end);
        }
        // compared with the file: what could not be written is written the next time
        if *ends == *written {
            return Ok(());
        }
        let text = ends.iter().fold(String::new(), |mut text, (partition, seq)| {
            let _ = writeln!(text, "{partition} {seq}");
            text
        });
        let told = ends.clone();
        drop(ends);
        write_whole(&self.path, text.as_bytes())?;
        *written = told;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_written_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::load(folder.path()).unwrap();
        // where a folder lies no file can be
        std::fs::create_dir(path(folder.path())).unwrap();
        seen.note([(PartitionId(1), 7)].into_iter()).unwrap_err();
        std::fs::remove_dir(path(folder.path())).unwrap();
        seen.note([(PartitionId(1), 7)].into_iter()).unwrap();
        assert_eq!(Seen::load(folder.path()).unwrap().seq(PartitionId(1)), 7);
    }

    #[test]
    fn what_was_seen_is_kept_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::load(folder.path()).unwrap();
        let (one, two) = (PartitionId(1), PartitionId(2));
        seen.note([(one, 7), (two, 0)].into_iter()).unwrap();
        seen.note([(one, 5), (two, 3)].into_iter()).unwrap();
        for seen in [seen, Seen::load(folder.path()).unwrap()] {
            assert_eq!([0, 1, 2].map(|id| seen.seq(PartitionId(id))), [0, 7, 3]);
            assert_eq!(seen.complaint(one, 7), None);
            assert!(seen.complaint(one, 6).unwrap().contains("durable up to record 7"));
        }
        forget(folder.path()).unwrap();
        forget(folder.path()).unwrap();
        assert_eq!(Seen::load(folder.path()).unwrap().seq(one), 0);
        std::fs::write(path(folder.path()), "1 7\n2").unwrap();
        assert!(Seen::load(folder.path()).err().unwrap().to_string().contains("remove the file"));
    }
}
