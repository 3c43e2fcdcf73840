//! Measures rows, keeps the reader's place, and says what was really seen.
//!
//! One mechanism in every engine: the browser's own scroll anchoring is off.
//! The place is a row and its distance from the top edge; whatever happens
//! above it (history in front, a late image, a guessed height that was wrong),
//! the row is put back at that distance. Knows no message's inside.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use parlance_core::Command;
use parlance_core::ids::ItemKey;
use parlance_core::viewport::{NEAR_END, NEAR_TOP, Place};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlElement};

use super::super::here::here;
use super::observer;
use super::rows::Rows;
use crate::dom::{document, follow, listen, soon};
use crate::driver::Handle;
use crate::model::Room;

/// A scroll position nearer than this to what was set is what was set: the
/// browser rounds to its own pixels.
const SAME: f64 = 1.0;
/// Drawing and measuring come to rest within so many rounds, or at the next
/// scroll.
const ROUNDS: usize = 4;

/// The scrolling of one timeline.
pub(crate) struct Scroll {
    room: Room,
    handle: Handle,
    /// What scrolls.
    scroller: HtmlElement,
    /// As high as the rows above the drawn ones.
    above: HtmlElement,
    /// What the rows are in.
    container: Element,
    /// As high as the rows below the drawn ones.
    below: HtmlElement,
    rows: RefCell<Rows>,
    /// Where this put the scroll position, to tell it from the person's.
    put: Cell<f64>,
    /// How wide what scrolls was when the heights were measured, and how high.
    size: Cell<(i32, i32)>,
    /// Some row may have another height than was measured.
    grown: Cell<bool>,
    /// The row that leaves room for those above it that are not drawn.
    apart: RefCell<Option<HtmlElement>>,
    /// What is drawn has been measured, and the reader is at their place.
    settled: Cell<bool>,
}

impl Scroll {
    /// Nothing is measured yet.
    pub(crate) fn new(
        room: Room,
        scroller: HtmlElement,
        above: HtmlElement,
        container: Element,
        below: HtmlElement,
    ) -> Rc<Self> {
        Rc::new(Self {
            room,
            handle: here().handle,
            scroller,
            above,
            rows: RefCell::new(Rows::new(room, container.clone())),
            container,
            below,
            put: Cell::new(-1.0),
            size: Cell::new((0, 0)),
            grown: Cell::new(false),
            apart: RefCell::default(),
            settled: Cell::new(false),
        })
    }

    /// Goes along with the room, the window and the page.
    pub(crate) fn follow(self: &Rc<Self>) {
        let room = self.room;
        let scroll = self.clone();
        follow(move || {
            room.rows().track();
            scroll.settled.replace(false);
            scroll.refresh();
        });
        let scroll = self.clone();
        follow(move || {
            room.history().track();
            scroll.look();
        });
        let scroll = self.clone();
        observer::watch(&[&self.scroller, &self.container], move || {
            scroll.on_resize()
        });
        let scroll = self.clone();
        soon(move || scroll.refresh());
        if let Some(window) = web_sys::window() {
            let scroll = self.clone();
            listen(&window, "focus visibilitychange", move |_| scroll.look());
        }
    }

    /// The person, or this, has scrolled.
    pub(crate) fn on_scroll(&self) {
        let top = scroll_top(&self.scroller);
        if (top - self.put.get()).abs() > SAME {
            self.put.replace(-1.0);
            if let Some(place) = self.read_place(top) {
                self.room.went_to(place);
            }
        }
        if self.redraw() {
            self.refresh();
        }
        self.look();
    }

    /// Takes the reader there.
    pub(crate) fn go_to(&self, place: Place) {
        self.room.went_to(place);
        self.put.replace(0.0);
        self.refresh();
    }

    /// The lowest row whose beginning is seen.
    pub(crate) fn last_seen_row(&self) -> Option<Element> {
        let bottom = self.scroller.get_bounding_client_rect().bottom();
        let rows = self.rows.borrow();
        let mut drawn = rows.drawn().rev();
        drawn.find_map(|(_, row)| {
            let row = inside(row);
            (row.get_bounding_client_rect().top() < bottom).then_some(row)
        })
    }

    fn on_resize(self: &Rc<Self>) {
        let size = (self.scroller.client_width(), self.scroller.client_height());
        let before = self.size.replace(size);
        if before.0 != size.0 {
            self.room.remeasure();
        }
        // Mostly it is the rows that were just drawn, and measured.
        if before == size && self.is_as_measured() {
            return;
        }
        self.grown.replace(true);
        self.settle();
        // Not at once: an observer whose callback changes what it observes
        // makes the browser report an error.
        let scroll = self.clone();
        let frame = Closure::once_into_js(move || scroll.refresh());
        if let Some(window) = web_sys::window() {
            // Fails only where there are no frames: nothing is seen there.
            let _ = window.request_animation_frame(frame.unchecked_ref());
        }
    }

    /// Whether the drawn rows are together as high as each was measured.
    fn is_as_measured(&self) -> bool {
        let rows = self.rows.borrow();
        let drawn: Vec<(ItemKey, &HtmlElement)> = rows.drawn().collect();
        let places = self.places_of(&drawn);
        let Some((first, last)) = places.as_deref().and_then(ends) else {
            return false;
        };
        let measured = self
            .room
            .with_viewport(|viewport| viewport.height_of(first..last + 1));
        (height_of(&self.container) - measured).abs() < SAME
    }

    /// Whether there is something to measure. Frames may come after the
    /// component has gone.
    fn is_seen(&self) -> bool {
        self.scroller.is_connected() && self.scroller.client_height() > 0
    }

    /// Draws and measures until what is drawn is what should be: a guess that
    /// was too high lets more rows in.
    fn refresh(&self) {
        for round in 0..ROUNDS {
            let changed = self.redraw();
            if !changed && round > 0 {
                break;
            }
            self.settle();
        }
        self.look();
    }

    /// Draws the rows around the reader's place. Whether that changed any.
    fn redraw(&self) -> bool {
        if !self.is_seen() {
            return false;
        }
        let seen = f64::from(self.scroller.client_height());
        let room = self.room;
        // The person's own scrolling is where it is; otherwise the place is.
        let top = if self.put.get() < 0.0 && !room.place().follows() {
            scroll_top(&self.scroller) - self.base()
        } else {
            room.with_viewport(|viewport| {
                viewport.scroll_to(room.place(), seen, |key| room.index_of(key))
            })
        };
        let wanted = room.window(top, seen, focused_row(&self.container));
        self.rows.borrow_mut().draw(&wanted)
    }

    /// Measures what is drawn, and puts the reader's row where it was.
    fn settle(&self) {
        if !self.is_seen() {
            return;
        }
        let room = self.room;
        let rows = self.rows.borrow();
        let drawn: Vec<(ItemKey, &HtmlElement)> = rows.drawn().collect();
        let Some(places) = self.places_of(&drawn) else {
            return;
        };
        let grown = self.grown.replace(false);
        for (place, (_, row)) in places.iter().zip(&drawn) {
            if grown || !room.with_viewport(|viewport| viewport.is_measured(*place)) {
                room.measured(*place, height_of(row));
            }
        }
        // Empty space for the rows that are not drawn: above, below, and
        // between a row that has the focus and the rest.
        let (first, last) = ends(&places).map_or((0, 0), |(first, last)| (first, last + 1));
        let apart = places.windows(2).position(|pair| pair[0] + 1 != pair[1]);
        let apart = apart.map(|at| (drawn[at + 1].1, places[at] + 1..places[at + 1]));
        room.with_viewport(|viewport| {
            set_height(&self.above, "height", viewport.height_of(0..first));
            set_height(
                &self.below,
                "height",
                viewport.height_of(last..viewport.len()),
            );
            let before = self.apart.replace(apart.as_ref().map(|it| it.0.clone()));
            if let Some(row) = before {
                set_height(&row, "margin-block-start", 0.0);
            }
            if let Some((row, rows)) = apart {
                set_height(row, "margin-block-start", viewport.height_of(rows));
            }
        });
        let scroller = &self.scroller;
        let top = scroll_top(scroller);
        let wanted = match room.place() {
            Place::End { above } => {
                f64::from(scroller.scroll_height() - scroller.client_height()) - above
            }
            Place::Row { key, offset } => match drawn.iter().find(|(drawn, _)| *drawn == key) {
                Some((_, row)) => top + edge(&inside(row), scroller) - offset,
                None => {
                    let index = room.index_of(key).unwrap_or(first);
                    let rows = room.with_viewport(|viewport| viewport.height_of(0..index));
                    self.base() + rows - offset
                }
            },
        };
        if (wanted - top).abs() > 0.25 {
            set_scroll_top(scroller, wanted);
        }
        self.put.replace(scroll_top(scroller));
        self.settled.replace(true);
    }

    /// Asks for what is older when the reader is near the top, and reports
    /// what was really seen.
    fn look(&self) {
        if !self.is_seen() || !self.settled.get() {
            return;
        }
        let history = self.room.history().get_untracked();
        let idle =
            !(history.loading || history.failed || history.catching_up || history.oldest_known);
        if idle && scroll_top(&self.scroller) < NEAR_TOP {
            let older = Command::LoadOlder(self.room.id().clone());
            self.handle.dispatch(older);
        }
        if is_watched() {
            self.report();
        }
    }

    fn report(&self) {
        let bottom = self.scroller.get_bounding_client_rect().bottom() + SAME;
        let seen = {
            let rows = self.rows.borrow();
            let mut drawn = rows.drawn().rev();
            drawn.find_map(|(key, row)| {
                let whole = row.get_bounding_client_rect().bottom() <= bottom;
                whole.then(|| self.room.seq_of(key)).flatten()
            })
        };
        if let Some(seq) = seen
            && self.room.saw(seq)
        {
            let seen = Command::Seen(self.room.id().clone(), seq);
            self.handle.dispatch(seen);
        }
    }

    /// Where the reader is, read off the rows that are drawn; `None` while
    /// there are none.
    fn read_place(&self, top: f64) -> Option<Place> {
        let scroller = &self.scroller;
        let lowest = f64::from(scroller.scroll_height() - scroller.client_height());
        let above = (lowest - top).max(0.0);
        if above <= NEAR_END {
            return Some(Place::End { above });
        }
        let seen = f64::from(scroller.client_height());
        let mut drawn = None;
        for (key, row) in self.rows.borrow().drawn() {
            let offset = edge(&inside(row), scroller);
            if offset >= seen {
                break;
            }
            if edge(row, scroller) + row.get_bounding_client_rect().height() > 0.0 {
                drawn = Some(Place::Row { key, offset });
            }
            // The first that begins in sight: a longer one above it may
            // yet grow, or lose the day that stands over it.
            if offset >= 0.0 {
                break;
            }
        }
        // A jump beyond what is drawn: by the heights that are known.
        drawn.or_else(|| {
            let top = top - self.base();
            let (index, begins) = self
                .room
                .with_viewport(|viewport| viewport.row_at(top.max(0.0)));
            let key = self.room.rows().glance().get(index)?.key;
            Some(Place::Row {
                key,
                offset: begins - top,
            })
        })
    }

    /// Where the first row of all begins in what is scrolled.
    fn base(&self) -> f64 {
        edge(&self.above, &self.scroller) + scroll_top(&self.scroller)
    }

    /// The rows' places in the room; `None` while the document is behind.
    fn places_of(&self, drawn: &[(ItemKey, &HtmlElement)]) -> Option<Vec<usize>> {
        let Some((first, _)) = drawn.first() else {
            return Some(Vec::new());
        };
        let mut next = self.room.index_of(*first)?;
        let rows = self.room.rows().glance();
        let mut places = Vec::with_capacity(drawn.len());
        for (key, _) in drawn {
            if rows.get(next).is_none_or(|slot| slot.key != *key) {
                next = rows.iter().position(|slot| slot.key == *key)?;
            }
            places.push(next);
            next += 1;
        }
        Some(places)
    }
}

/// The first and the last.
fn ends(places: &[usize]) -> Option<(usize, usize)> {
    Some((*places.first()?, *places.last()?))
}

fn height_of(element: &Element) -> f64 {
    element.get_bounding_client_rect().height()
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
