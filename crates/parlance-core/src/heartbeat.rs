//! Is the link alive? Judged by frames that came and by time in which the page
//! was really running: a wake that comes late is a reason to ask, never a
//! proof of death.
//!
//! Does not send anything and does not know what a ping looks like.

use std::time::Duration;

use crate::dialect::{Beat, Counts, Liveness};
use crate::planted::{Bug, planted};
use crate::time::{Instant, whole_millis};

/// A wake this much after its time means that the page was not running.
const LATE: Duration = Duration::from_millis(1_500);

/// A periodic link that was slept through has so long to say a word.
const GRACE: Duration = Duration::from_secs(5);

/// Whether one link is alive.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    liveness: Liveness,
    heard_at: Instant,
    asked: Asked,
    /// When the next ping of a fixed period is due.
    next_beat: Option<Instant>,
    /// Since when silence counts, where it does not count from the last frame.
    doubted_since: Option<Instant>,
    /// Whether a pong was ever heard, on this link or an earlier one.
    ponged: bool,
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
    pub fn new(liveness: Liveness, now: Instant) -> Self {
        Self {
            liveness,
            heard_at: now,
            asked: Asked::No,
            next_beat: match liveness.beat {
                Beat::Quiet(_) => None,
                Beat::Every(period) => Some(now + period),
            },
            doubted_since: None,
            ponged: false,
            round_trip: None,
        }
    }

    /// The server pings this often: silence is judged by that.
    pub fn expect_every(&mut self, period: Duration) {
        self.liveness.beat = Beat::Quiet(period + period / 5);
    }

    /// Pongs are known to come.
    pub const fn expect_pongs(&mut self) {
        self.ponged = true;
    }

    /// A message that was said then should have been proved by now.
    pub fn doubt_since(&mut self, said_at: Instant) {
        if said_at >= self.heard_at {
            self.doubted_since.get_or_insert(said_at);
        }
    }

    /// A frame came.
    pub fn heard(&mut self, now: Instant) {
        if let Asked::Yes { at, .. } = self.asked {
            self.measured(now.since(at));
        }
        self.heard_at = now;
        self.asked = Asked::No;
        self.doubted_since = None;
    }

    /// When something was last heard on this link.
    pub const fn heard_at(&self) -> Instant {
        self.heard_at
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
            Asked::Yes { deadline, .. } if now < deadline => self.beat(now),
            Asked::Yes {
                deadline,
                attempt: Attempt::First,
                ..
            } if now > deadline + LATE => self.ask(now, Attempt::Second),
            Asked::Yes { .. } if planted(Bug::ZombieKept) => self.ask(now, Attempt::First),
            Asked::Yes { .. } => Verdict::Dead,
            Asked::No => match self.quiet_until() {
                Some(until) if now < until => self.beat(now),
                None => self.beat(now),
                Some(_) if self.next_beat.is_none() => self.ask(now, Attempt::First),
                Some(until) if now > until + LATE => self.ask(now, Attempt::Second),
                Some(_) => Verdict::Dead,
            },
        }
    }

    /// When to look again; `None` where silence says nothing.
    pub fn deadline(&self) -> Option<Instant> {
        let silence = match self.asked {
            Asked::No => self.quiet_until(),
            Asked::Yes { deadline, .. } => Some(deadline),
        };
        [silence, self.next_beat].into_iter().flatten().min()
    }

    /// Until when nothing need be heard.
    fn quiet_until(&self) -> Option<Instant> {
        match self.liveness.beat {
            Beat::Quiet(span) => Some(self.heard_at + span),
            Beat::Every(_) => {
                let silence = self.liveness.silence?;
                let since = match silence.counts {
                    Counts::Always => Some(self.heard_at),
                    Counts::OncePonged => self.ponged.then_some(self.heard_at),
                    Counts::AfterUnproved => self.doubted_since,
                };
                Some(since? + silence.within)
            }
        }
    }

    /// The ping of the period, if it is due.
    fn beat(&mut self, now: Instant) -> Verdict {
        let (Some(due), Beat::Every(period)) = (self.next_beat, self.liveness.beat) else {
            return Verdict::Fine;
        };
        if now < due {
            return Verdict::Fine;
        }
        // Counted from the opening; what was slept through is not made up for.
        let period_ms = whole_millis(period).max(1);
        let missed = now.as_millis().saturating_sub(due.as_millis()) / period_ms;
        let ahead = period_ms.saturating_mul(missed.saturating_add(1));
        self.next_beat = Some(due + Duration::from_millis(ahead));
        Verdict::Ask
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
        let within = match (self.liveness.beat, self.liveness.silence) {
            (Beat::Quiet(_), Some(silence)) => silence.within,
            (Beat::Every(_), Some(silence)) if silence.counts == Counts::Always => {
                silence.within.min(GRACE)
            }
            // Nothing need answer: the question is not one to judge by.
            (Beat::Every(_), Some(silence)) if silence.counts == Counts::OncePonged => {
                if !self.ponged {
                    return Verdict::Ask;
                }
                silence.within.min(GRACE)
            }
            (_, _) => return Verdict::Ask,
        };
        self.asked = Asked::Yes {
            at: now,
            deadline: now + within,
            attempt,
        };
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Silence;

    const LIVENESS: Liveness = Liveness {
        beat: Beat::Quiet(Duration::from_secs(24)),
        silence: Some(Silence {
            within: Duration::from_secs(3),
            counts: Counts::Always,
        }),
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
        assert_eq!(heartbeat.deadline(), Some(at(50)));
    }

    #[test]
    fn a_page_that_slept_asks_once_more_before_it_judges() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.at_deadline(at(600)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(900)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(1_200)), Verdict::Dead);
    }

    fn every(seconds: u64, within: u64, counts: Counts) -> Liveness {
        Liveness {
            beat: Beat::Every(Duration::from_secs(seconds)),
            silence: Some(Silence {
                within: Duration::from_secs(within),
                counts,
            }),
            proof_within: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_fixed_period_is_kept_whatever_passes() {
        let mut heartbeat = Heartbeat::new(every(5, 20, Counts::Always), at(0));
        for second in 1..100 {
            heartbeat.heard(at(second));
            let due = if second % 5 == 0 {
                Verdict::Ask
            } else {
                Verdict::Fine
            };
            assert_eq!(heartbeat.at_deadline(at(second)), due, "{second}");
        }
        // Slept through: one ping, and the period goes on as counted.
        assert_eq!(heartbeat.deadline(), Some(at(100)));
        heartbeat.heard(at(112));
        assert_eq!(heartbeat.at_deadline(at(112)), Verdict::Ask);
        assert_eq!(heartbeat.deadline(), Some(at(115)));
    }

    #[test]
    fn silence_on_a_periodic_link_is_death() {
        let mut heartbeat = Heartbeat::new(every(5, 18, Counts::Always), at(0));
        for second in [5, 10, 15] {
            assert_eq!(heartbeat.at_deadline(at(second)), Verdict::Ask);
        }
        assert_eq!(heartbeat.at_deadline(at(18)), Verdict::Dead);
    }

    #[test]
    fn a_periodic_link_that_was_slept_through_is_asked_before_it_is_judged() {
        let mut heartbeat = Heartbeat::new(every(5, 18, Counts::Always), at(0));
        assert_eq!(heartbeat.at_deadline(at(300)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(305)), Verdict::Dead);
        let mut heartbeat = Heartbeat::new(every(5, 18, Counts::Always), at(0));
        assert_eq!(heartbeat.at_deadline(at(300)), Verdict::Ask);
        heartbeat.heard(at(301));
        assert_eq!(heartbeat.deadline(), Some(at(5)));
        assert_eq!(heartbeat.at_deadline(at(301)), Verdict::Ask);
        assert_eq!(heartbeat.deadline(), Some(at(305)));
    }

    #[test]
    fn silence_counts_only_where_something_answers() {
        let mut heartbeat = Heartbeat::new(every(30, 70, Counts::OncePonged), at(0));
        for second in [30, 60, 90, 120] {
            assert_eq!(heartbeat.at_deadline(at(second)), Verdict::Ask);
        }
        heartbeat.expect_pongs();
        heartbeat.heard(at(121));
        assert_eq!(heartbeat.at_deadline(at(150)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(180)), Verdict::Ask);
        assert_eq!(heartbeat.at_deadline(at(191)), Verdict::Dead);
    }

    #[test]
    fn an_unproved_message_makes_silence_count() {
        let mut heartbeat = Heartbeat::new(every(5, 40, Counts::AfterUnproved), at(0));
        assert_eq!(heartbeat.at_deadline(at(5)), Verdict::Ask);
        heartbeat.doubt_since(at(7));
        heartbeat.heard(at(8));
        for second in (10..60).step_by(5) {
            assert_eq!(heartbeat.at_deadline(at(second)), Verdict::Ask, "{second}");
        }
        heartbeat.doubt_since(at(60));
        for second in (60..100).step_by(5) {
            assert_eq!(heartbeat.at_deadline(at(second)), Verdict::Ask, "{second}");
        }
        assert_eq!(heartbeat.at_deadline(at(100)), Verdict::Dead);
    }

    #[test]
    fn a_slow_path_gets_more_time_to_prove() {
        let mut heartbeat = Heartbeat::new(LIVENESS, at(0));
        assert_eq!(heartbeat.proof_within(), Duration::from_secs(6));
        heartbeat.measured(Duration::from_secs(2));
        assert_eq!(heartbeat.proof_within(), Duration::from_secs(10));
    }
}
