//! The page around a room: the banner, the list, the people, the languages.

use std::time::Duration;

use parlance_core::close::EndReason;
use parlance_core::frame::{Refusal, Talk};
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::session::{Banner, Conversation, Durability, LastLine};
use parlance_core::time::{Instant, UnixMillis};
use parlance_core::{Command, Event, Status};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Shim, js};
use crate::ui_page::{conversation, open_lobby, person, settle};

#[wasm_bindgen_test]
async fn the_banner_is_there_only_while_it_has_something_to_say() {
    let page = open_lobby("en").await;
    assert!(page.parts("status").is_empty());
    let retry_at = Some(Instant::default() + Duration::from_secs(9));
    page.model.apply(Event::Banner(Some(Banner {
        status: Status::Waiting,
        retry_at,
        end: None,
    })));
    settle().await;
    let banner = page.part("status");
    assert_eq!(
        banner.get_attribute("data-status").as_deref(),
        Some("waiting")
    );
    assert!(banner.text_content().unwrap().contains('9'));
    page.part("now").click();
    assert_eq!(page.commands(), [Command::Now]);
    page.model.apply(Event::Banner(None));
    settle().await;
    assert!(page.parts("status").is_empty());
}

#[wasm_bindgen_test]
async fn each_trouble_has_its_own_words() {
    let page = open_lobby("en").await;
    let banner = |status, end| Banner {
        status,
        retry_at: None,
        end,
    };
    let refused = |refusal| Some(EndReason::Refused(refusal));
    let banners = [
        banner(Status::Connecting, None),
        banner(Status::Waiting, None),
        banner(Status::Offline, None),
        banner(Status::Suspended, None),
        banner(Status::Ended, refused(Refusal::BadToken)),
        banner(Status::Ended, refused(Refusal::Banned)),
        banner(Status::Ended, refused(Refusal::TakenOver)),
        banner(Status::Ended, refused(Refusal::SignedOut)),
        banner(Status::Ended, Some(EndReason::Incompatible)),
    ];
    let mut said = Vec::new();
    for banner in banners {
        page.model.apply(Event::Banner(Some(banner)));
        settle().await;
        let text = page.all(".status-text")[0].text_content().unwrap();
        assert!(!text.is_empty() && !said.contains(&text), "{text}");
        said.push(text);
    }
}

#[wasm_bindgen_test]
async fn that_the_history_has_changed_is_said_until_it_is_read() {
    let page = open_lobby("en").await;
    assert!(page.parts("restored").is_empty());
    page.model.apply(Event::Restored);
    settle().await;
    let notice = page.part("restored");
    let text = notice.text_content().unwrap();
    assert!(text.contains("The history has changed"), "{text}");
    // Where a screen reader hears of it, and not as the state of the link.
    assert!(notice.closest("[role=status]").unwrap().is_some());
    assert!(page.parts("status").is_empty());
    // Beside trouble with the link, not over it.
    page.model.apply(Event::Banner(Some(Banner {
        status: Status::Waiting,
        retry_at: None,
        end: None,
    })));
    settle().await;
    let (banner, notice) = (page.part("status"), page.part("restored"));
    let below = notice.get_bounding_client_rect().top();
    assert!(below >= banner.get_bounding_client_rect().bottom());
    page.all("[data-part=restored] .status-act")[0].click();
    settle().await;
    assert!(page.parts("restored").is_empty());
    assert_eq!(page.parts("status").len(), 1);
}

#[wasm_bindgen_test]
async fn the_list_shows_the_newest_first_and_what_is_unread() {
    let page = open_lobby("en").await;
    let pair = ConversationId::pair(Uid::new("me"), Uid::new("mia"));
    let last = |text: &str, at| {
        Some(LastLine {
            author: Some("Mia".to_owned()),
            mine: false,
            kind: "text",
            text: text.to_owned(),
            at: Some(UnixMillis(at)),
        })
    };
    page.model.apply(Event::Conversation(Conversation {
        last: last("older", 1_000),
        ..conversation(Talk::Allowed)
    }));
    let mia = Conversation {
        id: pair.clone(),
        title: "Mia".to_owned(),
        unread: 120,
        last: last("newer", 2_000),
        ..conversation(Talk::Allowed)
    };
    page.model.apply(Event::Conversation(mia));
    settle().await;
    let titles: Vec<_> = page
        .all(".conversation-title")
        .iter()
        .filter_map(|title| title.text_content())
        .collect();
    assert_eq!(titles, ["Mia", "Lobby"]);
    assert_eq!(
        page.part("unread").get_attribute("data-count").as_deref(),
        Some("120")
    );
    page.all("[data-part=conversation] button")[0].click();
    assert_eq!(page.commands(), [Command::Open(pair)]);
}

#[wasm_bindgen_test]
async fn people_are_in_the_document_also_while_folded_away() {
    let page = open_lobby("en").await;
    let gone = parlance_core::frame::Person {
        online: false,
        ..person("bob", "Bob")
    };
    page.model.apply(Event::People(
        crate::ui_page::lobby(),
        vec![gone, person("mia", "Mia")],
    ));
    settle().await;
    let people = page.parts("presence");
    let states: Vec<_> = people
        .iter()
        .map(|person| {
            (
                person.get_attribute("data-uid").unwrap(),
                person.get_attribute("data-online").unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("mia".to_owned(), "true".to_owned()),
            ("bob".to_owned(), "false".to_owned())
        ]
    );
}

#[wasm_bindgen_test]
async fn the_page_says_when_nothing_is_kept() {
    let page = open_lobby("en").await;
    assert!(page.parts("durability").is_empty());
    page.model.apply(Event::Durability(Durability::LostOnClose));
    settle().await;
    assert!(
        page.part("durability")
            .text_content()
            .unwrap()
            .contains("close")
    );
}

#[wasm_bindgen_test]
async fn both_languages_are_spoken_and_declared() {
    for (lang, placeholder) in [("en-GB", "Message"), ("zh-Hans-CN", "输入消息"), ("fr", "")] {
        let page = open_lobby(lang).await;
        let root = parlance::dom::document().document_element().unwrap();
        let declared = root.get_attribute("lang").unwrap();
        let shown = page.part("composer").get_attribute("placeholder").unwrap();
        assert!(shown.starts_with(placeholder), "{shown} in {lang}");
        assert!(["en", "zh-CN"].contains(&declared.as_str()));
        assert_eq!(root.get_attribute("dir").as_deref(), Some("ltr"));
    }
}

#[wasm_bindgen_test]
async fn another_person_finds_nothing_of_the_one_before() {
    let page = open_lobby("en").await;
    assert_eq!(page.parts("conversation").len(), 1);
    page.model.apply(Event::Me(person("me", "Ada Byron")));
    settle().await;
    assert_eq!(page.parts("conversation").len(), 1, "the same person");
    page.model.apply(Event::Me(person("bob", "Bob")));
    settle().await;
    assert_eq!(page.parts("conversation").len(), 0);
    assert_eq!(page.parts("timeline").len(), 0);
}

#[wasm_bindgen_test]
async fn what_happened_is_reached_from_the_banner_and_from_the_people_and_closes_again() {
    let page = open_lobby("en").await;
    assert!(page.parts("story").is_empty());
    // In the people's panel, always.
    page.parts("story-open")[0].click();
    settle().await;
    let dialog: web_sys::HtmlDialogElement = page.part("story").unchecked_into();
    assert!(dialog.open());
    let said = dialog.text_content().unwrap();
    assert!(said.contains("Nothing has happened."), "{said}");
    // Escape closes a dialog, and the browser says so.
    dialog.close();
    settle().await;
    settle().await;
    assert!(page.parts("story").is_empty());
    page.model.apply(Event::Banner(Some(Banner {
        status: Status::Waiting,
        retry_at: None,
        end: None,
    })));
    settle().await;
    page.part("status")
        .query_selector("[data-part=story-open]")
        .unwrap()
        .expect("a way to the story")
        .unchecked_into::<web_sys::HtmlElement>()
        .click();
    settle().await;
    assert_eq!(page.parts("story").len(), 1);
}

#[wasm_bindgen_test]
async fn what_is_copied_says_how_it_was_opened_and_nothing_about_anybody() {
    let copied = Shim::new(
        "navigator",
        "clipboard",
        "value: { writeText(text) { globalThis.copied = text; return Promise.resolve(); } }",
    );
    let page = open_lobby("zh").await;
    page.model.show_story();
    settle().await;
    page.part("story-copy").click();
    assert_eq!(page.part("story-copy").text_content().unwrap(), "已复制");
    let text = js("return globalThis.copied").as_string().expect("a text");
    assert!(text.starts_with("native Mozilla/5.0"), "{text}");
    drop(copied);
}
