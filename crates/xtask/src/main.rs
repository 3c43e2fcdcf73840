//! `cargo xtask`: how everything here is built, run, tested and measured.
//!
//! It knows the order of things and what to say when one of them fails. It does
//! not know what the program does: it starts the server and the tests as a
//! person would, through their command lines and a few environment variables.

use std::process::ExitCode;

mod arguments;
mod bench;
mod browsers;
mod checks;
mod clock;
mod compress;
mod counts;
mod execute;
mod faults;
mod fingerprint;
mod frontend;
mod glue;
mod install;
mod languages;
mod matrix;
mod optimiser;
mod packages;
mod page;
mod prebuilt;
mod programs;
mod server;
mod sizes;
mod slim;
mod standard;
mod suites;
mod test;
mod tools;
mod wasm;
mod workspace;

use arguments::Command;
use execute::Failure;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask run [--listen ADDR:PORT] [--data DIR] [-- SERVER OPTIONS…]
    Installs what is missing, builds the front end and the server, and serves on
    http://127.0.0.1:4000 until Ctrl-C. The messages are kept in target/data.
    What follows `--` goes to the server; `-- --help` lists what it takes.

cargo xtask test [--deep]
    Installs what is missing, browsers included, runs every test there is, and
    ends with a line that counts them. --deep runs the long ones as well.

cargo xtask faults [--row N] [--full]
    Runs the fault laboratory, or one row of it, and prints the fault matrix with
    figure, bound and verdict. Rows longer than a minute run at a tenth of their
    length; --full runs them as long as they are.

cargo xtask dist
    Writes dist/, the static front end for any web server or CDN, and
    target/release/parlance-server, and prints the size of every asset.

cargo xtask bench [--peers DIR [-- OPTIONS]]
    Runs the benchmarks; with --peers the page beside other chat front ends, in
    the harness that is in that folder, which takes the options.

cargo xtask help
    Prints this.

Everything it installs goes to target/tools, except parts of Rust (rustup) and
the system's packages (apt, as root or through sudo). Tools of the right version
that are already on the PATH are used as they are. With PARLANCE_STD=prebuilt the
page is built with the standard library that comes with Rust, and is larger. With
PARLANCE_DIALECTS=native,egg only these dialects' programs are built.";

fn main() -> ExitCode {
    let command = match arguments::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(complaint) => {
            eprintln!("xtask: {complaint}");
            return ExitCode::from(2);
        }
    };
    match perform(command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> Result<ExitCode, Failure> {
    let workspace = Workspace::find();
    match command {
        Command::Help => println!("{HELP}"),
        Command::Run(options) => return server::run(&workspace, options),
        Command::Test { deep } => return test::run(&workspace, deep),
        Command::Faults(options) => return faults::run(&workspace, &options),
        Command::Dist => {
            install::for_the_front_end(&workspace)?;
            frontend::build(&workspace)?;
            server::build(&workspace)?;
            sizes::print(&workspace)?;
        }
        Command::Bench(options) => bench::run(&workspace, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}
