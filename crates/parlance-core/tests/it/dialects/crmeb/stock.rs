//! The stock form: a login that is answered, an echo that proves, a server that
//! asks where one looks, and agents who hand talks on.

use super::*;

const RECORD: &str = "api/v2/user/service/record";
const LIST: &str = "kefuapi/service/list";
const CUSTOMERS: &str = "kefuapi/user/record";
const SUCCESS: &str = r#"{"type":"success"}"#;

fn customer() -> CrmebConfig {
    CrmebConfig {
        form: Form::Stock,
        me: me("7", "客户小王"),
        to: Some(me("1", "客服小美")),
        ..config()
    }
}

pub(super) fn talk() -> ConversationId {
    pair("7", "1")
}

fn dialled() -> Stage {
    let target = Target::Person(Uid::new("1"), None);
    Stage::new(Crmeb::new(customer()), target)
}

/// Online, with an empty history.
pub(super) fn online() -> Stage {
    let mut stage = dialled();
    stage.opens();
    stage.hears(SUCCESS);
    stage.answers(RECORD, 200, &record(&[]));
    stage
}

fn record(rows: &[Value]) -> String {
    json!({"status": 200, "msg": "ok", "data":
        {"serviceList": rows, "uid": 1, "nickname": "客服小美", "avatar": "/kefu.png"}})
    .to_string()
}

fn row(id: u64, uid: u64, to: u64, words: &str) -> Value {
    json!({"id": id, "uid": uid, "to_uid": to, "msn": words, "msn_type": 1, "type": 1,
        "add_time": 1_795_164_000 + id, "nickname": format!("n{uid}"), "avatar": "",
        "productInfo": null, "orderInfo": null})
}

/// Live, where the id is a text.
fn live(kind: &str, id: u64, uid: u64, to: u64, words: &str) -> String {
    let mut row = row(id, uid, to, words);
    row["id"] = json!(id.to_string());
    row["productInfo"] = json!([]);
    json!({"type": kind, "data": row}).to_string()
}

#[test]
fn it_is_connecting_until_the_login_is_answered() {
    let mut stage = dialled();
    stage.opens();
    assert_eq!(stage.status(), Status::Connecting);
    assert_eq!(kinds(&stage), ["login"], "and nothing is said before");
    stage.hears(PONG);
    assert_eq!(stage.status(), Status::Connecting, "junk is no answer");
    stage.hears(SUCCESS);
    assert_eq!(stage.status(), Status::Online);
    assert_eq!(kinds(&stage), ["login", "to_chat"]);
    assert_eq!(said(&stage, "to_chat")[0]["data"], json!({"id": 1}));
    let asked = &stage.asked(RECORD);
    assert!(asked.url.ends_with("record?limit=15&uidTo=0&toUid=1"));
    let bearer = ("authori-zation".to_owned(), "Bearer TOK".to_owned());
    assert_eq!(asked.headers, [bearer]);
    // Asserted logins are answered too.
    stage.hears(SUCCESS);
    assert!(stage.oddities.is_empty(), "{:?}", stage.oddities);
}

#[test]
fn a_bad_token_ends_it_before_it_began() {
    let mut stage = dialled();
    stage.opens();
    stage.hears(r#"{"type":"error","data":{"msg":"Code Error"},"close":true}"#);
    assert_eq!(stage.status(), Status::Ended);
    stage.advance(3600);
    assert_eq!(stage.dialled.len(), 1);
}

#[test]
fn an_echo_proves_it_whatever_the_server_stripped() {
    let mut stage = online();
    let typed = "你好 <b>bold</b>\nline2 & \"q\"";
    stage.says(&talk(), typed);
    stage.says(&talk(), "a<b");
    assert_eq!(said(&stage, "chat").len(), 1, "one at a time");
    stage.hears(&live("chat", 19, 7, 1, "你好 boldline2 & \"q\""));
    assert_eq!(said(&stage, "chat").len(), 2);
    // A tag that is never closed takes the rest with it.
    stage.hears(&live("chat", 20, 7, 1, "a"));
    let rows = stage.rows(&talk());
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.ends_with(" sent")), "{rows:?}");
    // Its own history does not show them again.
    stage.advance(14);
    stage.answers(
        RECORD,
        200,
        &record(&[row(19, 7, 1, "你好 boldline2 & \"q\""), row(20, 7, 1, "a")]),
    );
    assert_eq!(stage.rows(&talk()).len(), 2);
}

#[test]
fn an_err_tip_refuses_the_last_one_said() {
    let mut stage = online();
    stage.says(&talk(), "一");
    stage.hears(r#"{"type":"err_tip","data":{"msg":"格式错误"}}"#);
    assert_eq!(stage.rows(&talk()), ["me:一 failed"]);
    // One that is about nothing is counted and harms nobody.
    stage.hears(r#"{"type":"err_tip","data":{"msg":"格式错误"}}"#);
    assert_eq!(stage.oddities.len(), 1);
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn one_that_was_too_fast_goes_again_by_itself() {
    let mut stage = online();
    stage.says(&talk(), "一");
    stage.hears(r#"{"type":"err_tip","data":{"msg":"slowly","retry_ms":3000}}"#);
    assert_eq!(said(&stage, "chat").len(), 1);
    stage.advance(4);
    assert_eq!(said(&stage, "chat").len(), 2);
    stage.hears(&live("chat", 5, 7, 1, "一"));
    assert_eq!(stage.rows(&talk()), ["me:一 sent"]);
}

#[test]
fn what_a_lost_echo_left_unknown_history_settles() {
    let mut stage = online();
    stage.says(&talk(), "在吗");
    stage.breaks(1006);
    assert_eq!(stage.rows(&talk()), ["me:在吗 unknown"]);
    stage.until_dialled();
    stage.opens();
    stage.hears(SUCCESS);
    stage.answers(
        RECORD,
        200,
        &record(&[row(30, 7, 1, "在吗"), row(31, 1, 7, "在的")]),
    );
    assert_eq!(stage.rows(&talk()), ["me:在吗 sent", "1:在的"]);
    assert_eq!(said(&stage, "chat").len(), 1);
    // On each link it is said anew where one looks.
    assert_eq!(said(&stage, "to_chat").len(), 2);
}

#[test]
fn it_pings_every_eight_seconds_and_gives_up_a_silent_link() {
    let mut stage = online();
    for beat in 1..=3 {
        stage.advance(8);
        stage.hears(&live("reply", beat, 1, 7, &format!("{beat}")));
        assert_eq!(
            said(&stage, "ping").len() as u64,
            beat,
            "whatever else passes"
        );
    }
    stage.advance(23);
    assert_eq!(stage.status(), Status::Online);
    stage.advance(2);
    assert_ne!(stage.status(), Status::Online);
    stage.advance(10);
    assert_eq!(stage.dialled.len(), 2, "within 35 s");
}

#[test]
fn an_automatic_reply_has_the_name_that_is_known() {
    let mut stage = online();
    let words = "退款请提供订单号";
    let bare = json!({"type": "reply", "data": {"to_uid": 7, "msn_type": 1, "msn": words,
        "uid": 1, "add_time": 1_795_164_630, "type": 1, "id": "23"}});
    stage.hears(&bare.to_string());
    let items = stage.items(&talk());
    let author = items[0].author.as_ref().expect("somebody");
    assert_eq!(
        (author.name.as_str(), author.uid.as_str()),
        ("客服小美", "1")
    );
}

#[test]
fn older_rows_are_those_before_the_oldest() {
    let mut stage = dialled();
    stage.opens();
    stage.hears(SUCCESS);
    let rows: Vec<Value> = (16..31)
        .map(|id| row(id, 1, 7, &format!("m{id}")))
        .collect();
    stage.answers(RECORD, 200, &record(&rows));
    stage.feed(Input::Command(Command::LoadOlder(talk())));
    assert!(
        stage
            .asked(RECORD)
            .url
            .ends_with("limit=15&uidTo=16&toUid=1")
    );
    stage.answers(RECORD, 200, &record(&[row(15, 7, 1, "m15")]));
    let shown = stage.rows(&talk());
    assert_eq!((shown.len(), shown[0].as_str()), (16, "me:m15 sent"));
}

#[test]
fn a_talk_that_is_handed_on_goes_on_under_the_new_name() {
    let mut stage = online();
    stage.hears(&live("reply", 40, 1, 7, "我转给小李"));
    let to = json!({"type": "to_transfer",
        "data": {"toUid": 12, "avatar": "/kf12.png", "nickname": "客服小李"}});
    stage.hears(&to.to_string());
    assert_eq!(stage.listed[&talk()].title, "客服小李");
    let looks = said(&stage, "to_chat");
    assert_eq!(looks.last().expect("said")["data"], json!({"id": 12}));
    stage.says(&talk(), "您好");
    assert_eq!(said(&stage, "chat")[0]["data"]["to_uid"], 12);
    stage.hears(&live("chat", 50, 7, 12, "您好"));
    stage.hears(&live("reply", 51, 12, 7, "我是小李"));
    let expected = ["1:我转给小李", "me:您好 sent", "12:我是小李"];
    assert_eq!(stage.rows(&talk()), expected);
    // The server has copied what was said before: it is not shown twice.
    stage.advance(14);
    let rows = [
        row(45, 12, 7, "我转给小李"),
        row(50, 7, 12, "您好"),
        row(51, 12, 7, "我是小李"),
        row(52, 12, 7, "请稍等"),
    ];
    assert!(stage.asked(RECORD).url.ends_with("uidTo=0&toUid=12"));
    stage.answers(RECORD, 200, &record(&rows));
    // What was before it was said with the one whom it began with.
    assert!(stage.asked(RECORD).url.ends_with("uidTo=50&toUid=1"));
    stage.answers(RECORD, 200, &record(&[row(40, 1, 7, "我转给小李")]));
    let mut expected = expected.to_vec();
    expected.push("12:请稍等");
    assert_eq!(stage.rows(&talk()), expected);
}

/// Row 11: an agent is whom the server calls so, in the talk that the page was
/// launched for, or whom it hands that talk on to.
#[test]
fn row_11_an_agent_is_whom_the_server_calls_so() {
    let hosts = |stage: &Stage, uid: &str| {
        let people = stage.people.get(&pair("7", uid)).into_iter().flatten();
        people.filter(|it| it.host).count()
    };
    let comes = |uid: u64| json!({"type": "online", "data": {"online": 1, "uid": uid}}).to_string();
    let mut stage = dialled();
    stage.opens();
    stage.hears(SUCCESS);
    stage.hears(&comes(1));
    assert_eq!(hosts(&stage, "1"), 0, "nothing was said of them yet");
    stage.answers(RECORD, 200, &record(&[row(1, 1, 7, "您好")]));
    stage.hears(&comes(1));
    assert_eq!(hosts(&stage, "1"), 1);
    // Another customer, whatever they are called.
    stage.hears(&live("reply", 40, 9, 7, "客服"));
    stage.hears(&comes(9));
    assert_eq!(hosts(&stage, "9"), 0);
}

#[test]
fn what_waits_in_another_talk_is_counted_and_what_is_on_show_is_fetched() {
    let mut stage = online();
    let unread = |uid: u64, number: u64| {
        json!({"type": "mssage_num", "data": {"uid": uid, "num": number, "recored": {
            "user_id": 7, "to_uid": uid, "nickname": "客服小李", "avatar": "/kf.png",
            "message": "在吗", "message_type": 1, "update_time": 1_795_164_700, "id": "3"}}})
        .to_string()
    };
    stage.hears(&unread(12, 3));
    let listed = &stage.listed[&pair("7", "12")];
    assert_eq!((listed.title.as_str(), listed.unread), ("客服小李", 3));
    assert!(stage.requests.is_empty());
    // It is on show, and the server has forgotten that.
    stage.hears(&unread(1, 1));
    stage.answers(RECORD, 200, &record(&[row(9, 1, 7, "在吗")]));
    assert_eq!(stage.rows(&talk()), ["1:在吗"]);
    assert_eq!(said(&stage, "to_chat").len(), 2, "said again");
    stage.hears(r#"{"type":"mssage_num","data":{"uid":12,"num":0,"recored":{}}}"#);
    assert_eq!(stage.listed[&pair("7", "12")].unread, 0);
}

#[test]
fn an_agent_sees_the_customers_with_who_is_here_and_what_is_unread() {
    let config = CrmebConfig {
        role: Role::Agent,
        me: me("1", "客服小美"),
        to: None,
        ..customer()
    };
    let mut stage = Stage::new(Crmeb::new(config), Target::Nothing);
    stage.opens();
    stage.hears(SUCCESS);
    let customer = |uid: u64, online: u8, unread: u64| {
        json!({"id": uid, "user_id": 1, "to_uid": uid, "nickname": format!("客户{uid}"),
            "avatar": "/c.png", "online": online, "mssage_num": unread, "message": "退款",
            "message_type": 1, "update_time": 1_795_164_700})
    };
    let body = json!({"status": 200, "data": [customer(7, 1, 2), json!(null), customer(8, 0, 0)]});
    stage.answers(CUSTOMERS, 200, &body.to_string());
    for (uid, online, unread) in [("7", true, 2), ("8", false, 0)] {
        let id = pair("1", uid);
        assert_eq!(stage.listed[&id].title, format!("客户{uid}"));
        assert_eq!(stage.listed[&id].unread, unread);
        assert_eq!(stage.people[&id][0].online, online);
    }
    stage.hears(r#"{"type":"user_online","data":{"to_uid":8,"online":1}}"#);
    assert!(stage.people[&pair("1", "8")][0].online);

    stage.feed(Input::Command(Command::Open(pair("1", "7"))));
    assert!(
        stage
            .asked(LIST)
            .url
            .ends_with("list?limit=15&upperId=0&uid=7")
    );
    let body = json!({"status": 200, "data": [row(1, 7, 1, "退款"), row(2, 1, 7, "好")]});
    stage.answers(LIST, 200, &body.to_string());
    stage.hears(&live("reply", 3, 7, 1, "谢谢"));
    assert_eq!(
        stage.rows(&pair("1", "7")),
        ["7:退款", "me:好 sent", "7:谢谢"]
    );
    stage.says(&pair("1", "7"), "不客气");
    let chat = said(&stage, "chat").pop().expect("said");
    assert_eq!(
        chat,
        json!({"type": "chat", "data": {"msn": "不客气", "type": 1, "to_uid": 7, "is_tourist": 0}})
    );
    stage.page_event(PageEvent::PageHide, PageState::HIDDEN);
    let left = said(&stage, "online").pop().expect("said");
    assert_eq!(left, json!({"type": "online", "data": {"online": 0}}));
}

#[test]
fn without_agents_nobody_is_here() {
    let mut stage = online();
    stage.hears(r#"{"type":"online","data":{"online":1,"uid":1}}"#);
    assert!(stage.people[&talk()][0].online);
    stage.hears(r#"{"type":"kefu_logout","data":{"user_id":1,"online":0}}"#);
    assert!(!stage.people[&talk()][0].online);
}

#[test]
fn a_page_that_does_not_know_its_own_id_still_knows_its_own_words() {
    let config = CrmebConfig {
        me: Me::default(),
        token: Some("secret".to_owned()),
        ..customer()
    };
    let mut stage = Stage::new(Crmeb::new(config), Target::Person(Uid::new("1"), None));
    stage.opens();
    stage.hears(SUCCESS);
    stage.answers(
        RECORD,
        200,
        &record(&[row(1, 1, 7, "您好"), row(2, 7, 1, "在")]),
    );
    let id = stage.listed.keys().next().cloned().expect("a talk");
    stage.says(&id, "二");
    stage.hears(&live("chat", 3, 7, 1, "二"));
    stage.hears(&live("reply", 4, 1, 7, "三"));
    assert_eq!(
        stage.rows(&id),
        ["1:您好", "me:在 sent", "me:二 sent", "1:三"]
    );
    assert_eq!(stage.listed.len(), 1);
}
