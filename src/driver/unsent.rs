//! Whether anything on show is still on its way: for the question before the
//! page is closed, and for nothing else.
//!
//! Mirrors the rows of each conversation as one word, by replaying the same
//! changes that the page replays.

use parlance_core::map::Map;

use parlance_core::Event;
use parlance_core::ids::ConversationId;
use parlance_core::session::Durability;
use parlance_core::timeline::{Change, Delivery, Row};

/// What closing the page would lose.
#[derive(Debug, Default)]
pub struct Unsent {
    rows: Map<ConversationId, Vec<Held>>,
    kept_nowhere: bool,
}

/// Where the words of a row are beside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// On the server, or nobody misses them.
    Elsewhere,
    /// On the device, if it keeps anything.
    Device,
    /// Nowhere: the server has lost them.
    Nowhere,
}

impl Unsent {
    /// Looks at an event on its way to the page.
    pub fn look(&mut self, event: &Event) {
        match event {
            Event::Timeline(conversation, changes) => {
                let rows = self.rows.get_or_default(conversation.clone());
                changes.iter().for_each(|change| replay(rows, change));
            }
            Event::Durability(durability) => {
                self.kept_nowhere = match durability {
                    Durability::Kept => false,
                    Durability::LostOnClose => true,
                };
            }
            Event::SignedOut => self.rows.clear(),
            Event::Status(_)
            | Event::Banner(_)
            | Event::IdentityNeeded { .. }
            | Event::Me(_)
            | Event::Limits(_)
            | Event::Conversation(_)
            | Event::Current(_)
            | Event::History(..)
            | Event::People(..)
            | Event::Typists(..)
            | Event::Draft(..)
            | Event::Restored
            | Event::OutboxFull(..)
            | Event::Counted(..) => {}
        }
    }

    /// Whether closing the page now loses something.
    pub fn would_be_lost(&self) -> bool {
        let mut rows = self.rows.values().flatten();
        rows.any(|held| match held {
            Held::Elsewhere => false,
            Held::Device => self.kept_nowhere,
            Held::Nowhere => true,
        })
    }
}

fn replay(rows: &mut Vec<Held>, change: &Change) {
    match change {
        Change::Insert(index, row, _) => rows.insert((*index).min(rows.len()), held(row)),
        Change::Update(index, row) => {
            if let Some(place) = rows.get_mut(*index) {
                *place = held(row);
            }
        }
        Change::Move(from, to) => {
            if *from < rows.len() {
                let row = rows.remove(*from);
                rows.insert((*to).min(rows.len()), row);
            }
        }
        Change::Remove(index) => {
            if *index < rows.len() {
                rows.remove(*index);
            }
        }
        Change::Reset(all) => *rows = all.iter().map(held).collect(),
    }
}

/// A failed one counts: its words are still only here.
fn held(row: &Row) -> Held {
    let Row::Message(item) = row else {
        return Held::Elsewhere;
    };
    match item.delivery {
        Some(Delivery::Queued(_) | Delivery::Sending | Delivery::Failed(_)) => Held::Device,
        Some(Delivery::Missing(_)) => Held::Nowhere,
        Some(Delivery::Sent | Delivery::Unconfirmed | Delivery::Read | Delivery::Unknown)
        | None => Held::Elsewhere,
    }
}
