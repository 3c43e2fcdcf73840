//! The page's few line drawings, as paths: they take the text's colour, need
//! no request and no font.
//!
//! Knows not what they mean: the text beside them says it.

use crate::dom::{El, el};

/// Towards where one came from.
pub const BACK: &str = "M15 5l-7 7 7 7";
/// Somebody.
pub const PERSON: &str = "M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20.5c.5-4 3.5-6 7.5-6s7 2 7.5 6";
/// People.
pub const PEOPLE: &str = "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.4-3.6 3-5.6 6.5-5.6s6.1 2 6.5 5.6M16 4.4a3.5 3.5 0 010 6.4M18 14.8c2 .7 3.2 2.5 3.5 5.2";
/// Out of the door.
pub const LEAVE: &str = "M14 4H7a2 2 0 00-2 2v12a2 2 0 002 2h7M11 12h10M17.5 8l4 4-4 4";
/// Up and away.
pub const SEND: &str = "M12 20V5M5.5 11L12 4.5 18.5 11";
/// Down to the newest.
pub const DOWN: &str = "M12 5v14M5.5 12.5L12 19l6.5-6.5";
/// Be gone.
pub const CLOSE: &str = "M6 6l12 12M18 6L6 18";
/// A clock's hands.
pub const CLOCK: &str = "M12 20.5a8.5 8.5 0 100-17 8.5 8.5 0 000 17zM12 7v5l3 2";
/// On its way.
pub const DOTS: &str = "M5 12h.01M12 12h.01M19 12h.01";
/// Done.
pub const CHECK: &str = "M5 12.5l4.5 4.5L19 7.5";
/// Out of one's hands.
pub const HANDED: &str = "M4 12h15M13.5 6.5L19 12l-5.5 5.5";
/// Done, and seen.
pub const CHECKS: &str = "M2 12.5l4.5 4.5L16 7.5M11.5 16.5l.5.5L22 7.5";
/// Who knows.
pub const QUESTION: &str = "M8.5 9a3.5 3.5 0 117 0c0 2.5-3.5 2.800-3.5 5.5M12 18.5v.01";
/// Not done.
pub const ALERT: &str = "M12 5v9M12 18.5v.01";
/// A sheet.
pub const FILE: &str = "M13 3H7a2 2 0 00-2 2v14a2 2 0 002 2h10a2 2 0 002-2V9zM13 3v6h6";
/// A picture.
pub const PICTURE: &str = "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9v.01";
/// Two bubbles.
pub const CHAT: &str = "M20.5 11.5a8 8 0 01-11.800 7L4 20l1.5-4.5a8 8 0 1115-4z";

/// A drawing the size of the text around it.
pub fn icon(path: &'static str) -> El {
    el("svg.icon[viewBox=0 0 24 24][aria-hidden=true]").child(el("path").attr("d", path))
}
