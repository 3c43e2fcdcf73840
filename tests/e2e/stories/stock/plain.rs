//! What the plain chat says that is no frame, and what it does not say: why it
//! lets nobody in.

use super::{PLAIN, Played, Stage};
use crate::backend::Seen;
use crate::story::tell;

/// Faults 1, 2 and 6 of the seed's page: whatever is no object is text, whatever
/// was typed is said as it is, and it is pinged more than once.
#[test]
fn whatever_a_plain_backend_says_is_text_and_whatever_is_typed_arrives() {
    tell(1, async || {
        let stage = Stage::online(&PLAIN).await;
        for text in [
            "hello",
            "123",
            "true",
            "null",
            "[]",
            "{\"broken",
            "<b>bold</b>",
        ] {
            stage.talk.hears("Kim", text);
            stage.backend.says(text);
        }
        // A text in JSON is that text; what is empty or of no known kind is none.
        stage.talk.hears("Kim", "\"quoted\"");
        stage.backend.says("\"quoted\"");
        for nothing in [
            r#"{"type":"msg","content":""}"#,
            r#"{"type":"msg"}"#,
            r#"{"type":"weather","content":"rain"}"#,
            "{}",
        ] {
            stage.backend.says(nothing);
        }
        stage.kim_says("Kim: that was all");
        stage.hears("Kim: that was all").await;
        let odd = "Ann: \"quoted\" \\ back\\slashed {\"type\":\"msg\"} <i>x</i> 😀";
        stage.says(odd).await;
        stage.becomes(odd, "unconfirmed").await;
        stage.shows_all().await;
        assert_eq!(stage.backend.desk(|desk| desk.texts(true)), [odd]);
        let pings = |seen: &Seen| (seen.times(r#"{"type":"ping"}"#) >= 2).then_some(());
        stage.backend.sees("a second ping", pings).await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 1));
        stage.ends().await;
    });
}

/// Nothing on this wire refuses anybody: sockets are not given. It stops by
/// itself after ten more attempts, and offers another (fault 7).
#[test]
fn a_plain_backend_that_lets_nobody_in_is_left_alone_after_ten_attempts() {
    tell(1, async || {
        let stage = Stage::set(&Played { times: 20, ..PLAIN }).await;
        // Without a credential there is nothing to try.
        stage.ann.opens("/?dialect=plain").await;
        stage
            .ann
            .sees("what is missing", |page| page.words.contains("token"))
            .await;
        assert_eq!(stage.backend.seen().turned_away + stage.links(), 0);

        stage.backend.desk(|desk| desk.refuses_links = true);
        stage.ann.opens(PLAIN.launch).await;
        stage.says("Ann: typed before anybody let me in").await;
        let tried = |seen: &Seen| (seen.turned_away == 11).then_some(());
        stage.backend.sees("eleven attempts", tried).await;
        stage
            .ann
            .sees("that it is left to the person", |page| {
                page.banner.is_some() && !page.is("connecting")
            })
            .await;
        stage.backend.desk(|desk| desk.refuses_links = false);
        stage.backend.is_left_alone(stage.takes(60)).await;
        assert_eq!(stage.backend.seen().turned_away, 11);
        stage.ann.clicks("[data-part=status] button").await;
        stage.backend.sees_link(1).await;
        stage
            .becomes("Ann: typed before anybody let me in", "unconfirmed")
            .await;
        stage.was_heard("typed before anybody", 1);
        stage.ends().await;
    });
}
