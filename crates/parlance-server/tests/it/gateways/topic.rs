//! The topic gateway, spoken to as the old page speaks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Answer, Client, Peer, Rig, Visitor, new_cid, soon, transcript, words};

mod replayed;

const ROOM: &str = "room:R-8";
/// What cannot be read is answered at once: a way to see what came before.
const JUNK: &str = "junk";
const NOT_READ: &str = r#"{"code":400,"data":"消息无法识别"}"#;

fn join(token: &str, topic: &str) -> String {
    let load = json!({"topic": topic}).to_string();
    json!({"token": token, "type": 3, "payLoad": load}).to_string()
}

fn heartbeat(token: &str) -> String {
    json!({"token": token, "type": 1, "payLoad": ""}).to_string()
}

fn info(user: impl Into<Value>, text: &str) -> Value {
    let user: Value = user.into();
    let name = format!("n{}", user.to_string().trim_matches('"'));
    json!({"user": user, "displayName": name, "avatarurl": "https://img.example/a.png",
        "stream": "R-8", "content": text, "type": "message", "createdat": "2018-10-8 14:30"})
}

/// A type 2 frame.
fn talk(token: &str, info: &Value) -> String {
    let load = json!({"topic": "R-8", "chatInfo": info.to_string()}).to_string();
    json!({"token": token, "type": 2, "payLoad": load}).to_string()
}

/// A message of a frame: a text that holds an object.
fn data(text: &str) -> Value {
    let frame: Value = serde_json::from_str(text).unwrap();
    assert_eq!(frame["code"], 200, "{text}");
    serde_json::from_str(frame["data"].as_str().unwrap()).unwrap()
}

fn trouble(text: &str) -> (i64, String) {
    let frame: Value = serde_json::from_str(text).unwrap();
    let words = frame["data"].as_str().unwrap().to_owned();
    (frame["code"].as_i64().unwrap(), words)
}

impl Visitor {
    /// Everything that came until now.
    async fn so_far(&mut self) -> Vec<String> {
        self.until(JUNK, NOT_READ).await
    }
}

/// A page in a topic, heard by everybody.
async fn page_in(rig: &Rig, token: &str, topic: &str) -> Visitor {
    let mut page = rig.visitor("/topic/ws").await;
    page.say(&join(token, topic)).await;
    page.say(&heartbeat(token)).await;
    assert!(page.so_far().await.is_empty(), "nothing is answered");
    page
}

async fn history(client: &Client, stream: &str, more: &str) -> Answer {
    let path = format!(
        "/topic/api/message/chatmsg?page=1&type=&resultsPerPage=1000&stream={stream}{more}"
    );
    client.get(&path).await
}

/// A client with the token as the old page shows it: bare.
fn bearing(rig: &Rig, token: &str) -> Client {
    rig.client().with("authorization", token)
}

async fn add(client: &Client, stream: &str, question: &str) -> Answer {
    let body = json!({"content": question, "streamId": stream}).to_string();
    let client = client.with("content-type", "application/json");
    client.post("/topic/api/question/add", &body).await
}

fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["code"], 200);
    body["data"]["items"].as_array().unwrap().clone()
}

async fn talks(peer: &mut Peer, text: &str) {
    peer.send(ROOM, &new_cid(), words(text)).await;
}

#[tokio::test]
async fn two_pages_and_a_native_link_hear_each_other_byte_for_byte() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut alice = page_in(&rig, "alice", "R-8").await;
    let mut bob = page_in(&rig, "7", "R-8").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    let odd = " 引号 \" 反斜杠 \\ 换行\n <b>&nbsp;</b> 😀\u{200B} ";
    alice.say(&talk("alice", &info("alice", odd))).await;
    // It comes back as it was said.
    assert_eq!(data(&alice.next().await), info("alice", odd));
    let heard = data(&bob.next().await);
    assert_eq!(
        (&heard["content"], &heard["type"]),
        (&json!(odd), &json!("message"))
    );
    assert_eq!(heard["user"], "alice");
    assert_eq!(heard["displayName"], "nalice");
    assert_eq!(heard["avatarurl"], "https://img.example/a.png");
    assert_eq!(heard["stream"], "R-8");
    let pushed = carol.wait("push").await;
    assert_eq!(pushed["msg"]["body"], words(odd));
    let from = &pushed["msg"]["from"];
    assert_eq!(
        (&from["uid"], &from["name"]),
        (&json!("alice"), &json!("nalice"))
    );
    talks(&mut carol, "from the other side").await;
    for page in [&mut alice, &mut bob] {
        let heard = data(&page.next().await);
        assert_eq!(
            (&heard["user"], &heard["content"]),
            (&json!("carol"), &json!("from the other side"))
        );
    }
    // Digits are that number.
    bob.say(&talk("7", &info(7, "x"))).await;
    assert_eq!(data(&alice.next().await)["user"], 7);
}

#[tokio::test]
async fn what_is_said_on_another_socket_of_mine_comes_too_and_names_me_as_i_do() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut one = page_in(&rig, "tok", "R-8").await;
    let mut other = page_in(&rig, "tok", "R-8").await;
    one.say(&talk("tok", &info(7, "first"))).await;
    assert_eq!(data(&one.next().await), info(7, "first"));
    assert_eq!(data(&other.next().await)["user"], "tok");
    // A question has no id in it: the page is known by what it said last.
    add(&bearing(&rig, "tok"), "R-8", "why?").await;
    assert_eq!(data(&one.next().await)["user"], 7);
    assert_eq!(data(&other.next().await)["user"], "tok");
    let page = history(&bearing(&rig, "tok"), "R-8", "").await;
    assert_eq!(
        page.json()["data"]["me"],
        "tok",
        "for a page that does not know"
    );
}

#[tokio::test]
async fn a_question_reaches_everybody_and_only_a_host_answers_it() {
    let rig = Rig::with_gateways_and(&["topic"], |config| config.guests = false).await;
    let token = |uid: &str, host| rig.token(uid, host, Duration::from_secs(60));
    let (asker, host) = (token("asker", false), token("office", true));
    let mut page = page_in(&rig, &asker, "R-8").await;
    let client = bearing(&rig, &asker);
    let answer = add(&client, "R-8", "能回放吗?").await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"code": 200, "data": null}))
    );
    let heard = data(&page.next().await);
    assert_eq!(
        (&heard["type"], &heard["user"]),
        (&json!("question"), &json!("asker"))
    );
    let inside: Value = serde_json::from_str(heard["content"].as_str().unwrap()).unwrap();
    assert_eq!(inside, json!({"content": "能回放吗?"}));

    let body = json!({"streamId": "R-8", "question": "能回放吗?", "answer": "可以"}).to_string();
    let path = "/topic/api/question/answer";
    let refused = client.post(path, &body).await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_i64()),
        (403, Some(403))
    );
    let answer = bearing(&rig, &host).post(path, &body).await;
    assert_eq!(answer.status, 200);
    let heard = data(&page.next().await);
    assert_eq!(heard["type"], "answer");
    // The one who had asked stands where others say who talks.
    assert_eq!(
        (&heard["user"], &heard["displayName"]),
        (&json!("asker"), &json!("ASKER"))
    );
    let inside: Value = serde_json::from_str(heard["content"].as_str().unwrap()).unwrap();
    assert_eq!(inside["orgName"], "OFFICE");
    assert_eq!(
        (&inside["question"], &inside["answer"]),
        (&json!("能回放吗?"), &json!("可以"))
    );
    // A native page is told whom it answers too.
    let mut native = rig.client().bearing(&asker).online().await;
    let opened = native.open(ROOM).await;
    let body = &opened["head"]["last"]["body"];
    assert_eq!(
        (&body["to"], &body["to_uid"]),
        (&json!("ASKER"), &json!("asker"))
    );
    let page = history(&client, "R-8", "").await;
    assert_eq!(items(&page).len(), 2);
}

#[tokio::test]
async fn what_a_topic_has_no_words_for_is_said_in_plain_ones() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    for body in [
        json!({"kind": "image", "url": "https://x/a.png"}),
        json!({"kind": "like"}),
        json!({"kind": "question", "text": "why?"}),
        json!({"kind": "answer", "question": "why?", "answer": "so"}),
    ] {
        carol.send(ROOM, &new_cid(), body).await;
    }
    for (kind, content) in [
        ("message", "[图片] https://x/a.png"),
        ("message", "[赞]"),
        ("question", r#"{"content":"why?"}"#),
        (
            "answer",
            r#"{"answer":"so","orgName":"carol","question":"why?"}"#,
        ),
    ] {
        let heard = data(&page.next().await);
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let said = heard["content"].as_str().unwrap();
        assert_eq!((&heard["type"], read(said)), (&json!(kind), read(content)));
    }
}

#[tokio::test]
async fn history_is_paged_from_the_newest_and_read_oldest_first() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut carol = rig.person_in("carol", ROOM).await;
    for number in 0..450 {
        talks(&mut carol, &format!("m{number}")).await;
    }
    let client = bearing(&rig, "alice");
    add(&client, "R-8", "why?").await;
    let page = |page: u32, rows: u32, kind: &'static str| {
        let path = format!(
            "/topic/api/message/chatmsg?page={page}&type={kind}&resultsPerPage={rows}&stream=R-8"
        );
        let client = client.clone();
        async move { items(&client.get(&path).await) }
    };
    let texts = |items: &[Value]| -> Vec<String> {
        let text = |item: &Value| item["content"].as_str().unwrap().to_owned();
        items.iter().map(text).collect()
    };
    let numbers =
        |range: std::ops::Range<u32>| range.map(|it| format!("m{it}")).collect::<Vec<_>>();
    let all = page(1, 1_000, "").await;
    assert_eq!(texts(&all)[..450], numbers(0..450));
    assert_eq!(all[450]["type"], "question");
    assert_eq!(texts(&page(1, 301, "").await)[..300], numbers(150..450));
    assert_eq!(texts(&page(2, 301, "").await), numbers(0..150));
    assert!(page(3, 301, "").await.is_empty());
    assert_eq!(texts(&page(2, 50, "message").await), numbers(350..400));
    assert_eq!(page(1, 1_000, "question").await.len(), 1);
    assert!(page(1, 1_000, "answer").await.is_empty());
    assert!(page(u32::MAX, u32::MAX, "").await.is_empty());
    let empty = history(&client, "elsewhere", "").await;
    assert!(items(&empty).is_empty());
}

#[tokio::test]
async fn times_are_local_and_unpadded() {
    let rig = Rig::with_gateways_and(&["topic"], |config| config.utc_offset = 480).await;
    let mut carol = rig.person_in("carol", ROOM).await;
    talks(&mut carol, "now").await;
    let at = carol.wait("push").await["msg"]["ts"].as_i64().unwrap();
    let page = history(&bearing(&rig, "alice"), "R-8", "").await;
    let minutes = (at / 60_000 + 480) % (24 * 60);
    let created = items(&page)[0]["createdat"].as_str().unwrap().to_owned();
    let (date, time) = created.split_once(' ').unwrap();
    assert_eq!(time, format!("{:02}:{:02}", minutes / 60, minutes % 60));
    assert!(date.split('-').all(|part| !part.starts_with('0')), "{date}");
}

#[tokio::test]
async fn nobody_gets_in_with_a_token_that_is_none() {
    let rig = Rig::with_gateways_and(&["topic"], |config| config.guests = false).await;
    let token = rig.token("alice", false, Duration::from_secs(60));
    assert_eq!(history(&bearing(&rig, &token), "R-8", "").await.status, 200);
    for bad in ["", "alice", "a.b.c"] {
        let mut page = rig.visitor("/topic/ws").await;
        page.say(&join(bad, "R-8")).await;
        assert_eq!(trouble(&page.next().await).0, 401, "{bad}");
        assert_eq!(page.closed().await, 1008);
        let client = bearing(&rig, bad);
        for answer in [
            history(&client, "R-8", "").await,
            add(&client, "R-8", "why?").await,
        ] {
            assert_eq!(
                (answer.status, answer.json()["code"].as_i64()),
                (401, Some(401))
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_runs_out_is_said_before_the_end() {
    let rig = Rig::with_gateways_and(&["topic"], |config| config.guests = false).await;
    let token = rig.token("alice", false, Duration::from_secs(60));
    let mut page = page_in(&rig, &token, "R-8").await;
    let client = rig.client().bearing(&token);
    assert_eq!(client.post("/api/signout", "").await.status, 204);
    assert_eq!(trouble(&page.next().await).0, 401);
    assert_eq!(page.closed().await, 1008);
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_for_each_message() {
    let rig = Rig::with_gateways_and(&["topic"], |config| {
        config.rate = 5;
        config.burst = 20;
    })
    .await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    for number in 0..30 {
        page.say(&talk("alice", &info("alice", &format!("m{number}"))))
            .await;
    }
    let mut all = Vec::new();
    for _ in 0..30 {
        all.push(page.next().await);
    }
    let (refused, kept): (Vec<_>, Vec<_>) =
        all.iter().partition(|text| text.contains("\"code\":429"));
    assert_eq!(refused.len() + kept.len(), 30);
    assert!((20..=25).contains(&kept.len()), "{}", kept.len());
    let client = bearing(&rig, "alice");
    let answer = add(&client, "R-8", "why?").await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_i64()),
        (429, Some(429))
    );
    assert_eq!(items(&history(&client, "R-8", "").await).len(), kept.len());
}

#[tokio::test]
async fn junk_is_answered_and_harms_nobody() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    let answer = json!({"question": "why?", "answer": "so"}).to_string();
    let mut forged = info("alice", &answer);
    forged["type"] = json!("answer");
    for junk in [
        "",
        "null",
        "{}",
        r#"{"token":"alice","type":9,"payLoad":"{\"topic\":\"R-8\"}"}"#,
        r#"{"token":"alice","type":2,"payLoad":"{\"topic\":\"R-8\"}"}"#,
        r#"{"token":"alice","type":2,"payLoad":"{\"topic\":\"R-8\",\"chatInfo\":\"{\"}"}"#,
        r#"{"token":7,"type":3,"payLoad":""}"#,
        &talk("alice", &forged),
    ] {
        page.say(junk).await;
        assert_eq!(trouble(&page.next().await).0, 400, "{junk}");
    }
    page.say(&talk("alice", &info("alice", " \n"))).await;
    assert!(page.so_far().await.is_empty(), "nothing empty is said");
    page.say(&talk("alice", &info("alice", &"x".repeat(33 * 1024))))
        .await;
    assert_eq!(trouble(&page.next().await).0, 413);
    page.say(&join("alice", "\u{0}")).await;
    assert_eq!(trouble(&page.next().await).0, 404);
    let client = bearing(&rig, "alice").with("content-type", "application/json");
    for body in [
        "",
        "[]",
        "{}",
        r#"{"content":"x"}"#,
        r#"{"content":" ","streamId":"R-8"}"#,
    ] {
        let answer = client.post("/topic/api/question/add", body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(
        client.get("/topic/api/message/chatmsg?page=1").await.status,
        400
    );
    assert!(items(&history(&client, "R-8", "").await).is_empty());
}

#[tokio::test]
async fn only_hosts_talk_in_a_read_only_room_and_nobody_is_sent_away_for_it() {
    let rig = Rig::with_gateways_and(&["topic"], |config| {
        config.read_only = vec!["R-8".to_owned()];
    })
    .await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    page.say(&talk("alice", &info("alice", "me too"))).await;
    assert_eq!(trouble(&page.next().await).0, 423);
    assert!(page.so_far().await.is_empty(), "still here");
    assert_eq!(
        add(&bearing(&rig, "alice"), "R-8", "why?").await.status,
        423
    );
}

#[tokio::test]
async fn another_token_is_another_person_and_another_topic_another_room() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    page.say(&join("bob", "R-9")).await;
    page.so_far().await;
    talks(&mut carol, "for alice").await;
    assert!(page.so_far().await.is_empty(), "bob has not joined it");
    page.say(&talk("bob", &info("bob", "hello"))).await;
    assert_eq!(data(&page.next().await)["content"], "hello");
    let pushed = carol
        .wait_for("push", |it| it["msg"]["from"]["uid"] == "bob")
        .await;
    assert_eq!(pushed["conv"], ROOM);
}

#[tokio::test]
async fn a_page_hears_the_topic_that_it_joined_and_no_other_of_its_person() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let _elsewhere = rig.person_in("alice", "room:other").await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    carol.open("room:other").await;
    for conv in ["room:other", ROOM] {
        let (cid, body) = (new_cid(), words(conv));
        carol.send(conv, &cid, body).await;
        carol.wait_for("push", |it| it["conv"] == conv).await;
    }
    assert_eq!(data(&page.next().await)["content"], ROOM);
}

#[tokio::test]
async fn people_come_and_go_with_their_page() {
    let rig = Rig::with_gateways_and(&["topic"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut carol = rig.person_in("carol", ROOM).await;
    let page = page_in(&rig, "alice", "R-8").await;
    carol
        .wait_for("came", |it| it["who"]["uid"] == "alice")
        .await;
    page.leave().await;
    carol.wait_for("went", |it| it["uid"] == "alice").await;
}

#[tokio::test]
async fn a_gateway_that_is_off_answers_404() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let client = bearing(&rig, "alice");
    assert_eq!(client.visitor("/topic/ws").await.err(), Some(404));
    assert_eq!(history(&client, "R-8", "").await.status, 404);
    assert_eq!(add(&client, "R-8", "why?").await.status, 404);
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_server_came_back() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut page = page_in(&rig, "alice", "R-8").await;
    page.say(&talk("alice", &info("alice", "kept"))).await;
    page.next().await;
    add(&bearing(&rig, "alice"), "R-8", "kept too").await;
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |config| config.gateways.0 = vec!["topic"]).await;
    let rows = items(&history(&bearing(&rig, "alice"), "R-8", "").await);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["content"], "kept");
    assert!(rows[0]["id"] != rows[1]["id"] && !rows[0]["id"].is_null());
}
