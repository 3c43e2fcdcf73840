//! A list whose entries are known by a key: what stays is not drawn again.
//!
//! The framework's keyed list, written down once with its types erased: each
//! use with types of its own would be a copy of it in the program. Knows no
//! entry.

use leptos::prelude::*;

/// One entry of a list.
pub struct Entry {
    /// Tells it from the others; an entry that changes what is in its key is
    /// drawn anew.
    pub key: String,
    /// Draws it, once.
    pub draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Entry {
    /// An entry with this key.
    pub fn new(key: String, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            key,
            draw: Box::new(draw),
        }
    }
}

/// The list of these.
pub fn list(entries: Box<dyn Fn() -> Vec<Entry> + Send + Sync>) -> AnyView {
    view! {
        <For
            each=entries
            key=|entry| entry.key.clone()
            children=|entry| (entry.draw)()
        />
    }
    .into_any()
}
