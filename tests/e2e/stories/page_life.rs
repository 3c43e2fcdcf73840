//! Pages are hidden, cached, frozen and shown again while others talk.

use crate::browser::Engine::{self, Chromium, WebKit};
use crate::page::State;
use crate::proxy::Direction;
use crate::server::Server;
use crate::site::Site;
use crate::story::{ends_well, tell, two_in_the_lobby};
use crate::talk::Talk;

#[test]
fn a_hidden_page_misses_nothing_in_chromium() {
    tell(2, async || a_hidden_page_misses_nothing(Chromium).await);
}

#[test]
fn a_hidden_page_misses_nothing_in_webkit() {
    tell(2, async || a_hidden_page_misses_nothing(WebKit).await);
}

async fn a_hidden_page_misses_nothing(engine: Engine) {
    let server = Server::start(&[]);
    let (ann, bob) = two_in_the_lobby(&server, engine).await;
    let talk = Talk::default();
    let links = ann.path.count("GET /ws");
    ann.browser.hide().await;
    ann.sees("nothing, hidden", |page| !page.visible).await;
    for number in 1..=3 {
        talk.says(&bob, &format!("to a hidden page {number}")).await;
    }
    // It hears them while hidden: a hidden page keeps its link.
    ann.sees("Bob's words, still hidden", |page| {
        page.shows("to a hidden page 3")
    })
    .await;
    assert_eq!(ann.path.count("GET /ws"), links, "the link is kept");
    ann.browser.show().await;
    ann.sees("the page again", |page| page.visible && page.can_talk())
        .await;
    talk.says(&ann, "I am back").await;
    talk.settles(&[&ann, &bob]).await;

    // The link dies while nobody looks, and nobody is told.
    ann.browser.hide().await;
    ann.sees("nothing, hidden", |page| !page.visible).await;
    ann.path.swallow_links(Direction::Both);
    talk.says(&bob, "to a dead link").await;
    ann.browser.show().await;
    talk.says(&ann, "and I am back again").await;
    talk.settles(&[&ann, &bob]).await;
    ends_well([ann, bob]).await;
}

#[test]
fn a_page_from_the_back_forward_cache_catches_up_in_chromium() {
    tell(2, async || a_cached_page_catches_up(Chromium).await);
}

#[test]
fn a_page_from_the_back_forward_cache_catches_up_in_webkit() {
    tell(2, async || a_cached_page_catches_up(WebKit).await);
}

async fn a_cached_page_catches_up(engine: Engine) {
    let server = Server::start(&[]);
    let elsewhere = Site::start(&[]).await;
    let (ann, bob) = two_in_the_lobby(&server, engine).await;
    let talk = Talk::default();
    talk.says(&ann, "before I leave").await;
    talk.settles(&[&ann, &bob]).await;
    ann.browser
        .execute("window.sameDocument = true", vec![])
        .await;
    for round in 1..=2 {
        ann.browser.leave_for(&elsewhere.url("/elsewhere")).await;
        for number in 1..=3 {
            talk.says(&bob, &format!("while away {round} {number}"))
                .await;
        }
        talk.settles(&[&bob]).await;
        ann.browser.come_back().await;
        ann.sees("the room", State::can_talk).await;
        talk.says(&ann, &format!("back again {round}")).await;
        talk.settles(&[&ann, &bob]).await;
    }
    let same = ann
        .browser
        .execute("return window.sameDocument === true", vec![])
        .await;
    println!("{engine:?} kept the document: {same}");
    if engine == Chromium {
        assert_eq!(same, true, "it was a cached page that came back");
    }
    ends_well([ann, bob]).await;
}

#[test]
fn a_frozen_page_catches_up_when_it_thaws() {
    tell(2, async || {
        let server = Server::start(&[]);
        let (ann, bob) = two_in_the_lobby(&server, Chromium).await;
        let talk = Talk::default();
        for (round, path_dies) in [(1, false), (2, true)] {
            ann.browser.freeze().await;
            if path_dies {
                ann.path.swallow_links(Direction::Both);
            }
            for number in 1..=3 {
                talk.says(&bob, &format!("to a frozen page {round} {number}"))
                    .await;
            }
            bob.sees("his words sent", |page| {
                page.has_delivered(&format!("to a frozen page {round} 3"))
            })
            .await;
            ann.browser.thaw().await;
            ann.sees("the room", |page| page.visible && page.can_talk())
                .await;
            talk.says(&ann, &format!("thawed {round}")).await;
            talk.settles(&[&ann, &bob]).await;
        }
        ends_well([ann, bob]).await;
    });
}
