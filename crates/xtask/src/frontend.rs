//! Making dist/: Trunk builds, we slim and compress.
//!
//! It does not know what the front end consists of; index.html and Trunk.toml
//! say so to Trunk.

use std::path::PathBuf;

use crate::execute::{Failure, Step};
use crate::standard::Standard;
use crate::workspace::Workspace;
use crate::{compress, fingerprint, slim};

/// Changed when the same sources are to be built in another way.
const MANNER: &str = "web 2";

/// Whether dist/ is what a build would make now.
pub(crate) fn is_current(workspace: &Workspace) -> bool {
    let noted = std::fs::read_to_string(note(workspace)).ok();
    noted.is_some() && noted == state(workspace)
}

pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    if is_current(workspace) {
        println!("The front end in dist/ is current");
        return Ok(());
    }
    if !workspace.root().join("index.html").is_file() {
        return Err(Failure::new(
            "there is no index.html to build the front end from",
        ));
    }
    println!("Building the front end into dist/");
    // What is being built may change meanwhile: noted is what was there before.
    let sources = sources(workspace);
    let _ = std::fs::remove_file(note(workspace));
    trunk(workspace).run()?;
    slim::slim(workspace)?;
    let cannot = |error| Failure::new(format!("dist/ cannot be compressed: {error}"));
    compress::write_siblings(&workspace.dist()).map_err(cannot)?;
    if let (Some(sources), Some(dist)) = (sources, dist(workspace)) {
        // Without the note the next run builds again, and nothing worse.
        let _ = std::fs::create_dir_all(workspace.notes());
        let _ = std::fs::write(note(workspace), format!("{sources} {dist}"));
    }
    Ok(())
}

fn trunk(workspace: &Workspace) -> Step {
    let step = Step::new(workspace, "trunk").words("build --release --cargo-profile web");
    let mut step = Standard::find(workspace).applied(workspace, step);
    // It takes the variable's usual value, `1`, for a mistake.
    if std::env::var_os("NO_COLOR").is_some() {
        step.command().env("NO_COLOR", "true");
    }
    // A Trunk of the person's own would ask its makers about a newer one.
    step.command().env("TRUNK_SKIP_VERSION_CHECK", "true");
    step
}

fn state(workspace: &Workspace) -> Option<String> {
    Some(format!("{} {}", sources(workspace)?, dist(workspace)?))
}

fn sources(workspace: &Workspace) -> Option<u64> {
    let standard = Standard::find(workspace).word();
    fingerprint::of_sources(workspace.root(), &format!("{MANNER}, {standard}")).ok()
}

fn dist(workspace: &Workspace) -> Option<u64> {
    fingerprint::of_listing(&workspace.dist()).ok()
}

fn note(workspace: &Workspace) -> PathBuf {
    workspace.notes().join("frontend")
}
