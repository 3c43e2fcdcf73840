//! Test programs: building them, then running them one after the other.
//!
//! `cargo test` would do both at once; apart, each gets its own minutes, and a
//! program gets the environment and the time limit that it needs. It does not
//! know what is tested.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::counts::Counts;
use crate::execute::{Failure, Step};

/// A program that cargo built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The target's name: `it`, `e2e`, `parlance_core`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Of its package; cargo runs tests there.
    pub(crate) folder: PathBuf,
    pub(crate) is_test: bool,
}

impl Program {
    /// Its package's folder and its own name: `crates/parlance-core it`.
    pub(crate) fn label(&self, root: &Path) -> String {
        let folder = self.folder.strip_prefix(root).unwrap_or(&self.folder);
        format!("{} {}", folder.display(), self.name)
            .trim()
            .to_owned()
    }
}

/// What was built, and the failure if not all of it was.
pub(crate) fn build(cargo_test: Step) -> (Vec<Program>, Option<Failure>) {
    let mut step =
        cargo_test.arguments(["--no-run", "--message-format", "json-render-diagnostics"]);
    println!("  $ {}", step.shown());
    let child = step.command().stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            return (
                Vec::new(),
                Some(step.failure(&format!("did not start: {error}"))),
            );
        }
    };
    let mut programs = Vec::new();
    if let Some(output) = child.stdout.take() {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        programs.extend(lines.filter_map(|line| built(&line)));
    }
    let failure = match child.wait() {
        Ok(status) if status.success() => None,
        Ok(status) => Some(step.failure(&format!("did not compile everything ({status})"))),
        Err(error) => Some(step.failure(&format!("was lost: {error}"))),
    };
    (programs, failure)
}

/// Runs a test program (or the cargo that runs doc tests), shows what it prints,
/// and counts.
pub(crate) fn run(step: Step, limit: Duration) -> (Counts, Option<Failure>) {
    run_heard(step, limit, &mut |_| ())
}

/// The same, and somebody hears every line.
pub(crate) fn run_heard(
    mut step: Step,
    limit: Duration,
    heard: &mut dyn FnMut(&str),
) -> (Counts, Option<Failure>) {
    println!("  $ {}", step.shown());
    let spawned = step
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            return (
                Counts::default(),
                Some(step.failure(&format!("did not start: {error}"))),
            );
        }
    };
    let counts = count(&mut child, Instant::now() + limit, heard);
    let how = match child.try_wait() {
        Ok(Some(status)) if status.success() => return (counts, None),
        Ok(Some(status)) => format!("ended with {status}"),
        Ok(None) => {
            let _ = child.kill();
            let _ = child.wait();
            format!("was stopped after {} minutes", limit.as_secs() / 60)
        }
        Err(error) => format!("was lost: {error}"),
    };
    (counts, Some(step.failure(&how)))
}

/// Until the program ends or its time is up. Its end is asked for, and not read
/// from its output: a browser that it left behind would keep that open.
fn count(child: &mut Child, until: Instant, heard: &mut dyn FnMut(&str)) -> Counts {
    let (sender, lines) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        forward(output, sender.clone());
    }
    if let Some(output) = child.stderr.take() {
        forward(output, sender);
    }
    let mut counts = Counts::default();
    let mut ended = false;
    while Instant::now() < until {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                println!("  {line}");
                heard(&line);
                if let Some(more) = Counts::read(&line) {
                    counts += more;
                }
            }
            // Once more after the end: the last lines may have been on their way.
            Err(RecvTimeoutError::Timeout) if ended => break,
            Err(RecvTimeoutError::Timeout) => ended = !matches!(child.try_wait(), Ok(None)),
            Err(RecvTimeoutError::Disconnected) => {
                // It closed its output; what is left of it is a moment's work.
                if !matches!(child.try_wait(), Ok(None)) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    counts
}

fn forward(output: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        // By bytes: a test may print what is no text, and must still be counted.
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// One line of cargo's messages, if it says that a program was made. The lines
/// are compact JSON that cargo alone writes, so four fields of it are found by
/// their names, without a parser that everybody would have to compile first.
fn built(line: &str) -> Option<Program> {
    if !line.starts_with(r#"{"reason":"compiler-artifact""#) {
        return None;
    }
    let target = &line[line.find(r#""target":{"#)?..];
    Some(Program {
        name: text(target, "name")?,
        path: text(line, "executable")?.into(),
        folder: Path::new(&text(line, "manifest_path")?)
            .parent()?
            .to_owned(),
        is_test: line.contains(r#""test":true},"features""#),
    })
}

/// The first string of that name; `null` and numbers are none.
fn text(json: &str, name: &str) -> Option<String> {
    let opening = format!("\"{name}\":\"");
    let rest = &json[json.find(&opening)? + opening.len()..];
    let mut value = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///r/crates/parlance-core#0.1.0","manifest_path":"/r/crates/parlance-core/Cargo.toml","target":{"kind":["test"],"crate_types":["bin"],"name":"it","src_path":"/r/crates/parlance-core/tests/it/main.rs","edition":"2024","doc":false,"doctest":false,"test":true},"profile":{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":true},"features":[],"filenames":["/r/target/release/deps/it-1"],"executable":"/r/target/release/deps/it-1","fresh":true}"#;

    #[test]
    fn a_test_program_is_found_in_cargos_messages() {
        let program = built(TEST).expect("a program");
        assert_eq!(program.name, "it");
        assert_eq!(program.path, Path::new("/r/target/release/deps/it-1"));
        assert_eq!(program.label(Path::new("/r")), "crates/parlance-core it");
        assert!(program.is_test);
    }

    #[test]
    fn a_program_that_is_no_test_is_told_apart() {
        let line = TEST.replace(r#""test":true},"features""#, r#""test":false},"features""#);
        assert!(!built(&line).expect("a program").is_test);
    }

    #[test]
    fn a_library_is_no_program() {
        let line = TEST.replace(
            r#""executable":"/r/target/release/deps/it-1""#,
            r#""executable":null"#,
        );
        assert_eq!(built(&line), None);
        assert_eq!(built(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[cfg(unix)]
    fn shell(script: &str) -> Step {
        Step::new(&crate::workspace::Workspace::find(), "sh").arguments(["-c", script])
    }

    #[cfg(unix)]
    #[test]
    fn a_browser_that_is_left_behind_is_not_waited_for() {
        let script = "sleep 60 & echo 'test result: ok. 2 passed; 0 failed; 0 ignored'";
        let started_at = Instant::now();
        let (counts, failure) = run(shell(script), Duration::from_secs(50));
        assert_eq!(counts.passed, 2);
        assert!(failure.is_none(), "{failure:?}");
        assert!(started_at.elapsed() < Duration::from_secs(40));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_stopped_and_its_counts_are_kept() {
        let script = "echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'; exec sleep 60";
        let (counts, failure) = run(shell(script), Duration::from_secs(2));
        assert_eq!((counts.passed, counts.failed), (1, 1));
        let shown = failure.expect("it was stopped").to_string();
        assert!(shown.contains("was stopped after"), "{shown}");
    }

    #[test]
    fn escaped_characters_are_read() {
        assert_eq!(
            text(r#"{"a":"C:\\x \"y\""}"#, "a").as_deref(),
            Some(r#"C:\x "y""#)
        );
    }
}
