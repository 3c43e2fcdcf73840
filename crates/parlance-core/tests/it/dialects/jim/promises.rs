//! What Parlance promises on J-IM: nothing lost that came early, one row for
//! each message whoever names it, and nothing said twice by itself.

use super::*;

#[test]
fn nothing_is_asked_before_the_login_is_through_and_what_came_before_is_kept() {
    let mut stage = dialled();
    stage.opens();
    assert!(stage.sent.is_empty());
    stage.hears(&notice(9, "zhang"));
    stage.hears(&notice(9, "li"));
    stage.hears(&push(&row("m1", "li", "early")));
    assert_eq!(stage.status(), Status::Connecting);
    stage.hears(LOGIN);
    assert_eq!(stage.status(), Status::Online);
    assert_eq!(here(&stage), ["li", "zhang"]);
    stage.hears(&log(&[]));
    assert_eq!(stage.rows(&course()), ["li:early"]);
    let history = Request::Messages(Wanted {
        kept: Some(true),
        user: Some("zhang".to_owned()),
        group: Some("100".to_owned()),
        ..Wanted::default()
    });
    let asked = stage.sent.iter().filter(|it| Request::read(it) == history);
    assert_eq!(asked.count(), 1);
}

#[test]
fn my_id_is_kept_or_another_is_given_and_either_is_one_row() {
    for keeps in [true, false] {
        let mut stage = online();
        for text in ["same", "same"] {
            stage.says(&course(), text);
            let mut echo = last_said(&stage);
            let sent = echo["id"].as_str().unwrap_or_default().to_owned();
            assert_eq!(sent.len(), 32, "my id goes in `id`");
            if !keeps {
                echo["id"] = json!(format!("server-{}", stage.sent.len()));
            }
            stage.hears(&push(&echo));
            stage.hears(&ack(10_000));
            // Another socket of mine hears it too.
            stage.hears(&push(&echo));
        }
        let both = ["me:same sent", "me:same sent"];
        assert_eq!(stage.rows(&course()), both, "keeps ids: {keeps}");
    }
}

#[test]
fn a_message_that_the_link_took_with_it_is_proved_by_the_log_and_not_said_again() {
    for keeps in [true, false] {
        let mut stage = online();
        stage.says(&course(), "lost?");
        let mut stored = last_said(&stage);
        stage.breaks(1006);
        assert_eq!(stage.rows(&course()), ["me:lost? unknown"]);
        stage.until_dialled();
        let before = stage.sent.len();
        logs_in(&mut stage);
        if !keeps {
            stored["id"] = json!("server-1");
        }
        stage.hears(&log(&[stored]));
        assert_eq!(stage.rows(&course()), ["me:lost? sent"], "{keeps}");
        stage.advance(4);
        let chats = stage.sent[before..]
            .iter()
            .filter(|it| matches!(Request::read(it), Request::Chat(_)));
        assert_eq!(chats.count(), 0);
    }
}

#[test]
fn a_message_that_is_not_in_the_log_stays_unknown_until_somebody_decides() {
    let mut stage = online();
    stage.says(&course(), "lost");
    let first = last_said(&stage);
    stage.breaks(1006);
    stage.until_dialled();
    logs_in(&mut stage);
    stage.hears(&log(&[row("m1", "zhang", "others")]));
    assert_eq!(stage.rows(&course()), ["me:others sent", "me:lost unknown"]);
    stage.retries(&course(), "lost");
    assert_eq!(last_said(&stage)["id"], first["id"], "under the same id");
}

#[test]
fn everything_is_written_in_both_places() {
    let mut jim = Jim::new(JimConfig {
        avatar: Some("https://i/z.png".to_owned()),
        ..config()
    });
    let cases = [
        (Content::Text("hi".to_owned()), 1, "hi"),
        (
            Content::Image(Media {
                url: "https://i/p.png".to_owned(),
                ..Media::default()
            }),
            2,
            "https://i/p.png",
        ),
        (Content::Like, 3, ""),
        (Content::Flower, 4, ""),
    ];
    for (content, kind, words) in cases {
        let say = parlance_core::frame::Say {
            client_id: parlance_core::ids::ClientId::from_bits(7),
            conversation: course(),
            content,
            said_at: UnixMillis(WALL),
        };
        let said = jim.encode(&parlance_core::frame::ClientFrame::Say(say));
        let [parlance_core::dialect::Saying::Wire(parlance_core::wire::Wire::Text(text))] =
            said.as_slice()
        else {
            panic!("one text: {said:?}");
        };
        let said: Value = serde_json::from_str(text).expect("JSON");
        let three = json!({"nickName": "张三", "avatar": "https://i/z.png", "type": kind});
        let whole = json!({"cmd": 11, "id": "00000000000000000000000000000007",
            "from": "zhang", "createTime": WALL, "group_id": "100", "groupId": "100",
            "chatType": 1, "msgType": 0, "content": words, "nickName": "张三",
            "avatar": "https://i/z.png", "type": kind, "extras": three});
        assert_eq!(said, whole);
    }
    let offers = &jim.capabilities().offers;
    assert!(offers.likes && offers.flowers && offers.images.is_none());
}

#[test]
fn every_kind_is_read_by_the_seeds_type_else_by_stocks() {
    let kind = |chat: Value| {
        let chat = Chat::read(&chat).expect("an object");
        parlance_core::dialect::jim::content_of(&chat)
    };
    for (chat, wants) in [
        (json!({"content": "x"}), "text"),
        (json!({"content": "x", "type": 1, "msgType": 1}), "text"),
        (json!({"content": "x", "type": "2", "msgType": 0}), "image"),
        (json!({"content": "", "type": 3}), "like"),
        (json!({"type": 4, "content": "rose"}), "flower"),
        (json!({"content": "x", "extras": {"type": 3}}), "like"),
        (
            json!({"content": "x", "type": 1, "extras": {"type": 3}}),
            "text",
        ),
        (json!({"content": "x", "msgType": 1}), "image"),
        (json!({"content": "x", "msgType": "2"}), "voice"),
        (json!({"content": "x", "msgType": 3}), "video"),
        (json!({"content": "x", "msgType": 4}), "voice"),
        (json!({"content": "x", "msgType": 5}), "unknown"),
        (json!({"content": "x", "msgType": 77}), "unknown"),
        (json!({"content": "x", "type": 9}), "unknown"),
        (json!({"content": "x", "type": "gift"}), "unknown"),
    ] {
        let content = kind(chat.clone());
        assert_eq!(content.kind(), wants, "{chat}");
        if let Content::Unknown(unknown) = &content {
            assert_eq!(unknown.fallback, "x");
            assert!(unknown.raw.contains("\"content\":\"x\""));
        }
    }
}

#[test]
fn a_private_message_is_proved_by_its_answer_for_there_is_no_echo() {
    let mut stage = online();
    stage.feed(Input::Command(Command::Open(with_wang())));
    let whom = Request::Users {
        which: Some(Which::All),
        user: Some("wang".to_owned()),
    };
    assert!(stage.sent.iter().any(|it| Request::read(it) == whom));
    let private = Request::Messages(Wanted {
        kept: Some(true),
        user: Some("zhang".to_owned()),
        from_user: Some("wang".to_owned()),
        ..Wanted::default()
    });
    assert!(stage.sent.iter().any(|it| Request::read(it) == private));
    let said = json!({"id": "p1", "from": "wang", "to": "zhang", "chatType": 2, "content": "hey"});
    let data = json!({"userId": "zhang", "friends": {"wang": [said]}, "groups": {}});
    stage.hears(&json!({"code": 10018, "command": 20, "data": data}).to_string());
    stage.says(&with_wang(), "hello");
    let sent = last_said(&stage);
    assert_eq!(
        (&sent["to"], &sent["chatType"]),
        (&json!("wang"), &json!(2))
    );
    assert_eq!(sent.get("group_id"), None);
    stage.hears(&ack(10_000));
    assert_eq!(stage.rows(&with_wang()), ["wang:hey", "me:hello sent"]);
    // To somebody who is away: kept or lost, nobody knows.
    stage.says(&with_wang(), "away");
    stage.hears(&ack(10_001));
    assert_eq!(stage.rows(&with_wang())[2], "me:away sending");
}

#[test]
fn an_answer_that_names_its_message_is_proof_and_order_does_not_matter() {
    let mut stage = online();
    stage.feed(Input::Command(Command::Open(with_wang())));
    stage.says(&course(), "here");
    let here = last_said(&stage);
    stage.says(&with_wang(), "there");
    let there = last_said(&stage);
    let answer = |code: u64, said: &Value| {
        json!({"command": 12, "code": code, "msg": "", "id": said["id"]}).to_string()
    };
    stage.hears(&answer(10_001, &there));
    assert_eq!(stage.rows(&with_wang()), ["me:there sent"]);
    stage.hears(&answer(10_000, &here));
    stage.hears(&push(&here));
    assert_eq!(stage.rows(&course()), ["me:here sent"]);
    stage.says(&course(), "no");
    let refused = answer(10_002, &last_said(&stage));
    stage.hears(&refused);
    assert_eq!(stage.rows(&course()), ["me:here sent", "me:no failed"]);
}

#[test]
fn one_broken_row_does_not_cost_the_rest_of_the_log() {
    let rows = [
        row("m1", "li", "one"),
        json!(5),
        json!({"id": {"x": 1}, "from": ["li"], "content": null, "createTime": "soon"}),
        json!(null),
        row("m2", "li", "two"),
    ];
    let stage = online_with(&rows);
    assert_eq!(stage.rows(&course()), ["li:one", "*:", "li:two"]);
}

// ---- who I am -------------------------------------------------------------------

#[test]
fn a_name_is_enough_to_come_in() {
    let mut jim = Jim::new(JimConfig {
        uid: None,
        name: None,
        ..config()
    });
    assert_eq!(jim.admission(), Entry::NoIdentity);
    assert!(jim.takes_guests());
    assert_eq!(jim.join("小 王"), Entry::Open);
    assert_eq!(jim.admission(), Entry::Open);
    let address = jim.link_address();
    let name = "%E5%B0%8F%20%E7%8E%8B";
    assert!(address.contains(&format!("username={name}&")), "{address}");
    assert!(address.contains(&format!("nickName={name}")), "{address}");
    assert!(jim.sign_out().is_none());
    assert_eq!(jim.admission(), Entry::NoIdentity);
    for (uid, name, username, nickname) in [
        (Some("u"), None, "u", "u"),
        (None, Some("n"), "n", "n"),
        (Some("u"), Some("n"), "u", "n"),
        (Some(""), Some("n"), "n", "n"),
    ] {
        let jim = Jim::new(JimConfig {
            uid: uid.map(str::to_owned),
            name: name.map(str::to_owned),
            ..config()
        });
        assert_eq!(jim.admission(), Entry::Open);
        let address = jim.link_address();
        assert!(address.contains(&format!("username={username}&")));
        assert!(address.ends_with(&format!("nickName={nickname}")));
    }
}

#[test]
fn a_fork_that_names_me_is_believed() {
    let mut stage = dialled();
    stage.opens();
    let login = json!({"code": 10007, "command": 6, "data": {"id": "u-77", "nick": "Zhang"}});
    stage.hears(&login.to_string());
    stage.hears(&log(&[
        row("m1", "u-77", "mine"),
        row("m2", "zhang", "not me"),
    ]));
    assert_eq!(stage.rows(&course()), ["me:mine sent", "zhang:not me"]);
    stage.says(&course(), "x");
    assert_eq!(last_said(&stage)["from"], "u-77");
}
