//! The J-IM gateway, spoken to as the course pages and stock clients speak.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Rig, Visitor, new_cid};

mod transcript;

const BEAT: &str = r#"{"cmd":13,"hbbyte":"-127"}"#;
const ANSWER: &str = r#"{"command":13,"data":{"hbbyte":-128}}"#;
const ROOM: &str = "room:lobby";

/// A course page: in the group that its address names.
async fn page(rig: &Rig, name: &str) -> Visitor {
    let path = format!("/jim/?username={name}&password=&courseId=lobby&nickName={name}&avatar=");
    let mut page = rig.visitor(&path).await;
    page.wait_for(|it| it["command"] == 6 && it["code"] == 10_007)
        .await;
    page.kept.clear();
    page
}

/// As the seed writes it.
fn said(name: &str, text: &str) -> Value {
    json!({"from": name, "createTime": 1_733_800_010_000_i64, "cmd": 11, "group_id": "lobby",
        "chatType": 1, "msgType": 0, "content": text, "nickName": name,
        "avatar": "", "type": 1})
}

fn private(to: &str, text: &str) -> Value {
    json!({"cmd": 11, "chatType": "2", "to": to, "msgType": 0, "content": text})
}

async fn say(page: &mut Visitor, frame: &Value) {
    page.say(&frame.to_string()).await;
}

/// The next message.
async fn chat(page: &mut Visitor) -> Value {
    let frame = page.wait_for(|it| it["command"] == 11).await;
    assert_eq!(frame.get("code"), None, "a message has no code");
    frame["data"].clone()
}

async fn answer(page: &mut Visitor, asked: Value, command: u64) -> Value {
    say(page, &asked).await;
    page.wait_for(|it| it["command"] == command).await
}

async fn history(page: &mut Visitor, name: &str, more: Value) -> Vec<String> {
    let mut asked = json!({"cmd": 19, "type": 1, "groupId": "lobby", "userId": name});
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    let log = answer(page, asked, 20).await;
    assert_eq!(log["code"], 10_018);
    let rows = log["data"]["groups"]["lobby"].as_array();
    let texts = rows.into_iter().flatten();
    texts
        .map(|row| row["content"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_said_comes_back_and_reaches_everybody_byte_for_byte() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut phone = page(&rig, "alice").await;
    let mut bob = page(&rig, "bob").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    let odd = " 引号\" 换行\n <i>标签</i> &nbsp; 😀\u{200B} ";
    say(&mut alice, &said("alice", odd)).await;
    // First the echo, then the answer.
    let echo = alice.wait_for(|it| it["command"] == 11 || it["command"] == 12);
    let echo = echo.await["data"].clone();
    assert_eq!(
        alice.wait_for(|it| it["command"] == 12).await["code"],
        10_000
    );
    for page in [&mut phone, &mut bob] {
        assert_eq!(chat(page).await, echo, "to all sockets alike");
    }
    assert_eq!(echo["content"], odd);
    for (name, due) in [("nickName", json!("alice")), ("type", json!(1))] {
        assert_eq!(echo[name], due, "{name}");
        assert_eq!(echo["extras"][name], due, "{name} in extras");
    }
    assert_eq!(
        (&echo["group_id"], &echo["groupId"]),
        (&json!("lobby"), &json!("lobby"))
    );
    assert!(echo["id"].as_str().is_some_and(|id| !id.is_empty()));
    let pushed = carol.wait("push").await;
    assert_eq!(pushed["msg"]["body"]["text"], odd);
    assert_eq!(pushed["msg"]["from"]["uid"], "alice");
    // And the other way round.
    carol.talk(ROOM, "from the other side").await;
    for page in [&mut alice, &mut phone, &mut bob] {
        let heard = chat(page).await;
        assert_eq!(
            (&heard["content"], &heard["from"]),
            (&json!("from the other side"), &json!("carol"))
        );
        assert_eq!((&heard["type"], &heard["chatType"]), (&json!(1), &json!(1)));
    }
    let left = alice.until(BEAT, ANSWER).await;
    let twice = left.iter().filter(|text| text.contains("\"command\":11"));
    assert_eq!(twice.count(), 0, "nothing twice");
}

#[tokio::test]
async fn every_kind_crosses_over() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut carol = rig.person_in("carol", ROOM).await;
    for (kind, content, native) in [
        (2, "https://x/p.png", "image"),
        (3, "", "like"),
        (4, "rose", "flower"),
        (9, "car", "jim"),
    ] {
        let mut frame = said("alice", content);
        frame["type"] = json!(kind);
        frame["extras"] = json!({"own": 7});
        say(&mut alice, &frame).await;
        let pushed = carol.wait("push").await;
        assert_eq!(pushed["msg"]["body"]["kind"], native);
        let echo = chat(&mut alice).await;
        assert_eq!(
            (&echo["type"], &echo["content"]),
            (&json!(kind), &json!(content))
        );
        assert_eq!(echo["extras"]["own"], 7, "what else was in extras survives");
    }
    for (body, kind, content) in [
        (
            json!({"kind": "image", "url": "https://x/a.png"}),
            2,
            "https://x/a.png",
        ),
        (json!({"kind": "flower"}), 4, ""),
        (
            json!({"kind": "video", "url": "https://x/a.mp4"}),
            1,
            "[视频] https://x/a.mp4",
        ),
        (
            json!({"kind": "later", "fallback": "something new"}),
            1,
            "something new",
        ),
    ] {
        carol.send(ROOM, &new_cid(), body).await;
        let heard = chat(&mut alice).await;
        assert_eq!(
            (&heard["type"], &heard["content"]),
            (&json!(kind), &json!(content))
        );
    }
}

#[tokio::test]
async fn whoever_speaks_is_who_the_link_belongs_to() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut bob = page(&rig, "bob").await;
    let mut forged = said("bob", "I owe alice 100");
    forged["nickName"] = json!("bob");
    say(&mut alice, &forged).await;
    let heard = chat(&mut bob).await;
    assert_eq!(
        (&heard["from"], &heard["nickName"]),
        (&json!("alice"), &json!("alice"))
    );
}

#[tokio::test]
async fn the_same_id_is_stored_once_and_told_again_to_whoever_asks() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut bob = page(&rig, "bob").await;
    let mut frame = said("alice", "once");
    frame["id"] = json!("7f450cf89d5d42839965b33529f95967");
    for _ in 0..2 {
        say(&mut alice, &frame).await;
        assert_eq!(
            chat(&mut alice).await["id"],
            frame["id"],
            "the client's own"
        );
        let taken = alice.wait_for(|it| it["command"] == 12).await;
        assert_eq!(
            (&taken["code"], &taken["id"]),
            (&json!(10_000), &frame["id"])
        );
    }
    assert_eq!(chat(&mut bob).await["id"], frame["id"]);
    assert!(bob.until(BEAT, ANSWER).await.is_empty());
    assert_eq!(history(&mut bob, "bob", json!({})).await, ["once"]);
    frame["content"] = json!("other words");
    say(&mut alice, &frame).await;
    let refused = alice.wait_for(|it| it["command"] == 12).await;
    assert_eq!(
        (&refused["code"], &refused["id"]),
        (&json!(10_002), &frame["id"])
    );
    // A weak id is the sender's affair: two people may both have a first.
    for (page, name) in [(&mut alice, "alice"), (&mut bob, "bob")] {
        let mut frame = said(name, name);
        frame["id"] = json!("1");
        say(page, &frame).await;
        let mine = page.wait_for(|it| it["data"]["from"] == name).await;
        assert_eq!(mine["data"]["id"], "1");
    }
    let theirs = alice.wait_for(|it| it["data"]["from"] == "bob").await;
    assert_ne!(theirs["data"]["id"], "1");
}

#[tokio::test]
async fn history_is_whole_oldest_first_and_by_number_from_the_oldest() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    assert!(history(&mut alice, "alice", json!({})).await.is_empty());
    let mut carol = rig.person_in("carol", ROOM).await;
    for number in 0..250 {
        carol.talk(ROOM, &format!("m{number}")).await;
    }
    let all = history(&mut alice, "alice", json!({})).await;
    let due: Vec<String> = (0..250).map(|number| format!("m{number}")).collect();
    assert_eq!(all, due);
    let part = json!({"offset": 2, "count": "3"});
    assert_eq!(history(&mut alice, "alice", part).await, due[2..5]);
    let none = json!({"endTime": 5});
    assert!(history(&mut alice, "alice", none).await.is_empty());
    let some = json!({"beginTime": 5, "offset": 248});
    assert_eq!(history(&mut alice, "alice", some).await, due[248..]);
    for asked in [
        json!({"cmd": 19, "type": 1, "groupId": "lobby"}),
        json!({"cmd": 19, "type": 1, "groupId": "lobby", "userId": "carol"}),
        json!({"cmd": 19, "type": 7, "groupId": "lobby", "userId": "alice"}),
        json!({"cmd": 19, "type": 1, "groupId": "\u{0}", "userId": "alice"}),
    ] {
        assert_eq!(answer(&mut alice, asked, 20).await["code"], 10_015);
    }
}

#[tokio::test]
async fn what_was_missed_is_told_once() {
    let rig = Rig::with_gateways(&["jim"]).await;
    page(&rig, "alice").await.leave().await;
    let mut bob = page(&rig, "bob").await;
    say(&mut bob, &said("bob", "while you were away")).await;
    say(&mut bob, &private("alice", "and for you alone")).await;
    bob.until(BEAT, ANSWER).await;
    let mut alice = page(&rig, "alice").await;
    let asked = || json!({"cmd": 19, "type": 0, "userId": "alice"});
    let missed = answer(&mut alice, asked(), 20).await;
    assert_eq!(missed["code"], 10_016);
    let data = &missed["data"];
    assert_eq!(data["groups"]["lobby"][0]["content"], "while you were away");
    assert_eq!(data["friends"]["bob"][0]["content"], "and for you alone");
    let again = answer(&mut alice, asked(), 20).await;
    assert_eq!(
        (&again["data"]["groups"], &again["data"]["friends"]),
        (&json!({}), &json!({}))
    );
}

#[tokio::test]
async fn a_private_message_is_for_one_person_and_not_echoed() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let mut bob = page(&rig, "bob").await;
    let mut carol = page(&rig, "carol").await;
    say(&mut alice, &private("bob", "psst")).await;
    let heard = chat(&mut bob).await;
    assert_eq!(
        (&heard["from"], &heard["to"]),
        (&json!("alice"), &json!("bob"))
    );
    assert_eq!(
        (&heard["chatType"], heard.get("groupId")),
        (&json!(2), None)
    );
    let taken = alice.wait_for(|it| it["command"] == 12).await;
    assert_eq!(taken["code"], 10_000);
    let others = |texts: Vec<String>| texts.iter().any(|text| text.contains("psst"));
    assert!(!others(alice.until(BEAT, ANSWER).await));
    assert!(!others(carol.until(BEAT, ANSWER).await));
    let asked = json!({"cmd": 19, "type": 1, "fromUserId": "alice", "userId": "bob"});
    let log = answer(&mut bob, asked, 20).await;
    assert_eq!(log["data"]["friends"]["alice"][0]["content"], "psst");
    // Kept for somebody who is away.
    say(&mut alice, &private("dave", "later")).await;
    let taken = alice.wait_for(|it| it["command"] == 12).await;
    assert_eq!(taken["code"], 10_001);
    let mut dave = rig.person("dave").await;
    let opened = dave.open("pair:alice:dave").await;
    assert_eq!(opened["head"]["seq"], 1);
}

#[tokio::test]
async fn a_course_page_hears_of_no_other_group_before_it_was_in_it() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut native = rig.person_in("alice", "room:other").await;
    let mut alice = page(&rig, "alice").await;
    let mut stock = rig.visitor("/jim/?username=alice&password=x").await;
    stock.wait_for(|it| it["command"] == 6).await;
    native.talk("room:other", "elsewhere").await;
    assert_eq!(
        chat(&mut stock).await["groupId"],
        "other",
        "no course: every group"
    );
    assert!(alice.until(BEAT, ANSWER).await.is_empty());
    let joined = answer(&mut alice, json!({"cmd": 7, "groupId": "other"}), 9).await;
    assert_eq!(
        (&joined["group"], &joined["code"]),
        (&json!("other"), &json!(10_011))
    );
    native.talk("room:other", "again").await;
    assert_eq!(chat(&mut alice).await["content"], "again");
    let closed = answer(&mut alice, json!({"cmd": 7, "groupId": "\u{0}"}), 8).await;
    assert_eq!(closed["code"], 10_012);
}

#[tokio::test]
async fn who_is_here_is_told_and_can_be_asked() {
    let rig = Rig::with_gateways_and(&["jim"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut alice = page(&rig, "alice").await;
    let bob = page(&rig, "bob").await;
    let came = alice.wait_for(|it| it["command"] == 9).await;
    let user = json!({"userId": "bob", "nick": "bob", "status": "online"});
    assert_eq!((&came["user"], &came["group"]), (&user, &json!("lobby")));
    let people = async |page: &mut Visitor, kind: u64| {
        let asked = json!({"cmd": 17, "type": kind, "userId": "alice"});
        let answer = answer(page, asked, 18).await;
        let users = answer["data"]["groups"][0]["users"].as_array().unwrap();
        let mut names: Vec<String> = users
            .iter()
            .map(|user| format!("{} {}", user["userId"], user["status"]).replace('"', ""))
            .collect();
        names.sort();
        (answer["code"].as_u64().unwrap(), names)
    };
    let both = vec!["alice online".to_owned(), "bob online".to_owned()];
    assert_eq!(people(&mut alice, 0).await, (10_005, both));
    bob.leave().await;
    let went = alice.wait_for(|it| it["command"] == 10).await;
    assert_eq!(went["data"]["user"]["userId"], "bob");
    assert_eq!(went["data"]["user"]["nick"], "bob");
    assert_eq!(went.get("code"), None);
    assert_eq!(
        people(&mut alice, 0).await,
        (10_005, vec!["alice online".to_owned()])
    );
    assert_eq!(
        people(&mut alice, 1).await,
        (10_006, vec!["bob offline".to_owned()])
    );
    assert_eq!(people(&mut alice, 2).await.1.len(), 2);
    // Of somebody else only what is shared.
    let mut native = rig.person_in("bob", "room:secret").await;
    native.open(ROOM).await;
    let asked = json!({"cmd": 17, "type": 2, "userId": "bob"});
    let bob = answer(&mut alice, asked, 18).await;
    assert_eq!(
        (&bob["data"]["userId"], &bob["data"]["status"]),
        (&json!("bob"), &json!("online"))
    );
    let groups = bob["data"]["groups"].as_array().unwrap();
    assert!(
        groups.iter().all(|group| group["groupId"] == "lobby"),
        "{groups:?}"
    );
    for asked in [
        json!({"cmd": 17, "type": 2, "userId": "nobody"}),
        json!({"cmd": 17, "type": 5, "userId": "alice"}),
    ] {
        assert_eq!(answer(&mut alice, asked, 18).await["code"], 10_004);
    }
}

#[tokio::test]
async fn who_cannot_be_believed_is_told_so_and_let_go() {
    let rig = Rig::with_gateways(&["jim"]).await;
    for path in ["/jim/", "/jim/?username=", "/jim/?username=%00&password=x"] {
        let mut nobody = rig.visitor(path).await;
        let refused = nobody.json().await;
        assert_eq!(
            (&refused["command"], &refused["code"]),
            (&json!(6), &json!(10_008))
        );
        assert_eq!(nobody.closed().await, 1008);
    }
    let closed = Rig::with_gateways_and(&["jim"], |config| config.guests = false).await;
    let token = closed.token("alice", false, Duration::from_secs(60));
    let other = closed.token("bob", false, Duration::from_secs(60));
    for (password, code) in [(token.as_str(), 10_007), ("", 10_008), (&other, 10_008)] {
        let path = format!("/jim/?username=alice&password={password}&courseId=lobby");
        let mut page = closed.visitor(&path).await;
        let login = page.wait_for(|it| it["command"] == 6).await;
        assert_eq!(login["code"], code);
    }
    let off = Rig::with_gateways(&["plain"]).await;
    let refused = off.client().visitor("/jim/?username=alice").await;
    assert_eq!(refused.err(), Some(404));
}

#[tokio::test]
async fn what_is_not_taken_is_said_and_nothing_is_dropped_in_silence() {
    let rig = Rig::with_gateways_and(&["jim"], |config| {
        config.rate = 5;
        config.burst = 20;
        config.read_only = vec!["news".to_owned()];
    })
    .await;
    let mut alice = page(&rig, "alice").await;
    for junk in [
        "not json",
        "[]",
        "{}",
        r#"{"cmd":99}"#,
        r#"{"cmd":{"x":1}}"#,
        "",
    ] {
        alice.say(junk).await;
        let answer = alice.wait_for(|it| it["command"] == 0).await;
        assert_eq!(answer["code"], 10_017, "{junk}");
    }
    let mut news = said("alice", "me too");
    news["group_id"] = json!("news");
    for bad in [
        json!({"cmd": 11, "content": "no chatType", "group_id": "lobby"}),
        json!({"cmd": 11, "content": "x", "chatType": 7, "group_id": "lobby"}),
        json!({"cmd": 11, "content": "nowhere", "chatType": 1}),
        json!({"cmd": 11, "content": "to myself", "chatType": 2, "to": "alice"}),
        said("alice", &"x".repeat(33 * 1024)),
        news,
    ] {
        let refused = answer(&mut alice, bad, 12).await;
        assert_eq!(refused["code"], 10_002, "{refused}");
    }
    let mut quick = Vec::new();
    for number in 0..40 {
        let mut frame = said("alice", &format!("m{number}"));
        frame["id"] = json!(format!("{number:032x}"));
        say(&mut alice, &frame).await;
        quick.push(frame["id"].clone());
    }
    let (mut kept, mut refused) = (Vec::new(), 0);
    for id in &quick {
        let answer = alice
            .wait_for(|it| it["command"] == 12 && it["id"] == *id)
            .await;
        if answer["code"] == 10_000 {
            kept.push(id.clone());
        } else {
            assert!(answer["retryMs"].as_u64().is_some_and(|wait| wait > 0));
            refused += 1;
        }
    }
    assert!((10..=25).contains(&refused), "{refused}");
    let mut bob = page(&rig, "bob").await;
    let asked = json!({"cmd": 19, "type": 1, "groupId": "lobby", "userId": "bob"});
    let log = answer(&mut bob, asked, 20).await;
    let rows = log["data"]["groups"]["lobby"].as_array().unwrap();
    let ids: Vec<Value> = rows.iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, kept, "what was not refused was kept, in order");
}

#[tokio::test]
async fn a_visit_ends_in_the_backends_words() {
    let rig = Rig::with_gateways(&["jim"]).await;
    let mut alice = page(&rig, "alice").await;
    let closed = answer(&mut alice, json!({"cmd": 14, "userId": "alice"}), 14).await;
    assert_eq!(closed["code"], 10_021);
    assert_eq!(alice.closed().await, 1000);
    let mut bob = page(&rig, "bob").await;
    let stopped = rig.stop();
    let (code, _) = tokio::join!(bob.closed(), stopped);
    assert_eq!(code, 1012);
    assert_eq!(bob.wait_for(|it| it["command"] == 14).await["code"], 10_021);
}
