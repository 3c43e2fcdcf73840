//! Who is here, who types, who has read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::Rig;

const LOBBY: &str = "room:lobby";

/// The roster's people who are here, and those who are not.
async fn roster(peer: &mut crate::rig::Peer) -> (Vec<String>, Vec<String>) {
    peer.say(json!({"t": "open", "conv": LOBBY})).await;
    peer.wait("opened").await;
    let roster = peer.wait("roster").await;
    let people = roster["people"].as_array().unwrap();
    let is_here = |who: &&Value| who["online"] == true;
    assert!(
        people.iter().skip_while(is_here).all(|who| !is_here(&who)),
        "those who are here come first: {roster}"
    );
    let name = |who: &Value| who["uid"].as_str().unwrap().to_owned();
    let mut here: Vec<_> = people.iter().filter(is_here).map(name).collect();
    let away = people.iter().filter(|who| !is_here(who)).map(name);
    here.sort();
    (here, away.collect())
}

#[tokio::test]
async fn people_are_seen_to_come_and_to_go() {
    let rig = Rig::with(|config| config.linger = Duration::from_millis(50)).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let bob = rig.person_in("bob", LOBBY).await;
    let came = alice.wait("came").await;
    assert_eq!(came["conv"], LOBBY);
    assert_eq!(
        came["who"],
        json!({"uid": "bob", "name": "bob", "online": true})
    );
    assert_eq!(roster(&mut alice).await.0, ["alice", "bob"]);
    bob.leave().await;
    let went = alice.wait("went").await;
    assert_eq!(
        (&went["conv"], &went["uid"]),
        (&json!(LOBBY), &json!("bob"))
    );
    assert!(went["seen"].as_i64().unwrap() > 1_600_000_000_000);
    assert_eq!(
        roster(&mut alice).await,
        (vec!["alice".to_owned()], vec!["bob".to_owned()])
    );
    let _bob = rig.person("bob").await;
    assert_eq!(
        alice.wait("came").await["who"]["uid"],
        "bob",
        "members come without opening"
    );
}

#[tokio::test]
async fn a_reconnect_is_no_flicker() {
    let rig = Rig::with(|config| config.linger = Duration::from_millis(400)).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let bob = rig.person_in("bob", LOBBY).await;
    alice.wait("came").await;
    bob.leave().await;
    assert_eq!(
        roster(&mut alice).await.0,
        ["alice", "bob"],
        "between two links he is here"
    );
    let bob = rig.person("bob").await;
    let carol = rig.person_in("carol", LOBBY).await;
    alice
        .wait_for("came", |frame| frame["who"]["uid"] == "carol")
        .await;
    // Carol's going comes after the time in which bob's would have.
    carol.leave().await;
    alice
        .wait_for("went", |frame| frame["uid"] == "carol")
        .await;
    let kept: Vec<_> = alice
        .kept
        .iter()
        .filter(|frame| frame["t"] == "came" || frame["t"] == "went")
        .collect();
    assert!(kept.is_empty(), "{kept:?}");
    drop(bob);
}

#[tokio::test]
async fn somebody_with_two_links_is_here_until_both_are_gone() {
    let rig = Rig::with(|config| config.linger = Duration::ZERO).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let phone = rig.person_in("bob", LOBBY).await;
    let laptop = rig.person("bob").await;
    let carol = rig.person_in("carol", LOBBY).await;
    phone.leave().await;
    carol.leave().await;
    alice
        .wait_for("went", |frame| frame["uid"] == "carol")
        .await;
    assert!(alice.so_far("went").await.is_empty(), "bob has his laptop");
    laptop.leave().await;
    alice.wait_for("went", |frame| frame["uid"] == "bob").await;
    assert_eq!(
        alice.so_far("came").await.len(),
        2,
        "bob once and carol once"
    );
}

#[tokio::test]
async fn typing_is_told_to_the_others_and_not_too_often() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    for _ in 0..5 {
        alice.say(json!({"t": "typing", "conv": LOBBY})).await;
    }
    alice
        .say(json!({"t": "typing", "conv": "room:elsewhere"}))
        .await;
    alice.talk(LOBBY, "done").await;
    bob.wait("push").await;
    let typing = bob.so_far("typing").await;
    assert_eq!(typing.len(), 1, "{typing:?}");
    assert_eq!(typing[0]["who"]["uid"], "alice");
    assert!(alice.so_far("typing").await.is_empty(), "not to oneself");
}

#[tokio::test]
async fn reading_is_told_and_never_goes_back() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    for text in ["one", "two", "three"] {
        alice.talk(LOBBY, text).await;
    }
    bob.say(json!({"t": "read", "conv": LOBBY, "seq": 2})).await;
    let read = alice.wait("read").await;
    assert_eq!(
        (&read["conv"], &read["uid"], &read["seq"]),
        (&json!(LOBBY), &json!("bob"), &json!(2))
    );
    bob.say(json!({"t": "read", "conv": LOBBY, "seq": 1})).await;
    bob.say(json!({"t": "read", "conv": LOBBY, "seq": 2})).await;
    // Beyond the newest there is nothing to have read.
    bob.say(json!({"t": "read", "conv": LOBBY, "seq": 99}))
        .await;
    assert_eq!(alice.wait("read").await["seq"], 3);
    let opened = alice.open(LOBBY).await;
    assert_eq!(opened["readers"], json!([{"uid": "bob", "seq": 3}]));
    assert!(
        bob.so_far("read").await.is_empty(),
        "not to the link that said it"
    );
}
