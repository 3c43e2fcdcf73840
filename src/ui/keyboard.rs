//! Makes room for a keyboard that lies over the page: iOS and its web-views
//! shrink only the visual viewport, so the style sheet is told by how much.
//!
//! Where the page itself shrinks, the difference is nothing and this does
//! nothing. Knows no composer.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::HtmlElement;

use crate::dom::document;

/// Less is a toolbar that slides away, not a keyboard.
const LEAST: f64 = 80.0;

/// Watches for as long as the page lives.
pub fn follow() {
    let Some(window) = web_sys::window() else {
        return;
    };
    let Some(viewport) = window.visual_viewport() else {
        return;
    };
    let look = Closure::<dyn FnMut()>::new({
        let viewport = viewport.clone();
        move || {
            let Some(root) = document().document_element() else {
                return;
            };
            let Ok(root) = root.dyn_into::<HtmlElement>() else {
                return;
            };
            let whole = window.inner_height().ok();
            let whole = whole.and_then(|height| height.as_f64()).unwrap_or_default();
            let hidden = whole - viewport.height();
            // A page that is zoomed into is smaller for another reason.
            let open = hidden > LEAST && viewport.scale() < 1.1;
            let inset = if open {
                [&(hidden.round() as u32).to_string(), "px"].concat()
            } else {
                String::new()
            };
            let _ = root.style().set_property("--keyboard", &inset);
            if open {
                // The engine pushes the page up to show the field; it is shown.
                window.scroll_to_with_x_and_y(0.0, 0.0);
            }
        }
    });
    let listens = viewport
        .add_event_listener_with_callback("resize", look.as_ref().unchecked_ref())
        .is_ok();
    if listens {
        // As long as the page.
        look.forget();
    }
}
