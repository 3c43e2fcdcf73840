//! Rig V of the fault laboratory: the real server, and clients that behave
//! like the page because they are its core.
//!
//! Each test is a row of the fault matrix, and says what it measured in one
//! line before it judges (`report.rs`). Rows that take more than a few seconds
//! are run by `cargo xtask faults`; those of more than a minute run at a tenth
//! of their length unless `PARLANCE_FULL=1` says otherwise.

mod fleet;
mod link;
mod pilot;
mod recording;
mod report;

mod crash;
mod credentials;
mod disk;
mod frozen;
mod lag;
mod power;
mod restart;
mod restored;
mod resume;
mod slow;
mod storm;
