//! How far a person on a socket has been handed each conversation: what they
//! missed before it, and what came live.
//!
//! Reads and tells nothing itself.

use parlance_core::ids::{ConversationId, Seq};

use super::Map;

/// Of what was missed at most so many of a conversation are handed out: the
/// newest.
const MOST: u64 = 1_000;

/// All of it.
#[derive(Debug)]
pub(super) struct Missed {
    places: Map<Place>,
    /// Whether anything was fetched on this socket.
    fetched: bool,
}

/// Of one conversation.
#[derive(Debug)]
struct Place {
    /// Everything up to here they have.
    had: Seq,
    /// And everything up to here they missed, unless it was fetched.
    missed: Seq,
    /// The first and the last that came live.
    live: Option<(Seq, Seq)>,
    /// How far it was kept that they have it.
    kept: Option<Seq>,
}

impl Place {
    fn new(had: Seq, head: Seq, kept: Option<Seq>) -> Self {
        Self {
            had: had.max(Seq(head.0.saturating_sub(MOST))),
            missed: head,
            live: None,
            kept,
        }
    }

    /// Everything up to here was handed out, without a hole.
    fn handed(&self) -> Seq {
        match self.live {
            Some((_, last)) if self.had >= self.missed => last.max(self.had),
            Some(_) | None => self.had,
        }
    }
}

impl Missed {
    /// What the store owes them: after which place, up to which.
    pub(super) fn new(owed: Vec<(ConversationId, Seq, Seq)>) -> Self {
        let place =
            |(conversation, after, head)| (conversation, Place::new(after, head, Some(after)));
        Self {
            places: owed.into_iter().map(place).collect(),
            fetched: false,
        }
    }

    /// They are in a conversation more, and nothing up to `head` is owed.
    pub(super) fn joined(&mut self, conversation: ConversationId, head: Seq) {
        let place = || Place::new(head, head, None);
        self.places.entry(conversation).or_insert_with(place);
    }

    /// This came live; answers whether it is still to be told.
    pub(super) fn live(&mut self, conversation: &ConversationId, seq: Seq) -> bool {
        let before = seq.previous();
        let place = || Place::new(before, before, None);
        let place = self
            .places
            .entry(conversation.clone())
            .or_insert_with(place);
        let known = place.had >= seq;
        let first = place.live.map_or(seq, |(first, _)| first);
        place.live = Some((first, seq));
        !known
    }

    /// Whether this came live.
    pub(super) fn was_live(&self, conversation: &ConversationId, seq: Seq) -> bool {
        let live = self.places.get(conversation).and_then(|place| place.live);
        live.is_some_and(|(first, last)| (first..=last).contains(&seq))
    }

    /// How far they had each conversation when they came, at the first fetch
    /// on this socket; nothing at later ones.
    pub(super) fn unfetched(&mut self) -> Vec<(ConversationId, Seq)> {
        if std::mem::replace(&mut self.fetched, true) {
            return Vec::new();
        }
        let places = self.places.iter();
        places
            .map(|(conversation, place)| (conversation.clone(), place.had))
            .collect()
    }

    /// What they missed: after which place, up to which.
    pub(super) fn owed(&self) -> Vec<(ConversationId, Seq, Seq)> {
        let owed = self
            .places
            .iter()
            .filter(|(_, place)| place.had < place.missed);
        owed.map(|(conversation, place)| (conversation.clone(), place.had, place.missed))
            .collect()
    }

    /// They fetched it.
    pub(super) fn fetched(&mut self, conversation: &ConversationId) {
        if let Some(place) = self.places.get_mut(conversation) {
            place.had = place.had.max(place.missed);
        }
    }

    /// How far they were handed each, without a hole.
    pub(super) fn handed(&self) -> Vec<(ConversationId, Seq)> {
        let places = self.places.iter();
        places
            .map(|(conversation, place)| (conversation.clone(), place.handed()))
            .collect()
    }

    /// What of this is not kept yet; it is, from now on.
    pub(super) fn news(
        &mut self,
        mut handed: Vec<(ConversationId, Seq)>,
    ) -> Vec<(ConversationId, Seq)> {
        handed.retain(|(conversation, seq)| {
            let Some(place) = self.places.get_mut(conversation) else {
                return false;
            };
            let news = place.kept.is_none_or(|kept| kept < *seq);
            if news {
                place.kept = Some(*seq);
            }
            news
        });
        handed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> ConversationId {
        ConversationId::room("r")
    }

    fn handed(missed: &Missed) -> u64 {
        missed.handed()[0].1.0
    }

    #[test]
    fn what_came_live_before_the_fetch_leaves_no_hole() {
        let mut missed = Missed::new(vec![(room(), Seq(3), Seq(5))]);
        assert_eq!(missed.owed(), [(room(), Seq(3), Seq(5))]);
        assert!(missed.live(&room(), Seq(6)));
        assert_eq!(handed(&missed), 3, "4 and 5 are still owed");
        assert!(missed.was_live(&room(), Seq(6)));
        assert!(!missed.was_live(&room(), Seq(5)));
        missed.fetched(&room());
        assert_eq!(handed(&missed), 6);
        assert!(missed.owed().is_empty());
    }

    #[test]
    fn what_the_store_counted_among_the_missed_may_come_live_too() {
        let mut missed = Missed::new(vec![(room(), Seq(3), Seq(5))]);
        assert!(missed.live(&room(), Seq(5)), "not told yet");
        missed.fetched(&room());
        let mut missed = Missed::new(vec![(room(), Seq(3), Seq(5))]);
        missed.fetched(&room());
        assert!(!missed.live(&room(), Seq(5)), "told by the fetch");
        assert!(missed.live(&room(), Seq(6)));
    }

    #[test]
    fn only_what_is_news_is_kept_again() {
        let mut missed = Missed::new(vec![(room(), Seq(3), Seq(3))]);
        let now = missed.handed();
        assert!(missed.news(now).is_empty(), "it came from there");
        missed.live(&room(), Seq(4));
        let now = missed.handed();
        assert_eq!(missed.news(now.clone()), [(room(), Seq(4))]);
        assert!(missed.news(now).is_empty());
        let mut missed = Missed::new(Vec::new());
        missed.joined(room(), Seq(7));
        let now = missed.handed();
        assert_eq!(missed.news(now), [(room(), Seq(7))]);
    }

    #[test]
    fn the_newest_of_too_many_are_owed() {
        let missed = Missed::new(vec![(room(), Seq(0), Seq(5_000))]);
        assert_eq!(missed.owed(), [(room(), Seq(4_000), Seq(5_000))]);
    }
}
