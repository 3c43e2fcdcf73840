//! Writing: what Enter does whatever an input method makes of it, drafts, the
//! text given back.

use parlance::ui::composer::keys::{Key, Keys};
use parlance_core::frame::{Limits, Talk};
use parlance_core::{Command, Event};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlTextAreaElement;

use crate::ui_page::{Page, conversation, lobby, open_lobby, settle};

/// One thing that a keyboard or an input method tells.
enum Told {
    Start,
    End(f64),
    Key(Key),
}

const ENTER: Key = Key {
    enter: true,
    modified: false,
    composing: false,
    taken: false,
    at: 0.0,
};
const LETTER: Key = Key {
    enter: false,
    ..ENTER
};

/// How often a sequence sends.
fn sends(story: &[Told]) -> usize {
    let mut keys = Keys::default();
    let mut count = 0;
    for told in story {
        match told {
            Told::Start => keys.on_start(),
            Told::End(at) => keys.on_end(*at),
            Told::Key(key) => count += usize::from(keys.on_key(*key)),
        }
    }
    count
}

#[wasm_bindgen_test]
fn enter_sends_what_is_meant_and_never_a_candidate() {
    use Told::{End, Key as K, Start};
    let taken = |key: Key, at| Key {
        taken: true,
        at,
        ..key
    };
    let composing = |key: Key, at| Key {
        composing: true,
        taken: true,
        at,
        ..key
    };
    let at = |key: Key, at| Key { at, ..key };
    let table: [(&str, Vec<Told>, usize); 9] = [
        ("plain", vec![K(LETTER), K(ENTER)], 1),
        (
            "shift",
            vec![K(Key {
                modified: true,
                ..ENTER
            })],
            0,
        ),
        (
            "pinyin, Chrome and Firefox",
            vec![
                Start,
                K(composing(LETTER, 1.0)),
                K(composing(ENTER, 2.0)),
                End(2.0),
            ],
            0,
        ),
        (
            "pinyin, then a second Enter",
            vec![
                Start,
                K(composing(ENTER, 2.0)),
                End(2.0),
                K(at(ENTER, 400.0)),
            ],
            1,
        ),
        (
            "kana, Safari: the end, then a taken Enter",
            vec![
                Start,
                K(composing(LETTER, 1.0)),
                End(50.0),
                K(taken(ENTER, 51.0)),
            ],
            0,
        ),
        (
            "kana, Safari: the end, then a bare Enter",
            vec![
                Start,
                K(composing(LETTER, 1.0)),
                End(50.0),
                K(at(ENTER, 52.0)),
            ],
            0,
        ),
        (
            "hangul, Chrome: taken, the end, then the same Enter bare",
            vec![
                Start,
                K(composing(LETTER, 1.0)),
                K(composing(ENTER, 9.0)),
                End(9.5),
                K(at(ENTER, 10.0)),
            ],
            1,
        ),
        (
            "Android: every key is taken, the last Enter is not",
            vec![
                Start,
                K(taken(LETTER, 1.0)),
                End(5.0),
                K(at(LETTER, 300.0)),
                K(at(ENTER, 600.0)),
            ],
            1,
        ),
        (
            "voice: no keys but the Enter",
            vec![Start, End(5.0), K(at(ENTER, 900.0))],
            1,
        ),
    ];
    for (name, story, times) in table {
        assert_eq!(sends(&story), times, "{name}");
    }
}

#[wasm_bindgen_test]
async fn what_is_typed_is_sent_byte_for_byte_and_the_field_keeps_the_focus() {
    let page = open_lobby("en").await;
    type_text(&page, "  a\n\tb  ");
    page.part("send").click();
    assert_eq!(page.said(), ["  a\n\tb  "]);
    assert_eq!(field(&page).value(), "");
    let active = parlance::dom::document().active_element().unwrap();
    assert_eq!(
        active.get_attribute("data-part").as_deref(),
        Some("composer")
    );
    type_text(&page, " \n ");
    page.part("send").click();
    assert!(
        page.said().is_empty(),
        "nothing but blanks is not a message"
    );
}

#[wasm_bindgen_test]
async fn a_field_grows_with_its_text_up_to_a_third_of_the_screen() {
    let page = open_lobby("en").await;
    let one = field(&page).offset_height();
    type_text(&page, "1\n2\n3");
    let three = field(&page).offset_height();
    assert!(three > one + 20);
    type_text(&page, &"line\n".repeat(200));
    let screen = web_sys::window()
        .unwrap()
        .inner_height()
        .unwrap()
        .as_f64()
        .unwrap();
    assert!(f64::from(field(&page).offset_height()) <= screen / 3.0 + 2.0);
}

#[wasm_bindgen_test]
async fn drafts_come_back_and_what_was_not_taken_too() {
    let page = open_lobby("en").await;
    page.model
        .apply(Event::Draft(lobby(), "unfinished".to_owned()));
    settle().await;
    assert_eq!(field(&page).value(), "unfinished");
    page.model.apply(Event::Current(None));
    settle().await;
    page.model.apply(Event::Current(Some(lobby())));
    settle().await;
    assert_eq!(field(&page).value(), "unfinished");

    page.part("send").click();
    assert_eq!(page.said(), ["unfinished"]);
    page.model
        .apply(Event::OutboxFull(lobby(), "unfinished".to_owned()));
    settle().await;
    assert_eq!(field(&page).value(), "unfinished");
    assert!(!page.all(".composer-note").is_empty());
}

#[wasm_bindgen_test]
async fn typing_is_said_rarely_and_a_draft_is_kept_on_leaving_the_field() {
    let page = open_lobby("en").await;
    for text in ["a", "ab", "abc"] {
        type_text(&page, text);
    }
    let commands = page.commands();
    let typing = commands
        .iter()
        .filter(|command| matches!(command, Command::Typing(_)))
        .count();
    assert_eq!(typing, 1);
    field(&page).focus().unwrap();
    field(&page).blur().unwrap();
    let last = page.commands().pop();
    assert_eq!(last, Some(Command::Draft(lobby(), "abc".to_owned())));
}

#[wasm_bindgen_test]
async fn too_long_is_said_before_it_is_refused() {
    let page = open_lobby("en").await;
    page.model.apply(Event::Limits(Limits { text_bytes: 20 }));
    type_text(&page, "一二三四五六七");
    page.part("send").click();
    assert!(page.said().is_empty());
    assert_eq!(field(&page).value(), "一二三四五六七");
    assert!(
        page.all("#composer-hint")[0]
            .text_content()
            .unwrap()
            .contains('1')
    );
}

#[wasm_bindgen_test]
async fn where_nobody_may_talk_the_reason_stands_in_place_of_the_composer() {
    for (talk, words) in [
        (Talk::HostsOnly, "hosts"),
        (Talk::Muted, "muted"),
        (Talk::Closed, "over"),
    ] {
        let page = open_lobby("en").await;
        page.model.apply(Event::Conversation(conversation(talk)));
        settle().await;
        assert!(page.parts("composer").is_empty());
        assert!(
            page.part("no-composer")
                .text_content()
                .unwrap()
                .contains(words)
        );
    }
}

fn field(page: &Page) -> HtmlTextAreaElement {
    page.part("composer").unchecked_into()
}

fn type_text(page: &Page, text: &str) {
    let field = field(page);
    field.set_value(text);
    let options = web_sys::EventInit::new();
    options.set_bubbles(true);
    let event = web_sys::Event::new_with_event_init_dict("input", &options).unwrap();
    field.dispatch_event(&event).unwrap();
}
