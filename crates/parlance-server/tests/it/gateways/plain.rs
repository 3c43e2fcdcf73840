//! The plain gateway, spoken to as the old page speaks.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::door::{PING, PONG};
use crate::resilience::DeadBus;
use crate::rig::{Rig, new_cid, soon, transcript, words};

const ROOM: &str = "room:plain";

fn message(text: &str) -> String {
    // The old page's own order of fields.
    format!("{{\"type\":\"msg\",\"content\":{}}}", Value::from(text))
}

#[tokio::test]
async fn what_is_typed_is_heard_byte_for_byte_by_everybody_else() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    let mut phone = rig.visitor("/plain/?token=alice").await;
    let mut bob = rig.visitor("/plain?token=bob").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    for visitor in [&mut alice, &mut phone, &mut bob] {
        visitor.until(PING, PONG).await;
    }
    let odd = " 引号 \" 反斜杠 \\ 换行\n <b>&nbsp;</b> 😀\u{200B} ";
    alice.say(&message(odd)).await;
    assert_eq!(bob.next().await, message(odd));
    let pushed = carol.wait("push").await;
    assert_eq!(pushed["msg"]["body"], json!({"kind": "text", "text": odd}));
    assert_eq!(pushed["msg"]["from"]["uid"], "alice");
    carol.talk(ROOM, "from the other side").await;
    for visitor in [&mut bob, &mut alice, &mut phone] {
        assert_eq!(visitor.next().await, message("from the other side"));
    }
    // Nothing came back to whoever said it, on none of their sockets.
    assert!(alice.until(PING, PONG).await.is_empty());
    assert!(phone.until(PING, PONG).await.is_empty());
}

#[tokio::test]
async fn what_a_text_cannot_show_is_said_in_words() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    alice.until(PING, PONG).await;
    let mut carol = rig.person_in("carol", ROOM).await;
    let bodies = [
        json!({"kind": "image", "url": "https://x/a.png"}),
        json!({"kind": "like"}),
        json!({"kind": "later", "fallback": "something new"}),
    ];
    for body in bodies {
        carol.send(ROOM, &new_cid(), body).await;
    }
    for text in ["[图片] https://x/a.png", "[赞]", "something new"] {
        assert_eq!(alice.next().await, message(text));
    }
}

#[tokio::test]
async fn history_has_both_sides_oldest_first() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    let mut bob = rig.visitor("/plain/?token=bob").await;
    bob.until(PING, PONG).await;
    for number in 0..5 {
        alice.say(&message(&format!("a{number}"))).await;
        assert_eq!(bob.next().await, message(&format!("a{number}")));
    }
    let history = |name: &str, more: &str| {
        let client = rig.client().bearing(name);
        let path = format!("/plain/api/historyMessages{more}");
        async move { client.get(&path).await.json() }
    };
    let page = history("bob", "?limit=2").await;
    assert_eq!(page["code"], 0);
    let rows = page["lists"].as_array().unwrap();
    let of = |field: &str| {
        rows.iter()
            .map(|row| row[field].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("content"), ["a3", "a4"]);
    assert_eq!(of("from"), ["other", "other"]);
    assert!(of("time")[0].as_i64().unwrap() > 1_700_000_000_000);
    let own = history("alice", "").await;
    assert_eq!(own["lists"].as_array().unwrap().len(), 5);
    assert_eq!(own["lists"][0]["from"], "me");
    let elsewhere = history("alice", "?room=elsewhere&limit=abc").await;
    assert_eq!(elsewhere, json!({"code": 0, "lists": []}));
    let nobody = rig.client().get("/plain/api/historyMessages").await;
    assert_eq!(
        (nobody.status, nobody.json()["code"].as_i64()),
        (401, Some(401))
    );
    let posted = rig.client().bearing("bob");
    let posted = posted.post("/plain/api/historyMessages", r#"{"limit":1}"#);
    assert_eq!(posted.await.json()["lists"][0]["content"], "a4");
}

#[tokio::test]
async fn rooms_are_kept_apart_and_are_the_same_as_everywhere() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut lobby = rig.visitor("/plain/?token=alice&room=lobby").await;
    let mut plain = rig.visitor("/plain/?token=alice").await;
    lobby.until(PING, PONG).await;
    plain.until(PING, PONG).await;
    let mut bob = rig.person_in("bob", "room:lobby").await;
    bob.talk("room:lobby", "hello").await;
    assert_eq!(lobby.next().await, message("hello"));
    assert!(plain.until(PING, PONG).await.is_empty());
    let roster = bob.open("room:lobby").await;
    assert_eq!(roster["head"]["seq"], 1);
    let mut bad = rig.visitor("/plain/?token=alice&room=%00").await;
    assert_eq!(bad.json().await["code"], "no_conversation");
    assert_eq!(bad.closed().await, 1008);
}

#[tokio::test]
async fn junk_is_answered_and_harms_nobody() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    for junk in [
        "",
        "null",
        "[]",
        "12345",
        "{",
        r#"{"type":"msg","content":7}"#,
    ] {
        alice.say(junk).await;
        assert_eq!(alice.json().await["code"], "bad_frame", "{junk}");
    }
    let mut bob = rig.visitor("/plain/?token=bob").await;
    bob.until(PING, PONG).await;
    alice.say(&message("")).await;
    alice.say(&message("still here")).await;
    assert_eq!(bob.next().await, message("still here"), "and nothing empty");
    alice.say(&message(&"x".repeat(33 * 1024))).await;
    alice.wait_for(|frame| frame["code"] == "too_large").await;
}

#[tokio::test]
async fn who_is_too_fast_is_told_so_for_each_message() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.rate = 5;
        config.burst = 20;
    })
    .await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    let mut bob = rig.visitor("/plain/?token=bob").await;
    bob.until(PING, PONG).await;
    for number in 0..40 {
        alice.say(&message(&format!("m{number}"))).await;
    }
    let refused = alice.until(PING, PONG).await;
    assert!((10..=20).contains(&refused.len()), "{}", refused.len());
    for text in &refused {
        let frame: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&frame["type"], &frame["code"]),
            (&json!("error"), &json!("rate_limited"))
        );
    }
    // What was not refused was kept, and heard in order.
    let kept = 40 - refused.len();
    let mut last = None;
    for _ in 0..kept {
        let frame: Value = serde_json::from_str(&bob.next().await).unwrap();
        let number: u32 = frame["content"].as_str().unwrap()[1..].parse().unwrap();
        assert!(last < Some(number), "{last:?} {number}");
        last = Some(number);
    }
    assert!(bob.until(PING, PONG).await.is_empty());
}

#[tokio::test]
async fn only_hosts_talk_in_a_read_only_room() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.read_only = vec!["plain".to_owned()];
    })
    .await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    alice.say(&message("me too")).await;
    assert_eq!(alice.json().await["code"], "forbidden");
    let token = rig.token("editor", true, Duration::from_secs(60));
    let mut editor = rig.visitor(&format!("/plain/?token={token}")).await;
    editor.say(&message("extra")).await;
    assert_eq!(alice.next().await, message("extra"));
}

#[tokio::test]
async fn a_hint_that_is_lost_delays_and_loses_nothing() {
    let folder = Arc::new(tempfile::TempDir::new().unwrap());
    let rig = Rig::beside(
        folder,
        Arc::new(DeadBus),
        |store| store,
        |config| {
            config.gateways.0 = vec!["plain"];
            config.ping_every = Duration::from_secs(1);
        },
    )
    .await;
    let mut bob = rig.visitor("/plain/?token=bob").await;
    bob.until(PING, PONG).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    for number in 0..10 {
        alice.say(&message(&format!("m{number}"))).await;
    }
    for number in 0..10 {
        assert_eq!(bob.next().await, message(&format!("m{number}")));
    }
    assert!(bob.until(PING, PONG).await.is_empty(), "and none twice");
}

#[tokio::test]
async fn presence_is_one_persons_over_every_way_in() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut bob = rig.person_in("bob", ROOM).await;
    bob.open("room:other").await;
    // Alice is known in two rooms, and comes back into one of them alone.
    let mut alice = rig.person_in("alice", ROOM).await;
    alice.open("room:other").await;
    bob.wait_for("came", |it| it["conv"] == "room:other").await;
    let visit = rig.visitor("/plain/?token=alice").await;
    alice.leave().await;
    visit.leave().await;
    for conv in [ROOM, "room:other"] {
        bob.wait_for("went", |it| it["conv"] == conv && it["uid"] == "alice")
            .await;
    }
    let _visit = rig.visitor("/plain/?token=alice").await;
    for conv in [ROOM, "room:other"] {
        bob.wait_for("came", |it| {
            it["conv"] == conv && it["who"]["uid"] == "alice"
        })
        .await;
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_server_came_back() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut alice = rig.visitor("/plain/?token=alice").await;
    let mut bob = rig.visitor("/plain/?token=bob").await;
    bob.until(PING, PONG).await;
    alice.say(&message("kept")).await;
    assert_eq!(bob.next().await, message("kept"));
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |config| config.gateways.0 = vec!["plain"]).await;
    let bob = rig.client().bearing("bob");
    let page = bob.get("/plain/api/historyMessages").await.json();
    assert_eq!(page["lists"][0]["content"], "kept");
}

/// Every line of the transcript that is not the page's own affair.
#[tokio::test]
async fn the_transcript_holds_on_this_end() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut page = rig.visitor("/plain/?token=TOK").await;
    page.until(PING, PONG).await;
    let mut other = rig.person_in("other", ROOM).await;
    let (mut heard, mut said, mut rows) = (0, 0, 0);
    for line in transcript("plain") {
        match (line.dir.as_str(), line.n) {
            // Client lines are understood: each is kept as it was typed.
            ("c2s", _) if line.frame() != PING => {
                page.say(line.frame()).await;
                let typed: Value = serde_json::from_str(line.frame()).unwrap();
                let pushed = other.wait_for("push", |it| {
                    it["conv"] == ROOM && it["msg"]["from"]["uid"] == "TOK"
                });
                assert_eq!(pushed.await["msg"]["body"]["text"], typed["content"]);
                heard += 1;
            }
            ("c2s", _) => {
                assert!(page.until(line.frame(), PONG).await.is_empty());
                heard += 1;
            }
            // Server lines are what comes of the same event.
            ("s2c", 6) => {
                let due: Value = serde_json::from_str(line.frame()).unwrap();
                other.talk(ROOM, due["content"].as_str().unwrap()).await;
                assert_eq!(page.next().await, line.frame(), "byte for byte");
                said += 1;
            }
            ("s2c", 13) => {
                page.say(PING).await;
                assert_eq!(page.next().await, line.frame(), "byte for byte");
                said += 1;
            }
            // 7 to 11: what other servers may say, which this one never does.
            // A text that is no frame, or that looks like one, is a text.
            ("s2c", 7..=9) => {
                other.talk(ROOM, line.frame()).await;
                assert_eq!(page.next().await, message(line.frame()));
            }
            ("s2c", 10 | 11) => {}
            ("http", 3) => {
                let due = &line.all["res"]["body"];
                let room = "history";
                let mut me = rig.person_in("TOK", "room:history").await;
                let mut them = rig.person_in("other", "room:history").await;
                for row in due["lists"].as_array().unwrap() {
                    let who = if row["from"] == "me" {
                        &mut me
                    } else {
                        &mut them
                    };
                    let body = words(row["content"].as_str().unwrap());
                    who.send("room:history", &new_cid(), body).await;
                    rows += 1;
                }
                let path = format!("/plain/api/historyMessages?limit=100&room={room}");
                let mut given = rig.client().bearing("TOK").get(&path).await.json();
                for (given, due) in given["lists"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .zip(due["lists"].as_array().unwrap())
                {
                    // Ours are this server's, and milliseconds.
                    assert!(given["id"].is_u64() && given["time"].is_u64());
                    given["id"] = due["id"].clone();
                    given["time"] = due["time"].clone();
                }
                assert_eq!(given, *due);
            }
            ("ev", _) => {}
            (dir, n) => panic!("line {n} ({dir}) is held by nothing"),
        }
    }
    assert_eq!((heard, said, rows), (3, 2, 2));
    soon("the end", page.leave()).await;
}
