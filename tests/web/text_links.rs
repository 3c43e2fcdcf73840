//! Rows 4 and 6 of the security checklist, as far as text goes: what was typed
//! is kept byte for byte, only http, https, mailboxes and numbers become links,
//! and the worst text there is takes no longer than it must.

use parlance::ui::message;
use parlance_core::chance::Chance;
use wasm_bindgen_test::wasm_bindgen_test;

/// The text in its parts: what is a link, and what is not.
fn parts(text: &str) -> Vec<(bool, String)> {
    let parts = message::parts(text).into_iter().enumerate();
    parts.map(|(index, part)| (index % 2 == 1, part)).collect()
}

fn links(text: &str) -> Vec<String> {
    let parts = parts(text).into_iter();
    parts.filter(|(link, _)| *link).map(|(_, it)| it).collect()
}

#[wasm_bindgen_test]
fn row_04_every_text_is_kept_byte_for_byte() {
    const PIECES: [&str; 44] = [
        "http",
        "https",
        "://",
        "http://",
        "https://",
        "http://a",
        "https://b.c/d?e#f",
        "HTTP://X",
        "mailto:",
        "tel:",
        "mailto:a@b.c",
        "tel:+123-45",
        "a@",
        "b.c",
        "12345",
        "?bcc=",
        "*#",
        "é",
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
    let (mut found, mut letters, mut calls) = (0, 0, 0);
    let cases = 20_000;
    for case in 0..cases {
        let length = chance.below(12);
        let text: String = (0..length)
            .map(|_| PIECES[chance.below(PIECES.len() as u64) as usize])
            .collect();
        let parts = parts(&text);
        let together: String = parts.iter().map(|(_, it)| it.as_str()).collect();
        assert_eq!(together, text, "case {case}");
        for (_, link) in parts.iter().filter(|(link, _)| *link) {
            found += 1;
            let clean =
                |it: char| !it.is_whitespace() && !it.is_control() && it != '<' && it != '"';
            if let Some(mailbox) = link.strip_prefix("mailto:") {
                letters += 1;
                let (local, domain) = mailbox.split_once('@').expect("a mailbox");
                assert!(!local.is_empty() && domain.contains('.'), "{link:?}");
                assert!(!mailbox.contains(['?', '%', '&', ':']), "{link:?}");
                assert!(mailbox.is_ascii() && mailbox.chars().all(clean), "{link:?}");
                continue;
            }
            if let Some(number) = link.strip_prefix("tel:") {
                calls += 1;
                let read = |it: char| it.is_ascii_digit() || matches!(it, '+' | '-' | '.');
                assert!(number.chars().all(read), "{link:?}");
                continue;
            }
            let host = link
                .strip_prefix("https://")
                .or_else(|| link.strip_prefix("http://"));
            let host = host.unwrap_or_else(|| panic!("{link:?} of {text:?}"));
            let begins = |it: char| it.is_ascii_alphanumeric() || it == '[';
            assert!(host.starts_with(begins), "{link:?}");
            assert!(host.chars().all(clean), "{link:?}");
        }
    }
    assert!(found > cases / 10, "{found} links were looked at");
    assert!(letters > cases / 100, "{letters} mailboxes were looked at");
    assert!(calls > cases / 100, "{calls} numbers were looked at");
}

#[wasm_bindgen_test]
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
        "http://é",
        "http:///",
        "http://a.....",
        "hhttp",
        "http://http://",
        "http://\u{202e}",
        "你http://",
        "http://a)))))",
        "<http://a>",
        ":",
        "mailto:",
        "mailto:a",
        "mailto:a@b.",
        "mailto:a@b.c%",
        "mailto:a@a@",
        "tel:",
        "tel:1",
        "tel:123#",
        "tel:+1-",
    ];
    for piece in worst {
        let text = piece.repeat(64 * 1024 / piece.len());
        let begun = js_sys::Date::now();
        let parts = parts(&text);
        let took = js_sys::Date::now() - begun;
        let length: usize = parts.iter().map(|(_, it)| it.len()).sum();
        assert_eq!(length, text.len(), "{piece:?}");
        // What takes the square of its length takes seconds.
        assert!(took < 400.0, "{piece:?} takes {took} ms");
    }
}

#[wasm_bindgen_test]
fn row_06_links_are_of_four_schemes_and_of_no_other() {
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
        "http:/a.example",
        "http:a.example",
        "http//a.example",
        "https:\\\\a.example",
        "http://",
        "https://",
        "http://.a",
        "http://\u{202e}moc.live",
        "http://例子",
        "http://@a",
        "http://或https://",
        "http://“a.b”",
        "ws://a.example",
        "about:blank",
        "view-source:javascript:1",
        "x-http//a",
        "https ://a.example",
        "h\u{200b}ttp://a.example",
        "ｈttp://a.example",
        "HTTP://A.EXAMPLE",
        // Without an address, or with more than one.
        "mailto:",
        "mailto:you",
        "mailto:@b.example",
        "mailto:a@",
        "mailto:a@b",
        "mailto:a@.example",
        "mailto:a@b@c.example",
        "mailto:?bcc=a@b.example",
        // Escapes and entities, which may stand for anything.
        "mailto:a%0Abcc:c@b.example",
        "mailto:a@b.example%3Fbcc=c",
        "mailto&colon;a@b.example",
        "&#109;ailto:a@b.example",
        "mailto&#58;a@b.example",
        // White space and control characters within, and what cannot be seen.
        "mail\tto:a@b.example",
        "mailto :a@b.example",
        "mailto: a@b.example",
        "mailto:\na@b.example",
        "mailto:\0a@b.example",
        "mailto:a@b.example\u{1}",
        "mailto:a@b.example\u{202e}moc",
        "mail\u{200b}to:a@b.example",
        "mailto:\u{feff}a@b.example",
        // Other letters, which would be half an address.
        "MAILTO:a@b.example",
        "ｍailto:a@b.example",
        "mailto:å@b.example",
        "mailto:a@b.exampleå",
        "mailto:a@b.е",
        // Other words that end so.
        "hotel:12345",
        "9tel:12345",
        // What tells a network to do something else than to call.
        "tel:",
        "tel:12",
        "tel:*#06#",
        "tel:*21*12345#",
        "tel:12345#",
        "tel:12345*1",
        "tel:12345%23",
        "tel:(555)12345",
        "tel:+1(555)12345",
        "tel:+1555(1)2345",
        "tel:12345p1",
        "TEL:12345",
        "te\nl:12345",
        "tel&colon;12345",
        "sms:12345",
        "facetime:12345",
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
        ("mailto:a.b+c@d-e.example", "mailto:a.b+c@d-e.example"),
        ("(mailto:a@b.example).", "mailto:a@b.example"),
        ("<mailto:a@b.example>", "mailto:a@b.example"),
        // Where it goes can be read; what would go along is no part of it.
        ("mailto:a@b.example?bcc=c@d.example", "mailto:a@b.example"),
        (
            "mailto:a@b.example?attach=/etc/passwd",
            "mailto:a@b.example",
        ),
        ("请写信mailto:a@b.example联系", "mailto:a@b.example"),
        ("tel:+86-10-12345678", "tel:+86-10-12345678"),
        ("call tel:110, now", "tel:110"),
        ("tel:12345;ext=1", "tel:12345"),
        ("电话：tel:10086。", "tel:10086"),
    ];
    for (text, link) in some {
        assert_eq!(links(text), [link], "{text:?}");
    }
}
