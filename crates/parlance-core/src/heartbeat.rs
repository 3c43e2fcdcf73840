//! Is the link alive? Judged by frames that came and by time in which the page
//! was really running: a wake that comes late is a reason to ask, never a
//! proof of death.
//!
//! Does not send anything and does not know what a ping looks like.

use std::time::Duration;

use crate::dialect::Liveness;
use crate::time::Instant;

/// A wake this much after its time means that the page was not running.
const LATE: Duration = Duration::from_millis(1_500);

/// Whether one link is alive.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    liveness: Liveness,
    heard_at: Instant,
    asked: Asked,
    /// Smoothed round trip, RFC 6298's way, of what was answered.
    round_trip: Option<Duration>,
}

/// Whether the server has been asked if it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// No.
    No,
    /// Yes, then; and by then it should have answered.
    Yes {
        at: Instant,
        deadline: Instant,
        attempt: Attempt,
    },
}

/// A page that slept through the first question asks once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    First,
    Second,
}

/// What to do at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is due.
    Fine,
    /// Ask the server now.
    Ask,
    /// The link is dead.
    Dead,
}

impl Heartbeat {
    /// A link that was just heard.
    pub const fn new(liveness: Liveness, now: Instant) -> Self {
        Self {
            liveness,
            heard_at: now,
            asked: Asked::No,
            round_trip: None,
        }
    }

    /// The server pings this often: silence is judged by that.
    pub fn expect_every(&mut self, period: Duration) {
        self.liveness.quiet_after = period + period / 5;
    }

    /// A frame came.
    pub fn heard(&mut self, now: Instant) {
        if let Asked::Yes { at, .. } = self.asked {
            self.measured(now.since(at));
        }
        self.heard_at = now;
        self.asked = Asked::No;
    }

    /// Something that was sent has been answered after so long.
    pub fn measured(&mut self, sample: Duration) {
        self.round_trip = Some(match self.round_trip {
            None => sample,
            Some(before) => before.saturating_mul(7) / 8 + sample / 8,
        });
    }

    /// Ask unless something was heard within this span or a question is open.
    pub fn ask_unless_heard_within(&mut self, now: Instant, span: Duration) -> Verdict {
        let fresh = now.since(self.heard_at) <= span;
        if fresh || self.asked != Asked::No {
            return Verdict::Fine;
        }
        self.ask(now, Attempt::First)
    }

    /// What is due now.
    pub fn at_deadline(&mut self, now: Instant) -> Verdict {
        match self.asked {
            Asked::No if now >= self.heard_at + self.liveness.quiet_after => {
                self.ask(now, Attempt::First)
            }
            Asked::No => Verdict::Fine,
            Asked::Yes { deadline, .. } if now < deadline => Verdict::Fine,
            Asked::Yes {
                deadline,
                attempt: Attempt::First,
                ..
            } if now > deadline + LATE => self.ask(now, Attempt::Second),
            Asked::Yes { .. } => Verdict::Dead,
        }
    }

    /// When to look again.
    pub fn deadline(&self) -> Instant {
        match self.asked {
            Asked::No => self.heard_at + self.liveness.quiet_after,
            Asked::Yes { deadline, .. } => deadline,
        }
    }

    /// How long a message may wait for its proof.
    pub fn proof_within(&self) -> Duration {
        let by_round_trip = self.round_trip.map_or(Duration::ZERO, |round_trip| {
            round_trip * 4 + Duration::from_secs(2)
        });
        self.liveness.proof_within.max(by_round_trip)
    }

    /// Whether a deadline that is looked at only now was slept through.
    pub fn slept_through(deadline: Instant, now: Instant) -> bool {
        now > deadline + LATE
    }

    fn ask(&mut self, now: Instant, attempt: Attempt) -> Verdict {
        let deadline = now + self.liveness.probe_within;
        self.asked = Asked::Yes {
            at: now,
            deadline,
            attempt,
        };
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVENESS: Liveness = Liveness {
        quiet_after: Duration::from_secs(24),
        probe_within: Duration::from_secs(3),
        proof_within: Duration::from_secs(6),
    };

    const fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_silent_link_is_asked_and_then_dead_within_28_seconds() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.at_deadline(at(23)), Verdict::Fine);
        assert_eq!(heartbeat.at_deadline(at(24)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(26)), Verdict::Fine);
        assert_eq!(heartbeat.at_deadline(at(27)), Verdict::Dead);
    }

    #[test]
    fn any_frame_answers_the_question() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.at_deadline(at(24)), Verdict::Ask);
        heartbeat.heard(at(26));
        assert_eq!(heartbeat.at_deadline(at(27)), Verdict::Fine);
        assert_eq!(heartbeat.deadline(), at(50));
    }

    #[test]
    fn a_page_that_slept_asks_once_more_before_it_judges() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.at_deadline(at(600)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(900)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(1_200)), Verdict::Dead);
    }

    #[test]
    fn a_slow_path_gets_more_time_to_prove() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.proof_within(), Duration::from_secs(6));
        heartbeat.measured(Duration::from_secs(2));
        assert_eq!(heartbeat.proof_within(), Duration::from_secs(10));
    }
}
