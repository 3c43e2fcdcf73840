//! The last hand on a program: what Trunk leaves in it and its script that
//! nobody uses is taken out, and the names between the two are shortened.
//!
//! Each of those names ends in a number that no compression makes smaller, and
//! stands in both files. It does not know how either file is laid out; the
//! files get new names, because servers let browsers keep them for ever.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::execute::{Failure, Step};
use crate::page::Listed;
use crate::programs::{Program, stem};
use crate::workspace::Workspace;
use crate::{glue, wasm};

/// For wasm-opt. The features are what rustc switches on by itself; they are
/// named for files without the section that would tell.
///
/// Functions of one name stand beside each other, and a long one with a single
/// caller stays by itself: brotli finds more that is alike. Half a hundredth
/// each. The names go last.
///
/// `--low-memory-unused` holds because rustc puts the stack first: nothing ever
/// lies in the first kilobyte but the end of a stack that has run over.
const OPTIMISATIONS: &str = "--enable-bulk-memory --enable-reference-types --enable-sign-ext \
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-multivalue \
    --low-memory-unused --flatten --rereloop -Oz -Oz \
    --one-caller-inline-max-function-size=60 \
    --reorder-functions-by-name --strip-debug --strip-producers";

/// Puts what is left of a program and its script into dist/.
pub(crate) fn slim(
    workspace: &Workspace,
    program: Program,
    built: Built,
) -> Result<Listed, Failure> {
    let script = glue::started(&glue::without_unused_classes(&built.script))
        .ok_or_else(|| unknown("the script has another beginning or end"))?;
    let exports = glue::exports(&script);
    let script = glue::with_exports_renamed(&script, &exports);
    let wasm = wasm::with_exports_only(&built.wasm, &exports)
        .ok_or_else(|| unknown("what the program gives is not what the script takes"))?;
    let wasm = optimised(workspace, program, &wasm)?;
    let (script, imports) = wasm::imports(&wasm)
        .and_then(|wanted| glue::with_imports_renamed(&script, &wanted))
        .ok_or_else(|| unknown("what the program takes is not what the script gives"))?;
    let wasm = wasm::with_imports_renamed(&wasm, &imports)
        .ok_or_else(|| unknown("the program could be read once and not twice"))?;
    let script = glue::minified(&script)
        .map_err(|complaint| unknown(&format!("the script cannot be minified ({complaint})")))?;
    written(&workspace.dist(), program, &script, &wasm).map_err(cannot)
}

fn optimised(workspace: &Workspace, program: Program, wasm: &[u8]) -> Result<Vec<u8>, Failure> {
    let before = workspace.notes().join(format!("{}.wasm", program.name));
    let after = before.with_extension("small.wasm");
    std::fs::create_dir_all(workspace.notes())
        .and_then(|()| std::fs::write(&before, wasm))
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

/// What Trunk has built, as far as it is rewritten.
pub(crate) struct Built {
    script: String,
    wasm: Vec<u8>,
}

impl Built {
    /// Out of the folder that Trunk has left it in.
    pub(crate) fn take(folder: &Path) -> Result<Self, Failure> {
        let taken = || {
            let script = only(folder, ".js")?;
            let wasm = only(folder, "_bg.wasm")?;
            let built = Self {
                script: std::fs::read_to_string(&script)?,
                wasm: std::fs::read(&wasm)?,
            };
            std::fs::remove_file(script)?;
            std::fs::remove_file(wasm)?;
            Ok(built)
        };
        taken().map_err(cannot)
    }
}

fn written(folder: &Path, program: Program, script: &[u8], wasm: &[u8]) -> io::Result<Listed> {
    let mut both = Sha256::new();
    both.update(script);
    both.update(wasm);
    let sum = short(&both.finalize());
    let name = format!("{}{sum}", stem(program));
    let listed = Listed {
        program,
        script: format!("{name}.js"),
        script_sum: integrity(script),
        wasm: format!("{name}_bg.wasm"),
        wasm_sum: integrity(wasm),
    };
    std::fs::write(folder.join(&listed.script), script)?;
    std::fs::write(folder.join(&listed.wasm), wasm)?;
    Ok(listed)
}

/// A sum as it stands in a file's name.
pub(crate) fn short(sum: &[u8]) -> String {
    let sum = sum.iter().take(8);
    sum.map(|byte| format!("{byte:02x}")).collect()
}

/// As browsers read it. Every page lists the sums of all programs, and no
/// compression makes them smaller: the shortest kind.
fn integrity(bytes: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes)))
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
pub(crate) fn unknown(what: &str) -> Failure {
    Failure::new(format!("dist/ cannot be slimmed: {what}"))
        .advice("crates/xtask/src/{slim,glue,wasm,page}.rs expect the versions of wasm-bindgen and")
        .advice("Trunk that are pinned; a new one may need a change there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_is_written_as_browsers_read_it() {
        // `printf abc | openssl dgst -sha256 -binary | base64`
        assert_eq!(
            integrity(b"abc"),
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
    }

    #[test]
    fn what_was_built_is_taken_and_the_new_files_are_named_by_their_content() {
        let folder = std::env::temp_dir().join(format!("xtask-slim-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        for (name, text) in [("page-1.js", "script"), ("page-1_bg.wasm", "program")] {
            std::fs::write(folder.join(name), text).expect("a scratch file");
        }
        let built = Built::take(&folder).expect("readable");
        assert_eq!(
            (built.script.as_str(), &*built.wasm),
            ("script", &b"program"[..])
        );
        assert!(Built::take(&folder).is_err(), "taken is gone");

        let program = crate::programs::ALL[0];
        let listed = written(&folder, program, b"s", b"p").expect("writable");
        let other = written(&folder, program, b"s", b"q").expect("writable");
        assert_ne!(listed.script, other.script, "together they are another");
        assert_eq!(listed.script_sum, other.script_sum);
        assert!(
            listed.script.starts_with("parlance-native-"),
            "{}",
            listed.script
        );
        let wasm = std::fs::read(folder.join(&listed.wasm)).expect("written");
        assert_eq!(integrity(&wasm), listed.wasm_sum);
        let _ = std::fs::remove_dir_all(folder);
    }
}
