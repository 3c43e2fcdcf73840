//! What waits for one link: which conversations got further, and what
//! happened in them. Bounded, whatever the link does.
//!
//! Messages are not in it: a link reads those from the store from where it
//! stopped, so a slow reader costs a cursor and not a queue.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use parlance_core::close;
use parlance_core::ids::ConversationId;
use tokio::sync::Notify;

use crate::encode::Told;
use crate::lock;

/// Notices that may wait. A room tells at most 500 people's comings, so a
/// reader that is behind by more does not read.
const NOTICES: usize = 1024;

/// A room's number, in this process.
pub(crate) type RoomNumber = u64;

/// What a link must be told, besides messages.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// What is told everybody alike.
    Frame(Arc<Told>),
    /// This person, on whichever link, is now in this conversation.
    Joined(ConversationId),
    /// The people of this conversation are others now.
    Roster(ConversationId),
    /// A request of this person asks their links of one gateway for something.
    /// What it means is that gateway's.
    Nudge(Nudge),
}

/// What one way in asks of the links that came the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nudge {
    /// The gateway, by its name.
    pub(crate) gateway: &'static str,
    /// What for, in a word of its own.
    pub(crate) what: &'static str,
}

/// Why the server ends a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    /// The code, from `parlance_core::close`.
    pub(crate) code: u16,
    /// The reason: empty, or `retry=MS`.
    pub(crate) reason: String,
    /// Say goodbye first: come back after so many milliseconds.
    pub(crate) bye: Option<u64>,
}

impl Closing {
    /// With this code and nothing to add.
    pub(crate) fn with(code: u16) -> Self {
        Self {
            code,
            reason: String::new(),
            bye: None,
        }
    }

    /// With this code; come back after so many milliseconds.
    pub(crate) fn retry(code: u16, millis: u64) -> Self {
        Self {
            code,
            reason: format!("retry={millis}"),
            bye: None,
        }
    }
}

/// What has gathered since the last look.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Rooms that got further.
    pub(crate) rooms: HashSet<RoomNumber>,
    /// What happened, in order.
    pub(crate) notices: VecDeque<Notice>,
    /// How far people have read: of each only the furthest is of interest.
    pub(crate) reads: BTreeMap<(String, String), u64>,
    /// The end.
    pub(crate) closing: Option<Closing>,
}

/// The mailbox of one link.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    // Held for a push or a swap, never across an await.
    gathered: Mutex<Gathered>,
    // Wakes the link's task.
    something: Notify,
    // Wakes it even while it waits for a slow reader.
    ending: Notify,
}

impl Mailbox {
    /// A room got further.
    pub(crate) fn room(&self, number: RoomNumber) {
        let news = lock(&self.gathered).rooms.insert(number);
        if news {
            self.something.notify_one();
        }
    }

    /// Something happened. A link that lets too much gather is closed.
    pub(crate) fn notice(&self, notice: Notice) {
        let full = {
            let mut gathered = lock(&self.gathered);
            gathered.notices.push_back(notice);
            gathered.notices.len() > NOTICES
        };
        if full {
            self.close(Closing::with(close::SLOW));
        } else {
            self.something.notify_one();
        }
    }

    /// Somebody has read up to here.
    pub(crate) fn read(&self, conversation: &str, uid: &str, seq: u64) {
        let key = (conversation.to_owned(), uid.to_owned());
        let full = {
            let mut gathered = lock(&self.gathered);
            let upto = gathered.reads.entry(key).or_default();
            *upto = seq.max(*upto);
            gathered.reads.len() > NOTICES
        };
        if full {
            self.close(Closing::with(close::SLOW));
        } else {
            self.something.notify_one();
        }
    }

    /// The link ends. The first reason counts.
    pub(crate) fn close(&self, closing: Closing) {
        {
            let mut gathered = lock(&self.gathered);
            gathered.closing.get_or_insert(closing);
            // Nobody will read them.
            gathered.notices.clear();
            gathered.reads.clear();
        }
        self.something.notify_one();
        self.ending.notify_one();
    }

    /// Takes everything that has gathered.
    pub(crate) fn take(&self) -> Gathered {
        let mut gathered = lock(&self.gathered);
        let closing = gathered.closing.clone();
        std::mem::replace(
            &mut *gathered,
            Gathered {
                closing,
                ..Gathered::default()
            },
        )
    }

    /// Why the link ends, if it does.
    pub(crate) fn closing(&self) -> Option<Closing> {
        lock(&self.gathered).closing.clone()
    }

    /// Waits until there is something. May also wake for nothing.
    pub(crate) async fn something(&self) {
        self.something.notified().await;
    }

    /// Waits until the link must end.
    pub(crate) async fn ending(&self) {
        while self.closing().is_none() {
            self.ending.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::dialect::native::wire;

    use super::*;

    fn notice() -> Notice {
        Notice::Frame(Arc::new(Told::new(wire::Server::Bye { retry_ms: 0 })))
    }

    #[test]
    fn a_mailbox_that_overflows_closes_its_link_and_holds_nothing() {
        let mailbox = Mailbox::default();
        for _ in 0..NOTICES {
            mailbox.notice(notice());
        }
        assert_eq!(mailbox.closing(), None);
        mailbox.notice(notice());
        assert_eq!(mailbox.closing(), Some(Closing::with(close::SLOW)));
        assert!(mailbox.take().notices.is_empty());
    }

    #[test]
    fn hints_and_receipts_do_not_pile_up() {
        let mailbox = Mailbox::default();
        for seq in 1..=10_000 {
            mailbox.room(7);
            mailbox.read("room:lobby", "bob", seq);
        }
        let gathered = mailbox.take();
        assert_eq!(gathered.rooms.len(), 1);
        assert_eq!(gathered.reads.into_values().collect::<Vec<_>>(), [10_000]);
        assert_eq!(gathered.closing, None);
    }

    #[test]
    fn the_first_reason_counts() {
        let mailbox = Mailbox::default();
        mailbox.close(Closing::with(close::SIGNED_OUT));
        mailbox.close(Closing::with(close::RESTART));
        assert_eq!(
            mailbox.take().closing,
            Some(Closing::with(close::SIGNED_OUT))
        );
        assert!(mailbox.closing().is_some(), "it stays");
    }
}
