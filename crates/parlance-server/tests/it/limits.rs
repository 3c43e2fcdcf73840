//! How much is too much, for a person and for an address.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Client, Peer, Rig, new_cid, words};

const LOBBY: &str = "room:lobby";

#[tokio::test]
async fn a_burst_of_twenty_and_then_five_a_second() {
    let rig = Rig::with(|config| {
        config.rate = 5;
        config.burst = 20;
    })
    .await;
    let mut alice = rig.person_in("alice", LOBBY).await;
    let mut tab = rig.person_in("alice", LOBBY).await;
    let began = Instant::now();
    let cids: Vec<_> = (0..60).map(|_| new_cid()).collect();
    for (number, cid) in cids.iter().enumerate() {
        // The limit is the person's, whichever link.
        let link = if number % 2 == 0 {
            &mut alice
        } else {
            &mut tab
        };
        link.post(LOBBY, cid, words("x")).await;
    }
    let mut kept = 0;
    let mut refused = None;
    for (number, cid) in cids.iter().enumerate() {
        let link = if number % 2 == 0 {
            &mut alice
        } else {
            &mut tab
        };
        let answer = link.answer_to(cid).await;
        if answer["t"] == "ack" {
            kept += 1;
        } else {
            assert_eq!(answer["code"], "rate_limited");
            refused = Some((number, answer["retry_ms"].as_u64().unwrap()));
        }
    }
    let since = began.elapsed().as_millis() / 200;
    assert!(
        (20..=21 + since).contains(&kept),
        "{kept} in {since} fifths"
    );
    let mut bob = rig.person_in("bob", LOBBY).await;
    bob.talk(LOBBY, "another's is another").await;
    let (number, retry) = refused.expect("no refusal in 60");
    assert!((1..=201).contains(&retry), "{retry}");
    // What the refusal says is true.
    tokio::time::sleep(Duration::from_millis(retry)).await;
    let link = if number % 2 == 0 {
        &mut alice
    } else {
        &mut tab
    };
    let ack = link.send(LOBBY, &cids[number], words("x")).await;
    assert_eq!(ack["t"], "ack", "{ack}");
    assert!(ack.get("dup").is_none(), "what was refused was not kept");
}

#[tokio::test]
async fn tickets_and_guests_are_limited_by_address() {
    let rig = Rig::with(|config| {
        config.ip_rate = 1;
        config.trusted_hops = 1;
    })
    .await;
    let from = |address: &str| rig.client().bearing("a").with("x-forwarded-for", address);
    let mut refused = None;
    for number in 0..40 {
        // What stands further left is made up, and changes nothing.
        let spoofed = format!("6.6.6.{number}, 203.0.113.9");
        let answer = from(&spoofed).post("/api/ticket", "").await;
        if answer.status != 200 {
            refused = Some((number, answer));
            break;
        }
    }
    let (number, answer) = refused.expect("no refusal in 40");
    assert!((20..=25).contains(&number), "refused at {number}");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(
        from("203.0.113.10").post("/api/ticket", "").await.status,
        200
    );
    let mut guests = 0;
    while rig
        .client()
        .with("x-forwarded-for", "2001:db8:1:2200::1")
        .post("/api/guest", r#"{"name":"a"}"#)
        .await
        .status
        == 200
    {
        guests += 1;
        assert!(guests < 40);
    }
    let household = rig.client().with("x-forwarded-for", "2001:db8:1:22ff::2");
    assert_eq!(
        household.post("/api/guest", r#"{"name":"a"}"#).await.status,
        429
    );
    let next_door = rig.client().with("x-forwarded-for", "2001:db8:1:2300::2");
    assert_eq!(
        next_door.post("/api/guest", r#"{"name":"a"}"#).await.status,
        200
    );
}

#[tokio::test]
async fn sockets_without_a_ticket_are_bounded_and_come_free_again() {
    let rig = Rig::with(|config| config.ip_rate = 1).await;
    let mut waiting = Vec::new();
    for _ in 0..256 {
        waiting.push(rig.client().dial().await.unwrap());
    }
    assert_eq!(rig.client().dial().await.err(), Some(429));
    let ticket = rig.client().bearing("alice").ticket().await;
    let peer = &mut waiting[0];
    peer.hello(&ticket).await;
    peer.wait("welcome").await;
    assert!(
        rig.client().dial().await.is_ok(),
        "who has shown a ticket does not count"
    );
}

#[tokio::test]
async fn one_person_has_not_endlessly_many_links() {
    let rig = Rig::start().await;
    let mut links = Vec::new();
    for _ in 0..64 {
        links.push(rig.person("alice").await);
    }
    let ticket = rig.client().bearing("alice").ticket().await;
    let mut one_more = rig.client().dial().await.unwrap();
    one_more.hello(&ticket).await;
    assert_eq!(one_more.closed().await, (1013, "retry=30000".to_owned()));
    links[0].say(json!({"t": "ping"})).await;
    links[0].wait("pong").await;
}

#[tokio::test]
async fn the_spread_grows_with_the_crowd() {
    let rig = Rig::with(|config| config.handshakes_per_second = 10).await;
    let mut spread = 0;
    let mut crowd = Vec::new();
    for number in 0..25 {
        let peer = rig.person(&format!("p{number}")).await;
        spread = peer.welcome["spread_ms"].as_u64().unwrap();
        if number < 8 {
            assert_eq!(spread, 1000, "at least a second");
        }
        crowd.push(peer);
    }
    assert_eq!(spread, 25 * 1200 / 10);
}

#[tokio::test]
async fn who_came_first_is_told_how_large_the_crowd_became() {
    let rig = Rig::with(|config| {
        config.handshakes_per_second = 10;
        config.ping_every = Duration::from_secs(2);
    })
    .await;
    let mut first = rig.person("first").await;
    assert_eq!(first.welcome["spread_ms"], 1000);
    let mut crowd = Vec::new();
    for number in 0..24 {
        crowd.push(rig.person(&format!("p{number}")).await);
    }
    let told = first
        .wait_for("ping", |ping| ping["spread_ms"] == 25 * 1200 / 10)
        .await;
    assert_eq!(told["sum"], "0");
    let again = first.wait("ping").await;
    assert_eq!(again.get("spread_ms"), None, "once: {again}");
}

#[tokio::test]
async fn tickets_are_not_guessed_by_the_million() {
    let rig = Rig::with(|config| {
        config.ip_rate = 1;
        config.trusted_hops = 1;
    })
    .await;
    let thief = rig.client().with("x-forwarded-for", "203.0.113.9");
    let mut guesses = 0;
    let refused = loop {
        match thief.dial().await {
            Ok(mut peer) => {
                peer.hello(&format!("guess-{guesses}")).await;
                assert_eq!(peer.closed().await.0, 4500);
                guesses += 1;
            }
            Err(status) => break status,
        }
        assert!(guesses < 600, "nobody stops it");
    };
    assert_eq!(refused, 429);
    // At one a second from now on, a million take twelve days; of the 2^192
    // tickets that there may be.
    assert!((512..=540).contains(&guesses), "{guesses}");
    let neighbour = rig.client().with("x-forwarded-for", "203.0.113.10");
    neighbour.bearing("alice").online().await;
}

/// How long it takes from saying something to hearing of it.
async fn waits(talker: &mut Peer, reader: &mut Peer, span: Duration) -> Vec<Duration> {
    let mut waits = Vec::new();
    let until = Instant::now() + span;
    // Slower than the rate: what is measured is the server.
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    while Instant::now() < until {
        pace.tick().await;
        let said = Instant::now();
        let seq = talker.talk(LOBBY, "calm").await;
        reader
            .wait_for("push", |push| push["msg"]["seq"] == seq)
            .await;
        waits.push(said.elapsed());
        (talker.kept, reader.kept) = Default::default();
    }
    waits.sort_unstable();
    waits
}

/// Somebody who says ten times as much as they may, and comes back whenever
/// they are sent away. How much of it was taken, how much refused, and how
/// often they were sent away.
async fn flood(client: Client, until: Instant) -> (usize, usize, usize) {
    use futures_util::{SinkExt, StreamExt};
    let (mut acked, mut refused, mut closed) = (0, 0, 0);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / 600);
    while Instant::now() < until {
        let mut peer = client.online().await;
        peer.open("room:other").await;
        while Instant::now() < until {
            pace.tick().await;
            let said =
                json!({"t": "send", "cid": new_cid(), "conv": "room:other", "body": words("x")});
            let said = peer.socket.send(Message::text(said.to_string())).await;
            let heard = match said {
                Ok(()) => peer.socket.next().await,
                Err(_) => None,
            };
            let frame = match heard {
                Some(Ok(Message::Text(text))) => serde_json::from_str::<Value>(&text).unwrap(),
                Some(Ok(Message::Close(Some(frame)))) => {
                    assert_eq!(u16::from(frame.code), 4004);
                    closed += 1;
                    break;
                }
                // It went while something was on its way to it.
                _ => break,
            };
            match frame["t"].as_str().unwrap() {
                "ack" => acked += 1,
                "nack" => {
                    assert_eq!(frame["code"], "rate_limited", "{frame}");
                    assert!(frame["retry_ms"].as_u64().unwrap() > 0);
                    refused += 1;
                }
                _ => {}
            }
        }
    }
    (acked, refused, closed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_the_rate_costs_nobody_else_anything() {
    let rig = Rig::with(|config| {
        config.rate = 60;
        config.burst = 60;
    })
    .await;
    let mut talker = rig.person_in("talker", LOBBY).await;
    let mut reader = rig.person_in("reader", LOBBY).await;
    let span = Duration::from_secs(2);
    let p99 = |waits: &[Duration]| waits[waits.len() * 99 / 100];
    let (mut before, mut during) = (Duration::MAX, Duration::MAX);
    let mut sums = (0, 0, 0);
    // In turns, and of each the best: what else the machine does comes and
    // goes, and the flood would be there every time.
    for _ in 0..4 {
        before = before.min(p99(&waits(&mut talker, &mut reader, span).await));
        let until = Instant::now() + span;
        let flooding = tokio::spawn(flood(rig.client().bearing("flood"), until));
        during = during.min(p99(&waits(&mut talker, &mut reader, span).await));
        let (acked, refused, closed) = flooding.await.unwrap();
        sums = (sums.0 + acked, sums.1 + refused, sums.2 + closed);
    }
    let (acked, refused, closed) = sums;
    println!(
        "flood: {acked} taken, {refused} refused, closed {closed} times; \
         the others' p99 {before:?} without, {during:?} with it"
    );
    assert!(acked <= 60 * 20, "{acked}");
    assert!(refused > acked, "{refused} refused");
    assert!(closed > 0, "whoever goes on is sent away");
    let allowed = (before * 11 / 10).max(before + Duration::from_millis(20));
    assert!(during <= allowed, "{during:?} after {before:?}");
}
