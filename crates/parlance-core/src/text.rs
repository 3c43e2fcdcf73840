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
}
