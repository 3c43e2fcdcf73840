//! When to try again. The first attempt after a loss comes within the spread
//! that the server announced, so that a crowd does not come back as one; each
//! later one waits longer, half of it by chance, drawn anew for every attempt.
//!
//! Knows neither visibility nor why the attempt failed: the session does.

use std::time::Duration;

use crate::chance::Chance;
use crate::dialect::{RetryPolicy, Waits};

/// What the spread is until a server says otherwise.
pub const DEFAULT_SPREAD: Duration = Duration::from_secs(1);

/// Counts attempts since the last stay that proved itself.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    spread: Duration,
    attempts: u32,
    /// The last wait, where the next one depends on it.
    last: Option<Duration>,
}

/// How long to wait: which of the two holds is decided when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// While the page is visible.
    pub shown: Duration,
    /// While it is hidden.
    pub hidden: Duration,
}

impl Backoff {
    /// No attempt has failed yet.
    pub const fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            spread: DEFAULT_SPREAD,
            attempts: 0,
            last: None,
        }
    }

    /// Over how long a crowd spreads its return, as the server announced it.
    pub const fn set_spread(&mut self, spread: Duration) {
        self.spread = spread;
    }

    /// The wait before the next attempt.
    pub fn next(&mut self, chance: &mut Chance) -> Wait {
        let attempt = self.attempts;
        self.attempts = self.attempts.saturating_add(1);
        let (base, cap, hidden_cap) = match self.policy.waits {
            Waits::Grown { first, cap } => {
                let wait = self.grow(first, cap, chance);
                return Wait {
                    shown: wait,
                    hidden: wait,
                };
            }
            Waits::Spread {
                base,
                cap,
                hidden_cap,
            } => (base, cap, hidden_cap),
        };
        if attempt == 0 {
            let wait = chance.up_to(self.spread);
            return Wait {
                shown: wait,
                hidden: wait,
            };
        }
        let grown = base.saturating_mul(1_u32 << attempt.min(16));
        let spread = self.spread;
        let mut draw = |cap: Duration| {
            let ceiling = grown.min(cap).max(spread);
            ceiling / 2 + chance.up_to(ceiling / 2)
        };
        let mut shown = draw(cap);
        let hidden = draw(hidden_cap);
        if grown >= cap {
            // Of two waits at the cap the second is as long as the first was
            // short, or a run of short ones would dial too often.
            let ceiling = cap.max(spread);
            match self.last.take() {
                Some(first) => {
                    shown = (ceiling + ceiling / 2)
                        .saturating_sub(first)
                        .clamp(ceiling / 2, ceiling)
                }
                None => self.last = Some(shown),
            }
        }
        Wait {
            shown,
            hidden: shown.max(hidden),
        }
    }

    /// The first wait, or 1.5 to 2 times the one before.
    fn grow(&mut self, first: Duration, cap: Duration, chance: &mut Chance) -> Duration {
        let wait = match self.last {
            None => first,
            Some(last) => last * 3 / 2 + chance.up_to(last / 2),
        };
        let wait = wait.min(cap);
        self.last = Some(wait);
        wait
    }

    /// Whether so many attempts have failed that the person is asked.
    pub fn is_exhausted(&self) -> bool {
        self.policy.most.is_some_and(|most| self.attempts >= most)
    }

    /// A wait within the spread, after the hint of a server that sent us away.
    pub fn spread_out(&self, chance: &mut Chance) -> Duration {
        chance.up_to(self.spread)
    }

    /// A stay has proved itself: the next loss is a first one.
    pub const fn reset(&mut self) {
        self.attempts = 0;
        self.last = None;
    }

    /// How many attempts have been spaced since the last reset.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        waits: Waits::Spread {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(15),
            hidden_cap: Duration::from_secs(60),
        },
        most: None,
    };

    #[test]
    fn waits_grow_to_the_cap_and_differ_by_chance() {
        for seed in 0..200 {
            let mut chance = Chance::new(seed);
            let mut backoff = Backoff::new(POLICY);
            assert!(backoff.next(&mut chance).shown <= DEFAULT_SPREAD);
            for ceiling in [2, 4, 8, 15, 15, 15] {
                let wait = backoff.next(&mut chance).shown;
                let ceiling = Duration::from_secs(ceiling);
                assert!(
                    wait >= ceiling / 2 && wait <= ceiling,
                    "seed {seed}: {wait:?}"
                );
            }
            backoff.reset();
            assert!(backoff.next(&mut chance).shown <= DEFAULT_SPREAD);
        }
    }

    #[test]
    fn a_fixed_first_wait_grows_by_half_to_double_up_to_the_cap() {
        for seed in 0..200 {
            let mut chance = Chance::new(seed);
            let mut backoff = Backoff::new(RetryPolicy {
                most: Some(10),
                ..RetryPolicy::grown_from(Duration::from_secs(3))
            });
            let mut last = backoff.next(&mut chance).shown;
            assert_eq!(last, Duration::from_secs(3));
            for _ in 1..10 {
                assert!(!backoff.is_exhausted());
                let wait = backoff.next(&mut chance).shown;
                let grown = wait >= last * 3 / 2 && wait <= last * 2;
                assert!(
                    grown || wait == Duration::from_secs(30),
                    "seed {seed}: {wait:?}"
                );
                last = wait;
            }
            assert!(backoff.is_exhausted());
            assert_eq!(last, Duration::from_secs(30));
        }
    }

    #[test]
    fn a_hidden_page_waits_longer() {
        let mut chance = Chance::new(7);
        let mut backoff = Backoff::new(POLICY);
        let longest = (0..40).map(|_| backoff.next(&mut chance).hidden).max();
        assert!(longest > Some(Duration::from_secs(30)));
    }

    #[test]
    fn failed_dials_stay_polite_whatever_chance_draws() {
        for seed in 0..5_000 {
            let mut chance = Chance::new(seed);
            let mut backoff = Backoff::new(POLICY);
            let mut at = Duration::ZERO;
            let (mut minute, mut three) = (0, 0);
            while at <= Duration::from_secs(180) {
                at += backoff.next(&mut chance).shown;
                minute += u32::from(at <= Duration::from_secs(60));
                three += u32::from(at <= Duration::from_secs(180));
            }
            assert!(minute <= 9 && three <= 20, "seed {seed}: {minute}, {three}");
        }
    }
}
