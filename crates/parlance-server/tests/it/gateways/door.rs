//! Who may come to a gateway at all, and what becomes of a visit from outside.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{Rig, soon};

const HISTORY: &str = "/plain/api/historyMessages?token=alice";

#[tokio::test]
async fn a_gateway_that_is_not_switched_on_answers_404() {
    let rig = Rig::with_gateways(&["jim"]).await;
    for path in ["/plain/", "/plain/?token=alice", HISTORY, "/plain/x"] {
        assert_eq!(rig.client().get(path).await.status, 404, "{path}");
        let answer = rig.client().ask("OPTIONS", path, "").await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    assert_eq!(
        rig.client().visitor("/plain/?token=alice").await.err(),
        Some(404)
    );
    let rig = Rig::with_gateways(&["plain"]).await;
    assert_eq!(rig.client().get("/plain/elsewhere").await.status, 404);
    assert_eq!(rig.client().get(HISTORY).await.status, 200);
}

#[tokio::test]
async fn an_origin_may_be_missing_and_must_be_allowed() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.origins = vec!["https://app.example".parse().unwrap()];
    })
    .await;
    let path = "/plain/?token=alice";
    for origin in ["", "https://app.example", "http://localhost:5173"] {
        let client = rig.client().from(origin);
        assert!(client.visitor(path).await.is_ok(), "{origin:?}");
        let answer = client.get(HISTORY).await;
        assert_eq!(answer.status, 200, "{origin:?}");
        let granted = answer.header("access-control-allow-origin");
        assert_eq!(granted.unwrap_or_default(), origin);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let preflight = client.ask("OPTIONS", HISTORY, "").await;
        assert_eq!(preflight.status, 204);
        if !origin.is_empty() {
            assert_eq!(
                preflight.header("access-control-allow-headers"),
                Some("token, authorization, authori-zation, content-type")
            );
        }
    }
    for origin in ["https://evil.example", "null", "http://localhost.evil"] {
        let client = rig.client().from(origin);
        assert_eq!(client.visitor(path).await.err(), Some(403), "{origin}");
        let answer = client.get(HISTORY).await;
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn without_guests_this_computers_pages_are_as_foreign_as_any() {
    let rig = Rig::with_gateways_and(&["plain"], |config| config.guests = false).await;
    let token = rig.token("alice", false, Duration::from_secs(60));
    let path = format!("/plain/?token={token}");
    let from = |origin: &str| rig.client().from(origin);
    assert_eq!(
        from("http://localhost:5173").visitor(&path).await.err(),
        Some(403)
    );
    assert!(from("").visitor(&path).await.is_ok());
    assert!(rig.client().visitor(&path).await.is_ok(), "its own");
}

#[tokio::test]
async fn only_signed_tokens_get_in_where_there_are_no_guests() {
    let rig = Rig::with_gateways_and(&["plain"], |config| config.guests = false).await;
    let history = |token: &str| format!("/plain/api/historyMessages?token={token}");
    let token = rig.token("alice", false, Duration::from_secs(60));
    assert_eq!(rig.client().get(&history(&token)).await.status, 200);
    for token in ["alice", "a.b.c", "", &token[..token.len() - 2]] {
        let answer = rig.client().get(&history(token)).await;
        assert_eq!(answer.status, 401, "{token}");
        let mut visitor = rig.visitor(&format!("/plain/?token={token}")).await;
        assert_eq!(visitor.closed().await, 1008, "{token}");
    }
}

#[tokio::test]
async fn a_visit_ends_when_the_server_does() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let mut visitor = rig.visitor("/plain/?token=alice").await;
    assert!(visitor.until(PING, PONG).await.is_empty());
    let stopped = rig.stop();
    let (code, _) = tokio::join!(visitor.closed(), stopped);
    assert_eq!(code, 1012);
}

#[tokio::test]
async fn a_silent_visitor_is_pinged_and_then_let_go() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.ping_every = Duration::from_millis(300);
    })
    .await;
    let mut native = rig.person_in("bob", "room:plain").await;
    let visitor = rig.visitor("/plain/?token=alice").await;
    native
        .wait_for("came", |it| it["who"]["uid"] == "alice")
        .await;
    // Whoever does not read does not answer pings either.
    native.wait_for("went", |it| it["uid"] == "alice").await;
    drop(visitor);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let rig = Rig::with_gateways_and(&["plain"], |config| {
        config.request_within = Duration::from_millis(200);
    })
    .await;
    let client = rig.client().bearing("alice");
    let head = client.head("POST", "/plain/api/historyMessages", 1000);
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"{\"limit\":").await.unwrap();
    let mut answer = Vec::new();
    let answered = stream.read_to_end(&mut answer);
    soon("the answer", answered).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{answer:?}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_others_live() {
    let rig = Rig::with_gateways(&["plain"]).await;
    let client = rig.client().bearing("alice");
    let body = format!("{{\"limit\":\"{}\"}}", "1".repeat(300 * 1024));
    let answer = client.post("/plain/api/historyMessages", &body).await;
    assert_eq!(answer.status, 413);
    let mut alice = rig.visitor("/plain/?token=alice").await;
    let mut bob = rig.visitor("/plain/?token=bob").await;
    alice.say(&"x".repeat(300 * 1024)).await;
    assert_eq!(alice.closed().await, 1009);
    assert!(bob.until(PING, PONG).await.is_empty());
}

pub(super) const PING: &str = r#"{"type":"ping"}"#;
pub(super) const PONG: &str = r#"{"type":"pong"}"#;
