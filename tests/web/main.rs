//! The driver and the components against a real browser. Natively there is nothing to test, and
//! the program passes.

#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test may fail where it stands, and plays the page's scripts"
)]

mod clock;
mod dom;
mod driver;
mod launch;
mod page;
mod rig;
mod scripted;
mod socket;
mod storage;
mod text_links;
mod ui_attach;
mod ui_backend;
mod ui_composer;
mod ui_links;
mod ui_message;
mod ui_page;
mod ui_safety;
mod ui_shell;
mod ui_timeline;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
