//! `cargo xtask bench`: every benchmark that a package keeps in `benches/`; and
//! with `--peers`, the page beside other chat front ends, in a harness that
//! compares them in one run of one browser.
//!
//! It does not know what is measured: benchmarks and harness print their own
//! tables. How the harness feeds the page is in `tests/bench`.

use std::io;
use std::path::Path;

use crate::arguments::BenchOptions;
use crate::execute::{Failure, Step};
use crate::workspace::Workspace;
use crate::{frontend, install};

const PACKAGES: [(&str, &str); 3] = [
    ("parlance", "benches"),
    ("parlance-core", "crates/parlance-core/benches"),
    ("parlance-server", "crates/parlance-server/benches"),
];

/// What the harness is told of us. Paths are seen from its own folder.
const CONTESTANT: &str = r#"[{
  "name": "parlance",
  "label": "Parlance",
  "static": "app",
  "path": "/?room=bench",
  "container": "[data-part=timeline]",
  "item": "[data-part=message]",
  "input": "[data-part=composer]",
  "send": "[data-part=send]",
  "older": "request",
  "protocolModule": "./native.mjs"
}]
"#;

/// The harness answers whatever has no name of a file with the page itself, and
/// this is what the page asks for before it has a socket.
const TICKET: &str = r#"{"ticket":"bench","ttl_ms":30000,"user":{"uid":"me","name":"Me"}}"#;

pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> Result<(), Failure> {
    match &options.peers {
        Some(peers) => compare(workspace, peers, &options.harness),
        None => own(workspace),
    }
}

fn own(workspace: &Workspace) -> Result<(), Failure> {
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

/// Nothing is written into the harness's own folder: it may be somebody else's.
fn compare(workspace: &Workspace, peers: &Path, options: &[String]) -> Result<(), Failure> {
    install::for_the_front_end(workspace)?;
    frontend::build(workspace)?;
    let folder = workspace.target().join("bench");
    let harness = folder.join("harness");
    let cannot = |error| Failure::new(format!("the harness cannot be prepared: {error}"));
    let peers = peers.canonicalize().map_err(|error| {
        let peers = peers.display();
        Failure::new(format!(
            "--peers {peers} is no folder of a harness: {error}"
        ))
    })?;
    if !peers.join("run.mjs").is_file() {
        let peers = peers.display();
        return Err(Failure::new(format!("there is no run.mjs in {peers}")));
    }
    let prepared = || {
        let _ = std::fs::remove_dir_all(folder.join("app"));
        copy(&workspace.dist(), &folder.join("app"))?;
        let api = folder.join("app/api");
        std::fs::create_dir_all(&api)?;
        std::fs::write(api.join("ticket"), TICKET)?;
        std::fs::write(folder.join("contestant.json"), CONTESTANT)?;
        let spoken = workspace.root().join("tests/bench/native.mjs");
        std::fs::copy(spoken, folder.join("native.mjs"))?;
        copy(&peers, &harness)
    };
    prepared().map_err(cannot)?;
    if !harness.join("node_modules").is_dir() {
        Step::new(workspace, "npm")
            .words("ci --no-audit --no-fund --loglevel error")
            .folder(&harness)
            .run()?;
    }
    Step::new(workspace, "node")
        .words("run.mjs --external ../contestant.json --out ../results.json")
        .arguments(options)
        .folder(&harness)
        .run()
}

/// Folders and what is in them, but not what npm has installed there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
