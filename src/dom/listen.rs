//! Listeners that end with whoever asked for them.
//!
//! One type of closure for all events: each would bring its own glue. Knows no
//! event.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget};

use super::erased::Hear;
use super::keep;

/// A function that hears of events, taken off when it is dropped.
pub struct Listener {
    target: EventTarget,
    names: &'static str,
    heard: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Hears of these events, their names with a space between.
    pub fn new(
        target: &EventTarget,
        names: &'static str,
        act: impl FnMut(Event) + 'static,
    ) -> Self {
        Self::boxed(target, names, Box::new(act))
    }

    fn boxed(target: &EventTarget, names: &'static str, mut act: Box<dyn Hear>) -> Self {
        let heard = Closure::<dyn FnMut(Event)>::new(move |event| act.hear(event));
        for name in names.split(' ') {
            // Fails only where there are no events at all.
            let _ = target.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
        }
        Self {
            target: target.clone(),
            names,
            heard,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for name in self.names.split(' ') {
            let function = self.heard.as_ref().unchecked_ref();
            let _ = self
                .target
                .remove_event_listener_with_callback(name, function);
        }
    }
}

/// Hears of these events for as long as the present owner lives.
pub fn listen(target: &EventTarget, names: &'static str, act: impl FnMut(Event) + 'static) {
    keep(Listener::boxed(target, names, Box::new(act)));
}
