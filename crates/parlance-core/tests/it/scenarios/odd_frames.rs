//! Frames that are broken, unknown, binary or of the wrong types: counted, and
//! the session lives.

use parlance_core::Status;
use parlance_core::session::Oddity;
use serde_json::{Value, json};

use crate::rig::Rig;

/// One of each kind that a server sends, as the document describes it.
fn frames(rig: &Rig) -> Vec<Value> {
    let head = rig.server.head("room:lobby");
    let message = rig.server.message("room:lobby", 1);
    let bob = json!({"uid": "u-bob", "name": "bob"});
    vec![
        rig.server.welcome(),
        json!({"t": "opened", "head": head, "talk": "allowed", "readers": [{"uid": "u-bob", "seq": 1}]}),
        json!({"t": "conv", "head": head}),
        json!({"t": "ack", "cid": "c", "conv": "room:lobby", "seq": 1, "id": "m1", "ts": 1, "dup": true}),
        json!({"t": "nack", "cid": "c", "code": "forbidden", "text": "no", "retry_ms": 1}),
        json!({"t": "push", "conv": "room:lobby", "msg": message}),
        json!({"t": "page", "req": 1, "conv": "room:lobby", "epoch": "e1", "from": 1, "to": 1, "msgs": [message], "head": 1}),
        json!({"t": "gone", "req": 1, "retry_ms": 1}),
        json!({"t": "roster", "conv": "room:lobby", "people": [bob]}),
        json!({"t": "came", "conv": "room:lobby", "who": bob}),
        json!({"t": "went", "conv": "room:lobby", "uid": "u-bob", "seen": 1}),
        json!({"t": "typing", "conv": "room:lobby", "who": bob}),
        json!({"t": "read", "conv": "room:lobby", "uid": "u-bob", "seq": 1}),
        json!({"t": "ping", "heads": [{"conv": "room:lobby", "seq": 1}], "sum": "1"}),
        json!({"t": "pong", "heads": [], "sum": "1"}),
        json!({"t": "error", "text": "what?"}),
    ]
}

#[test]
fn a_frame_of_an_unknown_kind_is_counted_and_ignored() {
    let mut rig = Rig::online_with(2);
    rig.frame(json!({"t": "hologram", "conv": "room:lobby", "payload": [1, 2, 3]}));
    assert_eq!(rig.counted(Oddity::UnknownFrame), 1);
    rig.is(Status::Online);
    rig.bob_says("on it goes");
    rig.sees("1-3");
    assert_eq!(rig.counted(Oddity::LostFrames), 0);
}

#[test]
fn frames_that_cannot_be_read_are_counted_and_ignored() {
    let mut rig = Rig::online_with(2);
    let bad = [
        "",
        "{",
        "null",
        "[]",
        "17",
        "\"text\"",
        "{}",
        "{\"t\":5}",
        "{\"t\":null}",
        "<html><body>Log in to the hotel</body></html>",
        "{\"t\":\"push\"}",
        "{\"t\":\"push\",\"conv\":\"nowhere\",\"msg\":{}}",
        "{\"t\":\"ack\",\"cid\":\"not an id!\",\"conv\":\"room:lobby\",\"seq\":1,\"id\":\"x\",\"ts\":1}",
        "{\"t\":\"ping\",\"heads\":[],\"heads\":17}",
        "\u{0}",
    ];
    for text in bad {
        rig.raw(text);
    }
    let counted = rig.counted(Oddity::Malformed) + rig.counted(Oddity::UnknownFrame);
    assert_eq!(counted, bad.len());
    rig.is(Status::Online);
    rig.sees("1 2");
    rig.bob_says("on it goes");
    rig.sees("1-3");
}

#[test]
fn a_frame_that_no_server_has_to_say_is_not_even_read() {
    // It would be a good one, were it not so large.
    let mut rig = Rig::online_with(2);
    let mut push = rig.server.message("room:lobby", 2);
    push["seq"] = json!(3);
    push["body"] = json!({"kind": "text", "text": "x".repeat(5 << 20)});
    rig.raw(&json!({"t": "push", "n": 1, "conv": "room:lobby", "msg": push}).to_string());
    assert_eq!(rig.counted(Oddity::Malformed), 1);
    rig.sees("1 2");
    rig.is(Status::Online);
}

#[test]
fn a_binary_frame_is_counted_and_ignored() {
    let mut rig = Rig::online_with(2);
    rig.binary(&[0, 159, 146, 150]);
    rig.binary(br#"{"t":"bye","retry_ms":1000}"#);
    rig.binary(&[]);
    assert_eq!(rig.counted(Oddity::Malformed), 3);
    rig.is(Status::Online);
}

#[test]
fn every_field_of_every_frame_may_be_of_the_wrong_type() {
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!("\u{202e}"),
        json!([]),
        json!([[[]]]),
        json!({}),
        json!({"seq": {}}),
    ];
    let mut rig = Rig::online_with(3);
    rig.say("mine");
    let mut said = 0;
    for frame in frames(&rig) {
        let fields: Vec<String> = frame
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        for field in fields {
            for value in &wrong {
                let mut broken = frame.clone();
                broken[&field] = value.clone();
                rig.raw(&broken.to_string());
                let mut absent = frame.clone();
                absent.as_object_mut().map(|it| it.remove(&field));
                rig.raw(&absent.to_string());
                said += 2;
                if rig.session.status() != Status::Online {
                    rig.comes_back();
                }
            }
        }
    }
    assert!(said > 1_000, "{said}");
    rig.advance(1.0);
    rig.is(Status::Online);
}

#[test]
fn what_the_server_could_not_read_is_counted() {
    let mut rig = Rig::online();
    rig.frame(json!({"t": "error", "text": "which frame was that?"}));
    assert_eq!(rig.counted(Oddity::Malformed), 1);
    rig.is(Status::Online);
}

#[test]
fn fields_that_nobody_knows_are_ignored() {
    let mut rig = Rig::online_with(1);
    let mut message = rig.server.message("room:lobby", 1);
    message["seq"] = json!(2);
    message["mood"] = json!("fine");
    rig.frame(json!({"t": "push", "conv": "room:lobby", "msg": message, "colour": [1]}));
    rig.sees("1 2");
    assert_eq!(rig.counted(Oddity::Malformed), 0);
}

#[test]
fn a_body_that_nobody_knows_is_shown_by_its_fallback() {
    use parlance_core::content::Content;
    use parlance_core::timeline::Row;
    let mut rig = Rig::online();
    for (seq, body) in [
        (1, json!({"kind": "hologram", "fallback": "(a hologram)"})),
        (2, json!({"kind": "poll", "text": "Tea or coffee?"})),
        (3, json!(17)),
        (4, json!([])),
        (5, json!({"kind": "image"})),
    ] {
        rig.frame(json!({
            "t": "push", "conv": "room:lobby",
            "msg": {"seq": seq, "id": "x", "from": {"uid": "u-bob", "name": "bob"}, "body": body, "ts": 1},
        }));
    }
    rig.sees("1-5");
    let texts: Vec<String> = rig
        .rows(&crate::rig::lobby())
        .iter()
        .map(|row| match row {
            Row::Message(item) => {
                assert!(matches!(item.content, Content::Unknown(_)));
                item.content.text().to_owned()
            }
            Row::Gap(_) => String::new(),
        })
        .collect();
    assert_eq!(texts[..2], ["(a hologram)", "Tea or coffee?"]);
}

#[test]
fn text_arrives_byte_for_byte() {
    use parlance_core::timeline::Row;
    let text = "  \t<b>\"two\"\nlines</b> \u{202e}\u{200b}你好 👩‍👩‍👧 \\u0000 ";
    let mut rig = Rig::online();
    rig.say(text);
    let mine = rig.takes(text);
    assert_eq!(rig.server.message("room:lobby", mine)["body"]["text"], text);
    let seq = rig.bob_says(text);
    let rows = rig.rows(&crate::rig::lobby());
    let Row::Message(item) = &rows[seq as usize - 1] else {
        panic!("no message");
    };
    assert_eq!(item.content.text(), text);
}

#[test]
fn a_frame_that_ends_the_link_is_the_last_one_of_it() {
    let mut rig = Rig::online_with(1);
    let link = rig.link();
    rig.frame(json!({"t": "bye", "retry_ms": 1000}));
    rig.raw_on(link, r#"{"t":"ping","heads":[]}"#);
    rig.is(Status::Waiting);
    rig.sends_nothing();
}

#[test]
fn frames_before_the_welcome_do_no_harm() {
    let mut rig = Rig::new();
    rig.server.has("room:lobby", 3);
    rig.start();
    rig.admit("t");
    rig.open();
    rig.push(3);
    rig.pings();
    rig.roster(&["u-bob"]);
    rig.is(Status::Connecting);
    rig.welcome();
    rig.room_answers();
    rig.answers_all();
    rig.sees("1-3");
    rig.unread_is(3);
}

/// Every number in it becomes this one.
fn with_numbers(value: &mut Value, number: u64) {
    match value {
        Value::Number(_) => *value = json!(number),
        Value::Array(items) => items.iter_mut().for_each(|it| with_numbers(it, number)),
        Value::Object(fields) => fields.values_mut().for_each(|it| with_numbers(it, number)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn numbers_at_the_end_of_their_range_overflow_nothing() {
    for number in [u64::MAX, u64::MAX - 1, i64::MAX as u64, 1 << 53] {
        let mut rig = Rig::online_with(3);
        rig.say("mine");
        for mut frame in frames(&rig) {
            with_numbers(&mut frame, number);
            rig.raw(&frame.to_string());
            rig.has_seen(number);
            rig.load_older();
            rig.advance(1.0);
            if rig.session.status() != Status::Online {
                rig.comes_back();
            }
        }
        rig.closed(1006);
        rig.comes_back_whole();
        rig.is(Status::Online);
    }
}
