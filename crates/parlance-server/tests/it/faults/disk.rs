//! Row 30: the disk is full or fails. The system calls of the server that is
//! running are made to fail by strace, from one moment to another; what was
//! acknowledged before, between and after is read back from a new process.

use std::process::Stdio;
use std::time::Duration;

use parlance_core::Status;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::fleet::Fleet;
use super::pilot::is_proved;
use super::power::strace_works;
use super::report::{Row, alone};
use super::restart::count;
use crate::kill::seed;
use crate::program::Program;
use crate::rig::{new_cid, soon, texts, words};

const ROOM: &str = "room:lobby";
/// Messages before and during each failure.
const SOME: usize = 10;
const LIMITS: [&str; 4] = ["--rate", "1000", "--burst", "1000"];

/// What fails, and how.
const FAILURES: [(&str, &str); 4] = [
    ("a full disk", "pwrite64:error=ENOSPC"),
    ("a write that fails", "pwrite64:error=EIO"),
    ("a sync that fails", "fsync,fdatasync:error=EIO"),
    ("a quota that is used up", "pwrite64:error=EDQUOT"),
];

/// Makes calls of this process fail until it is dropped or ended.
struct Failing(Child);

impl Failing {
    fn begin(process: u32, folder: &TempDir, how: &str) -> Self {
        let child = Command::new("strace")
            .args(["-f", "-qq", "-p", &process.to_string(), "-o", "/dev/null"])
            .arg("-P")
            .arg(folder.path().join("parlance.db-wal"))
            .args(["-e", &format!("inject={how}")])
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self(child)
    }

    async fn end(mut self) {
        let pid = self.0.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(status.unwrap().success());
        soon("strace's end", self.0.wait()).await.unwrap();
    }
}

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_30_a_disk_that_fails_refuses_for_now_and_damages_nothing() {
    let _alone = alone().await;
    if !strace_works() {
        return;
    }
    let mut row = Row::quick(30);
    let folder = TempDir::new().unwrap();
    let mut program = Program::start(folder.path(), &LIMITS).await;
    let mut fleet = Fleet::new(program.address, seed());
    let page = fleet.launch("page", "lobby");
    page.online().await;
    let mut talker = program.client().person("talker").await;
    talker.open(ROOM).await;
    let (mut acked, mut said) = (Vec::new(), Vec::new());
    let (mut nacks, mut acks_of_failing, mut permanent) = (0, 0, 0);
    for (what, how) in FAILURES {
        for number in 0..SOME {
            let text = format!("{what} {number} before");
            talker.talk(ROOM, &text).await;
            acked.push(text);
        }
        let failing = Failing::begin(program.child.id().unwrap(), &folder, how);
        // It takes a moment to take hold of the thread that writes.
        for number in 0.. {
            let text = format!("{what} {number} on the edge");
            let answer = talker.send(ROOM, &new_cid(), words(&text)).await;
            if answer["t"] == "nack" {
                break;
            }
            acked.push(text);
        }
        for number in 0..SOME {
            let text = format!("{what} {number} during");
            let answer = talker.send(ROOM, &new_cid(), words(&text)).await;
            println!("{text}: {answer}");
            match answer["t"].as_str() {
                Some("nack") => {
                    assert_eq!(answer["code"], "unavailable", "{answer}");
                    nacks += 1;
                    permanent += usize::from(answer["retry_ms"].is_null());
                }
                _ => acks_of_failing += 1,
            }
        }
        let text = format!("the page during {what}");
        page.say(text.clone());
        said.push(text);
        page.until("it is kept", |view| view.unsent).await;
        let health = program.client().get("/healthz").await.status;
        assert_eq!(health, 503, "{what}");
        failing.end().await;
        // By itself, when its time has come.
        page.until("it is sent", |view| {
            !view.unsent && view.status == Status::Online
        })
        .await;
        assert_eq!(program.client().get("/healthz").await.status, 200, "{what}");
    }
    row.figure(
        format!(
            "{nacks} of {} messages refused for now while it failed, {permanent} for good, \
             {acks_of_failing} acknowledged",
            SOME * FAILURES.len()
        ),
        "all, 0, 0",
        nacks == SOME * FAILURES.len() && permanent + acks_of_failing == 0,
    );
    let shown = page.shown().await;
    let proved = shown.own.iter().filter(|(_, word)| is_proved(word)).count();
    row.figure(
        format!(
            "{proved} of {} of the page's sent by themselves afterwards",
            said.len()
        ),
        "all",
        proved == said.len() && shown.own.len() == said.len(),
    );
    // What is on the disk, and not what the process still knows.
    program.child.start_kill().unwrap();
    program.child.wait().await.unwrap();
    drop(page);
    let program = Program::start(folder.path(), &LIMITS).await;
    let mut reader = program.client().person("reader").await;
    reader.open(ROOM).await;
    let page: Value = reader.fill(json!({"conv": ROOM, "limit": 200})).await;
    let kept = texts(&page);
    let due: Vec<String> = acked.iter().chain(&said).cloned().collect();
    let (lost, twice, _) = count(&kept, &due);
    let (.., disordered) = count(&kept, &acked);
    row.nothing(lost, twice, disordered);
    drop(program);
    tokio::time::timeout(Duration::from_secs(5), async {
        let connection = rusqlite::Connection::open(folder.path().join("parlance.db")).unwrap();
        let sound: String = connection
            .query_row("PRAGMA integrity_check", (), |row| row.get(0))
            .unwrap();
        row.figure(format!("integrity check: {sound}"), "ok", sound == "ok");
    })
    .await
    .unwrap();
    row.judge();
}
