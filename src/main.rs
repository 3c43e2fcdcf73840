//! The page's entry: starts the application, and knows nothing else.
//!
//! In a browser it has no `main`: the standard library's preparations for one,
//! a buffered output and the names of forty failures of files, would be
//! downloaded with it (1 kB).
#![cfg_attr(target_arch = "wasm32", no_main)]

/// Starts the page.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    parlance::app::mount();
}

/// There is no page to start.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
