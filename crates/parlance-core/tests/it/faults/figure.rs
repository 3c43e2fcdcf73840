//! The line that a row prints, and the figures in it.
//!
//! Knows no fault.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How often a row that is decided by chance is run.
pub(super) const SEEDS: u64 = if cfg!(debug_assertions) { 100 } else { 1_000 };

/// A row's result, to be printed before anything is asserted.
#[must_use]
pub(super) struct Row {
    pub(super) number: u8,
    pub(super) figure: String,
    pub(super) bound: &'static str,
    pub(super) held: bool,
}

impl Row {
    /// Prints the line of the contract, then asserts.
    ///
    /// Virtual time costs nothing: every row of this rig runs in full.
    #[track_caller]
    pub(super) fn told(self) {
        let Self {
            number,
            figure,
            bound,
            held,
        } = self;
        assert!(!figure.contains('|') && !bound.contains('|'));
        let word = if held { "held" } else { "broken" };
        println!("fault | {number} | S | {figure} | {bound} | {word} | full");
        assert!(held, "row {number}: {figure}; it must be {bound}");
    }
}

/// Times in milliseconds, or counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures(Vec<u64>);

impl Figures {
    pub(super) fn add(&mut self, figure: u64) {
        self.0.push(figure);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest that so many percent do not exceed.
    pub(super) fn percentile(&self, percent: usize) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted[at]
    }

    pub(super) fn p95(&self) -> u64 {
        self.percentile(95)
    }

    pub(super) fn max(&self) -> u64 {
        self.percentile(100)
    }

    pub(super) fn mean(&self) -> f64 {
        self.0.iter().sum::<u64>() as f64 / self.0.len().max(1) as f64
    }

    /// p50, p95 and the worst, in seconds.
    pub(super) fn seconds(&self) -> String {
        format!(
            "p50 {}, p95 {}, max {} s",
            seconds(self.percentile(50)),
            seconds(self.p95()),
            seconds(self.max())
        )
    }

    /// The same of what is no time.
    pub(super) fn counts(&self) -> String {
        format!(
            "p50 {}, p95 {}, max {}",
            self.percentile(50),
            self.p95(),
            self.max()
        )
    }
}

/// Milliseconds as seconds, to two places.
pub(super) fn seconds(millis: u64) -> String {
    format!("{}.{:02}", millis / 1_000, millis % 1_000 / 10)
}

/// Runs it for every seed below; one that panics is named.
pub(super) fn for_seeds(seeds: u64, mut run: impl FnMut(u64)) {
    let only = std::env::var("FAULT_SEED").ok();
    let only: Option<u64> = only.and_then(|it| it.parse().ok());
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let guarded = catch_unwind(AssertUnwindSafe(|| run(seed)));
        if let Err(cause) = guarded {
            println!("FAULT_SEED={seed}");
            resume_unwind(cause);
        }
    }
}
