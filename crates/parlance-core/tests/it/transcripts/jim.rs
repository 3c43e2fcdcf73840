//! J-IM: the seed's talk with its own server and what a stock one was heard
//! to say.
//!
//! What is expected of each line is written here by hand; neither end's
//! encoder is asked what the other should read.

use std::time::Duration;

use parlance_core::content::{Content, Media};
use parlance_core::dialect::jim::wire::{Answer, Chat, Profile, Request, Wanted, Which};
use parlance_core::dialect::jim::{Jim, JimConfig};
use parlance_core::dialect::{DecodeError, Dialect, Saying};
use parlance_core::frame::{
    Ack, Anchor, ClientFrame, ConversationHead, Fill, Gone, Heads, Hello, Limits, Message, Nack,
    NackReason, Part, Person, Refusal, Retry, Rows, Say, ServerFrame, Welcome,
};
use parlance_core::ids::{ClientId, ConversationId, Epoch, MessageId, RequestId, Seq, Uid};
use parlance_core::time::UnixMillis;
use parlance_core::wire::Wire;
use serde_json::{Value, json};

use super::replay::{Held, Replay};

mod stock;
mod words;

use words::*;

const LI: &str = "https://img.example/l.png";
const ZHANG: &str = "https://img.example/z.png";
const WANG: &str = "https://img.example/w.png";
const ODD: &str = "引号\" 换行\n <i>标签</i> 😀";
const STOCK_FACE: &str = "http://images.rednet.cn/articleimage/2013/01/23/1403536948.jpg";

// ---- what is said ---------------------------------------------------------

fn zhang() -> Jim {
    Jim::new(zhang_config())
}

fn zhang_config() -> JimConfig {
    JimConfig {
        link: "ws://im.example:13000".to_owned(),
        uid: Some("zhang".to_owned()),
        name: Some("张三".to_owned()),
        avatar: Some(ZHANG.to_owned()),
        room: Some("100".to_owned()),
        // As the page whose talk this is: it names the flower.
        flower: "rose".to_owned(),
        ..JimConfig::default()
    }
}

fn stock(uid: &str, name: &str, avatar: &str) -> Jim {
    Jim::new(JimConfig {
        link: "ws://127.0.0.1:8888".to_owned(),
        uid: Some(uid.to_owned()),
        name: Some(name.to_owned()),
        avatar: Some(avatar.to_owned()),
        password: "123".to_owned(),
        room: Some("100".to_owned()),
        ..JimConfig::default()
    })
}

fn room(name: &str) -> ConversationId {
    ConversationId::room(name)
}

fn pair(one: &str, other: &str) -> ConversationId {
    ConversationId::pair(Uid::new(one), Uid::new(other))
}

fn fill(request: u64, conversation: ConversationId) -> ClientFrame {
    ClientFrame::Fill(Fill {
        request: RequestId(request),
        conversation,
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    })
}

fn say(bits: u128, conversation: ConversationId, content: Content, at: i64) -> ClientFrame {
    ClientFrame::Say(Say {
        client_id: ClientId::from_bits(bits),
        conversation,
        content,
        said_at: UnixMillis(at),
    })
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn image(url: &str) -> Content {
    Content::Image(Media {
        url: url.to_owned(),
        ..Media::default()
    })
}

/// The one text that is said for a frame.
#[track_caller]
fn said(jim: &mut Jim, frame: &ClientFrame) -> String {
    let sayings = jim.encode(frame);
    let [Saying::Wire(Wire::Text(text))] = sayings.as_slice() else {
        panic!("one text: {sayings:?}");
    };
    text.clone()
}

/// A chat as the line has it, without what the chapter tells this end to add:
/// the group under its other name, the three fields in their other place, the
/// client's id and the time. Each of them is looked at before it goes.
fn bare(written: &str, line: &str) -> String {
    let mut written: Value = serde_json::from_str(written).expect("JSON is written");
    let line: Value = serde_json::from_str(line).expect("the line is JSON");
    strip(&mut written, &line);
    written.to_string()
}

fn strip(written: &mut Value, line: &Value) {
    if let (Value::Array(written), Value::Array(line)) = (&mut *written, line) {
        for (written, line) in written.iter_mut().zip(line) {
            strip(written, line);
        }
        return;
    }
    let (Value::Object(written), Value::Object(line)) = (written, line) else {
        return;
    };
    if written.get("cmd") == Some(&json!(7)) || written.get("cmd") == Some(&json!(11)) {
        assert_eq!(written.get("group_id"), written.get("groupId"));
        for name in ["group_id", "groupId"] {
            if line.get(name).is_none() {
                written.remove(name);
            }
        }
    }
    if written.get("cmd") == Some(&json!(11)) {
        let extras = written.get("extras").cloned().unwrap_or_default();
        let line_extras = line.get("extras").cloned().unwrap_or_default();
        for name in ["nickName", "avatar", "type"] {
            assert_eq!(written.get(name), extras.get(name), "{name} in both places");
            if line.get(name).is_none() {
                written.remove(name);
            }
            if line_extras.get(name).is_none()
                && let Some(Value::Object(extras)) = written.get_mut("extras")
            {
                extras.remove(name);
            }
        }
        if line.get("extras").is_none() {
            assert_eq!(
                written.remove("extras").unwrap_or_else(|| json!({})),
                json!({})
            );
        }
        for name in ["id", "createTime"] {
            if line.get(name).is_none() {
                written.remove(name);
            }
        }
    }
    for (name, value) in written {
        strip(value, &line[name.as_str()]);
    }
}

/// The page says this, and the gateway understands it so.
#[track_caller]
fn out(replay: &mut Replay, number: u64, written: &str, read: &Request) {
    let frame = replay.line(number).frame().to_owned();
    replay.wrote(number, Held::PageWrote, &bare(written, &frame));
    replay.read(number, Held::GatewayRead, &Request::read(&frame), read);
}

/// The gateway says this, and the page understands it so.
#[track_caller]
fn back(
    replay: &mut Replay,
    jim: &mut Jim,
    number: u64,
    written: &Answer,
    read: &Result<Vec<ServerFrame>, DecodeError>,
) {
    let line = replay.line(number);
    let (frame, wire) = (line.frame().to_owned(), line.wire());
    replay.wrote(number, Held::GatewayWrote, &bare(&written.write(), &frame));
    replay.read(number, Held::PageRead, &jim.decode(&wire), read);
}

// ---- what is expected -----------------------------------------------------

fn person(uid: &str, name: &str, avatar: Option<&str>, online: bool) -> Person {
    Person {
        uid: Uid::new(uid),
        name: name.to_owned(),
        avatar: avatar.map(str::to_owned),
        online,
        last_seen: None,
        host: false,
    }
}

fn message(
    conversation: ConversationId,
    id: &str,
    from: Person,
    content: Content,
    at: i64,
) -> Message {
    Message {
        conversation,
        seq: None,
        id: Some(MessageId::new(id)),
        client_id: None,
        from: Some(from),
        content,
        at: Some(UnixMillis(at)),
    }
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

fn welcome(me: Person) -> ServerFrame {
    ServerFrame::Welcome(Welcome {
        me,
        epoch: Epoch::new("local"),
        spread: Duration::from_secs(1),
        ping_every: None,
        limits: Limits::default(),
        conversations: vec![head(room("100"), None)],
    })
}

fn rows(request: u64, messages: Vec<Message>) -> Result<Vec<ServerFrame>, DecodeError> {
    Ok(vec![ServerFrame::Rows(Rows {
        request: RequestId(request),
        conversation: room("100"),
        messages,
        more: false,
    })])
}

fn heard(message: Message) -> Result<Vec<ServerFrame>, DecodeError> {
    Ok(vec![ServerFrame::Message(message)])
}

const UNKNOWN_COMMAND: Answer = Answer::Other {
    command: 0,
    code: Some(10_017),
};

fn nobody_knows() -> Result<Vec<ServerFrame>, DecodeError> {
    Err(DecodeError::unknown(
        "a command that the server does not know",
    ))
}

#[test]
fn every_line_of_the_seeds_talk_is_held() {
    let mut book = Replay::of("jim");
    let replay = &mut book;
    let jim = &mut zhang();
    let me = || person("zhang", "张三", Some(ZHANG), true);
    let li = || person("li", "李四", Some(LI), true);

    let dialled = Jim::new(JimConfig {
        avatar: Some("https://img.example/z.png?v=1&2".to_owned()),
        ..zhang_config()
    });
    assert_eq!(dialled.link_address(), replay.line(1).address());
    assert!(jim.encode(&ClientFrame::Hello(hello())).is_empty());
    let written = said(jim, &fill(1, room("100")));
    out(replay, 3, &written, &history("zhang", "100"));

    back(
        replay,
        jim,
        4,
        &joined("100", user("zhang", "张三", true)),
        &Ok(vec![]),
    );
    let login = Answer::Login {
        code: 10_007,
        user: None,
    };
    let roster = ServerFrame::Roster(room("100"), vec![me()]);
    back(replay, jim, 5, &login, &Ok(vec![welcome(me()), roster]));

    let kept = vec![
        dressed(
            named(chat("li", "早上好", 1_733_800_000_000), "h1"),
            "李四",
            LI,
            "1",
        ),
        dressed(
            named(
                chat("zhang", "https://img.example/pic.png", 1_733_800_001_000),
                "h2",
            ),
            "张三",
            ZHANG,
            "2",
        ),
    ];
    let picture = image("https://img.example/pic.png");
    let first = rows(
        1,
        vec![
            message(room("100"), "h1", li(), text("早上好"), 1_733_800_000_000),
            message(room("100"), "h2", me(), picture, 1_733_800_001_000),
        ],
    );
    back(
        replay,
        jim,
        6,
        &log(10_018, "zhang", vec![("100".to_owned(), kept)]),
        &first,
    );
    // Three more answers that the same question may have.
    jim.encode(&fill(2, room("100")));
    back(
        replay,
        jim,
        7,
        &log(10_018, "zhang", vec![]),
        &rows(2, vec![]),
    );
    jim.encode(&fill(3, room("100")));
    back(replay, jim, 8, &no_log(10_018), &rows(3, vec![]));
    jim.encode(&fill(4, room("100")));
    let gone = ServerFrame::Gone(Gone {
        request: RequestId(4),
        retry: Retry::Never,
    });
    back(replay, jim, 9, &no_log(10_015), &Ok(vec![gone]));

    // Said, and heard again. This server gives messages ids of its own.
    let mine = [
        (10, 11, text(ODD), ODD, 1_733_800_010_000, "1", "c1"),
        (
            14,
            15,
            image("https://img.example/p.png"),
            "https://img.example/p.png",
            1_733_800_012_000,
            "2",
            "c2",
        ),
        (16, 17, Content::Like, "", 1_733_800_013_000, "3", "c3"),
        (
            18,
            19,
            Content::Flower,
            "rose",
            1_733_800_014_000,
            "4",
            "c4",
        ),
    ];
    for (there, again, content, words, at, kind, id) in mine {
        let written = said(jim, &say(there.into(), room("100"), content.clone(), at));
        let read = dressed(chat("zhang", words, at), "张三", ZHANG, kind);
        out(replay, there, &written, &Request::Chat(read.clone()));
        let echo = heard(message(room("100"), id, me(), content, at));
        back(replay, jim, again, &Answer::Chat(named(read, id)), &echo);
    }
    let at = 1_733_800_010_000;
    let stock = Answer::Chat(named(chat("zhang", ODD, at), "c1b"));
    let echo = heard(message(room("100"), "c1b", me(), text(ODD), at));
    back(replay, jim, 12, &stock, &echo);
    back(replay, jim, 13, &sent(10_000), &Ok(vec![]));

    // From others, here and elsewhere.
    let wang = || person("wang", "王五", Some(WANG), true);
    let from = dressed(
        named(chat("wang", "新人报到", 1_733_800_020_000), "c9"),
        "王五",
        WANG,
        "1",
    );
    let read = message(
        room("100"),
        "c9",
        wang(),
        text("新人报到"),
        1_733_800_020_000,
    );
    back(replay, jim, 20, &Answer::Chat(from), &heard(read));
    let private = Chat {
        group: None,
        to: Some("zhang".to_owned()),
        chat_type: Some(2),
        ..named(chat("wang", "私聊", 1_733_800_021_000), "c10")
    };
    let read = message(
        pair("wang", "zhang"),
        "c10",
        wang(),
        text("私聊"),
        1_733_800_021_000,
    );
    back(replay, jim, 21, &Answer::Chat(private), &heard(read));
    let other = Chat {
        group: Some("200".to_owned()),
        ..named(chat("wang", "别的课", 1_733_800_022_000), "c11")
    };
    let read = message(
        room("200"),
        "c11",
        wang(),
        text("别的课"),
        1_733_800_022_000,
    );
    back(replay, jim, 22, &Answer::Chat(other), &heard(read));

    // The answers to 14, 16 and 18 are not in the talk; these two stand for
    // those of the next messages.
    for _ in 0..3 {
        let taken = jim.decode(&Wire::Text(sent(10_000).write()));
        assert_eq!(taken, Ok(vec![]));
    }
    jim.encode(&say(23, pair("wang", "zhang"), text("在吗"), 1));
    back(replay, jim, 23, &sent(10_001), &Ok(vec![]));
    jim.encode(&say(24, room("100"), text("x"), 2));
    let nack = ServerFrame::Nack(Nack {
        client_id: ClientId::from_bits(24),
        reason: NackReason::Other("send failed 消息发送失败,数据格式不正确".to_owned()),
        retry: Retry::Never,
    });
    back(replay, jim, 24, &sent(10_002), &Ok(vec![nack]));
    back(replay, jim, 25, &UNKNOWN_COMMAND, &nobody_knows());

    out(
        replay,
        26,
        &said(jim, &ClientFrame::Ping),
        &Request::Heartbeat,
    );
    let pong = ServerFrame::Pong(Heads::default());
    back(replay, jim, 27, &Answer::Heartbeat, &Ok(vec![pong]));

    let online = Request::Users {
        which: Some(Which::Online),
        user: Some("zhang".to_owned()),
    };
    let written = said(jim, &ClientFrame::Open(room("100")));
    out(replay, 28, &written, &online);
    let people = || {
        vec![
            with_face(user("zhang", "张三", true), ZHANG),
            with_face(user("li", "李四", true), LI),
        ]
    };
    let profile = Profile {
        user: with_face(user("zhang", "张三", true), ZHANG),
        friends: vec![circle("1", "我的好友", vec![])],
        groups: vec![circle("100", "J-IM朋友圈", people())],
    };
    let users = Answer::Users {
        code: 10_005,
        profile: Some(profile),
    };
    let read = vec![
        ServerFrame::Conversation(head(room("100"), Some("J-IM朋友圈"))),
        ServerFrame::Roster(room("100"), vec![li(), me()]),
    ];
    back(replay, jim, 29, &users, &Ok(read));
    // Somebody left by one socket: nobody is gone before it was asked.
    let asks = ServerFrame::Ping(Heads::default());
    back(
        replay,
        jim,
        30,
        &left("100", user("li", "李四", false)),
        &Ok(vec![asks]),
    );
    let written = said(jim, &ClientFrame::Pong);
    assert_eq!(Request::read(&written), online);

    // The page never asks for it: reading takes it off the server for good.
    // The writer that the page has can say it.
    out(replay, 31, &missed("zhang").write(), &missed("zhang"));
    let kept = named(chat("li", "你不在时", 1_733_799_000_000), "o1");
    let read = message(room("100"), "o1", li(), text("你不在时"), 1_733_799_000_000);
    let answer = log(10_016, "zhang", vec![("100".to_owned(), vec![kept])]);
    back(replay, jim, 32, &answer, &heard(read));

    assert!(
        jim.encode(&ClientFrame::Leave).is_empty(),
        "line 33: the close is all"
    );
    back(replay, jim, 34, &Answer::Closed, &Ok(vec![]));
    jim.reset();
    let refused = Answer::Login {
        code: 10_008,
        user: None,
    };
    let read = ServerFrame::Refused(Refusal::BadToken);
    back(replay, jim, 37, &refused, &Ok(vec![read]));
    book.finish();
}

fn hello() -> Hello {
    Hello {
        ticket: None,
        cursors: Vec::new(),
    }
}
