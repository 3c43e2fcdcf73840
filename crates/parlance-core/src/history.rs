//! Which parts of a log are here: ranges of numbers in which every message is
//! present or known to be absent. And what has been asked for.
//!
//! Knows no messages, only their numbers.

use std::time::Duration;

use crate::chance::Chance;
use crate::ids::{RequestId, Seq};
use crate::time::Instant;

/// After the first page that did not come, and after many.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);

/// Disjoint ranges with at least one number between any two, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    ranges: Vec<(u64, u64)>,
}

impl Coverage {
    /// Everything in `first..=last` is now known. Nothing where `first > last`.
    pub fn add(&mut self, first: Seq, last: Seq) {
        if first > last {
            return;
        }
        let (mut from, mut to) = (first.0, last.0);
        // Those that overlap or touch melt into the new one.
        let begin = self
            .ranges
            .partition_point(|(_, end)| end.saturating_add(1) < from);
        let end = self
            .ranges
            .partition_point(|(start, _)| *start <= to.saturating_add(1));
        if begin < end {
            from = from.min(self.ranges[begin].0);
            to = to.max(self.ranges[end - 1].1);
        }
        self.ranges.splice(begin..end, [(from, to)]);
    }

    /// Whether this number is known.
    pub fn has(&self, seq: Seq) -> bool {
        let at = self.ranges.partition_point(|(_, end)| *end < seq.0);
        self.ranges
            .get(at)
            .is_some_and(|(start, _)| *start <= seq.0)
    }

    /// Whether every number from the first to the last of these is known.
    pub fn has_all(&self, first: Seq, last: Seq) -> bool {
        let at = self.ranges.partition_point(|(_, end)| *end < first.0);
        self.ranges
            .get(at)
            .is_some_and(|(start, end)| *start <= first.0 && last.0 <= *end)
    }

    /// The first number that is known.
    pub fn first(&self) -> Option<Seq> {
        self.ranges.first().map(|(start, _)| Seq(*start))
    }

    /// The last number that is known: how far has been heard.
    pub fn last(&self) -> Option<Seq> {
        self.ranges.last().map(|(_, end)| Seq(*end))
    }

    /// The first number of the range that reaches to the end.
    pub fn last_start(&self) -> Option<Seq> {
        self.ranges.last().map(|(start, _)| Seq(*start))
    }

    /// What is missing between what is known: first and last of each hole.
    pub fn holes(&self) -> impl Iterator<Item = (Seq, Seq)> + '_ {
        self.ranges
            .windows(2)
            .map(|pair| (Seq(pair[0].1 + 1), Seq(pair[1].0 - 1)))
    }
}

/// Something that is wanted from the server, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fetch {
    /// Nothing is wanted.
    #[default]
    Idle,
    /// Wanted, not before then; waiting for the link or for its time.
    Wanted(Instant),
    /// Asked for; it should be here by then.
    Asked(RequestId, Instant),
    /// It could not be had, and somebody has to ask again.
    Failed,
}

impl Fetch {
    /// Whether it is wanted or asked for.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Wanted(_) | Self::Asked(..))
    }

    /// Whether it is on its way, or about to be asked for.
    pub fn is_due_or_asked(self, now: Instant) -> bool {
        match self {
            Self::Wanted(at) => at <= now,
            Self::Asked(..) => true,
            Self::Idle | Self::Failed => false,
        }
    }

    /// Whether it is this request that is waiting.
    pub fn is(self, request: RequestId) -> bool {
        matches!(self, Self::Asked(asked, _) if asked == request)
    }

    /// The link is gone: what was asked for is wanted again, and what waited
    /// for its time did so because of that link.
    pub fn on_link_lost(&mut self, now: Instant) {
        if self.is_open() {
            *self = Self::Wanted(now);
        }
    }
}

/// How long a server is left alone that did not give a page, so many times in
/// a row before: longer each time, and half of it by chance, so that a crowd of
/// readers does not come back as one.
pub fn again_after(misses: u32, chance: &mut Chance) -> Duration {
    let span = AGAIN.saturating_mul(1 << misses.min(4)).min(AGAIN_AT_MOST);
    span / 2 + chance.up_to(span / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(ranges: &[(u64, u64)]) -> Coverage {
        let mut coverage = Coverage::default();
        for (first, last) in ranges {
            coverage.add(Seq(*first), Seq(*last));
        }
        coverage
    }

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(coverage(&[(1, 3), (4, 6)]).ranges, [(1, 6)]);
        assert_eq!(coverage(&[(4, 6), (1, 3)]).ranges, [(1, 6)]);
        assert_eq!(coverage(&[(1, 3), (8, 9), (2, 8)]).ranges, [(1, 9)]);
        assert_eq!(
            coverage(&[(1, 3), (8, 9), (5, 6)]).ranges,
            [(1, 3), (5, 6), (8, 9)]
        );
        assert_eq!(coverage(&[(5, 6), (5, 6), (6, 5)]).ranges, [(5, 6)]);
        assert_eq!(coverage(&[(1, u64::MAX), (3, 4)]).ranges, [(1, u64::MAX)]);
    }

    #[test]
    fn holes_are_what_lies_between() {
        let coverage = coverage(&[(3, 4), (8, 9), (11, 11)]);
        let holes: Vec<_> = coverage.holes().collect();
        assert_eq!(holes, [(Seq(5), Seq(7)), (Seq(10), Seq(10))]);
        assert!(coverage.has(Seq(8)) && !coverage.has(Seq(7)) && !coverage.has(Seq(12)));
        assert!(coverage.has_all(Seq(8), Seq(9)) && coverage.has_all(Seq(11), Seq(11)));
        assert!(!coverage.has_all(Seq(9), Seq(11)) && !coverage.has_all(Seq(7), Seq(8)));
        assert_eq!(
            (coverage.first(), coverage.last()),
            (Some(Seq(3)), Some(Seq(11)))
        );
    }
}
