//! Reads a transcript and keeps book of which of its lines are held, and by
//! which end.
//!
//! Used by the core's tests and, by its path, by the server's. Knows no
//! dialect: what a line means is said by the test that goes through it.

use std::collections::{BTreeMap, BTreeSet};

use parlance_core::wire::{HttpRequest, HttpResponse, Method, Wire};
use serde_json::Value;

/// The transcripts, as they were handed over.
const TRANSCRIPTS: [(&str, &str); 7] = [
    ("crmeb", include_str!("../../transcripts/crmeb.jsonl")),
    (
        "live_crmeb_workerman",
        include_str!("../../transcripts/live_crmeb_workerman.jsonl"),
    ),
    ("topic", include_str!("../../transcripts/topic.jsonl")),
    ("jim", include_str!("../../transcripts/jim.jsonl")),
    (
        "live_jim3_store_on",
        include_str!("../../transcripts/live_jim3_store_on.jsonl"),
    ),
    ("plain", include_str!("../../transcripts/plain.jsonl")),
    ("egg", include_str!("../../transcripts/egg.jsonl")),
];

/// A line that is right to be held otherwise than it stands.
#[derive(Debug)]
pub(crate) struct Exception {
    /// Of which transcript.
    pub(crate) transcript: &'static str,
    /// Its number there.
    pub(crate) line: u64,
    /// What of it is not held.
    pub(crate) not: &'static [Held],
    /// Why that is right.
    pub(crate) reason: &'static str,
}

/// Every difference there is, one by one: at most 15, none of a seed's line.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        transcript: "live_crmeb_workerman",
        line: 8,
        not: &[Held::PageWrote],
        reason: "whoever caught the talk tried what no page says: no frame at all",
    },
    Exception {
        transcript: "live_crmeb_workerman",
        line: 27,
        not: &[Held::PageWrote],
        reason: "whoever caught the talk tried what no page says: a kind that there is not",
    },
    Exception {
        transcript: "live_crmeb_workerman",
        line: 29,
        not: &[Held::PageWrote],
        reason: "whoever caught the talk tried what no page says: stock's field with the seed's kind",
    },
    Exception {
        transcript: "live_crmeb_workerman",
        line: 33,
        not: &[Held::PageWrote],
        reason: "whoever caught the talk tried what no page says: a message to nobody",
    },
    Exception {
        transcript: "live_crmeb_workerman",
        line: 41,
        not: &[Held::PageWrote],
        reason: "whoever caught the talk tried what no page says: a type that there is not",
    },
    Exception {
        transcript: "egg",
        line: 1,
        not: &[Held::PageWrote, Held::PageRead],
        reason: "the page is launched with a token: names and passwords stay with the host's own login",
    },
    Exception {
        transcript: "egg",
        line: 10,
        not: &[Held::PageWrote],
        reason: "text is sent bare, as the first page sends it, so that both generations of pages can read it",
    },
    Exception {
        transcript: "egg",
        line: 21,
        not: &[Held::PageWrote, Held::PageRead],
        reason: "the page shows what others take back and takes nothing back itself",
    },
    Exception {
        transcript: "egg",
        line: 22,
        not: &[Held::PageWrote, Held::PageRead],
        reason: "the page shows what others take back and takes nothing back itself",
    },
    Exception {
        transcript: "topic",
        line: 16,
        not: &[Held::GatewayWrote],
        reason: "a question that is no JSON inside is a broken backend's: ours is read and never written",
    },
    Exception {
        transcript: "live_jim3_store_on",
        line: 12,
        not: &[Held::PageWrote],
        reason: "a number that the one who listened wrote as text: the page writes the number",
    },
    Exception {
        transcript: "live_jim3_store_on",
        line: 30,
        not: &[Held::PageWrote],
        reason: "a command that nobody has, to see what the server says: no page says it",
    },
    Exception {
        transcript: "live_jim3_store_on",
        line: 32,
        not: &[Held::PageWrote],
        reason: "no JSON, to see what the server says: no page says it",
    },
    Exception {
        transcript: "live_jim3_store_on",
        line: 44,
        not: &[Held::PageWrote],
        reason: "a picture with msgType 1: the seed's are msgType 0 with type 2, and so are ours",
    },
];

/// One way in which one end holds a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Held {
    /// The page's dialect says it so.
    PageWrote,
    /// The page's dialect understands it.
    PageRead,
    /// The gateway's types say it so.
    GatewayWrote,
    /// The gateway's types understand it.
    GatewayRead,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// A frame from the page to the server.
    ToServer,
    /// A frame from the server to the page.
    ToPage,
    /// A request and its answer.
    Http,
    /// Something that happens to the page or its socket.
    Event,
}

impl Direction {
    /// What has to be shown of such a line.
    const fn wants(self) -> &'static [Held] {
        match self {
            Self::ToServer => &[Held::PageWrote, Held::GatewayRead],
            Self::ToPage => &[Held::GatewayWrote, Held::PageRead],
            Self::Http => &[
                Held::PageWrote,
                Held::GatewayRead,
                Held::GatewayWrote,
                Held::PageRead,
            ],
            Self::Event => &[],
        }
    }
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A seed client.
    Seed,
    /// The backend's published source.
    Upstream,
    /// Caught on the wire of a stock server.
    Live,
    /// The sensible reading.
    Assumption,
}

/// One line of a transcript.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number.
    pub(crate) number: u64,
    /// What it is.
    pub(crate) direction: Direction,
    /// Where it comes from.
    pub(crate) source: Source,
    /// The name of the socket, where there is more than one.
    pub(crate) socket: Option<String>,
    /// All of it.
    whole: Value,
}

impl Line {
    fn read(text: &str) -> Self {
        let whole: Value = serde_json::from_str(text).expect("a line is JSON");
        let word = |name: &str| whole[name].as_str();
        let direction = match word("dir") {
            Some("c2s") => Direction::ToServer,
            Some("s2c") => Direction::ToPage,
            Some("http") => Direction::Http,
            Some("ev") => Direction::Event,
            other => panic!("no direction: {other:?}"),
        };
        let source = match word("src").expect("a line says where it comes from") {
            "SEED" => Source::Seed,
            "UPSTREAM" => Source::Upstream,
            "ASSUMPTION" => Source::Assumption,
            live if live.starts_with("LIVE:") => Source::Live,
            other => panic!("no source: {other}"),
        };
        Self {
            number: whole["n"].as_u64().expect("a line has a number"),
            direction,
            source,
            socket: word("conn").map(str::to_owned),
            whole,
        }
    }

    /// The frame's exact text.
    pub(crate) fn frame(&self) -> &str {
        self.whole["frame"].as_str().expect("a line with a frame")
    }

    /// The frame, as it comes out of a socket.
    pub(crate) fn wire(&self) -> Wire {
        Wire::Text(self.frame().to_owned())
    }

    /// What happened, of an event.
    pub(crate) fn event(&self) -> &str {
        self.whole["ev"].as_str().expect("an event")
    }

    /// Where the socket was asked for, of an event that says so.
    pub(crate) fn address(&self) -> &str {
        self.whole["url"]
            .as_str()
            .expect("an event with an address")
    }

    /// The request, as a gateway gets it.
    pub(crate) fn request(&self) -> HttpRequest {
        let request = &self.whole["req"];
        let text = |name: &str| request[name].as_str().expect("a request").to_owned();
        HttpRequest {
            method: match text("method").as_str() {
                "GET" => Method::Get,
                "POST" => Method::Post,
                other => panic!("no method: {other}"),
            },
            url: text("url"),
            headers: headers(&request["headers"]),
            body: request.get("body").map(body),
            with_cookies: false,
        }
    }

    /// The answer, as a page gets it.
    pub(crate) fn response(&self) -> HttpResponse {
        let response = &self.whole["res"];
        let status = response["status"].as_u64().expect("an answer's status");
        HttpResponse {
            status: u16::try_from(status).expect("a status"),
            body: response.get("body").map(body).unwrap_or_default(),
        }
    }
}

/// A body that is JSON is written so; any other stands there as a text.
fn body(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Names in small letters, in their order.
fn headers(value: &Value) -> Vec<(String, String)> {
    let fields = value.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().expect("a header's text").to_owned();
    fields
        .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
        .collect()
}

/// A transcript, and what of it is held so far.
#[derive(Debug)]
pub(crate) struct Replay {
    name: &'static str,
    lines: Vec<Line>,
    held: BTreeMap<u64, BTreeSet<Held>>,
}

impl Replay {
    /// The transcript of this name, none of it held.
    pub(crate) fn of(name: &str) -> Self {
        let found = TRANSCRIPTS.into_iter().find(|(known, _)| *known == name);
        let (name, text) = found.unwrap_or_else(|| panic!("no transcript {name}"));
        Self {
            name,
            lines: text.lines().map(Line::read).collect(),
            held: BTreeMap::new(),
        }
    }

    /// All lines.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line of this number.
    #[track_caller]
    pub(crate) fn line(&self, number: u64) -> &Line {
        let found = self.lines.iter().find(|line| line.number == number);
        found.unwrap_or_else(|| panic!("{} has no line {number}", self.name))
    }

    /// This was written for the line: it has to be the line's frame.
    #[track_caller]
    pub(crate) fn wrote(&mut self, number: u64, held: Held, text: &str) {
        let frame = self.line(number).frame();
        assert!(
            same_text(text, frame),
            "{} line {number}\n said {text}\nwants {frame}",
            self.name
        );
        self.holds(number, held);
    }

    /// The line was read as this: it has to be what is expected.
    #[track_caller]
    pub(crate) fn read<T: PartialEq + std::fmt::Debug>(
        &mut self,
        number: u64,
        held: Held,
        read: &T,
        expected: &T,
    ) {
        assert_eq!(read, expected, "{} line {number}", self.name);
        self.holds(number, held);
    }

    /// The page makes this request: it has to be the line's.
    #[track_caller]
    pub(crate) fn asked(&mut self, number: u64, request: &HttpRequest) {
        let wants = self.line(number).request();
        let name = self.name;
        assert_eq!(request.method, wants.method, "{name} line {number}");
        assert_eq!(request.url, wants.url, "{name} line {number}");
        let mut headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        headers.sort();
        let mut wanted = wants.headers;
        wanted.sort();
        assert_eq!(headers, wanted, "{name} line {number}");
        assert!(
            same_body(request.body.as_deref(), wants.body.as_deref()),
            "{name} line {number}\n said {:?}\nwants {:?}",
            request.body,
            wants.body
        );
        self.holds(number, Held::PageWrote);
    }

    /// The gateway gives this answer: it has to be the line's.
    #[track_caller]
    pub(crate) fn answered(&mut self, number: u64, status: u16, body: &str) {
        let wants = self.line(number).response();
        assert_eq!(status, wants.status, "{} line {number}", self.name);
        assert!(
            same_text(body, &wants.body),
            "{} line {number}\n said {body}\nwants {}",
            self.name,
            wants.body
        );
        self.holds(number, Held::GatewayWrote);
    }

    /// Says that the line is held so. Say it only behind an assertion.
    #[track_caller]
    pub(crate) fn holds(&mut self, number: u64, held: Held) {
        let wants = self.line(number).direction.wants();
        assert!(
            wants.contains(&held),
            "{} line {number} is not to be held so: {held:?}",
            self.name
        );
        self.held.entry(number).or_default().insert(held);
    }

    /// What of a line is not held.
    fn missing(&self, line: &Line) -> Vec<Held> {
        let held = self.held.get(&line.number);
        let is_held = |wanted: &Held| held.is_some_and(|held| held.contains(wanted));
        let wants = line.direction.wants().iter().copied();
        wants.filter(|wanted| !is_held(wanted)).collect()
    }

    /// The lines that are not held as they should be, or are held though they
    /// are said to be exceptions.
    fn amiss(&self) -> Vec<String> {
        let amiss = |line: &Line| {
            let missing = self.missing(line);
            let mut excused = EXCEPTIONS
                .iter()
                .filter(|it| it.transcript == self.name && it.line == line.number)
                .flat_map(|it| it.not.iter().copied())
                .collect::<Vec<Held>>();
            excused.sort();
            let mut sorted = missing.clone();
            sorted.sort();
            (sorted != excused).then(|| {
                let number = line.number;
                format!("line {number}: not held {missing:?}, excused {excused:?}")
            })
        };
        self.lines.iter().filter_map(amiss).collect()
    }

    /// Every line is held, or is an exception; prints how many.
    #[track_caller]
    pub(crate) fn finish(self) {
        let of = |direction| {
            let lines = self.lines.iter().filter(|it| it.direction == direction);
            let held: Vec<bool> = lines.map(|it| self.missing(it).is_empty()).collect();
            let count = held.iter().filter(|held| **held).count();
            format!("{count}/{}", held.len())
        };
        println!(
            "transcript lines held: {} c2s {} s2c {} http {}",
            self.name,
            of(Direction::ToServer),
            of(Direction::ToPage),
            of(Direction::Http),
        );
        let amiss = self.amiss();
        assert!(amiss.is_empty(), "{}:\n{}", self.name, amiss.join("\n"));
    }
}

fn same_body(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => same_text(one, other),
        _ => false,
    }
}

/// Whether two texts say the same: as JSON where they are objects or lists,
/// else to the letter.
pub(crate) fn same_text(one: &str, other: &str) -> bool {
    one == other
        || match (nested(one), nested(other)) {
            (Some(one), Some(other)) => same(&one, &other),
            _ => false,
        }
}

/// Whether two values are the same, where a text that is an object or a list
/// again is compared as that, however deep.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|it| same(value, it)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::String(one), Value::String(other)) => same_text(one, other),
        _ => one == other,
    }
}

fn nested(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

#[test]
fn nested_texts_are_compared_as_what_they_hold() {
    let one = r#"{"a":"{\"b\":\"[1,2]\",\"c\":3}","d":"x"}"#;
    assert!(same_text(
        one,
        r#"{"d":"x", "a":"{\"c\":3, \"b\":\"[1, 2]\"}"}"#
    ));
    for other in [
        r#"{"a":"{\"b\":\"[2,1]\",\"c\":3}","d":"x"}"#,
        r#"{"a":{"b":"[1,2]","c":3},"d":"x"}"#,
        r#"{"a":"{\"b\":\"[1,2]\",\"c\":\"3\"}","d":"x"}"#,
        r#"{"a":"{\"b\":\"[1,2]\",\"c\":3}","d":"x","e":null}"#,
        "not JSON",
    ] {
        assert!(!same_text(one, other), "{other}");
    }
    assert!(
        !same_text("1", "1 "),
        "only objects and lists may be laid out otherwise"
    )
}

#[test]
fn every_transcript_is_there_and_can_be_read() {
    let lines = TRANSCRIPTS.map(|(name, _)| Replay::of(name).lines().len());
    assert_eq!(lines, [35, 63, 21, 37, 58, 20, 34]);
    for (name, _) in TRANSCRIPTS {
        for line in Replay::of(name).lines() {
            match line.direction {
                Direction::ToServer | Direction::ToPage => assert!(!line.frame().is_empty()),
                Direction::Http => {
                    assert!(line.request().url.starts_with("http"));
                    assert!(line.response().status >= 200);
                }
                Direction::Event => assert!(!line.event().is_empty()),
            }
        }
    }
}

#[test]
fn a_line_that_one_end_does_not_hold_is_missed() {
    let mut replay = Replay::of("topic");
    let lines: Vec<_> = replay
        .lines()
        .iter()
        .map(|it| (it.number, it.direction))
        .collect();
    for (number, direction) in lines {
        for held in direction.wants() {
            let left_out = [(6, Held::GatewayRead), (16, Held::GatewayWrote)];
            if !left_out.contains(&(number, *held)) {
                replay.holds(number, *held);
            }
        }
    }
    assert_eq!(
        replay.amiss(),
        ["line 6: not held [GatewayRead], excused []"]
    );
    // An exception that is none any more is said too.
    replay.holds(6, Held::GatewayRead);
    replay.holds(16, Held::GatewayWrote);
    assert_eq!(
        replay.amiss(),
        ["line 16: not held [], excused [GatewayWrote]"]
    );
}
