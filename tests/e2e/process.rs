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

/// Says which process the program is, and takes the whole group down when the
/// program ends or when the pipe does, whichever comes first.
const KEEPER: &str = r#"
    { "$@" </dev/null & echo "process $!"; wait "$!"; kill -KILL 0; } &
    read -r _
    kill -KILL 0"#;

/// How many of the last lines are kept to explain a failure.
const LINES_KEPT: usize = 60;

const START_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Process {
    name: String,
    keeper: Child,
    /// The program's own number.
    number: u32,
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
        let mut process = Self {
            name: program.rsplit('/').next().unwrap_or(program).to_owned(),
            keeper,
            number: 0,
            lines,
            last_words,
        };
        process.number = process.wait_for_line(START_DEADLINE, |line| {
            line.strip_prefix("process ")?.parse().ok()
        });
        process
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

    /// SIGTERM to the program, as an administrator would, and its end awaited.
    pub(crate) fn terminate(&mut self) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.number.to_string()])
            .status();
        assert!(asked.is_ok_and(|asked| asked.success()), "no such process");
        // The wait would close the pipe first, and with that end the program
        // before it has had its time.
        let pipe = self.keeper.stdin.take();
        let _ = self.keeper.wait();
        drop(pipe);
        // On a busy machine the group is gone before the last of its threads,
        // and with it what the program held.
        let until = std::time::Instant::now() + START_DEADLINE;
        while is_running(self.number) && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A process that only waits to be taken note of does not run.
fn is_running(number: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{number}/status"));
    let state = |status: &String| {
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
    };
    status.is_ok_and(|status| state(&status))
}

impl Process {
    /// The program and everything that it started, and nothing else.
    pub(crate) fn signals(&self, signal: &str) {
        let mut family = vec![self.number];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(children(parent));
            next += 1;
        }
        let asked = Command::new("kill")
            .arg(format!("-{signal}"))
            .args(family.iter().map(u32::to_string))
            .status();
        assert!(asked.is_ok(), "cannot signal {}", self.name);
    }
}

fn children(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let listed =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    listed
        .flat_map(|children| {
            let numbers = children.split_whitespace();
            numbers
                .filter_map(|number| number.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
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
