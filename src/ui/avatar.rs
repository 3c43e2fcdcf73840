//! A person's picture, or their initials on a colour that is always theirs;
//! somebody without a name is anybody.
//!
//! Loads nothing from strangers' servers: such a picture stays initials.

use super::address;
use super::icon::{self, icon};
use crate::dom::{El, el};

/// How many tints the style sheet has.
const TINTS: u32 = 8;

/// A picture for this identity and name; drawing only, so hidden from readers.
pub fn avatar(id: &str, name: &str, picture: Option<&str>) -> El {
    let picture = address::first_party(picture)
        .map(|address| el("img.avatar-picture[alt][loading=lazy]").address("src", &address));
    let initials = initials(name);
    el("span[data-part=avatar][aria-hidden=true]")
        .attr("class", &tinted("avatar tint-", id))
        .text(&initials)
        .child_if(initials.is_empty().then(|| icon(icon::PERSON)))
        .child_if(picture)
}

/// A class that ends in the number of this identity's colour.
pub fn tinted(class: &str, id: &str) -> String {
    [class, &tint(id).to_string()].concat()
}

/// The colour of this identity: the same on every page and every day.
pub fn tint(id: &str) -> u32 {
    let mixed = id.bytes().fold(2_166_136_261_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    (mixed >> 8) % TINTS
}

/// The first letters of the first and last word; of a name in Chinese,
/// Japanese or Korean its first character.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| !is_punctuation(*c)));
    let first = words.next().or_else(|| name.trim().chars().next());
    let Some(first) = first else {
        return String::new();
    };
    let mut initials = String::from(first);
    if (first as u32) < 0x1100
        && let Some(last) = words.next_back()
    {
        initials.push(last);
    }
    initials
}

/// Brackets, dots and the like, Latin and Chinese. Not every letter that there
/// is: the tables for those are as large as a component.
const fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(
            letter,
            '\u{2000}'..='\u{206f}'
                | '\u{3000}'..='\u{303f}'
                | '\u{ff00}'..='\u{ff0f}'
                | '\u{ff1a}'..='\u{ff20}'
                | '\u{ff3b}'..='\u{ff40}'
                | '\u{ff5b}'..='\u{ff65}'
        )
}
