//! The fault laboratory in real browsers: rows of the fault matrix, by what
//! breaks. Each is a test that makes one fault, measures what the matrix asks
//! for, prints one line, and only then judges.
//!
//! Rows that take longer than a few seconds are left to `cargo xtask faults`.

mod lifecycle;
mod load;
mod path;
mod protocol;
mod report;
mod scene;
mod server;
mod storage;
