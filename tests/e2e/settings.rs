//! What the tests are told from outside, and the one line that says what is
//! missing.

use std::path::PathBuf;

pub(crate) fn server() -> String {
    required("PARLANCE_SERVER")
}

pub(crate) fn dist() -> String {
    required("PARLANCE_DIST")
}

/// Where pictures go; without it none are kept.
pub(crate) fn screenshots() -> Option<PathBuf> {
    std::env::var_os("PARLANCE_SCREENSHOTS").map(PathBuf::from)
}

/// How many browsers may live at once.
pub(crate) fn browsers() -> u32 {
    std::env::var("PARLANCE_BROWSERS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(3)
}

fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run the end-to-end tests with `cargo xtask test`")
    })
}
