//! The append-only file of a Redis, as somebody with a hex editor sees it.

use std::ops::Range;
use std::path::Path;
use store::journal::Batch;

/// A command, and where it and its words lie.
pub struct Command {
    pub begins: usize,
    pub words: Vec<Range<usize>>,
}

pub struct AppendOnly {
    pub bytes: Vec<u8>,
    pub commands: Vec<Command>,
}

impl AppendOnly {
    /// Everything up to its end, or to a command that is still being written.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (mut at, mut commands) = (0, Vec::new());
        while let Some(command) = next(&bytes, &mut at) {
            commands.push(command);
        }
        Self { bytes, commands }
    }

    /// The batch that an XADD adds.
    pub fn batch(&self, added: &Command) -> Batch {
        Batch::decode(self.bytes[added.words.last().unwrap().clone()].to_vec()).unwrap()
    }

    fn word(&self, command: &Command, at: usize) -> &[u8] {
        command.words.get(at).map_or(&[], |word| &self.bytes[word.clone()])
    }

    /// The commands of this name on a key with this end, in order.
    pub fn named(&self, name: &str, key: &str) -> Vec<&Command> {
        let is_named = |command: &&Command| {
            self.word(command, 0).eq_ignore_ascii_case(name.as_bytes())
                && self.word(command, 1).ends_with(key.as_bytes())
        };
        self.commands.iter().filter(is_named).collect()
    }
}

fn next(bytes: &[u8], at: &mut usize) -> Option<Command> {
    // remarks of the server's own
    while bytes.get(*at) == Some(&b'#') {
        *at = line_end(bytes, *at)?;
    }
    let begins = *at;
    let mut words = Vec::new();
    for _ in 0..number(bytes, at, b'*')? {
        let len = number(bytes, at, b'$')?;
        words.push(*at..*at + len);
        *at += len + 2;
    }
    (*at <= bytes.len()).then_some(Command { begins, words })
}

fn line_end(bytes: &[u8], at: usize) -> Option<usize> {
    Some(at + bytes.get(at..)?.windows(2).position(|two| two == b"\r\n")? + 2)
}

/// A line of a mark and a number.
fn number(bytes: &[u8], at: &mut usize, mark: u8) -> Option<usize> {
    let end = line_end(bytes, *at)?;
    assert_eq!(bytes[*at], mark, "at {at}");
    let text = str::from_utf8(&bytes[*at + 1..end - 2]).ok()?;
    *at = end;
    text.parse().ok()
}
