//! The J-IM backend: what its own page gets wrong, by the numbers of its
//! chapter.

use parlance_core::content::{Content, Media};
use parlance_core::dialect::jim::wire::{Chat, Request, Wanted, Which};
use parlance_core::dialect::jim::{Jim, JimConfig};
use parlance_core::dialect::{Dialect, Entry};
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::session::Oddity;
use parlance_core::time::UnixMillis;
use parlance_core::{Command, Input, Status, Target};
use serde_json::{Value, json};

use super::stage::{Stage, WALL};

mod hostile;
mod people;
mod promises;

const BEAT: &str = r#"{"cmd":13,"hbbyte":"-127"}"#;
const ANSWERED: &str = r#"{"command":13,"data":{"hbbyte":-128}}"#;
const LOGIN: &str = r#"{"code":10007,"command":6,"msg":"ok 登录成功!"}"#;
const REFUSED: &str = r#"{"code":10008,"command":6,"msg":"login failed ! 登录失败!"}"#;
const NO_LOG: &str =
    r#"{"code":10015,"command":20,"msg":"get user message failed! 获取用户消息失败!"}"#;

pub(super) fn config() -> JimConfig {
    JimConfig {
        link: "ws://im.example:13000".to_owned(),
        uid: Some("zhang".to_owned()),
        name: Some("张三".to_owned()),
        room: Some("100".to_owned()),
        ..JimConfig::default()
    }
}

fn course() -> ConversationId {
    ConversationId::room("100")
}

fn with_wang() -> ConversationId {
    ConversationId::pair(Uid::new("wang"), Uid::new("zhang"))
}

fn dialled() -> Stage {
    let course = Target::Room("100".to_owned());
    Stage::new(Jim::new(config()), course)
}

fn logs_in(stage: &mut Stage) {
    stage.opens();
    stage.hears(LOGIN);
}

/// Online, in a course of which this was said before.
fn online_with(rows: &[Value]) -> Stage {
    let mut stage = dialled();
    logs_in(&mut stage);
    stage.hears(&log(rows));
    stage.oddities.clear();
    stage
}

fn online() -> Stage {
    online_with(&[])
}

fn log(rows: &[Value]) -> String {
    let groups = if rows.is_empty() {
        json!({})
    } else {
        json!({ "100": rows })
    };
    let data = json!({"friends": {}, "groups": groups, "userId": "zhang"});
    json!({"code": 10018, "command": 20, "msg": "", "data": data}).to_string()
}

fn row(id: &str, from: &str, text: &str) -> Value {
    json!({"id": id, "from": from, "createTime": 5, "cmd": 11, "chatType": 1, "msgType": 0,
        "groupId": "100", "content": text, "nickName": from, "type": 1})
}

fn push(row: &Value) -> String {
    json!({"command": 11, "data": row}).to_string()
}

fn ack(code: u64) -> String {
    json!({"command": 12, "code": code, "msg": "words"}).to_string()
}

fn notice(command: u64, user: &str) -> String {
    let user = json!({"userId": user, "nick": user, "status": "x"});
    if command == 9 {
        json!({"command": 9, "code": 10011, "group": "100", "user": user}).to_string()
    } else {
        json!({"command": 10, "data": {"group": "100", "user": user}}).to_string()
    }
}

/// The message that was sent last, as it stands on the wire.
fn last_said(stage: &Stage) -> Value {
    let said = stage.sent.iter().rev();
    let mut said = said.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    said.find(|it| it["cmd"] == 11).expect("something was said")
}

fn here(stage: &Stage) -> Vec<&str> {
    let people = stage.people.get(&course()).into_iter().flatten();
    let mut here: Vec<&str> = people
        .filter(|person| person.online)
        .map(|person| person.uid.as_str())
        .collect();
    here.sort_unstable();
    here
}

// ---- the faults of its chapter ------------------------------------------------

#[test]
fn fault_1_a_lost_link_is_noticed_dialled_anew_and_beaten_no_more() {
    let mut stage = online();
    stage.breaks(1006);
    let beats = stage.count(BEAT);
    assert_eq!(stage.status(), Status::Waiting);
    stage.advance(2);
    assert_eq!((stage.count(BEAT), stage.is_dialled()), (beats, false));
    assert_eq!(stage.until_dialled(), 1, "3 s after the loss");
    assert!(stage.banner.is_some(), "it says what is going on");
    logs_in(&mut stage);
    stage.advance(1);
    assert_eq!(stage.status(), Status::Online);
    assert!(stage.banner.is_none(), "and stops saying it");
    stage.advance(4);
    assert_eq!(stage.count(BEAT), beats + 1, "counted from this opening");
}

#[test]
fn fault_1_a_link_that_answers_nothing_is_replaced_within_30_seconds() {
    let mut stage = online();
    for _ in 0..6 {
        stage.advance(5);
        stage.hears(ANSWERED);
    }
    let at = stage.now;
    stage.until_dialled();
    let (dialled, _) = stage.dialled[1];
    assert!(dialled.since(at).as_secs() <= 30, "{:?}", dialled.since(at));
}

#[test]
fn fault_2_history_does_not_replace_what_was_heard_before_it() {
    let mut stage = dialled();
    logs_in(&mut stage);
    stage.hears(&push(&row("m2", "li", "two")));
    stage.hears(&push(&row("m3", "li", "three")));
    stage.hears(&log(&[row("m1", "li", "one"), row("m2", "li", "two")]));
    let all = ["li:one", "li:two", "li:three"];
    assert_eq!(stage.rows(&course()), all);
    // Nor on the next link.
    stage.breaks(1006);
    stage.until_dialled();
    logs_in(&mut stage);
    stage.hears(&push(&row("m4", "li", "four")));
    stage.hears(&log(&[row("m1", "li", "one"), row("m2", "li", "two")]));
    let all = ["li:one", "li:two", "li:three", "li:four"];
    assert_eq!(stage.rows(&course()), all);
}

#[test]
fn fault_3_what_is_said_elsewhere_is_not_shown_here() {
    let mut stage = online();
    let private =
        json!({"id": "p1", "from": "wang", "to": "zhang", "chatType": 2, "content": "hey"});
    stage.hears(&push(&private));
    let mut other = row("m1", "li", "elsewhere");
    other["groupId"] = json!("200");
    stage.hears(&push(&other));
    // Numbers may be texts, and the older name of a group counts.
    let older = json!({"id": "m2", "from": "li", "group_id": 100, "chatType": "1",
        "content": "here", "type": "1"});
    stage.hears(&push(&older));
    stage.hears(&push(
        &json!({"from": "a", "to": "b", "chatType": 2, "content": "?"}),
    ));
    assert_eq!(stage.rows(&course()), ["li:here"]);
    assert_eq!(stage.listed[&with_wang()].unread, 1);
    assert_eq!(stage.listed[&ConversationId::room("200")].unread, 1);
    assert_eq!(stage.oddities, [Oddity::Malformed], "the others' own pair");
}

#[test]
fn fault_4_an_empty_list_is_a_list_and_whoever_is_called_as_i_am_is_not_me() {
    let mut stage = online();
    assert!(stage.rows(&course()).is_empty());
    let mut named = row("m1", "wang", "hello");
    named["nickName"] = json!("张三");
    stage.hears(&push(&named));
    let mut named = row("m2", "zhang", "from my other phone");
    named["nickName"] = json!("李四");
    stage.hears(&push(&named));
    assert_eq!(
        stage.rows(&course()),
        ["wang:hello", "me:from my other phone sent"]
    );
    for absent in [
        json!({"code": 10018, "command": 20}).to_string(),
        json!({"code": 10018, "command": 20, "data": {}}).to_string(),
        json!({"code": 10018, "command": 20, "data": {"groups": {"100": null}}}).to_string(),
        json!({"code": 10018, "command": 20, "data": {"groups": []}}).to_string(),
    ] {
        let mut stage = dialled();
        logs_in(&mut stage);
        stage.hears(&absent);
        stage.hears(&push(&row("m1", "li", "x")));
        assert_eq!(stage.rows(&course()), ["li:x"], "{absent}");
        assert!(stage.oddities.is_empty(), "{absent}");
    }
}

#[test]
fn fault_5_what_stands_in_the_address_is_escaped() {
    let jim = Jim::new(JimConfig {
        link: "wss://im.example/jim/?v=1".to_owned(),
        uid: Some("a&b=c".to_owned()),
        name: Some("张 三#?".to_owned()),
        avatar: Some("https://i/x.png?a=1&b=%20".to_owned()),
        password: "p+/ä".to_owned(),
        room: Some("1/2".to_owned()),
        ..JimConfig::default()
    });
    assert_eq!(
        jim.link_address(),
        "wss://im.example/jim/?v=1&username=a%26b%3Dc&password=p%2B%2F%C3%A4&courseId=1%2F2\
         &nickName=%E5%BC%A0%20%E4%B8%89%23%3F&avatar=https%3A%2F%2Fi%2Fx.png%3Fa%3D1%26b%3D%2520"
    );
}

#[test]
fn fault_6_a_refused_login_ends_the_stay() {
    let mut stage = dialled();
    stage.opens();
    assert_eq!(stage.status(), Status::Connecting);
    stage.hears(REFUSED);
    assert_eq!(stage.status(), Status::Ended);
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), 1);
}

#[test]
fn fault_6_without_a_store_there_is_no_history_and_everything_else() {
    let mut stage = dialled();
    logs_in(&mut stage);
    stage.hears(&push(&row("m1", "li", "one")));
    stage.hears(NO_LOG);
    stage.hears(&push(&row("m2", "li", "two")));
    stage.says(&course(), "three");
    let said = last_said(&stage);
    stage.hears(&push(&said));
    assert_eq!(stage.rows(&course()), ["li:one", "li:two", "me:three sent"]);
}

#[test]
fn fault_6_that_a_message_was_taken_does_not_prove_that_it_arrived() {
    let mut stage = online();
    stage.says(&course(), "to a group that I am not in");
    stage.hears(&ack(10_000));
    assert_eq!(
        stage.rows(&course()),
        ["me:to a group that I am not in sending"]
    );
    for _ in 0..2 {
        stage.advance(5);
        stage.hears(ANSWERED);
    }
    assert_eq!(
        stage.rows(&course()),
        ["me:to a group that I am not in unknown"]
    );
}

#[test]
fn fault_6_a_message_that_was_not_taken_says_so() {
    let mut stage = online();
    stage.says(&course(), "no");
    stage.hears(&ack(10_002));
    assert_eq!(stage.rows(&course()), ["me:no failed"]);
    stage.retries(&course(), "no");
    assert_eq!(stage.rows(&course()), ["me:no sending"]);
    let again = last_said(&stage);
    stage.hears(&push(&again));
    assert_eq!(stage.rows(&course()), ["me:no sent"]);
}

#[test]
fn fault_6_too_fast_is_said_again_when_the_gateway_says_that_it_may_be() {
    let mut stage = online();
    stage.says(&course(), "quick");
    stage.hears(r#"{"command":12,"code":10002,"msg":"x","retryMs":4000}"#);
    let said = last_said(&stage);
    stage.advance(3);
    assert_eq!(stage.rows(&course()), ["me:quick queued"]);
    stage.advance(2);
    assert_eq!(stage.rows(&course()), ["me:quick sending"]);
    assert_eq!(last_said(&stage), said, "the same bytes");
}

#[test]
fn fault_6_a_command_that_the_server_does_not_know_is_counted() {
    let mut stage = online();
    stage.hears(r#"{"code":10017,"command":0,"msg":"cmd failed! 未知的cmd命令!"}"#);
    assert_eq!(stage.oddities, [Oddity::UnknownFrame]);
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn fault_6_nothing_is_said_where_nothing_was_typed() {
    let mut stage = online();
    let before = stage.sent.len();
    for nothing in ["", " ", "\n\t"] {
        stage.says(&course(), nothing);
    }
    // The composer does not offer it; were it said all the same, nobody would
    // have to read it.
    assert_eq!(stage.sent.len(), before);
}

#[test]
fn fault_7_whatever_was_typed_is_one_frame_with_these_words() {
    let nasty = [
        "\"",
        "\\",
        "\"}",
        "a\nb\r\t",
        "\u{0}\u{8}\u{2028}",
        "</script>",
        "';alert(1)//",
        "😀",
        "{\"cmd\":14,\"userId\":\"zhang\"}",
    ];
    for text in nasty {
        let mut stage = online();
        stage.says(&course(), text);
        let said = stage.sent.last().expect("it was said");
        let Request::Chat(chat) = Request::read(said) else {
            panic!("{said}");
        };
        assert_eq!(chat.content.as_deref(), Some(text));
        let said = last_said(&stage);
        stage.hears(&push(&said));
        assert_eq!(stage.rows(&course()), [format!("me:{text} sent")]);
    }
}

#[test]
fn fault_8_who_spoke_is_shown_and_decides_nothing() {
    let mut stage = online();
    stage.says(&course(), "mine");
    let mut forged = row("f1", "zhang", "not mine");
    forged["userId"] = json!("wang");
    stage.hears(&push(&forged));
    // It looks like mine, as it would on any page, and proves nothing.
    assert_eq!(
        stage.rows(&course()),
        ["me:not mine sent", "me:mine sending"]
    );
    let mut forged = row("f2", "", "nobody's");
    forged["from"] = json!({"admin": true});
    stage.hears(&push(&forged));
    assert_eq!(stage.rows(&course())[1], "*:nobody's");
}
