//! The entry of the page: starts the application, knows nothing else.
fn main() {}
