//! Rows 10 and 11 of the security checklist, as the page draws them: letters
//! that turn the direction or pile up, files and people that look like others,
//! and who is the system.

use parlance_core::Event;
use parlance_core::frame::Person;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement};

use crate::ui_page::{
    Page, file, lobby, open_lobby, person, settle, text_of, theirs_from, theirs_text,
};

fn computed(element: &Element, property: &str) -> String {
    let window = web_sys::window().unwrap();
    let style = window.get_computed_style(element).unwrap().unwrap();
    style.get_property_value(property).unwrap()
}

#[wasm_bindgen_test]
async fn row_10_letters_that_turn_the_direction_turn_only_their_own_words() {
    let page = open_lobby("en").await;
    let turned = "\u{202e}gpj.exe\u{2066}";
    page.shows(vec![theirs_text(1, turned), file(2, turned)]);
    settle().await;
    for (selector, kept) in [
        ("[data-part=message] [data-part=text]", turned),
        (".file-part", "\u{202e}gpj"),
    ] {
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
        assert_eq!(element.text_content().as_deref(), Some(kept));
    }
}

#[wasm_bindgen_test]
async fn row_10_a_file_shows_what_it_will_be_opened_as() {
    let table = [
        ("photo\u{202e}gnp.exe", &["photo\u{202e}gnp", ".exe"][..]),
        (
            "a.pdf\u{202e}exe.scr\u{2066}",
            &["a.pdf\u{202e}exe", ".scr\u{2066}"],
        ),
        ("a.png.exe\u{200b} . ", &["a.png", ".exe\u{200b} . "]),
        ("archive.tar.gz", &["archive.tar", ".gz"]),
        ("名字。jpg.bat", &["名字。jpg", ".bat"]),
        (".profile", &[".profile"]),
        ("README", &["README"]),
    ];
    let page = open_lobby("en").await;
    for (name, expected) in table {
        page.shows(vec![file(1, name)]);
        settle().await;
        let parts = page.all(".file-part");
        let texts: Vec<_> = parts.iter().map(|it| text_of(it)).collect();
        assert_eq!(texts, expected);
        assert_eq!(texts.concat(), name, "to the letter");
        if let [first, last] = &parts[..] {
            assert_eq!(computed(last, "unicode-bidi"), "isolate");
            assert_eq!(computed(first, "unicode-bidi"), "isolate");
            let (first, last) = (
                first.get_bounding_client_rect(),
                last.get_bounding_client_rect(),
            );
            assert!(first.right() <= last.left(), "{name:?}: side by side");
        }
    }
    // Of a long name the end of what comes before the dot is cut.
    page.shows(vec![file(1, &["a".repeat(400).as_str(), ".exe"].concat())]);
    settle().await;
    let (stem, ending) = (
        page.all(".file-part").remove(0),
        page.all(".file-part").remove(1),
    );
    assert!(stem.scroll_width() > stem.client_width(), "cut");
    let (bubble, ending) = (
        page.all(".bubble")[0].get_bounding_client_rect(),
        ending.get_bounding_client_rect(),
    );
    assert!(
        ending.width() > 10.0 && ending.right() <= bubble.right(),
        "in full"
    );
}

#[wasm_bindgen_test]
async fn row_10_piles_of_marks_stay_in_their_line() {
    let pile = |marks: usize| ["Z", &"\u{334}\u{30d}".repeat(marks / 2), "algo"].concat();
    let page = open_lobby("en").await;
    let name = pile(60);
    page.shows(vec![
        theirs_text(1, &pile(8)),
        theirs_text(2, &pile(2000)),
        theirs_from(3, person("z", &name)),
        theirs_text(4, &["👩\u{200d}👩\u{200d}👧\u{200d}👦", "中文"].concat()),
    ]);
    settle().await;
    let height = |key: u64, part: &str| {
        let found = page.all(&format!("[data-key=\"{key}\"] [data-part={part}]"));
        found[0].get_bounding_client_rect().height()
    };
    // To the letter for who copies it, and no higher than a line.
    let text = page.all("[data-key=\"2\"] [data-part=text]").remove(0);
    assert_eq!(text_of(&text), pile(2000));
    assert_eq!(height(2, "text"), height(1, "text"));
    assert_eq!(height(3, "name"), height(1, "name"));
    let piled = |key: u64| page.all(&format!("[data-key=\"{key}\"] .piled"));
    assert!(piled(1).is_empty(), "eight marks are drawn");
    assert!(piled(4).is_empty(), "and whatever is no pile");
    for (key, marks) in [(2, 1992), (3, 52)] {
        let hidden = piled(key);
        let letters = hidden.iter().map(|it| text_of(it).chars().count());
        assert_eq!(letters.sum::<usize>(), marks);
        assert_eq!(computed(&hidden[0], "font-size"), "0px");
    }
    assert_eq!(computed(&page.all(".bubble")[0], "overflow"), "clip");
}

/// A host called Ada Miller, and who else is there.
async fn with_a_host(lang: &str) -> Page {
    let page = open_lobby(lang).await;
    let host = Person {
        host: true,
        ..person("host", "Ada Miller")
    };
    page.model
        .apply(Event::People(lobby(), vec![host, person("mia", "Mia")]));
    page
}

fn flagged(page: &Page, key: u64) -> bool {
    let mark = page.all(&format!("[data-key=\"{key}\"] [data-part=not-staff]"));
    let width = mark[0].get_bounding_client_rect().width();
    assert_eq!(width > 0.0, !text_of(&mark[0]).is_empty());
    width > 0.0
}

#[wasm_bindgen_test]
async fn row_10_who_is_called_like_a_host_and_is_none_is_flagged() {
    for (lang, words) in [("en", "not staff"), ("zh-CN", "非工作人员")] {
        let page = with_a_host(lang).await;
        let alike = [
            "Ada Miller",
            "ada  miller",
            "Ada\u{200b} Mill\u{2060}er",
            "Аda Мillеr",
            "Αda Miller",
            "Ada Mi11er",
            "AdaMiIIer",
            "Ａｄａ Ｍｉｌｌｅｒ",
            "𝐀𝐝𝐚 Miller",
            "Áda Mïller",
            "★ Ada Miller ★",
            "Ada_Miller.",
        ];
        // A row's author is its own for life: each is another row.
        for (key, name) in (1..).zip(alike) {
            page.shows(vec![theirs_from(key, person("mallory", name))]);
            settle().await;
            assert!(flagged(&page, key), "{name}");
            let mark = page.all("[data-part=not-staff]").remove(0);
            assert_eq!(text_of(&mark), words);
        }
        let others = ["Mia", "Ada", "Ada Müllerin", "Адам", "", "★", "你好"];
        for (key, name) in (100..).zip(others) {
            page.shows(vec![theirs_from(key, person("mallory", name))]);
            settle().await;
            assert!(!flagged(&page, key), "{name}");
        }
    }
    // Whose name it is, is not; and without a host nobody is taken for one.
    let page = with_a_host("en").await;
    page.shows(vec![
        theirs_from(1, person("host", "Ada Miller")),
        theirs_from(2, person("mallory", "Ada Miller")),
    ]);
    settle().await;
    assert!(!flagged(&page, 1));
    assert!(flagged(&page, 2));
    page.model
        .apply(Event::People(lobby(), vec![person("host", "Ada Miller")]));
    settle().await;
    assert!(!flagged(&page, 2), "it follows who is there");
}

#[wasm_bindgen_test]
async fn row_11_a_badge_is_the_servers_word_and_nobodys_name() {
    let page = with_a_host("en").await;
    let dressed = Person {
        avatar: Some("/icon.svg?role=host".to_owned()),
        ..person("mallory", "★ Host")
    };
    let host = Person {
        host: true,
        ..person("host", "Ada Miller")
    };
    page.shows(vec![
        theirs_from(1, dressed.clone()),
        theirs_from(
            2,
            person("eve", "<span class=role data-part=role>Host</span>"),
        ),
        theirs_from(3, host.clone()),
    ]);
    page.model
        .apply(Event::People(lobby(), vec![host, dressed]));
    page.model.show_people(true);
    settle().await;
    let badges = page.parts("role");
    assert_eq!(badges.len(), 2, "one in the row, one among the people");
    let of_host = ["[data-key=\"3\"] .role", "[data-uid=host] .role"];
    for selector in of_host {
        let badge = page.all(selector).remove(0);
        assert_eq!(text_of(&badge), "Host");
        assert!(badge.get_bounding_client_rect().width() > 0.0);
        // Beside the name, not in it.
        let name: Option<HtmlElement> = badge.parent_element().map(|it| it.unchecked_into());
        assert!(name.unwrap().get_attribute("data-part").as_deref() != Some("name"));
    }
    // Words in a name look like the name.
    let named = page.all("[data-key=\"1\"] [data-part=name]").remove(0);
    assert_eq!(text_of(&named), "★ Host");
    assert_eq!(named.child_element_count(), 0);
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
