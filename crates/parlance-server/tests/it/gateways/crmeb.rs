//! The CRMEB gateway, spoken to as the seed's pages and stock ones speak.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Answer, Rig, Visitor, new_cid};
use crate::upload::{form, png, with_form};

mod transcript;

const MSG: &str = "/crmeb/msg";
const PAIR: &str = "pair:42:9";

async fn rig() -> Rig {
    Rig::with_gateways(&["crmeb"]).await
}

/// Everything that was on its way.
async fn settled(visitor: &mut Visitor) -> Vec<Value> {
    visitor.say(r#"{"type":"ping"}"#).await;
    let mut before = Vec::new();
    loop {
        let frame = visitor.json().await;
        if frame["type"] == "ping" {
            assert!(frame["data"]["now"].as_i64() > Some(1_700_000_000));
            return before;
        }
        before.push(frame);
    }
}

fn of<'a>(frames: &'a [Value], kind: &str) -> Vec<&'a Value> {
    frames.iter().filter(|it| it["type"] == kind).collect()
}

fn seed_login(uid: u64) -> String {
    json!({"type": "login", "data": {"id": 7001, "channel_type": "wechat", "uid": uid, "openid": ""}})
        .to_string()
}

/// A seed page, logged in and here.
async fn seed(rig: &Rig, uid: u64) -> Visitor {
    let mut visitor = rig.visitor(MSG).await;
    visitor.say(&seed_login(uid)).await;
    visitor.say(&online(1)).await;
    assert!(settled(&mut visitor).await.is_empty(), "nothing answers");
    visitor
}

fn online(online: u8) -> String {
    json!({"type": "online", "data": {"online": online, "user_type": "user", "is_tourist": 0}})
        .to_string()
}

fn seed_chat(uid: u64, to: u64, kind: &str, content: &str) -> String {
    json!({"type": "chat", "data": {
        "content": content, "uid": uid, "uname": format!("用户{uid}"), "uavatar": format!("/u{uid}.png"),
        "to_uid": to, "to_name": "x", "to_avatar": "/x.png", "type": kind, "channel_type": "wechat",
    }})
    .to_string()
}

/// A stock page, logged in.
async fn stock(rig: &Rig, login: &str, token: &str) -> Visitor {
    let mut visitor = rig.visitor(MSG).await;
    let frame = json!({"type": login, "data": token, "form_type": 2});
    visitor.say(&frame.to_string()).await;
    assert_eq!(visitor.json().await, json!({"type": "success"}));
    visitor
}

fn stock_chat(to: u64, number: u64, msn: &str) -> String {
    json!({"type": "chat", "form_type": 2, "data": {"msn": msn, "type": number, "to_uid": to}})
        .to_string()
}

fn to_chat(uid: u64) -> String {
    json!({"type": "to_chat", "data": {"id": uid}}).to_string()
}

async fn seed_history(rig: &Rig, token: &str, with: Value, page: u64) -> Answer {
    let body = json!({"accept_id": with, "page": page, "limit": 10}).to_string();
    let client = rig.client().with("token", token);
    client
        .post("/crmeb/gzh/crmebchat/chatMessageList", &body)
        .await
}

fn list(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200);
    let json = answer.json();
    json["data"]["list"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| panic!("no list: {json}"))
}

const ODD: &str = " 引号 \" 反斜杠 \\ 换行\n <b>&nbsp;</b> 😀\u{200B} [em-smile] ";

// ---- talk ---------------------------------------------------------------------

#[tokio::test]
async fn two_seed_pages_hear_each_other_byte_for_byte_and_not_themselves() {
    let rig = rig().await;
    let mut one = seed(&rig, 42).await;
    let mut other = seed(&rig, 9).await;
    one.say(&seed_chat(42, 9, "text", ODD)).await;
    let heard = other.wait_for(|it| it["type"] == "chat").await;
    let data = &heard["data"];
    assert_eq!(data["msn"], ODD);
    assert_eq!(
        (&data["uid"], &data["to_uid"]),
        (&json!(42), &json!(9)),
        "numbers"
    );
    assert_eq!(
        (&data["type"], &data["msn_type"]),
        (&json!("text"), &json!(1))
    );
    assert_eq!(data["position"], "left");
    assert_eq!(
        (&data["uname"], &data["uavatar"]),
        (&json!("用户42"), &json!("/u42.png"))
    );
    assert!(data["id"].is_u64() && data["add_time"].as_i64() > Some(1_700_000_000));
    assert!(of(&settled(&mut one).await, "chat").is_empty(), "no echo");

    let url = "https://x.example/p.png";
    for (kind, number) in [("img", json!(3)), ("video", Value::Null)] {
        other.say(&seed_chat(9, 42, kind, url)).await;
        let data = one.wait_for(|it| it["type"] == "chat").await["data"].take();
        assert_eq!((&data["type"], &data["url"]), (&json!(kind), &json!(url)));
        assert_eq!((&data["msn"], &data["msn_type"]), (&json!(""), &number));
    }
}

#[tokio::test]
async fn a_stock_page_is_echoed_and_told_how_much_waits_until_it_looks() {
    let rig = rig().await;
    let mut agent = stock(&rig, "kefu_login", "1").await;
    let mut customer = stock(&rig, "login", "7").await;
    customer.say(&to_chat(1)).await;
    let zero = json!({"type": "mssage_num", "data": {"uid": 1, "num": 0, "recored": {}}});
    assert_eq!(customer.json().await, zero);
    customer.say(&stock_chat(1, 1, ODD)).await;
    let echo = customer.json().await;
    assert_eq!(echo["type"], "chat");
    assert_eq!(echo["data"]["msn"], ODD);
    assert_eq!(echo["data"]["type"], 0, "not read");
    assert!(echo["data"]["id"].is_string(), "as stock does live");

    // It never said where it looks: it gets both.
    let unread = agent.wait_for(|it| it["type"] == "mssage_num").await;
    assert_eq!(unread["data"]["uid"], 7);
    assert_eq!(unread["data"]["num"], 1);
    assert_eq!(unread["data"]["recored"]["message"], ODD);
    assert_eq!(
        agent.wait_for(|it| it["type"] == "reply").await["data"]["msn"],
        ODD
    );
    // It looks elsewhere: only the number.
    agent.say(&to_chat(8)).await;
    customer.say(&stock_chat(1, 2, "[em-smile]")).await;
    let unread = agent
        .wait_for(|it| it["type"] == "mssage_num" && it["data"]["num"] != 0)
        .await;
    assert_eq!(unread["data"]["num"], 2);
    let seen = settled(&mut agent).await;
    assert!(of(&seen, "reply").is_empty(), "{seen:?}");
    // It looks here: the words, and they are read.
    agent.say(&to_chat(7)).await;
    settled(&mut agent).await;
    settled(&mut customer).await;
    customer.say(&stock_chat(1, 3, "http://x/p.png")).await;
    let reply = agent.wait_for(|it| it["type"] == "reply").await;
    assert_eq!(reply["data"]["msn_type"], 3);
    assert_eq!(
        reply["data"]["msn"], "http://x/p.png",
        "as stock pages read it"
    );
    assert_eq!(reply["data"]["recored"]["to_uid"], 7);
    let echo = customer.wait_for(|it| it["type"] == "chat").await;
    assert_eq!(echo["data"]["type"], 1, "read");
    agent.say(&stock_chat(7, 1, "好的")).await;
    assert_eq!(
        agent.wait_for(|it| it["type"] == "chat").await["data"]["uid"],
        1
    );
    assert_eq!(
        customer.wait_for(|it| it["type"] == "reply").await["data"]["msn"],
        "好的"
    );
}

#[tokio::test]
async fn an_agent_hears_a_seed_page_in_its_own_words_and_is_heard_there() {
    let rig = rig().await;
    let mut customer = seed(&rig, 42).await;
    let mut agent = stock(&rig, "kefu_login", "9").await;
    let url = "https://x.example/p.png";
    customer.say(&seed_chat(42, 9, "text", "你好")).await;
    customer.say(&seed_chat(42, 9, "img", url)).await;
    let data = agent.wait_for(|it| it["type"] == "reply").await["data"].take();
    for (field, value) in [
        ("msn", json!("你好")),
        ("msn_type", json!(1)),
        ("type", json!("text")),
        ("position", json!("left")),
        ("uname", json!("用户42")),
        ("nickname", json!("用户42")),
        ("uid", json!(42)),
        ("to_uid", json!(9)),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    let data = agent.wait_for(|it| it["type"] == "reply").await["data"].take();
    assert_eq!((&data["type"], &data["url"]), (&json!("img"), &json!(url)));
    assert_eq!(data["msn"], "");
    // An agent's page may be of either form too.
    agent.say(&seed_chat(9, 42, "text", "一")).await;
    agent.say(&stock_chat(42, 1, "二")).await;
    for words in ["一", "二"] {
        let heard = customer.wait_for(|it| it["type"] == "chat").await;
        assert_eq!(heard["data"]["msn"], words);
        let echo = agent.wait_for(|it| it["type"] == "chat").await;
        assert_eq!(echo["data"]["msn"], words);
    }
}

#[tokio::test]
async fn a_native_person_and_a_page_read_each_other() {
    let rig = rig().await;
    let mut native = rig.person_in("9", PAIR).await;
    let mut page = seed(&rig, 42).await;
    let mut agent = stock(&rig, "kefu_login", "42").await;
    page.say(&seed_chat(42, 9, "text", ODD)).await;
    let pushed = native.wait_for("push", |it| it["conv"] == PAIR).await;
    assert_eq!(pushed["msg"]["body"], json!({"kind": "text", "text": ODD}));
    assert_eq!(pushed["msg"]["from"]["name"], "用户42");
    native.talk(PAIR, "from the other side").await;
    let heard = page.wait_for(|it| it["type"] == "chat").await;
    assert_eq!(heard["data"]["msn"], "from the other side");
    let heard = agent.wait_for(|it| it["type"] == "reply").await;
    assert_eq!(heard["data"]["msn"], "from the other side");
    for (body, kind, url) in [
        (
            json!({"kind": "image", "url": "/uploads/a.png"}),
            "img",
            "/uploads/a.png",
        ),
        (
            json!({"kind": "video", "url": "/uploads/v.mp4"}),
            "video",
            "/uploads/v.mp4",
        ),
    ] {
        native.send(PAIR, &new_cid(), body).await;
        let data = page.wait_for(|it| it["type"] == "chat").await["data"].take();
        assert_eq!((&data["type"], &data["url"]), (&json!(kind), &json!(url)));
    }
    // What a row has no kind for is said in words.
    native.send(PAIR, &new_cid(), json!({"kind": "like"})).await;
    let heard = page.wait_for(|it| it["type"] == "chat").await;
    assert_eq!(heard["data"]["msn"], "[赞]");
}

#[tokio::test]
async fn people_with_names_for_numbers_are_called_by_them() {
    let rig = rig().await;
    let mut bob = stock(&rig, "login", "bob").await;
    let mut alice = rig.visitor(MSG).await;
    let login = json!({"type": "login", "data": {"uid": "alice", "openid": ""}});
    alice.say(&login.to_string()).await;
    let chat = json!({"type": "chat", "data": {"content": "hi", "to_uid": "bob", "type": "text"}});
    alice.say(&chat.to_string()).await;
    let reply = bob.wait_for(|it| it["type"] == "reply").await;
    assert_eq!(reply["data"]["uid"], "alice");
    assert_eq!(reply["data"]["to_uid"], "bob");
}

// ---- history ------------------------------------------------------------------

#[tokio::test]
async fn a_seed_pages_history_has_pages_of_ten_from_the_newest() {
    let rig = rig().await;
    let mut customer = seed(&rig, 42).await;
    let mut agent = stock(&rig, "kefu_login", "9").await;
    for number in 0..12 {
        customer
            .say(&seed_chat(42, 9, "text", &format!("c{number}")))
            .await;
        agent.wait_for(|it| it["type"] == "reply").await;
        agent.say(&stock_chat(42, 1, &format!("a{number}"))).await;
        customer.wait_for(|it| it["type"] == "chat").await;
    }
    let mut all = Vec::new();
    for page in 1..=4 {
        let rows = list(&seed_history(&rig, "42", json!(9), page).await);
        assert_eq!(
            rows.len(),
            [10, 10, 4, 0][usize::try_from(page - 1).unwrap()]
        );
        all.splice(0..0, rows);
    }
    let expected: Vec<String> = (0..12)
        .flat_map(|number| [format!("c{number}"), format!("a{number}")])
        .collect();
    let words: Vec<&str> = all.iter().map(|row| row["msn"].as_str().unwrap()).collect();
    assert_eq!(words, expected);
    let (mine, theirs) = (&all[0], &all[1]);
    assert_eq!(
        (&mine["position"], &mine["to_name"]),
        (&json!("right"), &json!("用户42"))
    );
    assert_eq!(mine["to_avatar"], "/u42.png");
    assert_eq!(
        (&theirs["position"], &theirs["uid"]),
        (&json!("left"), &json!(9))
    );
    // Odd pages harm nobody.
    for (with, page) in [(json!(9), u64::MAX), (json!("9"), 0), (json!(77), 1)] {
        let answer = seed_history(&rig, "42", with, page).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn stock_pages_ask_for_what_is_before_a_row() {
    let rig = rig().await;
    let mut customer = stock(&rig, "login", "7").await;
    for number in 0..5 {
        customer.say(&stock_chat(1, 1, &format!("m{number}"))).await;
        customer.wait_for(|it| it["type"] == "chat").await;
    }
    let bearing = |token: &str| {
        rig.client()
            .with("authori-zation", &format!("Bearer {token}"))
    };
    let record = "/crmeb/api/v2/user/service/record?limit=3&toUid=1";
    let json = bearing("7").get(&format!("{record}&uidTo=0")).await.json();
    assert_eq!(
        (&json["status"], &json["data"]["uid"]),
        (&json!(200), &json!(1))
    );
    let rows = json["data"]["serviceList"].as_array().unwrap().clone();
    let words = |rows: &[Value]| -> Vec<String> {
        let word = |row: &Value| row["msn"].as_str().unwrap().to_owned();
        rows.iter().map(word).collect()
    };
    assert_eq!(words(&rows), ["m2", "m3", "m4"]);
    assert!(rows[0]["id"].is_u64(), "a number in history");
    assert!(rows[0]["productInfo"].is_null());
    let older = format!("{record}&uidTo={}", rows[0]["id"]);
    let json = bearing("7").get(&older).await.json();
    let rows = json["data"]["serviceList"].as_array().unwrap().clone();
    assert_eq!(words(&rows), ["m0", "m1"]);
    // Who names no agent gets the last one.
    let last = "/crmeb/api/v2/user/service/record?limit=1&uidTo=0&toUid=0";
    assert_eq!(bearing("7").get(last).await.json()["data"]["uid"], 1);

    let customers = "/crmeb/kefuapi/user/record";
    let json = bearing("1").get(customers).await.json();
    let customer = &json["data"][0];
    assert_eq!(
        (&customer["to_uid"], &customer["user_id"]),
        (&json!(7), &json!(1))
    );
    assert_eq!(
        (&customer["online"], &customer["mssage_num"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(customer["message"], "m4");
    let list = "/crmeb/kefuapi/service/list?limit=2&uid=7&upperId=0&is_tourist=0";
    let json = bearing("1").get(list).await.json();
    assert_eq!(words(json["data"].as_array().unwrap()), ["m3", "m4"]);
}

// ---- presence -----------------------------------------------------------------

#[tokio::test]
async fn who_wrote_or_asked_for_the_history_hears_who_comes_and_goes() {
    let rig = Rig::with_gateways_and(&["crmeb"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut wrote = stock(&rig, "kefu_login", "9").await;
    let mut asked = seed(&rig, 8).await;
    let mut neither = seed(&rig, 77).await;
    wrote.say(&stock_chat(42, 1, "在吗")).await;
    list(&seed_history(&rig, "8", json!(42), 1).await);
    wrote.wait_for(|it| it["type"] == "chat").await;

    let mut customer = seed(&rig, 42).await;
    let came = json!({"type": "online", "data": {"online": 1, "uid": 42}});
    let went = json!({"type": "online", "data": {"online": 0, "uid": 42}});
    for watcher in [&mut wrote, &mut asked] {
        watcher.wait_for(|it| *it == came).await;
    }
    customer.say(&online(0)).await;
    for watcher in [&mut wrote, &mut asked] {
        watcher.wait_for(|it| *it == went).await;
    }
    customer.say(&online(1)).await;
    for watcher in [&mut wrote, &mut asked] {
        watcher.wait_for(|it| *it == came).await;
    }
    // A page that says nothing before it goes.
    customer.leave().await;
    for watcher in [&mut wrote, &mut asked] {
        watcher.wait_for(|it| *it == went).await;
    }
    wrote
        .wait_for(|it| it["type"] == "user_online" && it["data"]["online"] == 0)
        .await;
    assert!(settled(&mut neither).await.is_empty());
}

// ---- refusals -----------------------------------------------------------------

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_the_backends_words() {
    let rig = rig().await;
    let mut page = stock(&rig, "login", "7").await;
    let refused = |words: &str| json!({"type": "err_tip", "data": {"msg": words}});
    for (frame, words) in [
        (stock_chat(1, 9, "x"), "格式错误"),
        (seed_chat(7, 1, "text", "seed style"), "格式错误"),
        (stock_chat(1, 1, ""), "格式错误"),
        (stock_chat(7, 1, "x"), "不能和自己聊天"),
        (
            r#"{"type":"chat","data":{"msn":"x","type":1}}"#.to_owned(),
            "用户不存在",
        ),
        (r#"{"type":"chat","data":[]}"#.to_owned(), "用户不存在"),
        (r#"{"type":"chat"}"#.to_owned(), "用户不存在"),
    ] {
        page.say(&frame).await;
        assert_eq!(page.json().await, refused(words), "{frame}");
    }
    page.say(&stock_chat(1, 1, &"x".repeat(33 * 1024))).await;
    assert_eq!(page.json().await["data"]["msg"], "消息过长，未发送");
    for junk in [
        "garbage",
        "",
        "[]",
        "7",
        "{}",
        r#"{"type":""}"#,
        r#"{"type":7}"#,
    ] {
        page.say(junk).await;
        assert_eq!(page.json().await["type"], "ping", "{junk}");
    }
    for unknown in [
        r#"{"type":"unknown_type","data":{}}"#,
        r#"{"type":"to_chat"}"#,
    ] {
        page.say(unknown).await;
    }
    assert_eq!(of(&settled(&mut page).await, "mssage_num").len(), 1);
    let mut nobody = rig.visitor(MSG).await;
    nobody.say(&stock_chat(1, 1, "x")).await;
    assert_eq!(nobody.json().await, refused("请先登录"));
}

#[tokio::test]
async fn only_signed_tokens_of_the_same_person_get_in_where_there_are_no_guests() {
    let rig = Rig::with_gateways_and(&["crmeb"], |config| config.guests = false).await;
    let token = rig.token("42", false, Duration::from_secs(60));
    let seed = |uid: u64, openid: &str| {
        json!({"type": "login", "data": {"uid": uid, "openid": openid}}).to_string()
    };
    let stock = |kind: &str, token: &str| json!({"type": kind, "data": token}).to_string();
    for frame in [
        seed(42, ""),
        seed(43, &token),
        seed(42, "a.b.c"),
        stock("login", "42"),
        stock("login", "bad.token.here"),
        stock("login", ""),
        stock("kefu_login", &token[..token.len() - 2]),
        r#"{"type":"login"}"#.to_owned(),
        r#"{"type":"to_chat","data":{"id":1,"tourist_uid":99001}}"#.to_owned(),
    ] {
        let mut page = rig.visitor(MSG).await;
        page.say(&frame).await;
        let refusal = page.json().await;
        assert_eq!(refusal["type"], "error", "{frame}");
        assert_eq!(refusal["close"], true, "{frame}");
        assert!(refusal["data"]["msg"].is_string(), "{frame}");
        assert_eq!(page.closed().await, 1008, "{frame}");
    }
    let mut page = rig.visitor(MSG).await;
    page.say(&seed(42, &token)).await;
    assert!(settled(&mut page).await.is_empty());
    page.say(&stock("login", &token)).await;
    assert_eq!(page.json().await, json!({"type": "success"}));
    for bad in ["42", "", "a.b.c"] {
        let answer = seed_history(&rig, bad, json!(9), 1).await.json();
        assert_eq!(answer["status"], 410_000, "{bad}");
    }
    assert!(list(&seed_history(&rig, &token, json!(9), 1).await).is_empty());
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_for_each_message() {
    let rig = Rig::with_gateways_and(&["crmeb"], |config| {
        config.rate = 5;
        config.burst = 20;
    })
    .await;
    let mut page = stock(&rig, "login", "7").await;
    for number in 0..40 {
        page.say(&stock_chat(1, 1, &format!("m{number}"))).await;
    }
    let answers = settled(&mut page).await;
    let (echoes, tips) = (of(&answers, "chat"), of(&answers, "err_tip"));
    assert_eq!(echoes.len() + tips.len(), 40, "each is answered");
    assert!((10..=20).contains(&tips.len()), "{}", tips.len());
    assert!(tips.iter().all(|tip| tip["data"]["retry_ms"].is_u64()));
    // In order, and none that was refused.
    let number = |echo: &&Value| -> u32 {
        let words = echo["data"]["msn"].as_str().unwrap();
        words[1..].parse().unwrap()
    };
    let numbers: Vec<u32> = echoes.iter().map(number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test]
async fn it_is_not_there_unless_it_is_switched_on() {
    let rig = Rig::with_gateways(&["plain"]).await;
    assert_eq!(rig.client().visitor(MSG).await.err(), Some(404));
    assert_eq!(seed_history(&rig, "42", json!(9), 1).await.status, 404);
    for path in [
        "/crmeb/api/v2/user/service/record",
        "/crmeb/kefuapi/service/list",
        "/crmeb/kefuapi/user/record",
    ] {
        assert_eq!(rig.client().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_tourist_comes_in_with_their_first_frame() {
    let rig = rig().await;
    let mut agent = stock(&rig, "kefu_login", "1").await;
    agent.say(&to_chat(99001)).await;
    let mut tourist = rig.visitor(MSG).await;
    let look = r#"{"type": "to_chat", "data": {"id": 1, "tourist_uid": 99001}}"#;
    tourist.say(look).await;
    tourist.wait_for(|it| it["type"] == "mssage_num").await;
    let chat = json!({"type": "chat", "data": {"msn": "游客来了", "type": 1, "to_uid": 1,
        "is_tourist": 1, "tourist_uid": 99001, "tourist_avatar": "/t.png"}});
    tourist.say(&chat.to_string()).await;
    let echo = tourist.wait_for(|it| it["type"] == "chat").await;
    assert_eq!(echo["data"]["is_tourist"], 1);
    assert_eq!(echo["data"]["nickname"], "游客99001");
    assert_eq!(echo["data"]["avatar"], "/t.png");
    let reply = agent.wait_for(|it| it["type"] == "reply").await;
    assert_eq!(reply["data"]["uid"], 99001);
}

#[tokio::test]
async fn a_picture_is_uploaded_as_stock_pages_do_it() {
    let rig = rig().await;
    let client = with_form(&rig.client().with("authori-zation", "Bearer 7"));
    let path = "/crmeb/api/upload/image";
    let body = form("file", "猫.png", "image/png", &png(4, 3));
    let json = client.ask_bytes("POST", path, &body).await.json();
    assert_eq!(json["status"], 200, "{json}");
    assert_eq!(json["data"]["name"], "猫.png");
    let url = json["data"]["url"].as_str().unwrap();
    let at = url.find("/uploads/").unwrap();
    assert_eq!(rig.client().get(&url[at..]).await.status, 200, "{url}");
    let body = form("file", "x.html", "text/html", b"<b>");
    let json = client.ask_bytes("POST", path, &body).await.json();
    assert_eq!(
        (&json["status"], json["data"].is_null()),
        (&json!(400), true)
    );
    let nobody = with_form(&rig.client());
    let json = nobody.ask_bytes("POST", path, &body).await.json();
    assert_eq!(json["status"], 410_000);
}
