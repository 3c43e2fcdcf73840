//! Points in time, as numbers that somebody else measured.
//!
//! Deliberately knows no clock: [`Instant`] is what the driver stamped on an
//! input, [`UnixMillis`] is what a server or a device wrote on a message.
//! `std::time::Instant` has no constructor but `now()`, which panics on
//! `wasm32-unknown-unknown`; this one is `const` and made of a number.

use std::ops::{Add, Sub};
use std::time::Duration;

/// The milliseconds of a span, its rest left out. The standard library counts
/// them in 128 bits, which takes a browser a division of a kilobyte.
pub fn whole_millis(span: Duration) -> u64 {
    let seconds = span.as_secs().min(u64::MAX / 1001);
    seconds * 1000 + u64::from(span.subsec_millis())
}

/// Milliseconds on a monotonic clock whose zero is arbitrary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The point `millis` milliseconds after the clock's zero.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the clock's zero.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(span)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(span)))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as a server or a device wrote it.
/// Shown to people, never used to put messages in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);
