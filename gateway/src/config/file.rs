//! Flags from a TOML file: they stand in for the defaults, so that environment and command line win.

use super::Cli;
use clap::{Command, CommandFactory, FromArgMatches};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

type Values = BTreeMap<String, String>;

/// Reads the command line, the environment and the file that they name.
///
/// # Errors
/// In words for whoever typed it.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    // what is wrong is said by the second reading, which knows the file
    let first = command.clone().ignore_errors(true).try_get_matches_from(args)?;
    if let Some(path) = first.get_one::<PathBuf>("config") {
        let said = |why: String| clap::Error::raw(clap::error::ErrorKind::Io, format!("{}: {why}\n", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| said(error.to_string()))?;
        command = with_values(command, &values(&text).map_err(said)?).map_err(said)?;
    }
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

fn values(text: &str) -> Result<Values, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let value = |(key, value): (String, toml::Value)| match value {
        toml::Value::String(text) => Ok((key, text)),
        toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Float(_) => Ok((key, value.to_string())),
        _ => Err(format!("{key} must be a text or a number")),
    };
    table.into_iter().map(value).collect()
}

/// The command with the file's values as its defaults.
fn with_values(command: Command, values: &Values) -> Result<Command, String> {
    let mut unused = values.clone();
    let command = fill(command, values, &mut unused);
    match unused.keys().next() {
        Some(key) => Err(format!("there is no setting called {key}")),
        None => Ok(command),
    }
}

fn fill(command: Command, values: &Values, unused: &mut Values) -> Command {
    let command = command.mut_args(|arg| {
        // only what the environment can set is a setting; the rest names what a command is about
        match values.get(arg.get_id().as_str()).filter(|_| arg.get_env().is_some()) {
            Some(value) => {
                unused.remove(arg.get_id().as_str());
                arg.default_value(value.clone()).required(false)
            }
            None => arg,
        }
    });
    command.mut_subcommands(|subcommand| fill(subcommand, values, unused))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config;

    fn listen(file: &str, args: &[&str]) -> Result<String, String> {
        let folder = std::env::temp_dir().join(format!("buono-config-{}-{}", std::process::id(), file.len()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("buono.toml");
        std::fs::write(&path, file).unwrap();
        let mut all: Vec<OsString> = ["buono", "--config"].map(Into::into).to_vec();
        all.push(path.into());
        all.extend(args.iter().map(Into::into));
        let parsed = parse(&all);
        std::fs::remove_dir_all(folder).unwrap();
        match parsed.map_err(|error| error.to_string())?.command {
            config::Command::Serve(serve) => Ok(format!("{} {}", serve.listen, serve.idle_seconds)),
            _ => Err("another command".to_owned()),
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "listen = \"127.0.0.1:9000\"\nidle_seconds = 120\n";
        assert_eq!(listen(file, &["serve"]).unwrap(), "127.0.0.1:9000 120");
        assert_eq!(listen(file, &["serve", "--listen", "127.0.0.1:9001"]).unwrap(), "127.0.0.1:9001 120");
        assert_eq!(listen("", &["serve"]).unwrap(), "127.0.0.1:8080 900");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said() {
        assert!(listen("lisen = \"127.0.0.1:9000\"", &["serve"]).unwrap_err().contains("no setting called lisen"));
        assert!(listen("listen = [1]\n\n", &["serve"]).unwrap_err().contains("listen must be a text or a number"));
        assert!(listen("listen = \"nowhere\" ", &["serve"]).unwrap_err().contains("nowhere"));
        assert!(listen("listen = ", &["serve"]).is_err());
        assert!(parse(&["buono", "--config", "/nowhere.toml", "serve"].map(Into::into)).is_err());
    }

    #[test]
    fn a_mail_server_and_whom_mails_come_from_go_together() {
        let url = "smtp://127.0.0.1";
        let server = |smtp: Option<&str>, mail_from: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            config::MailServer { smtp: own(smtp), mail_from: own(mail_from) }.post().map_err(|error| error.to_string())
        };
        assert!(server(Some(url), Some("Buoni <a@b.example>")).unwrap().is_some());
        assert!(server(None, None).unwrap().is_none());
        assert!(server(Some(url), None).err().unwrap().contains("--mail-from"));
        assert!(server(None, Some("a@b.example")).err().unwrap().contains("--smtp"));
    }

    #[test]
    fn the_example_is_one_with_every_line_of_it() {
        let example = include_str!("../../../deploy/buono.toml");
        let told = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
        let all: Vec<String> = example.lines().map(told).collect();
        for file in [example.to_owned(), all.join("\n")] {
            assert_eq!(listen(&file, &["serve"]).unwrap(), "127.0.0.1:8080 900");
        }
        // one file for all that runs on a machine
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/buono.toml");
        let parsed = parse(&["buono", "--config", path, "work"].map(Into::into)).unwrap().command;
        assert!(matches!(parsed, config::Command::Work(work) if work.work_listen.is_none()));
    }
}
