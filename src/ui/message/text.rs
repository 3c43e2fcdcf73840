//! What somebody typed: text nodes, byte for byte, and links to what looks
//! like an address.
//!
//! Knows no markup: nothing that somebody typed becomes an element by itself.

use parlance_core::text::next_link;

use super::media::LINK;
use crate::dom::address::Address;
use crate::dom::{El, el};

/// More emoji than this are a text like any other.
const JUMBO: usize = 3;

pub(super) fn text(said: &str) -> El {
    let mut text = el("span[data-part=text][dir=auto]");
    text = text.attr("class", if is_jumbo(said) { "text jumbo" } else { "text" });
    let mut rest = said;
    while let Some((before, link, after)) = next_link(rest) {
        text = text.text(before).child(anchor(link));
        rest = after;
    }
    // One text node where there is no link: what was typed can be selected and
    // read as a whole.
    text.text(rest)
}

fn anchor(link: &str) -> El {
    let anchor = el(LINK).text(link);
    match Address::typed(link) {
        Some(address) => anchor.address("href", &address),
        None => anchor,
    }
}

/// Nothing but a few emoji.
fn is_jumbo(said: &str) -> bool {
    let mut signs = 0;
    for sign in said.chars() {
        match u32::from(sign) {
            // Joiners, presentation selectors, skin tones.
            0x200D | 0xFE0F | 0x1F3FB..=0x1F3FF => {}
            0x2600..=0x27BF | 0x1F300..=0x1FAFF => signs += 1,
            0x1F1E6..=0x1F1FF => signs += 1,
            _ => return false,
        }
    }
    (1..=JUMBO).contains(&signs)
}
