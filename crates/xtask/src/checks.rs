//! What is checked without running anything: the format and the lints.

use crate::execute::Step;
use crate::workspace::Workspace;

pub(crate) fn format(workspace: &Workspace) -> Step {
    Step::cargo(workspace).words("fmt --all --check")
}

/// In the release profile, because its build scripts (one compiles a database)
/// and macros are built for the tests in any case.
pub(crate) fn native_lints(workspace: &Workspace) -> Step {
    Step::cargo(workspace).words("clippy --release --workspace --all-targets -- --deny warnings")
}

/// The core with the bugs that the simulation has to find.
pub(crate) fn planted_lints(workspace: &Workspace) -> Step {
    Step::cargo(workspace)
        .words("clippy --release --package parlance-core --features planted")
        .words("--all-targets -- --deny warnings")
}

/// Most of the page exists only for wasm, where the native lints do not see it.
pub(crate) fn web_lints(workspace: &Workspace) -> Step {
    quick_and_bare(Step::cargo(workspace))
        .words("clippy --target wasm32-unknown-unknown")
        .words("--package parlance --lib --bins --test web -- --deny warnings")
}

/// The dev profile without what a debugger would want, which is most of it.
pub(crate) fn quick_and_bare(step: Step) -> Step {
    step.environment("CARGO_PROFILE_DEV_DEBUG", "0")
}
