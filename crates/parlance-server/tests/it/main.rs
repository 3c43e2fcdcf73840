//! The server from outside: real sockets on a free port, and the program
//! itself where only the program will do.
//!
//! Nothing waits by sleeping: a test waits for what it expects, and fails when
//! it does not come in time.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a test that cannot go on has failed"
)]

mod rig;

mod abuse;
mod auth;
mod faults;
mod gateways;
mod history;
mod kill;
mod limits;
mod pages;
mod presence;
mod program;
mod resilience;
mod restored;
mod rooms;
mod sending;
mod store;
mod upload;
