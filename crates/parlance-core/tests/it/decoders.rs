//! Whatever comes from outside is read without a panic, and what one end
//! writes the other reads.
//!
//! Cases are made from a seed, which a failing run prints: `DECODER_SEED`
//! repeats it, `DECODER_CASES` makes more of them.

use std::collections::BTreeMap;

use parlance_core::content::{Answer, Card, Content, Media};
use parlance_core::dialect::native::wire::{Client, Server};
use parlance_core::dialect::native::{Native, NativeConfig, body_of, content_of};
use parlance_core::dialect::{Admission, Dialect, Saying};
use parlance_core::frame::{Anchor, ClientFrame, Cursor, Fill, Hello, Part, Say, ServerFrame};
use parlance_core::ids::{ClientId, ConversationId, Epoch, MessageId, RequestId, Seq};
use parlance_core::outbox::Draft;
use parlance_core::time::UnixMillis;
use parlance_core::wire::{HttpResponse, Wire};
use serde_json::{Value, json};

use crate::rig::Rig;

pub(crate) mod spoiler;

use spoiler::Spoiler;

pub(crate) const DEFAULT_CASES: u64 = if cfg!(debug_assertions) {
    5_000
} else {
    50_000
};

pub(crate) fn from_environment(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn native() -> Native {
    Native::new(NativeConfig {
        link: "wss://chat.example/ws".to_owned(),
        api: "https://chat.example/".to_owned(),
        token: None,
    })
}

/// One of each kind that a server sends.
pub(crate) fn server_frames() -> Vec<Value> {
    let bob = json!({"uid": "u-bob", "name": "bob", "online": true, "seen": 5, "host": true, "avatar": "/b.png"});
    let message = json!({"seq": 3, "id": "m3", "cid": "c-1", "from": bob, "body": {"kind": "text", "text": "hi"}, "ts": 9});
    let head = json!({"conv": "room:lobby", "title": "Lobby", "avatar": "/l.png", "seq": 3, "unread": 2, "read": 1, "last": message});
    vec![
        json!({"t": "welcome", "me": bob, "epoch": "e", "spread_ms": 1000, "ping_ms": 20000, "limits": {"text_bytes": 9}, "convs": [head]}),
        json!({"t": "opened", "head": head, "talk": "muted", "readers": [{"uid": "u-bob", "seq": 1}]}),
        json!({"t": "conv", "head": head}),
        json!({"t": "ack", "cid": "c-1", "conv": "pair:a:b", "seq": 4, "id": "m4", "ts": 9, "dup": true}),
        json!({"t": "nack", "cid": "c-1", "code": "rate_limited", "text": "slowly", "retry_ms": 500}),
        json!({"t": "push", "conv": "room:lobby", "msg": message}),
        json!({"t": "page", "req": 7, "conv": "room:lobby", "epoch": "e", "from": 1, "to": 3, "msgs": [message], "head": 3}),
        json!({"t": "gone", "req": 7, "retry_ms": 500}),
        json!({"t": "recalled", "conv": "room:lobby", "seq": 3, "id": "m3", "text": "taken back"}),
        json!({"t": "roster", "conv": "room:lobby", "people": [bob]}),
        json!({"t": "came", "conv": "room:lobby", "who": bob}),
        json!({"t": "went", "conv": "room:lobby", "uid": "u-bob", "seen": 5}),
        json!({"t": "typing", "conv": "room:lobby", "who": bob}),
        json!({"t": "read", "conv": "room:lobby", "uid": "u-bob", "seq": 2}),
        json!({"t": "ping", "heads": [{"conv": "room:lobby", "seq": 3}], "sum": "18446744073709551615"}),
        json!({"t": "pong", "heads": [], "sum": "3"}),
        json!({"t": "bye", "retry_ms": 500}),
    ]
}

/// What is not a frame and is read from outside all the same.
pub(crate) fn other_texts() -> Vec<Value> {
    vec![
        json!({"ticket": "t", "ttl_ms": 30000, "user": {"uid": "u", "name": "n"}}),
        json!({"error": {"code": "bad_name", "text": "no"}}),
        json!({"v": 1, "cid": "c-1", "conv": "room:lobby", "body": {"kind": "text", "text": "x"}, "at": 5, "order": 3}),
    ]
}

/// Prints which case it was when it panics.
struct Case<'a> {
    seed: u64,
    number: u64,
    text: &'a str,
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text: String = self.text.chars().take(300).collect();
            eprintln!("DECODER_SEED={} case {}: {text:?}", self.seed, self.number);
        }
    }
}

#[test]
fn nothing_that_comes_from_outside_makes_a_reader_panic() {
    let seed = from_environment("DECODER_SEED", 20_261_120);
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES);
    let mut spoiler = Spoiler::new(seed);
    let mut native = native();
    let mut read: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for number in 0..cases {
        let (kind, text) = spoiler.next();
        let _case = Case {
            seed,
            number,
            text: &text,
        };
        let wire = Wire::Text(text.clone());
        let frame = native.decode(&wire);
        if let Err(error) = &frame {
            assert!(
                error.what.len() < 600,
                "an error says what is wrong, not the frame"
            );
        }
        let status = [200, 201, 400, 401, 403, 422, 429, 500, 0][(number % 9) as usize];
        let body = text.clone();
        let _ = native.read_admission(&HttpResponse { status, body });
        let draft = Draft::from_record(&text);
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let content = content_of(&value);
            let _ = content.text();
            let _ = body_of(&content);
        }
        let counts = read.entry(kind).or_default();
        counts.0 += 1;
        counts.1 += u64::from(frame.is_ok() || draft.is_ok());
        if number % 97 == 0 {
            assert!(
                native
                    .decode(&Wire::Binary(text.clone().into_bytes()))
                    .is_err()
            );
            native.reset();
        }
    }
    println!("seed {seed}: kind, how many, how many could be read: {read:?}");
    assert_eq!(read.len(), 8, "every way of spoiling was tried");
    assert!(read["mistyped"].1 > 0 && read["mistyped"].1 < read["mistyped"].0);
    assert!(read["double key"].1 > 0);
}

#[test]
fn nothing_that_comes_on_a_link_makes_a_session_panic_or_stop() {
    let seed = from_environment("DECODER_SEED", 20_261_120) ^ 0x5e55;
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES) / 25;
    let mut spoiler = Spoiler::new(seed);
    let mut rig = Rig::online_with(3);
    for number in 0..cases {
        let (_, text) = spoiler.next();
        let _case = Case {
            seed,
            number,
            text: &text,
        };
        if rig.session.status() != parlance_core::Status::Online {
            rig = Rig::online_with(3);
        }
        rig.raw(&text);
        if number % 8 == 0 {
            rig.advance(1.0);
        }
    }
}

#[test]
fn what_a_server_writes_is_read_as_it_was() {
    let mut native = native();
    for frame in server_frames() {
        let text = frame.to_string();
        let written: Server = serde_json::from_str(&text).expect("a sound frame");
        assert_ne!(written, Server::Unknown, "{text}");
        let again = serde_json::to_value(&written).expect("can be written");
        assert_eq!(again, frame, "as it was");
        let numbered = parlance_core::dialect::native::wire::Numbered {
            n: 5,
            frame: &written,
        };
        let numbered = serde_json::to_string(&numbered).expect("can be written");
        native.reset();
        let frames = native.decode(&Wire::Text(numbered)).expect("can be read");
        assert_eq!(frames.len(), 1);
        assert_eq!(kind_of(&frames[0]), frame["t"], "{text}");
    }
}

fn kind_of(frame: &ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Welcome(_) => "welcome",
        ServerFrame::Refused(_) => "refused",
        ServerFrame::Opened(_) => "opened",
        ServerFrame::Ack(_) => "ack",
        ServerFrame::Nack(_) => "nack",
        ServerFrame::Message(_) => "push",
        ServerFrame::Page(_) => "page",
        ServerFrame::Rows(_) => "rows",
        ServerFrame::Recalled(..) => "recalled",
        ServerFrame::Gone(_) => "gone",
        ServerFrame::Roster(..) => "roster",
        ServerFrame::Came(..) => "came",
        ServerFrame::Went(..) => "went",
        ServerFrame::Typing(..) => "typing",
        ServerFrame::Read(..) => "read",
        ServerFrame::Ping(_) => "ping",
        ServerFrame::Pong(_) => "pong",
        ServerFrame::Bye(_) => "bye",
        ServerFrame::Conversation(_) => "conv",
        ServerFrame::Lost => "lost",
    }
}

#[test]
fn a_message_is_read_field_by_field() {
    let mut native = native();
    let push = &server_frames()[5];
    let frames = native
        .decode(&Wire::Text(push.to_string()))
        .expect("can be read");
    let ServerFrame::Message(message) = &frames[0] else {
        panic!("a push is a message");
    };
    let from = message.from.as_ref().expect("somebody said it");
    assert_eq!(message.conversation, ConversationId::room("lobby"));
    assert_eq!(message.seq, Some(Seq(3)));
    assert_eq!(message.client_id, ClientId::parse("c-1"));
    assert_eq!(message.content, Content::Text("hi".to_owned()));
    assert_eq!(message.at, Some(UnixMillis(9)));
    assert_eq!((from.uid.as_str(), from.name.as_str()), ("u-bob", "bob"));
    assert!(from.online && from.host);
    assert_eq!(from.avatar.as_deref(), Some("/b.png"));
    assert_eq!(from.last_seen, Some(UnixMillis(5)));
}

#[test]
fn what_a_client_writes_is_read_as_it_was() {
    let room = ConversationId::room("a:b");
    let conv = "room:a:b".to_owned();
    let fill = |part| {
        ClientFrame::Fill(Fill {
            request: RequestId(9),
            conversation: ConversationId::room("a:b"),
            part,
            anchor: Anchor::default(),
            limit: 50,
        })
    };
    let filled = |before, after| Client::Fill {
        req: 9,
        conv: "room:a:b".to_owned(),
        before,
        after,
        limit: 50,
    };
    let cursor = Cursor {
        epoch: Epoch::new("e"),
        seq: Seq(7),
    };
    let hello = Hello {
        ticket: Some("t".to_owned()),
        cursors: vec![(room.clone(), cursor)],
    };
    let heard = parlance_core::dialect::native::wire::Heard {
        conv: conv.clone(),
        epoch: "e".to_owned(),
        seq: 7,
    };
    let said = Say {
        client_id: ClientId::from_bits(1),
        conversation: room.clone(),
        content: Content::Text("\"hi\"\n".to_owned()),
        said_at: UnixMillis(9),
    };
    let pairs = [
        (
            ClientFrame::Hello(hello),
            Client::Hello {
                ticket: "t".to_owned(),
                ver: 1,
                cursors: vec![heard],
            },
        ),
        (
            ClientFrame::Open(room.clone()),
            Client::Open { conv: conv.clone() },
        ),
        (
            ClientFrame::Say(said),
            Client::Send {
                cid: "00000000000000000000000000000001".to_owned(),
                conv: conv.clone(),
                body: json!({"kind": "text", "text": "\"hi\"\n"}),
            },
        ),
        (fill(Part::Newest), filled(None, None)),
        (fill(Part::Before(Seq(5))), filled(Some(5), None)),
        (fill(Part::After(Seq(0))), filled(None, Some(0))),
        (
            ClientFrame::Read(room.clone(), Seq(4)),
            Client::Read {
                conv: conv.clone(),
                seq: 4,
            },
        ),
        (ClientFrame::Typing(room), Client::Typing { conv }),
        (ClientFrame::Ping, Client::Ping {}),
        (ClientFrame::Pong, Client::Pong {}),
    ];
    let mut native = native();
    for (frame, expected) in pairs {
        let wires = native.encode(&frame);
        let [Saying::Wire(Wire::Text(text))] = wires.as_slice() else {
            panic!("one text: {wires:?}");
        };
        let read: Client = serde_json::from_str(text).expect("can be read");
        assert_eq!(read, expected);
        let again = serde_json::to_string(&expected).expect("can be written");
        assert_eq!(serde_json::from_str::<Client>(&again).ok(), Some(expected));
    }
    assert!(native.encode(&ClientFrame::Leave).is_empty());
}

#[test]
fn a_hello_says_no_more_cursors_than_fit() {
    let cursors = (0..100).map(|number| {
        let cursor = Cursor {
            epoch: Epoch::new("e"),
            seq: Seq(number),
        };
        (ConversationId::room(number.to_string()), cursor)
    });
    let hello = Hello {
        ticket: None,
        cursors: cursors.collect(),
    };
    let wires = native().encode(&ClientFrame::Hello(hello));
    let [Saying::Wire(Wire::Text(text))] = wires.as_slice() else {
        panic!("one text");
    };
    let Ok(Client::Hello { cursors, .. }) = serde_json::from_str(text) else {
        panic!("a hello");
    };
    assert_eq!(cursors.len(), 32);
    assert!(text.len() <= 4_096, "the first message is at most 4 kB");
}

#[test]
fn every_kind_of_content_survives_the_wire_and_the_device() {
    let text = || Some("x \"y\" \u{202e}\n你好".to_owned());
    let media = || Media {
        url: "/a.png".to_owned(),
        name: text(),
        width: Some(3),
        height: None,
        bytes: Some(u64::MAX),
        duration: Some(0),
        poster: text(),
    };
    let card = || Card {
        id: text(),
        title: "A thing".to_owned(),
        text: None,
        price: Some("¥ 3.50".to_owned()),
        image: text(),
        url: text(),
    };
    let contents = [
        Content::Text(String::new()),
        Content::Text("x\0y".to_owned()),
        Content::Image(media()),
        Content::Video(media()),
        Content::Voice(Media {
            url: "/v.amr".to_owned(),
            ..Media::default()
        }),
        Content::File(media()),
        Content::Product(card()),
        Content::Order(card()),
        Content::Question("why?".to_owned()),
        Content::Answer(Answer {
            question: "why?".to_owned(),
            answer: "so".to_owned(),
            organisation: text(),
            logo: None,
            to: text(),
            to_uid: Some("7".to_owned()),
        }),
        Content::Like,
        Content::Flower,
        Content::Notice("closed".to_owned()),
        content_of(&json!({"kind": "hologram", "fallback": "(light)", "beams": [1, 2]})),
    ];
    for (number, content) in contents.into_iter().enumerate() {
        assert_eq!(content_of(&body_of(&content)), content);
        let draft = Draft {
            client_id: ClientId::from_bits(number as u128),
            conversation: ConversationId::room("a:b"),
            content,
            said_at: UnixMillis(-1),
            order: number as u64,
            handed_over: number % 2 == 1,
            after: (number % 3 == 1).then(|| MessageId::new("a \"9\"")),
            again: None,
        };
        assert_eq!(Draft::from_record(&draft.to_record().value), Ok(draft));
    }
}

#[test]
fn an_admission_is_read_by_status_and_code() {
    let native = native();
    let read = |status, body: &str| {
        let body = body.to_owned();
        native.read_admission(&HttpResponse { status, body })
    };
    let refused = |code: &str| format!(r#"{{"error":{{"code":"{code}","text":"words"}}}}"#);
    let user = r#""user":{"uid":"u","name":"n"}"#;
    assert_eq!(
        read(200, &format!(r#"{{"ticket":"t",{user}}}"#)),
        Ok(Admission::Ticket("t".to_owned()))
    );
    assert_eq!(read(200, &format!("{{{user}}}")), Ok(Admission::Joined));
    assert_eq!(
        read(401, &refused("no_identity")),
        Ok(Admission::NoIdentity)
    );
    assert_eq!(read(401, &refused("bad_token")), Ok(Admission::BadToken));
    assert_eq!(read(401, &refused("expired")), Ok(Admission::BadToken));
    assert_eq!(read(403, &refused("banned")), Ok(Admission::Banned));
    assert_eq!(
        read(422, &refused("bad_name")),
        Ok(Admission::NameRefused("words".to_owned()))
    );
    assert_eq!(
        read(429, &refused("rate_limited")),
        Ok(Admission::TryLater(None))
    );
    assert_eq!(read(503, "<html>"), Ok(Admission::TryLater(None)));
    for (status, body) in [(200, "<html>"), (401, "<html>"), (418, "{}"), (200, "{}")] {
        assert!(read(status, body).is_err(), "{status} {body}");
    }
}

#[test]
fn pictures_are_posted_with_the_credential_that_there_is() {
    let guest = native();
    let upload = guest.capabilities().offers.images.clone();
    let upload = upload.expect("the native server takes pictures");
    assert_eq!(upload.url, "https://chat.example/api/upload");
    assert_eq!((upload.headers, upload.with_cookies), (Vec::new(), true));
    assert_eq!((upload.field, upload.answer), ("file", &["url"][..]));

    let known = Native::new(NativeConfig {
        link: "wss://chat.example/ws".to_owned(),
        api: "https://chat.example/".to_owned(),
        token: Some("t".to_owned()),
    });
    let upload = known.capabilities().offers.images.clone();
    let upload = upload.expect("the native server takes pictures");
    let bearer = ("authorization".to_owned(), "Bearer t".to_owned());
    assert_eq!((upload.headers, upload.with_cookies), (vec![bearer], false));
}
