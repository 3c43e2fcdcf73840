//! `cargo xtask faults`: the fault laboratory, and the matrix that it prints.
//!
//! It knows which test programs hold which rig and what they need; the rows and
//! how they are read are in `matrix.rs`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::arguments::FaultOptions;
use crate::execute::{Failure, Step};
use crate::matrix::{self, Matrix, Rig};
use crate::suites::{self, Program};
use crate::workspace::Workspace;
use crate::{browsers, frontend, install, server};

/// All rows of a program together.
const LIMIT: Duration = Duration::from_secs(90 * 60);
const FULL_LIMIT: Duration = Duration::from_secs(12 * 60 * 60);

/// A test program, and the rigs whose rows it holds.
struct Laboratory {
    /// Of its package, from the workspace's root.
    folder: &'static str,
    program: &'static str,
    rigs: &'static [Rig],
    /// How many rows at once: those in browsers mostly wait, those that load
    /// the machine are alone on it.
    at_once: &'static str,
}

const LABORATORIES: [Laboratory; 3] = [
    Laboratory {
        folder: "crates/parlance-core",
        program: "it",
        rigs: &[Rig::Simulation],
        at_once: "--test-threads=2",
    },
    Laboratory {
        folder: "",
        program: "e2e",
        rigs: &[Rig::Browser, Rig::WebKit],
        at_once: "--test-threads=4",
    },
    Laboratory {
        folder: "crates/parlance-server",
        program: "it",
        rigs: &[Rig::Server],
        at_once: "--test-threads=1",
    },
];

impl Laboratory {
    fn has(&self, only: Option<u8>) -> bool {
        only.and_then(matrix::find)
            .is_none_or(|row| self.rigs.iter().any(|rig| row.wants(*rig)))
    }

    fn is(&self, program: &Program, root: &Path) -> bool {
        program.is_test && program.name == self.program && program.folder == root.join(self.folder)
    }

    fn needs_browsers(&self) -> bool {
        self.rigs.contains(&Rig::Browser)
    }
}

pub(crate) fn run(workspace: &Workspace, options: &FaultOptions) -> Result<ExitCode, Failure> {
    let wanted = || LABORATORIES.iter().filter(|one| one.has(options.row));
    let browsers = wanted().any(Laboratory::needs_browsers);
    if browsers {
        install::for_the_front_end(workspace)?;
        browsers::install(workspace)?;
        frontend::build(workspace)?;
    }
    let (programs, failure) = suites::build(
        // The selection of `cargo xtask test`, so that nothing is built twice.
        Step::cargo(workspace)
            .words("test --release --workspace --exclude xtask --test it --test e2e"),
    );
    if let Some(failure) = failure {
        return Err(failure);
    }
    let server = the_server(workspace, &programs)?;

    let mut matrix = Matrix::default();
    let mut failures = Vec::new();
    for laboratory in wanted() {
        let program = programs
            .iter()
            .find(|program| laboratory.is(program, workspace.root()));
        let Some(program) = program else {
            failures.push(Failure::new(format!(
                "the test program `{}` of {}/ was not built",
                laboratory.program, laboratory.folder
            )));
            continue;
        };
        println!("\n-- {}", program.label(workspace.root()));
        let step = test_step(workspace, laboratory, program, &server, options);
        let limit = if options.full { FULL_LIMIT } else { LIMIT };
        let (_, failure) = suites::run_heard(step, limit, &mut |line| matrix.hears(line));
        failures.extend(failure);
    }

    println!("\n== The fault matrix\n{}", matrix.table(options.row));
    for failure in &failures {
        println!("{failure}");
    }
    if failures.is_empty() && matrix.broken() == 0 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

/// The server that the test programs were built with, or one built now.
fn the_server(workspace: &Workspace, programs: &[Program]) -> Result<PathBuf, Failure> {
    let built = programs
        .iter()
        .find(|program| !program.is_test && program.name == "parlance-server");
    match built {
        Some(program) => Ok(program.path.clone()),
        None => server::build(workspace).map(|()| workspace.server_binary()),
    }
}

/// As cargo would start it, with what its rows need. What they print is shown
/// as it comes: a row that hangs must not take the figures of the others along.
fn test_step(
    workspace: &Workspace,
    laboratory: &Laboratory,
    program: &Program,
    server: &Path,
    options: &FaultOptions,
) -> Step {
    let filter = options
        .row
        .map_or_else(|| "faults::".to_owned(), |row| format!("::row_{row:02}_"));
    let mut step = Step::new(workspace, &program.path)
        .folder(&program.folder)
        .environment("PARLANCE_SERVER", server)
        .environment("PARLANCE_DIST", workspace.dist())
        .environment("PARLANCE_SCREENSHOTS", workspace.screenshots())
        .arguments([
            &filter,
            "--include-ignored",
            "--nocapture",
            laboratory.at_once,
        ]);
    if options.full {
        step = step.environment("PARLANCE_FULL", "1");
    }
    step.command()
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env("RUST_BACKTRACE", "1");
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rig_is_in_one_laboratory() {
        for rig in Rig::ALL {
            let holding = LABORATORIES.iter().filter(|one| one.rigs.contains(&rig));
            assert_eq!(holding.count(), 1, "{}", rig.letter());
        }
    }

    #[test]
    fn a_single_row_starts_only_the_programs_that_have_it() {
        let started = |row| {
            let having = LABORATORIES.iter().filter(move |one| one.has(row));
            having.map(|one| one.folder).collect::<Vec<_>>()
        };
        assert_eq!(started(Some(28)), ["crates/parlance-server"]);
        assert_eq!(started(Some(3)), ["crates/parlance-core", ""]);
        assert_eq!(started(None).len(), LABORATORIES.len());
    }
}
