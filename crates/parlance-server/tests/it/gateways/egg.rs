//! The egg gateway, spoken to as the old pages speak.

use std::time::Duration;

use serde_json::{Value, json};

use super::door::{PING, PONG};
use crate::rig::{Answer, Client, Rig, Visitor, new_cid};
use crate::upload::{form, png, with_form};

mod transcript;

const SAY: &str = "/egg/api/chat/socket/sendmessage";
const MISSED: &str = "/egg/api/chat/chatGetmessageOffLine";

/// Somebody's page, past its welcome.
async fn page(rig: &Rig, token: &str) -> Visitor {
    let mut page = rig.visitor(&format!("/egg/ws?token={token}")).await;
    let welcome = page.json().await;
    assert_eq!(welcome["type"], "system", "always first");
    assert!(welcome["data"].is_string() && welcome["timestamp"].is_i64());
    page
}

fn as_page(rig: &Rig, token: &str) -> Client {
    let client = rig.client().from("").with("token", token);
    client.with("content-type", "application/json")
}

async fn post(rig: &Rig, token: &str, path: &str, body: &Value) -> Answer {
    as_page(rig, token).post(path, &body.to_string()).await
}

async fn say_to(rig: &Rig, token: &str, to: impl Into<Value>, text: &str) -> Answer {
    let body = json!({"sendto_id": to.into(), "chatType": "single", "type": "text", "data": text});
    post(rig, token, SAY, &body).await
}

async fn say_in(rig: &Rig, token: &str, room: impl Into<Value>, text: &str) -> Answer {
    let body = json!({"sendto_id": room.into(), "chatType": "group", "type": "text", "data": text});
    post(rig, token, SAY, &body).await
}

fn stored(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let body = answer.json();
    assert_eq!(body["msg"], "ok");
    body["data"].clone()
}

fn refused(answer: &Answer, status: u16) -> String {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["msg"]),
        (status, &json!("fail")),
        "{body}"
    );
    body["data"].as_str().unwrap().to_owned()
}

async fn heard(page: &mut Visitor) -> Value {
    let frame = page.json().await;
    assert_eq!(frame["type"], "singleChat", "{frame}");
    assert!(frame["timestamp"].is_i64());
    frame["data"].clone()
}

/// What is on its way to a page, up to now.
async fn so_far(page: &mut Visitor) -> Vec<Value> {
    let texts = page.until(PING, PONG).await;
    let frames = texts.iter().map(|text| serde_json::from_str(text).unwrap());
    let frames = frames.filter(|frame: &Value| frame["type"] == "singleChat");
    frames.map(|frame| frame["data"]["data"].clone()).collect()
}

async fn fetch(rig: &Rig, token: &str) {
    let answer = post(rig, token, MISSED, &json!({})).await;
    assert_eq!(answer.json(), json!({"msg": "ok", "data": "ok"}));
}

#[tokio::test]
async fn two_talk_and_nobody_hears_themselves() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut six = page(&rig, "6").await;
    let mut ten = page(&rig, "10").await;
    let odd = " 引号 \" 反斜杠 \\ 换行\n <b>&nbsp;</b> 😀\u{200B} {\"data\":1} ";
    let answer = stored(&say_to(&rig, "6", 10, odd).await);
    let got = heard(&mut ten).await;
    assert_eq!(got["data"], odd, "byte for byte");
    for (name, value) in [
        ("from_id", json!(6)),
        ("to_id", json!(10)),
        ("chatType", json!("single")),
        ("type", json!("text")),
        ("options", json!({})),
        ("isremove", json!(0)),
    ] {
        assert_eq!(got[name], value, "{name}");
        assert_eq!(answer[name], value, "{name}");
    }
    assert_eq!(got["id"], answer["id"]);
    assert_eq!(got["create_time"], answer["create_time"]);
    assert!(got["create_time"].as_i64().unwrap() > 1_700_000_000_000);
    stored(&say_to(&rig, "10", 6, "收到").await);
    assert_eq!(heard(&mut six).await["data"], "收到");
    for page in [&mut six, &mut ten] {
        assert!(so_far(page).await.is_empty());
    }
}

#[tokio::test]
async fn a_page_and_a_native_link_read_each_other() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut bob = rig.person_in("bob", "room:lobby").await;
    // In a room: who says something there is in it.
    let answer = stored(&say_in(&rig, "alice", "lobby", "hello").await);
    let pushed = bob.wait("push").await;
    assert_eq!(
        pushed["msg"]["body"],
        json!({"kind": "text", "text": "hello"})
    );
    assert_eq!(pushed["msg"]["from"]["uid"], "alice");
    assert_eq!(pushed["msg"]["id"], answer["id"]);
    bob.talk("room:lobby", "from the other side").await;
    let got = heard(&mut alice).await;
    assert_eq!(
        (&got["data"], &got["chatType"]),
        (&json!("from the other side"), &json!("group"))
    );
    assert_eq!(
        (&got["to_id"], &got["to_name"]),
        (&json!("lobby"), &json!("lobby"))
    );
    assert_eq!(got["from_name"], "bob");
    assert_eq!(got["sendUUid"], "bob");
    // And as a pair, though neither has a number for a name.
    bob.talk("pair:alice:bob", "psst").await;
    let got = heard(&mut alice).await;
    let number = got["from_id"].as_u64().unwrap();
    assert!(number > 9_000_000_000_000_000);
    stored(&say_to(&rig, "alice", number, "by number").await);
    stored(&say_to(&rig, "alice", "bob", "by name").await);
    for text in ["by number", "by name"] {
        let pushed = bob
            .wait_for("push", |it| {
                it["conv"] == "pair:alice:bob" && it["msg"]["from"]["uid"] == "alice"
            })
            .await;
        assert_eq!(pushed["msg"]["body"]["text"], text);
    }
}

#[tokio::test]
async fn who_asks_for_a_group_is_in_it_and_hears_what_is_said_from_then_on() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut bob = rig.person_in("bob", "room:33").await;
    bob.talk("room:33", "before").await;
    let mut six = page(&rig, "6").await;
    let group = stored(&as_page(&rig, "6").get("/egg/api/chat/groupinfo/33").await);
    assert_eq!((&group["id"], &group["name"]), (&json!(33), &json!("33")));
    assert_eq!(group["group_users"].as_array().unwrap().len(), 2);
    bob.talk("room:33", "after").await;
    assert_eq!(heard(&mut six).await["data"], "after");
    fetch(&rig, "6").await;
    assert!(
        so_far(&mut six).await.is_empty(),
        "there is no history here"
    );
    // Nor for somebody whose page was not there when they came in.
    stored(&as_page(&rig, "7").get("/egg/api/chat/groupinfo/33").await);
    bob.talk("room:33", "for seven").await;
    let mut seven = page(&rig, "7").await;
    fetch(&rig, "7").await;
    assert_eq!(so_far(&mut seven).await, ["for seven"]);
    let refusal = as_page(&rig, "6").get("/egg/api/chat/groupinfo/%00").await;
    refused(&refusal, 400);
}

#[tokio::test]
async fn what_was_missed_waits_is_handed_out_once_and_survives_a_restart() {
    let rig = Rig::with_gateways(&["egg"]).await;
    // Nobody has ever seen 10.
    for text in ["one", "two"] {
        stored(&say_to(&rig, "6", 10, text).await);
    }
    let mut ten = page(&rig, "10").await;
    assert!(
        so_far(&mut ten).await.is_empty(),
        "not before it is asked for"
    );
    fetch(&rig, "10").await;
    for text in ["one", "two"] {
        assert_eq!(heard(&mut ten).await["data"], text);
    }
    fetch(&rig, "10").await;
    assert!(so_far(&mut ten).await.is_empty(), "once");
    ten.leave().await;
    stored(&say_to(&rig, "6", 10, "three").await);
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |config| config.gateways.0 = vec!["egg"]).await;
    let mut ten = page(&rig, "10").await;
    stored(&say_to(&rig, "6", 10, "live").await);
    assert_eq!(heard(&mut ten).await["data"], "live");
    fetch(&rig, "10").await;
    assert_eq!(heard(&mut ten).await["data"], "three");
    assert!(so_far(&mut ten).await.is_empty());
    ten.leave().await;
    // One's own words are not missed.
    let mut six = page(&rig, "6").await;
    fetch(&rig, "6").await;
    assert!(so_far(&mut six).await.is_empty());
}

#[tokio::test]
async fn a_fetch_that_overtakes_its_socket_is_not_lost() {
    let rig = Rig::with_gateways(&["egg"]).await;
    stored(&say_to(&rig, "6", 10, "one").await);
    fetch(&rig, "10").await;
    let mut ten = page(&rig, "10").await;
    assert_eq!(heard(&mut ten).await["data"], "one");
}

#[tokio::test]
async fn what_went_into_a_dead_socket_is_handed_out_again_and_what_was_answered_is_not() {
    let rig = Rig::with_gateways_and(&["egg"], |config| {
        config.ping_every = Duration::from_millis(200);
    })
    .await;
    let is_ping = |frame: &Value| frame["type"] == "ping";
    let mut ten = page(&rig, "10").await;
    stored(&say_to(&rig, "6", 10, "answered").await);
    assert_eq!(
        ten.wait_for(|it| it["type"] == "singleChat").await["data"]["data"],
        "answered"
    );
    // A ping that came after it, and its answer.
    ten.kept.clear();
    ten.wait_for(is_ping).await;
    ten.say(PONG).await;
    assert!(so_far(&mut ten).await.is_empty());
    stored(&say_to(&rig, "6", 10, "into the dark").await);
    ten.wait_for(|it| it["type"] == "singleChat").await;
    // The path dies without a word.
    drop(ten);
    let mut ten = page(&rig, "10").await;
    fetch(&rig, "10").await;
    let again = ten.wait_for(|it| it["type"] == "singleChat").await;
    assert_eq!(again["data"]["data"], "into the dark");
    assert!(so_far(&mut ten).await.is_empty());
}

#[tokio::test]
async fn refusals_are_said_in_the_old_servers_words() {
    let rig = Rig::with_gateways_and(&["egg"], |config| {
        config.guests = false;
        config.read_only = vec!["news".to_owned()];
    })
    .await;
    let token = rig.token("6", false, Duration::from_secs(60));
    for (path, words) in [
        ("/egg/ws", "缺少 token 参数"),
        ("/egg/ws?token=", "缺少 token 参数"),
        ("/egg/ws?token=6", "Token 不合法"),
        ("/egg/ws?token=a.b.c", "Token 不合法"),
    ] {
        let mut visitor = rig.visitor(path).await;
        let frame = visitor.json().await;
        assert_eq!(
            frame,
            json!({"msg": "fail", "data": words}),
            "no type in it"
        );
        assert_eq!(visitor.closed().await, 1008);
    }
    let no = "Token 令牌不合法！";
    assert_eq!(refused(&say_to(&rig, "6", 10, "x").await, 400), no);
    assert_eq!(refused(&post(&rig, "", MISSED, &json!({})).await, 400), no);
    assert_eq!(
        refused(&say_to(&rig, "6", 10, "").await, 400),
        no,
        "before all else"
    );
    let login = json!({"username": "my06", "password": "123456"});
    let login = post(&rig, "", "/egg/api/loginChat", &login).await;
    assert_eq!(refused(&login, 400), "用户名或密码错误");

    assert_eq!(
        stored(&say_to(&rig, &token, 10, "good").await)["from_id"],
        6
    );
    assert_eq!(
        refused(&say_to(&rig, &token, 10, "").await, 422),
        "消息内容 is required"
    );
    assert_eq!(
        refused(&say_to(&rig, &token, 0, "x").await, 422),
        "接收人/群的id值 is required"
    );
    let odd = json!({"sendto_id": 10, "chatType": "crowd", "type": "text", "data": "x"});
    assert_eq!(
        refused(&post(&rig, &token, SAY, &odd).await, 422),
        "接收类型 is required"
    );
    assert_eq!(
        refused(&say_to(&rig, &token, 6, "x").await, 400),
        "不能给自己发消息"
    );
    assert_eq!(
        refused(&say_in(&rig, &token, "news", "x").await, 400),
        "这里只有主持人可以发言"
    );
    let long = "x".repeat(40_000);
    assert_eq!(
        refused(&say_to(&rig, &token, 10, &long).await, 400),
        "消息过长，未发送"
    );
    let notice =
        json!({"sendto_id": 10, "chatType": "single", "type": "systemNotice", "data": "x"});
    refused(&post(&rig, &token, SAY, &notice).await, 400);
    for path in ["/egg/api/chat/elsewhere", "/egg/", "/egg/api"] {
        let answer = post(&rig, &token, path, &json!({})).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_for_each_message() {
    let rig = Rig::with_gateways_and(&["egg"], |config| {
        config.rate = 1;
        config.burst = 20;
    })
    .await;
    let mut ten = page(&rig, "10").await;
    let mut kept = Vec::new();
    let mut too_fast = 0;
    for number in 0..40 {
        let text = format!("m{number}");
        let answer = say_to(&rig, "6", 10, &text).await;
        if answer.status == 200 {
            kept.push(Value::from(text));
        } else {
            assert_eq!(refused(&answer, 400), "发送太快，请稍后再试");
            too_fast += 1;
        }
    }
    assert!(
        too_fast >= 1 && kept.len() >= 20,
        "{too_fast} {}",
        kept.len()
    );
    assert_eq!(so_far(&mut ten).await, kept);
}

#[tokio::test]
async fn whoever_is_known_is_a_friend_and_whom_one_talks_with_is_on_the_list() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let friend = async |id: &str| {
        let path = format!("/egg/api/chat/ismygoodfriend/{id}");
        post(&rig, "6", &path, &json!({})).await
    };
    assert_eq!(refused(&friend("10").await, 400), "对方不是您的好友");
    let mut bob = rig.person("bob").await;
    let row = stored(&friend("bob").await);
    assert_eq!(
        (&row["user_id"], &row["nickname"]),
        (&json!(6), &json!("bob"))
    );
    // Written to before they ever came, they are on the list.
    stored(&say_to(&rig, "6", 10, "hello").await);
    stored(&friend("10").await);
    bob.talk("pair:6:bob", "hi").await;
    let six = as_page(&rig, "6");
    let list = six.get("/egg/api/chat/goodfriendlist/1?limit=500").await;
    let list = stored(&list);
    assert_eq!(list["count"], 2);
    let groups = list["rows"]["newList"].as_array().unwrap();
    let names: Vec<_> = groups
        .iter()
        .map(|group| (group["title"].clone(), group["list"][0]["username"].clone()))
        .collect();
    assert_eq!(
        names,
        [(json!("#"), json!("10")), (json!("B"), json!("bob"))]
    );
    assert_eq!(groups[1]["list"][0]["friend_id"], row["friend_id"]);
    let second = six.get("/egg/api/chat/goodfriendlist/2?limit=1").await;
    let second = stored(&second);
    assert_eq!(second["rows"]["newList"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn guests_log_in_by_name_and_the_name_is_the_token() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let login = json!({"username": "my06", "password": "123456"});
    for path in ["/egg/api/loginChat", "/egg/api/regChat"] {
        let user = stored(&post(&rig, "", path, &login).await);
        assert_eq!(
            (&user["username"], &user["token"]),
            (&json!("my06"), &json!("my06"))
        );
        assert!(user["id"].is_u64());
    }
    // A form says the same.
    let client = rig.client().from("");
    let client = client.with("content-type", "application/x-www-form-urlencoded");
    let user = client.post("/egg/api/loginChat", "username=6&password=123456");
    assert_eq!(stored(&user.await)["id"], 6);
    page(&rig, "my06").await;
}

#[tokio::test]
async fn pictures_and_kinds_that_nobody_else_knows_come_through() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut ten = page(&rig, "10").await;
    let mut bob = rig.person_in("10", "pair:10:6").await;
    let client = with_form(&rig.client().from("").with("token", "6"));
    let picture = form("file", "a.png", "image/png", &png(30, 40));
    let path = "/egg/api/chat/uploadStreamSingleToServerDiy/image";
    let answer = client.ask_bytes("POST", path, &picture).await;
    let url = stored(&answer)["url"].clone();
    let shown = rig.client().get(url.as_str().unwrap()).await;
    assert_eq!(shown.header("content-type"), Some("image/png"));
    let other = json!({"type": "image", "typedata": {"path": url}});
    let data = json!({"data": url, "dataType": "image", "otherData": other});
    let body = json!({"sendto_id": 10, "chatType": "single", "type": "image", "data": data});
    let answer = stored(&post(&rig, "6", SAY, &body).await);
    assert!(answer["data"].is_string(), "an object comes back as a text");
    let got = heard(&mut ten).await;
    assert_eq!(got["type"], "image");
    let inner: Value = serde_json::from_str(got["data"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&inner["data"], &inner["dataType"]),
        (&url, &json!("image"))
    );
    let pushed = bob.wait("push").await;
    assert_eq!(pushed["msg"]["body"], json!({"kind": "image", "url": url}));

    let place = json!({"data": "[位置]", "dataType": "location", "otherData": {"lat": 1.5}});
    let body = json!({"sendto_id": 10, "chatType": "single", "type": "like", "data": place});
    stored(&post(&rig, "6", SAY, &body).await);
    let got = heard(&mut ten).await;
    assert_eq!(got["type"], "like");
    let inner: Value = serde_json::from_str(got["data"].as_str().unwrap()).unwrap();
    assert_eq!(inner, place, "as it was said");
    let pushed = bob.wait("push").await;
    assert_eq!(
        pushed["msg"]["body"]["kind"], "egg-like",
        "and nobody's like"
    );
    assert_eq!(pushed["msg"]["body"]["fallback"], "[位置]");
    // What this dialect has no words for is said in words.
    bob.send("pair:10:6", &new_cid(), json!({"kind": "flower"}))
        .await;
    let mut six = page(&rig, "6").await;
    fetch(&rig, "6").await;
    assert_eq!(heard(&mut six).await["data"], "[送花]");
    let answer = client.ask_bytes("POST", path, b"nothing").await;
    refused(&answer, 400);
}

#[tokio::test]
async fn a_message_is_taken_back_for_those_who_are_here_and_those_who_come() {
    let rig = Rig::with_gateways_and(&["egg"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut native = rig.person_in("10", "pair:10:6").await;
    let mut ten = page(&rig, "10").await;
    let mut six = page(&rig, "6").await;
    let revoke = async |who: &str, id: &Value, at: i64| {
        let body = json!({"to_id": 10, "to_name": "x", "to_avatar": "/x.png", "id": id,
            "chatType": "single", "create_time": at});
        post(&rig, who, "/egg/api/chat/revokeMessage", &body).await
    };
    let oops = stored(&say_to(&rig, "6", 10, "oops").await);
    let at = oops["create_time"].as_i64().unwrap();
    assert_eq!(heard(&mut ten).await["data"], "oops");
    assert_eq!(
        refused(&revoke("7", &oops["id"], at).await, 400),
        "消息不存在"
    );
    let late = refused(&revoke("6", &oops["id"], at - 301_000).await, 400);
    assert_eq!(late, "消息超过5分钟，不能撤回");
    let answer = stored(&revoke("6", &oops["id"], at).await);
    let got = heard(&mut ten).await;
    for value in [&answer, &got] {
        assert_eq!(
            (&value["id"], &value["actionType"]),
            (&oops["id"], &json!("revoke"))
        );
        assert_eq!(
            (&value["type"], &value["group"]),
            (&json!("systemNotice"), &Value::Null)
        );
        assert_eq!(value["data"]["data"], "6撤回了一条消息");
    }
    assert_eq!(native.wait("recalled").await["id"], oops["id"]);
    assert!(
        so_far(&mut six).await.is_empty(),
        "the author has the answer"
    );
    // While the other is away.
    let more = stored(&say_to(&rig, "6", 10, "more").await);
    assert_eq!(heard(&mut ten).await["data"], "more");
    ten.leave().await;
    stored(&revoke("6", &more["id"], at).await);
    let unheard = stored(&say_to(&rig, "6", 10, "unheard").await);
    stored(&revoke("6", &unheard["id"], at).await);
    let mut ten = page(&rig, "10").await;
    fetch(&rig, "10").await;
    // What they have is taken back: in the last minutes, again; and what they
    // never had comes as what is left of it.
    for (id, action) in [
        (&oops["id"], json!("revoke")),
        (&more["id"], json!("revoke")),
        (&unheard["id"], Value::Null),
    ] {
        let got = heard(&mut ten).await;
        assert_eq!((&got["id"], &got["actionType"]), (id, &action));
        assert_eq!(got["data"]["data"], "6撤回了一条消息", "no words of it");
    }
    assert!(so_far(&mut ten).await.is_empty());
}

#[tokio::test]
async fn presence_is_told_to_those_who_can_see_it() {
    let rig = Rig::with_gateways_and(&["egg"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut bob = rig.person_in("bob", "room:lobby").await;
    stored(&say_in(&rig, "alice", "lobby", "hi").await);
    let alice = page(&rig, "alice").await;
    bob.wait_for("came", |it| it["who"]["uid"] == "alice").await;
    alice.leave().await;
    bob.wait_for("went", |it| it["uid"] == "alice").await;
}

#[tokio::test]
async fn junk_on_the_socket_is_ignored_and_harms_nobody() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut six = page(&rig, "6").await;
    for junk in [
        "",
        "null",
        "[]",
        "{",
        r#"{"type":7}"#,
        r#"{"type":"singleChat","data":{}}"#,
    ] {
        six.say(junk).await;
    }
    assert!(six.until(PING, PONG).await.is_empty());
    six.say("ping").await;
    assert_eq!(six.next().await, PONG, "the bare word too");
}

#[tokio::test]
async fn it_is_not_there_when_it_is_off() {
    let rig = Rig::with_gateways(&["plain"]).await;
    for path in ["/egg/ws?token=6", SAY, MISSED, "/egg/"] {
        assert_eq!(rig.client().get(path).await.status, 404, "{path}");
    }
    let dial = rig.client().visitor("/egg/ws?token=6").await;
    assert_eq!(dial.err(), Some(404));
}
