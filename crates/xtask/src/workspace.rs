//! Where things are in this repository, and what Cargo.lock says.
//!
//! It reads; nothing is made or changed here.

use std::path::{Path, PathBuf};

use crate::execute::Failure;

pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository this xtask was compiled in. The folder at compile time is
    /// used where cargo did not start us, which it does in every normal case.
    pub(crate) fn find() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).unwrap_or(&manifest).to_owned();
        Self { root }
    }

    #[cfg(test)]
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's own: it may have been moved to another disk.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    pub(crate) fn tool_binaries(&self) -> PathBuf {
        self.tools().join("bin")
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    pub(crate) fn screenshots(&self) -> PathBuf {
        self.root.join("target/screenshots")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("target/data")
    }

    /// Small notes from one run to the next.
    pub(crate) fn notes(&self) -> PathBuf {
        self.root.join("target/xtask")
    }

    pub(crate) fn server_binary(&self) -> PathBuf {
        self.target()
            .join("release/parlance-server")
            .with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// The command-line tool and the library speak a format of their own that
    /// changes with every release, so the versions must be the same.
    pub(crate) fn wasm_bindgen_version(&self) -> Result<String, Failure> {
        let path = self.root.join("Cargo.lock");
        let lock = std::fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
        locked_version(&lock, "wasm-bindgen").ok_or_else(|| {
            Failure::new("Cargo.lock names no wasm-bindgen").by_hand("cargo update --workspace")
        })
    }
}

/// The version of a package in the text of a Cargo.lock.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| line.trim() != name);
    lines.next()?;
    let version = lines.next()?.trim().strip_prefix("version = \"")?;
    Some(version.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
[[package]]
name = "wasm-bindgen-futures"
version = "0.4.80"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "registry+https://example.org/index"
"#;

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        assert_eq!(
            locked_version(LOCK, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
    }

    #[test]
    fn a_package_that_is_not_locked_has_no_version() {
        assert_eq!(locked_version(LOCK, "wasm"), None);
        assert_eq!(locked_version("name = \"wasm\"", "wasm"), None);
    }
}
