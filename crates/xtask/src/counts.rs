//! How many tests passed, read from what the test programs print.
//!
//! The harnesses of native tests, of doc tests and of tests in a browser all end
//! with the same line; nothing else of their output is understood here.

use std::fmt;
use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; …`, or
    /// `None` for every other line. At the line's beginning: further in, it is
    /// what a test printed.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        let mut understood = false;
        for part in numbers.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => {
                    counts.passed = number;
                    understood = true;
                }
                "failed" => counts.failed = number,
                "ignored" => counts.skipped = number,
                // What was filtered out was not asked for.
                _ => {}
            }
        }
        understood.then_some(counts)
    }

    pub(crate) fn executed(&self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(formatter, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_harness_is_understood() {
        let line = "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.31s";
        let counts = Counts::read(line).expect("a result");
        assert_eq!((counts.passed, counts.failed, counts.skipped), (12, 0, 2));
    }

    #[test]
    fn the_browsers_harness_is_understood() {
        let line =
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 filtered out; finished in 1.20s";
        let counts = Counts::read(line).expect("a result");
        assert_eq!((counts.passed, counts.failed, counts.skipped), (3, 1, 0));
    }

    #[test]
    fn other_lines_are_not_results() {
        for line in [
            "",
            "test a::b ... ok",
            "test result: ",
            "5 passed; 0 failed",
            "  test result: FAILED. 1 passed; 1 failed; 0 ignored",
        ] {
            assert_eq!(Counts::read(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_line_names_what_was_skipped_only_when_something_was() {
        let mut counts = Counts::default();
        counts += Counts {
            passed: 2,
            failed: 0,
            skipped: 0,
        };
        assert_eq!(counts.to_string(), "2 passed, 0 failed");
        counts += Counts {
            passed: 1,
            failed: 1,
            skipped: 3,
        };
        assert_eq!(counts.to_string(), "3 passed, 1 failed, 3 skipped");
    }
}
