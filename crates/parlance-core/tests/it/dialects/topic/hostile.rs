//! Whatever comes from outside is read without a panic by the topic dialect
//! and by the types that its gateway reads with, nothing is made up of what is
//! broken, and what one end writes the other reads.
//!
//! Cases are made from the transcript and a seed, which is printed:
//! `DECODER_SEED` repeats it, `DECODER_CASES` makes more of them.

use std::collections::BTreeMap;

use parlance_core::chance::Chance;
use parlance_core::content::{Answer, Content};
use parlance_core::dialect::topic::Topic;
use parlance_core::dialect::topic::wire::{self, Chat, Id, Past, Put, Said, Told, Wanted, What};
use parlance_core::dialect::{Asked, Dialect};
use parlance_core::frame::{Anchor, Fill, Part, ServerFrame};
use parlance_core::ids::{ClientId, RequestId};
use parlance_core::wire::{HttpResponse, Wire};
use serde_json::{Value, json};

use super::{config, room};
use crate::decoders::spoiler::Spoiler;
use crate::decoders::{DEFAULT_CASES, from_environment};
use crate::transcripts::replay::{Direction, Replay};

/// Every frame and body of the transcript, and what is inside of them: each
/// level of JSON is spoiled for itself.
pub(in crate::dialects) fn sound() -> Vec<Value> {
    let replay = Replay::of("topic");
    let texts = replay.lines().iter().flat_map(|line| match line.direction {
        Direction::ToServer | Direction::ToPage => vec![line.frame().to_owned()],
        Direction::Http => {
            let body = line.request().body;
            body.into_iter().chain([line.response().body]).collect()
        }
        Direction::Event => Vec::new(),
    });
    let values: Vec<Value> = texts
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect();
    let opened = values.iter().map(open).collect::<Vec<_>>();
    values.into_iter().chain(opened).collect()
}

/// Every text that is JSON, as that.
fn open(value: &Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inside) if inside.is_object() => open(&inside),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(open).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            Value::Object(fields.map(|(name, it)| (name.clone(), open(it))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn asked() -> [Asked; 2] {
    let page = Fill {
        request: RequestId(1),
        conversation: room(),
        part: Part::Newest,
        anchor: Anchor::default(),
        limit: 50,
    };
    [
        Asked::Page(page),
        Asked::Say(ClientId::from_bits(1), room()),
    ]
}

#[test]
fn nothing_from_outside_makes_the_topic_readers_panic_or_make_something_up() {
    let seed = from_environment("DECODER_SEED", 20_261_124);
    let cases = from_environment("DECODER_CASES", DEFAULT_CASES);
    println!("topic: seed {seed}, {cases} cases");
    let mut spoiler = Spoiler::of(seed, sound());
    let mut topic = Topic::new(config());
    let mut read: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let asked = asked();
    for number in 0..cases {
        let (kind, text) = spoiler.next();
        let case = || format!("DECODER_SEED={seed} case {number}: {text:?}");
        let frames = topic.decode(&Wire::Text(text.clone()));
        if let Err(error) = &frames {
            assert!(error.what.len() < 600, "not the frame itself: {}", case());
        }
        for frame in frames.iter().flatten() {
            if let ServerFrame::Message(message) = frame {
                assert!(message.content.text().len() <= text.len(), "{}", case());
            }
        }
        let bytes = Wire::Binary(text.clone().into_bytes());
        assert!(topic.decode(&bytes).is_err(), "{}", case());
        let status = [200, 201, 400, 401, 404, 422, 429, 500, 0][(number % 9) as usize];
        let body = text.clone();
        let response = HttpResponse { status, body };
        for asked in &asked {
            let answered = topic.decode_answer(asked, &response);
            let mut frames = answered.iter().flatten();
            let acks = frames.any(|frame| matches!(frame, ServerFrame::Ack(_)));
            assert!(!acks, "nothing is proved by an answer: {}", case());
        }
        // The gateway's side.
        let said = Said::read(&text);
        if let Ok(said) = &said {
            assert_eq!(Said::read(&said.write()).as_ref(), Ok(said), "{}", case());
        }
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = (Put::read_question(&value), Put::read_answer(&value));
        }
        let _ = Wanted::read([("page", text.as_str()), ("stream", &text)].into_iter());
        let counts = read.entry(kind).or_default();
        counts.0 += 1;
        counts.1 += u64::from(frames.is_ok() || said.is_ok());
        if number % 97 == 0 {
            topic.reset();
        }
    }
    println!("topic: kind, how many, how many could be read: {read:?}");
    assert_eq!(read.len(), 8, "every way of spoiling was tried");
    assert!(read["mistyped"].1 > 0 && read["mistyped"].1 < read["mistyped"].0);
}

/// What is cut off is no message, at whichever level it was cut.
#[test]
fn a_message_that_was_cut_off_is_none() {
    let replay = Replay::of("topic");
    let live = replay.lines().iter();
    for line in live.filter(|line| line.direction == Direction::ToPage) {
        let frame: Value = serde_json::from_str(line.frame()).expect("JSON");
        let data = frame["data"].as_str().expect("a text");
        let mut topic = Topic::new(config());
        for (at, _) in data.char_indices().skip(1) {
            let cut = json!({"code": 200, "data": &data[..at]}).to_string();
            let read = topic.decode(&Wire::Text(cut));
            assert!(read.is_err(), "line {} cut at {at}", line.number);
        }
        for (at, _) in line.frame().char_indices() {
            let cut = Wire::Text(line.frame()[..at].to_owned());
            assert!(topic.decode(&cut).is_err(), "line {}", line.number);
        }
    }
}

/// Texts that have made somebody's JSON fall over.
const TEXTS: [&str; 8] = [
    "x",
    "hello",
    " \" \\ \n\t\u{0}\u{2028} <b>&nbsp;</b> ",
    "😀👩‍👩‍👧",
    "123",
    "null",
    "{\"content\":\"x\"}",
    "[]",
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

fn id(chance: &mut Chance) -> Option<Id> {
    let ids = ["7", "007", "alice", "9007199254740991", "9007199254740993"];
    let id = some(chance, &ids);
    match chance.below(3) {
        0 => None,
        1 => Some(Id::by_look(id)),
        _ => Some(Id::Text(id.to_owned())),
    }
}

fn chat(chance: &mut Chance) -> Chat {
    let content = match chance.below(3) {
        0 => Content::Text(text(chance)),
        1 => Content::Question(text(chance)),
        _ => Content::Answer(Answer {
            question: text(chance),
            answer: text(chance),
            organisation: maybe(chance),
            logo: maybe(chance),
            to: None,
            to_uid: None,
        }),
    };
    Chat {
        id: id(chance),
        user: id(chance),
        name: text(chance),
        avatar: maybe(chance),
        stream: maybe(chance),
        content,
        created: maybe(chance),
    }
}

#[test]
fn every_topic_frame_and_body_reads_as_it_was_written() {
    let seed = from_environment("DECODER_SEED", 20_261_125);
    println!("seed {seed}");
    let mut chance = Chance::new(seed);
    for _ in 0..2_000 {
        let chance = &mut chance;
        for what in [
            What::Heartbeat,
            What::Join(text(chance)),
            What::Talk(text(chance), Box::new(chat(chance))),
        ] {
            let token = maybe(chance).unwrap_or_default();
            let said = Said { token, what };
            assert_eq!(Said::read(&said.write()), Ok(said));
        }
        for told in [
            Told::Fine,
            Told::Chat(Box::new(chat(chance))),
            Told::Trouble(some(chance, &[401, 403, 429, 500, -1]), text(chance)),
        ] {
            assert_eq!(Told::read(&told.write()), Ok(told));
        }
        let chats: Vec<Chat> = (0..chance.below(4)).map(|_| chat(chance)).collect();
        let rows = wire::Rows {
            count: chats.len(),
            chats,
            me: id(chance),
        };
        for past in [Past::Rows(rows), Past::Trouble(404, text(chance))] {
            assert_eq!(Past::read(&past.write()), Ok(past));
        }
        let question = Put {
            stream: text(chance),
            question: text(chance),
            answer: None,
        };
        let body = |put: &Put| serde_json::from_str::<Value>(&put.write()).expect("JSON");
        assert_eq!(Put::read_question(&body(&question)), Ok(question.clone()));
        let answer = Put {
            answer: Some(text(chance)),
            ..question
        };
        assert_eq!(Put::read_answer(&body(&answer)), Ok(answer));
        for (code, words) in [(wire::OK, None), (500, Some("no"))] {
            let body = wire::write_put_answer(code, words);
            let read = (code, words.unwrap_or_default().to_owned());
            assert_eq!(wire::read_put_answer(&body), Some(read));
        }
    }
}

#[test]
fn a_query_reads_as_it_was_written() {
    let wanted = Wanted {
        page: 3,
        kind: "question".to_owned(),
        rows: 20,
        stream: "a&b=c 你/%".to_owned(),
    };
    let query = wanted.write();
    assert_eq!(
        query,
        "page=3&type=question&resultsPerPage=20&stream=a%26b%3Dc%20%E4%BD%A0%2F%25"
    );
    let read = [
        ("page", "3"),
        ("type", "question"),
        ("resultsPerPage", "20"),
        ("stream", "a&b=c 你/%"),
        ("later", "x"),
    ];
    assert_eq!(Wanted::read(read.into_iter()), Some(wanted));
    let plain = Wanted {
        page: 1,
        kind: String::new(),
        rows: 1_000,
        stream: "s".to_owned(),
    };
    let odd = [("page", "0"), ("resultsPerPage", "-1"), ("stream", "s")];
    assert_eq!(Wanted::read(odd.into_iter()), Some(plain));
    assert_eq!(Wanted::read([("page", "1")].into_iter()), None);
}
