//! What was said and is not yet acknowledged: per conversation a queue in the
//! order of saying, of which only the head is ever on its way. A head that was
//! refused for good blocks those behind it until somebody decides, and only
//! those of its own conversation.
//!
//! Does not send and does not store: it says what is to be sent next, and how
//! a row is written down. Knows no links.

use crate::map::Map;
use std::time::Duration;

use crate::content::Content;
use crate::dialect::Resend;
use crate::ids::{ClientId, ConversationId, Epoch, ItemKey, MessageId, SaveId, Uid};
use crate::planted::{Bug, planted};
use crate::time::{Instant, UnixMillis};
use crate::timeline::{Delivery, Failure, Queued};

mod record;

/// At most so many unsent messages of one person.
pub const MOST_ENTRIES: usize = 500;
/// At most so many bytes of them.
pub const MOST_BYTES: usize = 5 * 1024 * 1024;
/// What is older is not sent without asking.
pub const ASK_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything unsent of one person on this device.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// By the order of saying.
    entries: Map<u64, Entry>,
    bytes: usize,
}

/// One unsent message.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the device keeps of it.
    pub draft: Draft,
    /// Its row.
    pub key: ItemKey,
    /// Where it stands.
    pub state: State,
    /// Whether the device has kept it.
    pub kept: Kept,
    /// What it weighs against the bound on all of them.
    pub bytes: usize,
}

/// Where an unsent message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The device is keeping it; not shown (or, with other words, not queued
    /// again) before that is done, or taken too long.
    Saving(Instant),
    /// It waits for its turn, or for the link.
    Queued,
    /// The server asked to say it again, not before then.
    Delayed(Instant),
    /// Its turn has come, and the device is asked whether this page may hand it
    /// over: another may be doing that. Where saying it twice would double it,
    /// the device also notes that it goes, for a page that dies now must know
    /// that it may have been said.
    Taking(Instant),
    /// It has been handed over.
    InFlight(InFlight),
    /// It has been handed over to a backend that never confirms.
    Given(InFlight),
    /// It has been handed over, and may or may not have arrived.
    Unknown,
    /// Refused for good.
    Wedged(Failure),
    /// Too old to be sent without asking.
    Asking,
    /// The device no longer keeps it: another page has seen it through, or has
    /// given it up. Its proof has until then to come here.
    Elsewhere(Instant),
}

/// A message that has been handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// When.
    pub since: Instant,
    /// When its proof should have come, or when it has been alive long enough.
    pub deadline: Instant,
    /// How it went.
    pub via: Via,
}

/// How a message was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// On the link, whose end makes it unknown.
    Link,
    /// By a request, which has an answer of its own.
    Request,
}

/// Whether the device has kept a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Not yet: this write is under way.
    Saving(SaveId),
    /// Yes.
    Yes,
    /// No: it is lost when the page closes.
    No,
}

impl Outbox {
    /// Whether one more of this size fits.
    pub fn has_room_for(&self, content: &Content) -> bool {
        self.entries.len() < MOST_ENTRIES && self.bytes + weight(content) <= MOST_BYTES
    }

    /// Adds one at its place.
    pub fn add(&mut self, draft: Draft, key: ItemKey, state: State, kept: Kept) {
        let bytes = weight(&draft.content);
        self.bytes += bytes;
        self.entries.insert(
            draft.order,
            Entry {
                draft,
                key,
                state,
                kept,
                bytes,
            },
        );
    }

    /// Takes one out.
    pub fn remove(&mut self, client_id: &ClientId) -> Option<Entry> {
        let order = self.find(client_id)?.draft.order;
        let entry = self.entries.remove(&order)?;
        self.bytes -= entry.bytes;
        Some(entry)
    }

    /// Gives one other words, under an id of their own, in the same place.
    pub fn reword(&mut self, client_id: &ClientId, fresh: ClientId, content: Content) {
        let Some(entry) = self.find_mut(client_id) else {
            return;
        };
        let before = std::mem::replace(&mut entry.bytes, weight(&content));
        let after = entry.bytes;
        entry.draft.client_id = fresh;
        entry.draft.again = None;
        entry.draft.content = content;
        self.bytes = self.bytes - before + after;
    }

    /// Whether other words of this size fit in the place of these.
    pub fn has_room_instead(&self, entry: &Entry, content: &Content) -> bool {
        self.bytes - entry.bytes + weight(content) <= MOST_BYTES
    }

    /// Puts everything behind this order, as it stands. What moves is to be
    /// kept anew.
    pub fn move_behind(&mut self, order: u64) {
        let mut last = order;
        for (_, mut entry) in std::mem::take(&mut self.entries) {
            last = entry.draft.order.max(last.saturating_add(1));
            if entry.draft.order != last {
                entry.draft.order = last;
                entry.kept = Kept::No;
            }
            self.entries.insert(last, entry);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// The one with this id.
    pub fn find(&self, client_id: &ClientId) -> Option<&Entry> {
        self.entries
            .values()
            .find(|entry| entry.draft.client_id == *client_id)
    }

    /// The one with this id, to change it.
    pub fn find_mut(&mut self, client_id: &ClientId) -> Option<&mut Entry> {
        self.entries
            .values_mut()
            .find(|entry| entry.draft.client_id == *client_id)
    }

    /// The one with this row.
    pub fn find_key(&self, key: ItemKey) -> Option<&Entry> {
        self.entries.values().find(|entry| entry.key == key)
    }

    /// All, in the order of saying.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// All, to change them.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut()
    }

    /// Whether nothing is unsent.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The order after the last.
    pub fn next_order(&self) -> u64 {
        self.entries
            .last_key_value()
            .map_or(1, |(order, _)| order + 1)
    }

    /// The head of each conversation's queue that may be handed over now.
    pub fn ready(&self, now: Instant) -> Vec<&Entry> {
        // What the device kept may come after something was handed over, and
        // in front of it.
        let flying = |entry: &&Entry| matches!(entry.state, State::InFlight(_) | State::Taking(_));
        let flying = self.entries.values().filter(flying);
        let mut seen: Vec<_> = flying.map(|entry| &entry.draft.conversation).collect();
        let mut ready = Vec::new();
        for entry in self.entries.values() {
            let conversation = &entry.draft.conversation;
            // What may have arrived does not keep the next from going.
            let over = matches!(
                entry.state,
                State::Given(_) | State::Unknown | State::Elsewhere(_)
            ) || (planted(Bug::WedgeSkipped) && matches!(entry.state, State::Wedged(_)));
            if over || seen.contains(&conversation) {
                continue;
            }
            seen.push(conversation);
            match entry.state {
                State::Queued => ready.push(entry),
                State::Delayed(until) if until <= now => ready.push(entry),
                State::Delayed(_)
                | State::Saving(_)
                | State::Taking(_)
                | State::InFlight(_)
                | State::Given(_)
                | State::Unknown
                | State::Wedged(_)
                | State::Asking
                | State::Elsewhere(_) => {}
            }
        }
        ready
    }

    /// The link is gone: what was on its way will be said again, under the
    /// same id, where that is harmless; elsewhere nobody knows whether it
    /// arrived. Says how many those are.
    pub fn on_link_lost(&mut self, resend: Resend) -> u64 {
        let mut count = 0;
        for entry in self.entries.values_mut() {
            entry.state = match &entry.state {
                State::InFlight(it) if it.via == Via::Link => {
                    count += 1;
                    match resend {
                        Resend::Idempotent => State::Queued,
                        Resend::Doubles => State::Unknown,
                    }
                }
                State::Given(_) => {
                    count += 1;
                    State::Unknown
                }
                State::Taking(_) => State::Queued,
                State::InFlight(_)
                | State::Saving(_)
                | State::Queued
                | State::Delayed(_)
                | State::Unknown
                | State::Wedged(_)
                | State::Asking
                | State::Elsewhere(_) => continue,
            };
        }
        count
    }

    /// Those of a conversation that have been handed over and are not proved,
    /// in the order of saying.
    pub fn unproved(&self, conversation: &ConversationId) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| {
            let over = matches!(
                entry.state,
                State::InFlight(_) | State::Given(_) | State::Unknown
            );
            over && entry.draft.conversation == *conversation
        })
    }

    /// How each message of a conversation stands for its row, in order. One
    /// that the device is keeping has no row yet, or one that stays as it is.
    pub fn deliveries(&self, conversation: &ConversationId) -> Vec<(ClientId, Delivery)> {
        let mut above = Above::Free;
        let mine = self
            .entries
            .values()
            .filter(|entry| entry.draft.conversation == *conversation);
        mine.filter_map(|entry| {
            let waits = match above {
                Above::Free => Queued::Turn,
                Above::Blocked => Queued::MessageAbove,
            };
            let delivery = match &entry.state {
                State::Saving(_) => return None,
                State::Queued | State::Delayed(_) | State::Taking(_) => Delivery::Queued(waits),
                State::InFlight(_) | State::Given(_) | State::Elsewhere(_) => Delivery::Sending,
                State::Unknown => Delivery::Unknown,
                State::Wedged(failure) => Delivery::Failed(failure.clone()),
                State::Asking => Delivery::Queued(Queued::Consent),
            };
            if matches!(entry.state, State::Wedged(_) | State::Asking) {
                above = Above::Blocked;
            }
            Some((entry.draft.client_id.clone(), delivery))
        })
        .collect()
    }

    /// When something is due: a proof, a delay, a write that takes too long.
    pub fn deadline(&self) -> Option<Instant> {
        let due = self.entries.values().filter_map(|entry| match entry.state {
            State::Saving(until)
            | State::Delayed(until)
            | State::Taking(until)
            | State::Elsewhere(until) => Some(until),
            State::InFlight(in_flight) | State::Given(in_flight) => Some(in_flight.deadline),
            State::Queued | State::Unknown | State::Wedged(_) | State::Asking => None,
        });
        due.min()
    }
}

/// Whether a message above blocks those behind it.
#[derive(Clone, Copy)]
enum Above {
    Free,
    Blocked,
}

/// The bytes that a message takes, near enough for a limit.
fn weight(content: &Content) -> usize {
    let raw = match content {
        Content::Unknown(unknown) => unknown.raw.len(),
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::Voice(_)
        | Content::File(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Question(_)
        | Content::Answer(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_) => 0,
    };
    content.text().len() + raw + 256
}

/// What the device keeps of one unsent message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Made once; the same in every attempt.
    pub client_id: ClientId,
    /// Where it goes.
    pub conversation: ConversationId,
    /// What it says.
    pub content: Content,
    /// The device's time when it was said.
    pub said_at: UnixMillis,
    /// Its place among this person's unsent messages on this device.
    pub order: u64,
    /// It may have been handed over, to a backend where saying it again would
    /// double it.
    pub handed_over: bool,
    /// The newest message of the log when it was handed over, where it has an
    /// id: nothing up to that one can be this.
    pub after: Option<MessageId>,
    /// It is said again, because the log of this epoch has it no longer: that
    /// another log has it proves nothing.
    pub again: Option<Epoch>,
}

/// One write to the device's storage: one strict transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Keep this unsent message, and forget the conversation's unfinished text.
    Keep(Uid, Box<Record>),
    /// This one is on the server, or was given up: forget it.
    Forget(Uid, ClientId),
    /// Keep this unfinished text; empty: forget it.
    Unfinished(Uid, ConversationId, String),
    /// Forget everything of this person.
    Wipe(Uid),
}

/// Asks the device, in one transaction, whether this page may hand a message
/// over now. The device keeps whose turn it is: it is this page's if no other
/// has had it within the last [`TURN_LASTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// Whose message.
    pub uid: Uid,
    /// Which.
    pub client_id: ClientId,
    /// What its row becomes with that; `None`: it stays. To be on the disk
    /// before the answer.
    pub note: Option<String>,
}

/// So long a turn lasts after the last message that was handed over in it.
pub const TURN_LASTS: Duration = Duration::from_secs(4);

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This page's. The row is as it stood before; `None`: it is not kept any
    /// longer.
    Mine(Option<String>),
    /// Another page's, for so long if it hands nothing else over.
    Theirs(Duration),
}

/// An unsent message as the device stores it: the key and the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The client id: the row's key within the person's rows.
    pub client_id: ClientId,
    /// Which conversation's unfinished text this replaces.
    pub conversation: ConversationId,
    /// The row as text, to be given back as it is.
    pub value: String,
}

/// What the device had kept for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The values of the unsent messages' rows, in any order.
    pub unsent: Vec<String>,
    /// Unfinished texts, by the conversation's text.
    pub unfinished: Vec<(String, String)>,
}
