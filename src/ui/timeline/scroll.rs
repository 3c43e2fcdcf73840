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
use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::observer;
use super::rows::Rows;
use crate::driver::Handle;
use crate::model::Room;

/// A scroll position nearer than this to what was set is what was set: the
/// browser rounds to its own pixels.
const SAME: f64 = 1.0;
/// Drawing and measuring come to rest within so many rounds, or at the next
/// scroll.
const ROUNDS: usize = 4;

/// The scrolling of one timeline.
#[derive(Clone, Copy)]
pub(crate) struct Scroll {
    room: Room,
    handle: Handle,
    /// What scrolls.
    pub(crate) scroller: NodeRef<Div>,
    /// As high as the rows above the drawn ones.
    pub(crate) above: NodeRef<Div>,
    /// What the rows are in.
    pub(crate) container: NodeRef<Div>,
    /// As high as the rows below the drawn ones.
    pub(crate) below: NodeRef<Div>,
    rows: StoredValue<Rows, LocalStorage>,
    /// Where this put the scroll position, to tell it from the person's.
    put: StoredValue<f64>,
    /// The width that the heights were measured at.
    width: StoredValue<i32>,
    /// What is drawn has been measured, and the reader is at their place.
    settled: StoredValue<bool>,
}

impl Scroll {
    /// Nothing is measured yet.
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            handle: expect_context::<Handle>(),
            scroller: NodeRef::new(),
            above: NodeRef::new(),
            container: NodeRef::new(),
            below: NodeRef::new(),
            rows: StoredValue::new_local(Rows::new(room)),
            put: StoredValue::new(-1.0),
            width: StoredValue::new(0),
            settled: StoredValue::new(false),
        }
    }

    /// Goes along with the room, the window and the page.
    pub(crate) fn follow(self) {
        let room = self.room;
        Effect::new(move |_| {
            room.rows().track();
            self.settled.set_value(false);
            self.refresh();
        });
        Effect::new(move |_| {
            room.history().track();
            self.look();
        });
        Effect::new(move |_| {
            if let (Some(scroller), Some(container)) = (self.scroller.get(), self.container.get()) {
                observer::watch(&[&scroller, &container], move || self.on_resize());
                self.refresh();
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
        if !self.is_there() {
            return;
        }
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
        if self.redraw() {
            self.refresh();
        }
        self.look();
    }

    /// Takes the reader there.
    pub(crate) fn go_to(self, place: Place) {
        self.room.went_to(place);
        self.put.set_value(0.0);
        self.refresh();
    }

    /// The lowest row whose beginning is seen.
    pub(crate) fn last_seen_row(self) -> Option<Element> {
        let scroller = self.scroller.get_untracked()?;
        let bottom = scroller.get_bounding_client_rect().bottom();
        self.rows.with_value(|rows| {
            let mut drawn = rows.drawn().rev();
            drawn.find_map(|(_, row)| {
                let row = inside(row);
                (row.get_bounding_client_rect().top() < bottom).then_some(row)
            })
        })
    }

    fn on_resize(self) {
        if !self.is_there() {
            return;
        }
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
        request_animation_frame(move || self.refresh());
    }

    /// Whether the component is still there: frames, observers and listeners
    /// may come after it has gone.
    fn is_there(self) -> bool {
        self.settled.try_get_value().is_some()
    }

    /// Draws and measures until what is drawn is what should be: a guess that
    /// was too high lets more rows in.
    fn refresh(self) {
        if !self.is_there() {
            return;
        }
        for _ in 0..ROUNDS {
            let changed = self.redraw();
            self.settle();
            if !changed {
                break;
            }
        }
        self.look();
    }

    /// Draws the rows around the reader's place. Whether that changed any.
    fn redraw(self) -> bool {
        // A frame that was asked for may come after the component has gone.
        let (Some(scroller), Some(container)) = (
            self.scroller.try_get_untracked().flatten(),
            self.container.try_get_untracked().flatten(),
        ) else {
            return false;
        };
        let seen = f64::from(scroller.client_height());
        if seen <= 0.0 {
            return false;
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
        let wanted = room.window(top, seen, focused_row(&container));
        let mut changed = false;
        self.rows
            .update_value(|rows| changed = rows.draw(&container, &wanted));
        changed
    }

    /// Measures what is drawn, and puts the reader's row where it was.
    fn settle(self) {
        let (Some(scroller), Some(above), Some(below)) = (
            self.scroller.try_get_untracked().flatten(),
            self.above.try_get_untracked().flatten(),
            self.below.try_get_untracked().flatten(),
        ) else {
            return;
        };
        if scroller.client_height() == 0 {
            return;
        }
        let room = self.room;
        let drawn: Vec<(ItemKey, HtmlElement)> = self
            .rows
            .with_value(|rows| rows.drawn().map(|(key, row)| (key, row.clone())).collect());
        let Some(places) = self.places_of(&drawn) else {
            return;
        };
        for (place, (_, row)) in places.iter().zip(&drawn) {
            room.measured(*place, row.get_bounding_client_rect().height());
        }
        // Empty space for the rows that are not drawn: above, below, and
        // between a row that has the focus and the rest.
        let first = places.first().copied().unwrap_or(0);
        let last = places.last().map_or(0, |last| last + 1);
        room.with_viewport(|viewport| {
            set_height(&above, "height", viewport.height_of(0..first));
            set_height(&below, "height", viewport.height_of(last..viewport.len()));
            let mut next = first;
            for (place, (_, row)) in places.iter().zip(&drawn) {
                set_height(row, "margin-block-start", viewport.height_of(next..*place));
                next = place + 1;
            }
        });
        let top = scroll_top(&scroller);
        let wanted = match room.place() {
            Place::End { above } => {
                f64::from(scroller.scroll_height() - scroller.client_height()) - above
            }
            Place::Row { key, offset } => match drawn.iter().find(|(drawn, _)| *drawn == key) {
                Some((_, row)) => top + edge(&inside(row), &scroller) - offset,
                None => {
                    let index = room.index_of(key).unwrap_or(first);
                    let rows = room.with_viewport(|viewport| viewport.height_of(0..index));
                    self.base(&scroller) + rows - offset
                }
            },
        };
        if (wanted - top).abs() > 0.25 {
            set_scroll_top(&scroller, wanted);
        }
        self.put.set_value(scroll_top(&scroller));
        self.settled.set_value(true);
    }

    /// Asks for what is older when the reader is near the top, and reports
    /// what was really seen.
    fn look(self) {
        if !self.is_there() {
            return;
        }
        let Some(scroller) = self.scroller.try_get_untracked().flatten() else {
            return;
        };
        if scroller.client_height() == 0 || !self.settled.get_value() {
            return;
        }
        let history = self.room.history().get_untracked();
        let idle =
            !(history.loading || history.failed || history.catching_up || history.oldest_known);
        if idle && scroll_top(&scroller) < NEAR_TOP {
            self.handle.dispatch(Command::LoadOlder(self.room.id()));
        }
        if is_watched() {
            self.report(&scroller);
        }
    }

    fn report(self, scroller: &Element) {
        let bottom = scroller.get_bounding_client_rect().bottom() + SAME;
        let seen = self.rows.with_value(|rows| {
            let mut drawn = rows.drawn().rev();
            drawn.find_map(|(key, row)| {
                let whole = row.get_bounding_client_rect().bottom() <= bottom;
                whole.then(|| self.room.seq_of(key)).flatten()
            })
        });
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
        let seen = f64::from(scroller.client_height());
        let drawn = self.rows.with_value(|rows| {
            let mut place = None;
            for (key, row) in rows.drawn() {
                let offset = edge(&inside(row), scroller);
                if offset >= seen {
                    break;
                }
                if edge(row, scroller) + row.get_bounding_client_rect().height() > 0.0 {
                    place = Some(Place::Row { key, offset });
                }
                // The first that begins in sight: a longer one above it may
                // yet grow, or lose the day that stands over it.
                if offset >= 0.0 {
                    break;
                }
            }
            place
        });
        // A jump beyond what is drawn: by the heights that are known.
        drawn.or_else(|| {
            let top = top - self.base(scroller);
            let (index, begins) = self
                .room
                .with_viewport(|viewport| viewport.row_at(top.max(0.0)));
            let key = self
                .room
                .rows()
                .with_untracked(|rows| rows.get(index).map(|slot| slot.key))?;
            Some(Place::Row {
                key,
                offset: begins - top,
            })
        })
    }

    /// Where the first row of all begins in what is scrolled.
    fn base(self, scroller: &Element) -> f64 {
        self.above
            .get_untracked()
            .map_or(0.0, |above| edge(&above, scroller) + scroll_top(scroller))
    }

    /// The rows' places in the room; `None` while the document is behind.
    fn places_of(self, drawn: &[(ItemKey, HtmlElement)]) -> Option<Vec<usize>> {
        let Some((first, _)) = drawn.first() else {
            return Some(Vec::new());
        };
        let first = self.room.index_of(*first)?;
        self.room.rows().with_untracked(|rows| {
            let mut next = first;
            let mut places = Vec::with_capacity(drawn.len());
            for (key, _) in drawn {
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

fn focused_row(rows: &Element) -> Option<ItemKey> {
    let active = document().active_element()?;
    let row = active.closest(".line").ok().flatten()?;
    rows.contains(Some(&row)).then(|| key_of(&row)).flatten()
}

fn key_of(row: &Element) -> Option<ItemKey> {
    row.get_attribute("data-row")?.parse().ok().map(ItemKey)
}

/// The message itself, without the day that may stand over it.
fn inside(row: &Element) -> Element {
    row.last_element_child().unwrap_or_else(|| row.clone())
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
    let _ = js_sys::Reflect::set(
        element,
        &JsValue::from_str("scrollTop"),
        &JsValue::from_f64(top),
    );
}

fn set_height(element: &HtmlElement, property: &str, height: f64) {
    let style = element.style();
    let wanted = if height > 0.0 {
        pixels(height)
    } else {
        String::new()
    };
    if style
        .get_property_value(property)
        .is_ok_and(|now| now != wanted)
    {
        // A property that the engine refuses leaves the row where it is.
        let _ = style.set_property(property, &wanted);
    }
}

/// To the hundredth, which the reader's place corrects: printing floats in
/// full takes more program than all of this file.
fn pixels(height: f64) -> String {
    let hundredths = (height * 100.0).round() as u64;
    format!("{}.{:02}px", hundredths / 100, hundredths % 100)
}
