//! What was typed after `cargo xtask`, as a `Command`.
//!
//! It knows nothing of the server's options: they pass through unread.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::matrix;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Run(RunOptions),
    Test { deep: bool },
    Faults(FaultOptions),
    Dist,
    Bench(BenchOptions),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BenchOptions {
    /// The folder of a harness that compares chat front ends.
    pub(crate) peers: Option<PathBuf>,
    /// What followed `--`: the harness's own options.
    pub(crate) harness: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultOptions {
    /// One row of the matrix, or all of them.
    pub(crate) row: Option<u8>,
    /// Nothing is shortened.
    pub(crate) full: bool,
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
        "faults" => fault_options(arguments).map(Command::Faults),
        "dist" => nothing_more("dist", arguments).map(|()| Command::Dist),
        "bench" => bench_options(arguments).map(Command::Bench),
        unknown => Err(format!(
            "no command `{unknown}`; there are run, test, faults, dist, bench and help"
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

fn fault_options(mut arguments: impl Iterator<Item = String>) -> Result<FaultOptions, String> {
    let mut options = FaultOptions::default();
    while let Some(argument) = arguments.next() {
        let row = match argument.as_str() {
            "--full" => {
                options.full = true;
                continue;
            }
            "--row" => arguments.next().unwrap_or_default(),
            other => match other.strip_prefix("--row=") {
                Some(row) => row.to_owned(),
                None => {
                    return Err(format!(
                        "`faults` has no option `{argument}`; see cargo xtask help"
                    ));
                }
            },
        };
        let found = row.parse().ok().and_then(matrix::find);
        let found = found.ok_or_else(|| {
            format!(
                "--row `{row}` is no row of the fault matrix; there are 1 to {}",
                matrix::ROWS.len()
            )
        })?;
        options.row = Some(found.number);
    }
    Ok(options)
}

fn bench_options(mut arguments: impl Iterator<Item = String>) -> Result<BenchOptions, String> {
    let mut options = BenchOptions::default();
    while let Some(argument) = arguments.next() {
        let peers = match argument.as_str() {
            "--" => {
                options.harness = arguments.collect();
                break;
            }
            "--peers" => arguments.next().unwrap_or_default(),
            other => match other.strip_prefix("--peers=") {
                Some(folder) => folder.to_owned(),
                None => {
                    return Err(format!(
                        "`bench` has no option `{argument}`; see cargo xtask help"
                    ));
                }
            },
        };
        if peers.is_empty() {
            return Err("--peers needs the folder of a harness".to_owned());
        }
        options.peers = Some(peers.into());
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
    fn faults_takes_a_row_and_its_full_length() {
        let of = |row, full| Ok(Command::Faults(FaultOptions { row, full }));
        assert_eq!(parsed("faults"), of(None, false));
        assert_eq!(parsed("faults --row 3"), of(Some(3), false));
        assert_eq!(parsed("faults --full --row=31"), of(Some(31), true));
    }

    #[test]
    fn bench_takes_a_harness_and_hands_on_the_rest() {
        let Ok(Command::Bench(options)) = parsed("bench --peers ../b -- --rounds 5") else {
            panic!("it is a command");
        };
        assert_eq!(options.peers, Some("../b".into()));
        assert_eq!(options.harness, ["--rounds", "5"]);
        assert_eq!(parsed("bench"), Ok(Command::Bench(BenchOptions::default())));
        assert!(parsed("bench --peers").is_err());
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
            ("faults --rows 3", "`--rows`"),
            ("faults --row", "1 to 58"),
            ("faults --row 0", "`0`"),
            ("faults --row 59", "`59`"),
            ("faults --row three", "`three`"),
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
