//! Row 32: five hundred readers turn slow, a kilobyte a second each, while the
//! room goes on. The server must not remember for them: it closes them with
//! 4001, and the others notice nothing. What the others notice is measured in
//! the same run, while the five hundred still read and while they do not.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::report::{Row, alone, percentile, seconds};
use super::storm::{memory, raise_open_files};
use crate::program::Program;
use crate::rig::{Client, DEADLINE, Peer, new_cid, seqs, soon, words};

const ROOM: &str = "room:busy";
const READERS: usize = 500;
/// People whose waits are measured, in the same room.
const OTHERS: usize = 5;
/// What a slow reader takes.
const SLOW_BYTES: usize = 1000;
const EVERY: Duration = Duration::from_secs(1);
/// What their systems take for them meanwhile.
const RECEIVED: u32 = 8 * 1024;
/// How often somebody says something, and how much.
const TALK_EVERY: Duration = Duration::from_millis(20);
const TEXT: usize = 1500;
/// How long the room is looked at before and after.
const LOOK: Duration = Duration::from_secs(20);
/// Of what the server holds for one of them, in memory and in its system.
const MOST_QUEUED: u64 = 1024 * 1024;

/// One that reads what comes until it is told to be slow; then a little at a
/// time, until the server has ended it. The code of the close is not among
/// what it reads: too much stands before it. Answers how far it had heard.
async fn read(mut peer: Peer, slow: Arc<AtomicBool>, done: Arc<AtomicBool>) -> u64 {
    let mut heard = 0;
    while !slow.load(Ordering::SeqCst) {
        match peer.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                if frame["t"] == "push" {
                    heard = frame["msg"]["seq"].as_u64().unwrap();
                } else if frame["t"] == "ping" {
                    peer.say(json!({"t": "pong"})).await;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    // From now on below the frames: a kilobyte at a time.
    let mut bytes = vec![0; SLOW_BYTES];
    let stream: &mut TcpStream = peer.socket.get_mut();
    while !done.load(Ordering::SeqCst) {
        tokio::time::sleep(EVERY).await;
        if !matches!(stream.read(&mut bytes).await, Ok(1..)) {
            break;
        }
    }
    // What was on its way, and then the end.
    while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
    heard
}

/// Says something at a steady pace, and answers how long each took from the
/// saying to the last of the others' hearing of it.
async fn watch(talker: &mut Peer, others: &mut [Peer], span: Duration) -> Vec<Duration> {
    let mut waits = Vec::new();
    let until = Instant::now() + span;
    let text = "x".repeat(TEXT);
    let mut pace = tokio::time::interval(TALK_EVERY);
    while Instant::now() < until {
        pace.tick().await;
        let said = Instant::now();
        let cid = new_cid();
        talker.post(ROOM, &cid, words(&text)).await;
        let ack = talker.answer_to(&cid).await;
        let seq = ack["seq"].clone();
        assert_eq!(ack["t"], "ack", "{ack}");
        for other in others.iter_mut() {
            other
                .wait_for("push", |push| push["msg"]["seq"] == seq)
                .await;
            other.kept.clear();
        }
        talker.kept.clear();
        waits.push(said.elapsed());
    }
    waits
}

/// What the system holds to be sent, on each socket of this port.
fn queued(port: u16) -> Vec<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let queue = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.split_once(':')?;
        let ours = u16::from_str_radix(local, 16).ok()? == port;
        let (sending, _) = fields.get(4)?.split_once(':')?;
        ours.then(|| u64::from_str_radix(sending, 16).ok())?
    };
    table.lines().filter_map(queue).collect()
}

async fn closes(program: &Program) -> usize {
    let answer = program.client().get("/metrics").await;
    let text = String::from_utf8(answer.body).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("parlance_closes_total{code=\"4001\"} "));
    line.map_or(0, |count| count.parse().unwrap())
}

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_32_five_hundred_slow_readers_cost_nobody_else_anything() {
    let _alone = alone().await;
    let mut row = Row::quick(32);
    assert!(raise_open_files() > 2000);
    let folder = TempDir::new().unwrap();
    let limits = [
        "--rate",
        "100000",
        "--burst",
        "100000",
        "--ip-rate",
        "100000",
        "--log",
        "warn",
    ];
    let program = Program::start(folder.path(), &limits).await;
    let (slow, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let mut readers: Vec<JoinHandle<u64>> = Vec::new();
    for number in 0..READERS {
        let client = Client::of(program.address);
        let ticket = client.bearing(&format!("slow{number}")).ticket().await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVED).unwrap();
        socket
            .bind((Ipv4Addr::new(127, 0, 2, 1), 0).into())
            .unwrap();
        let stream = socket.connect(program.address).await.unwrap();
        let mut peer = client.dial_on(stream).await.unwrap();
        peer.hello(&ticket).await;
        peer.wait("welcome").await;
        peer.open(ROOM).await;
        let (slow, done) = (Arc::clone(&slow), Arc::clone(&done));
        readers.push(tokio::spawn(read(peer, slow, done)));
    }
    let mut others = Vec::new();
    for number in 0..OTHERS {
        let mut other = program.client().person(&format!("other{number}")).await;
        other.open(ROOM).await;
        others.push(other);
    }
    let mut talker = program.client().person("talker").await;
    talker.open(ROOM).await;

    let mut before = watch(&mut talker, &mut others, LOOK).await;
    let resident = memory(&program, "VmRSS");
    slow.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let mut during = Vec::new();
    let (mut most_held, mut most_queued) = (resident, 0);
    while closes(&program).await < READERS || began.elapsed() < LOOK {
        during.extend(watch(&mut talker, &mut others, Duration::from_secs(1)).await);
        most_held = most_held.max(memory(&program, "VmRSS"));
        most_queued = most_queued.max(queued(program.address.port()).into_iter().max().unwrap());
        assert!(
            began.elapsed() < DEADLINE * 4,
            "not all of them were closed"
        );
    }
    let all_closed = began.elapsed();
    done.store(true, Ordering::SeqCst);
    let mut heard = 0;
    for reader in readers {
        heard = soon("a reader's end", reader).await.unwrap();
    }
    let count = closes(&program).await;
    row.figure(
        format!(
            "{count} slow readers closed with 4001, within {}",
            seconds(all_closed)
        ),
        format!("{READERS}"),
        count == READERS,
    );
    let each = (most_held - resident) * 1024 / READERS as u64;
    row.figure(
        format!(
            "{} kB more memory for each, {} kB at most in a socket",
            each / 1024,
            most_queued / 1024
        ),
        "1 MiB for each",
        each + most_queued <= MOST_QUEUED,
    );
    let (fast, slowed) = (percentile(&mut before, 99), percentile(&mut during, 99));
    row.figure(
        format!(
            "the others' p99 {:.1} ms while all read, {:.1} ms while {READERS} do not",
            fast.as_secs_f64() * 1000.0,
            slowed.as_secs_f64() * 1000.0
        ),
        "at most 10 % more",
        slowed <= fast * 11 / 10,
    );

    // One of them comes back and asks for what it missed.
    let head = talker.talk(ROOM, "the end").await;
    let mut back = program.client().person("slow0").await;
    back.open(ROOM).await;
    let mut places = Vec::new();
    let mut cursor = heard;
    while cursor < head {
        let page = back
            .fill(json!({"conv": ROOM, "after": cursor, "limit": 200}))
            .await;
        places.extend(seqs(&page));
        cursor = page["to"].as_u64().unwrap();
    }
    let whole = places.iter().copied().eq(heard + 1..=head);
    row.figure(
        format!(
            "{} missed, {} read afterwards, in order: {whole}",
            head - heard,
            places.len()
        ),
        "all, in order",
        whole,
    );
    row.judge();
}
