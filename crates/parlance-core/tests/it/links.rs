//! Rows 4 and 6 of the security checklist, as far as text goes: what was typed
//! is kept byte for byte, only http and https become links, and the worst text
//! there is takes no longer than it must.

use std::time::{Duration, Instant};

use parlance_core::chance::Chance;
use parlance_core::text::next_link;

/// The text in its parts: what is a link, and what is not.
fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, link, after)) = next_link(rest) {
        parts.push((false, before));
        parts.push((true, link));
        rest = after;
    }
    parts.push((false, rest));
    parts
}

fn links(text: &str) -> Vec<&str> {
    let parts = parts(text).into_iter();
    parts.filter(|(link, _)| *link).map(|(_, it)| it).collect()
}

#[test]
fn row_04_every_text_is_kept_byte_for_byte() {
    const PIECES: [&str; 34] = [
        "http",
        "https",
        "://",
        "http://",
        "https://",
        "http://a",
        "https://b.c/d?e#f",
        "HTTP://X",
        "javascript:",
        "data:text/html,",
        "[",
        "]",
        "(",
        ")",
        ".",
        ",",
        "。",
        "，",
        "<b>",
        "\"",
        "'",
        " ",
        "\n",
        "\t",
        "\0",
        "\u{202e}",
        "\u{2066}",
        "你好",
        "😀",
        "e\u{301}",
        "@",
        "//",
        "xn--",
        "%",
    ];
    let mut chance = Chance::new(4);
    let mut found = 0;
    let cases = if cfg!(debug_assertions) {
        20_000
    } else {
        200_000
    };
    for case in 0..cases {
        let length = chance.below(12);
        let text: String = (0..length)
            .map(|_| PIECES[chance.below(PIECES.len() as u64) as usize])
            .collect();
        let parts = parts(&text);
        let together: String = parts.iter().map(|(_, it)| *it).collect();
        assert_eq!(together, text, "case {case}");
        for (_, link) in parts.iter().filter(|(link, _)| *link) {
            found += 1;
            let host = link
                .strip_prefix("https://")
                .or_else(|| link.strip_prefix("http://"));
            let host = host.unwrap_or_else(|| panic!("{link:?} of {text:?}"));
            assert!(host.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '['));
            let clean =
                |it: char| !it.is_whitespace() && !it.is_control() && it != '<' && it != '"';
            assert!(host.chars().all(clean), "{link:?}");
        }
    }
    assert!(found > cases / 10, "{found} links were looked at");
}

#[test]
fn row_04_the_worst_texts_take_no_longer_than_their_length() {
    let worst = [
        "http://!",
        "https://!",
        "http",
        "http://",
        "h",
        "http://a ",
        "https://a.b ",
        "http://[",
        "http:///",
        "http://a.....",
        "hhttp",
        "http://http://",
        "http://\u{202e}",
        "你http://",
        "http://a)))))",
        "<http://a>",
    ];
    let mut slowest = Duration::ZERO;
    for piece in worst {
        let text = piece.repeat(64 * 1024 / piece.len());
        let begun = Instant::now();
        let parts = parts(&text);
        let took = begun.elapsed();
        slowest = slowest.max(took);
        let length: usize = parts.iter().map(|(_, it)| it.len()).sum();
        assert_eq!(length, text.len(), "{piece:?}");
        // Deep enough for any stack: nothing recurs.
        assert!(
            took < Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 20 }),
            "{piece:?} takes {took:?}"
        );
    }
    println!("links: 64 kB of the worst kind in {slowest:?}");
}

#[test]
fn row_06_only_http_and_https_are_links() {
    let none = [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "java\0script:alert(1)",
        "\u{1}javascript:alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "javascript://%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://a.example/uuid",
        "intent://a#Intent;scheme=http;end",
        "ftp://a.example/",
        "mailto:a@b.example",
        "tel:+123",
        "http:/a.example",
        "http:a.example",
        "http//a.example",
        "https:\\\\a.example",
        "http://",
        "https://",
        "http://.a",
        "http://\u{202e}moc.live",
        "http://@a",
        "ws://a.example",
        "about:blank",
        "view-source:javascript:1",
        "x-http//a",
        "https ://a.example",
        "h\u{200b}ttp://a.example",
        "ｈttp://a.example",
        "HTTP://A.EXAMPLE",
    ];
    for text in none {
        let found = links(text);
        let found: Vec<_> = found
            .iter()
            .filter(|it| !it.starts_with("https://a.example/uuid"))
            .collect();
        assert!(found.is_empty(), "{text:?}: {found:?}");
    }
    let some = [
        ("see http://a.example.", "http://a.example"),
        ("(https://a.example/b(c))", "https://a.example/b(c"),
        ("你好https://a.example/路径？不是", "https://a.example/路径"),
        ("<a href=\"https://a.example\">x</a>", "https://a.example"),
        ("http://[::1]:8000/x!", "http://[::1]:8000/x"),
        ("http://http://a.example", "http://http://a.example"),
        ("http://!http://a", "http://a"),
        ("javascript:alert('http://a.example')", "http://a.example"),
    ];
    for (text, link) in some {
        assert_eq!(links(text), [link], "{text:?}");
    }
}
