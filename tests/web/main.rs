//! The driver against a real browser. Natively there is nothing to test, and
//! the program passes.

#![cfg(target_arch = "wasm32")]

mod clock;
mod launch;
mod page;
mod rig;
mod socket;
mod storage;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
