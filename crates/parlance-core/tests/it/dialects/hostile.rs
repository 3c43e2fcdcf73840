//! Whatever comes from outside is read without a panic by these dialects, and
//! by the types that their gateways read with; and what one end writes the
//! other reads.
//!
//! Cases are made from the transcripts and a seed, which is printed:
//! `DECODER_SEED` repeats it, `DECODER_CASES` makes more of them.

use std::collections::BTreeMap;

use parlance_core::chance::Chance;
use parlance_core::content::{Content, Media};
use parlance_core::dialect::egg::content::{content_of, words_for};
use parlance_core::dialect::egg::request::{Login, Request, Revoke};
use parlance_core::dialect::egg::wire as egg;
use parlance_core::dialect::egg::{Egg, EggConfig};
use parlance_core::dialect::plain::wire as plain;
use parlance_core::dialect::plain::{Plain, PlainConfig};
use parlance_core::dialect::{Asked, Dialect};
use parlance_core::frame::{Anchor, Fill, Part, ServerFrame};
use parlance_core::ids::{ClientId, ConversationId, RequestId, Uid};
use parlance_core::wire::{HttpResponse, Method, Wire};
use serde_json::{Value, json};

use crate::decoders::spoiler::Spoiler;
use crate::decoders::{DEFAULT_CASES, from_environment};
use crate::transcripts::replay::{Direction, Replay};

/// Every frame and body of a transcript.
pub(super) fn sound(name: &str) -> Vec<Value> {
    let replay = Replay::of(name);
    let texts = replay.lines().iter().flat_map(|line| match line.direction {
        Direction::ToServer | Direction::ToPage => vec![line.frame().to_owned()],
        Direction::Http => {
            let body = line.request().body;
            body.into_iter().chain([line.response().body]).collect()
        }
        Direction::Event => Vec::new(),
    });
    let values = texts.filter_map(|text| serde_json::from_str(&text).ok());
    values.filter(|value: &Value| value.is_object()).collect()
}

pub(super) fn egg_dialect() -> Egg {
    Egg::new(EggConfig {
        link: "wss://egg.example/ws".to_owned(),
        api: "https://egg.example/".to_owned(),
        token: "6".to_owned(),
        ..EggConfig::default()
    })
}

pub(super) fn plain_dialect() -> Plain {
    Plain::new(PlainConfig {
        link: "wss://plain.example".to_owned(),
        api: "https://plain.example/".to_owned(),
        token: "6".to_owned(),
        ..PlainConfig::default()
    })
}

pub(super) fn asked() -> [Asked; 5] {
    let pair = ConversationId::pair(Uid::new("6"), Uid::new("10"));
    let page = Fill {
        request: RequestId(1),
        conversation: pair.clone(),
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    };
    [
        Asked::Page(page),
        Asked::Say(ClientId::from_bits(1), pair.clone()),
        Asked::Aside("offline", None),
        Asked::Aside("friends", None),
        Asked::Aside("friend", Some(pair)),
    ]
}

/// Reads each text in every way in which a dialect can.
pub(super) fn read_all(name: &str, seed: u64, mut dialect: impl Dialect, gateway: impl Fn(&str)) {
    let seed = from_environment("DECODER_SEED", seed);
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES);
    println!("{name}: seed {seed}, {cases} cases");
    let mut spoiler = Spoiler::of(seed, sound(name));
    let mut read: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let asked = asked();
    // What came before a login may be told behind it.
    let mut longest = 0;
    for number in 0..cases {
        let (kind, text) = spoiler.next();
        longest = longest.max(text.len());
        let case = || format!("DECODER_SEED={seed} case {number}: {text:?}");
        let frames = dialect.decode(&Wire::Text(text.clone()));
        if let Err(error) = &frames {
            assert!(error.what.len() < 600, "not the frame itself: {}", case());
        }
        for frame in frames.iter().flatten() {
            if let ServerFrame::Message(message) = frame {
                assert_eq!(message.seq, None, "{}", case());
                assert!(message.content.text().len() <= longest, "{}", case());
            }
        }
        let bytes = Wire::Binary(text.clone().into_bytes());
        assert!(dialect.decode(&bytes).is_err(), "{}", case());
        let status = [200, 201, 400, 401, 404, 413, 422, 429, 500, 0][(number % 10) as usize];
        let body = text.clone();
        let response = HttpResponse { status, body };
        for asked in &asked {
            let answered = dialect.decode_answer(asked, &response);
            let stored = answered.iter().flatten();
            let mut stored = stored.filter(|frame| matches!(frame, ServerFrame::Ack(_)));
            if stored.next().is_some() {
                assert!(status < 300, "a refusal proves nothing: {}", case());
            }
        }
        gateway(&text);
        let counts = read.entry(kind).or_default();
        counts.0 += 1;
        counts.1 += u64::from(frames.is_ok());
        if number % 97 == 0 {
            dialect.reset();
        }
    }
    println!("{name}: kind, how many, how many could be read: {read:?}");
    assert_eq!(read.len(), 8, "every way of spoiling was tried");
    assert!(read["mistyped"].1 > 0 && read["mistyped"].1 < read["mistyped"].0);
}

#[test]
fn nothing_from_outside_makes_the_egg_readers_panic() {
    read_all("egg", 20_261_121, egg_dialect(), |text| {
        let _ = egg::Client::read(text);
        if let Ok(server) = egg::Server::read(text) {
            assert_eq!(egg::Server::read(&server.text()), Ok(server));
        }
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            for path in [
                "api/loginChat",
                "api/chat/socket/sendmessage",
                "api/chat/revokeMessage",
                "api/chat/ismygoodfriend/10",
            ] {
                let _ = Request::read(Method::Post, path, &value);
            }
            let list = "api/chat/goodfriendlist/1";
            let _ = Request::read(Method::Get, list, &value);
        }
        let _ = Request::read(Method::Post, text, &Value::Null);
        let _ = Request::read(Method::Get, text, &Value::Null);
    });
}

#[test]
fn nothing_from_outside_makes_the_plain_readers_panic() {
    read_all("plain", 20_261_122, plain_dialect(), |text| {
        let _ = plain::Client::read(text);
        let _ = plain::History::read(text);
    });
}

/// Texts that have made somebody's JSON fall over.
const TEXTS: [&str; 9] = [
    "",
    "hello",
    " \" \\ \n\t\u{0}\u{2028} <b>&nbsp;</b> ",
    "😀👩‍👩‍👧",
    "123",
    "null",
    "{\"data\":1}",
    "{\"data\":\"x\",\"dataType\":false,\"otherData\":null}",
    "%7B%7D",
];

fn some<T: Clone>(chance: &mut Chance, of: &[T]) -> T {
    of[chance.below(of.len() as u64) as usize].clone()
}

fn text(chance: &mut Chance) -> String {
    some(chance, &TEXTS).to_owned()
}

fn maybe(chance: &mut Chance) -> Option<String> {
    (chance.below(2) == 0).then(|| text(chance))
}

fn id(chance: &mut Chance) -> egg::Id {
    let ids = ["6", "redirect-myQrcode-6", "bob", "9007199254740991", "007"];
    let id = some(chance, &ids);
    if chance.below(2) == 0 {
        egg::Id::of(id)
    } else {
        egg::Id::text(id)
    }
}

fn data(chance: &mut Chance) -> egg::Data {
    let others = [Value::Null, json!({"duration": 3}), json!({"a": [1, "x"]})];
    let pack = egg::Pack {
        data: text(chance),
        data_type: maybe(chance),
        other: some(chance, &others),
    };
    match chance.below(3) {
        0 => egg::Data::read(&Value::from(text(chance))),
        1 => egg::Data::Packed(pack),
        _ => egg::Data::Object(pack),
    }
}

fn chat(chance: &mut Chance) -> egg::Chat {
    some(chance, &[egg::Chat::Single, egg::Chat::Group])
}

fn message(chance: &mut Chance) -> egg::Message {
    let words = |chance: &mut Chance| maybe(chance).filter(|it| !it.trim().is_empty());
    let mut end = || egg::End {
        id: id(chance),
        name: maybe(chance),
        avatar: maybe(chance),
    };
    let (from, to) = (end(), end());
    let object = json!({"id": 33, "name": "g"});
    egg::Message {
        id: words(chance),
        from,
        to,
        chat: chat(chance),
        kind: text(chance),
        data: data(chance),
        options: some(chance, &[None, Some(Value::Null), Some(json!({}))]),
        create_time: some(chance, &[None, Some(0), Some(1_753_934_390_001)]),
        removed: chance.below(2) == 0,
        send_uuid: maybe(chance),
        group: some(chance, &[None, Some(Value::Null), Some(object.clone())]),
        redirect: some(chance, &[None, Some(object)]),
        action: words(chance),
        notice: words(chance),
    }
}

#[test]
fn every_egg_frame_and_body_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_123);
    println!("seed {seed}");
    let mut chance = Chance::new(seed);
    for frame in [egg::Client::Ping, egg::Client::Pong] {
        assert_eq!(egg::Client::read(&frame.text()), Ok(frame));
    }
    for _ in 0..2_000 {
        let chance = &mut chance;
        let at = some(chance, &[None, Some(5)]);
        for frame in [
            egg::Server::System(text(chance), at),
            egg::Server::Chat(Box::new(message(chance)), at),
            egg::Server::Ping,
            egg::Server::Pong(at),
            egg::Server::Fail(text(chance)),
            egg::Server::ForceLogout(text(chance)),
        ] {
            assert_eq!(egg::Server::read(&frame.text()), Ok(frame));
        }
        let answers = [
            egg::Answer::Ok(message(chance).value()),
            egg::Answer::Ok(Value::Null),
            egg::Answer::Fail(text(chance)),
        ];
        for answer in answers {
            assert_eq!(egg::Answer::read(&answer.text()), Ok(answer));
        }
        let login = Login {
            username: "my06".to_owned(),
            password: " 密\"码".to_owned(),
        };
        let say = egg::Say {
            to: some(chance, &["6", "bob", "33"].map(egg::Id::of)),
            chat: chat(chance),
            kind: "text".to_owned(),
            data: data(chance),
            options: some(chance, &[None, Some("%7B%7D".to_owned())]),
        };
        let revoke = Revoke {
            id: "m2".to_owned(),
            to: id(chance),
            chat: chat(chance),
            create_time: 5,
        };
        let requests = [
            Request::Login(login.clone()),
            Request::Register(login),
            Request::Logout,
            Request::Missed,
            Request::IsFriend("10".to_owned()),
            Request::Friends(3, 20),
            Request::Group("33".to_owned()),
            Request::Upload("image".to_owned()),
            Request::Revoke(revoke),
            Request::Say(say),
        ];
        for request in requests {
            read_back(&request);
        }
    }
}

fn read_back(request: &Request) {
    let path = request.path();
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let fields = match (request.body(), query.strip_prefix("limit=")) {
        (Some(body), _) => serde_json::from_str(&body).expect("JSON"),
        (None, Some(limit)) => json!({"limit": limit}),
        (None, None) => Value::Null,
    };
    let read = Request::read(request.method(), path, &fields);
    if let Request::Say(say) = request
        && say.data.text().is_empty()
        && say.data.other().is_null()
    {
        assert!(read.is_err(), "nothing is said");
        return;
    }
    assert_eq!(read, Ok(Some(request.clone())));
}

#[test]
fn every_kind_that_egg_has_words_for_survives_them() {
    let media = || Media {
        url: "/public/1.bin".to_owned(),
        ..Media::default()
    };
    let contents = TEXTS.map(|text| Content::Text(text.to_owned())).into_iter();
    let contents = contents.chain([
        Content::Image(Media {
            name: Some("a.png".to_owned()),
            width: Some(30),
            height: Some(40),
            ..media()
        }),
        Content::Video(Media {
            poster: Some("/c.png".to_owned()),
            duration: Some(72_000),
            ..media()
        }),
        Content::Voice(Media {
            duration: Some(3_000),
            ..media()
        }),
        Content::File(Media {
            name: Some("a.pdf".to_owned()),
            ..media()
        }),
        Content::Notice("closed".to_owned()),
    ]);
    for content in contents {
        let (kind, data) = words_for(&content).expect("there are words");
        let sent = egg::Message {
            kind: kind.to_owned(),
            data,
            redirect: None,
            ..message(&mut Chance::new(1))
        };
        // By way of the socket, as the other page gets it.
        let read = egg::Message::read(&sent.value()).expect("can be read");
        assert_eq!(content_of(&read), content);
        // And by way of the request, as the gateway gets it.
        let say = egg::Say {
            to: egg::Id::of("6"),
            chat: egg::Chat::Single,
            kind: kind.to_owned(),
            data: sent.data,
            options: None,
        };
        let body: Value = serde_json::from_str(&say.text()).expect("JSON");
        if content.text().is_empty() && kind == "text" {
            assert!(egg::Say::read(&body).is_err());
            continue;
        }
        let heard = egg::Say::read(&body).expect("can be read");
        assert_eq!((heard.kind.as_str(), &heard.data), (kind, &say.data));
    }
    assert!(words_for(&Content::Like).is_none());
}
