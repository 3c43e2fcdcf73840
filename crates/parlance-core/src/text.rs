//! Looking into text for less than the standard library's search brings into a
//! page: what is looked for here is two or three bytes long.

/// Where the mark begins first.
pub fn find(text: &str, mark: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(mark.len());
    windows.position(|window| window == mark.as_bytes())
}

/// What stands before the mark, and what behind it.
pub fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// The text with another word in each place of the mark.
pub fn replaced(text: &str, mark: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = cut(rest, mark) {
        out.push_str(before);
        out.push_str(with);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What HTML must not hold as it is, written as itself again. The ampersand
/// comes last: an escaped escape is a text.
pub fn unescaped(text: &str) -> String {
    const ESCAPES: [(&str, &str); 6] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#039;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let mut text = text.to_owned();
    for (escape, letter) in ESCAPES {
        text = replaced(&text, escape, letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_first_mark() {
        for text in ["a://b://c", "://", "", ":/", "你://好", "none"] {
            assert_eq!(cut(text, "://"), text.split_once("://"), "{text}");
            assert_eq!(find(text, "://"), text.find("://"), "{text}");
        }
    }

    #[test]
    fn every_mark_is_replaced_and_what_comes_of_it_is_not() {
        for text in ["", "aa", "aaa", "baab", "你aa好"] {
            assert_eq!(replaced(text, "aa", "a"), text.replace("aa", "a"), "{text}");
        }
        assert_eq!(
            unescaped("&amp;lt;b&gt; &quot;&#39;&#039;&quot;"),
            "&lt;b> \"''\""
        );
    }
}
