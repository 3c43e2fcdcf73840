//! What was heard on the wire of a stock J-IM 3.0 with its store on: two
//! people, a second socket of one of them, and what the listener tried out.

use super::*;

#[test]
fn every_line_that_a_stock_server_was_heard_to_say_is_held() {
    let mut book = Replay::of("live_jim3_store_on");
    let replay = &mut book;
    let alice = &mut stock("alice", "Alice", "http://x/a.png");
    let bob = &mut stock("bob", "习湘湘", "http://x/b.png");
    let second = &mut stock("bob", "习湘湘", "http://x/b.png");
    let group = || room("100");
    // What each of them is called where, as far as the line's reader knows.
    let alice_there = || person("alice", "郭春花", Some(STOCK_FACE), true);
    let bob_there = |avatar| person("bob", "习湘湘", avatar, true);
    let login = |code| Answer::Login { code, user: None };
    let came = |name: &str, nick: &str| joined("100", user(name, nick, true));

    // 1 to 5: both come in.
    back(replay, alice, 1, &came("alice", "郭春花"), &Ok(vec![]));
    let me = || person("alice", "Alice", Some("http://x/a.png"), true);
    let list = ServerFrame::Roster(group(), vec![me()]);
    back(
        replay,
        alice,
        2,
        &login(10_007),
        &Ok(vec![welcome(me()), list]),
    );
    let read = ServerFrame::Came(group(), bob_there(None));
    back(replay, alice, 3, &came("bob", "习湘湘"), &Ok(vec![read]));
    let me = || bob_there(Some("http://x/b.png"));
    for (jim, notice, answer) in [(&mut *bob, 4, 5), (&mut *second, 41, 42)] {
        back(replay, jim, notice, &came("bob", "习湘湘"), &Ok(vec![]));
        let list = ServerFrame::Roster(group(), vec![me()]);
        back(
            replay,
            jim,
            answer,
            &login(10_007),
            &Ok(vec![welcome(me()), list]),
        );
    }

    // 6 to 15: history, a beat, people.
    let written = said(alice, &fill(1, group()));
    out(replay, 6, &written, &history("alice", "100"));
    back(
        replay,
        alice,
        7,
        &log(10_018, "alice", vec![]),
        &rows(1, vec![]),
    );
    out(replay, 8, &missed("alice").write(), &missed("alice"));
    back(replay, alice, 9, &log(10_016, "alice", vec![]), &Ok(vec![]));
    out(
        replay,
        10,
        &said(alice, &ClientFrame::Ping),
        &Request::Heartbeat,
    );
    let pong = ServerFrame::Pong(Heads::default());
    back(replay, alice, 11, &Answer::Heartbeat, &Ok(vec![pong]));
    let asked = Request::read(&said(alice, &ClientFrame::Open(group())));
    let frame = replay.line(12).frame().to_owned();
    replay.read(12, Held::GatewayRead, &Request::read(&frame), &asked);
    let both = || {
        vec![
            with_face(user("alice", "郭春花", true), STOCK_FACE),
            with_face(user("bob", "习湘湘", true), STOCK_FACE),
        ]
    };
    let users = |code, name: &str, nick: &str, friends| Answer::Users {
        code,
        profile: Some(Profile {
            user: with_face(user(name, nick, true), STOCK_FACE),
            friends: vec![circle("1", "我的好友", friends)],
            groups: vec![circle("100", "J-IM朋友圈", both())],
        }),
    };
    let read = vec![
        ServerFrame::Conversation(head(group(), Some("J-IM朋友圈"))),
        ServerFrame::Roster(group(), vec![alice_there(), bob_there(Some(STOCK_FACE))]),
    ];
    back(
        replay,
        alice,
        13,
        &users(10_005, "alice", "郭春花", vec![]),
        &Ok(read),
    );
    let whole = Request::Users {
        which: Some(Which::All),
        user: Some("bob".to_owned()),
    };
    let written = said(alice, &ClientFrame::Open(pair("alice", "bob")));
    out(replay, 14, &written, &whole);
    let friend = user("0cac851838924984a11328040e382a5b", "童靓颖", false);
    let friends = vec![with_face(friend, STOCK_FACE)];
    let read = vec![
        ServerFrame::Conversation(head(pair("alice", "bob"), Some("习湘湘"))),
        ServerFrame::Roster(pair("alice", "bob"), vec![bob_there(Some(STOCK_FACE))]),
    ];
    back(
        replay,
        alice,
        15,
        &users(10_003, "bob", "习湘湘", friends),
        &Ok(read),
    );

    // 16 to 23: said to the group, once with the group's two names.
    let seed_style = "seed style \"q\" <b>";
    let (first_id, second_id) = (
        "7f450cf89d5d42839965b33529f95967",
        "4470fce9107e474dab1ba156dd3e1f01",
    );
    let at = 1_700_000_000_000;
    let written = said(alice, &say(16, group(), text(seed_style), at));
    let there = dressed(
        chat("alice", seed_style, at),
        "Alice",
        "http://x/a.png",
        "1",
    );
    out(replay, 16, &written, &Request::Chat(there));
    let first = named(chat("alice", seed_style, at), first_id);
    let read = |from| heard(message(group(), first_id, from, text(seed_style), at));
    back(
        replay,
        alice,
        17,
        &Answer::Chat(first.clone()),
        &read(alice_there()),
    );
    back(replay, alice, 18, &sent(10_000), &Ok(vec![]));
    let stranger = person("alice", "alice", None, true);
    back(
        replay,
        bob,
        19,
        &Answer::Chat(first.clone()),
        &read(stranger),
    );
    let written = said(alice, &say(20, group(), text("both ids 你好"), at + 1));
    let there = chat("alice", "both ids 你好", at + 1);
    let there = dressed(there, "Alice", "http://x/a.png", "1");
    out(replay, 20, &written, &Request::Chat(there.clone()));
    // As it was heard: the picture was not among the extras there.
    let next = Chat {
        avatar: None,
        ..named(there, second_id)
    };
    let read = |avatar| {
        let from = person("alice", "Alice", avatar, true);
        heard(message(
            group(),
            second_id,
            from,
            text("both ids 你好"),
            at + 1,
        ))
    };
    back(
        replay,
        alice,
        21,
        &Answer::Chat(next.clone()),
        &read(Some(STOCK_FACE)),
    );
    back(replay, bob, 22, &Answer::Chat(next.clone()), &read(None));
    back(replay, alice, 23, &sent(10_000), &Ok(vec![]));

    // 24 to 28: to one person, who is there, and to one who is not.
    let written = said(
        alice,
        &say(24, pair("alice", "bob"), text("private"), at + 2),
    );
    let private = Chat {
        group: None,
        to: Some("bob".to_owned()),
        chat_type: Some(2),
        ..chat("alice", "private", at + 2)
    };
    out(replay, 24, &written, &Request::Chat(private.clone()));
    let private = named(private, "4b5c4e4ca1244979a0fa556b170266f9");
    let from = person("alice", "Alice", None, true);
    let read = message(
        pair("alice", "bob"),
        "4b5c4e4ca1244979a0fa556b170266f9",
        from,
        text("private"),
        at + 2,
    );
    back(replay, bob, 25, &Answer::Chat(private), &heard(read));
    // No echo comes: this is all the proof there is.
    let ack = ServerFrame::Ack(Ack {
        client_id: ClientId::from_bits(24),
        conversation: pair("alice", "bob"),
        seq: None,
        id: None,
        at: None,
    });
    back(replay, alice, 26, &sent(10_000), &Ok(vec![ack]));
    let written = said(alice, &say(27, pair("alice", "nobody"), text("offline"), 7));
    let private = Chat {
        group: None,
        to: Some("nobody".to_owned()),
        chat_type: Some(2),
        create_time: None,
        ..chat("alice", "offline", 0)
    };
    out(replay, 27, &written, &Request::Chat(private));
    back(replay, alice, 28, &sent(10_001), &Ok(vec![]));

    // 29 to 37: what the one who listened tried out. No page of ours says it;
    // the page's writer can, but for what is no command.
    let bare_chat = Request::Chat(Chat {
        from: Some("alice".to_owned()),
        content: Some("no chatType".to_owned()),
        ..Chat::default()
    });
    out(replay, 29, &bare_chat.write(), &bare_chat);
    for (there, answer) in [(30, 31), (32, 33)] {
        let frame = replay.line(there).frame().to_owned();
        let read = Request::read(&frame);
        replay.read(there, Held::GatewayRead, &read, &Request::Unknown);
        back(replay, alice, answer, &UNKNOWN_COMMAND, &nobody_knows());
    }
    let join = Request::Join {
        group: Some("200".to_owned()),
        name: Some("room200".to_owned()),
    };
    out(replay, 34, &join.write(), &join);
    let notice = joined("200", user("alice", "郭春花", true));
    let read = ServerFrame::Came(room("200"), alice_there());
    back(replay, alice, 35, &notice, &Ok(vec![read]));
    let auth = Request::Auth {
        token: Some("abc".to_owned()),
    };
    out(replay, 36, &auth.write(), &auth);
    let answer = Answer::Auth {
        code: 10_009,
        token: Some("abcauthKey".to_owned()),
    };
    back(replay, alice, 37, &answer, &Ok(vec![]));

    // 38 and 39: the oldest two. Our page asks for all.
    let oldest = Request::Messages(Wanted {
        kept: Some(true),
        user: Some("alice".to_owned()),
        group: Some("100".to_owned()),
        offset: Some(0),
        count: Some(2),
        ..Wanted::default()
    });
    out(replay, 38, &oldest.write(), &oldest);
    alice.encode(&fill(2, group()));
    let kept = vec![("100".to_owned(), vec![first, next])];
    let alice_now = person("alice", "Alice", Some(STOCK_FACE), true);
    let read = rows(
        2,
        vec![
            message(group(), first_id, alice_there(), text(seed_style), at),
            message(group(), second_id, alice_now, text("both ids 你好"), at + 1),
        ],
    );
    back(replay, alice, 39, &log(10_018, "alice", kept), &read);

    // 40 to 56: a second socket of Bob's comes, says something and goes.
    let read = ServerFrame::Came(group(), bob_there(Some(STOCK_FACE)));
    back(replay, alice, 40, &came("bob", "习湘湘"), &Ok(vec![read]));
    let read = ServerFrame::Came(group(), me());
    back(replay, bob, 43, &came("bob", "习湘湘"), &Ok(vec![read]));
    let picture = Chat {
        msg_type: Some(1),
        create_time: None,
        ..chat("bob", "http://x/p.png", 0)
    };
    let frame = replay.line(44).frame().to_owned();
    let read = Request::Chat(picture.clone());
    replay.read(44, Held::GatewayRead, &Request::read(&frame), &read);
    let ours = said(second, &say(44, group(), image("http://x/p.png"), 9));
    let ours: Value = serde_json::from_str(&ours).expect("JSON is written");
    assert_eq!((&ours["msgType"], &ours["type"]), (&json!(0), &json!(2)));
    let (id, at) = ("d08312a5b23a48ec8e131808da1cefa8", 1_795_164_240_911);
    let picture = Answer::Chat(Chat {
        create_time: Some(at),
        ..named(picture, id)
    });
    let read = |from| heard(message(group(), id, from, image("http://x/p.png"), at));
    let seen = bob_there(Some(STOCK_FACE));
    back(replay, alice, 45, &picture, &read(seen));
    back(replay, second, 46, &picture, &read(me()));
    back(replay, bob, 47, &picture, &read(me()));
    back(replay, second, 48, &sent(10_000), &Ok(vec![]));
    back(replay, second, 49, &Answer::Closed, &Ok(vec![]));
    // Bob is still there by his first socket: it is asked before he is gone.
    let asks = || Ok(vec![ServerFrame::Ping(Heads::default())]);
    let gone = left("100", user("bob", "习湘湘", false));
    back(replay, alice, 51, &gone, &asks());
    back(replay, bob, 52, &gone, &asks());
    // Closes every socket of that user: never said by a page of ours.
    let close = Request::Close {
        user: Some("bob".to_owned()),
    };
    out(replay, 53, &close.write(), &close);
    back(replay, bob, 54, &Answer::Closed, &Ok(vec![]));
    back(replay, alice, 56, &gone, &asks());

    // 57: without a password.
    let nobody = &mut stock("", "", "");
    let read = ServerFrame::Refused(Refusal::BadToken);
    back(replay, nobody, 57, &login(10_008), &Ok(vec![read]));
    book.finish();
}
