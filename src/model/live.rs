//! Values that components follow: one of Leptos' triggers beside a cell.
//!
//! A `RwSignal<T>` brings its whole machinery along for every `T`. Here only
//! the reading and the writing know the type: the page is downloaded over a
//! phone network. Writing is the model's alone. Knows nothing of what the
//! values mean.

use std::cell::{Ref, RefCell};

use leptos::reactive::signal::ArcTrigger;
use leptos::reactive::traits::{Notify as _, Track as _};

/// A value that can be followed, and that the model changes.
pub struct Live<T> {
    changed: ArcTrigger,
    value: RefCell<T>,
}

impl<T> Live<T> {
    /// Begins with this.
    pub(super) fn new(value: T) -> Self {
        Self {
            changed: ArcTrigger::new(),
            value: RefCell::new(value),
        }
    }

    /// Is told when it changes.
    pub fn track(&self) {
        self.changed.track();
    }

    /// Looks at it, and is told when it changes. Not to be held on to: what is
    /// looked at cannot change meanwhile.
    pub fn look(&self) -> Ref<'_, T> {
        self.track();
        self.glance()
    }

    /// Looks at it, and is not told when it changes.
    pub fn glance(&self) -> Ref<'_, T> {
        self.value.borrow()
    }

    /// Replaces it, and tells those who follow.
    pub(super) fn set(&self, value: T) {
        self.set_value(value);
        self.changed.notify();
    }

    /// Changes it, and tells those who follow.
    pub(super) fn update(&self, write: impl FnOnce(&mut T)) {
        write(&mut self.value.borrow_mut());
        self.changed.notify();
    }

    /// Changes it, and tells those who follow if it says that it did.
    pub(super) fn maybe_update(&self, write: impl FnOnce(&mut T) -> bool) {
        let changed = write(&mut self.value.borrow_mut());
        if changed {
            self.changed.notify();
        }
    }

    /// Replaces it; nobody is told.
    pub(super) fn set_value(&self, value: T) {
        drop(self.value.replace(value));
    }
}

impl<T: Clone> Live<T> {
    /// A copy, and is told when it changes.
    pub fn get(&self) -> T {
        self.look().clone()
    }

    /// A copy.
    pub fn get_untracked(&self) -> T {
        self.glance().clone()
    }
}
