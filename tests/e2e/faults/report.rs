//! One row of the fault matrix on one engine: its figures beside their bounds,
//! printed before anything is asserted, so that a broken bound is read too.
//!
//! Knows no faults.

use std::io::Write as _;
use std::time::Duration;

use crate::browser::Engine;
use crate::talk::Reckoning;

/// How long the row ran, beside what the matrix asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::faults) enum Length {
    /// As asked, in seconds.
    Quick,
    Tenth,
    Full,
}

/// Whether nothing is shortened.
pub(in crate::faults) fn in_full() -> bool {
    std::env::var_os("PARLANCE_FULL").is_some_and(|full| full == "1")
}

/// A span of the matrix: as it is, or a tenth of it.
pub(in crate::faults) fn shortened(full: Duration) -> (Duration, Length) {
    if in_full() {
        (full, Length::Full)
    } else {
        (full / 10, Length::Tenth)
    }
}

pub(in crate::faults) struct Report {
    row: u8,
    engine: Engine,
    length: Length,
    figures: Vec<String>,
    bounds: Vec<String>,
    /// What was broken, with what there is to know about it.
    broken: Vec<String>,
    printed: bool,
}

impl Report {
    pub(in crate::faults) fn of(row: u8, engine: Engine, length: Length) -> Self {
        Self {
            row,
            engine,
            length,
            figures: Vec::new(),
            bounds: Vec::new(),
            broken: Vec::new(),
            printed: false,
        }
    }

    /// A figure, its bound, and whether it holds.
    pub(in crate::faults) fn figure(
        &mut self,
        figure: impl Into<String>,
        bound: &str,
        holds: bool,
    ) {
        let figure = figure.into();
        if !holds {
            self.broken.push(format!("{figure}, but {bound}"));
        }
        self.figures.push(figure);
        if !bound.is_empty() && !self.bounds.iter().any(|known| known == bound) {
            self.bounds.push(bound.to_owned());
        }
    }

    /// Something that took so long and may take so long.
    pub(in crate::faults) fn within(&mut self, what: &str, measured: Duration, bound: Duration) {
        let figure = format!("{what} {}", told(measured));
        self.figure(
            figure,
            &format!("at most {}", told(bound)),
            measured <= bound,
        );
    }

    /// Something that was counted.
    pub(in crate::faults) fn at_most(&mut self, counted: usize, what: &str, bound: usize) {
        let figure = format!("{counted} {what}");
        self.figure(figure, &format!("at most {bound}"), counted <= bound);
    }

    /// Something that holds or does not.
    pub(in crate::faults) fn holds(&mut self, what: &str, holds: bool) {
        let figure = if holds {
            what.to_owned()
        } else {
            format!("not: {what}")
        };
        self.figure(figure, "", holds);
    }

    /// Nothing lost, nothing twice, nothing out of order.
    pub(in crate::faults) fn talk(&mut self, reckoning: &Reckoning) {
        let Reckoning {
            said,
            lost,
            doubled,
            disordered,
            ..
        } = reckoning;
        let figure = format!("{lost}/{doubled}/{disordered} of {said} messages");
        self.figure(figure, "0/0/0", reckoning.is_clean());
        self.broken.extend(reckoning.faults.iter().cloned());
    }

    /// Prints the row, then judges it.
    pub(in crate::faults) fn concludes(mut self) {
        self.prints();
        assert!(self.broken.is_empty(), "{}", self.broken.join("\n"));
    }

    fn prints(&mut self) {
        self.printed = true;
        let clean = |words: &[String]| words.join("; ").replace('|', "/");
        let rig = match self.engine {
            Engine::Chromium => "B",
            Engine::WebKit => "W",
        };
        let verdict = if self.broken.is_empty() {
            "held"
        } else {
            "broken"
        };
        let length = match self.length {
            Length::Quick => "quick",
            Length::Tenth => "tenth",
            Length::Full => "full",
        };
        let line = format!(
            "fault | {} | {rig} | {} | {} | {verdict} | {length}",
            self.row,
            clean(&self.figures),
            clean(&self.bounds),
        );
        // Past the harness's capture: a row is read also where it holds.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// A row that did not get as far as its figures is broken, and says so.
impl Drop for Report {
    fn drop(&mut self) {
        if !self.printed && std::thread::panicking() {
            println!("{}", self.broken.join("\n"));
            self.figure("ended before it was measured", "", false);
            self.prints();
        }
    }
}

fn told(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        format!("{} ms", span.as_millis())
    } else {
        let text = format!("{:.2}", span.as_secs_f64());
        format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[test]
fn a_span_is_told_as_people_read_it() {
    assert_eq!(told(Duration::from_millis(200)), "200 ms");
    assert_eq!(told(Duration::from_millis(1_500)), "1.5 s");
    assert_eq!(told(Duration::from_millis(27_940)), "27.94 s");
    assert_eq!(told(Duration::from_secs(30)), "30 s");
}

#[test]
#[should_panic(expected = "took 3 s, but at most 2 s")]
fn a_broken_bound_is_judged_after_all() {
    let mut report = Report::of(1, Engine::Chromium, Length::Quick);
    report.printed = true;
    report.within("took", Duration::from_secs(3), Duration::from_secs(2));
    let broken = report.broken.join("\n");
    assert!(report.broken.is_empty(), "{broken}");
}
