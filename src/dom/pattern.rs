//! Patterns of text, looked for by the browser: its tables of letters are there
//! already, and ours would have to be downloaded.
//!
//! Patterns are written in the source, and in what every browser reads that runs
//! the page: none looks behind itself. Knows not what they mean.

use js_sys::{Array, JsString, RegExp};

/// The text cut where this pattern is, with what its groups hold between.
pub fn split(pattern: &'static str, text: &str) -> Vec<String> {
    strings(&JsString::from(text).split_by_pattern(&RegExp::new(pattern, "u")))
}

/// The strings of a list.
pub fn strings(list: &Array) -> Vec<String> {
    list.iter().filter_map(|entry| entry.as_string()).collect()
}
