//! Row 28: the server is killed in the middle of things. What is checked is
//! `kill.rs`; here it is done often, fast, and on much data.

use std::time::{Duration, Instant};

use parlance_server::metrics::Metrics;
use parlance_server::store::sqlite::SqliteStore;
use tempfile::TempDir;

use super::report::{Row, alone, is_full};
use crate::kill::{Killed, kill_under_load, seed};

const KILLS: usize = 10;
const KILLS_IN_FULL: usize = 100;
const MESSAGES_PER_SECOND: u64 = 2000;
/// A server that is started again takes people in within this.
const START_WITHIN: Duration = Duration::from_secs(2);
const GIGABYTE: u64 = 1_000_000_000;

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_28_nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let _alone = alone().await;
    let mut row = Row::long(28);
    let seed = seed();
    let folder = TempDir::new().unwrap();
    let kills = if is_full() { KILLS_IN_FULL } else { KILLS };
    report(&mut row, "", &kill_under_load(&folder, kills, seed).await);
    if is_full() {
        let folder = TempDir::new().unwrap();
        let bytes = fill(&folder).await;
        let on = format!(" on a database of {:.2} GB", bytes as f64 / 1e9);
        report(&mut row, &on, &kill_under_load(&folder, 5, seed).await);
    }
    row.judge();
}

fn report(row: &mut Row, on: &str, killed: &Killed) {
    let Killed {
        kills,
        acknowledged,
        rate,
        lost,
        slowest_start,
    } = killed;
    row.figure(
        format!("acknowledged {acknowledged} over {kills} kills{on}, lost {lost}"),
        "lost 0",
        *lost == 0,
    );
    if on.is_empty() {
        row.figure(
            format!("{rate} messages a second"),
            format!("at least {MESSAGES_PER_SECOND}"),
            *rate >= MESSAGES_PER_SECOND,
        );
    }
    let what = format!("from start to the first welcome{on}, slowest");
    row.within(&what, *slowest_start, START_WITHIN);
}

/// Puts a gigabyte of messages into a new store, as many rooms would leave it
/// behind. Answers how large the database is.
async fn fill(folder: &TempDir) -> u64 {
    // Makes the tables; what follows is what they hold.
    let metrics = std::sync::Arc::new(Metrics::default());
    drop(SqliteStore::open(folder.path(), metrics).unwrap());
    let path = folder.path().join("parlance.db");
    let database = path.clone();
    let began = Instant::now();
    let filled = tokio::task::spawn_blocking(move || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "synchronous", "OFF")
            .unwrap();
        let body = format!(r#"{{"kind":"text","text":"{}"}}"#, "x".repeat(900));
        let mut rows = 0_u64;
        for room in 0_u64.. {
            connection.execute_batch("BEGIN").unwrap();
            connection
                .execute(
                    "INSERT INTO conversation (key, name, head) VALUES (?1, ?2, 10000)",
                    (room as i64 + 1, format!("room:old-{room}")),
                )
                .unwrap();
            let mut insert = connection
                .prepare_cached(
                    "INSERT INTO message (conversation, seq, sender, cid, nth, body, at) \
                     VALUES (?1, ?2, 'old', ?3, ?2, ?4, 0)",
                )
                .unwrap();
            for seq in 1..=10_000_i64 {
                rows += 1;
                insert
                    .execute((room as i64 + 1, seq, format!("old{rows}"), &body))
                    .unwrap();
            }
            drop(insert);
            connection.execute_batch("COMMIT").unwrap();
            if std::fs::metadata(&path).unwrap().len() >= GIGABYTE {
                break;
            }
        }
        rows
    });
    let rows = filled.await.unwrap();
    let bytes = std::fs::metadata(database).unwrap().len();
    println!(
        "{rows} messages, {bytes} bytes, written in {:?}",
        began.elapsed()
    );
    bytes
}
