//! `cargo xtask test`: installs, builds, runs every test there is, and counts.
//!
//! It knows the order of the steps and what each needs from those before. A step
//! that fails stops only what needs it: one run shows all that is wrong.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::clock::Clock;
use crate::counts::Counts;
use crate::execute::{Failure, Step};
use crate::suites::{self, Program};
use crate::workspace::Workspace;
use crate::{browsers, checks, frontend, install, server};

/// A test program that hangs is stopped while there is still time to say so.
const LIMIT: Duration = Duration::from_secs(18 * 60);
const DEEP_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// A browser that nobody looks at, that asks nobody anything, and that runs as
/// root, as containers want it. The wasm test runner reads this from its folder.
const WEBDRIVER: &str = r#"{
  "goog:chromeOptions": {
    "args": [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  }
}
"#;

/// Three native test programs have a place of their own in the order.
const END_TO_END: &str = "e2e";
const WEB: &str = "web";
const SERVER: &str = "parlance-server";

pub(crate) fn run(workspace: &Workspace, deep: bool) -> Result<ExitCode, Failure> {
    let mut run = Run {
        workspace,
        deep,
        clock: Clock::default(),
        counts: Counts::default(),
        failures: Vec::new(),
        not_run: Vec::new(),
    };

    heading("Installing what is missing");
    let tools = run.install(install::for_the_front_end);
    let runner = run.install(install::wasm_bindgen);
    let lints = run.install(install::lint_components);
    run.install(browsers::install);

    heading("Building");
    let native = run.build(test_programs(
        workspace,
        "--release --workspace --exclude xtask",
    ));
    // Another program: the same core with bugs in it.
    let planted = run.build(test_programs(
        workspace,
        "--release --package parlance-core --features planted --test it",
    ));
    let own = run.build(test_programs(workspace, "--package xtask"));
    let dist = tools && run.builds(frontend::build);
    let web = if runner {
        run.build(web_tests(workspace))
    } else {
        Vec::new()
    };
    let server = run.server(&native);

    heading("Checking format and lints");
    if lints {
        run.check(checks::format(workspace));
        run.check(checks::native_lints(workspace));
        run.check(checks::planted_lints(workspace));
        run.check(checks::web_lints(workspace));
    } else {
        run.leave_out("format and lints", "rustfmt or clippy is missing");
    }

    heading("Testing");
    for program in own.iter().filter(|program| program.is_test) {
        // What its tests print looks like the results of others.
        run.native(program, &[]);
    }
    for program in native
        .iter()
        .filter(|program| program.is_test && program.name != END_TO_END && program.name != WEB)
    {
        // The schedules print what they went through; it is asked for.
        run.native(program, &["--show-output"]);
    }
    for program in planted.iter().filter(|program| program.is_test) {
        run.native(program, &["--show-output", "planted::"]);
    }
    run.documentation();
    run.in_the_browser(&web);
    let end_to_end = native.iter().find(|program| program.name == END_TO_END);
    run.end_to_end(end_to_end, server.as_deref(), dist);

    Ok(run.conclude())
}

struct Run<'a> {
    workspace: &'a Workspace,
    deep: bool,
    clock: Clock,
    counts: Counts,
    failures: Vec<Failure>,
    /// What was left out because what it needs failed, and what that is.
    not_run: Vec<String>,
}

impl Run<'_> {
    fn install(&mut self, install: impl FnOnce(&Workspace) -> Result<(), Failure>) -> bool {
        let result = self.clock.installing(|| install(self.workspace));
        self.record(result.err())
    }

    fn build(&mut self, cargo_test: Step) -> Vec<Program> {
        let (programs, failure) = self.clock.building(|| suites::build(cargo_test));
        self.record(failure);
        programs
    }

    fn builds(&mut self, build: impl FnOnce(&Workspace) -> Result<(), Failure>) -> bool {
        let result = self.clock.building(|| build(self.workspace));
        self.record(result.err())
    }

    fn check(&mut self, step: Step) {
        let result = self.clock.building(|| step.run());
        self.record(result.err());
    }

    /// The server that the native tests were built with, or one built now.
    fn server(&mut self, native: &[Program]) -> Option<PathBuf> {
        let built = native
            .iter()
            .find(|program| !program.is_test && program.name == SERVER);
        match built {
            Some(program) => Some(program.path.clone()),
            None => self
                .builds(server::build)
                .then(|| self.workspace.server_binary()),
        }
    }

    fn native(&mut self, program: &Program, arguments: &[&str]) {
        let mut step = self.program(program).arguments(arguments);
        if self.deep {
            step = step.arguments(["--include-ignored"]);
        }
        self.run(step);
    }

    fn documentation(&mut self) {
        println!("\n-- examples in the documentation");
        let step = Step::cargo(self.workspace)
            .words("test --quiet --release --doc --workspace --exclude xtask");
        self.run(step);
    }

    fn in_the_browser(&mut self, programs: &[Program]) {
        let what = "the tests in a browser (wasm)";
        let Some(chromedriver) = browsers::chromedriver() else {
            return self.leave_out(what, "chromedriver is missing");
        };
        if programs.is_empty() {
            return self.leave_out(what, "they were not built");
        }
        let folder = self.workspace.notes().join("web");
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("webdriver.json"), WEBDRIVER));
        if let Err(error) = written {
            self.record(Some(Failure::new(format!(
                "{} cannot be written: {error}",
                folder.display()
            ))));
            return;
        }
        for program in programs {
            println!(
                "\n-- in a browser: {}",
                program.label(self.workspace.root())
            );
            let step = Step::new(self.workspace, "wasm-bindgen-test-runner")
                .folder(&folder)
                .environment("CHROMEDRIVER", &chromedriver)
                // Its own limit, in seconds for all tests together, is meant
                // for a machine that does nothing else.
                .environment("WASM_BINDGEN_TEST_TIMEOUT", "600")
                .arguments([&program.path]);
            self.run(self.deepened(step));
        }
    }

    fn end_to_end(&mut self, program: Option<&Program>, server: Option<&Path>, dist: bool) {
        let what = "the tests from end to end";
        let Some(program) = program else {
            return self.leave_out(what, "they were not built");
        };
        let Some(server) = server else {
            return self.leave_out(what, "the server was not built");
        };
        if !dist {
            return self.leave_out(what, "the front end was not built");
        }
        if browsers::chromedriver().is_none() {
            return self.leave_out(what, "chromedriver is missing");
        }
        let step = self
            .program(program)
            .environment("PARLANCE_SERVER", server)
            .environment("PARLANCE_DIST", self.workspace.dist())
            .environment("PARLANCE_SCREENSHOTS", self.workspace.screenshots())
            // More than there are cores: the stories mostly wait. They limit
            // the number of browsers themselves.
            .arguments(["--show-output", "--test-threads=4"]);
        self.run(step);
    }

    /// As cargo would start it.
    fn program(&self, program: &Program) -> Step {
        println!("\n-- {}", program.label(self.workspace.root()));
        let mut step = Step::new(self.workspace, &program.path).folder(&program.folder);
        step.command()
            .env("CARGO_MANIFEST_DIR", &program.folder)
            .env("RUST_BACKTRACE", "1");
        self.deepened(step)
    }

    fn deepened(&self, step: Step) -> Step {
        if self.deep {
            step.environment("PARLANCE_DEEP", "1")
        } else {
            step
        }
    }

    fn run(&mut self, step: Step) {
        let limit = if self.deep { DEEP_LIMIT } else { LIMIT };
        let (counts, failure) = self.clock.testing(|| suites::run(step, limit));
        self.counts += counts;
        match failure {
            // Its failed tests are counted already.
            Some(failure) if counts.failed > 0 => self.failures.push(failure),
            other => {
                self.record(other);
            }
        }
    }

    /// A step that failed counts as one, so that the last line never says that
    /// nothing failed when something did.
    fn record(&mut self, failure: Option<Failure>) -> bool {
        let Some(failure) = failure else {
            return true;
        };
        println!("\n{failure}\n");
        self.failures.push(failure);
        self.counts.failed += 1;
        false
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.not_run.push(format!("{what} did not run: {why}"));
    }

    fn conclude(mut self) -> ExitCode {
        if self.counts.executed() == 0 {
            self.record(Some(Failure::new("not one test was run")));
        }
        heading("Result");
        for failure in &self.failures {
            println!("{failure}");
        }
        for line in &self.not_run {
            println!("xtask: {line}");
        }
        println!("{}", self.clock);
        println!("{}", self.counts);
        if self.counts.failed == 0 && self.not_run.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn test_programs(workspace: &Workspace, which: &str) -> Step {
    // One error does not keep the other packages from being built and tested.
    Step::cargo(workspace)
        .words("test --no-fail-fast")
        .words(which)
}

/// In the quick profile, which also checks what the page's authors assert. The
/// page itself is built with flags of its own, so nothing could be shared.
fn web_tests(workspace: &Workspace) -> Step {
    let step = checks::quick_and_bare(Step::cargo(workspace))
        .words("test --target wasm32-unknown-unknown --package parlance --test web");
    // Linking costs seconds a program: only where there is something.
    if mentions(&workspace.root().join("src"), "wasm_bindgen_test") {
        step.words("--lib")
    } else {
        step
    }
}

/// Whether a source file under this folder has the word in it.
fn mentions(folder: &Path, word: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            mentions(&path, word)
        } else {
            std::fs::read_to_string(path).is_ok_and(|text| text.contains(word))
        }
    })
}

fn heading(title: &str) {
    println!("\n== {title}");
}
