//! The browser side of Parlance: a driver that feeds the core, and components
//! that show it.
//!
//! Deliberately knows no protocol and keeps no connection state: both are the
//! core's. What needs a browser is compiled for one only; the rest is tested
//! natively.

#[cfg(target_arch = "wasm32")]
pub mod app;

pub mod config;
pub mod dialects;

#[cfg(target_arch = "wasm32")]
pub mod dom;
#[cfg(target_arch = "wasm32")]
pub mod driver;

#[cfg(target_arch = "wasm32")]
pub mod i18n;
#[cfg(target_arch = "wasm32")]
pub mod model;
#[cfg(target_arch = "wasm32")]
pub mod ui;
