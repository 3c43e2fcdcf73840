//! The egg backend: what its own pages get wrong (the numbered faults of its
//! chapter), and what it promises.

use parlance_core::dialect::egg::{Egg, EggConfig};
use parlance_core::dialect::identity::Me;
use parlance_core::frame::Talk;
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::{Command, Input, Status, Target};
use serde_json::{Value, json};

use super::stage::Stage;

const SAY: &str = "socket/sendmessage";
const MISSED: &str = "chatGetmessageOffLine";
const FRIEND: &str = "ismygoodfriend";
const FRIENDS: &str = "goodfriendlist";
const OK: &str = r#"{"msg":"ok","data":"ok"}"#;
const BAD_TOKEN: &str = r#"{"msg":"fail","data":"Token 令牌不合法！"}"#;

fn config() -> EggConfig {
    EggConfig {
        link: "wss://egg.example/ws".to_owned(),
        api: "https://egg.example/".to_owned(),
        upload: None,
        token: "JWT-6".to_owned(),
        me: Me {
            uid: Some("6".to_owned()),
            name: Some("my06".to_owned()),
            avatar: None,
        },
        to: Some("10".to_owned()),
    }
}

fn dialled() -> Stage {
    let target = Target::Person(Uid::new("10"), None);
    Stage::new(Egg::new(config()), target)
}

/// Online, with nothing left to be answered.
fn online() -> Stage {
    let mut stage = dialled();
    stage.opens();
    stage.answers(MISSED, 200, OK);
    stage.answers(FRIENDS, 400, r#"{"msg":"fail","data":"您没有权限访问"}"#);
    stage.answers(FRIEND, 200, r#"{"msg":"ok","data":"goodfriend"}"#);
    stage.oddities.clear();
    stage
}

fn pair(other: &str) -> ConversationId {
    ConversationId::pair(Uid::new("6"), Uid::new(other))
}

fn single(id: &str, from: impl Into<Value>, data: impl Into<Value>) -> Value {
    json!({"id": id, "from_id": from.into(), "from_name": "my10", "from_avatar": "/10.png",
        "to_id": 6, "to_name": "my06", "to_avatar": "/6.png", "chatType": "single",
        "type": "text", "data": data.into(), "options": {}, "create_time": 5, "isremove": 0})
}

fn frame(message: &Value) -> String {
    json!({"type": "singleChat", "data": message, "timestamp": 5}).to_string()
}

fn stored(id: &str, text: &str) -> String {
    let message = json!({"id": id, "from_id": 6, "to_id": 10, "chatType": "single",
        "type": "text", "data": text, "create_time": 9});
    json!({"msg": "ok", "data": message}).to_string()
}

// ---- the faults of its chapter ------------------------------------------------

#[test]
fn fault_1_one_socket_at_a_time_and_what_was_missed_is_fetched_after_each() {
    let mut stage = online();
    for _ in 0..3 {
        // The browser's error and close are one end, and one dial follows.
        stage.breaks(1006);
        let dials = stage.dialled.len();
        stage.until_dialled();
        assert_eq!(stage.dialled.len(), dials + 1);
        // The stage itself refuses a second socket.
        stage.opens();
        stage.answers(MISSED, 200, OK);
        stage.answers(FRIENDS, 400, "{}");
        stage.answers(FRIEND, 200, OK);
    }
    assert_eq!(stage.dialled.len(), 4);
}

#[test]
fn fault_2_whoever_was_thrown_out_does_not_come_back_and_two_devices_do_not_fight() {
    let mut stage = online();
    stage.hears(r#"{"msg":"force_logout","data":"你的账号在其他设备登录"}"#);
    assert_eq!(stage.status(), Status::Ended);
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), 1);
}

#[test]
fn fault_2_signing_out_closes_once_and_dials_no_more() {
    let mut stage = online();
    stage.feed(Input::Command(Command::SignOut));
    let request = stage.asked("api/chat/logout");
    assert_eq!(request.headers[0], ("token".to_owned(), "JWT-6".to_owned()));
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), 1);
    assert!(!stage.is_dialled());
}

#[test]
fn fault_2_a_token_that_was_replaced_ends_the_stay_wherever_it_is_said() {
    for part in [MISSED, FRIENDS, FRIEND] {
        let mut stage = dialled();
        stage.opens();
        stage.answers(part, 400, BAD_TOKEN);
        assert_eq!(stage.status(), Status::Ended, "{part}");
        stage.advance(600);
        assert_eq!(stage.dialled.len(), 1);
    }
    let mut stage = dialled();
    stage.opens();
    stage.answers(MISSED, 401, "<html>");
    assert_eq!(stage.status(), Status::Ended, "by the status alone");
    let mut stage = dialled();
    stage.opens();
    stage.hears(r#"{"msg":"fail","data":"token 已过期"}"#);
    assert_eq!(stage.status(), Status::Ended);
}

#[test]
fn fault_2_what_was_typed_under_a_dead_token_is_not_lost() {
    let mut stage = online();
    stage.says(&pair("10"), "hello");
    stage.answers(SAY, 400, BAD_TOKEN);
    assert_eq!(stage.status(), Status::Ended);
    assert_eq!(stage.rows(&pair("10")), ["me:hello queued"]);
}

#[test]
fn fault_3_the_address_is_as_it_was_given() {
    for (link, address) in [
        (
            "ws://shop.example:7001/ws",
            "ws://shop.example:7001/ws?token=",
        ),
        ("wss://s.example/ws", "wss://s.example/ws?token="),
        ("wss://s.example/ws?a=1", "wss://s.example/ws?a=1&token="),
    ] {
        let dialect = Egg::new(EggConfig {
            link: link.to_owned(),
            token: "a b&c".to_owned(),
            ..config()
        });
        let stage = Stage::new(dialect, Target::Nothing);
        assert_eq!(stage.dialled[0].1, format!("{address}a%20b%26c"));
    }
}

#[test]
fn fault_4_the_heartbeat_belongs_to_one_link() {
    const PING: &str = r#"{"type":"ping"}"#;
    let mut stage = online();
    stage.advance(20);
    stage.breaks(1006);
    let waited = stage.until_dialled();
    assert_eq!(waited, 3);
    stage.opens();
    // Counted from this opening: the old one's beat is gone.
    stage.advance(24);
    assert_eq!(stage.count(PING), 0);
    stage.advance(1);
    assert_eq!(stage.count(PING), 1);
    stage.hears(r#"{"type":"pong","timestamp":5}"#);
    stage.advance(25);
    assert_eq!(stage.count(PING), 2);
    stage.hears(r#"{"type":"ping"}"#);
    assert_eq!(
        stage.count(r#"{"type":"pong"}"#),
        1,
        "the server's is answered"
    );
}

#[test]
fn fault_4_a_link_that_went_silent_is_not_shown_as_online() {
    let mut stage = online();
    stage.advance(10);
    stage.hears(r#"{"type":"ping"}"#);
    stage.advance(64);
    assert_eq!(stage.status(), Status::Online);
    stage.advance(11);
    assert_ne!(stage.status(), Status::Online);
}

#[test]
fn fault_5_the_first_heartbeat_comes_in_its_time() {
    let mut stage = dialled();
    stage.opens();
    stage.advance(25);
    assert_eq!(stage.count(r#"{"type":"ping"}"#), 1);
}

#[test]
fn fault_6_a_bare_text_does_not_break_the_page() {
    let mut stage = online();
    let texts = ["收到", "{", "[1", "123", "{\"a\":1}", "null", "\"x\""];
    for (number, text) in texts.iter().enumerate() {
        stage.hears(&frame(&single(&format!("m{number}"), 10, *text)));
    }
    let wants: Vec<String> = texts.iter().map(|text| format!("10:{text}")).collect();
    assert_eq!(stage.rows(&pair("10")), wants);
    assert!(stage.oddities.is_empty());
}

#[test]
fn fault_6_all_three_forms_of_data_say_the_same() {
    let mut stage = online();
    let inner = json!({"data": "你好", "dataType": false, "otherData": null});
    for (id, data) in [
        ("a", Value::from("你好")),
        ("b", Value::from(inner.to_string())),
        ("c", inner),
    ] {
        stage.hears(&frame(&single(id, 10, data)));
    }
    assert_eq!(stage.rows(&pair("10")), ["10:你好", "10:你好", "10:你好"]);
}

#[test]
fn fault_7_service_notices_come_once_however_often_the_link_breaks() {
    let mut stage = online();
    let service = ConversationId::pair(Uid::new("6"), Uid::new("redirect-myQrcode-6"));
    for number in 0..3 {
        let mut notice = single(&format!("n{number}"), "redirect-myQrcode-6", "展示给别人");
        notice["redirect"] = json!({"url": "/pages/x", "type": "navigateTo"});
        if number > 0 {
            notice["msgidKey"] = "redirect-myQrcode-6".into();
        }
        stage.hears(&frame(&notice));
        stage.breaks(1006);
        stage.until_dialled();
        stage.opens();
        stage.requests.clear();
    }
    assert_eq!(stage.rows(&service), ["*:展示给别人"]);
    // What it says anew is new.
    let mut news = single("n9", "redirect-myQrcode-6", "2 条新申请");
    news["msgidKey"] = "redirect-myQrcode-6".into();
    stage.hears(&frame(&news));
    assert_eq!(stage.rows(&service).len(), 2);
    // And people may repeat themselves.
    stage.hears(&frame(&single("r1", 10, "好")));
    stage.hears(&frame(&single("r2", 10, "好")));
    assert_eq!(stage.rows(&pair("10")), ["10:好", "10:好"]);
}

#[test]
fn fault_8_what_is_said_elsewhere_goes_there_and_a_group_is_known_by_its_own_id() {
    let mut stage = online();
    stage.hears(&frame(&single("a", 11, "from eleven")));
    let mut group = single("g", 10, "in the group");
    group["chatType"] = "group".into();
    group["to_id"] = 33.into();
    group["to_name"] = "技术群".into();
    stage.hears(&frame(&group));
    stage.hears(&frame(&single("b", "10", "as text")));
    assert_eq!(stage.rows(&pair("10")), ["10:as text"]);
    assert_eq!(stage.rows(&pair("11")), ["11:from eleven"]);
    let room = ConversationId::room("33");
    assert_eq!(stage.rows(&room), ["10:in the group"]);
    assert_eq!(stage.listed[&room].title, "技术群");
    assert_eq!(stage.listed[&pair("11")].unread, 1);
}

#[test]
fn fault_8_a_link_does_not_add_ears_to_the_one_before() {
    let mut stage = online();
    for _ in 0..4 {
        stage.breaks(1006);
        stage.until_dialled();
        stage.opens();
        stage.requests.clear();
    }
    stage.hears(&frame(&single("a", 10, "once")));
    stage.hears(&frame(&single("a", 10, "once")));
    assert_eq!(stage.rows(&pair("10")), ["10:once"]);
}

// ---- what it promises ---------------------------------------------------------

#[test]
fn the_answer_is_the_acknowledgement_and_there_is_no_echo() {
    let mut stage = online();
    stage.says(&pair("10"), "hello");
    assert_eq!(stage.rows(&pair("10")), ["me:hello sending"]);
    let body = stage.asked(SAY).body.clone().expect("a body");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let wants = json!({"sendto_id": 10, "chatType": "single", "type": "text", "data": "hello"});
    assert_eq!(body, wants);
    stage.answers(SAY, 200, &stored("u1", "hello"));
    assert_eq!(stage.rows(&pair("10")), ["me:hello sent"]);
    // Another device of mine hears it: it is the same row.
    let mut copy = single("u1", 6, "hello");
    copy["to_id"] = 10.into();
    stage.hears(&frame(&copy));
    assert_eq!(stage.rows(&pair("10")), ["me:hello sent"]);
}

#[test]
fn a_refused_message_says_why_and_can_be_tried_again() {
    let mut stage = online();
    stage.says(&pair("10"), "again?");
    let words = "在成为好友之前，对方只允许向他发一条消息";
    let refused = json!({"msg": "fail", "data": words}).to_string();
    stage.answers(SAY, 400, &refused);
    assert_eq!(stage.rows(&pair("10")), ["me:again? failed"]);
    stage.retries(&pair("10"), "again?");
    stage.answers(SAY, 200, &stored("u2", "again?"));
    assert_eq!(stage.rows(&pair("10")), ["me:again? sent"]);
}

#[test]
fn an_answer_that_is_lost_or_says_nothing_leaves_the_message_unknown() {
    for (status, body) in [
        (500, r#"{"msg":"fail","data":"x"}"#),
        (502, "<html>"),
        (200, "<html>portal</html>"),
        (200, "{}"),
    ] {
        let mut stage = online();
        stage.says(&pair("10"), "hello");
        stage.answers(SAY, status, body);
        assert_eq!(stage.rows(&pair("10")), ["me:hello unknown"], "{status}");
        stage.advance(600);
        assert!(stage.requests.is_empty(), "never said again by itself");
    }
    let mut stage = online();
    stage.says(&pair("10"), "hello");
    stage.no_answer(SAY);
    assert_eq!(stage.rows(&pair("10")), ["me:hello unknown"]);
}

#[test]
fn what_is_typed_while_the_socket_is_down_waits_for_it() {
    let mut stage = online();
    stage.breaks(1006);
    stage.says(&pair("10"), "later");
    assert_eq!(stage.rows(&pair("10")), ["me:later queued"]);
    assert!(stage.requests.is_empty());
    stage.until_dialled();
    stage.opens();
    stage.answers(SAY, 200, &stored("u3", "later"));
    assert_eq!(stage.rows(&pair("10")), ["me:later sent"]);
}

#[test]
fn too_much_at_once_waits_and_is_said_once() {
    let mut stage = online();
    stage.says(&pair("10"), "fast");
    let slowly = r#"{"msg":"fail","data":"发送太快，请稍后再试"}"#;
    stage.answers(SAY, 429, slowly);
    stage.advance(2);
    // As the backend itself would say it.
    stage.answers(SAY, 400, slowly);
    stage.advance(2);
    stage.answers(SAY, 200, &stored("u4", "fast"));
    assert_eq!(stage.rows(&pair("10")), ["me:fast sent"]);
}

#[test]
fn a_server_without_the_fetch_is_not_asked_again() {
    let mut stage = dialled();
    stage.opens();
    stage.answers(MISSED, 404, r#"{"msg":"fail","data":"Not Found"}"#);
    stage.breaks(1006);
    stage.until_dialled();
    stage.requests.clear();
    stage.opens();
    assert!(
        stage
            .requests
            .iter()
            .all(|(_, it)| !it.url.contains(MISSED))
    );
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn a_recall_empties_its_row_in_place() {
    let mut stage = online();
    stage.hears(&frame(&single("r1", 10, "oops")));
    stage.hears(&frame(&single("r2", 10, "more")));
    let inner = json!({"data": "my10撤回了一条消息", "dataType": false, "otherData": null});
    let mut recall = single("r1", 10, inner);
    recall["type"] = "systemNotice".into();
    recall["actionType"] = "revoke".into();
    stage.hears(&frame(&recall));
    let rows = stage.rows(&pair("10"));
    assert_eq!(rows, ["10:my10撤回了一条消息", "10:more"]);
    assert_eq!(stage.items(&pair("10"))[0].content.kind(), "notice");
    // What comes already taken back never shows what it said.
    let mut gone = single("r3", 10, "secret");
    gone["isremove"] = 1.into();
    stage.hears(&frame(&gone));
    assert!(!stage.rows(&pair("10")).join(" ").contains("secret"));
}

#[test]
fn a_remark_is_the_title_and_a_stranger_may_be_written_to() {
    let mut stage = dialled();
    stage.opens();
    let row = json!({"msg": "ok", "data": {"id": 29, "user_id": 6, "friend_id": 10,
        "nickname": "阿祖", "status": 1}});
    stage.answers(FRIEND, 200, &row.to_string());
    assert_eq!(stage.listed[&pair("10")].title, "阿祖");
    assert_eq!(stage.listed[&pair("10")].talk, Talk::Allowed);
    // The name under which they write does not replace it.
    stage.hears(&frame(&single("a", 10, "hi")));
    assert_eq!(stage.listed[&pair("10")].title, "阿祖");

    let mut stage = dialled();
    stage.opens();
    let no = r#"{"msg":"fail","data":"对方不是您的好友"}"#;
    stage.answers(FRIEND, 400, no);
    assert_eq!(stage.listed[&pair("10")].talk, Talk::Stranger);
    stage.says(&pair("10"), "hello");
    stage.answers(SAY, 200, &stored("u5", "hello"));
    assert_eq!(stage.rows(&pair("10")), ["me:hello sent"]);
}

#[test]
fn the_list_of_friends_fills_the_list_and_a_broken_one_costs_itself_alone() {
    let mut stage = dialled();
    stage.opens();
    let list = json!({"msg": "ok", "data": {"count": 3, "rows": {"newList": [
        {"title": "A", "list": [
            {"id": 5, "beizhu": "阿祖", "username": "my10", "friend_id": 10, "name": "阿祖"},
            {"id": 6, "username": "broken"}, 7,
        ]},
        "x",
        {"title": "H", "list": [{"username": "my11", "friend_id": "11", "name": ""}]},
    ], "indexList": ["A", "H"], "total": 2}}});
    stage.answers(FRIENDS, 200, &list.to_string());
    assert_eq!(stage.listed[&pair("10")].title, "阿祖");
    assert_eq!(stage.listed[&pair("11")].title, "my11");
    assert_eq!(stage.listed.len(), 2);
}

#[test]
fn a_group_is_asked_for_its_name() {
    let mut stage = Stage::new(Egg::new(config()), Target::Room("33".to_owned()));
    stage.opens();
    let group = json!({"msg": "ok", "data": {"id": 33, "name": "技术群", "avatar": "/g.png"}});
    stage.answers("groupinfo/33", 200, &group.to_string());
    let room = ConversationId::room("33");
    assert_eq!(stage.listed[&room].title, "技术群");
    stage.says(&room, "hello");
    let body = stage.asked(SAY).body.clone().expect("a body");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let wants = json!({"sendto_id": 33, "chatType": "group", "type": "text", "data": "hello"});
    assert_eq!(body, wants);
    // The server of the seed's date takes it and does nothing with it.
    stage.answers(SAY, 404, r#"{"msg":"fail","data":"Not Found"}"#);
    assert_eq!(stage.rows(&room), ["me:hello failed"]);
}

#[test]
fn a_server_that_numbers_people_is_understood_by_whoever_named_them() {
    let named = EggConfig {
        token: "alice".to_owned(),
        me: Me::default(),
        to: Some("bob".to_owned()),
        ..config()
    };
    let target = || Target::Person(Uid::new("bob"), None);
    let (me, bob) = (9_000_000_000_000_001_u64, 9_000_000_000_000_002_u64);
    let conversation = |stage: &Stage| {
        assert_eq!(stage.listed.len(), 1, "{:?}", stage.listed);
        let (id, _) = stage.listed.first_key_value().expect("one");
        id.clone()
    };
    // They write before anything else said who is who.
    let mut stage = Stage::new(Egg::new(named.clone()), target());
    stage.opens();
    let mut first = single("a", bob, "hi");
    first["to_id"] = me.into();
    first["sendUUid"] = "bob".into();
    stage.hears(&frame(&first));
    let id = conversation(&stage);
    assert_eq!(stage.rows(&id), ["bob:hi"]);
    // I answer, and the answer names both.
    stage.says(&id, "yes");
    let body = stage.asked(SAY).body.clone().expect("a body");
    assert!(body.contains(r#""sendto_id":"bob""#), "{body}");
    let message = json!({"id": "u", "from_id": me, "to_id": bob, "create_time": 1});
    let ok = json!({"msg": "ok", "data": message}).to_string();
    stage.answers(SAY, 200, &ok);
    let mut more = single("b", bob, "good");
    more["to_id"] = me.into();
    stage.hears(&frame(&more));
    assert_eq!(stage.rows(&id), ["bob:hi", "me:yes sent", "bob:good"]);
    // In a group I am I.
    let mut group = single("c", me, "mine");
    group["chatType"] = "group".into();
    group["to_id"] = "lobby".into();
    stage.hears(&frame(&group));
    assert_eq!(stage.rows(&ConversationId::room("lobby")).len(), 1);
    assert!(stage.rows(&ConversationId::room("lobby"))[0].starts_with("me:mine"));
}
