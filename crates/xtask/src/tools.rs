//! Whether a tool is here, in the version that is wanted.
//!
//! It looks and does not install; the one thing it removes is an outdated copy
//! of ours that would hide the right one.

use std::path::{Path, PathBuf};

use crate::execute::{Step, on_path};
use crate::workspace::Workspace;

pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    /// `None` where any version does.
    pub(crate) version: Option<&'a str>,
    /// Programs that come with it and are used as well.
    pub(crate) companions: &'a [&'a str],
}

impl Tool<'_> {
    /// Ours first, then the system's: a tool on the PATH that is right is used.
    pub(crate) fn is_here(&self, workspace: &Workspace) -> bool {
        let own = self.own_path(workspace, self.name);
        if self.is_right(workspace, &own) {
            return true;
        }
        if on_path(self.name).is_some_and(|path| self.is_right(workspace, &path)) {
            // Ours comes first on the PATH of everything we start.
            for name in [&self.name].into_iter().chain(self.companions) {
                let _ = std::fs::remove_file(self.own_path(workspace, name));
            }
            return true;
        }
        false
    }

    fn own_path(&self, workspace: &Workspace, name: &str) -> PathBuf {
        workspace
            .tool_binaries()
            .join(name)
            .with_extension(std::env::consts::EXE_EXTENSION)
    }

    fn is_right(&self, workspace: &Workspace, path: &Path) -> bool {
        let companions_are_beside = || {
            self.companions.iter().all(|name| {
                path.with_file_name(name)
                    .with_extension(std::env::consts::EXE_EXTENSION)
                    .is_file()
            })
        };
        path.is_file()
            && companions_are_beside()
            && Step::new(workspace, path)
                .words("--version")
                .output()
                .is_some_and(|said| self.version.is_none_or(|wanted| says(&said, wanted)))
    }
}

/// Whether `--version` printed this version, and not one that it begins.
fn says(printed: &str, version: &str) -> bool {
    printed.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_whole_word() {
        assert!(says("wasm-bindgen 0.2.130\n", "0.2.130"));
        assert!(says("trunk 0.21.14 (abc)", "0.21.14"));
        assert!(!says("wasm-bindgen 0.2.130", "0.2.13"));
    }
}
