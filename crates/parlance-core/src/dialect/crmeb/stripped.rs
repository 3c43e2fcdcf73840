//! What the stock server makes of a text before it keeps and echoes it: the
//! same steps in the same order, so that an echo is known again.
//!
//! Changes nothing that is sent.

use crate::text::{replaced, unescaped};

/// Escapes undone, line breaks, tabs and `&nbsp;` taken out, tags stripped,
/// ends trimmed.
pub(super) fn stripped(text: &str) -> String {
    let text = unescaped(text).replace(['\n', '\t', '\r'], "");
    let text = replaced(&text, "&nbsp;", "");
    untagged(&text).trim().to_owned()
}

/// As PHP's `strip_tags`: `<` before a blank is a letter, any other opens a
/// tag; quotes inside it hide `>`; one that is never closed takes the rest.
fn untagged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut tag = Tag::Outside;
    while let Some(letter) = letters.next() {
        tag = match (tag, letter) {
            (Tag::Outside, '<') if !letters.peek().is_none_or(|next| next.is_whitespace()) => {
                Tag::Inside
            }
            (Tag::Outside, letter) => {
                out.push(letter);
                Tag::Outside
            }
            (Tag::Inside, '>') => Tag::Outside,
            (Tag::Inside, quote @ ('"' | '\'')) => Tag::Quoted(quote),
            (Tag::Quoted(quote), letter) if letter == quote => Tag::Inside,
            (tag, _) => tag,
        };
    }
    out
}

#[derive(Clone, Copy)]
enum Tag {
    Outside,
    Inside,
    Quoted(char),
}

#[cfg(test)]
mod tests {
    use super::stripped;

    #[test]
    fn a_text_is_stripped_as_the_server_does_it() {
        for (said, kept) in [
            // Caught on the wire.
            ("你好 <b>bold</b>\nline2 & \"q\"", "你好 boldline2 & \"q\""),
            ("1 < 2 > 3", "1 < 2 > 3"),
            ("a<b", "a"),
            ("a <", "a <"),
            ("<a title=\"x>y\">z</a>\t", "z"),
            ("&lt;b&gt;x&lt;/b&gt;&nbsp;y", "xy"),
            ("  ends  ", "ends"),
        ] {
            assert_eq!(stripped(said), kept, "{said:?}");
        }
    }
}
