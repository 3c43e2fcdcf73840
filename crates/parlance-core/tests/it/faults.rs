//! The fault matrix on rig S (RELIABILITY 3.1): one test for each row, on
//! virtual time, each over many seeds. A row measures its figure, prints it
//! beside its bound, and only then asserts.
//!
//! `FAULT_SEED=n` runs one seed alone. Knows no browser and no socket.

#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it says how long a frame takes, which takes a real clock"
)]
mod abuse;
mod crash;
mod crmeb;
mod figure;
mod history;
mod lab;
mod native;

mod life;
mod path;
mod protocol;
mod refusing;
mod restored;
mod server;
mod storage;
mod tabs;
