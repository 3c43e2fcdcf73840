//! The house rules that a test can check.
