//! Effects and ends, with their types erased: Leptos' own machinery, once.
//!
//! Knows no element.

use std::any::Any;

use leptos::reactive::effect::RenderEffect;
use leptos::reactive::graph::{Subscriber as _, ToAnySubscriber as _};
use leptos::reactive::owner::{ArenaItem, LocalStorage};
use wasm_bindgen_futures::spawn_local;

use super::erased::Act;

/// Does this now, and again whenever a signal changes that it has read, until
/// the present owner goes.
pub fn follow(act: impl FnMut() + 'static) {
    follow_boxed(Box::new(act));
}

pub(super) fn follow_boxed(mut act: Box<dyn Act>) {
    keep(Followed(RenderEffect::new(move |_| act.act())));
}

struct Followed(RenderEffect<()>);

impl Drop for Followed {
    fn drop(&mut self) {
        // A signal that never changes would remember everybody who ever
        // followed it.
        let subscriber = self.0.to_any_subscriber();
        subscriber.clear_sources(&subscriber);
    }
}

/// Keeps this until the present owner goes; for ever where there is none.
pub fn keep(it: impl Any) {
    keep_boxed(Box::new(it));
}

fn keep_boxed(it: Box<dyn Any>) {
    let _ = ArenaItem::<Box<dyn Any>, LocalStorage>::new_local(it);
}

/// Does this when the present owner goes.
pub fn on_cleanup(act: impl FnOnce() + 'static) {
    keep(AtEnd(Some(Box::new(act))));
}

struct AtEnd(Option<Box<dyn FnOnce()>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Does this when everything that is being drawn is in the document, before
/// the browser paints it. Whoever is gone by then has to look for themselves.
pub fn soon(act: impl FnOnce() + 'static) {
    soon_boxed(Box::new(act));
}

fn soon_boxed(act: Box<dyn FnOnce()>) {
    spawn_local(async move { act() });
}
