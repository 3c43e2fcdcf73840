//! The server's log is another one than was shown: it was restored from a
//! backup, or begun anew. It is read again, and what of mine it lacks is
//! offered: to be said again under the same id, so that a server which has it
//! after all stores nothing twice, or to be given up.
//!
//! In this page's memory alone: the device keeps nothing of what was proved.

use super::{Event, Session, What};
use crate::NUMBERED;
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
        if NUMBERED && !self.noted_last(now, What::Restored) {
            self.note(now, What::Restored, 0);
            self.tell(Event::Restored);
        }
    }

    /// Whether this is the row of a message that the server has no longer.
    pub(super) fn is_missing(&self, id: &ConversationId, key: ItemKey) -> bool {
        let conversation = self.conversations.get(id);
        NUMBERED && conversation.is_some_and(|it| it.timeline.missing(key).is_some())
    }

    /// Says one again that the server has no longer.
    pub(super) fn say_again(&mut self, now: Instant, id: &ConversationId, key: ItemKey) {
        let conversation = self.conversations.get(id);
        let item = conversation.and_then(|it| it.timeline.missing(key).cloned());
        let Some(item) = item else { return };
        // One that was said on another way in has no id of mine.
        let client_id = item.client_id.unwrap_or_else(|| self.next_client_id());
        if self.outbox.find(&client_id).is_some() {
            // The device is keeping it already.
            return;
        }
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
            client_id: client_id.clone(),
            conversation: id.clone(),
            content: item.content,
            said_at: said_at.unwrap_or(UnixMillis(0)),
            order: 0,
            handed_over: false,
            after: None,
            again: self.epoch.clone(),
        };
        if let Some(conversation) = self.conversations.get_mut(id) {
            let timeline = &mut conversation.timeline;
            timeline.update_missing(key, |item| item.client_id = Some(client_id));
            self.touched.insert(id.clone());
        }
        // It goes to the end, in another row, as anything that is said.
        let key = self.next_key();
        self.say_in_row(now, key, draft);
    }

    /// Gives one up that the server has no longer.
    pub(super) fn remove_missing(&mut self, id: ConversationId, key: ItemKey) {
        let conversation = self.conversations.get_mut(&id);
        let item = conversation.and_then(|it| it.timeline.remove_missing(&|it| it.key == key));
        let client_id = item.and_then(|item| item.client_id);
        // The device may be keeping it, to say it again.
        let entry = client_id.and_then(|client_id| self.outbox.find(&client_id));
        if let Some(key) = entry.map(|entry| entry.key) {
            self.delete(key);
        }
        self.touched.insert(id);
    }
}
