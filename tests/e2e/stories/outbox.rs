//! What is typed is kept: over reloads, without a network, over a killed
//! browser; and it is sent once.

use crate::browser::Engine::Chromium;
use crate::page::{Chat, LATER, State};
use crate::proxy::Direction;
use crate::server::Server;
use crate::story::{ends_well, tell, two_in_the_lobby};
use crate::talk::Talk;

fn is_queued(page: &State, text: &str) -> bool {
    page.row(text).is_some_and(|row| row.is("queued"))
}

fn is_kept(page: &State, text: &str) -> bool {
    page.row(text).is_some_and(|row| {
        matches!(
            row.delivery.as_deref(),
            Some("queued" | "sending" | "sent" | "read")
        )
    })
}

#[test]
fn a_reload_between_the_key_and_the_acknowledgement_sends_once() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        for direction in [Direction::Up, Direction::Down, Direction::Both] {
            let text = format!("held {direction:?}");
            ann.path.hold_links(direction);
            talk.says(&ann, &text).await;
            if direction == Direction::Down {
                // It has arrived; only the acknowledgement is still on its way.
                bob.sees("Ann's words", |page| page.shows(&text)).await;
            }
            ann.sees("it kept", |page| is_kept(page, &text)).await;
            ann.reloads().await;
            ann.sees("who she is, and the room", State::can_talk).await;
            // What the old link held arrives now, after its sender was replaced.
            ann.path.pass().await;
            talk.settles(&[&ann, &bob]).await;
        }
        // And with nothing held: as soon as the row is there.
        for round in 1..=3 {
            let text = format!("at once {round}");
            talk.says(&ann, &text).await;
            ann.sees("it kept", |page| is_kept(page, &text)).await;
            ann.reloads().await;
        }
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn what_is_typed_offline_is_sent_once_on_return() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        talk.says(&ann, "with a network").await;
        talk.settles(&[&ann, &bob]).await;
        ann.path.refuse().await;
        ann.sees("that she is not connected", |page| !page.is("online"))
            .await;
        for number in 1..=4 {
            talk.says(&ann, &format!("without a network {number}"))
                .await;
        }
        ann.sees("all of it queued", |page| {
            (1..=4).all(|number| is_queued(page, &format!("without a network {number}")))
        })
        .await;
        ann.path.pass().await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn what_is_queued_outlives_a_reload_without_a_network() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        talk.says(&ann, "with a network").await;
        talk.settles(&[&ann, &bob]).await;
        ann.path.refuse_talk();
        ann.sees("that she is not connected", |page| !page.is("online"))
            .await;
        for number in 1..=3 {
            let text = format!("queued {number}");
            talk.says(&ann, &text).await;
            ann.sees("it queued", |page| is_queued(page, &text)).await;
        }
        ann.reloads().await;
        ann.sees("all of it still queued", |page| {
            (1..=3).all(|number| is_queued(page, &format!("queued {number}")))
        })
        .await;
        talk.says(&ann, "and one more after the reload").await;
        ann.path.pass().await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn what_is_queued_outlives_a_killed_browser() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (mut ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        talk.says(&ann, "before the kill").await;
        talk.settles(&[&ann, &bob]).await;
        // The browser writes cookies to its disk when it likes; what this is
        // about is the outbox, so the cookie is waited for.
        ann.browser.cookies_are_kept(LATER).await;
        ann.path.refuse_talk();
        ann.sees("that she is not connected", |page| !page.is("online"))
            .await;
        for number in 1..=3 {
            let text = format!("queued at the kill {number}");
            talk.says(&ann, &text).await;
            ann.sees("it queued", |page| is_queued(page, &text)).await;
        }
        ann.browser.kill_and_reopen().await;
        ann.path.pass().await;
        ann.opens("/").await;
        ann.sees("who she is, and the room", State::can_talk).await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}

#[test]
fn without_a_database_the_page_says_so_and_works() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = tokio::join!(
            Chat::sits_down("Ann", Chromium, &server),
            Chat::sits_down("Bob", Chromium, &server),
        );
        ann.browser
            .init_script(
                "Object.defineProperty(window, 'indexedDB', { get() { \
                 throw new DOMException('denied', 'SecurityError'); } });",
            )
            .await;
        tokio::join!(ann.opens_and_joins("/"), bob.opens_and_joins("/"));
        ann.sees("that nothing is kept", |page| {
            page.words.contains("Not kept if you close")
        })
        .await;
        let page = bob.looks().await;
        assert!(
            !page.words.contains("Not kept"),
            "who has a database is told nothing"
        );
        let talk = Talk::default();
        talk.says(&ann, "without a database").await;
        talk.says(&bob, "with one").await;
        talk.settles(&[&ann, &bob]).await;
        ann.expects_trouble();
        ann.path.refuse().await;
        talk.says(&ann, "and without a network").await;
        ann.path.pass().await;
        talk.settles(&[&ann, &bob]).await;
        ends_well([ann, bob]).await;
    });
}
