//! What happened to the connection in the last hour: each drop with its
//! evidence, each wake, hole and repetition. For the person, and for those who
//! help them.
//!
//! Numbers and kinds alone: no message, no name, no address and no credential
//! can get in here. Knows no words; the page has them.

use std::collections::VecDeque;
use std::time::Duration;

use super::Session;
use crate::time::Instant;

/// What is older is forgotten.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// At most so many; the oldest go first.
const MOST: usize = 200;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
    /// How much of it; what it counts is said at each kind.
    pub number: u64,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The page was opened.
    Began,
    /// The login is through. So many seconds after the trouble began, or the page.
    Online,
    /// The link was closed, with this code.
    Closed,
    /// The link was silent for too long and was replaced.
    Silent,
    /// The proof of a message was overdue, and the link was replaced.
    Unproved,
    /// An attempt came to nothing in its time.
    Overdue,
    /// Nobody answered the question whether one may come in.
    Unreachable,
    /// The server said goodbye and when to come back: in so many seconds.
    Goodbye,
    /// The page was left or frozen, and closed its link.
    Left,
    /// The page came back out of a cache or a freeze: its link was dead.
    Back,
    /// The page was put behind something else.
    Hidden,
    /// The page was brought to the front.
    Shown,
    /// The device slept, or its clock jumped.
    Slept,
    /// The device said that it has no network.
    Offline,
    /// The device said that it has one.
    Network,
    /// So many messages were missed and have been fetched.
    Missed,
    /// Frames were lost on a link that looked alive.
    Lost,
    /// So many messages were on their way when the link went, and are said
    /// again, or are of unknown fate where that would double them.
    OnTheirWay,
    /// The device's storage failed.
    Storage,
    /// The stay ended: nothing is tried until the person acts.
    Ended,
    /// The one link of all tabs has moved to another tab, or to this one.
    Moved,
    /// The server keeps another log than the one that was shown, or less of it:
    /// it is read anew.
    Restored,
}

/// What happened, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Story(VecDeque<Note>);

impl Session {
    /// What happened to the connection in the last hour, oldest first.
    pub fn story(&self) -> impl Iterator<Item = &Note> {
        self.story.0.iter()
    }

    /// Whether this is what happened last, and now.
    pub(super) fn noted_last(&self, at: Instant, what: What) -> bool {
        let last = self.story.0.back();
        last.is_some_and(|note| note.at == at && note.what == what)
    }

    pub(super) fn note(&mut self, at: Instant, what: What, number: u64) {
        let notes = &mut self.story.0;
        while notes
            .front()
            .is_some_and(|note| notes.len() >= MOST || at.since(note.at) > KEPT_FOR)
        {
            notes.pop_front();
        }
        notes.push_back(Note { at, what, number });
    }
}
