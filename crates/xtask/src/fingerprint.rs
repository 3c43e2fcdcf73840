//! What the front end is made of, as one number.
//!
//! It does not know which of the files matter: everything in the repository
//! counts, except what is known not to. A file that it wrongly counts costs a
//! build; one that it wrongly leaves out would cost somebody's afternoon.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

/// Names in the root that the front end is not made of.
const OUTSIDE: [&str; 4] = ["target", "dist", "docs", "tests"];

/// The same, among the packages and inside them.
const OTHER_PACKAGES: [&str; 4] = ["xtask", "parlance-server", "tests", "benches"];

/// `kind` tells apart what was made from the same files in another way.
pub(crate) fn of_sources(root: &Path, kind: &str) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    for (path, name) in sorted(root)? {
        let skipped = OUTSIDE.contains(&name.as_str())
            || name.ends_with(".md")
            || name.starts_with("LICENSE")
            || name.starts_with('.') && name != ".cargo";
        if !skipped {
            add(&path, &name, &mut hasher)?;
        }
    }
    Ok(hasher.finish())
}

/// The files' names and sizes: enough to see that somebody else wrote there.
pub(crate) fn of_listing(folder: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for (path, name) in sorted(&folder)? {
            name.hash(&mut hasher);
            let metadata = path.metadata()?;
            if metadata.is_dir() {
                folders.push(path);
            } else {
                metadata.len().hash(&mut hasher);
            }
        }
    }
    Ok(hasher.finish())
}

fn add(path: &Path, name: &str, hasher: &mut DefaultHasher) -> io::Result<()> {
    name.hash(hasher);
    if !path.is_dir() {
        std::fs::read(path)?.hash(hasher);
        return Ok(());
    }
    for (path, name) in sorted(path)? {
        if !OTHER_PACKAGES.contains(&name.as_str()) {
            add(&path, &name, hasher)?;
        }
    }
    Ok(())
}

/// The order in which a file system lists a folder is its own.
fn sorted(folder: &Path) -> io::Result<Vec<(std::path::PathBuf, String)>> {
    let mut entries = std::fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Ok((entry.path(), name))
        })
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("src")).expect("a scratch folder");
        std::fs::create_dir_all(folder.join("tests")).expect("a scratch folder");
        std::fs::write(folder.join("src/lib.rs"), "1").expect("a scratch file");
        folder
    }

    #[test]
    fn a_changed_source_changes_the_number_and_a_changed_test_does_not() {
        let folder = scratch("sources");
        let before = of_sources(&folder, "").expect("readable");
        std::fs::write(folder.join("tests/e2e.rs"), "2").expect("a scratch file");
        assert_eq!(of_sources(&folder, "").expect("readable"), before);
        std::fs::write(folder.join("src/lib.rs"), "2").expect("a scratch file");
        assert_ne!(of_sources(&folder, "").expect("readable"), before);
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn a_listing_tells_when_a_file_is_gone() {
        let folder = scratch("listing");
        let before = of_listing(&folder).expect("readable");
        std::fs::remove_file(folder.join("src/lib.rs")).expect("it was there");
        assert_ne!(of_listing(&folder).expect("readable"), before);
        let _ = std::fs::remove_dir_all(folder);
    }
}
