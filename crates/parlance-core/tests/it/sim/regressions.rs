//! Schedules that broke an invariant once, as files beside this one, made as
//! short as they could be. They run before everything else, and hold.
//!
//! Knows nothing of what broke: a file says it in its first lines.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::Violation;
use super::transition::{Step, Transition};

/// A schedule that was kept.
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
}

/// All of them, in the order of their names.
pub(crate) fn all() -> Vec<Kept> {
    let Ok(entries) = fs::read_dir(folder()) else {
        return Vec::new();
    };
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .collect();
    files.sort();
    let kept = files.into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let read = read(&text).unwrap_or_else(|what| panic!("{}: {what}", path.display()));
        Kept {
            name: name.into_owned(),
            seed: read.0,
            steps: read.1,
        }
    });
    kept.collect()
}

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sim/regressions")
}

/// A schedule as a file says it.
pub(crate) fn written(seed: u64, steps: &[Step], violation: &Violation) -> String {
    let mut text = format!("# {}\n", violation.invariant);
    for line in violation.what.lines() {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "seed {seed}");
    for step in steps {
        let Step {
            after,
            transition,
            tab,
            number,
            salt,
        } = step;
        let _ = writeln!(text, "{after} {transition:?} {tab} {number:#x} {salt:#x}");
    }
    text
}

/// What a file says.
pub(crate) fn read(text: &str) -> Result<(u64, Vec<Step>), String> {
    let mut seed = None;
    let mut steps = Vec::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || format!("cannot be read: {line}");
        if let Some(number) = line.strip_prefix("seed ") {
            seed = Some(number.parse().map_err(|_| wrong())?);
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let [after, name, tab, number, salt] = words[..] else {
            return Err(wrong());
        };
        let hex = |word: &str| {
            let digits = word.strip_prefix("0x");
            digits.and_then(|it| u64::from_str_radix(it, 16).ok())
        };
        steps.push(Step {
            after: after.parse().map_err(|_| wrong())?,
            transition: Transition::named(name).ok_or_else(wrong)?,
            tab: tab.parse().map_err(|_| wrong())?,
            number: hex(number).ok_or_else(wrong)?,
            salt: hex(salt).ok_or_else(wrong)?,
        });
    }
    Ok((seed.ok_or("it names no seed")?, steps))
}
