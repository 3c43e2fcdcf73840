//! The last hand on dist/: what Trunk leaves in the program and its script that
//! nobody uses is taken out, and the names between the two are shortened.
//!
//! Each of those names ends in a number that no compression makes smaller, and
//! stands in both files. It does not know how either file is laid out; the
//! files get new names, because servers let browsers keep them for ever.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use crate::execute::{Failure, Step};
use crate::workspace::Workspace;
use crate::{glue, wasm};

/// For wasm-opt. The features are what rustc switches on by itself; they are
/// named because the profile strips the section of the file that would have told.
///
/// `--low-memory-unused` holds because rustc puts the stack first: nothing ever
/// lies in the first kilobyte but the end of a stack that has run over.
const OPTIMISATIONS: &str = "--enable-bulk-memory --enable-reference-types --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue \
    --strip-debug --strip-producers --low-memory-unused --flatten --rereloop -Oz -Oz";

/// Rewrites the program and its script in dist/.
pub(crate) fn slim(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.dist();
    let built = Built::find(&folder).map_err(cannot)?;
    let script = glue::without_unused_classes(&built.script);
    let exports = glue::exports(&script);
    let script = glue::with_exports_renamed(&script, &exports);
    let program = wasm::with_exports_only(&built.program, &exports)
        .ok_or_else(|| unknown("what the program gives is not what the script takes"))?;
    let program = optimised(workspace, &program)?;
    let (script, imports) = wasm::imports(&program)
        .and_then(|wanted| glue::with_imports_renamed(&script, &wanted))
        .ok_or_else(|| unknown("what the program takes is not what the script gives"))?;
    let program = wasm::with_imports_renamed(&program, &imports)
        .ok_or_else(|| unknown("the program could be read once and not twice"))?;
    let script = glue::minified(&script)
        .map_err(|complaint| unknown(&format!("the script cannot be minified ({complaint})")))?;
    built.replace(&folder, &script, &program)
}

fn optimised(workspace: &Workspace, program: &[u8]) -> Result<Vec<u8>, Failure> {
    let before = workspace.notes().join("program.wasm");
    let after = workspace.notes().join("program.small.wasm");
    std::fs::create_dir_all(workspace.notes())
        .and_then(|()| std::fs::write(&before, program))
        .map_err(cannot)?;
    Step::new(workspace, "wasm-opt")
        .words(OPTIMISATIONS)
        .arguments([before.as_os_str(), "-o".as_ref(), after.as_os_str()])
        .run()?;
    let small = std::fs::read(&after).map_err(cannot)?;
    let _ = std::fs::remove_file(before);
    let _ = std::fs::remove_file(after);
    Ok(small)
}

/// What Trunk has put into dist/, as far as it is rewritten.
struct Built {
    page: String,
    script_name: String,
    script: String,
    program_name: String,
    program: Vec<u8>,
}

impl Built {
    fn find(folder: &Path) -> io::Result<Self> {
        let script = only(folder, ".js")?;
        let program = only(folder, "_bg.wasm")?;
        Ok(Self {
            page: std::fs::read_to_string(folder.join("index.html"))?,
            script: std::fs::read_to_string(&script)?,
            program: std::fs::read(&program)?,
            script_name: name(&script),
            program_name: name(&program),
        })
    }

    fn replace(&self, folder: &Path, script: &[u8], program: &[u8]) -> Result<(), Failure> {
        let mut both = Sha384::new();
        both.update(script);
        both.update(program);
        let sum: String = both
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let stem = self.script_name.split('-').next().unwrap_or_default();
        let script_name = format!("{stem}-{sum}.js");
        let program_name = format!("{stem}-{sum}_bg.wasm");

        let page = Page(self.page.clone())
            .with(&self.script_name, &script_name)?
            .with(&self.program_name, &program_name)?
            .with(&integrity(self.script.as_bytes()), &integrity(script))?
            .with(&integrity(&self.program), &integrity(program))?;
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes);
        std::fs::remove_file(folder.join(&self.script_name))
            .and_then(|()| std::fs::remove_file(folder.join(&self.program_name)))
            .and_then(|()| write(&script_name, script))
            .and_then(|()| write(&program_name, program))
            .and_then(|()| write("index.html", page.0.as_bytes()))
            .map_err(cannot)
    }
}

/// The text of index.html.
struct Page(String);

impl Page {
    fn with(self, old: &str, new: &str) -> Result<Self, Failure> {
        if self.0.contains(old) {
            Ok(Self(self.0.replace(old, new)))
        } else {
            Err(unknown(&format!("index.html does not mention {old}")))
        }
    }
}

/// As it stands in the attribute of that name.
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

fn only(folder: &Path, ending: &str) -> io::Result<PathBuf> {
    let mut found = None;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if name(&path).ends_with(ending) && found.replace(path).is_some() {
            return Err(io::Error::other(format!(
                "more than one file ends in {ending}"
            )));
        }
    }
    found.ok_or_else(|| io::Error::other(format!("no file ends in {ending}")))
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn cannot(error: io::Error) -> Failure {
    Failure::new(format!("dist/ cannot be slimmed: {error}"))
}

/// A new version of wasm-bindgen or Trunk writes its files in another way.
fn unknown(what: &str) -> Failure {
    Failure::new(format!("dist/ cannot be slimmed: {what}"))
        .advice("crates/xtask/src/{slim,glue,wasm}.rs expect the versions of wasm-bindgen and")
        .advice("Trunk that are pinned; a new one may need a change there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_is_written_as_browsers_read_it() {
        // `printf abc | openssl dgst -sha384 -binary | base64`
        assert_eq!(
            integrity(b"abc"),
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
        );
    }

    #[test]
    fn the_page_asks_for_the_new_files_and_the_old_ones_are_gone() {
        let folder = std::env::temp_dir().join(format!("xtask-slim-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("a scratch file");
        };
        write("page-1.js", "script");
        write("page-1_bg.wasm", "program");
        write(
            "index.html",
            &format!(
                "page-1.js {} page-1_bg.wasm {}",
                integrity(b"script"),
                integrity(b"program")
            ),
        );
        let built = Built::find(&folder).expect("readable");
        built.replace(&folder, b"s", b"p").expect("writable");

        let script = name(&only(&folder, ".js").expect("one"));
        let program = name(&only(&folder, "_bg.wasm").expect("one"));
        assert_ne!(script, "page-1.js");
        let page = std::fs::read_to_string(folder.join("index.html")).expect("readable");
        let expected = format!("{script} {} {program} {}", integrity(b"s"), integrity(b"p"));
        assert_eq!(page, expected);
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn a_page_that_asks_for_other_files_is_a_failure() {
        let failure = Page("<script src=x.js>".to_owned()).with("y.js", "z.js");
        assert!(failure.is_err());
    }
}
