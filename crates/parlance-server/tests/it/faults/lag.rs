//! Row 33: of the pushes that the server numbers, one in a thousand never
//! arrives. The reader must see that something is missing by the next frame,
//! or by the next ping when there is none, and fetch it.
//!
//! The frames are taken out between the socket and the session: the session
//! sees what it would see had the server left them out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use parlance_core::session::Oddity;
use serde_json::Value;
use tempfile::TempDir;

use super::fleet::Fleet;
use super::pilot::Pilot;
use super::report::{Row, alone, is_full};
use super::restart::count;
use crate::kill::seed;
use crate::program::Program;
use crate::rig::{new_cid, words};

const ROOM: &str = "room:lobby";
const READERS: usize = 3;
const ONE_IN: u64 = 1000;
const MESSAGES: usize = 10_000;
const MESSAGES_IN_FULL: usize = 100_000;
/// Losses that nothing follows: only a ping tells of them.
const LAST_WORDS: usize = 8;
const PING_MS: &str = "2000";
/// The longest between two pings, and a round trip for what was missing.
const A_PING: Duration = Duration::from_millis(2200 + 300);

/// What one reader's wire has lost, and when it was made good.
#[derive(Default)]
struct Losses {
    pushes: u64,
    /// Everything is lost from now on, until something was.
    next_push: bool,
    open: BTreeMap<u64, Instant>,
    healed: Vec<Duration>,
}

impl Losses {
    fn pass(&mut self, text: String) -> Option<String> {
        let frame: Value = serde_json::from_str(&text).unwrap();
        match frame["t"].as_str().unwrap() {
            "push" => {
                self.pushes += 1;
                let seq = frame["msg"]["seq"].as_u64().unwrap();
                if self.pushes.is_multiple_of(ONE_IN) || std::mem::take(&mut self.next_push) {
                    self.open.insert(seq, Instant::now());
                    return None;
                }
            }
            "page" => {
                for message in frame["msgs"].as_array().unwrap() {
                    let seq = message["seq"].as_u64().unwrap();
                    if let Some(lost) = self.open.remove(&seq) {
                        self.healed.push(lost.elapsed());
                    }
                }
            }
            _ => {}
        }
        Some(text)
    }
}

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_pushes_that_get_lost_are_missed_and_fetched() {
    let _alone = alone().await;
    let mut row = Row::long(33);
    let folder = TempDir::new().unwrap();
    let limits = [
        "--rate",
        "100000",
        "--burst",
        "100000",
        "--ping-ms",
        PING_MS,
    ];
    let program = Program::start(folder.path(), &limits).await;
    let mut fleet = Fleet::new(program.address, seed());
    let mut readers: Vec<(Pilot, Arc<Mutex<Losses>>)> = Vec::new();
    for number in 0..READERS {
        let losses = Arc::new(Mutex::new(Losses::default()));
        let wire = Arc::clone(&losses);
        let wire = Arc::new(move |text| wire.lock().unwrap().pass(text));
        let pilot = fleet.launch_through(&format!("reader{number}"), "lobby", Some(wire));
        pilot.online().await;
        readers.push((pilot, losses));
    }
    let mut talker = program.client().person("talker").await;
    talker.open(ROOM).await;
    let messages = if is_full() {
        MESSAGES_IN_FULL
    } else {
        MESSAGES
    };
    let mut due = Vec::new();
    while due.len() < messages {
        // A few on the way at once, as many people would have.
        let cids: Vec<String> = (0..50).map(|_| new_cid()).collect();
        for cid in &cids {
            talker
                .post(ROOM, cid, words(&format!("m{}", due.len())))
                .await;
            due.push(format!("m{}", due.len()));
        }
        for cid in &cids {
            assert_eq!(talker.answer_to(cid).await["t"], "ack");
        }
        talker.kept.clear();
    }
    for (pilot, _) in &readers {
        let all = due.len();
        pilot
            .until("everything said", |view| view.rows >= all)
            .await;
    }
    let counted = |of: &Losses| {
        (
            of.open.len(),
            of.healed.len(),
            of.healed.iter().max().copied(),
        )
    };
    let (mut open, mut healed, mut slowest) = (0, 0, Duration::ZERO);
    for (_, losses) in &readers {
        let (still, whole, most) = counted(&losses.lock().unwrap());
        open += still;
        healed += whole;
        slowest = slowest.max(most.unwrap_or_default());
    }
    row.figure(
        format!("{} of {} lost pushes fetched", healed, healed + open),
        "all",
        open == 0 && healed >= READERS * messages / ONE_IN as usize,
    );
    row.within(
        "while people talk missed and fetched after, slowest",
        slowest,
        A_PING,
    );

    // The last word, and then silence.
    let (reader, losses) = &readers[0];
    for _ in 0..LAST_WORDS {
        losses.lock().unwrap().next_push = true;
        losses.lock().unwrap().healed.clear();
        let text = format!("m{}", due.len());
        talker.talk(ROOM, &text).await;
        talker.kept.clear();
        due.push(text);
        let all = due.len();
        reader.until("the last word", |view| view.rows >= all).await;
        slowest = slowest.max(losses.lock().unwrap().healed[0]);
    }
    row.within("by a ping alone after, slowest", slowest, A_PING);
    let oddities = reader.counted().await;
    let noticed = oddities.get(&Oddity::LostFrames).copied().unwrap_or(0);
    row.figure(
        format!("{noticed} times noticed by the frames' numbers"),
        format!("at least {LAST_WORDS}"),
        noticed as usize >= LAST_WORDS,
    );
    let mut sums = (0, 0, 0);
    for (pilot, _) in &readers {
        let shown = pilot.whole_log(due.len()).await;
        let (lost, twice, disordered) = count(&shown.words(), &due);
        sums = (sums.0 + lost, sums.1 + twice, sums.2 + disordered);
    }
    row.nothing(sums.0, sums.1, sums.2);
    row.judge();
}
