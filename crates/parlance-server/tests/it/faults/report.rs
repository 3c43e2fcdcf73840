//! What a row has measured, in one line that `cargo xtask faults` reads.
//!
//! Knows nothing of the faults. The line is printed before anything is
//! asserted, so that a bound that does not hold is seen with its figure.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

/// Whether rows run in full, and not at a tenth of their length.
pub(crate) fn is_full() -> bool {
    std::env::var("PARLANCE_FULL").is_ok_and(|value| value == "1")
}

/// Rows that load the machine run one after the other, however the tests are
/// started: each would be the other's fault.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::const_new(());
    MACHINE.lock().await
}

/// One row, run in this rig.
pub(crate) struct Row {
    number: u8,
    length: &'static str,
    figures: Vec<Figure>,
}

struct Figure {
    measured: String,
    bound: String,
    held: bool,
}

impl Row {
    /// A row that is short enough to run whole every time.
    pub(crate) fn quick(number: u8) -> Self {
        Self::of(number, "quick")
    }

    /// A row that runs in full, or at a tenth.
    pub(crate) fn long(number: u8) -> Self {
        Self::of(number, if is_full() { "full" } else { "tenth" })
    }

    fn of(number: u8, length: &'static str) -> Self {
        Self {
            number,
            length,
            figures: Vec::new(),
        }
    }

    /// One thing that was measured, what it must be, and whether it is.
    pub(crate) fn figure(
        &mut self,
        measured: impl Into<String>,
        bound: impl Into<String>,
        held: bool,
    ) {
        let (measured, bound) = (measured.into(), bound.into());
        for words in [&measured, &bound] {
            assert!(!words.contains('|') && !words.contains('\n'), "{words}");
        }
        self.figures.push(Figure {
            measured,
            bound,
            held,
        });
    }

    /// A time that must not be longer than another.
    pub(crate) fn within(&mut self, what: &str, took: Duration, most: Duration) {
        self.figure(
            format!("{what} {}", seconds(took)),
            format!("at most {}", seconds(most)),
            took <= most,
        );
    }

    /// The three that every row with messages counts: all must be none.
    pub(crate) fn nothing(&mut self, lost: usize, twice: usize, disordered: usize) {
        self.figure(
            format!("lost {lost}, twice {twice}, out of order {disordered}"),
            "0, 0, 0",
            lost + twice + disordered == 0,
        );
    }

    /// Prints the line, and fails the test where a figure does not hold.
    pub(crate) fn judge(self) {
        println!("{}", self.line());
        assert!(!self.figures.is_empty(), "a row without a figure");
        assert_eq!(self.broken(), [] as [String; 0]);
    }

    fn line(&self) -> String {
        let join = |of: fn(&Figure) -> &str| {
            let all: Vec<&str> = self.figures.iter().map(of).collect();
            all.join("; ")
        };
        let held = self.broken().is_empty();
        format!(
            "fault | {} | V | {} | {} | {} | {}",
            self.number,
            join(|figure| &figure.measured),
            join(|figure| &figure.bound),
            if held { "held" } else { "broken" },
            self.length
        )
    }

    fn broken(&self) -> Vec<String> {
        let broken = self.figures.iter().filter(|figure| !figure.held);
        broken
            .map(|figure| format!("{}, not {}", figure.measured, figure.bound))
            .collect()
    }
}

/// A time as people read it.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.2} s", time.as_secs_f64())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// The figure below which so many hundredths of these are; the list is not
/// empty.
pub(crate) fn percentile<T: Ord + Copy>(of: &mut [T], hundredths: usize) -> T {
    of.sort_unstable();
    let at = (of.len() * hundredths).div_ceil(100).clamp(1, of.len()) - 1;
    of[at]
}

#[test]
fn percentiles_are_of_what_was_measured() {
    let mut hundred: Vec<u32> = (1..=100).rev().collect();
    assert_eq!(percentile(&mut hundred, 50), 50);
    assert_eq!(percentile(&mut hundred, 99), 99);
    assert_eq!(percentile(&mut hundred, 100), 100);
    assert_eq!(percentile(&mut [7], 1), 7);
}

#[test]
fn a_bound_that_does_not_hold_is_said_and_fails_the_row() {
    let mut row = Row::quick(9);
    row.nothing(0, 0, 0);
    assert!(row.line().ends_with(" | held | quick"), "{}", row.line());
    row.within("after", Duration::from_secs(9), Duration::from_secs(8));
    assert_eq!(
        row.line(),
        "fault | 9 | V | lost 0, twice 0, out of order 0; after 9.00 s \
         | 0, 0, 0; at most 8.00 s | broken | quick"
    );
    assert_eq!(row.broken(), ["after 9.00 s, not at most 8.00 s"]);
}
