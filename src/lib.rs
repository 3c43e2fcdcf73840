//! The browser side of Parlance.
