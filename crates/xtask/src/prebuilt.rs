//! Fetching a tool that its makers have already compiled.
//!
//! This is an attempt that may fail, on a system nobody compiled for or where
//! the code host is out of reach: then the tool is compiled, and nothing here
//! is an error. It does not decide which version is right; `Tool` does.

use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};

use crate::execute::Step;
use crate::tools::Tool;
use crate::workspace::Workspace;

/// An address, and where the programs lie in what comes from there.
pub(crate) struct Archive {
    /// `None` where there is none for this system.
    address: Option<String>,
    folder: String,
}

impl Archive {
    pub(crate) fn wasm_bindgen(version: &str) -> Self {
        let system = match (OS, ARCH) {
            ("linux", "x86_64") => Some("x86_64-unknown-linux-musl"),
            ("linux", "aarch64") => Some("aarch64-unknown-linux-musl"),
            ("macos", "x86_64") => Some("x86_64-apple-darwin"),
            ("macos", "aarch64") => Some("aarch64-apple-darwin"),
            _ => None,
        };
        let name = system.map(|system| format!("wasm-bindgen-{version}-{system}"));
        Self {
            address: name.as_ref().map(|name| {
                format!("https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/{name}.tar.gz")
            }),
            folder: name.unwrap_or_default(),
        }
    }

    pub(crate) fn trunk(version: &str) -> Self {
        let system = match (OS, ARCH) {
            ("linux", "x86_64") => Some("x86_64-unknown-linux-musl"),
            ("linux", "aarch64") => Some("aarch64-unknown-linux-musl"),
            ("macos", "x86_64") => Some("x86_64-apple-darwin"),
            ("macos", "aarch64") => Some("aarch64-apple-darwin"),
            _ => None,
        };
        Self {
            address: system.map(|system| {
                format!("https://github.com/trunk-rs/trunk/releases/download/v{version}/trunk-{system}.tar.gz")
            }),
            folder: String::new(),
        }
    }

    pub(crate) fn binaryen(version: &str) -> Self {
        let system = match (OS, ARCH) {
            ("linux", "x86_64") => Some("x86_64-linux"),
            ("linux", "aarch64") => Some("aarch64-linux"),
            ("macos", "x86_64") => Some("x86_64-macos"),
            ("macos", "aarch64") => Some("arm64-macos"),
            _ => None,
        };
        Self {
            address: system.map(|system| {
                format!("https://github.com/WebAssembly/binaryen/releases/download/version_{version}/binaryen-version_{version}-{system}.tar.gz")
            }),
            folder: format!("binaryen-version_{version}/bin"),
        }
    }
}

/// Whether the tool is here now, and runs.
pub(crate) fn install(workspace: &Workspace, tool: &Tool<'_>, archive: &Archive) -> bool {
    let Some(address) = &archive.address else {
        return false;
    };
    let unpacked = workspace.tools().join("unpacked");
    let installed = fetch(workspace, address, &unpacked)
        && copy(workspace, tool, &unpacked.join(&archive.folder))
        // One that was compiled for a newer system does not start.
        && tool.is_here(workspace);
    let _ = std::fs::remove_dir_all(&unpacked);
    installed
}

fn fetch(workspace: &Workspace, address: &str, unpacked: &Path) -> bool {
    if std::fs::create_dir_all(unpacked).is_err() {
        return false;
    }
    println!("  looking for it at {address}");
    let file = unpacked.join("archive.tar.gz");
    // Short to connect, because a network that swallows such calls would
    // otherwise hold up what can be had without it.
    let downloaded = Step::new(workspace, "curl")
        .words("--fail --silent --location --connect-timeout 5 --max-time 300 --output")
        .arguments([file.as_os_str(), address.as_ref()])
        .output()
        .is_some();
    if !downloaded {
        println!("  not to be had from there");
        return false;
    }
    Step::new(workspace, "tar")
        .arguments([
            "xzf".as_ref(),
            file.as_os_str(),
            "-C".as_ref(),
            unpacked.as_os_str(),
        ])
        .output()
        .is_some()
}

fn copy(workspace: &Workspace, tool: &Tool<'_>, from: &Path) -> bool {
    let to = workspace.tool_binaries();
    if std::fs::create_dir_all(&to).is_err() {
        return false;
    }
    [&tool.name].into_iter().chain(tool.companions).all(|name| {
        let target: PathBuf = to.join(name);
        // A copy in its place may be in use; removed first, it can stay so.
        let _ = std::fs::remove_file(&target);
        std::fs::copy(from.join(name), target).is_ok()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A workspace, and beside it an archive with a program that says its
    /// version, as its makers would offer it.
    fn scratch(name: &str) -> (Workspace, Archive) {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let workspace = Workspace::at(folder.clone());
        let script = "mkdir -p made/bin && printf '#!/bin/sh\necho tool 1.2.3\n' > made/bin/tool \
            && chmod +x made/bin/tool && tar czf made.tar.gz made";
        Step::new(&workspace, "sh")
            .arguments(["-c", script])
            .output()
            .expect("an archive");
        let archive = Archive {
            address: Some(format!("file://{}/made.tar.gz", folder.display())),
            folder: "made/bin".to_owned(),
        };
        (workspace, archive)
    }

    fn tool(version: &str) -> Tool<'_> {
        Tool {
            name: "tool",
            version: Some(version),
            companions: &[],
        }
    }

    #[test]
    fn a_tool_that_runs_and_has_the_version_is_installed() {
        let (workspace, archive) = scratch("fetched");
        assert!(install(&workspace, &tool("1.2.3"), &archive));
        assert!(workspace.tool_binaries().join("tool").is_file());
        let _ = std::fs::remove_dir_all(workspace.root());
    }

    #[test]
    fn another_version_or_no_archive_is_no_installation() {
        let (workspace, mut archive) = scratch("refused");
        assert!(!install(&workspace, &tool("1.2.4"), &archive));
        archive.address = Some("file:///nowhere.tar.gz".to_owned());
        assert!(!install(&workspace, &tool("1.2.4"), &archive));
        let _ = std::fs::remove_dir_all(workspace.root());
    }
}
