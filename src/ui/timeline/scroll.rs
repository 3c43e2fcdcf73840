//! Measures rows, keeps the reader's place, and says what was really seen.
//!
//! One mechanism in every engine: the browser's own scroll anchoring is off.
//! The place is a row and its distance from the top edge; whatever happens
//! above it (history in front, a late image, a guessed height that was wrong),
//! the row is put back at that distance. Knows no message's inside.

use leptos::html::Div;
use leptos::prelude::*;
use parlance_core::Command;
use parlance_core::ids::ItemKey;
use parlance_core::viewport::{NEAR_END, NEAR_TOP, Place};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlElement};

use super::observer;
use crate::driver::Handle;
use crate::model::Room;

/// A scroll position nearer than this to what was set is what was set: the
/// browser rounds to its own pixels.
const SAME: f64 = 1.0;

/// The scrolling of one timeline.
#[derive(Clone, Copy)]
pub(crate) struct Scroll {
    room: Room,
    handle: Handle,
    /// What scrolls.
    pub(crate) scroller: NodeRef<Div>,
    /// As high as the rows above the drawn ones.
    pub(crate) above: NodeRef<Div>,
    /// The drawn rows.
    pub(crate) rows: NodeRef<Div>,
    /// As high as the rows below the drawn ones.
    pub(crate) below: NodeRef<Div>,
    /// Where this put the scroll position, to tell it from the person's.
    put: StoredValue<f64>,
    /// The width that the heights were measured at.
    width: StoredValue<i32>,
}

impl Scroll {
    /// Nothing is measured yet.
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            handle: expect_context::<Handle>(),
            scroller: NodeRef::new(),
            above: NodeRef::new(),
            rows: NodeRef::new(),
            below: NodeRef::new(),
            put: StoredValue::new(-1.0),
            width: StoredValue::new(0),
        }
    }

    /// Goes along with the room, the window and the page.
    pub(crate) fn follow(self) {
        let room = self.room;
        // First what to draw, then (the rows are in the document by then:
        // their own effect subscribed before this one) where to scroll.
        Effect::new(move |_| {
            room.rows().track();
            self.redraw();
            self.settle();
        });
        Effect::new(move |_| {
            room.drawn().track();
            self.settle();
            // What was measured may have been smaller than guessed.
            self.redraw();
        });
        Effect::new(move |_| {
            room.history().track();
            self.look();
        });
        Effect::new(move |_| {
            if let (Some(scroller), Some(rows)) = (self.scroller.get(), self.rows.get()) {
                observer::watch(&[&scroller, &rows], move || self.on_resize());
            }
        });
        let focus = window_event_listener(leptos::ev::focus, move |_| self.look());
        let shown = window_event_listener(leptos::ev::visibilitychange, move |_| self.look());
        on_cleanup(move || {
            focus.remove();
            shown.remove();
        });
    }

    /// The person, or this, has scrolled.
    pub(crate) fn on_scroll(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let top = scroll_top(&scroller);
        if (top - self.put.get_value()).abs() > SAME {
            self.put.set_value(-1.0);
            if let Some(place) = self.read_place(&scroller, top) {
                self.room.went_to(place);
            }
        }
        self.redraw();
        self.look();
    }

    /// Takes the reader there.
    pub(crate) fn go_to(self, place: Place) {
        self.room.went_to(place);
        self.redraw();
        self.settle();
    }

    /// The lowest row whose beginning is seen.
    pub(crate) fn last_seen_row(self) -> Option<Element> {
        let scroller = self.scroller.get_untracked()?;
        let bottom = scroller.get_bounding_client_rect().bottom();
        let rows = self.rows.get_untracked()?.children();
        (0..rows.length())
            .rev()
            .filter_map(|index| rows.item(index))
            .find(|row| row.get_bounding_client_rect().top() < bottom)
            .and_then(|row| row.query_selector("[data-key]").ok().flatten())
    }

    fn on_resize(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            let width = scroller.client_width();
            if self.width.get_value() != width {
                self.width.set_value(width);
                self.room.remeasure();
            }
        }
        self.settle();
        // Not at once: an observer whose callback changes what it observes
        // makes the browser report an error.
        request_animation_frame(move || self.redraw());
    }

    /// Draws the rows around the reader's place.
    fn redraw(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let seen = f64::from(scroller.client_height());
        if seen <= 0.0 {
            return;
        }
        let room = self.room;
        // The person's own scrolling is where it is; otherwise the place is.
        let top = if self.put.get_value() < 0.0 && !room.place().follows() {
            scroll_top(&scroller) - self.base(&scroller)
        } else {
            room.with_viewport(|viewport| {
                viewport.scroll_to(room.place(), seen, |key| room.index_of(key))
            })
        };
        room.draw(top, seen, focused_row(self.rows));
    }

    /// Measures what is drawn, and puts the reader's row where it was.
    fn settle(self) {
        let (Some(scroller), Some(rows), Some(above), Some(below)) = (
            self.scroller.get_untracked(),
            self.rows.get_untracked(),
            self.above.get_untracked(),
            self.below.get_untracked(),
        ) else {
            return;
        };
        let room = self.room;
        let children = rows.children();
        let drawn = room.drawn().with_untracked(|drawn| {
            drawn.iter().map(|slot| slot.key).collect::<Vec<_>>()
        });
        let Some(places) = self.places_of(&drawn) else {
            return;
        };
        if scroller.client_height() == 0 || children.length() as usize != drawn.len() {
            return;
        }
        let elements: Vec<HtmlElement> = (0..children.length())
            .filter_map(|index| children.item(index)?.dyn_into().ok())
            .collect();
        for (place, element) in places.iter().zip(&elements) {
            room.measured(*place, element.get_bounding_client_rect().height());
        }
        // Empty space for the rows that are not drawn: above, below, and
        // between a row that has the focus and the rest.
        let first = places.first().copied().unwrap_or(0);
        let last = places.last().map_or(0, |last| last + 1);
        room.with_viewport(|viewport| {
            set_height(&above, "height", viewport.height_of(0..first));
            set_height(&below, "height", viewport.height_of(last..viewport.len()));
            let mut next = first;
            for (place, element) in places.iter().zip(&elements) {
                set_height(element, "margin-block-start", viewport.height_of(next..*place));
                next = place + 1;
            }
        });
        let top = scroll_top(&scroller);
        let wanted = match room.place() {
            Place::End { above } => {
                f64::from(scroller.scroll_height() - scroller.client_height()) - above
            }
            Place::Row { key, offset } => {
                match drawn.iter().zip(&elements).find(|(drawn, _)| **drawn == key) {
                    Some((_, element)) => top + edge(element, &scroller) - offset,
                    None => {
                        let index = room.index_of(key).unwrap_or(first);
                        let rows = room.with_viewport(|viewport| viewport.height_of(0..index));
                        self.base(&scroller) + rows - offset
                    }
                }
            }
        };
        if (wanted - top).abs() > 0.25 {
            set_scroll_top(&scroller, wanted);
        }
        self.put.set_value(scroll_top(&scroller));
        self.look();
    }

    /// Asks for what is older when the reader is near the top, and reports
    /// what was really seen.
    fn look(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        if scroller.client_height() == 0 {
            return;
        }
        let history = self.room.history().get_untracked();
        let idle = !(history.loading || history.failed || history.catching_up || history.oldest_known);
        if idle && scroll_top(&scroller) < NEAR_TOP {
            self.handle.dispatch(Command::LoadOlder(self.room.id()));
        }
        if is_watched() {
            self.report(&scroller);
        }
    }

    fn report(self, scroller: &Element) {
        let bottom = scroller.get_bounding_client_rect().bottom() + SAME;
        let Some(rows) = self.rows.get_untracked() else {
            return;
        };
        let rows = rows.children();
        let seen = (0..rows.length())
            .rev()
            .filter_map(|index| rows.item(index))
            .filter(|row| row.get_bounding_client_rect().bottom() <= bottom)
            .find_map(|row| self.room.seq_of(key_of(&row)?));
        if let Some(seq) = seen
            && self.room.saw(seq)
        {
            self.handle.dispatch(Command::Seen(self.room.id(), seq));
        }
    }

    /// Where the reader is, read off the rows that are drawn; `None` while
    /// there are none.
    fn read_place(self, scroller: &Element, top: f64) -> Option<Place> {
        let lowest = f64::from(scroller.scroll_height() - scroller.client_height());
        let above = (lowest - top).max(0.0);
        if above <= NEAR_END {
            return Some(Place::End { above });
        }
        let rows = self.rows.get_untracked()?.children();
        let edge_of = |row: &Element| edge(row, scroller);
        let drawn = (0..rows.length())
            .filter_map(|index| rows.item(index))
            .find(|row| edge_of(row) + row.get_bounding_client_rect().height() > 0.0)
            .filter(|row| edge_of(row) < f64::from(scroller.client_height()))
            .and_then(|row| Some(Place::Row { key: key_of(&row)?, offset: edge_of(&row) }));
        // A jump beyond what is drawn: by the heights that are known.
        drawn.or_else(|| {
            let top = top - self.base(scroller);
            let (index, begins) = self.room.with_viewport(|viewport| viewport.row_at(top.max(0.0)));
            let key = self.room.rows().with_untracked(|rows| rows.get(index).map(|slot| slot.key))?;
            Some(Place::Row { key, offset: begins - top })
        })
    }

    /// Where the first row of all begins in what is scrolled.
    fn base(self, scroller: &Element) -> f64 {
        self.above
            .get_untracked()
            .map_or(0.0, |above| edge(&above, scroller) + scroll_top(scroller))
    }

    /// The rows' places in the room; `None` while the document is behind.
    fn places_of(self, drawn: &[ItemKey]) -> Option<Vec<usize>> {
        let first = self.room.index_of(*drawn.first()?)?;
        self.room.rows().with_untracked(|rows| {
            let mut next = first;
            let mut places = Vec::with_capacity(drawn.len());
            for key in drawn {
                if rows.get(next).is_none_or(|slot| slot.key != *key) {
                    next = rows.iter().position(|slot| slot.key == *key)?;
                }
                places.push(next);
                next += 1;
            }
            Some(places)
        })
    }
}

/// Whether somebody is looking at the page.
fn is_watched() -> bool {
    let document = document();
    !document.hidden() && document.has_focus().unwrap_or(false)
}

fn focused_row(rows: NodeRef<Div>) -> Option<ItemKey> {
    let rows = rows.get_untracked()?;
    let active = document().active_element()?;
    let row = active.closest(".line").ok().flatten()?;
    rows.contains(Some(&row)).then(|| key_of(&row)).flatten()
}

fn key_of(row: &Element) -> Option<ItemKey> {
    row.get_attribute("data-row")?.parse().ok().map(ItemKey)
}

/// The element's top edge, seen from the scroller's.
fn edge(element: &Element, scroller: &Element) -> f64 {
    element.get_bounding_client_rect().top()
        - scroller.get_bounding_client_rect().top()
        - f64::from(scroller.client_top())
}

/// With its fraction, which the typed interface cuts off.
fn scroll_top(element: &Element) -> f64 {
    js_sys::Reflect::get(element, &JsValue::from_str("scrollTop"))
        .ok()
        .and_then(|top| top.as_f64())
        .unwrap_or_default()
}

fn set_scroll_top(element: &Element, top: f64) {
    // Cannot fail: every element has it.
    let _ = js_sys::Reflect::set(element, &JsValue::from_str("scrollTop"), &JsValue::from_f64(top));
}

fn set_height(element: &HtmlElement, property: &str, height: f64) {
    let style = element.style();
    let wanted = if height > 0.0 { format!("{height}px") } else { String::new() };
    if style.get_property_value(property).is_ok_and(|now| now != wanted) {
        // A property that the engine refuses leaves the row where it is.
        let _ = style.set_property(property, &wanted);
    }
}
