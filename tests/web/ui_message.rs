//! Rows: the hooks that hosts and tests hold on to, delivery, kinds.

use parlance_core::content::{Answer, Card, Content, Media, Unknown};
use parlance_core::frame::Talk;
use parlance_core::ids::{ItemKey, Seq};
use parlance_core::session::Conversation;
use parlance_core::timeline::{Change, Delivery, Failure, Gap, Origin, Queued, Row};
use parlance_core::{Command, Event};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::ui_page::{
    Ears, Page, conversation, crowd, live, lobby, mine, open, open_lobby, settle, theirs,
    theirs_text,
};

#[wasm_bindgen_test]
async fn a_row_bears_every_hook() {
    let page = open_lobby("en").await;
    page.shows(vec![
        theirs_text(7, "  two\n lines  "),
        mine(8, "mine", Delivery::Sending),
    ]);
    settle().await;
    let row = page.row(7).unwrap();
    assert_eq!(row.get_attribute("data-id").as_deref(), Some("m7"));
    assert_eq!(row.get_attribute("data-side").as_deref(), Some("theirs"));
    assert_eq!(row.get_attribute("data-kind").as_deref(), Some("text"));
    assert_eq!(row.get_attribute("data-delivery"), None);
    assert_eq!(part_of(&page, 7, "text"), "  two\n lines  ");
    assert_eq!(part_of(&page, 7, "name"), "Mia");
    assert!(!part_of(&page, 7, "time").is_empty());
    let own = page.row(8).unwrap();
    assert_eq!(own.get_attribute("data-id"), None, "not known yet");
    assert_eq!(
        own.get_attribute("data-delivery").as_deref(),
        Some("sending")
    );
}

#[wasm_bindgen_test]
async fn a_name_is_in_every_row_and_drawn_once_a_group() {
    let page = open_lobby("en").await;
    page.shows(vec![theirs_text(1, "one"), theirs_text(2, "two")]);
    settle().await;
    let width = |key| {
        let selector = format!("[data-key=\"{key}\"] [data-part=name]");
        page.all(&selector)[0].get_bounding_client_rect().width()
    };
    assert!(width(1) > 2.0);
    assert!(width(2) <= 2.0);
    assert_eq!(part_of(&page, 2, "name"), "Mia");
}

#[wasm_bindgen_test]
async fn a_row_stays_the_same_element_from_queue_to_proof() {
    let page = open_lobby("en").await;
    page.shows(vec![mine(1, "hello", Delivery::Queued(Queued::Turn))]);
    settle().await;
    let before = page.row(1).unwrap();
    for delivery in [Delivery::Sending, Delivery::Sent, Delivery::Read] {
        let word = delivery.word();
        page.changes(vec![Change::Update(0, mine(1, "hello", delivery))]);
        settle().await;
        assert_eq!(before.get_attribute("data-delivery").as_deref(), Some(word));
    }
    assert!(before.is_same_node(page.row(1).as_ref().map(AsRef::as_ref)));
    assert_eq!(before.get_attribute("data-id").as_deref(), Some("m1"));
}

#[wasm_bindgen_test]
async fn every_delivery_has_words() {
    for lang in ["en", "zh-CN"] {
        let page = open_lobby(lang).await;
        let deliveries = [
            Delivery::Queued(Queued::Turn),
            Delivery::Queued(Queued::MessageAbove),
            Delivery::Queued(Queued::Consent),
            Delivery::Sending,
            Delivery::Sent,
            Delivery::Unconfirmed,
            Delivery::Read,
            Delivery::Unknown,
            Delivery::Failed(Failure::TooLarge),
            Delivery::Missing(Seq(0)),
        ];
        for delivery in deliveries {
            page.shows(vec![mine(1, "hello", delivery.clone())]);
            settle().await;
            let mark = page.all("[data-mark] .vh").pop().unwrap();
            assert!(
                !mark.text_content().unwrap().is_empty(),
                "{delivery:?} in {lang}"
            );
        }
    }
}

#[wasm_bindgen_test]
async fn the_person_decides_about_failed_and_unknown_ones() {
    let page = open_lobby("en").await;
    page.shows(vec![mine(
        1,
        "refused",
        Delivery::Failed(Failure::Forbidden),
    )]);
    settle().await;
    page.part("retry").click();
    page.part("delete").click();
    assert_eq!(
        page.commands(),
        [
            Command::Retry(lobby(), ItemKey(1)),
            Command::Delete(lobby(), ItemKey(1))
        ]
    );
    page.part("edit").click();
    settle().await;
    let field: web_sys::HtmlTextAreaElement =
        page.all(".edit textarea").pop().unwrap().unchecked_into();
    assert_eq!(field.value(), "refused");
    field.set_value("better");
    page.all(".edit [type=submit]").pop().unwrap().click();
    let better = Content::Text("better".to_owned());
    assert_eq!(
        page.commands(),
        [Command::Edit(lobby(), ItemKey(1), better)]
    );

    page.shows(vec![mine(2, "who knows", Delivery::Unknown)]);
    settle().await;
    assert!(
        page.parts("edit").is_empty(),
        "it may have arrived as it was"
    );
    page.part("retry").click();
    assert_eq!(page.commands(), [Command::Retry(lobby(), ItemKey(2))]);
}

#[wasm_bindgen_test]
async fn what_the_server_has_lost_is_offered_where_it_stood() {
    for (lang, says, told) in [
        (
            "en",
            "Not on the server any more",
            "2 messages of yours are not on the server any more",
        ),
        (
            "zh-CN",
            "服务器上已没有这条消息",
            "你有 2 条消息服务器上已经没有",
        ),
    ] {
        let page = open_lobby(lang).await;
        let ears = Ears::on(&page.part("announcer"));
        page.shows(vec![theirs_text(1, "one"), theirs_text(2, "two")]);
        settle().await;
        let offered = |at, key, text| {
            let row = mine(key, text, Delivery::Missing(Seq(1)));
            Change::Insert(at, row, Origin::History)
        };
        page.changes(vec![offered(1, 7, "lost"), offered(2, 8, "lost too")]);
        settle().await;
        let rows = page.all("[data-part=message]");
        let keys: Vec<_> = rows
            .iter()
            .map(|row| row.get_attribute("data-key"))
            .collect();
        assert_eq!(keys, ["1", "7", "8", "2"].map(|key| Some(key.to_owned())));
        let row = page.row(7).unwrap();
        assert_eq!(
            row.get_attribute("data-delivery").as_deref(),
            Some("failed")
        );
        assert_eq!(row.get_attribute("data-id"), None, "no server has it");
        let why = page.all("[data-key=\"7\"] .trouble-why");
        assert_eq!(why[0].text_content().as_deref(), Some(says));
        let mark = page.all("[data-key=\"7\"] [data-mark=failed] .vh");
        assert_eq!(mark[0].text_content().as_deref(), Some(says));
        assert_eq!(ears.heard(), [told]);
        // By the keyboard too, and in its own words alone.
        assert!(page.parts("edit").is_empty());
        for (part, command) in [
            ("retry", Command::Retry(lobby(), ItemKey(7))),
            ("delete", Command::Delete(lobby(), ItemKey(7))),
        ] {
            let selector = format!("[data-key=\"7\"] button[data-part={part}]");
            let button = page.all(&selector).pop().unwrap();
            assert_eq!(button.tab_index(), 0);
            assert!(!button.text_content().unwrap().is_empty());
            button.click();
            assert_eq!(page.commands(), [command]);
        }
        // It turns up after all: the same row, with nothing to decide.
        page.changes(vec![Change::Update(1, mine(7, "lost", Delivery::Sent))]);
        settle().await;
        assert!(row.is_same_node(page.row(7).as_ref().map(AsRef::as_ref)));
        assert!(page.all("[data-key=\"7\"] .trouble").is_empty());
    }
}

#[wasm_bindgen_test]
async fn no_kind_leaves_a_blank_bubble() {
    let media = || Media {
        url: "/a".to_owned(),
        ..Media::default()
    };
    let kinds = vec![
        Content::Text("said".to_owned()),
        Content::Image(media()),
        Content::Image(Media {
            url: "javascript:alert(1)".to_owned(),
            ..Media::default()
        }),
        Content::Video(media()),
        Content::Voice(media()),
        Content::File(media()),
        Content::Product(Card::default()),
        Content::Order(Card::default()),
        Content::Question("why?".to_owned()),
        Content::Answer(Answer {
            answer: "so".to_owned(),
            ..Answer::default()
        }),
        Content::Like,
        Content::Flower,
        Content::Notice("came in".to_owned()),
        Content::Unknown(Unknown::default()),
    ];
    let page = open_lobby("zh-CN").await;
    for content in kinds {
        let kind = content.kind();
        page.shows(vec![theirs(1, content)]);
        settle().await;
        let row = page.row(1).unwrap();
        assert_eq!(row.get_attribute("data-kind").as_deref(), Some(kind));
        let drawn = page.all(".bubble img, .bubble video, .bubble audio").len();
        let text = page.all(".bubble")[0].inner_text();
        assert!(drawn > 0 || !text.trim().is_empty(), "{kind} is blank");
        assert!(page.all("[href^=javascript], [src^=javascript]").is_empty());
    }
}

#[wasm_bindgen_test]
async fn what_people_type_is_text_and_nothing_else() {
    let page = open_lobby("en").await;
    let nasty = "<img src=x onerror=alert(1)> <b>bold</b> &amp; </span><script>1</script>";
    page.shows(vec![
        theirs_text(1, nasty),
        theirs_text(2, "see https://a.example/x?y=(1). And javascript:alert(1)"),
    ]);
    settle().await;
    assert_eq!(part_of(&page, 1, "text"), nasty);
    assert!(
        page.all("[data-part=message] :is(img, b, script)")
            .is_empty()
    );
    let links = page.all("[data-part=text] a");
    assert_eq!(links.len(), 1);
    assert_eq!(
        links[0].get_attribute("href").as_deref(),
        Some("https://a.example/x?y=(1")
    );
    assert_eq!(
        part_of(&page, 2, "text"),
        "see https://a.example/x?y=(1). And javascript:alert(1)"
    );
}

#[wasm_bindgen_test]
async fn a_gap_says_how_much_is_missing_and_loads_it() {
    let page = open_lobby("en").await;
    let gap = Gap {
        key: ItemKey(9),
        first: Seq(2),
        last: Seq(12),
        loading: false,
    };
    page.shows(vec![
        theirs_text(1, "one"),
        Row::Gap(gap),
        theirs_text(13, "more"),
    ]);
    settle().await;
    assert!(page.part("gap").text_content().unwrap().contains("11"));
    page.all("[data-part=gap] button")[0].click();
    assert_eq!(page.commands(), [Command::LoadGap(lobby(), ItemKey(9))]);
}

#[wasm_bindgen_test]
async fn each_new_message_is_announced_once_and_history_never() {
    let page = open_lobby("en").await;
    let ears = Ears::on(&page.part("announcer"));
    page.shows(crowd(1, 50));
    settle().await;
    page.changes(vec![live(50, theirs_text(51, "news"))]);
    settle().await;
    page.changes(vec![live(51, theirs_text(52, "more news"))]);
    settle().await;
    page.changes(vec![Change::Update(51, theirs_text(52, "edited"))]);
    page.scroll_to(0).await;
    assert_eq!(ears.heard(), ["Mia: news", "Mia: more news"]);
    let burst = (53..73).map(|key| live(key as usize - 1, theirs_text(key, "burst")));
    page.changes(burst.collect());
    settle().await;
    assert_eq!(ears.heard()[2..], ["20 new messages"]);
    let list = page.part("timeline");
    assert_eq!(list.get_attribute("role").as_deref(), Some("log"));
    assert_eq!(list.get_attribute("aria-live").as_deref(), Some("off"));
}

#[wasm_bindgen_test]
async fn a_recall_empties_its_row_in_place() {
    let page = open_lobby("en").await;
    page.shows(vec![theirs_text(1, "oops"), theirs_text(2, "fine")]);
    settle().await;
    let before = page.row(1).unwrap();
    page.changes(vec![Change::Update(
        0,
        theirs(1, Content::Notice("Mia took a message back".to_owned())),
    )]);
    settle().await;
    assert!(before.is_same_node(page.row(1).as_ref().map(AsRef::as_ref)));
    assert_eq!(before.get_attribute("data-kind").as_deref(), Some("notice"));
    assert_eq!(page.parts("message").len(), 2);
}

#[wasm_bindgen_test]
async fn the_line_above_what_is_unread_is_drawn_once_and_never_while_one_reads() {
    let page = open_lobby("en").await;
    let unread = |unread| {
        Event::Conversation(Conversation {
            unread,
            read: Seq(2),
            ..conversation(Talk::Allowed)
        })
    };
    page.model.apply(unread(3));
    page.shows(crowd(1, 5));
    settle().await;
    let line = page.part("unread-line");
    let row = line.parent_element().unwrap();
    assert_eq!(row.get_attribute("data-row").as_deref(), Some("3"));

    let page = open_lobby("en").await;
    page.shows(crowd(1, 2));
    settle().await;
    page.changes(vec![live(2, theirs_text(3, "news"))]);
    page.model.apply(unread(1));
    settle().await;
    assert!(page.parts("unread-line").is_empty());
}

#[wasm_bindgen_test]
async fn signing_out_leaves_nothing_on_the_page() {
    let page = open_lobby("en").await;
    page.shows(crowd(1, 5));
    settle().await;
    page.part("signout").click();
    assert_eq!(page.commands(), [Command::SignOut]);
    page.model.apply(Event::SignedOut);
    settle().await;
    assert!(page.parts("message").is_empty() && page.parts("composer").is_empty());
    assert_eq!(page.parts("signed-out").len(), 1);
}

#[wasm_bindgen_test]
async fn the_join_form_asks_says_why_not_and_does_not_stay_locked() {
    let page = open("en").await;
    page.model.apply(Event::IdentityNeeded { refused: None });
    settle().await;
    let name: web_sys::HtmlInputElement = page
        .all("[data-part=join] [name=name]")
        .pop()
        .unwrap()
        .unchecked_into();
    name.set_value("Ada");
    let submit = || page.all("[data-part=join] [type=submit]")[0].click();
    submit();
    submit();
    assert_eq!(page.commands(), [Command::Join("Ada".to_owned())], "once");
    settle().await;
    assert_eq!(
        page.part("join").get_attribute("aria-busy").as_deref(),
        Some("true")
    );
    page.model.apply(Event::IdentityNeeded {
        refused: Some("taken".to_owned()),
    });
    settle().await;
    assert!(page.part("join").text_content().unwrap().contains("taken"));
    assert_eq!(name.value(), "Ada", "what was typed is still there");
    assert_eq!(
        page.part("join").get_attribute("aria-busy").as_deref(),
        Some("false")
    );
}

fn part_of(page: &Page, key: u64, part: &str) -> String {
    let selector = format!("[data-key=\"{key}\"] [data-part={part}]");
    page.all(&selector)[0].text_content().unwrap()
}
