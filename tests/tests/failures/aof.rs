//! The append-only file of a Redis, as somebody with a hex editor sees it.

use std::ops::Range;
use std::path::Path;

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
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (mut at, mut commands) = (0, Vec::new());
        while at < bytes.len() {
            if bytes[at] == b'#' {
                at = line_end(&bytes, at);
                continue;
            }
            let begins = at;
            let mut words = Vec::new();
            for _ in 0..number(&bytes, &mut at, b'*') {
                let len = number(&bytes, &mut at, b'$');
                words.push(at..at + len);
                at += len + 2;
            }
            commands.push(Command { begins, words });
        }
        Self { bytes, commands }
    }

    pub fn word(&self, command: &Command, at: usize) -> &[u8] {
        command.words.get(at).map_or(&[], |word| &self.bytes[word.clone()])
    }

    /// The commands of this name, in order.
    pub fn named(&self, name: &str) -> Vec<&Command> {
        self.commands.iter().filter(|command| self.word(command, 0).eq_ignore_ascii_case(name.as_bytes())).collect()
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].windows(2).position(|two| two == b"\r\n").expect("a line") + 2
}

/// A line of a mark and a number.
fn number(bytes: &[u8], at: &mut usize, mark: u8) -> usize {
    assert_eq!(bytes[*at], mark, "at {at}");
    let end = line_end(bytes, *at);
    let text = str::from_utf8(&bytes[*at + 1..end - 2]).unwrap();
    *at = end;
    text.parse().unwrap()
}
