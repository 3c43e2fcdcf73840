//! What the page shows, as signals: the only place that writes any.
//!
//! The core's [`Event`]s come in through [`Model::apply`], what the person does
//! to the page alone (a panel, a scroll) through the small verbs below it.
//! Knows no socket, no document and no language; components read, and dispatch
//! commands.

use std::collections::BTreeMap;

use leptos::prelude::*;
use live::{ArcLive, Follow, Live};
use parlance_core::frame::{Limits, Person};
use parlance_core::ids::ConversationId;
use parlance_core::session::{Banner, Conversation, Durability};
use parlance_core::{Event, Status};

mod announce;
mod line;
pub mod live;
mod room;

pub use announce::{Announcement, Said};
pub use line::Line;
pub use room::{Room, Slot};

/// Everything on the page. A handful of numbers: copy it freely.
#[derive(Clone, Copy)]
pub struct Model {
    status: Live<Status>,
    banner: Live<Option<Banner>>,
    identity: Live<Identity>,
    me: Live<Option<Person>>,
    limits: Live<Limits>,
    conversations: Live<Vec<Entry>>,
    current: Live<Option<ConversationId>>,
    durability: Live<Durability>,
    announcements: Live<Vec<Announcement>>,
    people_shown: Live<bool>,
    rooms: StoredValue<BTreeMap<ConversationId, Room>>,
    /// Rooms are made while some component's effect may be running; they
    /// outlive it, so their signals belong to the model.
    owner: StoredValue<Owner>,
}

/// A conversation in the list.
#[derive(Clone)]
pub struct Entry {
    /// Which.
    pub id: ConversationId,
    /// As it stands: a new last line touches this entry alone.
    pub conversation: ArcLive<Conversation>,
}

/// Whether it is known who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It is, or it has not turned out otherwise.
    Known,
    /// Somebody has to say; the server's words about the last name.
    Needed(Option<String>),
    /// A name was given and not yet answered.
    Joining,
    /// Signed out: nothing is kept, nothing is shown.
    SignedOut,
}

impl Model {
    /// An empty page.
    pub fn new() -> Self {
        let owner = Owner::new();
        owner.clone().with(|| Self {
            status: Live::new(Status::Idle),
            banner: Live::new(None),
            identity: Live::new(Identity::Known),
            me: Live::new(None),
            limits: Live::new(Limits::default()),
            conversations: Live::new(Vec::new()),
            current: Live::new(None),
            durability: Live::new(Durability::Kept),
            announcements: Live::new(Vec::new()),
            people_shown: Live::new(false),
            rooms: StoredValue::new(BTreeMap::new()),
            owner: StoredValue::new(owner),
        })
    }

    /// Shows what the core says.
    pub fn apply(self, event: Event) {
        match event {
            Event::Status(status) => self.on_status(status),
            Event::Banner(banner) => self.banner.set(banner),
            Event::IdentityNeeded { refused } => self.identity.set(Identity::Needed(refused)),
            Event::Me(person) => self.on_me(person),
            Event::Limits(limits) => self.limits.set(limits),
            Event::Conversation(conversation) => self.on_conversation(conversation),
            Event::Current(id) => self.on_current(id),
            Event::Timeline(id, changes) => {
                let shown = self
                    .current
                    .with_untracked(|current| current.as_ref() == Some(&id));
                let said = self.room(&id).replay(changes);
                if shown && !said.is_empty() {
                    self.announcements.update(|all| announce::add(all, said));
                }
            }
            Event::History(id, history) => self.room(&id).on_history(history),
            Event::People(id, people) => self.room(&id).on_people(people),
            Event::Typists(id, typists) => self.room(&id).on_typists(typists),
            Event::Draft(id, text) => self.room(&id).on_draft(text),
            Event::OutboxFull(id, text) => self.room(&id).on_given_back(text),
            Event::Durability(durability) => self.durability.set(durability),
            Event::SignedOut => self.on_signed_out(),
            // For the log, which is the driver's.
            Event::Counted(..) => {}
        }
    }

    /// The person has given a name.
    pub fn joining(self) {
        self.identity.set(Identity::Joining);
    }

    /// Shows or hides the panel of people.
    pub fn show_people(self, shown: bool) {
        self.people_shown.set(shown);
    }

    /// The room of a conversation; an empty one if nothing is known of it.
    pub fn room(self, id: &ConversationId) -> Room {
        if let Some(room) = self.rooms.with_value(|rooms| rooms.get(id).copied()) {
            return room;
        }
        let room = self
            .owner
            .with_value(|owner| owner.with(|| Room::new(id.clone())));
        self.rooms.update_value(|rooms| {
            rooms.insert(id.clone(), room);
        });
        room
    }

    /// The room on show.
    pub fn current_room(self) -> Option<Room> {
        self.current.get().map(|id| self.room(&id))
    }

    /// What is known of a conversation, tracked.
    pub fn conversation(self, id: &ConversationId) -> Option<Conversation> {
        let entry = self.conversations.with(|all| {
            let entry = all.iter().find(|entry| entry.id == *id);
            entry.map(|entry| entry.conversation.clone())
        });
        entry.map(|conversation| conversation.get())
    }

    /// The link's status in one word.
    pub fn status(self) -> Follow<Status> {
        self.status.read_only()
    }

    /// What the connection banner says.
    pub fn banner(self) -> Follow<Option<Banner>> {
        self.banner.read_only()
    }

    /// Whether it is known who is here.
    pub fn identity(self) -> Follow<Identity> {
        self.identity.read_only()
    }

    /// Who I am.
    pub fn me(self) -> Follow<Option<Person>> {
        self.me.read_only()
    }

    /// What may be said.
    pub fn limits(self) -> Follow<Limits> {
        self.limits.read_only()
    }

    /// Every conversation, the one with the newest message first.
    pub fn conversations(self) -> Follow<Vec<Entry>> {
        self.conversations.read_only()
    }

    /// The conversation on show.
    pub fn current(self) -> Follow<Option<ConversationId>> {
        self.current.read_only()
    }

    /// Whether what is unsent survives closing the page.
    pub fn durability(self) -> Follow<Durability> {
        self.durability.read_only()
    }

    /// What a screen reader is to be told, newest last.
    pub fn announcements(self) -> Follow<Vec<Announcement>> {
        self.announcements.read_only()
    }

    /// Whether the panel of people is open.
    pub fn people_shown(self) -> Follow<bool> {
        self.people_shown.read_only()
    }

    fn on_status(self, status: Status) {
        self.status.set(status);
        // A join that found no server goes on by the banner; the form must
        // not stay locked meanwhile.
        let stuck = matches!(status, Status::Waiting | Status::Offline | Status::Ended);
        if stuck
            && self
                .identity
                .with_untracked(|known| *known == Identity::Joining)
        {
            self.identity.set(Identity::Needed(None));
        }
    }

    fn on_conversation(self, conversation: Conversation) {
        let current = self
            .current
            .with_untracked(|current| current.as_ref() == Some(&conversation.id));
        if current {
            self.room(&conversation.id).mark_unread(&conversation);
        }
        let known = self.conversations.with_untracked(|all| {
            let entry = all.iter().find(|entry| entry.id == conversation.id);
            entry.map(|entry| entry.conversation.clone())
        });
        let moved = match known {
            Some(signal) => {
                let before = signal.with_untracked(newest);
                let moved = before != newest(&conversation);
                signal.set(conversation);
                moved
            }
            None => {
                self.conversations.update(|all| {
                    all.push(Entry {
                        id: conversation.id.clone(),
                        conversation: ArcLive::new(conversation),
                    });
                });
                true
            }
        };
        if moved {
            self.conversations.update(|all| {
                all.sort_by_key(|entry| {
                    std::cmp::Reverse(entry.conversation.with_untracked(newest))
                });
            });
        }
    }

    fn on_current(self, id: Option<ConversationId>) {
        if let Some(id) = &id {
            let conversation = self.conversations.with_untracked(|all| {
                let entry = all.iter().find(|entry| entry.id == *id);
                entry.map(|entry| entry.conversation.get_untracked())
            });
            let room = self.room(id);
            room.forget_unread();
            if let Some(conversation) = conversation {
                room.mark_unread(&conversation);
            }
        }
        // The same conversation again must not build the room anew.
        if self.current.with_untracked(|current| *current != id) {
            self.announcements.set(Vec::new());
            self.current.set(id);
        }
    }

    fn on_me(self, person: Person) {
        let before = self.me.get_untracked();
        if before.is_some_and(|before| before.uid != person.uid) {
            // Whoever came before left titles and last lines behind.
            self.forget_talks();
        }
        self.identity.set(Identity::Known);
        self.me.set(Some(person));
    }

    fn on_signed_out(self) {
        self.forget_talks();
        self.me.set(None);
        self.banner.set(None);
        self.identity.set(Identity::SignedOut);
    }

    fn forget_talks(self) {
        self.current.set(None);
        self.conversations.set(Vec::new());
        self.announcements.set(Vec::new());
        self.rooms.update_value(|rooms| {
            for room in rooms.values() {
                room.clear();
            }
            rooms.clear();
        });
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

fn newest(conversation: &Conversation) -> Option<parlance_core::time::UnixMillis> {
    conversation.last.as_ref().and_then(|last| last.at)
}
