//! What the page shows, as signals: the only place that writes any.
//!
//! The core's [`Event`]s come in through [`Model::apply`], what the person does
//! to the page alone (a panel, a scroll) through the small verbs below it.
//! Knows no socket, no document and no language; components read, and dispatch
//! commands.

use std::cell::RefCell;
use std::rc::Rc;

use parlance_core::frame::{Limits, Person};
use parlance_core::ids::ConversationId;
use parlance_core::session::{Banner, Conversation, Durability};
use parlance_core::time::UnixMillis;
use parlance_core::{Event, Status};

use self::live::Live;

mod announce;
mod line;
pub mod live;
mod room;

pub use announce::{Announcement, Said};
pub use line::Line;
pub use room::{Room, Slot};

/// Everything on the page. An address: copy it freely. What it leads to is
/// made once and stays as long as the page, so that no closure has to hold it.
#[derive(Clone, Copy)]
pub struct Model(&'static Signals);

struct Signals {
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
    story_shown: Live<bool>,
    restored: Live<bool>,
    link: Live<Option<String>>,
    rooms: RefCell<Vec<Room>>,
}

/// A conversation in the list.
#[derive(Clone)]
pub struct Entry {
    /// Which.
    pub id: ConversationId,
    /// As it stands: a new last line touches this entry alone.
    pub conversation: Rc<Live<Conversation>>,
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
        Self(Box::leak(Box::new(Signals {
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
            story_shown: Live::new(false),
            restored: Live::new(false),
            link: Live::new(None),
            rooms: RefCell::new(Vec::new()),
        })))
    }

    /// Shows what the core says.
    pub fn apply(self, event: Event) {
        match event {
            Event::Status(status) => self.on_status(status),
            Event::Banner(banner) => self.0.banner.set(banner),
            Event::IdentityNeeded { refused } => self.0.identity.set(Identity::Needed(refused)),
            Event::Me(person) => self.on_me(person),
            Event::Limits(limits) => self.0.limits.set(limits),
            Event::Conversation(conversation) => self.on_conversation(conversation),
            Event::Current(id) => self.on_current(id),
            Event::Timeline(id, changes) => {
                let said = self.room(&id).replay(changes);
                if self.shows(&id) && !said.is_empty() {
                    self.0.announcements.update(|all| announce::add(all, said));
                }
            }
            Event::History(id, history) => self.room(&id).on_history(history),
            Event::People(id, people) => self.room(&id).on_people(people),
            Event::Typists(id, typists) => self.room(&id).on_typists(typists),
            Event::Draft(id, text) => self.room(&id).on_draft(text),
            Event::OutboxFull(id, text) => self.room(&id).on_given_back(text),
            Event::Durability(durability) => self.0.durability.set(durability),
            Event::Restored => self.0.restored.set(true),
            Event::SignedOut => self.on_signed_out(),
            // For the log, which is the driver's.
            Event::Counted(..) => {}
        }
    }

    /// The person has given a name.
    pub fn joining(self) {
        self.0.identity.set(Identity::Joining);
    }

    /// Shows the story of the connection.
    pub fn show_story(self) {
        self.0.story_shown.set(true);
    }

    /// Asks about following this link.
    pub fn ask_about(self, link: String) {
        self.0.link.set(Some(link));
    }

    /// Hides the story, or what was asked about a link.
    pub fn close_sheet(self) {
        self.0.link.set(None);
        self.0.story_shown.set(false);
    }

    /// Shows or hides the panel of people.
    pub fn show_people(self, shown: bool) {
        self.0.people_shown.set(shown);
    }

    /// The room of a conversation; an empty one if nothing is known of it.
    pub fn room(self, id: &ConversationId) -> Room {
        let mut rooms = self.0.rooms.borrow_mut();
        let known = rooms.iter().find(|room| room.id() == id).copied();
        known.unwrap_or_else(|| {
            let room = Room::new(id.clone());
            rooms.push(room);
            room
        })
    }

    /// The room on show, tracked.
    pub fn current_room(self) -> Option<Room> {
        let current = self.0.current.look();
        current.as_ref().map(|id| self.room(id))
    }

    /// What is known of a conversation, tracked.
    pub fn conversation(self, id: &ConversationId) -> Option<Rc<Live<Conversation>>> {
        self.0.conversations.track();
        self.find(id)
    }

    /// The link's status in one word.
    pub fn status(self) -> &'static Live<Status> {
        &self.0.status
    }

    /// What the connection banner says.
    pub fn banner(self) -> &'static Live<Option<Banner>> {
        &self.0.banner
    }

    /// Whether it is known who is here.
    pub fn identity(self) -> &'static Live<Identity> {
        &self.0.identity
    }

    /// Who I am.
    pub fn me(self) -> &'static Live<Option<Person>> {
        &self.0.me
    }

    /// What may be said.
    pub fn limits(self) -> &'static Live<Limits> {
        &self.0.limits
    }

    /// Every conversation, the one with the newest message first.
    pub fn conversations(self) -> &'static Live<Vec<Entry>> {
        &self.0.conversations
    }

    /// The conversation on show.
    pub fn current(self) -> &'static Live<Option<ConversationId>> {
        &self.0.current
    }

    /// Whether what is unsent survives closing the page.
    pub fn durability(self) -> &'static Live<Durability> {
        &self.0.durability
    }

    /// What a screen reader is to be told, newest last.
    pub fn announcements(self) -> &'static Live<Vec<Announcement>> {
        &self.0.announcements
    }

    /// Whether the story of the connection is on show.
    pub fn story_shown(self) -> &'static Live<bool> {
        &self.0.story_shown
    }

    /// Whether the person is to be told that the history has changed.
    pub fn restored(self) -> &'static Live<bool> {
        &self.0.restored
    }

    /// They have been.
    pub fn knows_restored(self) {
        self.0.restored.set(false);
    }

    /// The link that is asked about.
    pub fn link(self) -> &'static Live<Option<String>> {
        &self.0.link
    }

    /// Whether the panel of people is open.
    pub fn people_shown(self) -> &'static Live<bool> {
        &self.0.people_shown
    }

    fn find(self, id: &ConversationId) -> Option<Rc<Live<Conversation>>> {
        let all = self.0.conversations.glance();
        let entry = all.iter().find(|entry| entry.id == *id);
        entry.map(|entry| entry.conversation.clone())
    }

    fn shows(self, id: &ConversationId) -> bool {
        self.0.current.glance().as_ref() == Some(id)
    }

    fn on_status(self, status: Status) {
        self.0.status.set(status);
        // A join that found no server goes on by the banner; the form must
        // not stay locked meanwhile.
        let stuck = matches!(status, Status::Waiting | Status::Offline | Status::Ended);
        if stuck && *self.0.identity.glance() == Identity::Joining {
            self.0.identity.set(Identity::Needed(None));
        }
    }

    fn on_conversation(self, conversation: Conversation) {
        if self.shows(&conversation.id) {
            self.room(&conversation.id).mark_unread(&conversation);
        }
        let before = self.find(&conversation.id);
        if let Some(known) = &before {
            let moved = newest(&known.glance()) != newest(&conversation);
            known.set(conversation);
            if !moved {
                return;
            }
            let id = known.glance().id.clone();
            self.0.conversations.update(|all| put_in_order(all, &id));
        } else {
            let id = conversation.id.clone();
            self.0.conversations.update(|all| {
                all.push(Entry {
                    id: id.clone(),
                    conversation: Rc::new(Live::new(conversation)),
                });
                put_in_order(all, &id);
            });
        }
    }

    fn on_current(self, id: Option<ConversationId>) {
        if let Some(id) = &id {
            let room = self.room(id);
            room.forget_unread();
            if let Some(conversation) = self.find(id) {
                room.mark_unread(&conversation.glance());
            }
        }
        // The same conversation again must not build the room anew.
        if *self.0.current.glance() != id {
            self.0.announcements.set(Vec::new());
            self.0.current.set(id);
        }
    }

    fn on_me(self, person: Person) {
        let before = self.0.me.get_untracked();
        if before.is_some_and(|before| before.uid != person.uid) {
            // Whoever came before left titles and last lines behind.
            self.forget_talks();
        }
        self.0.identity.set(Identity::Known);
        self.0.me.set(Some(person));
    }

    fn on_signed_out(self) {
        self.forget_talks();
        self.knows_restored();
        self.0.me.set(None);
        self.0.banner.set(None);
        self.0.identity.set(Identity::SignedOut);
    }

    fn forget_talks(self) {
        self.0.current.set(None);
        self.0.conversations.set(Vec::new());
        self.0.announcements.set(Vec::new());
        for room in self.0.rooms.take() {
            room.clear();
        }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

fn newest(conversation: &Conversation) -> Option<UnixMillis> {
    conversation.last.as_ref().and_then(|last| last.at)
}

/// Puts the one entry that is out of its order in its place, the newest first;
/// of the same age, those that were above it stay above.
fn put_in_order(all: &mut Vec<Entry>, id: &ConversationId) {
    let Some(from) = all.iter().position(|entry| entry.id == *id) else {
        return;
    };
    let entry = all.remove(from);
    let age = newest(&entry.conversation.glance());
    let is_above = |(index, other): &(usize, &Entry)| {
        let other = newest(&other.conversation.glance());
        other > age || other == age && *index < from
    };
    let to = all.iter().enumerate().filter(is_above).count();
    all.insert(to, entry);
}
