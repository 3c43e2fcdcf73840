//! Installing what compiles the front end: the Rust target, the wasm-bindgen
//! tools, Trunk and an optimiser.
//!
//! It does not know what they are for, and it installs nothing that is here.

use std::path::PathBuf;

use crate::execute::{Failure, Step, on_path};
use crate::prebuilt::{self, Archive};
use crate::tools::Tool;
use crate::workspace::Workspace;
use crate::{frontend, optimiser, standard};

const WASM: &str = "wasm32-unknown-unknown";
const TRUNK_VERSION: &str = "0.21.14";

pub(crate) fn for_the_front_end(workspace: &Workspace) -> Result<(), Failure> {
    wasm_target(workspace)?;
    standard::install(workspace);
    if frontend::is_current(workspace) {
        // The tools would have nothing to do.
        return Ok(());
    }
    wasm_bindgen(workspace)?;
    trunk(workspace)?;
    // A gigabyte that only a new version of a tool would want again.
    let _ = std::fs::remove_dir_all(workspace.tools().join("build"));
    optimiser::install(workspace)
}

/// The tools that the browser's unit tests are run with.
pub(crate) fn wasm_bindgen(workspace: &Workspace) -> Result<(), Failure> {
    let version = workspace.wasm_bindgen_version()?;
    let tool = Tool {
        name: "wasm-bindgen",
        version: Some(&version),
        companions: &["wasm-bindgen-test-runner"],
    };
    if tool.is_here(workspace) {
        return Ok(());
    }
    println!("Installing wasm-bindgen {version}");
    if prebuilt::install(workspace, &tool, &Archive::wasm_bindgen(&version)) {
        return Ok(());
    }
    // Not `--locked`: its lock file is older than some of what it needs.
    compile(
        workspace,
        &format!("wasm-bindgen-cli --version {version} --no-default-features --force"),
    )
}

pub(crate) fn wasm_target(workspace: &Workspace) -> Result<(), Failure> {
    let here = Step::new(workspace, "rustc")
        .words("--print sysroot")
        .output()
        .map(|sysroot| PathBuf::from(sysroot.trim()).join("lib/rustlib").join(WASM))
        .is_some_and(|folder| folder.is_dir());
    if here {
        return Ok(());
    }
    println!("Installing the Rust target {WASM}");
    if on_path("rustup").is_none() {
        return Err(
            Failure::new(format!("Rust cannot compile for {WASM}, and there is no rustup"))
                .by_hand("curl https://sh.rustup.rs -sSf | sh")
                .advice("or install your system's package of that target, such as rust-std-wasm32-unknown-unknown or libstd-rust-dev-wasm32"),
        );
    }
    Step::new(workspace, "rustup")
        .words(&format!("target add {WASM}"))
        .run()
}

/// rustfmt and clippy, which a minimal toolchain comes without.
pub(crate) fn lint_components(workspace: &Workspace) -> Result<(), Failure> {
    let cargo_has = |command: &str| {
        Step::cargo(workspace)
            .arguments([command, "--version"])
            .output()
            .is_some()
    };
    if cargo_has("fmt") && cargo_has("clippy") {
        return Ok(());
    }
    println!("Installing rustfmt and clippy");
    Step::new(workspace, "rustup")
        .words("component add rustfmt clippy")
        .run()
}

fn trunk(workspace: &Workspace) -> Result<(), Failure> {
    let tool = Tool {
        name: "trunk",
        version: Some(TRUNK_VERSION),
        companions: &[],
    };
    if tool.is_here(workspace) {
        return Ok(());
    }
    println!("Installing Trunk {TRUNK_VERSION}");
    if prebuilt::install(workspace, &tool, &Archive::trunk(TRUNK_VERSION)) {
        return Ok(());
    }
    // Without its default features it cannot download over https; it has no
    // need to, because the tools it would fetch are installed here.
    compile(
        workspace,
        &format!("trunk --version {TRUNK_VERSION} --locked --no-default-features --force"),
    )
}

/// Compiles a tool that is used a few times, for a second each: what counts is
/// the minutes it costs to compile, and without optimisation these are a third.
fn compile(workspace: &Workspace, what: &str) -> Result<(), Failure> {
    println!("  compiling it, which takes some minutes the first time");
    Step::cargo(workspace)
        .environment("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .environment("CARGO_PROFILE_RELEASE_LTO", "off")
        .environment("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
        .environment("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .words("install --root target/tools --target-dir target/tools/build")
        .words(what)
        .run()
}
