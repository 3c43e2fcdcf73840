//! The server, or somebody on the way, says what no server should.

use crate::browser::Engine::Chromium;
use crate::page::{Chat, State};
use crate::server::Server;
use crate::stories::joining::stays_quiet;
use crate::story::{ends_well, tell};
use crate::talk::Talk;

const STRANGE: [&str; 16] = [
    "",
    "{",
    "null",
    "[]",
    "\"t\"",
    "42",
    "{}",
    r#"{"t":null}"#,
    r#"{"t":7,"n":"many"}"#,
    r#"{"t":"no such kind","n":1}"#,
    r#"{"t":"push","n":1,"conv":5,"msg":[]}"#,
    r#"{"t":"push","n":1,"conv":"room:lobby","msg":{"seq":-1,"id":{},"body":"x","ts":1e400}}"#,
    r#"{"t":"ack","n":1,"cid":"nobody's","conv":"room:lobby","seq":1,"id":"1","ts":1}"#,
    r#"{"t":"page","n":1,"req":999,"conv":"room:lobby","epoch":"e","from":5,"to":1,"msgs":[{}]}"#,
    r#"{"t":"roster","n":1,"conv":"room:lobby","people":{"not":"a list"}}"#,
    "<!doctype html><title>502 Bad Gateway</title>",
];

async fn two_in_the_lobby(server: &Server) -> (Chat, Chat) {
    let (ann, bob) = tokio::join!(
        Chat::sits_down("Ann", Chromium, server),
        Chat::sits_down("Bob", Chromium, server),
    );
    tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
    (ann, bob)
}

#[test]
fn strange_frames_change_nothing() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server).await;
        let talk = Talk::default();
        talk.says(&ann, "before").await;
        talk.settles(&[&ann, &bob]).await;
        for (number, strange) in STRANGE.iter().enumerate() {
            ann.path.inject_text(strange);
            talk.says(&bob, &format!("after strange frame {number}"))
                .await;
        }
        ann.path.inject_text(&"[".repeat(100_000));
        ann.path
            .inject_text(&format!(r#"{{"t":"push","x":"{}"}}"#, "x".repeat(300_000)));
        ann.path.inject_binary(&[0xff, 0x00, 0xfe]);
        talk.says(&ann, "after all of them").await;
        talk.settles(&[&ann, &bob]).await;
        ann.sees("the room", State::can_talk).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn an_echo_and_an_acknowledgement_twice_make_one_row() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server).await;
        let talk = Talk::default();
        talk.says(&ann, "said once").await;
        talk.settles(&[&ann, &bob]).await;
        let page = bob.looks().await;
        let row = page.row("said once").unwrap();
        let again = format!(
            r#"{{"t":"push","conv":"room:lobby","msg":{{"seq":1,"id":"{}","from":{{"uid":"u","name":"Ann"}},"body":{{"kind":"text","text":"said once"}},"ts":1}}}}"#,
            row.id.as_deref().unwrap_or_default()
        );
        for _ in 0..3 {
            bob.path.inject_text(&again);
            ann.path.inject_text(&again);
        }
        talk.says(&bob, "and an answer").await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn a_close_that_retrying_cannot_cure_ends_it() {
    tell(1, async || {
        let server = Server::start(&[]);
        let ann = Chat::sits_down("Ann", Chromium, &server).await;
        ann.opens_and_joins("/").await;
        ann.path.inject_close(4502, "not wanted");
        ann.sees("that it is over", |page| {
            page.is("ended") && page.banner.is_some()
        })
        .await;
        stays_quiet(&ann).await;
        ends_well([ann]).await;
    });
}
