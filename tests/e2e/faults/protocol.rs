//! Rows 38, 39, 44, 45, and 48 to 51: what comes over the path is not what a
//! server should say.

mod closing;
mod frames;
mod history;
mod identity;
mod refusing;
