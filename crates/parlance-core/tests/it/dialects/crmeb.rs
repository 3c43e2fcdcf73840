//! The CRMEB backends: what the seed's page gets wrong (the numbered faults of
//! its chapter), and what either form promises.

use parlance_core::content::Content;
use parlance_core::dialect::crmeb::{Crmeb, CrmebConfig, Form, Role};
use parlance_core::dialect::identity::Me;
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::timeline::Item;
use parlance_core::{Command, Input, PageEvent, PageState, Status, Target};
use serde_json::{Map, Value, json};

use super::stage::Stage;

mod hostile;
mod stock;

const HISTORY: &str = "chatMessageList";
const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"ping","data":{"now":1666661624}}"#;

fn me(uid: &str, name: &str) -> Me {
    Me {
        uid: Some(uid.to_owned()),
        name: Some(name.to_owned()),
        avatar: Some(format!("/{uid}.png")),
    }
}

pub(super) fn config() -> CrmebConfig {
    CrmebConfig {
        form: Form::Seed,
        link: "wss://chat.example/msg".to_owned(),
        api: "https://api.example/".to_owned(),
        token: Some("TOK".to_owned()),
        role: Role::Customer,
        me: me("42", "小王"),
        to: Some(me("9", "客服小美")),
        login: Map::new(),
        upload: None,
    }
}

fn talk() -> ConversationId {
    pair("42", "9")
}

fn pair(one: &str, other: &str) -> ConversationId {
    ConversationId::pair(Uid::new(one), Uid::new(other))
}

fn dialled() -> Stage {
    let target = Target::Person(Uid::new("9"), None);
    Stage::new(Crmeb::new(config()), target)
}

/// Online, with this for a first page.
fn online(rows: &[Value]) -> Stage {
    let mut stage = dialled();
    stage.opens();
    stage.answers(HISTORY, 200, &page(rows));
    stage
}

fn page(rows: &[Value]) -> String {
    json!({"data": {"list": rows}}).to_string()
}

fn theirs(id: u64, words: &str) -> Value {
    json!({"id": id, "uid": 9, "uname": "客服小美", "uavatar": "/9.png", "to_uid": 42,
        "msn": words, "msn_type": 0, "position": "left", "add_time": 1_666_661_000 + id, "type": 1})
}

fn mine(id: u64, words: &str) -> Value {
    json!({"id": id, "uid": 42, "to_uid": 9, "to_name": "小王", "to_avatar": "/42.png",
        "msn": words, "msn_type": 0, "position": "right", "add_time": 1_666_661_000 + id, "type": 1})
}

fn chat(row: &Value) -> String {
    json!({"type": "chat", "data": row}).to_string()
}

fn kinds(stage: &Stage) -> Vec<String> {
    let kind = |text: &String| -> Option<String> {
        let frame: Value = serde_json::from_str(text).ok()?;
        Some(frame["type"].as_str()?.to_owned())
    };
    stage.sent.iter().filter_map(kind).collect()
}

fn said(stage: &Stage, kind: &str) -> Vec<Value> {
    let frames = stage
        .sent
        .iter()
        .filter_map(|it| serde_json::from_str(it).ok());
    frames.filter(|it: &Value| it["type"] == kind).collect()
}

// ---- the faults of its chapter ------------------------------------------------

#[test]
fn fault_1_no_timer_of_a_dead_socket_closes_the_next_one() {
    let mut stage = online(&[]);
    stage.advance(10);
    assert_eq!(stage.count(PING), 1);
    // The ping of the dead one is not answered any more.
    stage.breaks(1006);
    assert_eq!(stage.until_dialled(), 5);
    stage.opens();
    stage.answers(HISTORY, 200, &page(&[]));
    for _ in 0..6 {
        stage.advance(5);
        stage.hears(PONG);
    }
    assert_eq!(stage.status(), Status::Online);
    assert_eq!(stage.dialled.len(), 2);
    assert_eq!(stage.count(PING), 1, "and whoever is heard is not asked");
}

#[test]
fn fault_1_a_link_that_answers_nothing_is_replaced_in_time() {
    let mut stage = online(&[]);
    stage.advance(19);
    assert_eq!((stage.count(PING), stage.status()), (1, Status::Online));
    stage.advance(2);
    assert_ne!(stage.status(), Status::Online);
    stage.advance(11);
    assert_eq!(stage.dialled.len(), 2, "within 32 s");
}

#[test]
fn fault_2_whoever_leaves_says_so_once_and_dials_no_more() {
    let gone = r#"{"type":"online","data":{"online":0,"user_type":"user","is_tourist":0}}"#;
    let gone: Value = serde_json::from_str(gone).expect("JSON");
    let mut left = online(&[]);
    left.page_event(PageEvent::PageHide, PageState::HIDDEN);
    let mut out = online(&[]);
    out.feed(Input::Command(Command::SignOut));
    for (stage, status) in [(&mut left, Status::Suspended), (&mut out, Status::Ended)] {
        assert_eq!(said(stage, "online").last(), Some(&gone));
        assert!(!stage.is_dialled());
        assert_eq!(stage.status(), status);
        stage.advance(3600);
        assert_eq!(stage.dialled.len(), 1);
    }
}

#[test]
fn fault_3_showing_the_page_opens_no_second_socket_and_doubles_no_history() {
    let rows = [theirs(1, "您好"), mine(2, "在")];
    let mut stage = online(&rows);
    let expected = ["9:您好", "me:在 sent"];
    assert_eq!(stage.rows(&talk()), expected);
    for _ in 0..4 {
        stage.page_event(PageEvent::VisibilityChanged, PageState::HIDDEN);
        stage.advance(7);
        stage.hears(PONG);
        stage.page_event(PageEvent::VisibilityChanged, PageState::SHOWN);
        while stage
            .requests
            .iter()
            .any(|(_, it)| it.url.contains(HISTORY))
        {
            stage.answers(HISTORY, 200, &page(&rows));
        }
    }
    // The stage itself refuses a second socket.
    assert_eq!(stage.dialled.len(), 1);
    assert_eq!(stage.rows(&talk()), expected);
}

#[test]
fn fault_4_older_pages_are_asked_for_one_at_a_time_and_to_the_end() {
    let ten: Vec<Value> = (11..21).map(|id| theirs(id, &format!("m{id}"))).collect();
    let mut stage = online(&ten);
    for _ in 0..5 {
        stage.feed(Input::Command(Command::LoadOlder(talk())));
    }
    // Asked once, or this would panic.
    let body = stage.asked(HISTORY).body.clone().expect("a body");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body, json!({"accept_id": 9, "page": 2, "limit": 10}));
    stage.answers(HISTORY, 200, &page(&[theirs(9, "m9"), theirs(10, "m10")]));
    assert_eq!(stage.rows(&talk()).len(), 12);
    for _ in 0..3 {
        stage.feed(Input::Command(Command::LoadOlder(talk())));
    }
    assert!(stage.requests.is_empty(), "a short page is the last");
}

#[test]
fn fault_5_what_is_typed_on_a_dead_link_waits_and_goes_once() {
    let mut stage = online(&[]);
    stage.breaks(1006);
    stage.says(&talk(), "离线时写的");
    assert_eq!(stage.rows(&talk()), ["me:离线时写的 queued"]);
    stage.until_dialled();
    stage.opens();
    stage.answers(HISTORY, 200, &page(&[]));
    stage.advance(1);
    stage.hears(PONG);
    let chats = said(&stage, "chat");
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0]["data"]["content"], "离线时写的");
    stage.advance(9);
    stage.hears(PONG);
    assert_eq!(stage.rows(&talk()), ["me:离线时写的 unconfirmed"]);
    assert_eq!(said(&stage, "chat").len(), 1, "and not again");
}

#[test]
fn fault_5_what_a_dying_link_took_is_unknown_until_history_shows_it() {
    let mut stage = online(&[theirs(1, "您好")]);
    stage.says(&talk(), "在吗");
    stage.breaks(1006);
    assert_eq!(stage.rows(&talk())[1], "me:在吗 unknown");
    stage.until_dialled();
    stage.opens();
    stage.advance(1);
    assert_eq!(said(&stage, "chat").len(), 1, "never again by itself");
    stage.answers(HISTORY, 200, &page(&[theirs(1, "您好"), mine(2, "在吗")]));
    assert_eq!(stage.rows(&talk()), ["9:您好", "me:在吗 sent"]);
}

#[test]
fn fault_6_whose_login_it_is_is_the_launchs_word() {
    let login = json!({"id": "7001", "openid": "o-42", "extra": [1]});
    let login = login.as_object().cloned().expect("an object");
    let mut stage = Stage::new(
        Crmeb::new(CrmebConfig { login, ..config() }),
        Target::Nothing,
    );
    stage.opens();
    let due = json!({"type": "login", "data":
        {"id": 7001, "channel_type": "wechat", "uid": 42, "openid": "o-42", "extra": [1]}});
    assert_eq!(said(&stage, "login"), [due]);

    let mut nobody = Stage::new(
        Crmeb::new(CrmebConfig {
            me: Me::default(),
            ..config()
        }),
        Target::Nothing,
    );
    nobody.opens();
    let data = &said(&nobody, "login")[0]["data"];
    assert_eq!(
        *data,
        json!({"id": "", "channel_type": "wechat", "uid": "", "openid": ""}),
        "always all of them"
    );
    assert_eq!(said(&nobody, "online")[0]["data"]["is_tourist"], 1);
}

#[test]
fn fault_6_ones_own_rows_have_ones_own_name_and_the_servers_time() {
    let mut nameless = mine(3, "三");
    nameless["to_name"] = Value::Null;
    nameless["to_avatar"] = json!("");
    let mut renamed = mine(2, "二");
    renamed["uname"] = json!("客服小美");
    renamed["to_name"] = json!("王先生");
    let stage = online(&[theirs(1, "一"), renamed, nameless]);
    let items = stage.items(&talk());
    let names = items.iter().map(|item| {
        let author = item.author.as_ref().expect("somebody said it");
        (author.name.as_str(), author.avatar.as_deref())
    });
    let expected = [
        ("客服小美", Some("/9.png")),
        ("王先生", Some("/42.png")),
        ("小王", Some("/42.png")),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let at = |item: &Item| item.at.expect("when").0;
    let times: Vec<i64> = items.iter().map(at).collect();
    assert_eq!(
        times,
        [1_666_661_001_000, 1_666_661_002_000, 1_666_661_003_000]
    );
}

#[test]
fn fault_7_a_login_is_asserted_and_history_compared_on_a_link_that_seems_alive() {
    let mut stage = online(&[theirs(1, "您好")]);
    let logins = |stage: &Stage| said(stage, "login").len();
    let mut passed = 0;
    for (second, due) in [
        (12, 1),
        (14, 2),
        (27, 2),
        (29, 3),
        (87, 3),
        (89, 4),
        (150, 5),
    ] {
        while passed < second {
            stage.advance(1);
            passed += 1;
            if passed % 5 == 0 {
                // The junk that answers anything proves TCP and no more.
                stage.hears(PONG);
            }
            if stage
                .requests
                .iter()
                .any(|(_, it)| it.url.contains(HISTORY))
            {
                let rows = [theirs(1, "您好"), theirs(2, "还在吗")];
                stage.answers(HISTORY, 200, &page(&rows));
            }
        }
        assert_eq!(logins(&stage), due, "after {second} s");
    }
    assert_eq!(
        stage.rows(&talk()),
        ["9:您好", "9:还在吗"],
        "never heard live"
    );
    assert_eq!(stage.dialled.len(), 1);
}

#[test]
fn fault_7_the_old_socket_is_closed_before_the_new_one_is_dialled() {
    let mut stage = online(&[]);
    for _ in 0..3 {
        // Silent, given up: the stage refuses a second socket.
        stage.until_dialled();
        // What was asked on the dead ones is not answered any more.
        stage.requests.clear();
        stage.opens();
        stage.answers(HISTORY, 200, &page(&[]));
    }
    assert_eq!(stage.dialled.len(), 4);
    let said = kinds(&stage);
    assert!(said.iter().filter(|it| *it == "login").count() >= 4);
}

#[test]
fn fault_8_a_frame_that_vanishes_is_not_taken_for_sent() {
    // The seed form: nothing ever answers, so no more can be said.
    let mut stage = online(&[]);
    stage.says(&talk(), "一");
    for _ in 0..5 {
        stage.advance(4);
        stage.hears(PONG);
    }
    assert_eq!(stage.rows(&talk()), ["me:一 unconfirmed"]);
    // The stock server: an echo is due, and its absence is noticed.
    let mut stage = stock::online();
    stage.says(&stock::talk(), "一");
    assert_eq!(stage.rows(&stock::talk()), ["me:一 sending"]);
    stage.advance(7);
    stage.hears(PONG);
    stage.advance(4);
    assert_eq!(stage.rows(&stock::talk()), ["me:一 unknown"]);
    assert_eq!(said(&stage, "chat").len(), 1, "never again by itself");
}

// ---- what else it promises ------------------------------------------------------

#[test]
fn others_come_and_go_each_for_themselves() {
    let target = Target::Person(Uid::new("42"), None);
    let config = CrmebConfig {
        role: Role::Agent,
        me: me("9", "客服小美"),
        to: None,
        ..config()
    };
    let mut stage = Stage::new(Crmeb::new(config), target);
    stage.opens();
    assert_eq!(
        said(&stage, "kefu_login"),
        [json!({"type": "kefu_login", "data": "TOK"})]
    );
    for (uid, online) in [(42, 1), (43, 1), (42, 0), (44, 0)] {
        let push = json!({"type": "online", "data": {"online": online, "uid": uid}});
        stage.hears(&push.to_string());
    }
    // The seed's page remembers the last one alone.
    for (uid, online) in [("42", false), ("43", true), ("44", false)] {
        let people = &stage.people[&pair("9", uid)];
        assert_eq!((people.len(), people[0].online), (1, online), "{uid}");
    }
    let reply = json!({"type": "reply", "data": theirs(5, "x")});
    let mut reply = reply;
    reply["data"]["uid"] = json!(42);
    reply["data"]["to_uid"] = json!(9);
    stage.hears(&reply.to_string());
    assert_eq!(stage.rows(&pair("9", "42")), [""; 0], "behind its history");
    let agents = "kefuapi/service/list";
    let header = ("token".to_owned(), "TOK".to_owned());
    assert!(stage.asked(agents).headers.contains(&header));
    stage.answers(agents, 200, r#"{"status":200,"data":[]}"#);
    assert_eq!(stage.rows(&pair("9", "42")), ["42:x"]);
}

#[test]
fn a_refused_login_ends_the_stay_and_a_timeout_does_not() {
    let mut stage = online(&[]);
    stage.hears(r#"{"type":"timeout","close":true}"#);
    stage.breaks(1006);
    assert_eq!(stage.until_dialled(), 5);
    stage.opens();
    assert_eq!(stage.status(), Status::Online, "nothing is waited for");
    stage.hears(r#"{"type":"error","data":{"msg":"授权失败!"},"close":true}"#);
    assert_eq!(stage.status(), Status::Ended);
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), 2);
}

#[test]
fn a_broken_row_costs_only_itself_and_a_broken_page_can_be_asked_for_again() {
    let rows = [
        theirs(1, "一"),
        json!("row"),
        json!(null),
        json!([]),
        theirs(2, "二"),
    ];
    let stage = online(&rows);
    assert_eq!(stage.rows(&talk()), ["9:一", "9:二"]);
    for (status, body) in [
        (200, "<html>login</html>"),
        (200, ""),
        (200, r#"{"status":410000,"msg":"请登录"}"#),
        (502, r#"{"data":{"list":[]}}"#),
    ] {
        let mut stage = dialled();
        stage.opens();
        stage.answers(HISTORY, status, body);
        stage.hears(&chat(&theirs(3, "三")));
        stage.advance(10);
        stage.hears(PONG);
        assert_eq!(stage.rows(&talk()), ["9:三"], "{body}: the talk goes on");
        stage.answers(HISTORY, 200, &page(&[theirs(2, "二"), theirs(3, "三")]));
        assert_eq!(stage.rows(&talk()), ["9:二", "9:三"], "{body}");
    }
    for body in ["{}", r#"{"data":{}}"#, r#"{"data":[]}"#, r#"{"data":null}"#] {
        let mut stage = dialled();
        stage.opens();
        stage.answers(HISTORY, 200, body);
        assert!(stage.requests.is_empty(), "{body}: there is none");
    }
}

#[test]
fn pictures_and_films_go_with_their_address_and_their_kind() {
    let mut stage = online(&[]);
    let media = |url: &str| parlance_core::content::Media {
        url: url.to_owned(),
        ..Default::default()
    };
    for (content, kind) in [
        (Content::Image(media("/a.png")), "img"),
        (Content::Video(media("/a.mp4")), "video"),
    ] {
        let at = parlance_core::time::UnixMillis(super::stage::WALL);
        stage.feed(Input::Command(Command::Say(talk(), content, at)));
        let data = said(&stage, "chat").pop().expect("it is said")["data"].take();
        assert_eq!(data["type"], kind);
        assert!(data["content"].as_str().expect("a text").starts_with("/a."));
    }
}

#[test]
fn odd_rows_are_read_for_what_they_are() {
    let row = |more: Value| {
        let mut row = theirs(7, "");
        let fields = more.as_object().cloned().expect("an object");
        row.as_object_mut().expect("a row").extend(fields);
        let mut stage = online(&[]);
        stage.hears(&chat(&row));
        let item = stage.items(&talk()).pop().expect("a row");
        (item.content.kind(), item.content.text().to_owned())
    };
    for (more, kind, words) in [
        (
            json!({"msn": "[em-smile]早[em-tlj-1]"}),
            "text",
            "😄早[em-tlj-1]",
        ),
        (
            json!({"msn": "x", "type": "text", "msn_type": "1"}),
            "text",
            "x",
        ),
        (
            json!({"msn": "x", "type": "dance", "msn_type": 0}),
            "unknown",
            "x",
        ),
        (json!({"msn": 7, "msn_type": 1}), "text", "7"),
        (json!({"msn": "/v.mp3", "msn_type": 4}), "voice", ""),
        (
            json!({"msn": "77", "msn_type": 5, "productInfo": [], "orderInfo": null}),
            "product",
            "",
        ),
        (
            json!({"msn": "77", "msn_type": 5, "productInfo": {"store_name": "杯"}}),
            "product",
            "杯",
        ),
        (
            json!({"msn": "1", "msn_type": 5, "other": {"title": "杯", "pic": "/c.png"}}),
            "product",
            "杯",
        ),
        (
            json!({"type": "shop", "title": "杯", "info": "x", "pic": "/c.png"}),
            "product",
            "杯",
        ),
        (
            json!({"msn": "wx1", "msn_type": 6, "orderInfo": []}),
            "order",
            "",
        ),
        (
            json!({"msn": "", "type": "img", "image": "/p.png"}),
            "image",
            "",
        ),
        (json!({"msn": "", "type": "img"}), "unknown", ""),
    ] {
        assert_eq!(row(more.clone()), (kind, words.to_owned()), "{more}");
    }
}
