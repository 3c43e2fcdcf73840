//! Tells when elements change their size: an image that came late, a font, a
//! keyboard.
//!
//! Knows not what for.

use leptos::prelude::on_cleanup;
use leptos::prelude::{SetValue as _, StoredValue, UpdateValue as _};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver};

/// Watches these until the component goes.
pub(crate) fn watch(elements: &[&Element], changed: impl Fn() + 'static) {
    let callback = Closure::<dyn FnMut()>::new(changed);
    let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) else {
        // Without it late images move the reader; everything else works.
        return;
    };
    for element in elements {
        observer.observe(element);
    }
    let kept = StoredValue::new_local(None);
    kept.set_value(Some((observer, callback)));
    on_cleanup(move || {
        kept.try_update_value(|kept| {
            if let Some((observer, _)) = kept.take() {
                observer.disconnect();
            }
        });
    });
}
