//! The tester, tested: twenty bugs that others had are planted in the shipped
//! modules, one at a time, and the simulation has to find each within a
//! hundred thousand steps. With none, the same seeds hold.
//!
//! Knows neither the bugs' places nor the invariants that find them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parlance_core::planted::{Bug, plant};

use crate::sim::Violation;
use crate::sim::regressions;
use crate::sim::schedule::{self, Run};
use crate::sim::trace::Trace;
use crate::sim::transition::Step;

/// A bug that is not found within so many steps is not found.
const WITHIN: u64 = 100_000;
/// On average a schedule gets shorter by this factor.
const SHORTER: usize = 5;

/// How a bug was found.
struct Found {
    bug: Bug,
    seed: u64,
    /// Steps of all schedules up to then.
    steps: u64,
    violation: Violation,
    /// The schedule as it was made, and as short as it could be made.
    made: Vec<Step>,
    shrunk: Vec<Step>,
}

/// Runs seed after seed with this bug.
fn find(bug: Bug) -> Option<Found> {
    plant(Some(bug));
    let mut steps = 0;
    let mut found = None;
    for seed in 0.. {
        let run: Run = schedule::run(seed);
        steps += run.tally.steps;
        if steps > WITHIN {
            break;
        }
        if let Some(violation) = run.violation {
            let shrunk = schedule::shrink(seed, run.steps.clone(), violation.invariant);
            found = Some(Found {
                bug,
                seed,
                steps,
                violation,
                made: run.steps,
                shrunk,
            });
            break;
        }
    }
    plant(None);
    found
}

/// What this schedule breaks with this bug, if anything.
fn broken(seed: u64, steps: &[Step], bug: Option<Bug>) -> Option<&'static str> {
    plant(bug);
    let result = schedule::replay(seed, steps, Trace::default()).result;
    plant(None);
    result.err().map(|it| it.invariant)
}

#[test]
fn every_planted_bug_is_found() {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = find(*bug);
                    if let Ok(mut found) = found.lock() {
                        found.extend(one);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_default();
    println!("| bug | row | report | seed | at step | found by | actions | shrunk to |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for bug in Bug::ALL {
        let (row, report) = bug.row();
        let Some(it) = found.iter().find(|it| it.bug == bug) else {
            println!("| {bug:?} | {row} | {report} | none | {WITHIN} | nothing | | |");
            continue;
        };
        println!(
            "| {bug:?} | {row} | {report} | {} | {} | {} | {} | {} |",
            it.seed,
            it.steps,
            it.violation.invariant,
            it.made.len(),
            it.shrunk.len(),
        );
    }
    println!("planted bugs found: {} of {}", found.len(), Bug::ALL.len());
    for it in &found {
        // The bug, and nothing but the bug.
        let control = schedule::run(it.seed).violation;
        assert!(control.is_none(), "seed {}: {control:?}", it.seed);
        assert_eq!(broken(it.seed, &it.shrunk, None), None, "{:?}", it.bug);
    }
    assert_eq!(found.len(), Bug::ALL.len());
    check_shrinking(&found);
}

/// A shrunk schedule breaks the same, also out of a file, and no step of it
/// can be left out.
fn check_shrinking(found: &[Found]) {
    let mut made = 0;
    let mut shrunk = 0;
    for it in found {
        made += it.made.len();
        shrunk += it.shrunk.len();
        let text = regressions::written(it.seed, &it.shrunk, &it.violation);
        let (seed, steps) = regressions::read(&text).unwrap_or_default();
        let invariant = Some(it.violation.invariant);
        assert_eq!(broken(seed, &steps, Some(it.bug)), invariant, "{text}");
        for without in 0..steps.len() {
            let mut fewer = steps.clone();
            let passed = fewer.remove(without).after;
            if let Some(next) = fewer.get_mut(without) {
                next.after += passed;
            }
            let still = broken(seed, &fewer, Some(it.bug)) == invariant;
            assert!(!still, "{:?}: step {without} is not needed\n{text}", it.bug);
        }
    }
    println!("actions of the failing schedules: {made}, shrunk to {shrunk}");
    assert!(shrunk * SHORTER <= made, "{made} to {shrunk}");
    if let Some(it) = found.iter().find(|it| it.bug == Bug::RestoredTwice) {
        println!("one of them, {:?}:", it.bug);
        plant(Some(it.bug));
        let replayed = schedule::replay(it.seed, &it.shrunk, Trace::readable());
        plant(None);
        let lines = &replayed.lines;
        for line in &lines[lines.len().saturating_sub(12)..] {
            println!("{line}");
        }
        println!("{}: {}", it.violation.invariant, it.violation.what);
    }
}
