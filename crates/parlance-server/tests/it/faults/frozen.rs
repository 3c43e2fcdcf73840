//! Row 16, as the server sees it: a page that the system stops without a word
//! keeps its link and answers nothing. Others must not be told for long that
//! somebody is there, and the page must find everything when it runs again.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::fleet::Fleet;
use super::pilot::Pilot;
use super::report::{Row, alone, is_full};
use super::restart::count;
use crate::kill::seed;
use crate::program::Program;

const ROOM: &str = "room:lobby";
const PAGES: usize = 6;
/// From the last sign of life until the others are told.
const AWAY_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_MESSAGES: Duration = Duration::from_millis(100);
const FROZEN: Duration = Duration::from_secs(60);
const FROZEN_IN_FULL: Duration = Duration::from_secs(600);

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_16_who_is_frozen_is_not_here_for_long_and_misses_nothing() {
    let _alone = alone().await;
    let mut row = Row::long(16);
    let folder = TempDir::new().unwrap();
    let program = Program::start(folder.path(), &["--rate", "100", "--burst", "100"]).await;
    let mut fleet = Fleet::new(program.address, seed());
    let name = |page: usize| format!("sleeper{page}");
    let pages: Vec<Pilot> = (0..PAGES)
        .map(|page| fleet.launch(&name(page), "lobby"))
        .collect();
    for page in &pages {
        page.online().await;
    }
    let mut watcher = program.client().person("watcher").await;
    watcher.open(ROOM).await;
    // Frozen at different points of their pings' period.
    let mut frozen_at = Vec::new();
    for page in &pages {
        page.freeze(true);
        frozen_at.push(Instant::now());
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    let frozen_for = if is_full() { FROZEN_IN_FULL } else { FROZEN };
    let until = frozen_at[0] + frozen_for;
    let mut went_after = Vec::new();
    let mut due = Vec::new();
    while Instant::now() < until {
        let text = format!("m{}", due.len());
        watcher.talk(ROOM, &text).await;
        due.push(text);
        watcher.kept.retain(|frame| {
            let at = (0..PAGES).find(|page| frame["uid"] == name(*page));
            if let (true, Some(page)) = (frame["t"] == "went", at) {
                went_after.push(frozen_at[page].elapsed());
            }
            false
        });
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    row.figure(
        format!(
            "{} of {PAGES} frozen pages counted as gone, once each",
            went_after.len()
        ),
        "all",
        went_after.len() == PAGES,
    );
    let slowest = went_after.iter().max().copied().unwrap_or(frozen_for);
    row.within("not here any more after, slowest", slowest, AWAY_WITHIN);
    let mut sums = (0, 0, 0);
    for page in &pages {
        page.freeze(false);
    }
    for page in &pages {
        page.online().await;
        let shown = page.whole_log(due.len()).await;
        let (lost, twice, disordered) = count(&shown.words(), &due);
        sums = (sums.0 + lost, sums.1 + twice, sums.2 + disordered);
    }
    watcher
        .say(serde_json::json!({"t": "open", "conv": ROOM}))
        .await;
    let roster = watcher.wait("roster").await;
    let here = |page: usize| {
        let people = roster["people"].as_array().unwrap();
        people
            .iter()
            .any(|it| it["uid"] == name(page) && it["online"] == true)
    };
    let again = (0..PAGES).filter(|page| here(*page)).count();
    row.figure(
        format!("{again} of {PAGES} here again"),
        "all",
        again == PAGES,
    );
    row.nothing(sums.0, sums.1, sums.2);
    row.judge();
}
