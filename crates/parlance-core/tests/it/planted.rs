//! The tester, tested: twenty bugs that others had are planted in the shipped
//! modules, one at a time, and the simulation has to find each within a
//! hundred thousand steps. With none, the same seeds hold.
//!
//! Knows neither the bugs' places nor the invariants that find them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parlance_core::planted::{Bug, plant};

use crate::sim::schedule::{self, Run};

/// A bug that is not found within so many steps is not found.
const WITHIN: u64 = 100_000;

/// How a bug was found.
struct Found {
    seed: u64,
    /// Steps of all schedules up to then.
    steps: u64,
    run: Run,
}

/// Runs seed after seed with this bug.
fn find(bug: Bug) -> (Option<Found>, u64) {
    plant(Some(bug));
    let mut steps = 0;
    let mut found = None;
    for seed in 0.. {
        let run = schedule::run(seed);
        steps += run.tally.steps;
        if steps > WITHIN {
            break;
        }
        if run.violation.is_some() {
            found = Some(Found { seed, steps, run });
            break;
        }
    }
    plant(None);
    (found, steps)
}

#[test]
fn every_planted_bug_is_found() {
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(bug) = Bug::ALL.get(at) else { break };
                    let (found, steps) = find(*bug);
                    let shrunk = found.as_ref().map(|found| {
                        let invariant = found.run.violation.as_ref().map_or("", |it| it.invariant);
                        plant(Some(*bug));
                        let steps =
                            schedule::shrink(found.seed, found.run.steps.clone(), invariant);
                        plant(None);
                        // The same seed without the bug.
                        let control = schedule::run(found.seed).violation;
                        (steps.len(), control)
                    });
                    if let Ok(mut lines) = lines.lock() {
                        lines.push((at, *bug, found, shrunk, steps));
                    }
                }
            });
        }
    });
    let mut lines = lines.into_inner().unwrap_or_default();
    lines.sort_by_key(|(at, ..)| *at);
    println!("| bug | row | report | seed | at step | found by | actions | shrunk to |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut missed = Vec::new();
    for (_, bug, found, shrunk, steps) in &lines {
        let (row, report) = bug.row();
        let Some(found) = found else {
            println!("| {bug:?} | {row} | {report} | none | {steps} | nothing | | |");
            missed.push(*bug);
            continue;
        };
        let violation = found.run.violation.as_ref();
        let invariant = violation.map_or("", |it| it.invariant);
        println!(
            "| {bug:?} | {row} | {report} | {} | {} | {invariant} | {} | {} |",
            found.seed,
            found.steps,
            found.run.steps.len(),
            shrunk.as_ref().map_or(0, |(steps, _)| *steps),
        );
        let control = shrunk.as_ref().and_then(|(_, control)| control.as_ref());
        assert!(
            control.is_none(),
            "seed {} without a bug: {control:?}",
            found.seed
        );
    }
    println!(
        "planted bugs found: {} of {}",
        Bug::ALL.len() - missed.len(),
        Bug::ALL.len()
    );
    assert_eq!(lines.len(), Bug::ALL.len());
    assert!(
        missed.is_empty(),
        "not found within {WITHIN} steps: {missed:?}"
    );
}
