//! What strace has written down of a process: what became of its files, and
//! what it sent, in order, each with its beginning and its end.
//!
//! Knows nothing of what the bytes mean. Lines of strace's other than those
//! asked for, and files outside of the folder, are left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Something that was done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// The line at which it began, and that at which it had ended.
    pub(super) began: usize,
    pub(super) ended: usize,
    pub(super) op: Op,
}

/// What. Files are named from the folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Op {
    Write(PathBuf, usize, Vec<u8>),
    Truncate(PathBuf, usize),
    Unlink(PathBuf),
    Sync(PathBuf),
    /// On a socket.
    Send(Vec<u8>),
}

impl Op {
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Write(file, ..)
            | Self::Truncate(file, _)
            | Self::Unlink(file)
            | Self::Sync(file) => Some(file),
            Self::Send(_) => None,
        }
    }
}

/// Reads a recording, in the order in which things had ended.
pub(super) fn read(trace: &str, folder: &Path) -> Vec<Done> {
    let mut done = Vec::new();
    // Calls that had not ended when another's line came.
    let mut open: HashMap<&str, (usize, String)> = HashMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((process, call)) = text.trim_start().split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let (began, whole) = if let Some(first) = call.strip_suffix(" <unfinished ...>") {
            open.insert(process, (line, first.to_owned()));
            continue;
        } else if let Some(rest) = call.strip_prefix("<... ") {
            let (Some((began, first)), Some((_, rest))) =
                (open.remove(process), rest.split_once(" resumed>"))
            else {
                continue;
            };
            (began, first + rest)
        } else {
            (line, call.to_owned())
        };
        let ended = line;
        done.extend(op(&whole, folder).map(|op| Done { began, ended, op }));
    }
    done
}

/// What a call did, if it is one of ours and came off.
fn op(call: &str, folder: &Path) -> Option<Op> {
    let (call, result) = call.rsplit_once(" = ")?;
    let worked = !result.starts_with('-') && !result.starts_with('?');
    if !worked {
        return None;
    }
    let (name, arguments) = call.trim_end().split_once('(')?;
    let arguments = arguments.strip_suffix(')')?;
    // What a descriptor stands for is written behind it.
    let stands_for = || {
        let (_, rest) = arguments.split_once('<')?;
        String::from_utf8(plain(rest.split_once('>')?.0)).ok()
    };
    let path = || {
        Path::new(&stands_for()?)
            .strip_prefix(folder)
            .ok()
            .filter(|file| !file.to_string_lossy().ends_with("-shm"))
            .map(Path::to_owned)
    };
    let last = || arguments.rsplit_once(", ")?.1.parse().ok();
    match name {
        "pwrite64" => Some(Op::Write(path()?, last()?, strings(arguments))),
        "ftruncate" => Some(Op::Truncate(path()?, last()?)),
        "fsync" | "fdatasync" => Some(Op::Sync(path()?)),
        "unlink" => {
            let named = String::from_utf8(strings(arguments)).ok()?;
            let file = Path::new(&named).strip_prefix(folder).ok()?;
            Some(Op::Unlink(file.to_owned()))
        }
        "sendto" | "sendmsg" | "writev" | "write" if stands_for()?.starts_with("socket:") => {
            Some(Op::Send(strings(arguments)))
        }
        _ => None,
    }
}

/// The bytes of all the strings in it, one after the other.
fn strings(arguments: &str) -> Vec<u8> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.flat_map(plain).collect()
}

/// What was written with `\x` and two digits for each byte; or plainly.
fn plain(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    let digits = text.split("\\x").skip(1);
    digits
        .map(|digits| u8::from_str_radix(digits, 16).unwrap_or(b'?'))
        .collect()
}

#[test]
fn a_recording_is_read_with_beginnings_and_ends() {
    let trace = r#"7 write(1</dev/null>, "\x61", 1) = 1
7 pwrite64(12</data/a.db-wal>, "\x61\x62", 2, 32 <unfinished ...>
8 sendto(9<socket:[5]>, "\x6f\x6b", 2, MSG_NOSIGNAL, NULL, 0) = 2
7 <... pwrite64 resumed>)             = 2
7 fsync(12</data/a.db-wal>)           = 0
7 fsync(12</data/a.db-wal>)           = -1 EIO (Input/output error)
7 ftruncate(11</data/a.db>, 4096)     = 0
7 pwrite64(13</data/a.db-shm>, "\x00", 1, 4095) = 1
7 writev(9<\x73\x6f\x63\x6b\x65\x74\x3a\x5b\x35\x5d>, [{iov_base="\x61", iov_len=1}, {iov_base="\x62", iov_len=1}], 2) = 2
7 unlink("\x2f\x64\x61\x74\x61\x2f\x6a") = 0
"#;
    let done = |began, ended, op| Done { began, ended, op };
    let (log, database) = (PathBuf::from("a.db-wal"), PathBuf::from("a.db"));
    assert_eq!(
        read(trace, Path::new("/data")),
        [
            done(2, 2, Op::Send(b"ok".to_vec())),
            done(1, 3, Op::Write(log.clone(), 32, b"ab".to_vec())),
            done(4, 4, Op::Sync(log)),
            done(6, 6, Op::Truncate(database, 4096)),
            done(8, 8, Op::Send(b"ab".to_vec())),
            done(9, 9, Op::Unlink(PathBuf::from("j"))),
        ]
    );
}
