//! `kill -9` under load: what was acknowledged is there afterwards, once and
//! in order, read back by a new process on the same data.
//!
//! Three kills by default, a hundred with `PARLANCE_DEEP=1`. The seed of the
//! moments is printed; `PARLANCE_SEED` sets it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::program::Program;
use crate::rig::{Peer, words};

/// People who talk at once, each in a room and in a pair, never waiting for
/// an acknowledgement before the next few messages.
const TALKERS: usize = 8;
/// Messages that each has on the way.
const AHEAD: usize = 32;
/// The least that must have been going on.
const MESSAGES_PER_SECOND: u64 = 500;

/// What was acknowledged: the place of each, by conversation and sender's id.
type Acked = HashMap<(String, String), u64>;

/// What came of killing a server again and again.
pub(crate) struct Killed {
    pub(crate) kills: usize,
    pub(crate) acknowledged: usize,
    /// Acknowledged messages a second, while it ran.
    pub(crate) rate: u64,
    /// Acknowledged, and not there afterwards as it was.
    pub(crate) lost: usize,
    /// The longest from a start to the first welcome after it.
    pub(crate) slowest_start: Duration,
}

/// The seed of what is left to chance: printed, and set by `PARLANCE_SEED`.
pub(crate) fn seed() -> u64 {
    let seed = match std::env::var("PARLANCE_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(std::process::id()) ^ 0x9E37_79B9_7F4A_7C15,
    };
    println!("seed {seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let deep = std::env::var("PARLANCE_DEEP").is_ok_and(|value| value == "1");
    let kills = if deep { 100 } else { 3 };
    let folder = TempDir::new().unwrap();
    let killed = kill_under_load(&folder, kills, seed()).await;
    let Killed {
        acknowledged,
        rate,
        lost,
        ..
    } = killed;
    println!("kills {kills}, acknowledged {acknowledged}, {rate} messages/s, lost {lost}");
    assert_eq!(lost, 0);
    assert!(rate >= MESSAGES_PER_SECOND, "only {rate} messages a second");
}

/// Kills a server on this data so many times while people talk, and reads
/// everything back from a new one.
pub(crate) async fn kill_under_load(folder: &TempDir, kills: usize, seed: u64) -> Killed {
    let mut chance = seed;
    let acked = Arc::new(Mutex::new(Acked::new()));
    let cids = Arc::new(AtomicU64::new(0));
    let mut talked = Duration::ZERO;
    let mut slowest_start = Duration::ZERO;
    // Reading so much back is a flood of its own.
    let limits = [
        "--rate",
        "100000",
        "--burst",
        "100000",
        "--ip-rate",
        "10000",
    ];
    for kill in 0..kills {
        let started = Instant::now();
        let mut program = Program::start(folder.path(), &limits).await;
        let mut talking = Vec::new();
        for talker in 0..TALKERS {
            let mut peer = program.client().person(&format!("t{talker}")).await;
            if talker == 0 && kill > 0 {
                slowest_start = slowest_start.max(started.elapsed());
            }
            for conv in conversations(talker) {
                peer.open(&conv).await;
            }
            let (acked, cids) = (Arc::clone(&acked), Arc::clone(&cids));
            talking.push(tokio::spawn(talk(peer, talker, acked, cids)));
        }
        let began = Instant::now();
        // The moment is what is random here, so it is waited for.
        tokio::time::sleep(Duration::from_millis(300 + random(&mut chance) % 900)).await;
        talked += began.elapsed();
        program.child.start_kill().unwrap();
        let status = program.child.wait().await.unwrap();
        assert!(!status.success(), "kill {kill}: {status}");
        for talker in talking {
            talker.await.unwrap();
        }
    }
    let started = Instant::now();
    let program = Program::start(folder.path(), &limits).await;
    let first = program.client().person("t0").await;
    slowest_start = slowest_start.max(started.elapsed());
    drop(first);
    let acked = acked.lock().await;
    let lost = check(&program, &acked).await;
    let count = u64::try_from(acked.len()).unwrap();
    Killed {
        kills,
        acknowledged: acked.len(),
        rate: count * 1000 / u64::try_from(talked.as_millis()).unwrap(),
        lost,
        slowest_start,
    }
}

/// Where nothing is acknowledged, what somebody else was shown is the promise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_gateway_showed_is_lost_when_the_server_is_killed() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let folder = TempDir::new().unwrap();
    let more = [
        "--gateway",
        "plain",
        "--rate",
        "100000",
        "--burst",
        "100000",
    ];
    let mut program = Program::start(folder.path(), &more).await;
    let page = |name: &str| format!("/plain/?token={name}");
    let mut bob = program.client().visitor(&page("bob")).await.unwrap();
    let ping = r#"{"type":"ping"}"#;
    bob.until(ping, r#"{"type":"pong"}"#).await;
    let mut alice = program.client().visitor(&page("alice")).await.unwrap();
    let talking = tokio::spawn(async move {
        for number in 0.. {
            let text = json!({"type": "msg", "content": format!("m{number}")}).to_string();
            if alice.socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    let mut shown: Vec<String> = Vec::new();
    while shown.len() < 500 {
        let frame: Value = serde_json::from_str(&bob.next().await).unwrap();
        shown.push(frame["content"].as_str().unwrap().to_owned());
    }
    program.child.start_kill().unwrap();
    program.child.wait().await.unwrap();
    while let Some(Ok(heard)) = bob.socket.next().await {
        if let Ok(frame) = serde_json::from_str::<Value>(heard.to_text().unwrap_or_default()) {
            shown.push(frame["content"].as_str().unwrap().to_owned());
        }
    }
    talking.await.unwrap();
    let program = Program::start(folder.path(), &more).await;
    let mut peer = program.client().person("carol").await;
    peer.open("room:plain").await;
    let mut kept = Vec::new();
    while let Some(messages) = {
        let asked = json!({"conv": "room:plain", "after": kept.len(), "limit": 200});
        let page = peer.fill(asked).await;
        page.get("to").is_some().then(|| page["msgs"].clone())
    } {
        let texts = messages.as_array().unwrap().iter();
        kept.extend(texts.map(|it| it["body"]["text"].as_str().unwrap().to_owned()));
    }
    println!("shown {}, kept {}", shown.len(), kept.len());
    let due: Vec<_> = (0..kept.len()).map(|number| format!("m{number}")).collect();
    assert_eq!(kept, due, "in order, none missing, none twice");
    assert_eq!(kept.get(..shown.len()), Some(&shown[..]));
}

/// The next of a sequence that the seed decides (splitmix64).
pub(crate) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn conversations(talker: usize) -> [String; 2] {
    let other = if talker.is_multiple_of(2) {
        talker + 1
    } else {
        talker - 1
    };
    let (low, high) = (talker.min(other), talker.max(other));
    [format!("room:load-{low}"), format!("pair:t{low}:t{high}")]
}

/// Talks until the server is gone.
async fn talk(mut peer: Peer, talker: usize, acked: Arc<Mutex<Acked>>, cids: Arc<AtomicU64>) {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let conversations = conversations(talker);
    let message = || {
        let number = cids.fetch_add(1, Ordering::Relaxed);
        let conv = &conversations[usize::try_from(number % 2).unwrap()];
        let cid = format!("k{number}");
        let frame = json!({"t": "send", "cid": cid, "conv": conv, "body": words(&cid)});
        Message::text(frame.to_string())
    };
    for _ in 0..AHEAD {
        if peer.socket.send(message()).await.is_err() {
            return;
        }
    }
    while let Some(Ok(heard)) = peer.socket.next().await {
        let Ok(frame) = serde_json::from_str::<Value>(heard.to_text().unwrap_or_default()) else {
            continue;
        };
        if frame["t"] != "ack" {
            assert_ne!(frame["t"], "nack", "{frame}");
            continue;
        }
        let text = |field: &str| frame[field].as_str().unwrap().to_owned();
        let seq = frame["seq"].as_u64().unwrap();
        let before = acked.lock().await.insert((text("conv"), text("cid")), seq);
        assert_eq!(before, None, "acknowledged twice: {frame}");
        if peer.socket.send(message()).await.is_err() {
            return;
        }
    }
}

/// Reads everything back, and counts what is not there as it was acknowledged.
async fn check(program: &Program, acked: &Acked) -> usize {
    let mut kept: HashMap<(String, String), u64> = HashMap::new();
    for talker in 0..TALKERS {
        let mut peer = program.client().person(&format!("t{talker}")).await;
        for conv in conversations(talker) {
            let mut cursor = 0;
            loop {
                let asked = json!({"conv": conv, "after": cursor, "limit": 200});
                let page = peer.fill(asked).await;
                let Some(to) = page.get("to").and_then(Value::as_u64) else {
                    assert_eq!(page["head"], cursor);
                    break;
                };
                assert_eq!(page["from"], cursor + 1);
                for message in page["msgs"].as_array().unwrap() {
                    cursor += 1;
                    assert_eq!(message["seq"], cursor, "in order, without a hole");
                    let text = message["body"]["text"].as_str().unwrap().to_owned();
                    // The cid is the sender's alone to see; the words are it.
                    if let Some(cid) = message.get("cid") {
                        assert_eq!(*cid, text);
                    }
                    let before = kept.insert((conv.clone(), text), cursor);
                    assert!(before.is_none_or(|before| before == cursor), "kept twice");
                }
                assert_eq!(to, cursor);
            }
        }
    }
    let lost = acked
        .iter()
        .filter(|(key, seq)| kept.get(*key) != Some(*seq));
    lost.inspect(|(key, seq)| println!("lost: {key:?} at {seq}"))
        .count()
}
