//! Arrows walk through the messages once the list has the focus; Escape goes
//! back to writing.
//!
//! Knows no message: a row is whatever bears a key.

use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::scroll::Scroll;
use crate::dom::document;

/// What can be walked to.
const ROW: &str = "[data-key]";

pub(super) fn on_keydown(event: &Event, scroll: &Scroll) {
    let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
        return;
    };
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return };
    // In a field inside a row the arrows belong to the field.
    if matches!(target.tag_name().as_str(), "TEXTAREA" | "INPUT") {
        return;
    }
    let step = match event.key().as_str() {
        "ArrowUp" => false,
        "ArrowDown" => true,
        "Escape" => {
            focus_composer();
            return;
        }
        _ => return,
    };
    let row = target.closest(ROW).ok().flatten();
    let next = match row {
        Some(row) => {
            let mut wrapper = row.parent_element();
            loop {
                wrapper = wrapper.and_then(|wrapper| {
                    if step {
                        wrapper.next_element_sibling()
                    } else {
                        wrapper.previous_element_sibling()
                    }
                });
                let Some(at) = &wrapper else { break None };
                if let Some(row) = at.query_selector(ROW).ok().flatten() {
                    break Some(row);
                }
            }
        }
        // From the list itself: to the newest that is seen.
        None => scroll.last_seen_row(),
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

fn focus_composer() {
    let composer = document().query_selector("[data-part=composer]");
    if let Some(composer) = composer.ok().flatten()
        && let Ok(composer) = composer.dyn_into::<HtmlElement>()
    {
        let _ = composer.focus();
    }
}
