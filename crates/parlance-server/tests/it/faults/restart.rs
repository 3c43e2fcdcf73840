//! Row 27: the server is asked to end and started again, as at every update.
//! People are told to come back, spread out; nothing is lost, and nobody waits
//! long.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use parlance_core::Status;
use tempfile::TempDir;

use super::fleet::{Fleet, What, peak_a_second, returns};
use super::pilot::{Pilot, is_proved};
use super::report::{Row, alone, percentile, seconds};
use crate::kill::seed;
use crate::program::Program;
use crate::rig::soon;

const RESTARTS: usize = 5;
const CROWD: usize = 100;
/// One client, from the server's goodbye to being online again.
const ALONE_WITHIN: Duration = Duration::from_secs(2);
/// Over how long a crowd of this size spreads (`spread_ms`), and what a
/// return may take beyond it.
const SPREAD: Duration = Duration::from_secs(1);
const BEYOND: Duration = Duration::from_secs(6);

/// Ends it as a supervisor does, and starts another at the same address.
async fn renew(mut program: Program, data: &Path, limits: &[&str]) -> Program {
    let address = program.address.to_string();
    let asked = Instant::now();
    program.signal("-TERM");
    let status = soon("the end", program.child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    let ended = asked.elapsed();
    let program = Program::start_at(&address, data, limits).await;
    println!(
        "ended after {ended:?}, listening after {:?}",
        asked.elapsed()
    );
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_27_a_restart_is_a_short_wait_and_loses_nothing() {
    let _alone = alone().await;
    let mut row = Row::quick(27);
    let seed = seed();
    let limits = ["--rate", "1000", "--burst", "1000", "--ip-rate", "1000"];

    // One person, who goes on talking.
    let folder = TempDir::new().unwrap();
    let mut program = Program::start(folder.path(), &limits).await;
    let mut fleet = Fleet::new(program.address, seed);
    let mut said = 0;
    let mut waits = Vec::new();
    for restart in 0..RESTARTS {
        // A new page each time: one that is sent away again before it has
        // proved itself waits longer on purpose.
        let pilot = fleet.launch("alice", "lobby");
        pilot.online().await;
        for _ in 0..10 {
            pilot.say(format!("m{said}"));
            said += 1;
        }
        let then = Instant::now();
        let coming = renew(program, folder.path(), &limits);
        let talking = async {
            pilot
                .until("the goodbye", |view| view.status != Status::Online)
                .await;
            for _ in 0..10 {
                pilot.say(format!("m{said}"));
                said += 1;
            }
        };
        (program, ()) = tokio::join!(coming, talking);
        pilot.online().await;
        pilot.until("everything sent", |view| !view.unsent).await;
        let entries = fleet.since(then);
        let at = |what| {
            entries
                .iter()
                .find(|entry| entry.what == what)
                .map(|entry| entry.at)
        };
        let (gone, back) = (at(What::Lost).unwrap(), at(What::Online).unwrap());
        println!("restart {restart}: away for {:?}", back - gone);
        waits.push(back - gone);
        let own = pilot.whole_log(said).await;
        assert!(own.own.iter().all(|(_, word)| is_proved(word)), "{own:?}");
    }
    let due: Vec<String> = (0..said).map(|number| format!("m{number}")).collect();
    let later = fleet.launch("bob", "lobby");
    later.online().await;
    let counts = count(&later.whole_log(due.len()).await.words(), &due);
    row.within(
        &format!("one client away for, worst of {RESTARTS} restarts"),
        *waits.iter().max().unwrap(),
        ALONE_WITHIN,
    );

    // A crowd.
    let folder = TempDir::new().unwrap();
    let mut program = Program::start(folder.path(), &limits).await;
    let mut fleet = Fleet::new(program.address, seed);
    let crowd: Vec<Pilot> = (0..CROWD)
        .map(|number| fleet.launch(&format!("p{number}"), "lobby"))
        .collect();
    for pilot in &crowd {
        pilot.online().await;
    }
    let then = Instant::now();
    program = renew(program, folder.path(), &limits).await;
    for pilot in &crowd {
        pilot.online().await;
        pilot.say("back");
    }
    for pilot in &crowd {
        pilot.until("everything sent", |view| !view.unsent).await;
    }
    for pilot in &crowd {
        let shown = pilot.whole_log(CROWD).await;
        assert_eq!(shown.texts.len(), CROWD, "each one's word, once");
    }
    let entries = fleet.since(then);
    let (mut waits, missing) = returns(&entries, then, CROWD);
    assert_eq!(missing, 0);
    row.within(
        &format!("{CROWD} clients back, 99 of 100"),
        percentile(&mut waits, 99),
        SPREAD + BEYOND,
    );
    let peak = peak_a_second(&entries, What::Dialled);
    let most = 2 * CROWD / usize::try_from(SPREAD.as_secs()).unwrap();
    row.figure(
        format!("at most {peak} dials in a second over {}", seconds(SPREAD)),
        format!("at most {most}"),
        peak <= most,
    );
    row.nothing(counts.0, counts.1, counts.2);
    drop(program);
    row.judge();
}

/// What of the due is missing, what is there more than once, and how often a
/// later one stands before an earlier one.
pub(super) fn count(words: &[&str], due: &[String]) -> (usize, usize, usize) {
    let there: HashSet<&str> = words.iter().copied().collect();
    let lost = due.iter().filter(|word| !there.contains(word.as_str()));
    let lost = lost.count();
    let twice = words.len() - there.len();
    let place = |word: &str| due.iter().position(|due| due == word);
    let places: Vec<usize> = words.iter().filter_map(|word| place(word)).collect();
    let disordered = places.windows(2).filter(|pair| pair[0] > pair[1]).count();
    (lost, twice, disordered)
}

#[test]
fn what_is_counted_is_what_is_wrong() {
    let due: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(count(&["a", "b", "c"], &due), (0, 0, 0));
    assert_eq!(count(&["a", "c"], &due), (1, 0, 0));
    assert_eq!(count(&["a", "b", "b", "c"], &due), (0, 1, 0));
    assert_eq!(count(&["b", "a", "c"], &due), (0, 0, 1));
}
