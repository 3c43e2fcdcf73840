//! Row 29: the power goes. Two things are shown on a recording of everything
//! that the server did to its files and its sockets, made by strace: that each
//! acknowledgement left after a sync that covers its commit, and that whatever
//! a disk may hold when it stops at any write opens again with everything in
//! it that was acknowledged by then.
//!
//! What a disk may hold: everything written so far, the last write torn; or
//! only what was synced; or of the rest any part. Names of files are taken to
//! be there as soon as they are made: the folder is synced before anything is
//! acknowledged. Where there is no strace the row is not tested, and says so.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parlance_server::metrics::Metrics;
use parlance_server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::process::Command;

use super::recording::{Done, Op, read};
use super::report::{Row, alone, is_full};
use crate::kill::{random, seed};
use crate::program::Program;
use crate::rig::{soon, words};

const ROOM: &str = "room:lobby";
/// Enough to fill the log file, so that it is copied into the database and
/// begun anew.
const MESSAGES: usize = 160;
const AHEAD: usize = 4;
/// Of the recorded writes, every so many is cut at when not in full.
const EVERY: usize = 10;

/// Whether there is a strace that works here.
pub(super) fn strace_works() -> bool {
    let tried = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    let works = tried.is_ok_and(|status| status.success());
    if !works {
        println!("not tested: there is no strace, or it may not trace");
    }
    works
}

/// The program under a strace that writes down what becomes of files and
/// sockets, whole.
async fn recorded(data: &Path, trace: &Path) -> Program {
    let mut by = Command::new("strace");
    by.args(["-f", "-qq", "-y", "-xx", "-s", "100000", "--seccomp-bpf"])
        .args(["-e", "signal=none", "-e"])
        .arg("trace=pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink")
        .arg("-o")
        .arg(trace)
        .arg(env!("CARGO_BIN_EXE_parlance-server"));
    let limits = ["--rate", "10000", "--burst", "10000", "--log", "warn"];
    Program::run(by, "127.0.0.1:0", data, &limits).await
}

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_what_was_acknowledged_survives_the_loss_of_power_at_any_write() {
    let _alone = alone().await;
    if !strace_works() {
        return;
    }
    let mut row = Row::long(29);
    let mut chance = seed();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let trace = folder.path().join("trace");
    let mut program = recorded(&data, &trace).await;
    let mut talker = program.client().person("talker").await;
    talker.open(ROOM).await;
    let cid = |number: usize| format!("power-{number:04}-cut");
    let long = "x".repeat(12_000);
    let post = |number: usize| words(&format!("{} {long}", cid(number)));
    for number in 0..AHEAD {
        talker.post(ROOM, &cid(number), post(number)).await;
    }
    for number in 0..MESSAGES {
        assert_eq!(talker.answer_to(&cid(number)).await["t"], "ack");
        if number + AHEAD < MESSAGES {
            let next = number + AHEAD;
            talker.post(ROOM, &cid(next), post(next)).await;
        }
    }
    // The server itself, and with it strace.
    let served = children(program.child.id().unwrap());
    let [served] = served[..] else {
        panic!("{served:?}");
    };
    let kill = std::process::Command::new("kill")
        .args(["-9", &served.to_string()])
        .status();
    assert!(kill.unwrap().success());
    soon("strace's end", program.child.wait()).await.unwrap();

    let done = read(&std::fs::read_to_string(&trace).unwrap(), &data);
    let acked: Vec<String> = (0..MESSAGES).map(cid).collect();
    let covered = acked.iter().filter(|cid| is_covered(&done, cid)).count();
    row.figure(
        format!("{covered} of {MESSAGES} acknowledgements sent after the sync of their commit"),
        "all",
        covered == MESSAGES,
    );
    let seen = tokio::task::spawn_blocking(move || cut_everywhere(&done, &acked, &mut chance));
    let seen = seen.await.unwrap();
    row.figure(
        format!(
            "{} images from {} recorded writes, {} of them while the log was copied back, \
             {} did not open whole",
            seen.images, seen.writes, seen.copying, seen.damaged
        ),
        "0",
        seen.damaged == 0 && seen.images > 500 && seen.copying > 0,
    );
    row.figure(
        format!("acknowledged and lost {}", seen.lost),
        "lost 0",
        seen.lost == 0,
    );
    row.judge();
}

/// The processes that this one has started.
pub(super) fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let list = std::fs::read_to_string(path).unwrap();
    list.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// Whether the first acknowledgement of this message began to be sent after
/// the end of a sync that began after the commit's last write.
fn is_covered(done: &[Done], cid: &str) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(cid.len()).any(|it| it == cid.as_bytes());
    let is_log = |file: &Path| file.to_string_lossy().ends_with("-wal");
    let written = done
        .iter()
        .position(|it| matches!(&it.op, Op::Write(file, _, bytes) if is_log(file) && holds(bytes)));
    let Some(written) = written else { return false };
    // A frame's head comes before its page, and says whether it is the last
    // of its transaction: how large the database is then.
    let ends = |it: &Done| match &it.op {
        Op::Write(file, _, head) => is_log(file) && head.len() == 24 && head[4..8] != [0, 0, 0, 0],
        Op::Truncate(..) | Op::Unlink(_) | Op::Sync(_) | Op::Send(_) => false,
    };
    let Some(head) = done[written..].iter().position(ends) else {
        return false;
    };
    let Some(last) = done.get(written + head + 1) else {
        return false;
    };
    let synced = done.iter().find(|it| match &it.op {
        Op::Sync(file) => is_log(file) && it.began > last.ended,
        Op::Write(..) | Op::Truncate(..) | Op::Unlink(_) | Op::Send(_) => false,
    });
    let ack = format!("\"t\":\"ack\",\"cid\":\"{cid}\"");
    let sent = done.iter().find(|it| {
        matches!(&it.op, Op::Send(bytes) if bytes.windows(ack.len()).any(|it| it == ack.as_bytes()))
    });
    match (synced, sent) {
        (Some(synced), Some(sent)) => synced.ended < sent.began,
        (_, _) => false,
    }
}

#[derive(Default)]
struct Seen {
    writes: usize,
    images: usize,
    /// Cuts between a write to the database itself and the next sync of it.
    copying: usize,
    damaged: usize,
    lost: usize,
}

/// The contents of files.
type Disk = BTreeMap<PathBuf, Vec<u8>>;

fn apply(disk: &mut Disk, op: &Op) {
    match op {
        Op::Write(file, at, bytes) => {
            let content = disk.entry(file.clone()).or_default();
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(bytes);
        }
        Op::Truncate(file, length) => disk.entry(file.clone()).or_default().resize(*length, 0),
        Op::Unlink(file) => {
            disk.remove(file);
        }
        Op::Sync(_) | Op::Send(_) => {}
    }
}

fn cut_everywhere(done: &[Done], acked: &[String], chance: &mut u64) -> Seen {
    let full = is_full();
    let mut seen = Seen::default();
    // All that was written; and what is surely on the disk, with what may be.
    let mut written = Disk::new();
    let mut surely = Disk::new();
    let mut perhaps: Vec<&Done> = Vec::new();
    let mut told = HashSet::new();
    for it in done {
        match &it.op {
            Op::Send(bytes) => {
                let said = String::from_utf8_lossy(bytes);
                let ack =
                    |cid: &&String| said.contains(&format!("\"t\":\"ack\",\"cid\":\"{cid}\""));
                told.extend(acked.iter().filter(ack).cloned());
                continue;
            }
            Op::Sync(file) => {
                let (on_disk, rest): (Vec<&Done>, _) = perhaps
                    .iter()
                    .partition(|op| op.op.file() == Some(file) && op.ended < it.began);
                on_disk.iter().for_each(|op| apply(&mut surely, &op.op));
                perhaps = rest;
                continue;
            }
            Op::Write(..) | Op::Truncate(..) | Op::Unlink(_) => {}
        }
        seen.writes += 1;
        let before = (full || seen.writes.is_multiple_of(EVERY)).then(|| written.clone());
        apply(&mut written, &it.op);
        if matches!(it.op, Op::Unlink(_)) {
            // Of a journal that is not needed any more: it is gone.
            perhaps.retain(|op| op.op.file() != it.op.file());
            apply(&mut surely, &it.op);
        } else {
            perhaps.push(it);
        }
        let Some(before) = before else { continue };
        let copying = |op: &&Done| {
            let file = op.op.file();
            file.is_some_and(|file| file.extension().is_some_and(|it| it == "db"))
        };
        seen.copying += usize::from(perhaps.iter().any(copying));
        let mut images = vec![written.clone()];
        if let Op::Write(file, at, bytes) = &it.op {
            let mut torn = before;
            let part = 1 + usize::try_from(random(chance)).unwrap() % bytes.len();
            apply(
                &mut torn,
                &Op::Write(file.clone(), *at, bytes[..part].to_vec()),
            );
            images.push(torn);
        }
        images.push(surely.clone());
        let mut some = surely.clone();
        for op in &perhaps {
            if random(chance).is_multiple_of(2) {
                apply(&mut some, &op.op);
            }
        }
        images.push(some);
        for image in images {
            seen.images += 1;
            match open(&image) {
                Ok(kept) => {
                    let lost = told.iter().filter(|cid| !kept.contains(*cid)).count();
                    if lost > 0 {
                        println!("{lost} lost at write {}", seen.writes);
                    }
                    seen.lost += lost;
                }
                Err(why) => {
                    println!("damaged at write {}: {why}", seen.writes);
                    seen.damaged += 1;
                }
            }
        }
    }
    assert_eq!(
        told.len(),
        acked.len(),
        "every acknowledgement was recorded"
    );
    seen
}

/// What a new server finds on this disk.
fn open(image: &Disk) -> Result<HashSet<String>, String> {
    let folder = if Path::new("/dev/shm").is_dir() {
        TempDir::new_in("/dev/shm")
    } else {
        TempDir::new()
    };
    let folder = folder.unwrap();
    for (file, content) in image {
        std::fs::write(folder.path().join(file), content).unwrap();
    }
    let store = SqliteStore::open(folder.path(), Arc::new(Metrics::default()));
    drop(store.map_err(|error| error.to_string())?);
    let text = |error: rusqlite::Error| error.to_string();
    let connection = rusqlite::Connection::open(folder.path().join("parlance.db")).map_err(text)?;
    let sound: String = connection
        .query_row("PRAGMA integrity_check", (), |row| row.get(0))
        .map_err(text)?;
    if sound != "ok" {
        return Err(sound);
    }
    let holes: i64 = connection
        .query_row(
            "SELECT count(*) FROM conversation AS c WHERE c.head != \
             (SELECT count(*) FROM message AS m WHERE m.conversation = c.key)",
            (),
            |row| row.get(0),
        )
        .map_err(text)?;
    if holes > 0 {
        return Err("a head that is not the number of messages".to_owned());
    }
    let mut cids = connection
        .prepare("SELECT cid FROM message WHERE cid IS NOT NULL")
        .map_err(text)?;
    let rows = cids.query_map((), |row| row.get(0)).map_err(text)?;
    rows.collect::<Result<_, _>>().map_err(text)
}
