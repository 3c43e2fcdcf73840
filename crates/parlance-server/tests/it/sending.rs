//! A message's way: acknowledged once it is kept, pushed to everybody, kept
//! once however often it is sent.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Rig, new_cid, texts, words};

const LOBBY: &str = "room:lobby";

#[tokio::test]
async fn two_people_talk() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    let cid = new_cid();
    let ack = alice
        .send(LOBBY, &cid, words("hello <b>bob</b>\n\u{1F600}"))
        .await;
    assert_eq!(ack["t"], "ack");
    assert_eq!(ack["conv"], LOBBY);
    assert_eq!(ack["seq"], 1);
    assert!(ack.get("dup").is_none());
    let pushed = bob.wait("push").await;
    assert_eq!(pushed["conv"], LOBBY);
    let message = &pushed["msg"];
    assert_eq!(message["seq"], 1);
    assert_eq!(message["id"], ack["id"]);
    assert_eq!(message["ts"], ack["ts"]);
    assert_eq!(message["from"], json!({"uid": "alice", "name": "alice"}));
    assert_eq!(message["body"], words("hello <b>bob</b>\n\u{1F600}"));
    assert!(message.get("cid").is_none(), "the cid is the sender's");
    let own = alice.wait("push").await;
    assert_eq!(own["msg"]["cid"], cid, "the sender's own link has it");
    assert_eq!(own["msg"]["seq"], 1);
}

#[tokio::test]
async fn the_same_message_again_is_acknowledged_and_not_kept_twice() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let cid = new_cid();
    let first = alice.send(LOBBY, &cid, words("once")).await;
    alice.talk(LOBBY, "between").await;
    let second = alice.send(LOBBY, &cid, words("once")).await;
    assert_eq!(second["dup"], true);
    for field in ["seq", "id", "ts", "conv", "cid"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    let mut later = rig.person_in("alice", LOBBY).await;
    let third = later.send(LOBBY, &cid, words("once")).await;
    assert_eq!(third["dup"], true, "on another link too");
    let page = alice.fill(json!({"conv": LOBBY})).await;
    assert_eq!(texts(&page), ["once", "between"]);
}

#[tokio::test]
async fn the_same_fields_in_another_order_are_the_same_message() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let frame = |body: &str| {
        Message::text(format!(
            r#"{{"t":"send","cid":"ordered","conv":"{LOBBY}","body":{body}}}"#
        ))
    };
    alice
        .raw(frame(r#"{"kind":"text","text":"a","x":[1.5,2]}"#))
        .await;
    assert_eq!(alice.answer_to("ordered").await["t"], "ack");
    alice
        .raw(frame(r#"{"x":[1.5,2],"text":"a","kind":"text"}"#))
        .await;
    assert_eq!(alice.answer_to("ordered").await["dup"], true);
}

#[tokio::test]
async fn a_cid_used_for_other_words_or_elsewhere_is_refused() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    alice.open("room:other").await;
    let cid = new_cid();
    alice.send(LOBBY, &cid, words("one")).await;
    for (conv, text) in [(LOBBY, "two"), ("room:other", "one")] {
        let nack = alice.send(conv, &cid, words(text)).await;
        assert_eq!(nack["t"], "nack", "{nack}");
        assert_eq!(nack["code"], "cid_reuse");
        assert!(nack.get("retry_ms").is_none(), "it is for good");
    }
    let mut bob = rig.person_in("bob", LOBBY).await;
    let ack = bob.send(LOBBY, &cid, words("mine")).await;
    assert_eq!(ack["seq"], 2, "another's cid is another: {ack}");
}

#[tokio::test]
async fn many_senders_get_one_order_without_holes() {
    let rig = Rig::start().await;
    let mut reader = rig.person_in("reader", LOBBY).await;
    let mut senders = Vec::new();
    for sender in 0..4 {
        let mut peer = rig.person_in(&format!("sender{sender}"), LOBBY).await;
        senders.push(tokio::spawn(async move {
            for number in 0..50 {
                peer.post(LOBBY, &new_cid(), words(&format!("{sender}:{number}")))
                    .await;
            }
            peer
        }));
    }
    let mut last_of = [-1_i64; 4];
    for seq in 1..=200 {
        let pushed = reader.wait("push").await;
        assert_eq!(pushed["msg"]["seq"], seq);
        let text = pushed["msg"]["body"]["text"].as_str().unwrap();
        let (sender, number) = text.split_once(':').unwrap();
        let (sender, number): (usize, i64) = (sender.parse().unwrap(), number.parse().unwrap());
        assert_eq!(number, last_of[sender] + 1, "each sender's own order");
        last_of[sender] = number;
    }
    for sender in senders {
        sender.await.unwrap();
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_said_are_refused_for_good() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut deep = json!("x");
    for _ in 0..70 {
        deep = json!([deep]);
    }
    for (body, code) in [
        (json!("text"), "bad_body"),
        (json!([]), "bad_body"),
        (json!(null), "bad_body"),
        (json!({}), "bad_body"),
        (json!({"text": "a"}), "bad_body"),
        (json!({"kind": 5, "text": "a"}), "bad_body"),
        (json!({"kind": "", "text": "a"}), "bad_body"),
        (json!({"kind": "text"}), "bad_body"),
        (json!({"kind": "text", "text": 5}), "bad_body"),
        (
            json!({"kind": "notice", "text": "I am the system"}),
            "bad_body",
        ),
        (json!({"kind": "new", "deep": deep}), "bad_body"),
        (words(&"x".repeat(32 * 1024 + 1)), "too_large"),
        (words(&"\u{1F600}".repeat(8 * 1024 + 1)), "too_large"),
    ] {
        let said = body.to_string();
        let nack = alice.send(LOBBY, &new_cid(), body).await;
        assert_eq!(nack["code"], code, "{}", &said[..said.len().min(60)]);
        assert!(nack.get("retry_ms").is_none());
    }
    assert_eq!(alice.talk(LOBBY, &"x".repeat(32 * 1024)).await, 1);
}

#[tokio::test]
async fn a_kind_that_nobody_here_knows_is_kept_whole() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let body = json!({"kind": "poll", "options": ["a", {"b": [1, -2, 0.5, null, true]}],
        "fallback": "a poll", "\u{0}odd": "\u{0}\u{202E}\"\\"});
    alice.send(LOBBY, &new_cid(), body.clone()).await;
    assert_eq!(alice.wait("push").await["msg"]["body"], body);
    let page = alice.fill(json!({"conv": LOBBY})).await;
    assert_eq!(page["msgs"][0]["body"], body);
}
