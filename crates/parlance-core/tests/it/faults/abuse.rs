//! Rows 39 to 41: frames that nobody should send, through a live session of
//! every dialect, at every moment of a stay.
//!
//! The decoders alone are fuzzed by the million in `dialects/every.rs`; here
//! the session behind them has to live on. The one place of this rig with a
//! real clock: how long a frame takes is the figure.

use std::time::Instant;

use parlance_core::ids::ConversationId;
use parlance_core::session::Oddity;
use parlance_core::wire::{HttpRequest, HttpResponse, Wire};
use parlance_core::{Status, Target};
use serde_json::{Value, json};

use super::figure::{Row, SEEDS};
use super::lab::{Backend, Lab, Launch, Spoken};
use crate::decoders::spoiler::Spoiler;
use crate::dialects::every::{Ours, ours};

/// A backend that greets and is silent.
struct Mute {
    greeting: Option<&'static str>,
    out: Vec<(u64, Spoken)>,
}

impl Backend for Mute {
    fn opened(&mut self, link: u64, _now: u64) {
        if let Some(greeting) = self.greeting {
            self.out.push((link, Spoken::Text(greeting.to_owned())));
        }
    }

    fn hears(&mut self, link: u64, text: &str, _now: u64) {
        if text.contains("\"hello\"") {
            let welcome = json!({"t": "welcome", "n": 1, "me": {"uid": "u-ann", "name": "ann"},
                "epoch": "e1", "spread_ms": 1_000, "ping_ms": 20_000, "convs": []});
            self.out.push((link, Spoken::Text(welcome.to_string())));
        }
    }

    fn lost(&mut self, _link: u64, _now: u64) {}

    fn asked(&mut self, request: &HttpRequest, _now: u64) -> Option<(u64, HttpResponse)> {
        let user = json!({"uid": "u-ann", "name": "ann"});
        let response = HttpResponse {
            status: 200,
            body: json!({"ticket": "t", "user": user}).to_string(),
        };
        request.url.ends_with("ticket").then_some((0, response))
    }

    fn due(&self) -> Option<u64> {
        None
    }

    fn tick(&mut self, _now: u64) {}

    fn spoken(&mut self) -> Vec<(u64, Spoken)> {
        std::mem::take(&mut self.out)
    }

    fn log(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A page that speaks this, before its login or online.
fn page(ours: &Ours, seed: u64, online: bool) -> Lab<Mute> {
    let launch = Launch {
        dialect: Box::new(ours.make),
        target: Target::Room("lobby".to_owned()),
        conversation: ConversationId::room("lobby"),
        me: None,
    };
    let mute = Mute {
        greeting: ours.greeting.filter(|_| online),
        out: Vec::new(),
    };
    let mut lab = Lab::new(seed, launch, mute);
    let within = if online { 1_000 } else { 120 };
    lab.pass(within);
    assert!(lab.link().is_some(), "{} has no link", ours.name);
    assert!(!online || lab.is_online(), "{} is not online", ours.name);
    lab
}

#[derive(Default)]
struct Count {
    frames: u64,
    counted: u64,
    stays: u64,
    /// Stays that a frame has ended for good.
    ended: u64,
    /// The slowest, in microseconds, and its size.
    slowest: u128,
    size: usize,
}

impl Count {
    /// Says it all to a page of this dialect, a new one whenever its stay is
    /// over, and says whether each lived.
    fn abuse(&mut self, ours: &Ours, frames: impl Iterator<Item = Spoken>) {
        let mut lab: Option<Lab<Mute>> = None;
        for (number, frame) in frames.enumerate() {
            let live = match lab.take() {
                Some(live) if live.link().is_some() && number % 64 != 0 => live,
                before => {
                    if let Some(mut before) = before {
                        // It still runs, dials and says what it says.
                        before.says("still here");
                        before.pass(5_000);
                        self.counted += before.seen.counted(Oddity::Malformed)
                            + before.seen.counted(Oddity::UnknownFrame);
                    }
                    self.stays += 1;
                    page(ours, self.stays, number % 128 != 0)
                }
            };
            let live = lab.insert(live);
            self.frames += 1;
            let size = match &frame {
                Spoken::Text(text) => text.len(),
                Spoken::Binary(bytes) => bytes.len(),
                Spoken::Close(..) => 0,
            };
            let begun = Instant::now();
            live.hears_now(frame);
            let took = begun.elapsed().as_micros();
            if took > self.slowest {
                self.slowest = took;
                self.size = size;
            }
            live.pass(7);
            self.ended += u64::from(live.status() == Some(Status::Ended));
        }
    }
}

/// Texts that are too much of something.
fn enormous() -> Vec<Spoken> {
    const TEN_MB: usize = 10 * 1_000 * 1_000;
    let deep = |open: &str, close: &str, closed: bool| {
        let mut text = open.repeat(100_000);
        text.push('1');
        if closed {
            text.push_str(&close.repeat(100_000));
        }
        text
    };
    let mut texts = vec![
        String::new(),
        " ".to_owned(),
        "\u{feff}{}".to_owned(),
        "\0".to_owned(),
        "NaN".to_owned(),
        "{\"t\":NaN}".to_owned(),
        "{\"type\":Infinity,\"data\":-Infinity}".to_owned(),
        "1e999999".to_owned(),
        "-0".to_owned(),
        "9".repeat(100_000),
        format!("{{\"t\":\"ping\",\"n\":{}}}", "9".repeat(400)),
        "\"\\ud800\"".to_owned(),
        "{\"t\":\"\\ud800\\u0000\"}".to_owned(),
        "x".repeat(TEN_MB),
        format!("\"{}\"", "y".repeat(TEN_MB)),
        format!("{{\"t\":\"push\",\"msg\":\"{}\"}}", "z".repeat(TEN_MB)),
        format!("[{}1]", "1,".repeat(TEN_MB / 2)),
        format!("[{}{{}}]", "{},".repeat(TEN_MB / 3)),
        format!(
            "{{\"type\":\"chat\",\"data\":[{}0]}}",
            "[],".repeat(TEN_MB / 3)
        ),
    ];
    for (open, close) in [("[", "]"), ("{\"t\":", "}"), ("{\"data\":[", "]}")] {
        texts.push(deep(open, close, true));
        texts.push(deep(open, close, false));
    }
    let bytes = [0, 1, 255, 159, 146, 150].repeat(20);
    let binary = [
        Vec::new(),
        bytes,
        b"{\"t\":\"ping\"}".to_vec(),
        vec![7; TEN_MB],
    ];
    let texts = texts.into_iter().map(Spoken::Text);
    texts.chain(binary.map(Spoken::Binary)).collect()
}

/// As much longer as a program that is built for debugging takes.
const SLACK: u128 = if cfg!(debug_assertions) { 20 } else { 1 };

#[test]
fn row_39_frames_are_binary_empty_enormous_deep_and_doubled() {
    let mut count = Count::default();
    for ours in ours() {
        count.abuse(&ours, enormous().into_iter());
        // And spoiled ones: cut off, flipped, with double keys, huge numbers.
        let mut spoiler = Spoiler::of(39, ours.sound.clone());
        let spoiled = (0..SEEDS * 5).map(|_| Spoken::Text(spoiler.next().1));
        count.abuse(&ours, spoiled);
    }
    // The most that is read at all, and of the kind that takes longest.
    let mut most = Count::default();
    for ours in ours() {
        let text = format!("[{}1]", "1,".repeat((2 << 20) - 2));
        let words = format!("{{\"t\":\"{}\"}}", "q".repeat((4 << 20) - 8));
        let texts = [text, words].map(Spoken::Text);
        most.abuse(&ours, texts.into_iter());
    }
    let millis = count.slowest as f64 / 1_000.0;
    let most = most.slowest as f64 / 1_000.0;
    Row {
        number: 39,
        figure: format!(
            "{} frames to 7 dialects in {} stays, 0 panics, {} counted; the slowest {millis:.1} ms \
             ({} bytes); the longest that is read, 4 MiB of two million numbers, {most:.0} ms",
            count.frames, count.stays, count.counted, count.size
        ),
        bound: "no panic; ignored and counted; at most 50 ms a frame",
        held: count.slowest <= 50_000 * SLACK && count.counted > count.frames / 4,
    }
    .told();
}

/// What is put in the place of each field.
fn wrong_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        serde_json::from_str("1e308").unwrap_or(Value::Null),
        serde_json::from_str("0.5").unwrap_or(Value::Null),
        json!(""),
        json!("7"),
        json!("\u{202e}\u{0}<b>"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"t": {"t": []}}),
    ]
}

/// The value with each of its parts replaced, one at a time, or left out.
fn mutants(value: &Value) -> Vec<Value> {
    let mut mutants = wrong_values();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                for mutant in mutants_below(field) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), mutant);
                    mutants.push(Value::Object(fields));
                }
                let mut without = fields.clone();
                without.remove(name);
                mutants.push(Value::Object(without));
            }
        }
        Value::Array(items) => {
            // Rows are alike: the first speaks for all.
            if let Some(first) = items.first() {
                for mutant in mutants_below(first) {
                    let mut items = items.clone();
                    items[0] = mutant;
                    mutants.push(Value::Array(items));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    mutants
}

fn mutants_below(value: &Value) -> Vec<Value> {
    // JSON within a text is a frame of its own, as some backends have it.
    if let Value::String(text) = value
        && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        let inner = mutants(&inner).into_iter();
        return inner
            .map(|it| Value::String(it.to_string()))
            .chain(wrong_values())
            .collect();
    }
    mutants(value)
}

#[test]
fn row_40_every_field_of_every_frame_has_another_type() {
    let mut count = Count::default();
    let mut answers = 0_u64;
    for ours in ours() {
        let all: Vec<Value> = ours.sound.iter().flat_map(mutants).collect();
        // In debug builds every seventh, in another order for each dialect.
        let some = all
            .iter()
            .step_by(if cfg!(debug_assertions) { 7 } else { 1 });
        count.abuse(&ours, some.map(|it| Spoken::Text(it.to_string())));
        // The same as answers to whatever it asks by HTTP.
        let mut dialect = (ours.make)();
        let asked = crate::dialects::every::asked_by_all();
        for (number, body) in all.iter().step_by(7).enumerate() {
            let body = body.to_string();
            let response = HttpResponse { status: 200, body };
            let _ = dialect.decode_answer(&asked[number % asked.len()], &response);
            let _ = dialect.read_admission(&response);
            answers += 2;
        }
    }
    Row {
        number: 40,
        figure: format!(
            "{} frames and {answers} answers, each with one field of another type or none, to 7 \
             dialects in {} stays: 0 panics, {} counted; the slowest {:.1} ms",
            count.frames,
            count.stays,
            count.counted,
            count.slowest as f64 / 1_000.0
        ),
        bound: "no panic; ignored and counted (I18)",
        held: count.counted > 0 && count.frames > 5_000,
    }
    .told();
}

/// The value with a field in each of its objects that nobody knows.
fn with_more(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, it)| (name.clone(), with_more(it)));
            let more = [
                ("zzz_v9".to_owned(), json!({"deep": [1, {"er": null}]})),
                ("_".to_owned(), json!("x")),
            ];
            Value::Object(fields.chain(more).collect())
        }
        Value::Array(items) => items.iter().map(with_more).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn row_41_frames_are_of_unknown_kinds_and_later_versions() {
    const KINDS: [&str; 7] = ["t", "type", "command", "cmd", "action", "event", "kind"];
    let mut count = Count::default();
    let mut read = 0_u64;
    let mut otherwise = Vec::new();
    for ours in ours() {
        // A refusal of another code is a refusal.
        let refuses = |frame: &&Value| {
            let mut lab = page(&ours, 41, true);
            lab.hears_now(Spoken::Text(frame.to_string()));
            lab.status() == Some(Status::Ended)
        };
        let harmless: Vec<&Value> = ours.sound.iter().filter(|it| !refuses(it)).collect();
        let unknown = harmless.into_iter().flat_map(|frame| {
            let named = KINDS.iter().filter(|name| frame.get(**name).is_some());
            let values = [
                json!("confetti/2"),
                json!(9_999),
                json!(["push"]),
                json!(""),
            ];
            named.flat_map(move |name| {
                let values = values.clone();
                values.map(move |value| {
                    let mut frame = frame.clone();
                    frame[*name] = value;
                    Spoken::Text(frame.to_string())
                })
            })
        });
        let before = count.stays;
        count.abuse(&ours, unknown);
        assert!(count.stays > before, "{}", ours.name);
        // A later version says more in frames that are known: read as before.
        for frame in &ours.sound {
            let decode = |frame: &Value| {
                let mut dialect = (ours.make)();
                dialect.decode(&Wire::Text(frame.to_string()))
            };
            let (plain, more) = (decode(frame), decode(&with_more(frame)));
            read += 1;
            if plain != more && plain.is_ok() {
                otherwise.push((ours.name, frame.to_string()));
            }
        }
    }
    let differs = otherwise.iter().filter(|(_, frame)| !keeps_unknown(frame));
    let differs: Vec<_> = differs.collect();
    Row {
        number: 41,
        figure: format!(
            "{} frames of unknown kinds ignored, {} counted, stays ended by one {}; {read} known \
             frames with unknown fields, {} read otherwise than without",
            count.frames,
            count.counted,
            count.ended,
            differs.len()
        ),
        bound: "ignored: 0 stays ended; forward compatible: 0 read otherwise",
        held: differs.is_empty() && count.ended == 0 && count.counted > 0,
    }
    .told();
}

/// Contents that nobody knows are kept whole, for whoever can draw them.
fn keeps_unknown(frame: &str) -> bool {
    frame.contains("hologram")
}
