//! What no client of ours sends: the peer is told, or closed with the code
//! that says why, and nobody else notices.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::rig::{Rig, soon, words};

const LOBBY: &str = "room:lobby";

#[tokio::test]
async fn the_first_frame_must_be_a_hello_that_is_understood() {
    let rig = Rig::start().await;
    let ticket = rig.client().bearing("alice").ticket().await;
    for first in [
        json!({"t": "ping"}).to_string(),
        json!({"t": "nonsense"}).to_string(),
        json!({"t": "hello", "ticket": ticket, "ver": 2}).to_string(),
        json!({"t": "hello", "ver": 1}).to_string(),
        json!({"t": "hello", "ticket": 5, "ver": 1}).to_string(),
        "<html>".to_owned(),
        String::new(),
        "[".repeat(4000),
    ] {
        let mut peer = rig.client().dial().await.unwrap();
        peer.raw(Message::text(first.clone())).await;
        assert_eq!(peer.closed().await.0, 4503, "{first}");
    }
    let mut peer = rig.client().dial().await.unwrap();
    peer.hello(&ticket).await;
    assert_eq!(peer.next().await["t"], "welcome", "none of them used it up");
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let rig = Rig::with(|config| config.hello_within = Duration::from_millis(50)).await;
    let mut peer = rig.client().dial().await.unwrap();
    assert_eq!(peer.closed().await.0, 4002);
    let mut peer = rig.client().dial().await.unwrap();
    peer.raw(Message::Ping(Vec::new().into())).await;
    assert_eq!(peer.closed().await.0, 4002, "a ping is no hello");
}

#[tokio::test]
async fn the_first_frame_is_small() {
    let rig = Rig::start().await;
    let ticket = rig.client().bearing("alice").ticket().await;
    let mut hello = json!({"t": "hello", "ticket": ticket, "ver": 1, "more": ""});
    hello["more"] = json!("x".repeat(4096 - hello.to_string().len()));
    let mut peer = rig.client().dial().await.unwrap();
    peer.raw(Message::text(hello.to_string())).await;
    assert_eq!(peer.next().await["t"], "welcome");
    let mut peer = rig.client().dial().await.unwrap();
    peer.raw(Message::text("x".repeat(4097))).await;
    assert_eq!(peer.closed().await.0, 1009);
}

#[tokio::test]
async fn cursors_are_heard() {
    let rig = Rig::start().await;
    let ticket = rig.client().bearing("alice").ticket().await;
    let mut peer = rig.client().dial().await.unwrap();
    let cursors: Vec<_> = (0..32)
        .map(|number| json!({"conv": format!("room:{number}"), "epoch": "e", "seq": 5}))
        .collect();
    peer.say(json!({"t": "hello", "ticket": ticket, "ver": 1, "cursors": cursors}))
        .await;
    assert_eq!(peer.next().await["t"], "welcome");
}

#[tokio::test]
async fn binary_and_broken_and_huge_messages_end_the_link() {
    let rig = Rig::start().await;
    let mut bystander = rig.person_in("bystander", LOBBY).await;
    let broken = || Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true);
    for (message, code) in [
        (Message::binary(vec![1, 2, 3]), 1003),
        (Message::Frame(broken()), 1007),
        (Message::text("x".repeat(64 * 1024 + 1)), 1009),
        (
            Message::Frame(Frame::message(vec![], OpCode::Data(Data::Continue), true)),
            1002,
        ),
    ] {
        let mut peer = rig.person("mallory").await;
        peer.raw(message).await;
        assert_eq!(peer.closed().await.0, code);
    }
    assert_eq!(bystander.talk(LOBBY, "nobody noticed").await, 1);
}

#[tokio::test]
async fn ten_megabytes_are_refused_with_the_code() {
    let rig = Rig::start().await;
    let peer = rig.person("mallory").await;
    let (mut read, mut write) = {
        use futures_util::StreamExt;
        let (write, read) = peer.socket.split();
        (read, write)
    };
    let sending = tokio::spawn(async move {
        use futures_util::SinkExt;
        let _ = write
            .send(Message::text("x".repeat(10 * 1024 * 1024)))
            .await;
    });
    use futures_util::StreamExt;
    let heard = soon("the close", read.next()).await;
    let Some(Ok(Message::Close(Some(frame)))) = heard else {
        panic!("{heard:?}");
    };
    assert_eq!(u16::from(frame.code), 1009);
    sending.abort();
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_answered_and_then_enough() {
    let rig = Rig::start().await;
    let mut peer = rig.person("mallory").await;
    let frames = [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"t":5}"#,
        r#"{"t":"send","cid":"x y","conv":"room:lobby","body":{}}"#,
        r#"{"t":"fill","req":-1,"conv":"room:lobby","limit":5}"#,
        r#"{"t":"open","conv":"room:a","conv":"room:b"}"#,
        r#"{"t":"fill","req":1,"conv":"room:lobby","before":1,"after":1,"limit":5}"#,
    ];
    for frame in frames {
        peer.raw(Message::text(frame)).await;
        let error = peer.next().await;
        assert_eq!(error["t"], "error", "{frame}");
        assert!(!error["text"].as_str().unwrap().is_empty());
    }
    peer.raw(Message::text("[".repeat(60_000))).await;
    assert_eq!(peer.closed().await, (4004, "retry=10000".to_owned()));
}

#[tokio::test]
async fn frames_of_an_unknown_kind_are_counted_and_ignored() {
    let rig = Rig::start().await;
    let mut peer = rig.person("alice").await;
    for _ in 0..30 {
        peer.say(json!({"t": "hologram", "x": {"y": []}})).await;
    }
    assert!(peer.so_far("error").await.is_empty());
    let metrics = rig.client().get("/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(
        text.contains("parlance_oddities_total{what=\"unknown_frame\"} 30\n"),
        "{text}"
    );
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let rig = Rig::start().await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    alice
        .say(json!({"t": "send", "cid": "known", "conv": LOBBY, "body": words("x"), "reply": 7}))
        .await;
    assert_eq!(alice.answer_to("known").await["t"], "ack");
}

#[tokio::test]
async fn a_second_hello_is_a_fault() {
    let rig = Rig::start().await;
    let mut alice = rig.person("alice").await;
    alice.hello("x").await;
    assert_eq!(alice.next().await["t"], "error");
}

#[tokio::test]
async fn a_flood_of_frames_ends_the_link() {
    let rig = Rig::with(|config| {
        config.rate = 5;
        config.burst = 20;
    })
    .await;
    let mut mallory = rig.person("mallory").await;
    let mut bystander = rig.person_in("bystander", LOBBY).await;
    // Not one by one: the server may close before the last is handed over.
    use futures_util::SinkExt;
    for _ in 0..2000 {
        if mallory
            .socket
            .feed(Message::text(r#"{"t":"pong"}"#))
            .await
            .is_err()
        {
            break;
        }
    }
    let _ = mallory.socket.flush().await;
    assert_eq!(mallory.closed().await, (4004, "retry=10000".to_owned()));
    assert_eq!(bystander.talk(LOBBY, "calm").await, 1);
}

#[tokio::test]
async fn a_link_that_is_not_heard_is_closed_and_one_that_answers_is_not() {
    let rig = Rig::with(|config| config.ping_every = Duration::from_millis(800)).await;
    let mut silent = rig.person("silent").await;
    let mut lively = rig.person("lively").await;
    assert_eq!(lively.welcome["ping_ms"], 800);
    let answering = tokio::spawn(async move {
        for _ in 0..3 {
            let ping = lively.wait("ping").await;
            assert_eq!(ping["sum"], "0");
        }
        lively
    });
    assert_eq!(silent.closed().await.0, 4003);
    assert!(
        silent.kept.iter().any(|frame| frame["t"] == "ping"),
        "it was asked"
    );
    answering.await.unwrap();
}

#[tokio::test]
async fn a_request_with_too_many_headers_or_a_wrong_host_is_refused() {
    let rig = Rig::start().await;
    let mut client = rig.client();
    for number in 0..100 {
        client = client.with(&format!("x-{number}"), "x");
    }
    assert_eq!(client.get("/").await.status, 431);
    let long = rig.client().with("x-long", &"x".repeat(64 * 1024));
    assert_eq!(long.get("/").await.status, 431);
    for host in ["a b", "a;script-src", "a/b", "x'y", ""] {
        let client = rig.client().with("host", host).from("");
        assert_eq!(client.get("/").await.status, 400, "{host:?}");
    }
}

#[tokio::test]
async fn a_connection_that_says_half_a_request_holds_up_nobody() {
    let rig = Rig::start().await;
    let mut slow = tokio::net::TcpStream::connect(rig.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert_eq!(rig.client().get("/healthz").await.status, 200);
    // Not even the end.
    let asked = std::time::Instant::now();
    rig.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_body_for_the_api_is_small_and_is_json() {
    let rig = Rig::start().await;
    let large = json!({"name": "x".repeat(20_000)}).to_string();
    assert_eq!(rig.client().post("/api/guest", &large).await.status, 413);
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"name":5}"#,
        r#"{"name":null}"#,
    ] {
        let answer = rig.client().post("/api/guest", body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "bad_name"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn compression_that_is_offered_is_not_taken() {
    let rig = Rig::start().await;
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
    ] {
        let client = rig.client().with("sec-websocket-extensions", offer);
        // The rig's handshake fails on any extension in the answer.
        let mut peer = client.bearing("alice").online().await;
        // A frame that says that it is compressed is a fault of the protocol.
        let mut frame = Frame::message(vec![0xAA; 8], OpCode::Data(Data::Text), true);
        frame.header_mut().rsv1 = true;
        peer.raw(Message::Frame(frame)).await;
        assert_eq!(peer.closed().await.0, 1002);
    }
}

#[tokio::test]
async fn a_cursor_is_no_way_into_a_conversation() {
    let rig = Rig::start().await;
    let pair = "pair:alice:bob";
    let mut alice = rig.person_in("alice", pair).await;
    alice.open("room:den").await;
    alice.talk(pair, "between us").await;
    alice.talk("room:den", "nobody else").await;
    let ticket = rig.client().bearing("mallory").ticket().await;
    let mut mallory = rig.client().dial().await.unwrap();
    let cursor = |conv: &str| json!({"conv": conv, "epoch": alice.welcome["epoch"], "seq": 0});
    let cursors = [cursor(pair), cursor("room:den"), cursor("room:nowhere")];
    mallory
        .say(json!({"t": "hello", "ticket": ticket, "ver": 1, "cursors": cursors}))
        .await;
    let welcome = mallory.next().await;
    assert_eq!(welcome["me"]["uid"], "mallory");
    assert_eq!(welcome["convs"], json!([]));
    alice.talk(pair, "still between us").await;
    assert!(mallory.so_far("push").await.is_empty());
    assert_eq!(mallory.fill(json!({"conv": pair})).await["t"], "gone");
}
