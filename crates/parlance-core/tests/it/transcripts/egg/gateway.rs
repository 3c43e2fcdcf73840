//! What a gateway has to do with each line: the events that it tells, the
//! requests that it understands, the answers that it gives, written out by hand.

use parlance_core::dialect::egg::request::{Login, Request, Revoke};
use parlance_core::dialect::egg::wire::{
    Answer, Chat, Data, End, Id, Message as Sent, Pack, Say as Body, Server,
};
use serde_json::{Value, json};

const LATER: i64 = 1_753_934_400_000;

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
pub(super) fn event(number: u64) -> Server {
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

/// What the gateway has to understand each request as.
pub(super) fn request(number: u64) -> Request {
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
pub(super) fn answer(number: u64) -> Answer {
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
