//! The rows that are in the document, by their keys.
//!
//! They are drawn at once, and not when the page comes to it: the next line
//! measures them. Knows no height and no scroll.

use parlance_core::ids::ItemKey;
use web_sys::{Element, HtmlElement};

use super::super::message::message;
use crate::dom;
use crate::model::{Room, Slot};

/// The rows in the document.
pub(crate) struct Rows {
    room: Room,
    rows: dom::Rows,
    keys: Vec<ItemKey>,
}

impl Rows {
    /// None yet. Rows see the contexts of the component that makes this.
    pub(crate) fn new(room: Room, container: Element) -> Self {
        Self {
            room,
            rows: dom::Rows::new(container),
            keys: Vec::new(),
        }
    }

    /// Draws these and no others. Whether anything changed.
    pub(crate) fn draw(&mut self, wanted: &[Slot]) -> bool {
        let keys: Vec<ItemKey> = wanted.iter().map(|slot| slot.key).collect();
        let room = self.room;
        let changed = self
            .rows
            .step(&keys, &self.keys, |index| message(room, &wanted[index]));
        self.keys = keys;
        changed
    }

    /// Their keys and elements, from the top.
    pub(crate) fn drawn(&self) -> impl DoubleEndedIterator<Item = (ItemKey, &HtmlElement)> {
        self.keys.iter().copied().zip(self.rows.drawn())
    }
}
