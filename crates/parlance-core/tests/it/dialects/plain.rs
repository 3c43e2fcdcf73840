//! The plain backend: what its own page gets wrong (the numbered faults of its
//! chapter), and the little that it promises.

use parlance_core::dialect::identity::Me;
use parlance_core::dialect::plain::{Plain, PlainConfig};
use parlance_core::ids::ConversationId;
use parlance_core::{Command, Input, PageEvent, PageState, Status, Target};
use serde_json::{Value, json};

use parlance_core::time::UnixMillis;

use super::stage::{Stage, WALL};

const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;
const HISTORY: &str = "historyMessages";

fn config() -> PlainConfig {
    PlainConfig {
        link: "ws://chat.example:8000".to_owned(),
        api: "http://chat.example:8000".to_owned(),
        token: "TOK".to_owned(),
        room: None,
        me: Me::default(),
        other: None,
        offset_minutes: 0,
    }
}

fn room() -> ConversationId {
    ConversationId::room("plain")
}

fn dialled() -> Stage {
    let target = Target::Room("plain".to_owned());
    Stage::new(Plain::new(config()), target)
}

fn online() -> Stage {
    let mut stage = dialled();
    stage.opens();
    stage.answers(HISTORY, 200, r#"{"code":0,"lists":[]}"#);
    stage
}

fn message(text: &str) -> String {
    json!({"type": "msg", "content": text}).to_string()
}

// ---- the faults of its chapter ------------------------------------------------

#[test]
fn fault_1_what_is_typed_cannot_break_out_of_its_frame() {
    let mut stage = online();
    let typed = "\"}\n\\ {\"type\":\"ping\"} \u{2028}\u{0} 😀";
    stage.says(&room(), typed);
    let sent: Value = serde_json::from_str(&stage.sent[0]).expect("JSON");
    assert_eq!(sent, json!({"type": "msg", "content": typed}));
}

#[test]
fn fault_2_the_ping_is_not_said_once_but_every_30_seconds() {
    let mut stage = online();
    for beat in 1..=5 {
        stage.advance(30);
        assert_eq!(stage.count(PING), beat);
    }
    assert_eq!(stage.status(), Status::Online, "no answer need come");
}

#[test]
fn fault_2_where_a_pong_came_once_silence_means_something() {
    let mut stage = online();
    stage.advance(30);
    stage.hears(PONG);
    assert_eq!(stage.rows(&room()), [""; 0], "it is no message");
    stage.advance(74);
    assert_eq!(stage.status(), Status::Online);
    stage.advance(11);
    assert_ne!(stage.status(), Status::Online);
}

#[test]
fn fault_3_after_many_links_a_message_is_shown_once() {
    let mut stage = online();
    for _ in 0..4 {
        stage.breaks(1006);
        stage.until_dialled();
        stage.opens();
    }
    stage.hears(&message("once"));
    stage.advance(10);
    assert_eq!(stage.rows(&room()), ["other:once"]);
}

#[test]
fn fault_4_showing_the_page_does_not_dial_beside_a_dial() {
    let mut stage = dialled();
    for event in [
        PageEvent::VisibilityChanged,
        PageEvent::PageShow { persisted: false },
        PageEvent::Focus,
        PageEvent::HostActive(true),
    ] {
        // The stage itself refuses a second socket.
        stage.page_event(event, PageState::SHOWN);
    }
    assert_eq!(stage.dialled.len(), 1);
}

#[test]
fn fault_5_hiding_closes_a_dial_too_and_showing_dials() {
    let mut stage = dialled();
    stage.page_event(PageEvent::VisibilityChanged, PageState::HIDDEN);
    assert!(!stage.is_dialled());
    assert_eq!(stage.status(), Status::Suspended);
    stage.advance(600);
    assert_eq!(stage.dialled.len(), 1, "a hidden page dials nothing");
    stage.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
    assert_eq!(stage.dialled.len(), 2);
    stage.opens();
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn fault_6_what_is_typed_while_the_link_is_down_is_kept_and_nobody_else_speaks() {
    let mut stage = online();
    stage.breaks(1006);
    stage.says(&room(), "离线时写的");
    assert_eq!(stage.rows(&room()), ["me:离线时写的 queued"]);
    assert_eq!(stage.until_dialled(), 3);
    stage.opens();
    stage.answers(HISTORY, 200, r#"{"code":0,"lists":[]}"#);
    stage.advance(20);
    assert_eq!(stage.count(&message_in_order("离线时写的")), 1);
    assert_eq!(stage.rows(&room()), ["me:离线时写的 unconfirmed"]);
}

/// The old page's order of fields.
fn message_in_order(text: &str) -> String {
    format!("{{\"type\":\"msg\",\"content\":{}}}", Value::from(text))
}

#[test]
fn fault_7_after_the_limit_the_page_is_asked_and_recovers() {
    let mut stage = online();
    for _ in 0..10 {
        stage.breaks(1006);
        stage.until_dialled();
    }
    stage.breaks(1006);
    let dials = stage.dialled.len();
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), dials, "it stops by itself");
    stage.feed(Input::Command(Command::Now));
    assert_eq!(stage.dialled.len(), dials + 1);
    stage.opens();
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn fault_7_showing_the_page_begins_to_count_anew() {
    let mut stage = online();
    for _ in 0..10 {
        stage.breaks(1006);
        stage.until_dialled();
    }
    stage.breaks(1006);
    stage.page_event(PageEvent::VisibilityChanged, PageState::HIDDEN);
    stage.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
    assert!(stage.is_dialled());
}

#[test]
fn fault_8_leaving_takes_every_timer_along() {
    let mut stage = online();
    stage.advance(29);
    stage.page_event(PageEvent::PageHide, PageState::HIDDEN);
    assert!(!stage.is_dialled());
    let sent = stage.sent.len();
    stage.advance(3600);
    assert_eq!(stage.sent.len(), sent);
    assert_eq!(stage.dialled.len(), 1);
}

// ---- what it promises ---------------------------------------------------------

#[test]
fn nothing_is_called_sent_that_nothing_proves_and_history_proves_it() {
    let mut stage = online();
    stage.says(&room(), "hello");
    assert_eq!(stage.rows(&room()), ["me:hello sending"]);
    stage.advance(20);
    assert_eq!(stage.rows(&room()), ["me:hello unconfirmed"]);
}

#[test]
fn what_is_no_frame_is_a_text_and_other_frames_are_logged() {
    let mut stage = online();
    for text in ["服务器维护通知", "12345", "null", "[]", "\"x\""] {
        stage.hears(text);
    }
    for odd in [
        r#"{"type":"system","content":"x"}"#,
        r#"{"type":"msg","content":""}"#,
        "{}",
    ] {
        stage.hears(odd);
    }
    let wants = [
        "other:服务器维护通知",
        "other:12345",
        "other:null",
        "other:[]",
        "other:\"x\"",
    ];
    assert_eq!(stage.rows(&room()), wants);
    assert_eq!(stage.oddities.len(), 2);
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn history_goes_in_front_and_a_backend_without_one_has_none() {
    let mut stage = dialled();
    stage.opens();
    let request = stage.asked(HISTORY);
    assert_eq!(
        request.url,
        "http://chat.example:8000/api/historyMessages?limit=100"
    );
    let bearer = ("authorization".to_owned(), "Bearer TOK".to_owned());
    assert_eq!(request.headers, [bearer]);
    stage.hears(&message("live"));
    let rows = json!({"code": 0, "lists": [
        {"from": "other", "content": "old", "time": "2025-07-01 10:00:00"},
        {"from": "broken"},
        {"id": 7, "from": "me", "content": "mine", "time": 1_751_364_005_000_i64},
    ]});
    stage.answers(HISTORY, 200, &rows.to_string());
    assert_eq!(
        stage.rows(&room()),
        ["other:old", "me:mine sent", "other:live"]
    );

    let mut stage = dialled();
    stage.opens();
    stage.answers(HISTORY, 404, "<html>");
    assert!(stage.knows_oldest, "there is nothing older");
    stage.hears(&message("live"));
    assert_eq!(stage.rows(&room()), ["other:live"]);
    stage.advance(60);
    assert!(stage.requests.is_empty(), "it is not asked again and again");
}

#[test]
fn a_room_is_named_in_both_addresses() {
    let dialect = Plain::new(PlainConfig {
        room: Some("a b".to_owned()),
        ..config()
    });
    let mut stage = Stage::new(dialect, Target::Room("a b".to_owned()));
    assert_eq!(
        stage.dialled[0].1,
        "ws://chat.example:8000?token=TOK&room=a%20b"
    );
    stage.opens();
    assert!(stage.asked(HISTORY).url.ends_with("?limit=100&room=a%20b"));
}

#[test]
fn our_own_gateways_refusal_is_about_the_message_that_it_repeats() {
    let mut stage = online();
    stage.says(&room(), "one");
    stage.says(&room(), "two");
    let refused = json!({"type": "error", "code": "rate_limited", "content": "太快",
        "said": "one"});
    stage.hears(&refused.to_string());
    stage.advance(2);
    assert_eq!(stage.count(&message_in_order("one")), 2, "it is said again");
    assert_eq!(stage.count(&message_in_order("two")), 1);
    // Without the words nobody guesses for the sender.
    stage.says(&room(), "three");
    let refused = json!({"type": "error", "code": "unavailable", "content": "x"});
    stage.hears(&refused.to_string());
    stage.advance(10);
    assert_eq!(stage.count(&message_in_order("three")), 1);
    let rows = stage.rows(&room());
    assert!(rows.contains(&"me:three failed".to_owned()), "{rows:?}");
    // Of nothing that was said.
    stage.hears(&json!({"type": "error", "code": "too_large", "said": "x"}).to_string());
    assert_eq!(stage.status(), Status::Online);
    stage.hears(&json!({"type": "error", "code": "bad_token", "content": "no"}).to_string());
    assert_eq!(stage.status(), Status::Ended);
}

#[test]
fn a_page_that_came_before_the_device_answered_proves_what_it_kept() {
    let mut stage = online();
    stage.says(&room(), "said once");
    stage.says(&room(), "never kept");
    let target = Target::Room("plain".to_owned());
    let mut stage = stage.reloads_slowly(Plain::new(config()), target);
    stage.opens();
    let page = r#"{"code":0,"lists":[{"id":1,"from":"me","content":"said once","time":"2025-07-01 10:00:00"}]}"#;
    stage.answers(HISTORY, 200, page);
    stage.device_answers();
    assert_eq!(
        stage.rows(&room()),
        ["me:said once sent", "me:never kept unknown"]
    );
    // It is forgotten on the device, too.
    let target = Target::Room("plain".to_owned());
    let mut stage = stage.reloads_slowly(Plain::new(config()), target);
    stage.opens();
    stage.device_answers();
    assert_eq!(stage.rows(&room()), ["me:never kept unknown"]);
}

#[test]
fn what_was_said_of_old_and_is_said_again_is_a_message() {
    let mut stage = dialled();
    stage.opens();
    let row = |time: i64| {
        let row = json!({"id": 1, "from": "other", "content": "ok", "time": time});
        json!({"code": 0, "lists": [row]}).to_string()
    };
    stage.answers(HISTORY, 200, &row(WALL - 11 * 60_000));
    stage.hears(&message("ok"));
    assert_eq!(stage.rows(&room()), ["other:ok", "other:ok"]);
    let items = stage.items(&room());
    assert_eq!(items[1].at, Some(UnixMillis(WALL)), "when it came");

    // What was said just now may be pushed after the page that has it.
    let mut stage = dialled();
    stage.opens();
    stage.answers(HISTORY, 200, &row(WALL - 60_000));
    stage.hears(&message("ok"));
    assert_eq!(stage.rows(&room()), ["other:ok"]);
}
