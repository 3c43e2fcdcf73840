//! What somebody typed: text nodes, byte for byte, and links to what looks
//! like an address.
//!
//! Knows no markup: nothing that somebody typed becomes an element by itself.

use super::super::alike::told;
use super::media::LINK;
use crate::dom::address::Address;
use crate::dom::pattern::split;
use crate::dom::{El, el};

/// More emoji than this are a text like any other.
const JUMBO: usize = 3;

pub(super) fn text(said: &str) -> El {
    let mut text = el("span[data-part=text][dir=auto]");
    text = text.attr("class", if is_jumbo(said) { "text jumbo" } else { "text" });
    for (index, part) in parts(said).iter().enumerate() {
        let address = Address::typed(part).filter(|_| index % 2 == 1);
        text = match address {
            Some(address) => text.child(anchor(&address)),
            None => told(text, part),
        };
    }
    text
}

/// The text in parts that are the text together: every other one looks like a
/// link. An address of the web goes on to what nobody writes in one, without
/// what closes a sentence. A mailbox is written without escapes and without the
/// fields that would go into the letter unseen, and a number without the signs
/// that tell a network to do something else than to call; neither is half of
/// something longer. Each letter is looked at a few times at most.
pub fn parts(said: &str) -> Vec<String> {
    split(LINKS, said)
}

const LINKS: &str = "(\
https?://(?=[a-zA-Z0-9[])[^\\s\\p{Cc}<>\"“”，。！？；、（）《》]*[^\\s\\p{Cc}<>\"“”，。！？；、（）《》.,;:!?)']|\
\\b(?:mailto:[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+|tel:[+0-9][0-9.-]+[0-9])\
(?![-\\w@%&=#/*+(\\0-\\x09\\x0b-\\x1f\\u00aa-\\u200f\\u202a-\\u2e7f]|\\.\\w))";

fn anchor(address: &Address) -> El {
    let anchor = el(LINK).address("href", address).text(address.shown());
    // A mailbox or a number is another program's: no window is opened for it.
    if address.host().is_empty() {
        anchor.put("target", None);
    }
    anchor
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
