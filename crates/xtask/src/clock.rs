//! Where the minutes went: installing, building or testing.
//!
//! It measures other programs, so the wall's clock is the right one here.

use std::fmt;
use std::time::{Duration, Instant};

#[derive(Default)]
pub(crate) struct Clock {
    installing: Duration,
    building: Duration,
    testing: Duration,
}

impl Clock {
    pub(crate) fn installing<Answer>(&mut self, work: impl FnOnce() -> Answer) -> Answer {
        measured(&mut self.installing, work)
    }

    pub(crate) fn building<Answer>(&mut self, work: impl FnOnce() -> Answer) -> Answer {
        measured(&mut self.building, work)
    }

    pub(crate) fn testing<Answer>(&mut self, work: impl FnOnce() -> Answer) -> Answer {
        measured(&mut self.testing, work)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |duration: Duration| duration.as_secs_f64() / 60.0;
        write!(
            formatter,
            "minutes: installing {:.1}, building {:.1}, testing {:.1}",
            minutes(self.installing),
            minutes(self.building),
            minutes(self.testing),
        )
    }
}

fn measured<Answer>(total: &mut Duration, work: impl FnOnce() -> Answer) -> Answer {
    let started_at = Instant::now();
    let answer = work();
    *total += started_at.elapsed();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_are_kept_apart() {
        let clock = Clock {
            building: Duration::from_secs(90),
            ..Clock::default()
        };
        assert_eq!(
            clock.to_string(),
            "minutes: installing 0.0, building 1.5, testing 0.0"
        );
    }
}
