//! The standard library built along with the page, for its size.
//!
//! What comes with Rust is compiled for speed, and formats a message before it
//! gives up, wherever it may. Built from source, it is compiled as the page is.
//! That takes parts of the compiler that are not stable: they are used with the
//! one pinned version, and for nothing but the page in dist/. See
//! ARCHITECTURE.md.

use std::path::{Path, PathBuf};

use crate::execute::{Step, on_path};
use crate::workspace::Workspace;

/// Set to `prebuilt`, the page is built with stable means alone.
const SWITCH: &str = "PARLANCE_STD";

/// A failure that nobody can handle is a trap, without words and without
/// unwinding; places in the source and the inside of values are not spelt out.
/// The shell in index.html says what a person has to know.
const FLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort \
    -Zlocation-detail=none -Zfmt-debug=none";

/// Where the standard library of the page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standard {
    FromSource,
    AsItComes,
}

impl Standard {
    /// From source, unless it is not here or not wanted.
    pub(crate) fn find(workspace: &Workspace) -> Self {
        if std::env::var_os(SWITCH).is_some_and(|wanted| wanted == "prebuilt") {
            return Self::AsItComes;
        }
        if is_pinned(workspace) && source_is_here(workspace) {
            Self::FromSource
        } else {
            Self::AsItComes
        }
    }

    /// To be told apart from the other in a note.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::FromSource => "std from source",
            Self::AsItComes => "std as it comes",
        }
    }

    /// Says what it costs where it is not from source.
    pub(crate) fn announce(self) {
        if self == Self::AsItComes {
            println!(
                "  with the standard library as it comes: the page is about 30 kB larger \
                 (it takes the pinned Rust with rust-src, and {SWITCH} not to say prebuilt)"
            );
        }
    }

    /// Sets up the step that builds the page.
    pub(crate) fn applied(self, workspace: &Workspace, step: Step) -> Step {
        if self == Self::AsItComes {
            return step;
        }
        let mut step = step
            .environment("RUSTC_BOOTSTRAP", "1")
            .environment("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
            .environment("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size")
            .environment("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", FLAGS)
            // Flags that change make cargo compile everything again: a folder
            // for each, or the tests in the browser would undo this every time.
            .environment("CARGO_TARGET_DIR", workspace.target().join("page"));
        // These would take the place of ours.
        for other in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            step.command().env_remove(other);
        }
        step
    }
}

/// Gets the source where rustup can; without it the page is larger, and that is
/// said when it is built.
pub(crate) fn install(workspace: &Workspace) {
    let wanted = std::env::var_os(SWITCH).is_none_or(|wanted| wanted != "prebuilt");
    if wanted && is_pinned(workspace) && !source_is_here(workspace) && on_path("rustup").is_some() {
        println!("Installing the source of the standard library");
        let _ = Step::new(workspace, "rustup")
            .words("component add rust-src")
            .run();
    }
}

/// What is unstable may be gone from any other version.
fn is_pinned(workspace: &Workspace) -> bool {
    let pinned = std::fs::read_to_string(workspace.root().join("rust-toolchain.toml"))
        .ok()
        .and_then(|text| channel(&text).map(str::to_owned));
    let said = Step::new(workspace, "rustc").words("--version").output();
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    pinned.is_some_and(|pinned| {
        said.is_some_and(|said| said.split_whitespace().nth(1) == Some(pinned.as_str()))
    })
}

fn channel(toolchain: &str) -> Option<&str> {
    let line = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = \""))?;
    line.strip_suffix('"')
}

fn source_is_here(workspace: &Workspace) -> bool {
    Step::new(workspace, "rustc")
        .words("--print sysroot")
        .output()
        .is_some_and(|sysroot| source_under(Path::new(sysroot.trim())).is_file())
}

fn source_under(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_found() {
        let text = "[toolchain]\nchannel = \"1.95.0\"\ntargets = []\n";
        assert_eq!(channel(text), Some("1.95.0"));
        assert_eq!(channel("[toolchain]\n"), None);
    }

    #[test]
    fn this_repository_pins_a_version_and_no_channel_that_moves() {
        let path = Workspace::find().root().join("rust-toolchain.toml");
        let text = std::fs::read_to_string(path).expect("it is in the root");
        let pinned = channel(&text).expect("it names one");
        assert!(
            pinned.split('.').all(|it| it.parse::<u32>().is_ok()),
            "{pinned}"
        );
        assert!(text.contains("\"rust-src\""), "{text}");
    }

    #[test]
    fn as_it_comes_nothing_unstable_is_asked_for() {
        let workspace = Workspace::find();
        let plain = Step::new(&workspace, "trunk").words("build");
        let step = Standard::AsItComes.applied(&workspace, plain);
        assert_eq!(step.shown(), "trunk build");
        let step = Standard::FromSource.applied(&workspace, step);
        assert!(
            step.shown().contains("RUSTC_BOOTSTRAP=1"),
            "{}",
            step.shown()
        );
    }
}
