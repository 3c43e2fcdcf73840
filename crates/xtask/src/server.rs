//! Building the server and becoming it.
//!
//! It knows six of the server's options, those that make `cargo xtask run` work
//! with nothing said; every other one passes through.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::arguments::RunOptions;
use crate::execute::{Failure, Step};
use crate::workspace::Workspace;
use crate::{frontend, install};

const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    println!("Building the server");
    Step::cargo(workspace)
        .words("build --release --package parlance-server")
        .run()
}

pub(crate) fn run(workspace: &Workspace, options: RunOptions) -> Result<ExitCode, Failure> {
    let asks_for_help = options
        .server
        .iter()
        .any(|argument| argument == "--help" || argument == "-h");
    let arguments = if asks_for_help {
        options.server
    } else {
        install::for_the_front_end(workspace)?;
        frontend::build(workspace)?;
        arguments(workspace, options)?
    };
    build(workspace)?;
    if !asks_for_help {
        println!("\nParlance is at {} until Ctrl-C\n", address(&arguments));
    }
    let mut server = Command::new(workspace.server_binary());
    server.args(arguments);
    become_it(server)
}

/// Ours first, each only where the person did not say it themselves.
fn arguments(workspace: &Workspace, options: RunOptions) -> Result<Vec<String>, Failure> {
    let data = match options.data {
        // Typed by somebody who meant the folder they were in.
        Some(folder) => std::path::absolute(&folder)
            .map_err(|error| Failure::new(format!("--data {}: {error}", folder.display())))?,
        None => workspace.data(),
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let defaults = [
        ("--listen", options.listen.unwrap_or(LISTEN).to_string()),
        ("--data", text(data)),
        ("--dist", text(workspace.dist())),
        ("--gateway", "all".to_owned()),
        ("--guests", String::new()),
    ];
    let mut arguments = Vec::new();
    for (name, value) in defaults {
        if value_of(&options.server, name).is_some() {
            continue;
        }
        arguments.push(name.to_owned());
        if !value.is_empty() {
            arguments.push(value);
        }
    }
    arguments.extend(options.server);
    Ok(arguments)
}

/// The value of an option in either spelling; empty for one that has none.
fn value_of<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == name {
            return Some(rest.next().map_or("", String::as_str));
        }
        if let Some(value) = argument
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value);
        }
    }
    None
}

/// What to type into a browser on this machine.
fn address(arguments: &[String]) -> String {
    let said = value_of(arguments, "--listen").unwrap_or_default();
    match said.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => {
            format!(
                "http://127.0.0.1:{0} (and port {0} of this machine's other addresses)",
                address.port()
            )
        }
        Ok(_) | Err(_) => format!("http://{said}"),
    }
}

/// Ctrl-C and every other signal then reach the server itself, its exit code is
/// ours, and nobody has to wait for anybody.
#[cfg(unix)]
fn become_it(mut server: Command) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;
    let error = server.exec();
    Err(Failure::new(format!("the server does not start: {error}")))
}

#[cfg(not(unix))]
fn become_it(mut server: Command) -> Result<ExitCode, Failure> {
    let status = server
        .status()
        .map_err(|error| Failure::new(format!("the server does not start: {error}")))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn arguments_for(server: &str) -> Vec<String> {
        let options = RunOptions {
            server: words(server),
            ..RunOptions::default()
        };
        arguments(&Workspace::find(), options).expect("no folder to resolve")
    }

    #[test]
    fn with_nothing_said_guests_talk_on_every_gateway() {
        let arguments = arguments_for("");
        assert_eq!(value_of(&arguments, "--gateway"), Some("all"));
        assert_eq!(value_of(&arguments, "--listen"), Some("127.0.0.1:4000"));
        assert!(value_of(&arguments, "--guests").is_some());
    }

    #[test]
    fn what_the_person_says_after_two_dashes_is_said_once() {
        for said in ["--gateway none", "--gateway=none"] {
            let arguments = arguments_for(said);
            assert_eq!(value_of(&arguments, "--gateway"), Some("none"));
            let times = arguments
                .iter()
                .filter(|word| word.starts_with("--gateway"));
            assert_eq!(times.count(), 1);
        }
    }

    #[test]
    fn every_address_is_shown_as_one_that_a_browser_takes() {
        assert_eq!(
            address(&words("--listen 127.0.0.1:80")),
            "http://127.0.0.1:80"
        );
        assert!(address(&words("--listen [::]:81")).starts_with("http://127.0.0.1:81 "));
    }
}
