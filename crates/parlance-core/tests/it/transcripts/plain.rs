//! Every line of the talk with the plain backend, through the page's dialect
//! and through the types that the gateway reads and writes with. What the
//! gateway does with them is shown over real sockets in the server's tests.

use parlance_core::content::Content;
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::plain::wire::{Client, History, Row, Server, Time};
use parlance_core::dialect::plain::{Plain, PlainConfig};
use parlance_core::dialect::{Asked, Dialect, Saying};
use parlance_core::frame::{
    Anchor, ClientFrame, Fill, Heads, Message, Part, Person, Rows, Say, ServerFrame,
};
use parlance_core::ids::{ClientId, ConversationId, MessageId, RequestId, Uid};
use parlance_core::time::UnixMillis;
use parlance_core::wire::{Method, Wire};

use super::replay::{Direction, Held, Replay};

fn plain() -> Plain {
    Plain::new(PlainConfig {
        link: "ws://chat.example:8000".to_owned(),
        api: "https://chat.example/".to_owned(),
        token: "TOK".to_owned(),
        room: None,
        me: Me {
            uid: Some("me".to_owned()),
            name: Some("Me".to_owned()),
            avatar: None,
        },
        other: Some("客服".to_owned()),
        offset_minutes: 480,
    })
}

fn room() -> ConversationId {
    ConversationId::room("plain")
}

fn said(from: (&str, &str), id: Option<&str>, text: &str, at: Option<i64>) -> Message {
    let (uid, name) = from;
    Message {
        conversation: room(),
        seq: None,
        id: id.map(MessageId::new),
        client_id: None,
        from: Some(Person {
            uid: Uid::new(uid),
            name: name.to_owned(),
            avatar: None,
            // I am here, and of the other side nobody knows.
            online: uid == "me",
            last_seen: None,
            host: false,
        }),
        content: Content::Text(text.to_owned()),
        at: at.map(UnixMillis),
    }
}

const ME: (&str, &str) = ("me", "Me");
const OTHER: (&str, &str) = ("other", "客服");

/// What the page makes of a line of the socket; `None`: it is logged.
fn expected(number: u64) -> Option<Vec<ServerFrame>> {
    let text = |text| Some(vec![ServerFrame::Message(said(OTHER, None, text, None))]);
    match number {
        6 => text("收到"),
        7 => text("服务器维护通知"),
        8 => text("12345"),
        9 => text("null"),
        10 => Some(Vec::new()),
        11 => None,
        13 => Some(vec![ServerFrame::Pong(Heads::default())]),
        other => panic!("line {other} does not come on the socket"),
    }
}

fn event(number: u64) -> Server {
    match number {
        6 => Server::Message("收到".to_owned()),
        7 => Server::Bare("服务器维护通知".to_owned()),
        8 => Server::Bare("12345".to_owned()),
        9 => Server::Bare("null".to_owned()),
        10 => Server::Message(String::new()),
        11 => Server::Other {
            kind: "system".to_owned(),
            content: Some("x".to_owned()),
        },
        13 => Server::Pong,
        other => panic!("line {other} does not come on the socket"),
    }
}

fn history(replay: &mut Replay, plain: &mut Plain) {
    let fill = Fill {
        request: RequestId(7),
        conversation: room(),
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    };
    let asking = plain.encode(&ClientFrame::Fill(fill.clone()));
    let [Saying::Request(request, asked)] = asking.as_slice() else {
        panic!("one request: {asking:?}");
    };
    assert_eq!(*asked, Asked::Page(fill));
    replay.asked(3, request);
    let line = replay.line(3).request();
    let (path, query) = line.url.split_once('?').expect("a query");
    assert_eq!(line.method, Method::Get);
    assert!(path.ends_with("/api/historyMessages"));
    replay.read(3, Held::GatewayRead, &query, &"limit=100");

    // 10:00:00 and 10:00:05 at eight hours east of UTC.
    let (first, second) = (1_751_335_200_000, 1_751_335_205_000);
    let rows = Rows {
        request: RequestId(7),
        conversation: room(),
        messages: vec![
            said(OTHER, Some("1"), "欢迎光临", Some(first)),
            said(ME, Some("2"), "你好", Some(second)),
        ],
        more: false,
    };
    let read = plain.decode_answer(asked, &replay.line(3).response());
    replay.read(3, Held::PageRead, &read, &Ok(vec![ServerFrame::Rows(rows)]));
    let row = |id: &str, mine, content: &str, time: &str| Row {
        id: Some(id.to_owned()),
        mine,
        content: content.to_owned(),
        time: Some(Time::Local(time.to_owned())),
    };
    let written = History::Rows(vec![
        row("1", false, "欢迎光临", "2025-07-01 10:00:00"),
        row("2", true, "你好", "2025-07-01 10:00:05"),
    ]);
    replay.answered(3, 200, &written.text());
}

#[test]
fn every_line_of_the_plain_backend_is_held() {
    let mut replay = Replay::of("plain");
    let mut plain = plain();
    assert_eq!(plain.link_address(), replay.line(2).address());
    let lines: Vec<(u64, Direction)> = replay
        .lines()
        .iter()
        .map(|line| (line.number, line.direction))
        .collect();
    for (number, direction) in lines {
        match direction {
            Direction::ToPage => {
                let frames = plain.decode(&replay.line(number).wire());
                if let Err(error) = &frames {
                    assert!(error.unknown, "line {number}: {error}");
                }
                let expected = expected(number);
                replay.read(number, Held::PageRead, &frames.ok(), &expected);
                replay.wrote(number, Held::GatewayWrote, &event(number).text());
            }
            Direction::ToServer => {
                let (frame, read) = match number {
                    5 => say("带引号 \" 反斜杠 \\ 换行\n 和 😀"),
                    12 => (ClientFrame::Ping, Client::Ping),
                    16 => say("离线时写的"),
                    other => panic!("line {other} does not go on the socket"),
                };
                let said = plain.encode(&frame);
                let [Saying::Wire(Wire::Text(text))] = said.as_slice() else {
                    panic!("one text: {said:?}");
                };
                // To the letter: the order of the fields is the old page's.
                assert_eq!(text, replay.line(number).frame());
                replay.wrote(number, Held::PageWrote, text);
                let heard = Client::read(replay.line(number).frame());
                replay.read(number, Held::GatewayRead, &heard, &Ok(read));
            }
            Direction::Http => history(&mut replay, &mut plain),
            Direction::Event => {}
        }
    }
    replay.finish();
}

fn say(text: &str) -> (ClientFrame, Client) {
    let frame = ClientFrame::Say(Say {
        client_id: ClientId::from_bits(1),
        conversation: room(),
        content: Content::Text(text.to_owned()),
        said_at: UnixMillis(0),
    });
    (frame, Client::Message(text.to_owned()))
}
