//! Pages of the log: each is a statement about a whole range.

use std::sync::Arc;

use parlance_core::ids::{ConversationId, Uid};
use parlance_server::store::{Draft, Recall, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{Peer, Rig, new_cid, seqs, texts, words};

const LOBBY: &str = "room:lobby";

async fn talker(rig: &Rig, messages: u64) -> Peer {
    let mut alice = rig.person_in("alice", LOBBY).await;
    for number in 1..=messages {
        assert_eq!(alice.talk(LOBBY, &format!("m{number}")).await, number);
    }
    alice
}

#[tokio::test]
async fn pages_cover_what_they_say() {
    let rig = Rig::start().await;
    let mut alice = talker(&rig, 10).await;
    // What is asked, the range that the page covers, its messages.
    let table = [
        (json!({}), Some((1, 10)), (1..=10).collect()),
        (json!({"limit": 4}), Some((7, 10)), (7..=10).collect()),
        (json!({"limit": 10}), Some((1, 10)), (1..=10).collect()),
        (
            json!({"before": 7, "limit": 3}),
            Some((4, 6)),
            vec![4, 5, 6],
        ),
        (json!({"before": 3, "limit": 3}), Some((1, 2)), vec![1, 2]),
        (
            json!({"before": 99, "limit": 2}),
            Some((9, 10)),
            vec![9, 10],
        ),
        (
            json!({"before": u64::MAX, "limit": 1}),
            Some((10, 10)),
            vec![10],
        ),
        (json!({"before": 1}), None, vec![]),
        (json!({"before": 0}), None, vec![]),
        (json!({"after": 0, "limit": 3}), Some((1, 3)), vec![1, 2, 3]),
        (json!({"after": 8, "limit": 3}), Some((9, 10)), vec![9, 10]),
        (json!({"after": 8, "limit": 2}), Some((9, 10)), vec![9, 10]),
        (json!({"after": 10}), None, vec![]),
        (json!({"after": u64::MAX}), None, vec![]),
        (json!({"limit": 0}), Some((10, 10)), vec![10]),
        (
            json!({"limit": 4_000_000_000_u32}),
            Some((1, 10)),
            (1..=10).collect(),
        ),
    ];
    for (mut asked, range, messages) in table {
        let what = asked.to_string();
        asked["conv"] = json!(LOBBY);
        let page = alice.fill(asked).await;
        assert_eq!(page["t"], "page", "{what}");
        assert_eq!(page["conv"], LOBBY);
        assert_eq!(page["epoch"], alice.welcome["epoch"]);
        assert_eq!(page["head"], 10, "{what}");
        let covered = page
            .get("from")
            .map(|from| (from.as_u64().unwrap(), page["to"].as_u64().unwrap()));
        assert_eq!(covered, range, "{what}");
        assert_eq!(page.get("to").is_some(), range.is_some(), "{what}");
        assert_eq!(seqs(&page), messages, "{what}");
        assert!(
            page["msgs"]
                .as_array()
                .unwrap()
                .iter()
                .all(|message| message["cid"].is_string())
        );
    }
}

#[tokio::test]
async fn the_log_of_nobody_is_empty_and_says_so() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    for asked in [json!({}), json!({"after": 0}), json!({"before": 5})] {
        let mut asked = asked;
        asked["conv"] = json!(LOBBY);
        let page = alice.fill(asked).await;
        assert_eq!((&page["head"], &page["msgs"]), (&json!(0), &json!([])));
        assert!(page.get("from").is_none());
    }
}

#[tokio::test]
async fn a_page_of_long_messages_ends_early_and_says_where() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let long = "x".repeat(30_000);
    for _ in 0..40 {
        alice.post(LOBBY, &new_cid(), words(&long)).await;
    }
    alice
        .wait_for("push", |frame| frame["msg"]["seq"] == 40)
        .await;
    let newest = alice.fill(json!({"conv": LOBBY, "limit": 200})).await;
    let from = newest["from"].as_u64().unwrap();
    assert_eq!(newest["to"], 40);
    assert!(from > 20, "{from}");
    assert_eq!(seqs(&newest), (from..=40).collect::<Vec<_>>());
    let oldest = alice
        .fill(json!({"conv": LOBBY, "after": 0, "limit": 200}))
        .await;
    let to = oldest["to"].as_u64().unwrap();
    assert_eq!(oldest["from"], 1);
    assert!(to < 20, "{to}");
    assert_eq!(seqs(&oldest), (1..=to).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_others_said_bears_no_cid() {
    let rig = Rig::start().await;
    let mut alice = talker(&rig, 1).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    let cid = |page: &Value| page["msgs"][0].get("cid").cloned();
    assert_eq!(cid(&bob.fill(json!({"conv": LOBBY})).await), None);
    assert!(cid(&alice.fill(json!({"conv": LOBBY})).await).is_some());
}

#[tokio::test]
async fn the_welcome_lists_my_conversations_with_what_i_have_not_read() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut bob = rig.person_in("bob", LOBBY).await;
    alice.open("room:quiet").await;
    bob.talk(LOBBY, "one").await;
    bob.talk(LOBBY, "two").await;
    alice.talk(LOBBY, "three").await;
    bob.talk(LOBBY, "four").await;
    let again = rig.person("alice").await;
    let convs = again.welcome["convs"].as_array().unwrap();
    let names: Vec<_> = convs
        .iter()
        .map(|head| head["conv"].as_str().unwrap())
        .collect();
    assert_eq!(names, [LOBBY, "room:quiet"], "most recently active first");
    let lobby = &convs[0];
    assert_eq!(
        (&lobby["seq"], &lobby["read"], &lobby["unread"]),
        (&json!(4), &json!(0), &json!(3))
    );
    assert_eq!(lobby["last"]["body"]["text"], "four");
    assert_eq!(convs[1]["seq"], 0);
    assert!(convs[1].get("last").is_none());
    alice
        .say(json!({"t": "read", "conv": LOBBY, "seq": 3}))
        .await;
    let mut again = again;
    let read = again.wait("read").await;
    assert_eq!((&read["uid"], &read["seq"]), (&json!("alice"), &json!(3)));
    let later = rig.person("alice").await;
    let lobby = &later.welcome["convs"][0];
    assert_eq!((&lobby["read"], &lobby["unread"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn the_same_log_is_there_after_a_restart() {
    let rig = Rig::start().await;
    let alice = talker(&rig, 5).await;
    let epoch = alice.welcome["epoch"].clone();
    drop(alice);
    let folder = rig.stop().await;
    let rig = Rig::on(folder, |_| {}).await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    assert_eq!(alice.welcome["epoch"], epoch, "the log is the same");
    assert_eq!(alice.welcome["convs"][0]["seq"], 5);
    let page = alice.fill(json!({"conv": LOBBY})).await;
    assert_eq!(texts(&page), ["m1", "m2", "m3", "m4", "m5"]);
    assert_eq!(alice.talk(LOBBY, "m6").await, 6);
}

#[tokio::test]
async fn a_list_of_many_long_messages_still_fits_a_frame() {
    let rig = Rig::start().await;
    let mut alice = rig.person("alice").await;
    for number in 0..30 {
        let conv = format!("room:{number}");
        alice.open(&conv).await;
        alice.talk(&conv, &"x".repeat(30_000)).await;
    }
    let again = rig.person("alice").await;
    let convs = again.welcome["convs"].as_array().unwrap();
    assert_eq!(convs.len(), 30);
    assert!(convs.iter().all(|head| head["seq"] == 1));
    let told = convs.iter().take_while(|head| head.get("last").is_some());
    assert_eq!(told.count(), 8, "the most recent ones");
    assert!(again.welcome.to_string().len() < 400_000);
}

#[tokio::test]
async fn what_was_taken_back_meanwhile_is_told_to_whoever_opens() {
    let folder = Arc::new(TempDir::new().unwrap());
    {
        let store = crate::store::open(folder.path());
        let lobby = ConversationId::room("lobby");
        let say = |text: &str| Draft {
            conversation: lobby.clone(),
            sender: Some(Uid::new("alice")),
            client_id: None,
            body: words(text),
            at: 7,
        };
        let secret = store.append(say("secret")).await.unwrap();
        store.append(say("kept")).await.unwrap();
        let recall = Recall {
            id: secret.id,
            by: Uid::new("alice"),
            said_since: 0,
            body: json!({"kind": "notice", "text": "gone"}),
            at: 9,
        };
        store.recall(lobby, recall).await.unwrap();
    }
    let rig = Rig::on(folder, |_| {}).await;
    let mut bob = rig.person_in("bob", "room:lobby").await;
    let recalled = bob.wait("recalled").await;
    assert_eq!(
        (&recalled["conv"], &recalled["seq"], &recalled["text"]),
        (&json!("room:lobby"), &json!(1), &json!("gone"))
    );
    let page = bob.fill(json!({"conv": "room:lobby"})).await;
    assert_eq!(page["msgs"][0]["id"], recalled["id"]);
    assert_eq!(
        page["msgs"][0]["body"],
        json!({"kind": "notice", "text": "gone"})
    );
    assert!(bob.so_far("recalled").await.is_empty(), "each once");
}
