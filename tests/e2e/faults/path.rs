//! Rows 1 to 14: what a path between a page and its server can do.

mod ends;
mod healing;
mod holes;
mod instead;
mod rough;

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Dials that may fail: in a minute, and in three.
const DIALS_IN_ONE: usize = 9;
const DIALS_IN_THREE: usize = 20;
