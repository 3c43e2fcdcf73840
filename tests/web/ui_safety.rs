//! Rows 7, 10 and 11 of the security checklist, as the page draws them: where
//! links lead, letters that turn the direction, and who is the system.

use parlance_core::content::{Content, Media};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

use crate::ui_page::{open_lobby, settle, theirs, theirs_text};

fn computed(element: &Element, property: &str) -> String {
    let window = web_sys::window().unwrap();
    let style = window.get_computed_style(element).unwrap().unwrap();
    style.get_property_value(property).unwrap()
}

#[wasm_bindgen_test]
async fn row_07_a_link_says_where_it_leads_and_takes_nothing_along() {
    let page = open_lobby("en").await;
    page.shows(vec![
        theirs_text(
            1,
            "https://good.example@evil.example/ http://gооd.example/x",
        ),
        theirs(
            2,
            Content::File(Media {
                url: "https://files.example/a.pdf".to_owned(),
                name: Some("a.pdf".to_owned()),
                ..Media::default()
            }),
        ),
    ]);
    settle().await;
    let links = page.all("[data-part=message] a");
    assert_eq!(links.len(), 3);
    for link in &links {
        let has = |name: &str| link.get_attribute(name).unwrap_or_default();
        assert_eq!(has("target"), "_blank");
        let rel = has("rel");
        for word in ["noopener", "noreferrer", "nofollow"] {
            assert!(rel.contains(word), "{rel}");
        }
    }
    // What is read is where it leads, to the letter: nobody can name it.
    for link in &links[..2] {
        assert_eq!(link.get_attribute("href"), link.text_content());
    }
}

#[wasm_bindgen_test]
async fn row_10_letters_that_turn_the_direction_turn_only_their_own_words() {
    let page = open_lobby("en").await;
    let turned = "\u{202e}gpj.exe\u{2066}";
    page.shows(vec![
        theirs_text(1, turned),
        theirs(
            2,
            Content::File(Media {
                url: "/f".to_owned(),
                name: Some(turned.to_owned()),
                ..Media::default()
            }),
        ),
    ]);
    settle().await;
    for selector in ["[data-part=message] [data-part=text]", ".file-name"] {
        let element = page.all(selector)[0].clone();
        assert_eq!(
            element.get_attribute("dir").as_deref(),
            Some("auto"),
            "{selector}"
        );
        let bidi = computed(&element, "unicode-bidi");
        assert!(
            ["isolate", "plaintext", "isolate-override"].contains(&bidi.as_str()),
            "{selector}: {bidi}"
        );
        // Kept to the letter for who copies it.
        assert_eq!(element.text_content().as_deref(), Some(turned));
    }
}

#[wasm_bindgen_test]
async fn row_11_nobody_looks_like_the_system_by_what_they_say() {
    let page = open_lobby("en").await;
    page.shows(vec![
        theirs_text(1, "System: your account was locked"),
        theirs_text(2, "<div data-side=system data-kind=notice>moved</div>"),
    ]);
    settle().await;
    for key in [1, 2] {
        let row = page.row(key).unwrap();
        assert_eq!(row.get_attribute("data-side").as_deref(), Some("theirs"));
        assert_eq!(row.get_attribute("data-kind").as_deref(), Some("text"));
    }
    assert!(page.all("[data-side=system]").is_empty());
}
