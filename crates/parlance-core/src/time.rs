//! Points in time, as numbers that somebody else measured.
//!
//! Deliberately knows no clock: [`Instant`] is what the driver stamped on an
//! input, [`UnixMillis`] is what a server or a device wrote on a message.
//! `std::time::Instant` has no constructor but `now()`, which panics on
//! `wasm32-unknown-unknown`; this one is `const` and made of a number.

use std::ops::{Add, Sub};
use std::time::Duration;

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
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as a server or a device wrote it.
/// Shown to people, never used to put messages in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);
