//! The server's log is another one than was shown: it was restored from a
//! backup, or begun anew. It is read again, and what of mine it lacks is
//! offered: to be said again under the same id, so that a server which has it
//! after all stores nothing twice, or to be given up.
//!
//! In this page's memory alone: the device keeps nothing of what was proved.

use super::{Event, Session, What};
use crate::ids::{ConversationId, ItemKey};
use crate::outbox::Draft;
use crate::time::{Instant, UnixMillis, whole_millis};

impl Session {
    /// Every log is to be read anew.
    pub(super) fn forget_logs(&mut self, now: Instant) {
        for (id, conversation) in &mut self.conversations {
            conversation.forget_log();
            self.touched.insert(id.clone());
        }
        self.tell_restored(now);
        // Another page may know it already, and say something again.
        self.look_at_device();
    }

    /// Says so, once for all conversations that it happens to in one moment.
    pub(super) fn tell_restored(&mut self, now: Instant) {
        if !self.noted_last(now, What::Restored) {
            self.note(now, What::Restored, 0);
            self.tell(Event::Restored);
        }
    }

    /// Whether this is the row of a message that the server has no longer.
    pub(super) fn is_missing(&self, id: &ConversationId, key: ItemKey) -> bool {
        let conversation = self.conversations.get(id);
        conversation.is_some_and(|it| it.timeline.missing(key).is_some())
    }

    /// Says one again that the server has no longer.
    pub(super) fn say_again(&mut self, now: Instant, id: &ConversationId, key: ItemKey) {
        let conversation = self.conversations.get(id);
        let item = conversation.and_then(|it| it.timeline.missing(key).cloned());
        // The device may be keeping it already.
        let Some(item) = item.filter(|_| self.outbox.find_key(key).is_none()) else {
            return;
        };
        if !self.outbox.has_room_for(&item.content) {
            // Its words stay where they are.
            return self.tell(Event::OutboxFull(id.clone(), String::new()));
        }
        // It is said now, or it would be too old to go unasked.
        let said_at = self.wall.map_or(item.at, |(then, wall)| {
            let since = i64::try_from(whole_millis(now.since(then))).unwrap_or_default();
            Some(UnixMillis(wall.0.saturating_add(since)))
        });
        let draft = Draft {
            // One that was said on another way in has none.
            client_id: item.client_id.unwrap_or_else(|| self.next_client_id()),
            conversation: id.clone(),
            content: item.content,
            said_at: said_at.unwrap_or(UnixMillis(0)),
            order: 0,
            handed_over: false,
            after: None,
            again: self.epoch.clone(),
        };
        self.say_in_row(now, key, draft);
    }

    /// Gives one up that the server has no longer.
    pub(super) fn remove_missing(&mut self, id: ConversationId, key: ItemKey) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation
                .timeline
                .remove_missing(&|item| item.key == key);
            self.touched.insert(id);
        }
    }
}
