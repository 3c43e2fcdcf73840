//! What every component may ask for: the model, the driver, the language, the
//! launch, the backend.
//!
//! A document has one page: the last that was drawn. (Leptos' contexts, which
//! would tell several apart, cost a hash map to download.) Knows no component.

use std::cell::Cell;

use parlance_core::dialect::Capabilities;

use crate::config::Launch;
use crate::driver::Handle;
use crate::i18n::{Language, Words};
use crate::model::Model;

/// What belongs to the page that is being drawn.
#[derive(Clone, Copy)]
pub struct Here {
    /// What is shown.
    pub model: Model,
    /// Whom to tell what the person wants.
    pub handle: Handle,
    /// What the page speaks.
    pub language: Language,
    /// How it was launched.
    pub launch: &'static Launch,
    /// What the backend can do.
    pub backend: &'static Capabilities,
}

thread_local! {
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
}

/// For everything that is drawn from now on.
pub(super) fn provide(here: Here) {
    HERE.replace(Some(here));
}

/// The page that is drawn.
///
/// # Panics
/// Outside of any page: a mistake of the program, never of its input.
#[inline(never)]
pub fn here() -> Here {
    match HERE.get() {
        Some(here) => here,
        None => panic!("a component outside of a page"),
    }
}

/// Every sentence of the page.
#[inline(never)]
pub fn words() -> &'static Words {
    here().language.words
}
