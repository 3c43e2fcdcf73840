//! What comes faster than it can be seen is shown once a frame.
//!
//! A room in which a thousand things are said each second would otherwise be
//! measured and drawn a thousand times. The first of them is shown at once;
//! what follows before the browser has drawn waits for its next frame, and
//! goes in together. The order of events is never changed, and nothing that
//! the person did waits. Knows no row and no signal.

use std::cell::{Cell, RefCell};

use gloo_timers::callback::Timeout;
use parlance_core::Event;
use parlance_core::timeline::{Change, Origin};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::Window;

use crate::dom::document;
use crate::model::Model;

/// A frame that out of sight, of a page that is taken to be on show, never
/// comes: a frame of another site that is scrolled away. What waits then goes
/// in after this.
const NO_FRAME_MS: u32 = 250;

/// Shows events, the many at a frame's pace. As long as the page.
pub(super) struct Pace {
    window: Window,
    model: Model,
    waiting: RefCell<Vec<Event>>,
    /// Somebody is at it.
    showing: Cell<bool>,
    /// A frame has been asked for.
    asked: RefCell<Option<Timeout>>,
    on_frame: Cell<Option<&'static Closure<dyn FnMut()>>>,
}

impl Pace {
    pub(super) fn new(window: Window, model: Model) -> &'static Self {
        let pace: &'static Self = Box::leak(Box::new(Self {
            window,
            model,
            waiting: RefCell::default(),
            showing: Cell::new(false),
            asked: RefCell::default(),
            on_frame: Cell::new(None),
        }));
        let on_frame = Closure::new(move || pace.frame());
        pace.on_frame.replace(Some(Box::leak(Box::new(on_frame))));
        pace
    }

    pub(super) fn show(&'static self, event: Event) {
        let may_wait = may_wait(&event);
        let waits = may_wait && self.asked.borrow().is_some() && !document().hidden();
        self.waiting.borrow_mut().push(event);
        if !waits {
            self.catch_up();
        }
        if may_wait {
            self.ask();
        }
    }

    /// The browser is about to draw.
    fn frame(&'static self) {
        // Dropped, it does not come any more.
        drop(self.asked.take());
        if self.catch_up() {
            // What comes in the rest of this frame waits for the next.
            self.ask();
        }
    }

    fn ask(&'static self) {
        let Some(on_frame) = self.on_frame.get() else {
            return;
        };
        if self.asked.borrow().is_none() {
            let timeout = Timeout::new(NO_FRAME_MS, move || self.frame());
            self.asked.replace(Some(timeout));
            // Should it fail, there is the timer.
            let function = on_frame.as_ref().unchecked_ref();
            let _ = self.window.request_animation_frame(function);
        }
    }

    /// Shows what waits, and what comes meanwhile, in order. Whether there was
    /// anything.
    fn catch_up(&self) -> bool {
        if self.showing.replace(true) {
            return false;
        }
        let mut any = false;
        loop {
            let waiting = self.waiting.take();
            if waiting.is_empty() {
                break;
            }
            any = true;
            for event in waiting {
                self.model.apply(event);
            }
        }
        self.showing.replace(false);
        any
    }
}

/// Of these many come in a moment, from others; what I said is shown at once.
fn may_wait(event: &Event) -> bool {
    if let Event::Timeline(_, changes) = event {
        let mine = |change: &Change| matches!(change, Change::Insert(_, _, Origin::Mine));
        return !changes.iter().any(mine);
    }
    matches!(event, Event::Conversation(_) | Event::Typists(..))
}
