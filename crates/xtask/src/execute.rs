//! Starting other programs, and saying what to do when one fails.
//!
//! It does not know which programs: a `Step` is a command with the words that
//! go with it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::Workspace;

/// Why it ended, which command to run by hand, and what else may help.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    by_hand: Option<String>,
    advice: Vec<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            by_hand: None,
            advice: Vec::new(),
        }
    }

    pub(crate) fn by_hand(mut self, command: impl Into<String>) -> Self {
        self.by_hand = Some(command.into());
        self
    }

    pub(crate) fn advice(mut self, line: impl Into<String>) -> Self {
        self.advice.push(line.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "xtask: {}", self.what)?;
        if let Some(command) = &self.by_hand {
            write!(formatter, "\n  by hand: {command}")?;
        }
        for line in &self.advice {
            write!(formatter, "\n  {line}")?;
        }
        Ok(())
    }
}

/// One command, started in the repository's root with our tools before the
/// system's on the PATH.
pub(crate) struct Step {
    command: Command,
    folder: PathBuf,
    tools: PathBuf,
    /// Set by us and worth repeating when the command is run by hand.
    environment: Vec<(String, String)>,
}

impl Step {
    pub(crate) fn new(workspace: &Workspace, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(workspace.root())
            .env("PATH", path_with(&workspace.tool_binaries()))
            // Nothing we start may wait for an answer: in CI nobody gives one.
            .stdin(Stdio::null());
        Self {
            command,
            folder: workspace.root().to_owned(),
            tools: workspace.tool_binaries(),
            environment: Vec::new(),
        }
    }

    /// The cargo that started us, so that one toolchain builds everything.
    pub(crate) fn cargo(workspace: &Workspace) -> Self {
        Self::new(
            workspace,
            std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        )
    }

    pub(crate) fn arguments<Argument: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = Argument>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    /// Splits at white space: for command lines written in this source.
    pub(crate) fn words(self, line: &str) -> Self {
        self.arguments(line.split_whitespace())
    }

    pub(crate) fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref();
        self.command.env(name, value);
        self.environment
            .push((name.to_owned(), value.to_string_lossy().into_owned()));
        self
    }

    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self.command.current_dir(&self.folder);
        self
    }

    /// For `sudo`, which may ask a person who is there.
    pub(crate) fn with_terminal(mut self) -> Self {
        self.command.stdin(Stdio::inherit());
        self
    }

    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Announces the command and waits for it; its output is the person's to see.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        println!("  $ {}", self.shown());
        let status = self.command.status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failure(&format!("ended with {status}"))),
            Err(error) => Err(self.failure(&format!("did not start: {error}"))),
        }
    }

    /// What it printed, or `None` when it could not be started or failed.
    pub(crate) fn output(mut self) -> Option<String> {
        let output = self.command.stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    }

    pub(crate) fn failure(&self, how: &str) -> Failure {
        // A person's own PATH does not have what we installed.
        let program = Path::new(self.command.get_program());
        let path = if program.is_relative() && self.tools.join(program).is_file() {
            format!("PATH={}:$PATH ", quoted(&self.tools.to_string_lossy()))
        } else {
            String::new()
        };
        Failure::new(format!("{} {how}", self.name())).by_hand(format!(
            "(cd {} && {path}{})",
            quoted(&self.folder.to_string_lossy()),
            self.shown()
        ))
    }

    /// The program, and for those that do many things, which: `cargo fmt`.
    fn name(&self) -> String {
        let program = Path::new(self.command.get_program());
        let program = program.file_stem().unwrap_or(program.as_os_str());
        let subcommand = self
            .command
            .get_args()
            .next()
            .map(OsStr::to_string_lossy)
            .filter(|word| word.chars().all(|character| character.is_ascii_lowercase()));
        match subcommand {
            Some(subcommand) => format!("{} {subcommand}", program.to_string_lossy()),
            None => program.to_string_lossy().into_owned(),
        }
    }

    /// The command as one would type it.
    pub(crate) fn shown(&self) -> String {
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={}", quoted(value)));
        let program = Path::new(self.command.get_program());
        // The toolchain's own path to cargo helps nobody who reads this.
        let program = match program.file_stem() {
            Some(stem) if stem == "cargo" => "cargo".into(),
            _ => program.to_string_lossy(),
        };
        let arguments = self
            .command
            .get_args()
            .map(|argument| quoted(&argument.to_string_lossy()));
        environment
            .chain([quoted(&program)])
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Where a program is, looked for as a shell would.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| {
            folder
                .join(program)
                .with_extension(std::env::consts::EXE_EXTENSION)
        })
        .find(|path| path.is_file())
}

fn path_with(first: &Path) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    // Fails only where a folder's name holds the separator itself; such a PATH
    // did not work before either.
    std::env::join_paths(folders).unwrap_or(rest)
}

fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_=+./:,@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let step = Step::new(&Workspace::find(), "trunk")
            .words("build --release")
            .arguments(["it's here"])
            .environment("PARLANCE_DEEP", "1");
        assert_eq!(
            step.shown(),
            r"PARLANCE_DEEP=1 trunk build --release 'it'\''s here'"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_with_the_command_in_it() {
        let failure = Step::new(&Workspace::find(), "no-such-program")
            .words("now")
            .run()
            .expect_err("it does not exist");
        let shown = failure.to_string();
        assert!(
            shown.starts_with("xtask: no-such-program now did not start"),
            "{shown}"
        );
        assert!(shown.contains("&& no-such-program now)"), "{shown}");
    }
}
