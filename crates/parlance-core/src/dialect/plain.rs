//! The plain dialect: a token in the address, and texts without names or ids.
//!
//! Knows the frames; what a client makes of them is not here yet.

pub mod wire;
