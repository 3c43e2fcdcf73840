//! The rows that are in the document, kept in step with those that should be:
//! what stays is not touched, not even moved, so that a video goes on playing
//! and whoever reads keeps the focus.
//!
//! (The framework's own keyed list moves elements when rows come in front, and
//! does its work later; here the next line measures them.) Knows no height and
//! no scroll.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos::tachys::view::any_view::AnyViewState;
use parlance_core::ids::ItemKey;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use super::super::message::message;
use crate::model::{Room, Slot};

/// The rows in the document.
pub(crate) struct Rows {
    room: Room,
    parent: Owner,
    drawn: Vec<Drawn>,
    /// Of rows that went: a parent never forgets a child, so they are used again.
    spare: Vec<Owner>,
}

struct Drawn {
    key: ItemKey,
    element: HtmlElement,
    state: AnyViewState,
    owner: Owner,
}

impl Rows {
    /// None yet. Rows see the contexts of the component that makes this.
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            parent: Owner::current().unwrap_or_default(),
            drawn: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Draws these and no others. Whether anything changed.
    pub(crate) fn draw(&mut self, container: &Element, wanted: &[Slot]) -> bool {
        let same = self.drawn.len() == wanted.len()
            && self
                .drawn
                .iter()
                .zip(wanted)
                .all(|(drawn, slot)| drawn.key == slot.key);
        if same {
            return false;
        }
        let keys: BTreeSet<_> = wanted.iter().map(|slot| slot.key).collect();
        let (stay, go): (Vec<_>, Vec<_>) = self
            .drawn
            .drain(..)
            .partition(|drawn| keys.contains(&drawn.key));
        for drawn in go {
            self.discard(drawn);
        }
        let mut stay: Vec<Option<Drawn>> = stay.into_iter().map(Some).collect();
        let mut cursor = 0;
        for slot in wanted {
            while stay.get(cursor).is_some_and(Option::is_none) {
                cursor += 1;
            }
            let before = stay.get(cursor).and_then(Option::as_ref);
            if before.is_some_and(|drawn| drawn.key == slot.key) {
                self.drawn
                    .extend(stay.get_mut(cursor).and_then(Option::take));
                continue;
            }
            let marker = before.map(|drawn| drawn.element.clone());
            let marker = marker.as_deref().map(AsRef::as_ref);
            let moved = stay
                .iter_mut()
                .find(|drawn| drawn.as_ref().is_some_and(|drawn| drawn.key == slot.key))
                .and_then(Option::take);
            let mut drawn = match moved {
                Some(drawn) => Some(drawn),
                None => self.build(slot),
            };
            if let Some(drawn) = &mut drawn {
                drawn.state.mount(container, marker);
            }
            self.drawn.extend(drawn);
        }
        true
    }

    /// Their keys and elements, from the top.
    pub(crate) fn drawn(&self) -> impl DoubleEndedIterator<Item = (ItemKey, &HtmlElement)> {
        self.drawn.iter().map(|drawn| (drawn.key, &drawn.element))
    }

    fn build(&mut self, slot: &Slot) -> Option<Drawn> {
        let owner = self.spare.pop().unwrap_or_else(|| self.parent.child());
        let state = owner.with(|| message(self.room, slot.clone()).build());
        let element = state.elements().into_iter().next()?.dyn_into().ok()?;
        Some(Drawn {
            key: slot.key,
            element,
            state,
            owner,
        })
    }

    fn discard(&mut self, mut drawn: Drawn) {
        drawn.state.unmount();
        drop(drawn.state);
        drawn.owner.cleanup();
        self.spare.push(drawn.owner);
    }
}
