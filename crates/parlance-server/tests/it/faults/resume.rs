//! Rows 46 and 47, against the real server: a welcome that says that nothing
//! was missed when something was; and a server that was put back to an older
//! copy of its data, so that the page has heard more than there is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parlance_core::session::Oddity;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fleet::Fleet;
use super::pilot::Pilot;
use super::report::Row;
use super::restart::count;
use crate::kill::seed;
use crate::program::Program;
use crate::rig::soon;

const ROOM: &str = "room:lobby";
const LIMITS: [&str; 6] = ["--rate", "1000", "--burst", "1000", "--ping-ms", "1000"];
/// What a page may be behind at most: a ping, at its latest, and 8 s.
const A_PING: Duration = Duration::from_millis(1100 + 8000);
const MISSED: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_46_a_return_that_hides_a_hole_is_found_out() {
    let mut row = Row::quick(46);
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &LIMITS).await;
    let mut fleet = Fleet::new(program.address, seed());
    // On the second link the welcome says that the room is as it was, whatever
    // it is; and the pushes of what was missed were never made.
    let lies = Arc::<AtomicBool>::default();
    let lying = Arc::clone(&lies);
    let wire = move |text: String| {
        let mut frame: Value = serde_json::from_str(&text).unwrap();
        if lying.load(Ordering::SeqCst) {
            let head = match frame["t"].as_str() {
                // On the old link, which is as good as dead, nothing of it came.
                Some("push") => return None,
                Some("welcome") => Some(&mut frame["convs"][0]),
                Some("opened") => {
                    // Once: what says so again and again is another fault.
                    lying.store(false, Ordering::SeqCst);
                    Some(&mut frame["head"])
                }
                _ => None,
            };
            if let Some(head) = head {
                head["seq"] = json!(1);
                head["unread"] = json!(0);
                head.as_object_mut().unwrap().remove("last");
                return Some(frame.to_string());
            }
        }
        Some(text)
    };
    let page = fleet.launch_through("page", "lobby", Some(Arc::new(wire)));
    page.online().await;
    let mut talker = program.client().person("talker").await;
    talker.open(ROOM).await;
    let mut due = vec!["first".to_owned()];
    talker.talk(ROOM, "first").await;
    page.until("the first", |view| view.rows == 1).await;

    // It is away without knowing: frozen until the server has let it go.
    lies.store(true, Ordering::SeqCst);
    page.freeze(true);
    talker.wait("went").await;
    for number in 0..MISSED {
        let text = format!("m{number}");
        talker.talk(ROOM, &text).await;
        due.push(text);
    }
    page.freeze(false);
    talker.wait("came").await;
    let back = Instant::now();
    let shown = soon("what was hidden", page.whole_log(due.len())).await;
    row.within("the hole found and filled after", back.elapsed(), A_PING);
    let (lost, twice, disordered) = count(&shown.words(), &due);
    row.nothing(lost, twice, disordered);
    row.judge();
}

/// The database of one folder, written over that of another.
pub(super) fn put_back(from: &Path, to: &Path) {
    for beside in ["parlance.db-wal", "parlance.db-shm"] {
        let _ = std::fs::remove_file(to.join(beside));
    }
    std::fs::copy(from.join("parlance.db"), to.join("parlance.db")).unwrap();
}

/// All files of a folder, put into another.
pub(super) fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// Five things are said, and proved: what yesterday's copy will have.
pub(super) async fn says_what_is_kept(page: &Pilot) -> Vec<String> {
    let due: Vec<String> = (0..5).map(|number| format!("kept {number}")).collect();
    due.iter().for_each(|text| page.say(text.clone()));
    page.until("proof", |view| !view.unsent && view.rows == 5)
        .await;
    due
}

/// The program ends with a word, and in its own time.
pub(super) async fn ends(program: &mut Program) {
    program.signal("-TERM");
    soon("the end", program.child.wait()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_47_a_page_that_is_ahead_of_the_server_reads_anew() {
    let mut row = Row::quick(47);
    for (what, noticed) in [("the same log", false), ("another log", true)] {
        let folder = TempDir::new().unwrap();
        let backup = TempDir::new().unwrap();
        let mut program = Program::start(folder.path(), &LIMITS).await;
        let mut fleet = Fleet::new(program.address, seed());
        let page = fleet.launch("page", "lobby");
        page.online().await;
        let mut due = says_what_is_kept(&page).await;
        // The copy of yesterday is made while the server is down.
        let address = program.address.to_string();
        ends(&mut program).await;
        copy(folder.path(), backup.path());
        let mut program = Program::start_at(&address, folder.path(), &LIMITS).await;
        page.online().await;
        for number in 0..5 {
            page.say(format!("gone {number}"));
        }
        page.until("proof", |view| !view.unsent && view.rows == 10)
            .await;
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();
        let data = if noticed {
            // Other files: the server sees that they are no longer those it left.
            backup.path()
        } else {
            // After a crash, into the same file: it cannot.
            put_back(backup.path(), folder.path());
            folder.path()
        };
        let program = Program::start_at(&address, data, &LIMITS).await;
        let mut talker = program.client().person("talker").await;
        talker.open(ROOM).await;
        for number in 0..3 {
            talker.talk(ROOM, &format!("new {number}")).await;
            due.push(format!("new {number}"));
        }
        page.online().await;
        let began = Instant::now();
        loop {
            let before = *page.view.borrow();
            let shown = page.shown().await;
            let confirmed: Vec<&str> = shown
                .texts
                .iter()
                .filter(|(seq, _)| seq.is_some())
                .map(|(_, text)| text.as_str())
                .collect();
            if confirmed == due {
                break;
            }
            page.until("the log that there is", |view| *view != before)
                .await;
        }
        let again = began.elapsed();
        row.figure(
            format!(
                "{what}: read anew {:.1} s after the return",
                again.as_secs_f64()
            ),
            "within 10 s, as a new page shows it",
            again < Duration::from_secs(10),
        );
        let counted = page.counted().await;
        assert_ne!(noticed, counted.contains_key(&Oddity::CursorAhead));
        let fresh = fleet.launch("fresh", "lobby");
        fresh.online().await;
        let seen = fresh.whole_log(due.len()).await;
        let (lost, twice, disordered) = count(&seen.words(), &due);
        row.nothing(lost, twice, disordered);
    }
    row.judge();
}
