//! The program: reads its arguments, listens, and runs the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use parlance_core::ids::Uid;
use parlance_server::Ready;
use parlance_server::auth::Tokens;
use parlance_server::config::{Cli, Config, Serve, TokenArgs, Verb};
use parlance_server::error::Error;
use parlance_server::store::Person;
use parlance_server::store::sqlite::SqliteStore;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let done = match cli.verb {
        Some(Verb::Token(args)) => print_token(args),
        Some(Verb::Restored(args)) => SqliteStore::was_restored(&args.data),
        None => match start_log(&cli.serve.log) {
            Ok(()) => serve(cli.serve),
            Err(line) => return complain(&line, 2),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string(), 1),
    }
}

/// One line, whatever it was: it ends up in somebody's service log.
fn complain(line: &str, code: u8) -> ExitCode {
    let line: String = line
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    eprintln!("parlance-server: {line}");
    ExitCode::from(code)
}

fn misused(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let said: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let line = said.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    complain(&format!("{line} (see --help)"), 2)
}

fn start_log(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("--log {filter:?} cannot be read: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    Ok(())
}

fn print_token(args: TokenArgs) -> Result<(), Error> {
    let mut config = Config::new(args.data);
    config.secret_file = args.secret_file;
    let folder = &config.data;
    if config.secret_file.is_none() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::Data(folder.clone(), error.to_string()))?;
    }
    let tokens = Tokens::open(&config.secret(), config.secret_file.is_none())?;
    let person = Person {
        name: args.name.unwrap_or_else(|| args.user.clone()),
        uid: Uid::new(args.user),
        avatar: args.avatar,
        host: args.host,
        seen: None,
    };
    let token = tokens.sign(&person, args.ttl)?;
    println!("{}", token.expose_secret());
    Ok(())
}

fn serve(serve: Serve) -> Result<(), Error> {
    let address = serve.listen.to_string();
    let unable = |error| Error::Listen(address.clone(), error);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(unable)?;
    let served = runtime.block_on(async {
        let end = end_of_service().map_err(unable)?;
        let address = serve.listen;
        let ready = Ready::open(Config::from(serve))?;
        let listener = TcpListener::bind(address).await.map_err(unable)?;
        let address = listener.local_addr().map_err(unable)?;
        let mut out = std::io::stdout();
        // Nobody may be reading; that is no reason not to serve.
        let _ = writeln!(out, "listening on http://{address}");
        let _ = out.flush();
        ready.serve(listener, end).await;
        Ok(())
    });
    // What is left are links that hold on to the store, and reads that nobody
    // waits for. With the last of them the database is closed, and that is noted:
    // on a busy disk this takes a moment.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    served
}

/// Ready when somebody asks the process to end.
fn end_of_service() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
