//! A part of a view that changes, as one type for all closures: each closure
//! type would bring its own copy of the renderer into the download.

/// Computed again whenever what it reads changes.
pub type Dynamic<T> = Box<dyn FnMut() -> T + Send>;

/// This closure, without its type.
pub fn dynamic<T>(compute: impl FnMut() -> T + Send + 'static) -> Dynamic<T> {
    Box::new(compute)
}
