//! What was typed after `cargo xtask`, as a `Command`.
//!
//! It knows nothing of the server's options: they pass through unread.

use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Run(RunOptions),
    Test { deep: bool },
    Dist,
    Bench,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RunOptions {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    /// What followed `--`.
    pub(crate) server: Vec<String>,
}

/// The complaint is one line, ready to be shown.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.peekable();
    let Some(name) = arguments.next() else {
        return Ok(Command::Help);
    };
    let asks_for_help = |argument: Option<&String>| {
        argument.is_some_and(|argument| argument == "--help" || argument == "-h")
    };
    if asks_for_help(Some(&name)) || asks_for_help(arguments.peek()) {
        return Ok(Command::Help);
    }
    match name.as_str() {
        "help" => nothing_more("help", arguments).map(|()| Command::Help),
        "run" => run_options(arguments).map(Command::Run),
        "test" => {
            let deep = arguments.next_if_eq("--deep").is_some();
            nothing_more("test", arguments).map(|()| Command::Test { deep })
        }
        "dist" => nothing_more("dist", arguments).map(|()| Command::Dist),
        "bench" => nothing_more("bench", arguments).map(|()| Command::Bench),
        unknown => Err(format!(
            "no command `{unknown}`; there are run, test, dist, bench and help"
        )),
    }
}

fn run_options(mut arguments: impl Iterator<Item = String>) -> Result<RunOptions, String> {
    let mut options = RunOptions::default();
    while let Some(argument) = arguments.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            joined
                .clone()
                .or_else(|| arguments.next())
                .filter(|value| !value.is_empty())
        };
        match name {
            "--listen" => {
                let address = value().ok_or("--listen needs an address, as 127.0.0.1:4000")?;
                let parsed = address.parse().map_err(|_| {
                    format!("--listen `{address}` is not an address and port, as 127.0.0.1:4000")
                })?;
                options.listen = Some(parsed);
            }
            "--data" => {
                let folder = value().ok_or("--data needs a folder")?;
                options.data = Some(folder.into());
            }
            "--" => {
                options.server = arguments.collect();
                break;
            }
            _ => {
                return Err(format!(
                    "`run` has no option `{argument}`; put the server's own options after `--`"
                ));
            }
        }
    }
    Ok(options)
}

fn nothing_more(command: &str, mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    match arguments.next() {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "`{command}` has no option `{unknown}`; see cargo xtask help"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn run(line: &str) -> RunOptions {
        match parsed(line) {
            Ok(Command::Run(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn without_a_command_the_help_is_shown() {
        assert_eq!(parsed(""), Ok(Command::Help));
        assert_eq!(parsed("--help"), Ok(Command::Help));
        assert_eq!(parsed("test --help"), Ok(Command::Help));
    }

    #[test]
    fn run_takes_an_address_and_a_folder_in_both_spellings() {
        let spaced = run("run --listen 0.0.0.0:80 --data /srv/x");
        let joined = run("run --listen=0.0.0.0:80 --data=/srv/x");
        assert_eq!(spaced, joined);
        assert_eq!(spaced.listen, "0.0.0.0:80".parse().ok());
        assert_eq!(spaced.data, Some("/srv/x".into()));
    }

    #[test]
    fn what_follows_two_dashes_is_the_servers_and_is_not_read() {
        let options = run("run --data d -- --gateway none --data e");
        assert_eq!(options.data, Some("d".into()));
        assert_eq!(options.server, ["--gateway", "none", "--data", "e"]);
    }

    #[test]
    fn help_after_two_dashes_is_the_servers() {
        assert_eq!(run("run -- --help").server, ["--help"]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (line, named) in [
            ("walk", "`walk`"),
            ("test --quick", "`--quick`"),
            ("dist now", "`now`"),
            ("run --port 4", "`--port`"),
            ("run --listen here", "`here`"),
            ("run --listen", "--listen"),
            ("run --data", "--data"),
        ] {
            let complaint = parsed(line).expect_err(line);
            assert!(complaint.contains(named), "{line}: {complaint}");
            assert!(!complaint.contains('\n'));
        }
    }
}
