//! The browser's clocks, read here and nowhere else.
//!
//! [`Judge`] turns two readings (monotonic and wall) into one [`Instant`] that
//! never goes back, counts the time that was slept through, and says when such
//! a gap happened. It deliberately does not know what a gap means for a link:
//! that is the session's business.

use std::cell::RefCell;

use parlance_core::time::{Instant, UnixMillis};

/// The wall clock ran ahead of the monotonic one by more than this between two
/// readings: the machine slept, or the page was suspended. Less is the slewing
/// of a clock that is being set right.
const GAP_MS: f64 = 3_000.0;

/// What both of the browser's clocks say at one moment, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// `performance.now()`: steady, but some systems stop it while they sleep.
    pub monotonic: f64,
    /// `Date.now()`: goes on in sleep, but people and servers set it.
    pub wall: f64,
}

/// What a reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The time to stamp on an input.
    pub now: Instant,
    /// Whether time went on while the page did not.
    pub gap: bool,
}

/// Makes one steady time out of two clocks that each lie in their own way.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    last: Reading,
    /// Milliseconds since the first reading, slept time included.
    elapsed: f64,
}

impl Judge {
    /// Begins at zero.
    pub const fn new(first: Reading) -> Self {
        Self {
            last: first,
            elapsed: 0.0,
        }
    }

    /// Takes a reading.
    pub fn judge(&mut self, reading: Reading) -> Judged {
        let (span, gap) = self.span(reading);
        self.elapsed += span;
        self.last = reading;
        Judged {
            now: instant(self.elapsed),
            gap,
        }
    }

    /// What [`judge`](Self::judge) would say of the time, without taking the
    /// reading: a countdown must not swallow the gap that the session is to hear of.
    pub fn peek(&self, reading: Reading) -> Instant {
        instant(self.elapsed + self.span(reading).0)
    }

    /// A wall clock that went back, or fell behind, counts for nothing; one
    /// that was set forward looks like sleep, and costs one probe.
    fn span(&self, reading: Reading) -> (f64, bool) {
        let steady = (reading.monotonic - self.last.monotonic).max(0.0);
        let wall = reading.wall - self.last.wall;
        if wall - steady > GAP_MS {
            (wall, true)
        } else {
            (steady, false)
        }
    }
}

/// The one clock of a driver.
#[derive(Debug)]
pub struct Clock {
    judge: RefCell<Judge>,
    read: fn() -> Reading,
}

impl Clock {
    /// The browser's own clocks.
    pub fn browser() -> Self {
        Self::reading_from(browser_reading)
    }

    /// Another source of readings: for tests.
    pub fn reading_from(read: fn() -> Reading) -> Self {
        Self {
            judge: RefCell::new(Judge::new(read())),
            read,
        }
    }

    /// Takes a reading for an input.
    pub fn judge(&self) -> Judged {
        self.judge.borrow_mut().judge((self.read)())
    }

    /// The time now, for a countdown.
    pub fn now(&self) -> Instant {
        self.judge.borrow().peek((self.read)())
    }

    /// The device's time of day.
    pub fn wall(&self) -> UnixMillis {
        UnixMillis((self.read)().wall as i64)
    }
}

fn browser_reading() -> Reading {
    let wall = js_sys::Date::now();
    let monotonic = web_sys::window()
        .and_then(|window| window.performance())
        // A web-view without it has only the wall clock; going back is caught.
        .map_or(wall, |performance| performance.now());
    Reading { monotonic, wall }
}

/// Rounded down: a deadline is never early by a fraction.
fn instant(millis: f64) -> Instant {
    Instant::from_millis(millis as u64)
}
