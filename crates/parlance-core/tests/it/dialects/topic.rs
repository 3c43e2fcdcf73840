//! The topic backend: what its own page gets wrong, the numbered faults of its
//! chapter.
//!
//! Frames are written out here as the old server writes them.

use parlance_core::content::Content;
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::topic::{Topic, TopicConfig};
use parlance_core::ids::ConversationId;
use parlance_core::time::UnixMillis;
use parlance_core::{Command, Input, Status, Target};
use serde_json::{Value, json};

use super::stage::{Stage, WALL, is_same};

mod hostile;
mod promises;

pub(super) use hostile::sound;

const HISTORY: &str = "api/message/chatmsg";
const ASK: &str = "api/question/add";
const JOIN: &str = r#"{"payLoad":"{\"topic\":\"R-8\"}","token":"TOK-A","type":3}"#;
const HEARTBEAT: &str = r#"{"payLoad":"","token":"TOK-A","type":1}"#;
const NOTHING: &str = r#"{"code":200,"data":{"items":[]}}"#;

pub(super) fn config() -> TopicConfig {
    TopicConfig {
        link: "wss://srv.example/ws".to_owned(),
        api: "https://srv.example/".to_owned(),
        token: "TOK-A".to_owned(),
        me: Me {
            uid: Some("7".to_owned()),
            name: Some("我".to_owned()),
            avatar: None,
        },
        uid_is_number: false,
        topic: "R-8".to_owned(),
        stream: "55".to_owned(),
        offset_minutes: 480,
    }
}

fn room() -> ConversationId {
    ConversationId::room("R-8")
}

fn dialled() -> Stage {
    let target = Target::Room("R-8".to_owned());
    Stage::new(Topic::new(config()), target)
}

/// Online, with this history.
fn online_with(history: &str) -> Stage {
    let mut stage = dialled();
    stage.opens();
    stage.answers(HISTORY, 200, history);
    stage
}

fn online() -> Stage {
    online_with(NOTHING)
}

/// What somebody said, as in `data` and in history.
fn said(user: u64, kind: &str, content: &str) -> Value {
    json!({"user": user, "displayName": format!("n{user}"), "avatarurl": "", "stream": "55",
        "content": content, "type": kind, "createdat": "2018-10-8 14:30"})
}

fn frame(message: &Value) -> String {
    json!({"code": 200, "data": message.to_string()}).to_string()
}

fn heard(stage: &mut Stage, user: u64, text: &str) {
    stage.hears(&frame(&said(user, "message", text)));
}

fn row(id: u64, message: Value) -> Value {
    let mut row = message;
    row["id"] = json!(id);
    row
}

fn history(rows: &[Value]) -> String {
    json!({"code": 200, "data": {"items": rows}}).to_string()
}

/// What is in a type 2 frame: the message itself, two levels down.
fn chat_info(frame: &str) -> Value {
    let parse = |text: &Value| -> Value {
        serde_json::from_str(text.as_str().expect("a text")).expect("JSON inside")
    };
    let frame: Value = serde_json::from_str(frame).expect("JSON");
    assert_eq!(
        (&frame["type"], &frame["token"]),
        (&json!(2), &json!("TOK-A"))
    );
    let load = parse(&frame["payLoad"]);
    assert_eq!(load["topic"], "R-8");
    parse(&load["chatInfo"])
}

/// The texts that went out as messages.
fn talk(stage: &Stage) -> Vec<String> {
    let messages = stage.sent.iter().filter(|it| it.contains("chatInfo"));
    messages
        .map(|it| {
            chat_info(it)["content"]
                .as_str()
                .expect("a text")
                .to_owned()
        })
        .collect()
}

fn asks(stage: &mut Stage, question: &str) {
    let content = Content::Question(question.to_owned());
    let said = Command::Say(room(), content, UnixMillis(WALL));
    stage.feed(Input::Command(said));
}

/// Comes back after a loss, and is shown this history.
fn returns(stage: &mut Stage, history: &str) {
    stage.until_dialled();
    stage.opens();
    stage.answers(HISTORY, 200, history);
}

// ---- the faults of its chapter ------------------------------------------------

#[test]
fn fault_1_each_link_joins_once_has_one_heartbeat_and_shows_a_message_once() {
    let mut stage = online();
    for link in 1..=3 {
        assert_eq!((stage.count(JOIN), stage.count(HEARTBEAT)), (1, 1));
        stage.advance(20);
        assert_eq!((stage.count(JOIN), stage.count(HEARTBEAT)), (1, 5));
        let text = format!("m{link}");
        heard(&mut stage, 5, &text);
        let shown = stage.rows(&room());
        assert_eq!(shown.iter().filter(|it| it.ends_with(&text)).count(), 1);
        stage.breaks(1006);
        stage.sent.clear();
        let rows: Vec<Value> = (1..=link)
            .map(|it| row(it, said(5, "message", &format!("m{it}"))))
            .collect();
        returns(&mut stage, &history(&rows));
    }
    assert_eq!(stage.rows(&room()), ["5:m1", "5:m2", "5:m3"]);
}

#[test]
fn fault_2_coming_back_is_not_a_tight_loop_and_a_close_is_a_loss_too() {
    let mut stage = online();
    for code in [1000, 1001, 1006, 4000] {
        let broke = stage.now;
        stage.breaks(code);
        stage.until_dialled();
        let (dialled, _) = stage.dialled[stage.dialled.len() - 1];
        assert_eq!(dialled.since(broke).as_millis(), 1_000, "{code}");
        stage.opens();
        stage.answers(HISTORY, 200, NOTHING);
        stage.advance(60);
        if !stage.requests.is_empty() {
            stage.answers(HISTORY, 200, NOTHING);
        }
    }
    // Where it is refused again and again, the waits grow.
    let dials = stage.dialled.len();
    stage.breaks(1006);
    for _ in 0..600 {
        stage.advance(1);
        if stage.is_dialled() {
            stage.breaks(1006);
        }
    }
    let dials = stage.dialled.len() - dials;
    assert!((18..=40).contains(&dials), "{dials} dials in ten minutes");
}

#[test]
fn fault_3_what_is_typed_while_the_link_is_down_goes_after_the_next_join_once() {
    let mut stage = online();
    stage.breaks(1006);
    stage.says(&room(), "one");
    stage.says(&room(), "two");
    assert_eq!(stage.rows(&room()), ["me:one queued", "me:two queued"]);
    stage.sent.clear();
    returns(&mut stage, NOTHING);
    assert!(is_same(&stage.sent[0], JOIN), "{}", stage.sent[0]);
    // One at a time, since the echo tells them apart by nothing else.
    assert_eq!(talk(&stage), ["one"]);
    heard(&mut stage, 7, "one");
    assert_eq!(talk(&stage), ["one", "two"]);
    heard(&mut stage, 7, "two");
    assert_eq!(stage.rows(&room()), ["me:one sent", "me:two sent"]);
}

#[test]
fn fault_4_the_heartbeat_begins_anew_with_each_link_and_never_ends_it() {
    let mut stage = online();
    for _ in 0..3 {
        stage.sent.clear();
        stage.advance(600);
        assert_eq!(stage.count(HEARTBEAT), 120, "every 5 s, one of them");
        assert_eq!(stage.status(), Status::Online, "nobody need answer");
        stage.requests.clear();
        stage.breaks(1006);
        stage.advance(1);
        returns(&mut stage, NOTHING);
    }
}

#[test]
fn fault_5_rows_keep_their_keys_and_history_beside_live_doubles_nothing() {
    let rows = [
        row(900, said(3, "message", "大家好")),
        row(901, said(3, "message", "大家好")),
    ];
    let mut stage = online_with(&history(&rows));
    heard(&mut stage, 5, "a");
    heard(&mut stage, 5, "b");
    let before = stage.items(&room());
    assert_eq!(before.len(), 4);
    stage.breaks(1006);
    let more = [
        row(902, said(5, "message", "a")),
        row(903, said(5, "message", "b")),
        row(904, said(5, "message", "c")),
    ];
    returns(&mut stage, &history(&[&rows[..], &more[..]].concat()));
    let after = stage.items(&room());
    assert_eq!(after.len(), 5);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.key, &before.content), (after.key, &after.content));
    }
}

#[test]
fn fault_6_one_bad_content_costs_itself_alone_in_history_and_live() {
    let rows = [
        row(1, said(3, "message", "before")),
        row(2, said(3, "question", "not json")),
        row(3, said(3, "question", r#"{"content":7}"#)),
        row(4, said(3, "answer", "{\"answer\":\"x")),
        json!({"id": 5, "type": "message"}),
        json!("nonsense"),
        json!({"id": 6, "type": "later", "content": "x"}),
        row(7, said(3, "message", "behind")),
    ];
    let mut stage = online_with(&history(&rows));
    let shown = |stage: &Stage| {
        let items = stage.items(&room());
        let shown = items
            .iter()
            .map(|it| (it.content.kind(), it.content.text().to_owned()));
        shown.collect::<Vec<_>>()
    };
    let expected = [
        ("text", "before"),
        ("question", "not json"),
        ("unknown", r#"{"content":7}"#),
        ("answer", "{\"answer\":\"x"),
        ("text", "behind"),
    ];
    let expected = expected.map(|(kind, text)| (kind, text.to_owned()));
    assert_eq!(shown(&stage), expected);
    for broken in [
        "",
        "<html>",
        "null",
        "[]",
        r#"{"code":200,"data":"{\"type\":\"mess"}"#,
        r#"{"code":200,"data":"[]"}"#,
        r#"{"code":200,"data":7}"#,
        r#"{"code":"x","data":""}"#,
    ] {
        stage.hears(broken);
    }
    assert_eq!(stage.oddities.len(), 8, "each is counted");
    assert_eq!(shown(&stage), expected);
    heard(&mut stage, 3, "goes on");
    assert_eq!(stage.status(), Status::Online);
    assert_eq!(shown(&stage).len(), 6);
}

#[test]
fn fault_6_data_that_is_an_object_already_is_read_as_well() {
    let mut stage = online();
    let message = said(3, "message", "plain object");
    stage.hears(&json!({"code": 200, "data": message}).to_string());
    let question = json!({"user": 3, "displayName": "n", "type": "question",
        "content": {"content": "why?"}});
    stage.hears(&json!({"code": "200", "data": question}).to_string());
    assert_eq!(stage.rows(&room()), ["3:plain object", "3:why?"]);
}

#[test]
fn fault_7_the_time_is_the_messages_own_unpadded_and_read_back() {
    let mut stage = online();
    stage.says(&room(), "when?");
    let info = chat_info(stage.sent.last().expect("a frame"));
    // 2026-09-21T14:13:20Z is 22:13 at eight hours.
    assert_eq!(info["createdat"], "2026-9-21 22:13");
    let info = json!({"user": 5, "displayName": "n5", "content": "x", "type": "message",
        "createdat": info["createdat"]});
    stage.hears(&frame(&info));
    let items = stage.items(&room());
    let theirs = items.iter().find(|it| it.content.text() == "x");
    let at = theirs.and_then(|it| it.at);
    assert_eq!(at, Some(UnixMillis(WALL - WALL % 60_000)));
    let odd = json!({"user": 5, "displayName": "n5", "content": "y", "type": "message",
        "createdat": "刚刚"});
    stage.hears(&frame(&odd));
    let items = stage.items(&room());
    let theirs = items.iter().find(|it| it.content.text() == "y");
    let came = Some(UnixMillis(WALL));
    assert_eq!(theirs.expect("shown").at, came, "it came now");
}

#[test]
fn fault_8_nothing_empty_goes_out() {
    let mut stage = online();
    stage.sent.clear();
    stage.says(&room(), " \n ");
    asks(&mut stage, "");
    assert!(stage.sent.is_empty() && stage.requests.is_empty());
}

#[test]
fn fault_8_the_token_goes_where_a_browser_can_put_it() {
    let token = "a b&c=\"d\"/+%";
    let topic = |link: &str| {
        Topic::new(TopicConfig {
            link: link.to_owned(),
            token: token.to_owned(),
            ..config()
        })
    };
    let stage = Stage::new(topic("wss://srv.example/ws"), Target::Nothing);
    assert_eq!(stage.dialled[0].1, "wss://srv.example/ws");
    let mut stage = Stage::new(
        topic("wss://srv.example/ws?token="),
        Target::Room("R-8".to_owned()),
    );
    assert_eq!(
        stage.dialled[0].1,
        "wss://srv.example/ws?token=a%20b%26c%3D%22d%22%2F%2B%25"
    );
    stage.opens();
    for text in &stage.sent {
        let frame: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(frame["token"], token);
    }
    let header = ("Authorization".to_owned(), token.to_owned());
    assert_eq!(stage.asked(HISTORY).headers, [header]);
}
