//! A started program that cannot outlive the tests.
//!
//! The program runs under a small shell that leads a process group of its own
//! and reads from a pipe held here. When the pipe closes – dropped, panicked,
//! interrupted or killed – the shell kills its own group, and nothing else.
//! Knows nothing about servers or browsers.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs the program, then takes the whole group down with it, whichever of
/// the program's end and the pipe's end comes first.
const KEEPER: &str = r#"{ "$@" </dev/null; kill -KILL 0; } & read -r _; kill -KILL 0"#;

/// How many of the last lines are kept to explain a failure.
const LINES_KEPT: usize = 60;

pub(crate) struct Process {
    name: String,
    keeper: Child,
    lines: mpsc::Receiver<String>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    pub(crate) fn start(
        program: &str,
        arguments: &[String],
        environment: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "keeper", program])
            .args(arguments)
            .envs(environment.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut keeper = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
        let last_words = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, lines) = mpsc::channel();
        listen(keeper.stdout.take(), &last_words, Some(sender));
        listen(keeper.stderr.take(), &last_words, None);
        Self {
            name: program.rsplit('/').next().unwrap_or(program).to_owned(),
            keeper,
            lines,
            last_words,
        }
    }

    /// Waits for the first line on standard output of which `pick` makes something.
    pub(crate) fn wait_for_line<T>(
        &self,
        deadline: Duration,
        pick: impl Fn(&str) -> Option<T>,
    ) -> T {
        let until = std::time::Instant::now() + deadline;
        loop {
            let left = until.saturating_duration_since(std::time::Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(found) = pick(&line) {
                        return found;
                    }
                }
                Err(_) => panic!(
                    "{} did not say what was awaited; its last words:\n{}",
                    self.name,
                    self.last_words()
                ),
            }
        }
    }

    pub(crate) fn last_words(&self) -> String {
        let words = self.last_words.lock().unwrap();
        words.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// SIGKILL to the whole group, and its end awaited.
    pub(crate) fn kill(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }

    /// SIGTERM to the group, as an administrator would; the shell stays until
    /// the program is gone.
    pub(crate) fn terminate(&mut self) {
        let group = format!("-{}", self.keeper.id());
        let _ = Command::new("sh")
            .args([
                "-c",
                "trap '' TERM; kill -TERM -- \"$1\"",
                "terminate",
                &group,
            ])
            .status();
        let _ = self.keeper.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(
    stream: Option<impl std::io::Read + Send + 'static>,
    last_words: &Arc<Mutex<VecDeque<String>>>,
    sender: Option<mpsc::Sender<String>>,
) {
    let Some(stream) = stream else { return };
    let last_words = Arc::clone(last_words);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            let mut kept = last_words.lock().unwrap();
            if kept.len() == LINES_KEPT {
                kept.pop_front();
            }
            kept.push_back(line.clone());
            drop(kept);
            if let Some(sender) = &sender {
                let _ = sender.send(line);
            }
        }
    });
}
