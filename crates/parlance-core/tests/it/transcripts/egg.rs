//! Every line of the talk with the egg backend, through the page's dialect and
//! through the types that the gateway reads and writes with.

use parlance_core::content::{Content, Media};
use parlance_core::dialect::egg::request::{Login, Request, Revoke};
use parlance_core::dialect::egg::wire::{
    Answer, Chat, Client, Data, End, Id, Message as Sent, Pack, Say as Body, Server,
};
use parlance_core::dialect::egg::{Egg, EggConfig};
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::{Asked, Dialect, Saying};
use parlance_core::frame::{
    Ack, ClientFrame, ConversationHead, Heads, Hello, Message, Nack, NackReason, Opened, Person,
    Refusal, Retry, Say, ServerFrame, Talk,
};
use parlance_core::ids::{ClientId, ConversationId, MessageId, Seq, Uid};
use parlance_core::time::UnixMillis;
use parlance_core::wire::{HttpRequest, Wire};
use serde_json::{Value, json};

use super::replay::{Direction, Held, Replay};

fn with_token(token: &str) -> Egg {
    Egg::new(EggConfig {
        link: "wss://egg.example/ws".to_owned(),
        api: "https://egg.example".to_owned(),
        // The later page's folder.
        upload: Some(
            "https://egg.example/api/chat/uploadStreamSingleToServerDiy/chatImgs".to_owned(),
        ),
        token: token.to_owned(),
        me: Me {
            uid: Some("6".to_owned()),
            name: Some("my06".to_owned()),
            avatar: None,
        },
        to: Some("10".to_owned()),
    })
}

fn pair(other: &str) -> ConversationId {
    ConversationId::pair(Uid::new("6"), Uid::new(other))
}

fn named(conversation: ConversationId, title: &str, avatar: Option<&str>) -> ServerFrame {
    ServerFrame::Conversation(ConversationHead {
        avatar: avatar.map(str::to_owned),
        ..head(conversation, Some(title))
    })
}

fn head(conversation: ConversationId, title: Option<&str>) -> ConversationHead {
    ConversationHead {
        conversation,
        title: title.map(str::to_owned),
        avatar: None,
        head: Seq(0),
        unread: None,
        read: None,
        last: None,
    }
}

fn heard(
    conversation: ConversationId,
    id: &str,
    from: Option<(&str, &str, &str)>,
    content: Content,
    at: i64,
) -> ServerFrame {
    ServerFrame::Message(Message {
        conversation,
        seq: None,
        id: Some(MessageId::new(id)),
        client_id: None,
        from: from.map(|(uid, name, avatar)| Person {
            uid: Uid::new(uid),
            name: name.to_owned(),
            avatar: Some(avatar.to_owned()),
            online: false,
            last_seen: None,
            host: false,
        }),
        content,
        at: Some(UnixMillis(at)),
    })
}

const TEN: (&str, &str, &str) = ("10", "my10", "https://egg.example/public/uploads/u10.png");
const LATER: i64 = 1_753_934_400_000;

/// What the page makes of each line that comes on the socket.
fn expected(number: u64) -> Vec<ServerFrame> {
    let text = |text: &str| Content::Text(text.to_owned());
    let notice = |text: &str| Content::Notice(text.to_owned());
    let ten = |id, content| vec![heard(pair("10"), id, Some(TEN), content, LATER)];
    match number {
        4 => Vec::new(),
        5 => vec![
            named(
                pair("redirect-myQrcode-6"),
                "我的二维码",
                Some("https://img.example/qr.png"),
            ),
            heard(
                pair("redirect-myQrcode-6"),
                "n1",
                None,
                notice("展示给别人加你为好友"),
                1_753_934_390_001,
            ),
        ],
        7 => vec![
            named(pair("10"), "my10", Some(TEN.2)),
            heard(
                pair("10"),
                "off1",
                Some(TEN),
                text("你不在时发的"),
                1_753_930_000_000,
            ),
        ],
        11 => ten("r1", text("收到")),
        12 => ten("r2", text("😀")),
        13 => ten(
            "r3",
            Content::Image(Media {
                url: "https://img.example/en.gif".to_owned(),
                name: Some("嗯，哼".to_owned()),
                ..Media::default()
            }),
        ),
        14 => ten(
            "r4",
            Content::Image(Media {
                url: "https://egg.example/public/uploads/Diy/chatImgs/20250310/1.png".to_owned(),
                ..Media::default()
            }),
        ),
        15 => ten(
            "r5",
            Content::Video(Media {
                url: "https://img.example/v.mp4".to_owned(),
                poster: Some("https://img.example/cover.png".to_owned()),
                duration: Some(12_000),
                ..Media::default()
            }),
        ),
        16 => ten(
            "r6",
            Content::Voice(Media {
                url: "https://img.example/a.mp3".to_owned(),
                duration: Some(3_000),
                ..Media::default()
            }),
        ),
        17 => vec![
            named(
                ConversationId::room("33"),
                "技术群",
                Some("https://egg.example/x.png"),
            ),
            heard(
                ConversationId::room("33"),
                "g1",
                Some(("1", "my1", "https://egg.example/public/uploads/u1.png")),
                text("群消息"),
                LATER,
            ),
        ],
        18 => vec![heard(
            ConversationId::room("33"),
            "g2",
            None,
            notice("my06创建了一个群，大家可以开始聊天了"),
            LATER,
        )],
        19 => vec![ServerFrame::Recalled(
            pair("10"),
            MessageId::new("r1"),
            "my10撤回了一条消息".to_owned(),
        )],
        26 => vec![ServerFrame::Pong(Heads::default())],
        27 => vec![ServerFrame::Ping(Heads::default())],
        29 => vec![ServerFrame::Refused(Refusal::TakenOver)],
        32 => vec![ServerFrame::Refused(Refusal::BadToken)],
        other => panic!("line {other} does not come on the socket"),
    }
}

fn end(id: Id, name: &str, avatar: &str) -> End {
    End {
        id,
        name: Some(name.to_owned()),
        avatar: Some(avatar.to_owned()),
    }
}

fn sent(id: &str, from: End, to: End, kind: &str, data: Data) -> Sent {
    Sent {
        id: Some(id.to_owned()),
        from,
        to,
        chat: Chat::Single,
        kind: kind.to_owned(),
        data,
        options: Some(json!({})),
        create_time: Some(LATER),
        removed: false,
        send_uuid: None,
        group: None,
        redirect: None,
        action: None,
        notice: None,
    }
}

fn pack(data: &str, data_type: Option<&str>, other: Value) -> Pack {
    Pack {
        data: data.to_owned(),
        data_type: data_type.map(str::to_owned),
        other,
    }
}

fn plain(text: &str) -> Pack {
    pack(text, None, Value::Null)
}

/// The event of each line that comes on the socket, as a gateway would have
/// it.
fn event(number: u64) -> Server {
    let me = |avatar| end(Id::of("6"), "my06", avatar);
    let ten = || end(Id::of("10"), "my10", "/public/uploads/u10.png");
    let from_ten = |id, kind, data| Sent {
        send_uuid: Some("uuid-10".to_owned()),
        ..sent(id, ten(), me("/x.png"), kind, data)
    };
    let group = || Sent {
        chat: Chat::Group,
        ..sent(
            "g1",
            end(Id::of("1"), "my1", "/public/uploads/u1.png"),
            end(Id::of("33"), "技术群", "/x.png"),
            "text",
            Data::Packed(plain("群消息")),
        )
    };
    let chat = |message| Server::Chat(Box::new(message), Some(LATER + 1));
    let picture = |url: &str| {
        let typed = json!({"type": "image", "typedata": {"path": url}});
        Data::Packed(pack(url, Some("image"), typed))
    };
    let icon = |icon: &str, name: &str, what: &str, event: &str| {
        let typed = json!({"type": "iconMenus", "typedata":
            {"name": name, "icon": icon, "iconType": what, "eventType": event}});
        Data::Packed(pack(icon, Some(what), typed))
    };
    match number {
        4 => Server::System("欢迎您访问我们的系统！".to_owned(), Some(1_753_934_390_000)),
        5 => {
            let at = 1_753_934_390_001;
            let service = end(
                Id::of("redirect-myQrcode-6"),
                "我的二维码",
                "https://img.example/qr.png",
            );
            let message = Sent {
                redirect: Some(json!({"type": "navigateTo",
                    "url": "/pages/setpageInfo/setpageInfo?action=groupQrcode&id=6"})),
                group: Some(json!({})),
                notice: Some("redirect-myQrcode-6".to_owned()),
                create_time: Some(at),
                ..sent(
                    "n1",
                    service,
                    me("/public/uploads/u6.png"),
                    "text",
                    Data::Object(plain("展示给别人加你为好友")),
                )
            };
            Server::Chat(Box::new(message), Some(at))
        }
        7 => {
            let message = Sent {
                send_uuid: Some("uuid-10".to_owned()),
                create_time: Some(1_753_930_000_000),
                ..sent(
                    "off1",
                    ten(),
                    me("/public/uploads/u6.png"),
                    "text",
                    Data::Packed(plain("你不在时发的")),
                )
            };
            Server::Chat(Box::new(message), Some(1_753_934_390_100))
        }
        11 => {
            let message = from_ten("r1", "text", Data::Bare("收到".to_owned()));
            let from = End {
                id: Id::text("10"),
                ..ten()
            };
            chat(Sent { from, ..message })
        }
        12 => chat(from_ten(
            "r2",
            "iconMenus",
            icon("😀", "嘿嘿", "emoji", "heihei"),
        )),
        13 => {
            let data = icon("https://img.example/en.gif", "嗯，哼", "image", "enheng");
            chat(from_ten("r3", "iconMenus", data))
        }
        14 => {
            let data = picture("/public/uploads/Diy/chatImgs/20250310/1.png");
            chat(from_ten("r4", "image", data))
        }
        15 => {
            let cover = "https://img.example/cover.png";
            let other = json!({"duration": "0:12", "poster": cover,
                "videoData": "https://img.example/v.mp4", "showPoster": true});
            let data = Data::Packed(pack(cover, Some("video"), other));
            chat(from_ten("r5", "video", data))
        }
        16 => {
            let pack = pack(
                "https://img.example/a.mp3",
                Some("audio"),
                json!({"duration": 3}),
            );
            chat(from_ten("r6", "audio", Data::Packed(pack)))
        }
        17 => chat(Sent {
            send_uuid: Some("uuid-1".to_owned()),
            group: Some(
                json!({"id": 33, "name": "技术群", "user_id": 6, "remark": "",
                "invite_confirm": 0}),
            ),
            ..group()
        }),
        18 => chat(Sent {
            id: Some("g2".to_owned()),
            from: end(Id::of("6"), "my6", "/public/uploads/u6.png"),
            kind: "systemNotice".to_owned(),
            data: Data::Object(plain("my06创建了一个群，大家可以开始聊天了")),
            send_uuid: Some("uuid-6".to_owned()),
            group: Some(json!({"id": 33})),
            ..group()
        }),
        19 => {
            let data = Data::Object(plain("my10撤回了一条消息"));
            chat(Sent {
                action: Some("revoke".to_owned()),
                group: Some(Value::Null),
                ..from_ten("r1", "systemNotice", data)
            })
        }
        26 => Server::Pong(None),
        27 => Server::Ping,
        29 => Server::ForceLogout("你的账号在其他设备登录".to_owned()),
        32 => Server::Fail("Token 不合法".to_owned()),
        other => panic!("line {other} does not come on the socket"),
    }
}

fn say(number: u64, other: &str, text: &str) -> ClientFrame {
    ClientFrame::Say(Say {
        client_id: ClientId::from_bits(u128::from(number)),
        conversation: pair(other),
        content: Content::Text(text.to_owned()),
        said_at: UnixMillis(0),
    })
}

fn one(sayings: Vec<Saying>) -> (HttpRequest, Asked) {
    match <[Saying; 1]>::try_from(sayings) {
        Ok([Saying::Request(request, asked)]) => (request, asked),
        other => panic!("not one request: {other:?}"),
    }
}

/// The requests that the page makes, line by line, with what it takes from
/// the answer.
fn asks(replay: &mut Replay, egg: &mut Egg) {
    let hello = egg.encode(&ClientFrame::Hello(Hello {
        ticket: None,
        cursors: Vec::new(),
    }));
    let Some(Saying::Request(missed, asked)) = hello.first().cloned() else {
        panic!("what was missed is asked for first: {hello:?}");
    };
    replay.asked(6, &missed);
    let frames = egg.decode_answer(&asked, &replay.line(6).response());
    replay.read(6, Held::PageRead, &frames, &Ok(Vec::new()));

    let (request, asked) = one(egg.encode(&ClientFrame::Open(pair("10"))));
    replay.asked(8, &request);
    let frames = egg.decode_answer(&asked, &replay.line(8).response());
    let opened = ServerFrame::Opened(Opened {
        head: head(pair("10"), Some("阿祖")),
        talk: Talk::Allowed,
        readers: Vec::new(),
    });
    replay.read(8, Held::PageRead, &frames, &Ok(vec![opened]));

    let ack = |number: u64, id: &str, at| {
        vec![ServerFrame::Ack(Ack {
            client_id: ClientId::from_bits(u128::from(number)),
            conversation: pair("10"),
            seq: None,
            id: Some(MessageId::new(id)),
            at: Some(UnixMillis(at)),
        })]
    };
    let nack = |number: u64, words: &str| {
        vec![ServerFrame::Nack(Nack {
            client_id: ClientId::from_bits(u128::from(number)),
            reason: NackReason::Other(words.to_owned()),
            retry: Retry::Never,
        })]
    };
    let uuid = "10d0c78a-0133-4be8-9b18-879f9682b246";
    for (number, other, text, frames) in [
        (9, "10", "你好,\"阿祖\" 😀", ack(9, uuid, 1_753_934_395_000)),
        (10, "10", "第二条", ack(10, "m2", 1_753_934_396_000)),
        (
            23,
            "11",
            "第二次",
            nack(23, "在成为好友之前，对方只允许向他发一条消息"),
        ),
        (24, "10", "", nack(24, "消息内容 is required")),
    ] {
        let (request, asked) = one(egg.encode(&say(number, other, text)));
        if number == 10 {
            // An exception: text is sent bare.
            let body: Value =
                serde_json::from_str(request.body.as_deref().expect("a body")).expect("it is JSON");
            assert_eq!(body["data"], "第二条");
        } else {
            replay.asked(number, &request);
        }
        let read = egg.decode_answer(&asked, &replay.line(number).response());
        replay.read(number, Held::PageRead, &read, &Ok(frames));
    }

    let mut old = with_token("OLD");
    let hello = old.encode(&ClientFrame::Hello(Hello {
        ticket: None,
        cursors: Vec::new(),
    }));
    let Some(Saying::Request(missed, asked)) = hello.first().cloned() else {
        panic!("what was missed is asked for first: {hello:?}");
    };
    replay.asked(33, &missed);
    let frames = old.decode_answer(&asked, &replay.line(33).response());
    let refused = vec![ServerFrame::Refused(Refusal::BadToken)];
    replay.read(33, Held::PageRead, &frames, &Ok(refused));

    let mut leaving = with_token("JWT-6");
    let request = leaving.sign_out().expect("there is a way out");
    replay.asked(34, &request);
    // Whatever is answered, the stay is over.
    let after = leaving.sign_out().expect("again");
    assert_eq!(after.headers[0], ("token".to_owned(), String::new()));
    replay.holds(34, Held::PageRead);
}

/// Where a picture is put is told to the page, which makes the request.
fn uploads(replay: &mut Replay, egg: &Egg) {
    let upload = egg.capabilities().offers.images.clone();
    let upload = upload.expect("pictures are offered");
    let line = replay.line(20).request();
    assert_eq!(upload.url, line.url);
    assert_eq!(upload.headers, [("token".to_owned(), "JWT-6".to_owned())]);
    assert!(line.headers.contains(&upload.headers[0]));
    let fields: Vec<String> = std::iter::once(format!("{}=<binary>", upload.field))
        .chain(
            upload
                .fields
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        )
        .collect();
    assert_eq!(line.body, Some(fields.join("; ")));
    replay.holds(20, Held::PageWrote);
    let body: Value =
        serde_json::from_str(&replay.line(20).response().body).expect("an answer is JSON");
    let url = upload
        .answer
        .iter()
        .fold(&body, |value, name| &value[*name]);
    let expected = "/public/uploads/Diy/chatImgs/20250310/1710038202074_99501763.png";
    assert_eq!(url, expected);
    replay.holds(20, Held::PageRead);
}

/// What the gateway has to understand each request as.
fn request(number: u64) -> Request {
    let body = |to: &str, data: Data| Body {
        to: Id::of(to),
        chat: Chat::Single,
        kind: "text".to_owned(),
        data,
        options: None,
    };
    let bare = |to, text: &str| Request::Say(body(to, Data::Bare(text.to_owned())));
    let revoke = |id: &str, create_time| {
        Request::Revoke(Revoke {
            id: id.to_owned(),
            to: Id::of("10"),
            chat: Chat::Single,
            create_time,
        })
    };
    match number {
        1 => Request::Login(Login {
            username: "my06".to_owned(),
            password: "123456".to_owned(),
        }),
        6 | 33 => Request::Missed,
        8 => Request::IsFriend("10".to_owned()),
        9 => bare("10", "你好,\"阿祖\" 😀"),
        10 => Request::Say(Body {
            options: Some("%7B%7D".to_owned()),
            ..body("10", Data::Object(plain("第二条")))
        }),
        20 => Request::Upload("chatImgs".to_owned()),
        21 => revoke("m2", 1_753_934_396_000),
        22 => revoke("old", 1_753_000_000_000),
        23 => bare("11", "第二次"),
        34 => Request::Logout,
        other => panic!("line {other} is no request that is understood"),
    }
}

/// What the gateway answers.
fn answer(number: u64) -> Answer {
    let me = || end(Id::of("6"), "my06", "/public/uploads/u6.png");
    let ten = || end(Id::of("10"), "阿祖", "/public/uploads/u10.png");
    let fail = |words: &str| Answer::Fail(words.to_owned());
    match number {
        1 => Answer::Ok(
            json!({"id": 6, "uuid": "be047323-0000-4000-8000-000000000006",
            "username": "my06", "nickname": "", "avatar": "/public/uploads/u6.png",
            "role": "user", "status": 1, "token": "JWT-6"}),
        ),
        6 => Answer::Ok(Value::from("ok")),
        8 => Answer::Ok(
            json!({"id": 29, "user_id": 6, "friend_id": 10, "nickname": "阿祖",
            "friendlookme": 1, "melookfriend": 1, "ismystarfriend": 0, "isblack": 0,
            "status": 1}),
        ),
        9 => {
            let data = Data::Bare("你好,\"阿祖\" 😀".to_owned());
            let message = Sent {
                create_time: Some(1_753_934_395_000),
                ..sent(
                    "10d0c78a-0133-4be8-9b18-879f9682b246",
                    me(),
                    ten(),
                    "text",
                    data,
                )
            };
            Answer::Ok(message.value())
        }
        10 => {
            let message = Sent {
                create_time: Some(1_753_934_396_000),
                send_uuid: Some("be047323".to_owned()),
                ..sent("m2", me(), ten(), "text", Data::Packed(plain("第二条")))
            };
            Answer::Ok(message.value())
        }
        20 => Answer::Ok(json!({
            "url": "/public/uploads/Diy/chatImgs/20250310/1710038202074_99501763.png"})),
        21 => {
            let bare = |id| End {
                id: Id::of(id),
                name: None,
                avatar: None,
            };
            let data = Data::Object(plain("my06撤回了一条消息"));
            let message = Sent {
                action: Some("revoke".to_owned()),
                group: Some(Value::Null),
                create_time: Some(1_753_934_500_000),
                ..sent("m2", bare("6"), bare("10"), "systemNotice", data)
            };
            Answer::Ok(message.value())
        }
        22 => fail("消息超过5分钟，不能撤回"),
        23 => fail("在成为好友之前，对方只允许向他发一条消息"),
        24 => fail("消息内容 is required"),
        33 => fail("Token 令牌不合法！"),
        34 => Answer::Ok(Value::Bool(true)),
        other => panic!("line {other} is not answered"),
    }
}

fn gateway(replay: &mut Replay, number: u64) {
    let line = replay.line(number).request();
    let path = line.url.strip_prefix("https://egg.example/");
    let path = path.expect("behind the base");
    // A form's fields are read by the server's own part.
    let fields = line.body.as_deref().filter(|body| body.starts_with('{'));
    let fields: Value = serde_json::from_str(fields.unwrap_or("{}")).expect("JSON");
    let read = Request::read(line.method, path, &fields);
    if number == 24 {
        let missing = read.expect_err("there is nothing in it");
        let words = format!("{} is required", missing.0);
        let answered = Answer::Fail(words).text();
        replay.read(24, Held::GatewayRead, &missing.0, &"消息内容");
        replay.answered(24, 422, &answered);
        return;
    }
    replay.read(number, Held::GatewayRead, &read, &Ok(Some(request(number))));
    let status = match answer(number) {
        Answer::Ok(_) => 200,
        Answer::Fail(_) => 400,
    };
    replay.answered(number, status, &answer(number).text());
    let response = replay.line(number).response();
    assert_eq!(Answer::read(&response.body), Ok(answer(number)));
}

#[test]
fn every_line_of_the_egg_backend_is_held() {
    let mut replay = Replay::of("egg");
    let mut egg = with_token("JWT-6");
    assert_eq!(egg.link_address(), replay.line(2).address());
    assert_eq!(with_token("BAD").link_address(), replay.line(31).address());

    let lines: Vec<(u64, Direction)> = replay
        .lines()
        .iter()
        .map(|line| (line.number, line.direction))
        .collect();
    for (number, direction) in lines {
        match direction {
            Direction::ToPage => {
                let wire = replay.line(number).wire();
                let frames = egg.decode(&wire);
                replay.read(number, Held::PageRead, &frames, &Ok(expected(number)));
                replay.wrote(number, Held::GatewayWrote, &event(number).text());
                let read = Server::read(replay.line(number).frame());
                assert_eq!(read, Ok(event(number)), "line {number}");
            }
            Direction::ToServer => {
                let (frame, read) = match number {
                    25 => (ClientFrame::Ping, Client::Ping),
                    28 => (ClientFrame::Pong, Client::Pong),
                    other => panic!("line {other} does not go on the socket"),
                };
                let said = egg.encode(&frame);
                let [Saying::Wire(Wire::Text(text))] = said.as_slice() else {
                    panic!("one text: {said:?}");
                };
                replay.wrote(number, Held::PageWrote, text);
                let heard = Client::read(replay.line(number).frame());
                replay.read(number, Held::GatewayRead, &heard, &Ok(read));
            }
            Direction::Http => gateway(&mut replay, number),
            Direction::Event => {}
        }
    }
    asks(&mut replay, &mut egg);
    uploads(&mut replay, &egg);
    replay.finish();
}
