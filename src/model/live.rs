//! Values that components follow: signals whose machinery exists once.
//!
//! A `RwSignal<T>` brings its whole machinery along for every `T`. Here the
//! machinery is that of one trigger and one memo, and only the reading and the
//! writing of a value know its type: the page is downloaded over a phone
//! network. Knows nothing of what the values mean.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use leptos::prelude::*;

/// A value that can be followed and changed. Copied freely; it lives as long
/// as the owner under which it was made.
pub struct Live<T> {
    inner: StoredValue<Shared>,
    of: PhantomData<fn() -> T>,
}

/// The same value for those who only follow it.
pub struct Follow<T>(Live<T>);

/// A value that can be followed, and that goes with the last of its holders.
pub struct ArcLive<T> {
    inner: Shared,
    of: PhantomData<fn() -> T>,
}

/// What all of them are made of.
#[derive(Clone)]
struct Shared {
    changed: ArcTrigger,
    value: Arc<dyn Any + Send + Sync>,
}

impl Shared {
    fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self {
            changed: ArcTrigger::new(),
            value: Arc::new(RwLock::new(value)),
        }
    }

    fn read<T: 'static, R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let value = self.value.downcast_ref::<RwLock<T>>()?;
        // Nothing goes on after a panic here: a poisoned lock is as good as any.
        let value = value.read().unwrap_or_else(PoisonError::into_inner);
        Some(read(&value))
    }

    fn write<T: 'static, R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        let value = self.value.downcast_ref::<RwLock<T>>()?;
        let mut value = value.write().unwrap_or_else(PoisonError::into_inner);
        Some(write(&mut value))
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// Begins with this.
    pub fn new(value: T) -> Self {
        Self::of(Shared::new(value))
    }

    /// For those who only follow.
    pub fn read_only(self) -> Follow<T> {
        Follow(self)
    }

    /// Replaces it, and tells those who follow.
    pub fn set(self, value: T) {
        self.update(|now| *now = value);
    }

    /// Changes it, and tells those who follow.
    pub fn update(self, write: impl FnOnce(&mut T)) {
        self.maybe_update(|value| {
            write(value);
            true
        });
    }

    /// Changes it, and tells those who follow if it says that it did. Nothing
    /// where its owner is gone.
    pub fn maybe_update(self, write: impl FnOnce(&mut T) -> bool) {
        let Some(shared) = self.inner.try_get_value() else {
            return;
        };
        if shared.write(write) == Some(true) {
            shared.changed.notify();
        }
    }

    /// Replaces it; nobody is told.
    pub fn set_value(self, value: T) {
        self.update_value(|now| *now = value);
    }

    /// Changes it; nobody is told.
    pub fn update_value(self, write: impl FnOnce(&mut T)) {
        if let Some(shared) = self.inner.try_get_value() {
            shared.write(write);
        }
    }

    /// Looks at it, and is told when it changes.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.track();
        self.with_untracked(read)
    }

    /// Looks at it.
    ///
    /// # Panics
    /// When its owner is gone: a mistake of the program, never of its input.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        match self.try_with_untracked(read) {
            Some(result) => result,
            None => panic!("a live value was read after its owner had gone"),
        }
    }

    /// Looks at it if its owner is still there.
    pub fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.inner.try_get_value()?.read(read)
    }

    /// Is told when it changes.
    pub fn track(self) {
        if let Some(shared) = self.inner.try_get_value() {
            shared.changed.track();
        }
    }

    fn of(inner: Shared) -> Self {
        Self {
            inner: StoredValue::new(inner),
            of: PhantomData,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Live<T> {
    /// A copy, and is told when it changes.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// A copy.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// A copy if its owner is still there.
    pub fn try_get_untracked(self) -> Option<T> {
        self.try_with_untracked(T::clone)
    }
}

impl<T: Send + Sync + 'static> Follow<T> {
    /// Looks at it, and is told when it changes.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with(read)
    }

    /// Looks at it.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with_untracked(read)
    }

    /// Looks at it if its owner is still there.
    pub fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.try_with_untracked(read)
    }

    /// Is told when it changes.
    pub fn track(self) {
        self.0.track();
    }
}

impl<T: Clone + Send + Sync + 'static> Follow<T> {
    /// A copy, and is told when it changes.
    pub fn get(self) -> T {
        self.0.get()
    }

    /// A copy.
    pub fn get_untracked(self) -> T {
        self.0.get_untracked()
    }

    /// A copy if its owner is still there.
    pub fn try_get_untracked(self) -> Option<T> {
        self.0.try_get_untracked()
    }
}

impl<T: Send + Sync + 'static> ArcLive<T> {
    /// Begins with this.
    pub fn new(value: T) -> Self {
        Self {
            inner: Shared::new(value),
            of: PhantomData,
        }
    }

    /// The same value, for as long as the present owner lives.
    pub fn here(&self) -> Live<T> {
        Live::of(self.inner.clone())
    }

    /// Looks at it.
    ///
    /// # Panics
    /// Never: the value has the type that it was made with.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        match self.inner.read(read) {
            Some(result) => result,
            None => panic!("a live value of another type"),
        }
    }

    /// Replaces it, and tells those who follow.
    pub fn set(&self, value: T) {
        self.update(|now| *now = value);
    }

    /// Changes it, and tells those who follow.
    pub fn update(&self, write: impl FnOnce(&mut T)) {
        self.maybe_update(|value| {
            write(value);
            true
        });
    }

    /// Changes it, and tells those who follow if it says that it did.
    pub fn maybe_update(&self, write: impl FnOnce(&mut T) -> bool) {
        if self.inner.write(write) == Some(true) {
            self.inner.changed.notify();
        }
    }
}

impl<T: Clone + Send + Sync + 'static> ArcLive<T> {
    /// A copy.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }

    /// A copy, and is told when it changes.
    pub fn get(&self) -> T {
        self.inner.changed.track();
        self.get_untracked()
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

impl<T> Clone for Follow<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Follow<T> {}

impl<T> Clone for ArcLive<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            of: PhantomData,
        }
    }
}

/// A value that follows from others: computed anew when they change, and told
/// on only when it came out differently.
pub struct Derived<T> {
    memo: Memo<Outcome>,
    of: PhantomData<fn() -> T>,
}

/// What a derived value came out as, and how to compare it.
#[derive(Clone)]
struct Outcome {
    value: Arc<dyn Any + Send + Sync>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Derived<T> {
    /// What this computes.
    pub fn new(compute: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let outcome = move |_: Option<&Outcome>| Outcome {
            value: Arc::new(compute()),
            same: |one, other| one.downcast_ref::<T>() == other.downcast_ref::<T>(),
        };
        Self {
            memo: Memo::new(outcome),
            of: PhantomData,
        }
    }

    /// A copy, and is told when it changes.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// A copy.
    pub fn get_untracked(self) -> T {
        look(&self.memo.get_untracked(), T::clone)
    }

    /// Looks at it, and is told when it changes.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        look(&self.memo.get(), read)
    }
}

/// # Panics
/// Never: an outcome has the type that it was computed with.
fn look<T: 'static, R>(outcome: &Outcome, read: impl FnOnce(&T) -> R) -> R {
    match outcome.value.downcast_ref::<T>() {
        Some(value) => read(value),
        None => panic!("a derived value of another type"),
    }
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}
