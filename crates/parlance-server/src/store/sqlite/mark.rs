//! Beside the database, in a file of its own: which file the database was, and
//! how far it had got, when this server had it last. One that was put back from
//! a copy is another file, or was written since, or is behind: its log is not
//! the one that people have seen, and gets a new identity.
//!
//! Says so rather too often: then pages read again what they have. It cannot
//! see a copy that is written into the same file after a crash and reaches back
//! no further than the last start, nor one of the whole folder that was made
//! while the server ran and is written into the same files: for these there is
//! `parlance-server restored`. Knows no tables.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The file with the mark, in the data folder.
const NAME: &str = "mark";

/// Which file a database is. A copy differs in one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    inode: u64,
    /// In nanoseconds; 0 where the file system does not say.
    born: u128,
    /// When it was last changed in any way: that cannot be set to a wish.
    changed: i128,
}

/// What was noted of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    /// Nobody has it open: it is as it was left.
    closed: bool,
    file: Identity,
    /// The newest message when it was opened.
    newest: i64,
}

/// Notes, when it goes, which file the database is that was left here.
pub(super) struct Mark {
    folder: PathBuf,
    database: PathBuf,
    newest: i64,
}

impl Identity {
    /// Of this file; `None` where there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let born = metadata.created().ok();
        let born = born.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let (inode, changed) = inode_and_change(&metadata);
        Some(Self {
            inode,
            born: born.map_or(0, |span| span.as_nanos()),
            changed,
        })
    }
}

#[cfg(unix)]
fn inode_and_change(metadata: &Metadata) -> (u64, i128) {
    use std::os::unix::fs::MetadataExt;
    let nanos = i128::from(metadata.ctime_nsec());
    (
        metadata.ino(),
        i128::from(metadata.ctime()) * 1_000_000_000 + nanos,
    )
}

#[cfg(not(unix))]
fn inode_and_change(metadata: &Metadata) -> (u64, i128) {
    let at = metadata.modified().ok();
    let span = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let nanos = span.and_then(|span| i128::try_from(span.as_nanos()).ok());
    (0, nanos.unwrap_or_default())
}

/// Whether the database that was this file before it was opened, with this
/// message as its newest, is the one that was left in the folder.
pub(super) fn fits(folder: &Path, found: Identity, newest: i64) -> bool {
    let text = fs::read_to_string(folder.join(NAME)).ok();
    text.and_then(|text| read(&text)).is_some_and(|noted| {
        if noted.closed {
            return noted.file == found;
        }
        // The server was killed, and the database is as far as it got.
        (noted.file.inode, noted.file.born) == (found.inode, found.born) && noted.newest <= newest
    })
}

/// From now on no database is the one that was left here.
pub(super) fn forget(folder: &Path) -> std::io::Result<()> {
    match fs::remove_file(folder.join(NAME)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Mark {
    /// Notes that the database is open.
    pub(super) fn open(folder: &Path, database: &Path, newest: i64) -> Self {
        let mark = Self {
            folder: folder.to_owned(),
            database: database.to_owned(),
            newest,
        };
        mark.note(false);
        mark
    }

    fn note(&self, closed: bool) {
        let Some(file) = Identity::of(&self.database) else {
            return;
        };
        let noted = Noted {
            closed,
            file,
            newest: self.newest,
        };
        if let Err(error) = keep(&self.folder, &written(noted)) {
            // The next start takes the database for a copy: nothing is lost.
            tracing::warn!(%error, "which database this is could not be noted");
        }
    }
}

impl Drop for Mark {
    /// After everything that had the database open.
    fn drop(&mut self) {
        self.note(true);
    }
}

/// In one step, so that it is whole after a loss of power.
fn keep(folder: &Path, text: &str) -> std::io::Result<()> {
    let fresh = folder.join("mark.new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(NAME))
}

fn written(noted: Noted) -> String {
    let word = if noted.closed { "closed" } else { "open" };
    let Identity {
        inode,
        born,
        changed,
    } = noted.file;
    format!("{word} {inode} {born} {changed} {}\n", noted.newest)
}

fn read(text: &str) -> Option<Noted> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [word, inode, born, changed, newest] = words[..] else {
        return None;
    };
    Some(Noted {
        closed: match word {
            "closed" => true,
            "open" => false,
            _ => return None,
        },
        file: Identity {
            inode: inode.parse().ok()?,
            born: born.parse().ok()?,
            changed: changed.parse().ok()?,
        },
        newest: newest.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_as_it_was_and_a_broken_one_not_at_all() {
        for closed in [true, false] {
            let noted = Noted {
                closed,
                file: Identity {
                    inode: u64::MAX,
                    born: 7,
                    changed: -1,
                },
                newest: 12,
            };
            assert_eq!(read(&written(noted)), Some(noted));
        }
        for text in [
            "",
            "closed",
            "ajar 1 2 3 4",
            "open 1 2 3",
            "open 1 2 3 four",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
