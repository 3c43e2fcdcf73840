//! Who may be where, and that nobody learns of what they are not in.

use serde_json::json;

use crate::rig::{Rig, new_cid, words};

const LOBBY: &str = "room:lobby";
const PAIR: &str = "pair:alice:bob";

#[tokio::test]
async fn a_room_is_entered_by_opening_it() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    alice.talk(LOBBY, "secret").await;
    let mut bob = rig.person("bob").await;
    // In a room that is there and in one that is not, the answers are alike.
    for conv in [
        LOBBY,
        "room:nowhere",
        "room:",
        "nonsense",
        "pair:x",
        PAIR.trim_end_matches('b'),
    ] {
        let nack = bob.send(conv, &new_cid(), words("x")).await;
        assert_eq!(nack["code"], "no_conversation", "{conv}");
        assert!(nack.get("retry_ms").is_none(), "{conv}");
        let gone = bob.fill(json!({"conv": conv})).await;
        assert_eq!(gone["t"], "gone", "{conv}");
        assert!(gone.get("retry_ms").is_none(), "{conv}");
        assert_eq!(gone.as_object().unwrap().len(), 3, "n, t and req: {gone}");
    }
    let pushed = bob.so_far("push").await;
    assert!(pushed.is_empty(), "{pushed:?}");
    let opened = bob.open(LOBBY).await;
    assert_eq!(opened["talk"], "allowed");
    assert_eq!(
        (&opened["head"]["seq"], &opened["head"]["unread"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(opened["head"]["last"]["body"]["text"], "secret");
    assert_eq!(bob.talk(LOBBY, "hello").await, 2);
}

#[tokio::test]
async fn reading_elsewhere_is_answered_alike_everywhere() {
    let rig = Rig::start().await;
    let _alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person("bob").await;
    for conv in [LOBBY, "room:nowhere"] {
        bob.say(json!({"t": "read", "conv": conv, "seq": 1})).await;
        assert_eq!(bob.wait("error").await["text"], "no_conversation");
    }
}

#[tokio::test]
async fn a_pair_is_for_its_two() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", PAIR).await;
    alice.talk(PAIR, "between us").await;
    let mut mallory = rig.person("mallory").await;
    for pair in [PAIR, "pair:alice:nobody"] {
        mallory.say(json!({"t": "open", "conv": pair})).await;
        assert_eq!(mallory.wait("error").await["text"], "no_conversation");
        assert_eq!(mallory.refusal(pair, words("x")).await, "no_conversation");
        let gone = mallory.fill(json!({"conv": pair})).await;
        assert_eq!(gone["t"], "gone");
    }
    assert!(mallory.so_far("push").await.is_empty());
    let mallory = rig.person("mallory").await;
    assert_eq!(mallory.welcome["convs"], json!([]));
}

#[tokio::test]
async fn the_first_message_to_somebody_makes_them_a_member_and_tells_them() {
    let rig = Rig::start().await;
    let mut bob = rig.person("bob").await;
    let mut phone = rig.person("bob").await;
    let mut alice = rig.person_in("alice", PAIR).await;
    alice.talk(PAIR, "hello").await;
    for link in [&mut bob, &mut phone] {
        let conv = link.wait("conv").await;
        let head = &conv["head"];
        assert_eq!(head["conv"], PAIR);
        assert_eq!(head["title"], "alice", "the other's name");
        assert_eq!((&head["seq"], &head["unread"]), (&json!(1), &json!(1)));
        assert_eq!(head["last"]["body"]["text"], "hello");
    }
    let roster = alice.wait("roster").await;
    let people: Vec<_> = roster["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|who| &who["uid"])
        .collect();
    assert!(people.contains(&&json!("bob")), "{roster}");
    alice.talk(PAIR, "again").await;
    for link in [&mut bob, &mut phone] {
        let pushed = link
            .wait_for("push", |frame| frame["msg"]["seq"] == 2)
            .await;
        assert_eq!(pushed["msg"]["body"]["text"], "again");
        assert!(link.so_far("conv").await.is_empty(), "told once");
    }
    assert_eq!(bob.talk(PAIR, "hi").await, 3, "without opening");
    assert_eq!(
        alice
            .wait_for("push", |frame| frame["msg"]["seq"] == 3)
            .await["msg"]["from"]["uid"],
        "bob"
    );
}

#[tokio::test]
async fn a_message_reaches_somebody_who_was_never_here_when_they_come() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", "pair:alice:zoe").await;
    alice.talk("pair:alice:zoe", "for later").await;
    let zoe = rig.person("zoe").await;
    let head = &zoe.welcome["convs"][0];
    assert_eq!(head["conv"], "pair:alice:zoe");
    assert_eq!(head["unread"], 1);
}

#[tokio::test]
async fn a_room_opened_in_one_tab_is_told_in_the_others() {
    let rig = Rig::start().await;
    let mut other_tab = rig.person("alice").await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    assert_eq!(other_tab.wait("conv").await["head"]["conv"], LOBBY);
    alice.talk(LOBBY, "hello").await;
    assert_eq!(other_tab.wait("push").await["msg"]["seq"], 1);
}

#[tokio::test]
async fn only_hosts_talk_in_a_read_only_room() {
    let rig = Rig::with(|config| config.read_only = vec!["news".to_owned()]).await;
    let mut alice = rig.person("alice").await;
    assert_eq!(alice.open("room:news").await["talk"], "hosts_only");
    assert_eq!(alice.open(LOBBY).await["talk"], "allowed");
    let nack = alice.send("room:news", &new_cid(), words("me too")).await;
    assert_eq!(nack["code"], "forbidden");
    assert!(nack.get("retry_ms").is_none());
    let token = rig.token("editor", true, std::time::Duration::from_secs(60));
    let mut editor = rig.client().bearing(&token).online().await;
    assert_eq!(editor.welcome["me"]["host"], true);
    assert_eq!(editor.open("room:news").await["talk"], "allowed");
    editor.talk("room:news", "extra").await;
    let pushed = alice.wait("push").await;
    assert_eq!(
        pushed["msg"]["from"],
        json!({"uid": "editor", "name": "EDITOR", "host": true})
    );
    // Who only says that they are the editor has nobody's rights.
    let mut fake = rig.person("editor").await;
    assert_eq!(fake.open("room:news").await["talk"], "hosts_only");
    assert_eq!(fake.refusal("room:news", words("x")).await, "forbidden");
}

#[tokio::test]
async fn names_with_marks_in_them_are_kept_apart() {
    let rig = Rig::start().await;
    let conv = "pair:a%3Ab:c%25";
    let mut one = rig.person("a:b").await;
    let mut other = rig.person("c%").await;
    one.open(conv).await;
    one.talk(conv, "odd names").await;
    assert_eq!(other.wait("conv").await["head"]["conv"], conv);
    assert_eq!(other.talk(conv, "indeed").await, 2);
}

#[tokio::test]
async fn one_may_keep_notes_for_oneself() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", "pair:alice:alice").await;
    assert_eq!(alice.talk("pair:alice:alice", "milk").await, 1);
    assert_eq!(alice.wait("push").await["msg"]["seq"], 1);
    assert_eq!(rig.person("alice").await.welcome["convs"][0]["unread"], 0);
}
