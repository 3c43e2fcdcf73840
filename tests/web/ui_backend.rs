//! What a backend offers beside text, what it guarantees, and how little of a
//! person some of them know: each said or drawn only where it is so.

use parlance::ui::avatar::initials;
use parlance_core::content::{Answer, Content, Media};
use parlance_core::dialect::{Capabilities, History, Offers, Order, Proof, Resend};
use parlance_core::frame::{Person, Talk};
use parlance_core::ids::{ItemKey, Uid};
use parlance_core::timeline::{Delivery, Item, Row, Side};
use parlance_core::{Command, Event, Status};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlTextAreaElement;

use crate::ui_page::{Page, conversation, lobby_with, mine, native, open_lobby, settle, theirs};

fn offering(offers: Offers) -> Capabilities {
    Capabilities { offers, ..native() }
}

fn contents(page: &Page) -> Vec<Content> {
    let said = |command| match command {
        Command::Say(_, content, _) => Some(content),
        _ => None,
    };
    page.commands().into_iter().filter_map(said).collect()
}

fn write(page: &Page, text: &str) {
    let field: HtmlTextAreaElement = page.part("composer").unchecked_into();
    field.set_value(text);
    page.part("send").click();
}

fn is(page: &Page, part: &str, name: &str) -> Option<String> {
    page.part(part).get_attribute(name)
}

#[wasm_bindgen_test]
async fn what_a_backend_does_not_offer_has_no_button() {
    let page = lobby_with("en", offering(Offers::default())).await;
    for part in ["ask", "like", "flower", "attach"] {
        assert!(page.parts(part).is_empty(), "{part}");
    }
}

#[wasm_bindgen_test]
async fn the_next_message_is_a_question_and_the_one_after_is_not() {
    let page = lobby_with(
        "en",
        offering(Offers {
            questions: true,
            ..Offers::default()
        }),
    )
    .await;
    assert_eq!(is(&page, "ask", "aria-pressed").as_deref(), Some("false"));
    page.part("ask").click();
    assert_eq!(is(&page, "ask", "aria-pressed").as_deref(), Some("true"));
    let placeholder = is(&page, "composer", "placeholder");
    assert_eq!(placeholder.as_deref(), Some("Your question"));
    write(&page, "  ");
    assert_eq!(contents(&page), [], "blanks are no question");
    assert_eq!(is(&page, "ask", "aria-pressed").as_deref(), Some("true"));
    write(&page, "why?");
    write(&page, "so");
    assert_eq!(
        contents(&page),
        [
            Content::Question("why?".to_owned()),
            Content::Text("so".to_owned())
        ]
    );
    assert_eq!(is(&page, "ask", "aria-pressed").as_deref(), Some("false"));
    page.part("ask").click();
    page.part("ask").click();
    write(&page, "no question after all");
    assert!(matches!(&contents(&page)[..], [Content::Text(_)]));
}

#[wasm_bindgen_test]
async fn applause_and_flowers_go_at_once_and_leave_what_is_written() {
    let page = lobby_with(
        "zh-CN",
        offering(Offers {
            likes: true,
            flowers: true,
            ..Offers::default()
        }),
    )
    .await;
    let field: HtmlTextAreaElement = page.part("composer").unchecked_into();
    field.set_value("half a");
    page.part("like").click();
    page.part("flower").click();
    assert_eq!(contents(&page), [Content::Like, Content::Flower]);
    assert_eq!(field.value(), "half a");
    for part in ["like", "flower"] {
        let button = page.part(part);
        assert!(!button.get_attribute("aria-label").unwrap().is_empty());
        let place = button.get_bounding_client_rect();
        assert!(place.width() >= 44.0 && place.height() >= 44.0, "{part}");
    }
}

#[wasm_bindgen_test]
async fn after_the_end_nothing_can_be_said_and_nothing_typed_is_lost() {
    let page = lobby_with(
        "en",
        offering(Offers {
            likes: true,
            ..Offers::default()
        }),
    )
    .await;
    let field: HtmlTextAreaElement = page.part("composer").unchecked_into();
    field.set_value("typed before");
    page.model.apply(Event::Status(Status::Ended));
    settle().await;
    assert!(field.disabled());
    assert_eq!(field.value(), "typed before");
    page.part("send").click();
    page.part("like").click();
    assert_eq!(contents(&page), []);
    page.model.apply(Event::Status(Status::Online));
    settle().await;
    assert!(!field.disabled());
    page.part("send").click();
    assert_eq!(contents(&page), [Content::Text("typed before".to_owned())]);
}

#[wasm_bindgen_test]
async fn a_room_says_what_its_backend_guarantees_and_no_two_say_the_same() {
    for lang in ["en", "zh-CN"] {
        let mut said: Vec<String> = Vec::new();
        for (proof, resend, order) in [
            (Proof::Acknowledged, Resend::Idempotent, Order::Numbered),
            (
                Proof::Acknowledged,
                Resend::Doubles,
                Order::AsGiven(History::None),
            ),
            (
                Proof::Echoed,
                Resend::Doubles,
                Order::AsGiven(History::Pages),
            ),
            (
                Proof::Never,
                Resend::Doubles,
                Order::AsGiven(History::Pages),
            ),
        ] {
            let page = lobby_with(
                lang,
                Capabilities {
                    proof,
                    resend,
                    order,
                    ..native()
                },
            )
            .await;
            let line = page.part("promise").text_content().unwrap();
            assert!(!line.is_empty() && !said.contains(&line), "{line}");
            said.push(line);
            page.part("people").click();
            settle().await;
            assert!(!page.part("promise").inner_text().is_empty(), "it is seen");
        }
    }
}

#[wasm_bindgen_test]
async fn a_stranger_is_named_as_one_and_can_be_written_to() {
    let page = open_lobby("en").await;
    assert!(page.parts("stranger").is_empty());
    page.model
        .apply(Event::Conversation(conversation(Talk::Stranger)));
    settle().await;
    assert!(page.part("stranger").inner_text().contains("friend"));
    write(&page, "hello");
    assert_eq!(contents(&page), [Content::Text("hello".to_owned())]);
}

#[wasm_bindgen_test]
async fn what_nothing_confirms_wears_another_mark_than_what_was_confirmed() {
    let page = open_lobby("en").await;
    page.shows(vec![
        mine(1, "a", Delivery::Sent),
        mine(2, "b", Delivery::Unconfirmed),
    ]);
    settle().await;
    let path = |word: &str| {
        let selector = format!("[data-mark={word}] path");
        page.all(&selector)[0].get_attribute("d").unwrap()
    };
    assert_ne!(path("sent"), path("unconfirmed"));
}

#[wasm_bindgen_test]
async fn somebody_without_a_name_is_drawn_as_anybody() {
    let page = open_lobby("en").await;
    let nameless = |key, author| {
        Row::Message(Box::new(Item {
            key: ItemKey(key),
            client_id: None,
            id: None,
            seq: None,
            side: Side::Theirs,
            author,
            content: Content::Text("hello".to_owned()),
            at: None,
            delivery: None,
        }))
    };
    let known = Person {
        uid: Uid::new("7"),
        name: String::new(),
        avatar: None,
        online: true,
        last_seen: None,
        host: false,
    };
    page.shows(vec![nameless(1, None), nameless(2, Some(known))]);
    settle().await;
    for key in [1, 2] {
        let of = |part: &str| page.all(&format!("[data-key=\"{key}\"] {part}"));
        assert_eq!(of("[data-part=name]").len(), 1, "the hook is there");
        let name = &of("[data-part=name]")[0];
        assert!(
            name.get_bounding_client_rect().height() < 1.0,
            "no empty line"
        );
        assert_eq!(of("[data-part=avatar] svg").len(), 1);
    }
}

#[wasm_bindgen_test]
fn initials_are_letters_and_no_brackets() {
    for (name, expected) in [
        ("Ann Archer", "AA"),
        ("  bob ", "b"),
        ("张伟", "张"),
        ("【客服】小王", "客"),
        ("（VIP）李", "V"),
        ("\u{201c}Kim\u{201d} Lee", "KL"),
        ("+86 (10) 7", "87"),
        ("...", "."),
        ("", ""),
    ] {
        assert_eq!(initials(name), expected, "{name}");
    }
}

#[wasm_bindgen_test]
async fn an_answer_says_whom_it_answers() {
    let page = open_lobby("en").await;
    page.shows(vec![theirs(
        1,
        Content::Answer(Answer {
            question: "why?".to_owned(),
            answer: "so".to_owned(),
            organisation: Some("Shop".to_owned()),
            to: Some("Bob".to_owned()),
            ..Answer::default()
        }),
    )]);
    settle().await;
    let row = page.row(1).unwrap().inner_text();
    let at = |word: &str| {
        row.find(word)
            .unwrap_or_else(|| panic!("{word} in {row:?}"))
    };
    assert!(at("Bob") < at("why?") && at("why?") < at("Shop") && at("Shop") < at("so"));
}

#[wasm_bindgen_test]
async fn pictures_and_films_have_their_place_before_they_are_loaded() {
    let page = open_lobby("en").await;
    let media = |width, height| Media {
        url: "/never-answered".to_owned(),
        width,
        height,
        ..Media::default()
    };
    page.shows(vec![
        theirs(1, Content::Image(media(Some(400), Some(200)))),
        theirs(2, Content::Video(media(Some(400), Some(200)))),
        theirs(3, Content::Image(media(None, None))),
        theirs(4, Content::Video(media(None, None))),
        theirs(5, Content::Image(media(Some(0), Some(u32::MAX)))),
    ]);
    settle().await;
    for (key, ratio) in [
        (1, 2.0),
        (2, 2.0),
        (3, 4.0 / 3.0),
        (4, 4.0 / 3.0),
        (5, 4.0 / 3.0),
    ] {
        let place = &page.all(&format!("[data-key=\"{key}\"] .picture"))[0];
        let place = place.get_bounding_client_rect();
        let drawn = place.width() / place.height();
        assert!((drawn - ratio).abs() < 0.02, "{key}: {drawn}");
    }
}
