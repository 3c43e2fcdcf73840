//! What every component may ask for: the model, the driver, the language, the
//! launch, the backend.
//!
//! Handed down as Leptos' context, under which each test has a page of its
//! own; five addresses, so that a closure holds what it needs by itself. Knows
//! no component.

use leptos::reactive::owner::{ArenaItem, LocalStorage, provide_context, use_context};

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

/// For everything under the present owner.
pub(super) fn provide(here: Here) {
    provide_context(ArenaItem::<Here, LocalStorage>::new_local(here));
}

/// The page under whose owner this is.
///
/// # Panics
/// Outside of any page: a mistake of the program, never of its input.
#[inline(never)]
pub fn here() -> Here {
    let here = use_context::<ArenaItem<Here, LocalStorage>>();
    match here.and_then(|here| here.try_get_value()) {
        Some(here) => here,
        None => panic!("a component outside of a page"),
    }
}

/// Every sentence of the page under whose owner this is.
#[inline(never)]
pub fn words() -> &'static Words {
    here().language.words
}
