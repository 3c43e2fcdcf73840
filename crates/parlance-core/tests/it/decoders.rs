//! What comes from outside is read without a panic.
