//! Making dist/: Trunk builds a program for each dialect, we slim, list and
//! compress.
//!
//! It does not know what the front end consists of; index.html and Trunk.toml
//! say so to Trunk.

use std::path::{Path, PathBuf};
use std::thread;

use crate::execute::{Failure, Step};
use crate::page::{self, Listed};
use crate::programs::{self, Program};
use crate::standard::Standard;
use crate::workspace::Workspace;
use crate::{compress, fingerprint, languages, slim};

/// Changed when the same sources are to be built in another way.
const MANNER: &str = "web 4";

/// Whether dist/ is what a build would make now.
pub(crate) fn is_current(workspace: &Workspace) -> bool {
    programs::wanted().is_ok_and(|programs| is_built(workspace, &programs))
}

fn is_built(workspace: &Workspace, programs: &[Program]) -> bool {
    let noted = std::fs::read_to_string(note(workspace)).ok();
    noted.is_some() && noted == state(workspace, programs)
}

pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    let programs = programs::wanted()?;
    if is_built(workspace, &programs) {
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
    let sources = sources(workspace, &programs);
    let _ = std::fs::remove_file(note(workspace));
    let listed = each(workspace, &programs)?;
    list(workspace, &listed)?;
    let cannot = |error| Failure::new(format!("dist/ cannot be compressed: {error}"));
    compress::write_siblings(&workspace.dist()).map_err(cannot)?;
    if let (Some(sources), Some(dist)) = (sources, dist(workspace)) {
        // Without the note the next run builds again, and nothing worse.
        let _ = std::fs::create_dir_all(workspace.notes());
        let _ = std::fs::write(note(workspace), format!("{sources} {dist}"));
    }
    Ok(())
}

/// One after the other, because the compiler works in one folder; a program is
/// slimmed while the next is compiled. The first also brings the page.
fn each(workspace: &Workspace, programs: &[Program]) -> Result<Vec<Listed>, Failure> {
    let standard = Standard::find(workspace);
    standard.announce();
    let mut listed = Vec::new();
    thread::scope(|scope| {
        let mut slimming = None;
        for (index, program) in programs.iter().enumerate() {
            let folder = if index == 0 {
                workspace.dist()
            } else {
                workspace.notes().join("built")
            };
            let built = trunk(workspace, standard, *program, &folder).run();
            listed.extend(slimming.take().map(finished).transpose()?);
            built?;
            let built = slim::Built::take(&folder)?;
            slimming = Some(scope.spawn(move || slim::slim(workspace, *program, built)));
        }
        listed.extend(slimming.map(finished).transpose()?);
        let _ = std::fs::remove_dir_all(workspace.notes().join("built"));
        Ok(listed)
    })
}

fn finished(
    slimming: thread::ScopedJoinHandle<'_, Result<Listed, Failure>>,
) -> Result<Listed, Failure> {
    let joined = slimming.join();
    joined.unwrap_or_else(|_| Err(Failure::new("a program cannot be slimmed")))
}

fn list(workspace: &Workspace, listed: &[Listed]) -> Result<(), Failure> {
    let path = workspace.dist().join("index.html");
    let cannot = |error| Failure::new(format!("{} cannot be rewritten: {error}", path.display()));
    let page = std::fs::read_to_string(&path).map_err(cannot)?;
    let languages = languages::write(&workspace.dist()).map_err(cannot)?;
    let page = page::with_programs(&page, listed, &languages)
        .ok_or_else(|| slim::unknown("index.html is not as Trunk writes it"))?;
    std::fs::write(&path, page).map_err(cannot)
}

fn trunk(workspace: &Workspace, standard: Standard, program: Program, folder: &Path) -> Step {
    let step = Step::new(workspace, "trunk")
        .words("build --release --cargo-profile web --no-default-features --features")
        .arguments([program.name.as_ref(), "--dist".as_ref(), folder.as_os_str()]);
    let mut step = standard.applied(workspace, step);
    // It takes the variable's usual value, `1`, for a mistake.
    if std::env::var_os("NO_COLOR").is_some() {
        step.command().env("NO_COLOR", "true");
    }
    // A Trunk of the person's own would ask its makers about a newer one.
    step.command().env("TRUNK_SKIP_VERSION_CHECK", "true");
    step
}

fn state(workspace: &Workspace, programs: &[Program]) -> Option<String> {
    Some(format!(
        "{} {}",
        sources(workspace, programs)?,
        dist(workspace)?
    ))
}

fn sources(workspace: &Workspace, programs: &[Program]) -> Option<u64> {
    let standard = Standard::find(workspace).word();
    let programs: Vec<_> = programs.iter().map(|it| it.name).collect();
    let kind = format!("{MANNER}, {standard}, {}", programs.join(" "));
    fingerprint::of_sources(workspace.root(), &kind).ok()
}

fn dist(workspace: &Workspace) -> Option<u64> {
    fingerprint::of_listing(&workspace.dist()).ok()
}

fn note(workspace: &Workspace) -> PathBuf {
    workspace.notes().join("frontend")
}
