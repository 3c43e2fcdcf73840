//! Installing wasm-opt, which makes the wasm file about a tenth smaller.
//!
//! It does not know how it is called: Trunk does that, with the parameters in
//! index.html.

use crate::execute::{Failure, Step, on_path};
use crate::packages;
use crate::prebuilt::{self, Archive};
use crate::tools::Tool;
use crate::workspace::Workspace;

const VERSION: &str = "132";

/// Debian's oldest that knows every feature rustc switches on.
const OLDEST_VERSION: u32 = 108;

/// Four ways, from the quickest to the one that needs root.
pub(crate) fn install(workspace: &Workspace) -> Result<(), Failure> {
    let tool = Tool {
        name: "wasm-opt",
        version: None,
        companions: &[],
    };
    if tool.is_here(workspace) && is_recent(workspace) {
        return Ok(());
    }
    println!("Installing wasm-opt");
    if prebuilt::install(workspace, &tool, &Archive::binaryen(VERSION))
        || from_npm(workspace).is_ok() && tool.is_here(workspace)
    {
        return Ok(());
    }
    packages::install(workspace, &[packages::BINARYEN])
}

fn is_recent(workspace: &Workspace) -> bool {
    Step::new(workspace, "wasm-opt")
        .words("--version")
        .output()
        .and_then(|said| version_number(&said))
        .is_some_and(|version| version >= OLDEST_VERSION)
}

/// `wasm-opt version 108 (version_108)`
fn version_number(said: &str) -> Option<u32> {
    let mut words = said
        .split_whitespace()
        .skip_while(|word| *word != "version");
    words.nth(1)?.parse().ok()
}

fn from_npm(workspace: &Workspace) -> Result<(), Failure> {
    if on_path("npm").is_none() || on_path("node").is_none() {
        return Err(Failure::new("there is no npm"));
    }
    Step::new(workspace, "npm")
        .words("install --prefix target/tools/npm --cache target/tools/npm-cache")
        .words("--no-audit --no-fund --no-save --ignore-scripts --loglevel error")
        .arguments([format!("binaryen@{VERSION}.0.0")])
        .run()?;
    // npm's own link would do, were its folder on the PATH; we have one folder.
    let program = workspace.tool_binaries().join("wasm-opt");
    let text = "#!/bin/sh\n\
        exec node \"$(dirname \"$0\")/../npm/node_modules/binaryen/bin/wasm-opt\" \"$@\"\n";
    std::fs::create_dir_all(workspace.tool_binaries())
        .and_then(|()| std::fs::write(&program, text))
        .and_then(|()| make_executable(&program))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", program.display())))
}

#[cfg(unix)]
fn make_executable(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &std::path::Path) -> std::io::Result<()> {
    // There the shim would not run in any case: the next way is taken.
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_number_after_the_word() {
        assert_eq!(
            version_number("wasm-opt version 108 (version_108)\n"),
            Some(108)
        );
        assert_eq!(version_number("wasm-opt version 132"), Some(132));
        assert_eq!(version_number("wasm-opt"), None);
    }
}
