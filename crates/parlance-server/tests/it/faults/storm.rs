//! Row 31: a server with ten thousand people on it is killed and started
//! again. They come back as their cores decide: spread out over what the
//! server told them, each from its own seed.

use std::time::{Duration, Instant};

use parlance_core::Status;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use super::fleet::{Fleet, What, peak_a_second, returns};
use super::pilot::{Pilot, View, is_proved};
use super::report::{Row, alone, is_full, percentile, seconds};
use super::restart::count;
use crate::kill::seed;
use crate::program::Program;
use crate::rig::soon;

const CROWD: usize = 1000;
const CROWD_IN_FULL: usize = 10_000;
/// People in a room, and how many of them talk.
const ROOM: usize = 25;
const TALKERS: usize = 5;
/// How many come at once in the beginning, which is not what is measured.
const BOARDING: usize = 100;
/// Handshakes a second that the server is told to count on: a tenth for a
/// tenth of the crowd, so that the spread is the same.
const HANDSHAKES: usize = 100;
const HANDSHAKES_IN_FULL: usize = 1000;
/// How long a return may take beyond the spread.
const BEYOND: Duration = Duration::from_secs(6);
/// How long they are waited for beyond what they may take.
const LATE: Duration = Duration::from_secs(90);
/// As people have it in full; else sooner, as fewer are asked after.
const PING_MS: &str = "4000";
const PING_MS_IN_FULL: &str = "20000";

#[ignore = "cargo xtask faults"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_crowd_comes_back_spread_out() {
    let _alone = alone().await;
    let mut row = Row::long(31);
    let crowd = if is_full() { CROWD_IN_FULL } else { CROWD };
    let files = raise_open_files();
    assert!(files > crowd as u64 + 500, "only {files} open files");
    let handshakes = if is_full() {
        HANDSHAKES_IN_FULL
    } else {
        HANDSHAKES
    };
    let spread = Duration::from_millis((crowd * 1200 / handshakes) as u64);
    let handshakes = handshakes.to_string();
    let folder = TempDir::new().unwrap();
    let ping_ms = if is_full() { PING_MS_IN_FULL } else { PING_MS };
    let limits = [
        "--ping-ms",
        ping_ms,
        "--handshakes",
        &handshakes,
        "--log",
        "warn",
    ];
    let mut program = Program::start(folder.path(), &limits).await;
    let mut fleet = Fleet::new(program.address, seed());

    let mut pilots: Vec<Pilot> = Vec::new();
    let room = |number: usize| format!("r{}", number / ROOM);
    while pilots.len() < crowd {
        let first = pilots.len();
        for number in first..(first + BOARDING).min(crowd) {
            pilots.push(fleet.launch(&format!("p{number}"), &room(number)));
        }
        for pilot in &pilots[first..] {
            pilot.online().await;
        }
    }
    println!("{crowd} on board");
    let talks = |number: &usize| number % ROOM < TALKERS;
    say(&pilots, talks, "before").await;
    // Each has been pinged since the last of them came, and knows how many
    // they are.
    let pings = Duration::from_millis(ping_ms.parse().unwrap()) * 11 / 10;
    tokio::time::sleep(pings).await;
    let before = memory(&program, "VmRSS");

    let address = program.address.to_string();
    let killed = Instant::now();
    program.child.start_kill().unwrap();
    program.child.wait().await.unwrap();
    for (_, pilot) in pilots
        .iter()
        .enumerate()
        .filter(|(number, _)| talks(number))
    {
        pilot.say("during");
    }
    let program = Program::start_at(&address, folder.path(), &limits).await;
    println!("started again after {:?}", killed.elapsed());
    // Late is measured, and not given up.
    let patience = spread + BEYOND + LATE;
    let everybody = async {
        for pilot in &pilots {
            let mut view = pilot.view.clone();
            let _ = view.wait_for(|view| view.status == Status::Online).await;
        }
    };
    let _ = tokio::time::timeout(patience, everybody).await;
    let entries = fleet.since(killed);
    let (mut waits, missing) = returns(&entries, killed, crowd);
    row.figure(
        format!("{missing} of {crowd} not back within {}", seconds(patience)),
        "0",
        missing == 0,
    );
    if missing > 0 {
        return row.judge();
    }
    row.within(
        &format!("{crowd} clients back, 99 of 100"),
        percentile(&mut waits, 99),
        spread + BEYOND,
    );
    let most = 2 * crowd * 1000 / usize::try_from(spread.as_millis()).unwrap();
    for (what, words) in [
        (What::Asked, "attempts"),
        (What::Dialled, "sockets dialled"),
    ] {
        let peak = peak_a_second(&entries, what);
        row.figure(
            format!(
                "at most {peak} {words} in a second over {}",
                seconds(spread)
            ),
            format!("at most {most}"),
            peak <= most,
        );
    }
    let all = 2 * TALKERS;
    let mut sums = (0, 0, 0);
    for pilot in &pilots {
        pilot
            .until("everybody's words", |view: &View| {
                view.rows >= all && !view.unsent
            })
            .await;
        let shown = pilot.shown().await;
        assert_eq!(shown.gaps, 0);
        assert!(
            shown.own.iter().all(|(_, word)| is_proved(word)),
            "{shown:?}"
        );
        let places: Vec<u64> = shown.texts.iter().map(|(seq, _)| seq.unwrap()).collect();
        let due: Vec<u64> = (1..=all as u64).collect();
        let (lost, twice, disordered) = count_places(&places, &due);
        sums = (sums.0 + lost, sums.1 + twice, sums.2 + disordered);
    }
    row.nothing(sums.0, sums.1, sums.2);
    let after = memory(&program, "VmHWM");
    row.figure(
        format!(
            "{} MB in memory with everybody, {} MB at most while they came back",
            before / 1000,
            after / 1000
        ),
        "at most twice as much",
        after <= 2 * before,
    );
    row.judge();
}

/// As `count`, of numbers.
fn count_places(places: &[u64], due: &[u64]) -> (usize, usize, usize) {
    let text = |numbers: &[u64]| -> Vec<String> { numbers.iter().map(u64::to_string).collect() };
    let places = text(places);
    let words: Vec<&str> = places.iter().map(String::as_str).collect();
    count(&words, &text(due))
}

/// Everybody who talks says this, and it is proved.
async fn say(pilots: &[Pilot], talks: impl Fn(&usize) -> bool, words: &str) {
    let talking = || {
        pilots
            .iter()
            .enumerate()
            .filter(|(number, _)| talks(number))
    };
    for (_, pilot) in talking() {
        pilot.say(words);
    }
    for (_, pilot) in talking() {
        pilot
            .until("proof", |view| !view.unsent && view.rows > 0)
            .await;
    }
}

/// As many files as the system lets this process open; what it starts
/// inherits that.
pub(super) fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    limit.maximum.unwrap_or(u64::MAX)
}

/// A figure of the program's memory, in kB.
pub(super) fn memory(program: &Program, name: &str) -> u64 {
    figure(&status(program), name)
}

/// What the system says of the program, all of one moment.
fn status(program: &Program) -> String {
    let path = format!("/proc/{}/status", program.child.id().unwrap());
    std::fs::read_to_string(path).unwrap()
}

fn figure(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    figure.unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_a_process_holds_is_read() {
    let folder = TempDir::new().unwrap();
    let program = soon("a start", Program::start(folder.path(), &[])).await;
    // At once: what has just started grows from one look to the next.
    let status = status(&program);
    assert!(figure(&status, "VmHWM") >= figure(&status, "VmRSS"));
    assert!(figure(&status, "VmRSS") > 1000);
}
