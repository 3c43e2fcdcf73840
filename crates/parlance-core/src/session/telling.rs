//! After each input: sends what may go, asks for what is wanted, and tells the
//! page what changed, once. Compares with what was told before, so that
//! nothing is said twice.

use crate::TYPING;
use crate::map::Map;

use super::phase::Phase;
use super::{
    BANNER_AFTER, Banner, Conversation as Summary, Durability, Event, HistoryState, Session,
    Status, Target,
};
use crate::ids::ConversationId;
use crate::time::Instant;

/// What the page was told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    status: Option<Status>,
    banner: Option<Banner>,
    pub(super) conversations: Map<ConversationId, ToldConversation>,
}

#[derive(Debug, Default)]
pub(super) struct ToldConversation {
    summary: Option<Summary>,
    history: HistoryState,
}

impl Session {
    /// The end of every input.
    pub(super) fn settle(&mut self, now: Instant) {
        self.hand_over(now);
        self.ask_for_pages(now);
        let touched = std::mem::take(&mut self.touched);
        for id in touched {
            self.tell_conversation(&id);
        }
        let status = self.status();
        if self.told.status != Some(status) {
            self.told.status = Some(status);
            self.tell(Event::Status(status));
        }
        self.tell_banner(now);
    }

    fn tell_conversation(&mut self, id: &ConversationId) {
        let deliveries = self.outbox.deliveries(id);
        let title = self.title_of(id);
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        conversation.set_deliveries(deliveries);
        conversation.offer_missing();
        let changes = conversation.timeline.take_changes();
        let history = conversation.history_state();
        let summary = Summary {
            id: id.clone(),
            title,
            avatar: conversation.avatar.clone(),
            unread: conversation.unread,
            read: conversation.read,
            talk: conversation.talk,
            last: conversation.last.clone(),
        };
        let told = self.told.conversations.get_or_default(id.clone());
        let mut events = Vec::new();
        if told.summary.as_ref() != Some(&summary) {
            told.summary = Some(summary.clone());
            events.push(Event::Conversation(summary));
        }
        if !changes.is_empty() {
            events.push(Event::Timeline(id.clone(), changes));
        }
        if told.history != history {
            told.history = history;
            events.push(Event::History(id.clone(), history));
        }
        for event in events {
            self.tell(event);
        }
    }

    fn title_of(&self, id: &ConversationId) -> String {
        let known = self.conversations.get(id).and_then(|it| it.title.clone());
        known.unwrap_or_else(|| match (id, &self.target) {
            (ConversationId::Room(name), _) => name.clone(),
            (ConversationId::Pair(one, other), Target::Person(uid, Some(name)))
                if uid == one || uid == other =>
            {
                name.clone()
            }
            (ConversationId::Pair(one, other), _) => match self.uid() {
                Some(me) if me == one => other.to_string(),
                _ => one.to_string(),
            },
        })
    }

    /// Where the banner is due although nobody has said anything yet.
    pub(super) fn banner_due(&self) -> Option<Instant> {
        let since = self.trouble_since?;
        let shown = self.told.banner.is_some();
        (!shown).then(|| since + BANNER_AFTER)
    }

    pub(super) fn on_banner_due(&mut self, now: Instant) {
        self.tell_banner(now);
        if self.told.banner.is_none() {
            // Nothing to say in this phase: do not look again at once.
            self.trouble_since = None;
        }
    }

    fn tell_banner(&mut self, now: Instant) {
        let status = self.status();
        let old_enough = self
            .trouble_since
            .is_some_and(|since| now.since(since) >= BANNER_AFTER);
        let banner = match &self.phase {
            Phase::Ended(reason) => Some(Banner {
                status,
                retry_at: None,
                end: Some(reason.clone()),
            }),
            Phase::Waiting(waiting) if old_enough => Some(Banner {
                status,
                retry_at: Some(waiting.until),
                end: None,
            }),
            Phase::Connecting(_) | Phase::Greeting(_) if old_enough => Some(Banner {
                status,
                retry_at: None,
                end: None,
            }),
            Phase::Idle(_)
            | Phase::Connecting(_)
            | Phase::Greeting(_)
            | Phase::Online(_)
            | Phase::Waiting(_)
            | Phase::Suspended(_) => None,
        };
        if self.told.banner != banner {
            self.told.banner.clone_from(&banner);
            self.tell(Event::Banner(banner));
        }
    }

    pub(super) fn tell_typists(&mut self, id: &ConversationId) {
        if let Some(conversation) = self.conversations.get(id).filter(|_| TYPING) {
            let typists = conversation.presence.typists();
            self.tell(Event::Typists(id.clone(), typists));
        }
    }

    pub(super) fn tell_people(&mut self, id: &ConversationId) {
        if let Some(conversation) = self.conversations.get(id) {
            let people = conversation.presence.people();
            self.tell(Event::People(id.clone(), people));
        }
    }

    pub(super) fn set_durability(&mut self, durability: Durability) {
        if self.durability != durability {
            self.durability = durability;
            self.tell(Event::Durability(durability));
        }
    }

    pub(super) fn set_current(&mut self, current: Option<ConversationId>) {
        if self.current != current {
            self.current.clone_from(&current);
            self.tell(Event::Current(current));
        }
    }
}
