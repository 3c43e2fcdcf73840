//! Schedules: made from a seed against the world as it goes, replayed step by
//! step, and made shorter as long as they still fail.
//!
//! Knows nothing of what a step does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parlance_core::chance::Chance;

use super::tally::{Premise, Tally};
use super::trace::Trace;
use super::transition::{Step, Transition};
use super::{Check, Sim, Violation};

/// At least so many steps, and so many of them faults.
const STEPS: u64 = 30;
const MORE_STEPS: u64 = 25;
const FAULTS: u64 = 3;
/// One seed in so many is run twice, and compared with a fresh session.
const RUN_TWICE: u64 = 64;
const COMPARE: u64 = 8;
/// Making a schedule shorter stops after so many runs.
const SHRINK_RUNS: usize = 3_000;

/// What became of a seed.
pub(crate) struct Run {
    pub(crate) tally: Tally,
    pub(crate) steps: Vec<Step>,
    pub(crate) violation: Option<Violation>,
    hash: u64,
}

/// Runs one seed; now and then twice, which must be the same.
pub(crate) fn run(seed: u64) -> Run {
    let mut run = run_once(seed);
    if seed.is_multiple_of(RUN_TWICE) && run.violation.is_none() {
        let again = run_once(seed);
        let replayed = replay(seed, &run.steps, Trace::default());
        run.tally.met(Premise::RanTwice);
        if again.hash != run.hash || replayed.hash != run.hash {
            run.violation = Some(Violation {
                invariant: "I19 the same seed, the same trace",
                what: format!("{:x}, {:x}, {:x}", run.hash, again.hash, replayed.hash),
            });
        }
    }
    run
}

fn run_once(seed: u64) -> Run {
    let mut steps = Vec::new();
    let mut sim = Sim::new(seed, Trace::default());
    let result = guarded(|| {
        make(seed, &mut sim, &mut steps)?;
        sim.calm(seed.is_multiple_of(COMPARE))
    });
    Run {
        tally: sim.tally().clone(),
        steps,
        violation: result.err(),
        hash: sim.hash(),
    }
}

/// A panic anywhere is a violation like any other.
fn guarded(act: impl FnOnce() -> Check) -> Check {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Err(Violation {
            invariant: "I18 no panic",
            what: words.unwrap_or_default(),
        })
    })
}

/// Makes the schedule of a seed, and runs it while it is made.
fn make(seed: u64, sim: &mut Sim, steps: &mut Vec<Step>) -> Check {
    let mut chance = Chance::new(seed.rotate_left(32) ^ 0x05EE_D0FA_5CED);
    sim.begin_all()?;
    let due = STEPS + chance.below(MORE_STEPS);
    let mut faults = 0;
    let total = Transition::total_weight();
    while (steps.len() as u64) < due || faults < FAULTS {
        let mut step = Step {
            after: pause(&mut chance),
            transition: Transition::Focus,
            tab: 0,
            number: 0,
            salt: 0,
        };
        // In the list before it is run: what fails on the way is replayed.
        steps.push(step);
        sim.pass(step.after)?;
        loop {
            step.transition = Transition::pick(chance.below(total));
            step.tab = chance.below(64) as usize;
            step.number = chance.bits() >> 16;
            step.salt = chance.bits();
            steps.pop();
            steps.push(step);
            if sim.step(&step)? {
                faults += u64::from(step.transition.is_fault());
                break;
            }
        }
    }
    Ok(())
}

/// How long nothing is decided: mostly short, sometimes long.
fn pause(chance: &mut Chance) -> u64 {
    match chance.below(100) {
        0..=34 => chance.below(50),
        35..=69 => 50 + chance.below(1_450),
        70..=91 => 1_500 + chance.below(6_500),
        92..=97 => 8_000 + chance.below(37_000),
        _ => 45_000 + chance.below(155_000),
    }
}

/// What came of a schedule that was given.
pub(crate) struct Replayed {
    pub(crate) result: Check,
    pub(crate) lines: Vec<String>,
    hash: u64,
}

/// Runs these steps as they are. A step that can not happen is passed over.
pub(crate) fn replay(seed: u64, steps: &[Step], trace: Trace) -> Replayed {
    let mut sim = Sim::new(seed, trace);
    let result = guarded(|| {
        sim.begin_all()?;
        for step in steps {
            sim.pass(step.after)?;
            sim.step(step)?;
        }
        sim.calm(seed.is_multiple_of(COMPARE))
    });
    Replayed {
        result,
        lines: sim.lines().to_vec(),
        hash: sim.hash(),
    }
}

/// Fewer steps, with shorter pauses, that break the same invariant: no single
/// one of them can be left out.
pub(crate) fn shrink(seed: u64, mut steps: Vec<Step>, invariant: &str) -> Vec<Step> {
    let mut runs = 0;
    let mut fails = |steps: &[Step]| {
        runs += 1;
        let replayed = replay(seed, steps, Trace::default());
        runs < SHRINK_RUNS && replayed.result.is_err_and(|it| it.invariant == invariant)
    };
    // What comes after the failure is no part of it.
    while let Some((_, fewer)) = steps.split_last()
        && fails(fewer)
    {
        steps.pop();
    }
    let mut size = steps.len().div_ceil(2);
    while size > 1 {
        leave_out(&mut steps, size, &mut fails);
        size /= 2;
    }
    loop {
        let fewer = leave_out(&mut steps, 1, &mut fails);
        if !hurry(&mut steps, &mut fails) && !fewer {
            return steps;
        }
    }
}

/// Leaves out so many steps at a time. The time that passed stays, or
/// everything after it changes.
fn leave_out(steps: &mut Vec<Step>, size: usize, fails: &mut impl FnMut(&[Step]) -> bool) -> bool {
    let before = steps.len();
    let mut at = 0;
    while at < steps.len() {
        let mut fewer = steps.clone();
        let end = (at + size).min(steps.len());
        let passed: u64 = fewer.drain(at..end).map(|step| step.after).sum();
        if let Some(next) = fewer.get_mut(at) {
            next.after += passed;
        }
        if fails(&fewer) {
            *steps = fewer;
        } else {
            at += size;
        }
    }
    steps.len() < before
}

/// Halves each pause as often as it can be.
fn hurry(steps: &mut Vec<Step>, fails: &mut impl FnMut(&[Step]) -> bool) -> bool {
    let mut sooner = false;
    for at in 0..steps.len() {
        while steps[at].after > 0 {
            let mut hurried = steps.clone();
            hurried[at].after /= 2;
            if !fails(&hurried) {
                break;
            }
            *steps = hurried;
            sooner = true;
        }
    }
    sooner
}

impl Sim {
    /// Everybody's page is opened for the first time.
    fn begin_all(&mut self) -> Check {
        for at in 0..self.tabs.len() {
            let number = self.chance.bits();
            let target = self.target(at, number);
            self.begin(at, target)?;
        }
        Ok(())
    }
}
