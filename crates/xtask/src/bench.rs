//! `cargo xtask bench`: every benchmark that a package keeps in `benches/`.
//!
//! It does not know what they measure; they print their own tables.

use crate::execute::{Failure, Step};
use crate::workspace::Workspace;

const PACKAGES: [(&str, &str); 3] = [
    ("parlance", "benches"),
    ("parlance-core", "crates/parlance-core/benches"),
    ("parlance-server", "crates/parlance-server/benches"),
];

pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let mut found = PACKAGES
        .iter()
        .filter(|(_, folder)| workspace.root().join(folder).is_dir())
        .peekable();
    if found.peek().is_none() {
        println!("There are no benchmarks yet: no package has a `benches` folder.");
        println!("The sizes of the front end are measured by cargo xtask dist.");
    }
    for (package, _) in found {
        println!("\n== Benchmarks of {package}");
        Step::cargo(workspace)
            .arguments(["bench", "--package", package, "--bench", "*"])
            .run()?;
    }
    Ok(())
}
