//! The house rules that a test can check, over the whole workspace.
//!
//! Reads sources as text: a rule that takes more than that is a lint's.

use std::fs;
use std::path::{Path, PathBuf};

/// A file may have so many lines without a reason.
const MOST_LINES: usize = 600;

/// Files that are longer, each with its reason.
const LONG: [(&str, &str); 7] = [
    (
        "crates/parlance-core/src/session.rs",
        "all transitions between phases are in one file, with their table",
    ),
    (
        "crates/parlance-core/src/conversation.rs",
        "live messages and pages go through one apply, and its state is private",
    ),
    (
        "crates/parlance-core/src/timeline.rs",
        "rows, the changes that mutate them and the words for both, with their tests",
    ),
    (
        "crates/parlance-core/src/session/sending.rs",
        "the way out from saying to proof is one story",
    ),
    (
        "crates/parlance-core/tests/it/sim/server.rs",
        "a server that keeps its promises and a network that does not, as one model",
    ),
    (
        "crates/parlance-core/tests/it/sim/tab.rs",
        "one tab and everything that is checked of it after each input",
    ),
    (
        "tests/e2e/proxy.rs",
        "a path that breaks when told: every way of breaking, told apart in one loop",
    ),
];

/// Where Leptos is named: its signals and effects are used, its views are not.
/// Each view brings its own renderer into the download.
const LEPTOS: [&str; 2] = ["src/dom", "src/model/live.rs"];

/// Words that make HTML or code of text.
const SINKS: [&str; 11] = [
    "inner_html",
    "set_inner_html",
    "insert_adjacent_html",
    "set_outer_html",
    "outer_html",
    "create_contextual_fragment",
    "set_srcdoc",
    "document().write",
    "eval(",
    "Function::new",
    "set_timeout_with_str",
];

/// What the core must not name: each a way to a clock, to chance or to the
/// world.
const NOT_IN_THE_CORE: [&str; 11] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime",
    "std::thread",
    "std::net",
    "std::fs",
    "std::env",
    "web_sys",
    "js_sys",
    "rand::",
];

struct Source {
    /// From the workspace's root, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// Its code: without comments and without what is compiled for tests only.
    fn code(&self) -> String {
        if self.path.ends_with("/tests.rs") {
            return String::new();
        }
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let line_start = line.trim_start();
            if line_start.starts_with("#[cfg(test)]") || line_start.starts_with("#[cfg(all(test") {
                skip_item(&mut lines);
                continue;
            }
            code.push_str(without_comment(line));
            code.push('\n');
        }
        code
    }

    fn is_under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Code that ships, or that a tool runs; no tests.
    fn is_program(&self) -> bool {
        self.is_under("src/") || (self.is_under("crates/") && self.path.contains("/src/"))
    }

    fn lines_with(&self, word: &str) -> Vec<String> {
        let code = self.code();
        let numbered = code.lines().filter(|line| has_word(line, word));
        numbered
            .map(|line| format!("{}: {}", self.path, line.trim()))
            .collect()
    }
}

fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = crates.and_then(Path::parent);
    root.expect("the core is two folders below the root")
        .to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every source file of the workspace.
fn sources() -> Vec<Source> {
    let mut folders = vec!["src".to_owned(), "tests".to_owned()];
    for member in [
        "parlance-core",
        "parlance-server",
        "parlance-words",
        "xtask",
    ] {
        folders.push(format!("crates/{member}/src"));
        folders.push(format!("crates/{member}/tests"));
    }
    let mut sources = Vec::new();
    for folder in folders {
        collect(&root(), &folder, &mut sources);
    }
    assert!(sources.len() > 100, "the workspace was not found");
    sources
}

fn collect(root: &Path, folder: &str, into: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        let kind = entry.file_type();
        if kind.is_ok_and(|kind| kind.is_dir()) {
            collect(root, &path, into);
        } else if name.ends_with(".rs") {
            let text = read(&path);
            into.push(Source { path, text });
        }
    }
}

/// Skips one item: up to the line that closes it, at the place where it began.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    let Some(first) = lines.find(|line| !line.trim_start().starts_with("#[")) else {
        return;
    };
    if first.trim_end().ends_with(';') {
        return;
    }
    let indent = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indent}}}");
    lines.find(|line| *line == end);
}

/// The part of a line before its comment. A `//` in a text counts as one: a
/// rule may miss what follows an address, and never reports a comment.
fn without_comment(line: &str) -> &str {
    let is_address = |at: usize| line[..at].ends_with(':');
    match line.find("//") {
        Some(at) if !is_address(at) => &line[..at],
        _ => line,
    }
}

/// Whether the word stands there, and not at the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|it| !it.is_alphanumeric() && it != '_')
    })
}

#[track_caller]
fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let bare: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert_none(&bare, "a file begins with what it is, as `//!`");
}

#[test]
fn a_long_file_has_a_reason() {
    let mut long = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| *path == source.path);
        if lines > MOST_LINES && !excused {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert_none(&long, "more than 600 lines want a reason in tidy.rs");
    for (path, reason) in LONG {
        assert!(reason.len() > 20, "{path}: that is no reason");
    }
}

#[test]
fn the_core_has_two_dependencies() {
    let manifest = read("crates/parlance-core/Cargo.toml");
    let names: Vec<&str> = section(&manifest, "[dependencies]")
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default())
        .collect();
    assert_eq!(names, ["serde", "serde_json"]);
    let tables = manifest
        .lines()
        .filter(|line| line.contains("dependencies"));
    let tables: Vec<&str> = tables.filter(|line| line.starts_with('[')).collect();
    let allowed = ["[dependencies]", "[dev-dependencies]"];
    assert!(
        tables.iter().all(|table| allowed.contains(table)),
        "{tables:?}"
    );
}

fn section<'a>(manifest: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let after = manifest
        .lines()
        .skip_while(move |line| *line != name)
        .skip(1);
    let inside = after.take_while(|line| !line.starts_with('['));
    inside.filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

#[test]
fn the_core_names_no_clock_no_chance_and_no_world() {
    let mut found = Vec::new();
    for source in sources() {
        if source.is_under("crates/parlance-core/src/") {
            for word in NOT_IN_THE_CORE {
                found.extend(source.lines_with(word));
            }
        }
    }
    assert_none(&found, "time, chance and the world are arguments");
}

#[test]
fn one_file_assigns_the_phase() {
    let mut assigning = Vec::new();
    for source in sources() {
        if source.is_under("crates/parlance-core/src/") {
            assigning.extend(source.lines_with("self.phase ="));
        }
    }
    let found: Vec<&String> = assigning.iter().collect();
    let only = "crates/parlance-core/src/session.rs: self.phase = phase;";
    assert_eq!(found, [only], "`enter` alone assigns the phase");
}

#[test]
fn only_the_model_writes_signals() {
    const WRITES: [&str; 10] = [
        ".set(",
        ".update(",
        ".write()",
        ".notify()",
        ".set_untracked(",
        ".update_untracked(",
        ".try_set(",
        ".try_update(",
        ".write_untracked()",
        ".maybe_update(",
    ];
    const MAKES: [&str; 8] = [
        "RwSignal",
        "ArcRwSignal",
        "WriteSignal",
        "ArcWriteSignal",
        "signal(",
        "arc_signal(",
        "Live::new(",
        "ArcLive::new(",
    ];
    let mut found = Vec::new();
    let mut model = 0;
    for source in sources() {
        if source.path == "src/model.rs" || source.is_under("src/model/") {
            model += source.lines_with("Live::new(").len();
            continue;
        }
        if !source.is_under("src/") {
            continue;
        }
        // The driver has cells of its own, which are no signals.
        if !source.is_under("src/driver") && !source.is_under("src/config") {
            for word in WRITES {
                let code = source.code();
                let lines = code.lines().filter(|line| line.contains(word));
                found.extend(lines.map(|line| format!("{}: {}", source.path, line.trim())));
            }
        }
        for word in MAKES {
            // What an AbortController gives is no signal of ours.
            let lines = source.lines_with(word).into_iter();
            found.extend(lines.filter(|line| !line.contains("abort.signal()")));
        }
    }
    assert!(model > 5, "the model was not found");
    assert_none(&found, "components read signals and dispatch commands");
}

#[test]
fn leptos_is_named_where_it_is_wrapped() {
    let mut found = Vec::new();
    let mut wrapped = 0;
    for source in sources() {
        if LEPTOS.iter().any(|place| source.is_under(place)) {
            wrapped += source.lines_with("leptos::").len();
        } else if source.is_under("src/") {
            found.extend(source.lines_with("leptos::"));
        }
    }
    assert!(wrapped > 5, "the wrapping was not found");
    assert_none(
        &found,
        "components are made of `dom`, and follow `model::live`",
    );
}

#[test]
fn planted_bugs_are_in_nothing_that_ships() {
    let core = read("crates/parlance-core/Cargo.toml");
    let turned_on: Vec<&str> = section(&core, "[features]")
        .filter(|line| line.contains("planted") && *line != "planted = []")
        .collect();
    assert!(core.contains("\nplanted = []\n"), "the feature is there");
    assert!(turned_on.is_empty(), "{turned_on:?}");
    for manifest in ["Cargo.toml", "crates/parlance-server/Cargo.toml"] {
        let names = read(manifest).contains("planted");
        assert!(!names, "{manifest} names the planted bugs");
    }
    let mut found = Vec::new();
    for source in sources() {
        // The tests build and check with it, apart from everything else.
        let tests = ["crates/xtask/src/test.rs", "crates/xtask/src/checks.rs"];
        if source.is_under("crates/xtask/") && !tests.contains(&source.path.as_str()) {
            found.extend(source.lines_with("planted"));
        }
    }
    assert_none(&found, "no build but that of the tests turns it on");
}

#[test]
fn each_planted_bug_has_a_function_of_its_own() {
    let mut places: Vec<(String, String)> = Vec::new();
    let mut bugs = Vec::new();
    for source in sources() {
        if !source.is_under("crates/parlance-core/src/") || source.path.ends_with("/planted.rs") {
            continue;
        }
        let mut function = String::new();
        for line in source.code().lines() {
            if let Some((before, after)) = line.split_once("fn ")
                && !before.trim_end().ends_with(['"', '('])
            {
                function = after
                    .split(['(', '<'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
            }
            for (at, word) in line.match_indices("planted(Bug::") {
                let name = line[at + word.len()..].split(')').next();
                bugs.push(name.unwrap_or_default().to_owned());
                places.push((source.path.clone(), function.clone()));
            }
        }
    }
    let many = bugs.len();
    assert!(many >= 20, "{many} bugs were found");
    bugs.sort();
    bugs.dedup();
    places.sort();
    places.dedup();
    assert_eq!(
        (bugs.len(), places.len()),
        (many, many),
        "{bugs:?} in {places:?}"
    );
}

#[test]
fn nothing_makes_html_or_code_of_text() {
    let mut found = Vec::new();
    for source in sources() {
        if source.is_program() {
            for word in SINKS {
                found.extend(source.lines_with(word));
            }
        }
    }
    assert_none(&found, "what people type is text");
}

#[test]
fn the_page_has_no_fixed_nonce() {
    assert!(!read("index.html").contains("nonce="));
}

#[test]
fn no_package_allows_unsafe_code() {
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
    for manifest in [
        "Cargo.toml",
        "crates/parlance-core/Cargo.toml",
        "crates/parlance-server/Cargo.toml",
        "crates/xtask/Cargo.toml",
    ] {
        let text = read(manifest);
        let lints: Vec<&str> = section(&text, "[lints]").collect();
        assert_eq!(lints, ["workspace = true"], "{manifest}");
    }
}

/// Where the tests of a program are: in one folder, or beside what they test.
const TESTED: [(&str, &str); 7] = [
    ("parlance-core::it::", "crates/parlance-core/tests/it/"),
    ("parlance-server::it::", "crates/parlance-server/tests/it/"),
    ("parlance::web::", "tests/web/"),
    ("parlance::e2e::", "tests/e2e/"),
    ("parlance-core::", "crates/parlance-core/src/"),
    ("parlance-server::", "crates/parlance-server/src/"),
    ("xtask::", "crates/xtask/src/"),
];

/// The file and the name of a test, by `program::module::test`.
fn tested(name: &str) -> Option<(String, &str)> {
    let found = TESTED.iter().find(|(program, _)| name.starts_with(program));
    let (program, folder) = found?;
    let (modules, test) = name.strip_prefix(program)?.rsplit_once("::")?;
    // A module of tests at the end of a file, if it has no file of its own.
    let file = |modules: &str| format!("{folder}{}.rs", modules.replace("::", "/"));
    let own = file(modules);
    let is_own = root().join(&own).is_file();
    let path = match modules.strip_suffix("::tests").filter(|_| !is_own) {
        Some(modules) => file(modules),
        None => own,
    };
    Some((path, test))
}

#[test]
fn what_is_promised_in_security_md_is_a_test() {
    let text = read("SECURITY.md");
    let names: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| TESTED.iter().any(|(program, _)| name.starts_with(program)))
        .collect();
    assert!(names.len() > 60, "{}", names.len());
    let mut missing = Vec::new();
    for name in names {
        let Some((path, test)) = tested(name) else {
            missing.push(name.to_owned());
            continue;
        };
        let source = fs::read_to_string(root().join(&path)).unwrap_or_default();
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let is_it = |line: &&str| line.contains(&format!("fn {test}("));
        let at = lines.iter().position(is_it);
        // The attribute stands above it, with others perhaps.
        let marked = at.is_some_and(|at| {
            let above = &lines[at.saturating_sub(4)..at];
            above
                .iter()
                .any(|line| line.starts_with("#[") && line.contains("test"))
        });
        if !marked {
            missing.push(format!("{name} in {path}"));
        }
    }
    assert_none(&missing, "each name in SECURITY.md is the name of a test");
}

#[test]
fn every_row_of_security_md_names_a_test_or_says_that_it_is_open() {
    const ASKED: [u8; 32] = [
        1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 18, 20, 21, 22, 23, 24, 25, 29, 30, 31,
        32, 33, 34, 35, 43, 44, 45, 49,
    ];
    let text = read("SECURITY.md");
    for row in ASKED {
        let begins = format!("| {row} | ");
        let line = text.lines().find(|line| line.starts_with(&begins));
        let line = line.unwrap_or_else(|| panic!("row {row} is not there"));
        assert!(
            line.contains("**open**") || line.matches("::").count() >= 2,
            "{line}"
        );
    }
}

#[test]
fn no_program_unwraps() {
    let mut found = Vec::new();
    for source in sources() {
        if !source.is_program() {
            continue;
        }
        let code = source.code();
        let lines = code
            .lines()
            .filter(|line| line.contains(".unwrap()") || line.contains(".expect("));
        found.extend(lines.map(|line| format!("{}: {}", source.path, line.trim())));
    }
    assert_none(&found, "an error is handled or passed on");
}

#[test]
fn the_lints_say_why() {
    for path in ["clippy.toml", "crates/parlance-core/clippy.toml"] {
        let lints = read(path);
        let entries: Vec<&str> = lints
            .lines()
            .filter(|line| line.contains("path ="))
            .collect();
        assert!(entries.len() > 9, "{path}");
        for entry in entries {
            assert!(entry.contains("reason = \""), "{path}: {entry}");
        }
    }
}

#[test]
fn the_rules_see_what_they_are_about() {
    let source = Source {
        path: "src/example.rs".to_owned(),
        text: "//! Example.\n\
               fn f() { x.unwrap(); } // .expect(\n\
               fn g() { medieval(1); eval(2); }\n\
               #[cfg(test)]\n\
               mod tests {\n    use super::*;\n    fn h() {\n        y.unwrap();\n    }\n}\n\
               #[cfg(test)]\n\
               mod more;\n\
               fn i() { z.expect(\"\"); }\n"
            .to_owned(),
    };
    let code = source.code();
    assert_eq!(code.matches(".unwrap()").count(), 1);
    assert_eq!(code.matches(".expect(").count(), 1);
    assert_eq!(source.lines_with("eval(").len(), 1);
    assert!(!has_word("medieval(1)", "eval("));
    assert!(has_word("js_sys::eval(1)", "eval("));
    assert_eq!(
        without_comment("let a = \"https://x\"; "),
        "let a = \"https://x\"; "
    );
}
