//! Tells when elements change their size: an image that came late, a font, a
//! keyboard.
//!
//! Knows not what for.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use crate::dom::keep;

struct Watch {
    observer: ResizeObserver,
    _changed: Closure<dyn FnMut()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Watches these until the component goes.
pub(crate) fn watch(elements: &[&Element], changed: impl FnMut() + 'static) {
    let changed = Closure::<dyn FnMut()>::new(changed);
    let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) else {
        // Without it late images move the reader; everything else works.
        return;
    };
    for element in elements {
        observer.observe(element);
    }
    keep(Watch {
        observer,
        _changed: changed,
    });
}
