//! The timeline against a real layout: bounded rows, the reader's place, the
//! pill, what was really seen.

use parlance::dom::document;
use parlance_core::Command;
use parlance_core::content::{Content, Media};
use parlance_core::ids::Seq;
use parlance_core::timeline::{Change, Delivery, Origin, Queued};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::ui_page::{crowd, live, mine, open_lobby, settle, theirs, theirs_text};

#[wasm_bindgen_test]
async fn ten_thousand_messages_are_few_rows_in_the_document() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 10_000));
    settle().await;
    assert!(page.is_at_end());
    assert!(page.row(10_000).is_some(), "the newest is drawn");
    for top in [0, 1_000, 100_000, 300_000] {
        page.scroll_to(top).await;
        let rows = page.parts("message");
        assert!(
            (5..=160).contains(&rows.len()),
            "{} rows at {top}",
            rows.len()
        );
        let list = page.part("timeline").get_bounding_client_rect();
        let covers = |y: f64| {
            rows.iter().any(|row| {
                let rect = row.parent_element().unwrap().get_bounding_client_rect();
                rect.top() <= y && rect.bottom() >= y
            })
        };
        assert!(covers(list.top() + 300.0), "blank at {top}");
    }
}

#[wasm_bindgen_test]
async fn history_in_front_leaves_the_reader_where_they_were() {
    let page = open_lobby("en").await;
    page.history(false);
    page.shows(crowd(1_000, 200));
    settle().await;
    page.scroll_to(700).await;
    let key = first_seen(&page);
    let before = page.top_of(key);
    let older = crowd(800, 50).into_iter().enumerate();
    page.changes(
        older
            .map(|(index, row)| Change::Insert(index, row, Origin::History))
            .collect(),
    );
    settle().await;
    let after = page.top_of(key);
    assert!((after - before).abs() < 1.0, "{before} then {after}");
}

#[wasm_bindgen_test]
async fn a_row_that_grows_above_leaves_the_reader_where_they_were() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 200));
    settle().await;
    page.scroll_to(3_000).await;
    let key = first_seen(&page);
    let before = page.top_of(key);
    let above = page.row(key - 2).unwrap();
    above.style().set_property("height", "500px").unwrap();
    settle().await;
    let after = page.top_of(key);
    assert!((after - before).abs() < 1.0, "{before} then {after}");
}

#[wasm_bindgen_test]
async fn the_end_is_followed_only_by_who_is_there() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 100));
    settle().await;
    page.changes(vec![live(100, theirs_text(101, "followed"))]);
    settle().await;
    assert!(page.is_at_end());
    assert!(page.parts("newer").is_empty());

    page.scroll_to(500).await;
    let key = first_seen(&page);
    let before = page.top_of(key);
    page.changes(vec![live(101, theirs_text(102, "not followed"))]);
    page.changes(vec![live(102, theirs_text(103, "nor this"))]);
    settle().await;
    assert!((page.top_of(key) - before).abs() < 1.0);
    assert_eq!(
        page.part("newer").get_attribute("data-count").as_deref(),
        Some("2")
    );

    page.part("newer").click();
    settle().await;
    assert!(page.is_at_end());
    assert!(page.parts("newer").is_empty());

    page.scroll_to(500).await;
    let mine = mine(104, "my own", Delivery::Queued(Queued::Turn));
    page.changes(vec![Change::Insert(103, mine, Origin::Mine)]);
    settle().await;
    assert!(page.is_at_end(), "one's own words are always followed");
}

#[wasm_bindgen_test]
async fn what_is_older_is_asked_for_near_the_top_and_not_while_it_comes() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 200));
    settle().await;
    page.history(false);
    settle().await;
    let asked = |page: &crate::ui_page::Page| {
        let commands = page.commands();
        commands
            .iter()
            .filter(|command| matches!(command, Command::LoadOlder(_)))
            .count()
    };
    assert_eq!(asked(&page), 0, "the reader is at the end");
    page.scroll_to(100).await;
    assert!(asked(&page) > 0);
    let history = parlance_core::session::HistoryState {
        loading: true,
        ..Default::default()
    };
    page.model.apply(parlance_core::Event::History(
        crate::ui_page::lobby(),
        history,
    ));
    settle().await;
    page.commands();
    page.scroll_to(60).await;
    assert_eq!(asked(&page), 0, "it has been asked for");
}

#[wasm_bindgen_test]
async fn a_row_with_the_focus_is_never_taken_out() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 2_000));
    settle().await;
    let row = page.row(2_000).unwrap();
    row.focus().unwrap();
    page.scroll_to(20_000).await;
    page.scroll_to(2_000).await;
    let active = document().active_element().unwrap();
    assert_eq!(active.get_attribute("data-key").as_deref(), Some("2000"));
    assert!(page.parts("message").len() <= 161);
}

#[wasm_bindgen_test]
async fn arrows_walk_through_the_messages_and_escape_goes_back_to_writing() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 20));
    settle().await;
    let list = page.part("timeline");
    list.focus().unwrap();
    press(&list, "ArrowUp");
    let first = focused();
    press(
        &document().active_element().unwrap().unchecked_into(),
        "ArrowUp",
    );
    assert_eq!(focused(), first - 1);
    press(
        &document().active_element().unwrap().unchecked_into(),
        "ArrowDown",
    );
    assert_eq!(focused(), first);
    press(
        &document().active_element().unwrap().unchecked_into(),
        "Escape",
    );
    let active = document().active_element().unwrap();
    assert_eq!(
        active.get_attribute("data-part").as_deref(),
        Some("composer")
    );
}

#[wasm_bindgen_test]
async fn only_what_was_seen_is_reported_as_seen() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 200));
    settle().await;
    if document().has_focus().unwrap() && !document().hidden() {
        assert_eq!(page.seen(), Some(Seq(200)));
        page.scroll_to(100).await;
        page.changes(vec![live(200, theirs_text(201, "below"))]);
        settle().await;
        assert_eq!(page.seen(), None, "it is below what is seen");
    } else {
        assert_eq!(page.seen(), None, "nobody is looking");
    }
}

#[wasm_bindgen_test]
async fn a_picture_keeps_its_place_before_it_comes() {
    let page = open_lobby("en").await;
    let media = Media {
        url: "https://elsewhere.example/a.png".to_owned(),
        width: Some(400),
        height: Some(200),
        ..Media::default()
    };
    page.shows(vec![theirs(1, Content::Image(media))]);
    settle().await;
    let picture = page.all("[data-part=message] img").pop().unwrap();
    assert_eq!(
        picture.get_attribute("src"),
        None,
        "nobody is told that it is read"
    );
    assert_eq!(
        picture.get_attribute("data-src").as_deref(),
        Some("https://elsewhere.example/a.png")
    );
    assert!(picture.get_bounding_client_rect().height() > 50.0);
    page.part("show").click();
    assert!(picture.get_attribute("src").is_some());
}

/// The key of the first row that begins within what is seen.
fn first_seen(page: &crate::ui_page::Page) -> u64 {
    let key = page
        .parts("message")
        .iter()
        .filter_map(|row| row.get_attribute("data-key")?.parse().ok())
        .find(|key| page.top_of(*key) >= 1.0);
    key.unwrap()
}

fn focused() -> u64 {
    let active = document().active_element().unwrap();
    active.get_attribute("data-key").unwrap().parse().unwrap()
}

fn press(element: &HtmlElement, key: &str) {
    let options = web_sys::KeyboardEventInit::new();
    options.set_key(key);
    options.set_bubbles(true);
    options.set_cancelable(true);
    let event =
        web_sys::KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
    element.dispatch_event(&event).unwrap();
}
