//! Row 35, against the real server: its data is put back from a copy that lacks
//! what was said last. It notices by itself; the page reads anew, and offers
//! what of its own is gone.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::fleet::Fleet;
use super::report::Row;
use super::restart::count;
use super::resume::{copy, ends, put_back, says_what_is_kept};
use crate::kill::seed;
use crate::program::Program;

const ROOM: &str = "room:lobby";
const LIMITS: [&str; 6] = ["--rate", "1000", "--burst", "1000", "--ping-ms", "1000"];

/// How the copy is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The database alone, written over the one that was there.
    Database,
    /// The whole folder, as new files.
    Folder,
}

/// Which client id each text was stored under, how often.
fn stored(data: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = rusqlite::Connection::open(data.join("parlance.db")).unwrap();
    let mut query = connection
        .prepare("SELECT body, coalesce(cid, '') FROM message ORDER BY id")
        .unwrap();
    let rows = query.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
    let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.unwrap() {
        let (body, cid): (String, String) = row.unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        stored.entry(text).or_default().push(cid);
    }
    stored
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_35_what_a_restored_server_lacks_is_offered() {
    let mut row = Row::quick(35);
    for way in [Way::Database, Way::Folder] {
        let folder = TempDir::new().unwrap();
        let backup = TempDir::new().unwrap();
        let data = folder.path();
        let mut program = Program::start(data, &LIMITS).await;
        let address = program.address.to_string();
        let mut fleet = Fleet::new(program.address, seed());
        let page = fleet.launch("page", "lobby");
        page.online().await;
        let mut due = says_what_is_kept(&page).await;
        // Yesterday's copy.
        ends(&mut program).await;
        copy(data, backup.path());
        let mut program = Program::start_at(&address, data, &LIMITS).await;
        let before = program.client().person("talker").await.welcome["epoch"].clone();
        page.online().await;
        let mut talker = program.client().person("talker").await;
        talker.open(ROOM).await;
        for number in 0..4 {
            page.say(format!("gone {number}"));
            page.until("proof", |view| !view.unsent).await;
            talker.talk(ROOM, &format!("theirs {number}")).await;
        }
        page.until("all of it", |view| view.rows == 13).await;
        match way {
            Way::Database => {
                ends(&mut program).await;
                put_back(backup.path(), data);
            }
            Way::Folder => {
                program.child.start_kill().unwrap();
                program.child.wait().await.unwrap();
                std::fs::remove_dir_all(data).unwrap();
                std::fs::create_dir(data).unwrap();
                copy(backup.path(), data);
            }
        }
        let mut program = Program::start_at(&address, data, &LIMITS).await;
        let mut talker = program.client().person("talker").await;
        assert_ne!(talker.welcome["epoch"], before, "{way:?} goes unnoticed");
        talker.open(ROOM).await;
        for number in 0..3 {
            talker.talk(ROOM, &format!("since {number}")).await;
        }
        page.online().await;
        let back = Instant::now();
        // What was kept, what of mine is gone, what was said since.
        let mut wanted = due.clone();
        wanted.extend((0..4).map(|number| format!("gone {number}")));
        wanted.extend((0..3).map(|number| format!("since {number}")));
        let shown = loop {
            let seen = *page.view.borrow();
            let shown = page.shown().await;
            if shown.words() == wanted && shown.missing.len() == 4 {
                break shown;
            }
            page.until("what is gone, offered", |view| *view != seen)
                .await;
        };
        row.within(
            &format!("{way:?} put back: 4 of mine offered in their place, after"),
            back.elapsed(),
            Duration::from_secs(10),
        );
        // The person sends three again and gives one up.
        due.extend((0..3).map(|number| format!("since {number}")));
        for (key, text) in &shown.missing {
            if text == "gone 2" {
                page.delete(*key);
                continue;
            }
            page.retry(*key);
            due.push(text.clone());
        }
        page.until("proof", |view| !view.unsent && view.rows == due.len())
            .await;
        let shown = page.shown().await;
        assert!(shown.missing.is_empty(), "{:?}", shown.missing);
        let (lost, twice, disordered) = count(&shown.words(), &due);
        row.nothing(lost, twice, disordered);
        let fresh = fleet.launch("fresh", "lobby");
        fresh.online().await;
        let seen = fresh.whole_log(due.len()).await;
        let (lost, twice, disordered) = count(&seen.words(), &due);
        row.nothing(lost, twice, disordered);
        // Each once, and under the id that it had: a server that has it after
        // all would have stored nothing.
        ends(&mut program).await;
        let stored = stored(data);
        let all = due.iter().all(|text| stored[text].len() == 1);
        let mut ids: Vec<&String> = stored.values().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        row.figure(
            format!("{} stored, {} ids", due.len(), ids.len()),
            "each once",
            all && !stored.contains_key("gone 2"),
        );
    }
    row.judge();
}
