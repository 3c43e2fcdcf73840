//! Every line of the talk with the egg backend, through the page's dialect and
//! through the types that the gateway reads and writes with.

use parlance_core::content::Content;
use parlance_core::dialect::egg::request::Request;
use parlance_core::dialect::egg::wire::{Answer, Client, Server};
use parlance_core::dialect::egg::{Egg, EggConfig};
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::{Asked, Dialect, Saying};
use parlance_core::frame::{
    Ack, ClientFrame, Hello, Nack, NackReason, Opened, Refusal, Retry, Say, ServerFrame, Talk,
};
use parlance_core::ids::{ClientId, MessageId};
use parlance_core::time::UnixMillis;
use parlance_core::wire::{HttpRequest, Wire};
use serde_json::Value;

use super::replay::{Direction, Held, Replay};

mod gateway;
mod page;

use gateway::{answer, event, request};
use page::{expected, head, pair};

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

fn asked(replay: &mut Replay, number: u64) {
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
            Direction::Http => asked(&mut replay, number),
            Direction::Event => {}
        }
    }
    asks(&mut replay, &mut egg);
    uploads(&mut replay, &egg);
    replay.finish();
}
