//! Random schedules against every invariant: many, on all cores, and each
//! decided by one number. `PARLANCE_SEED=n` runs that one and prints it,
//! `PARLANCE_FROM=n` begins with that one, and
//! with `PARLANCE_KEEP=1` writes what fails beside the regressions;
//! `PARLANCE_DEEP=1` goes on for an hour, or 1,000,000,000 steps.
//!
//! Knows no world: see `sim`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sim::regressions;
use crate::sim::schedule::{self, Run};
use crate::sim::tally::Tally;
use crate::sim::trace::Trace;

/// Schedules of a run, and the steps that they have at least.
const SCHEDULES: u64 = 125_000;
const STEPS: u64 = 5_000_000;
/// A deep run ends with so many steps, or after so long.
const DEEP_STEPS: u64 = 1_000_000_000;
const DEEP_MINUTES: u64 = 60;
/// A deep run says how far it has got so often.
const TOLD_EVERY: Duration = Duration::from_secs(5 * 60);
/// Seeds that a thread takes at a time.
const BLOCK: u64 = 64;
/// A seed that takes so long does not end.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// What failed once is seen to hold before anything else is tried.
fn replay_kept() {
    let kept = regressions::all();
    for it in &kept {
        let replayed = schedule::replay(it.seed, &it.steps, Trace::default());
        if let Err(violation) = replayed.result {
            let readable = schedule::replay(it.seed, &it.steps, Trace::readable());
            print_end_of(&readable.lines);
            panic!(
                "the schedule {} fails again: {}: {}",
                it.name, violation.invariant, violation.what
            );
        }
    }
    println!("schedules that failed once: {}, all hold", kept.len());
}

#[test]
fn schedules_that_failed_once_hold() {
    replay_kept();
}

#[test]
fn random_schedules_break_no_invariant() {
    if let Some(seed) = number("PARLANCE_SEED") {
        let run = schedule::run(seed);
        if !report(seed, run) {
            panic!("seed {seed} breaks an invariant");
        }
        return;
    }
    replay_kept();
    let deep = number("PARLANCE_DEEP").is_some_and(|deep| deep > 0);
    let asked = number("PARLANCE_SCHEDULES");
    let extent = match asked {
        None if deep => Extent {
            schedules: u64::MAX,
            steps: DEEP_STEPS,
            time: Duration::from_secs(60 * number("PARLANCE_MINUTES").unwrap_or(DEEP_MINUTES)),
        },
        _ => Extent {
            schedules: asked.unwrap_or(SCHEDULES),
            steps: u64::MAX,
            time: Duration::MAX,
        },
    };
    let begun = Instant::now();
    let (tally, failed) = run_all(extent);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "random schedules: {} of them, {} steps ({} of them faults), {} inputs, \
         {:.0} virtual hours, {seconds:.1} s, {:.0} schedules/s, {:.0} steps/s, {:.0} inputs/s",
        tally.schedules,
        tally.steps,
        tally.faults,
        tally.inputs,
        tally.virtual_ms as f64 / 3_600_000.0,
        tally.schedules as f64 / seconds,
        tally.steps as f64 / seconds,
        tally.inputs as f64 / seconds,
    );
    print!("{tally}");
    println!(
        "stays that ended because a ticket had gone stale: {}",
        tally.ended_by_stale_ticket
    );
    let count = failed.len();
    let mut told = Vec::new();
    for (seed, run) in failed {
        let invariant = run.violation.as_ref().map(|it| it.invariant);
        if !told.contains(&invariant) {
            told.push(invariant);
            report(seed, run);
        }
    }
    assert_eq!(count, 0, "schedules that broke an invariant");
    let schedules = tally.schedules;
    assert!(deep || schedules == extent.schedules, "{schedules}");
    assert!(tally.steps >= 30 * schedules && tally.faults >= 3 * schedules);
    assert!(asked.is_some() || deep || tally.steps >= STEPS);
    let missing = tally.missing();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

/// How far a run goes: whichever comes first.
#[derive(Clone, Copy)]
struct Extent {
    schedules: u64,
    steps: u64,
    time: Duration,
}

/// What all threads count together.
#[derive(Default)]
struct Progress {
    next: AtomicU64,
    steps: AtomicU64,
    done: AtomicBool,
}

/// Runs seeds on all cores, up to the first failures.
fn run_all(extent: Extent) -> (Tally, Vec<(u64, Run)>) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let most = number("PARLANCE_FAILURES").unwrap_or(1) as usize;
    let progress = Progress::default();
    let first = number("PARLANCE_FROM").unwrap_or(0);
    progress.next.store(first, Ordering::Relaxed);
    let running: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
    let result = Mutex::new((Tally::default(), Vec::new()));
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for mine in &running {
            let (progress, result) = (&progress, &result);
            workers.push(scope.spawn(move || {
                let mut tally = Tally::default();
                while !progress.done.load(Ordering::Relaxed) {
                    let from = progress.next.fetch_add(BLOCK, Ordering::Relaxed);
                    let end = first.saturating_add(extent.schedules);
                    if from >= end {
                        break;
                    }
                    for seed in from..(from + BLOCK).min(end) {
                        mine.store(seed, Ordering::Relaxed);
                        let run = schedule::run(seed);
                        tally.add(&run.tally);
                        let steps = run.tally.steps;
                        let before = progress.steps.fetch_add(steps, Ordering::Relaxed);
                        if before + steps >= extent.steps {
                            progress.done.store(true, Ordering::Relaxed);
                        }
                        if run.violation.is_some()
                            && let Ok(mut result) = result.lock()
                        {
                            result.1.push((seed, run));
                            if result.1.len() >= most {
                                progress.done.store(true, Ordering::Relaxed);
                            }
                        }
                    }
                }
                if let Ok(mut result) = result.lock() {
                    result.0.add(&tally);
                }
            }));
        }
        watch(extent.time, &progress, &running, &workers);
    });
    result.into_inner().unwrap_or_default()
}

/// A session that never comes back from an input would hang the test: it is
/// named, and the test ends. So does a run whose time is over.
fn watch(
    time: Duration,
    progress: &Progress,
    running: &[AtomicU64],
    workers: &[thread::ScopedJoinHandle<'_, ()>],
) {
    let begun = Instant::now();
    let mut told = begun;
    let mut last: Vec<(u64, Instant)> = vec![(u64::MAX, Instant::now()); running.len()];
    while workers.iter().any(|worker| !worker.is_finished()) {
        thread::sleep(Duration::from_millis(20));
        if begun.elapsed() >= time {
            progress.done.store(true, Ordering::Relaxed);
        }
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let (seconds, steps) = (begun.elapsed().as_secs(), &progress.steps);
            let steps = steps.load(Ordering::Relaxed);
            println!(
                "after {seconds} s: {steps} steps, {} steps/s",
                steps / seconds
            );
        }
        for ((seed, since), now) in last.iter_mut().zip(running) {
            let now = now.load(Ordering::Relaxed);
            if *seed != now {
                (*seed, *since) = (now, Instant::now());
            }
        }
        let stuck = last
            .iter()
            .zip(workers)
            .find(|((_, since), worker)| !worker.is_finished() && since.elapsed() > STUCK_AFTER);
        if let Some(((seed, _), _)) = stuck {
            println!("seed {seed} never ends: an input that a session does not return from");
            std::process::exit(101);
        }
    }
}

/// Prints a failure, as short as it can be made. Says whether there was none.
fn report(seed: u64, run: Run) -> bool {
    let Some(violation) = run.violation else {
        println!("seed {seed} holds: {} steps", run.steps.len());
        return true;
    };
    let before = run.steps.len();
    println!(
        "seed {seed} breaks {}: {}",
        violation.invariant, violation.what
    );
    let steps = schedule::shrink(seed, run.steps, violation.invariant);
    println!("{before} steps, shrunk to {}:", steps.len());
    let replayed = schedule::replay(seed, &steps, Trace::readable());
    print_end_of(&replayed.lines);
    if let Err(shorter) = replayed.result {
        println!("{}: {}", shorter.invariant, shorter.what);
        let text = regressions::written(seed, &steps, &shorter);
        println!("to be kept in {}:", regressions::folder().display());
        println!("{text}");
        if number("PARLANCE_KEEP").is_some_and(|keep| keep > 0) {
            let file = regressions::folder().join(format!("seed-{seed}.txt"));
            let kept = std::fs::write(&file, text);
            println!("{}: {kept:?}", file.display());
        }
    }
    println!("run it alone: PARLANCE_SEED={seed}");
    false
}

fn print_end_of(lines: &[String]) {
    for line in &lines[lines.len().saturating_sub(trace_lines())..] {
        println!("{line}");
    }
}

fn trace_lines() -> usize {
    number("PARLANCE_TRACE").map_or(400, |lines| lines as usize)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
